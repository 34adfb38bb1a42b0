//! Message bytes to message bytes and a report. Pure.
