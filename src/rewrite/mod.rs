//! Message bytes to message bytes and a report. Pure.

#[allow(dead_code, unused_imports)]
mod find;
