//! Entry grammar and lookup of admins' lists.
