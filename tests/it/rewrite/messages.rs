//! Small messages, one thing each.
