//! Wrap log and click log.
