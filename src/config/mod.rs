//! Configuration, read and checked whole before anything is bound.
