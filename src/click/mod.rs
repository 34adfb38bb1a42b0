//! The use case of a click: open, look up, decide, answer, record.
