//! Wiring: what runs, readiness, signals, drain.
