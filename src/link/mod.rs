//! The signed link, version 1: bytes, keyring, mint, open.
