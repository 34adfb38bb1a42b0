//! MIME bytes to a tree of ranges; charsets and transfer encodings with maps back to the raw bytes.
