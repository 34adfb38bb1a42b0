//! The only URL parser: parse once, canonical key, lookup expressions, host facts, public suffixes.
