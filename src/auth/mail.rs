use crate::{
    base::{Raw, Span},
    message::{Field, Limits, fields, split},
};

/// A message as its header and its body.
pub(super) struct Mail<'a> {
    pub(super) raw: &'a [u8],
    header: Span<Raw>,
    body: usize,
}

impl<'a> Mail<'a> {
    pub(super) fn of(raw: &'a [u8]) -> Self {
        let limits = Limits { depth: 0, parts: 1, ..Limits::default() };
        let header = split(raw, &limits).header;
        // Behind the empty line, which may be missing.
        let rest = raw.get(header.end()..).unwrap_or_default();
        let skip = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
        Self { raw, header, body: header.end() + skip }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        fields(self.raw, self.header)
    }

    pub(super) fn body(&self) -> &'a [u8] {
        self.raw.get(self.body..).unwrap_or_default()
    }

    /// The fields alone with the line breaks of SMTP, whatever stands here: what is signed are those.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.body);
        for field in self.fields() {
            let raw = self.raw.get(field.span.start()..field.span.end()).unwrap_or_default();
            for line in raw.split_inclusive(|byte| *byte == b'\n') {
                let bare = line.strip_suffix(b"\n").unwrap_or(line);
                head.extend_from_slice(bare.strip_suffix(b"\r").unwrap_or(bare));
                head.extend_from_slice(b"\r\n");
            }
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_body_part_at_the_empty_line() {
        for (raw, head, body) in [
            (&b"A: b\n c\n\nbody\n"[..], &b"A: b\r\n c\r\n\r\n"[..], &b"body\n"[..]),
            (b"A: b\r\n\r\n", b"A: b\r\n\r\n", b""),
            (b"A: b", b"A: b\r\n\r\n", b""),
            (b"\r\nbody", b"\r\n", b"body"),
            (b"", b"\r\n", b""),
        ] {
            let mail = Mail::of(raw);
            assert_eq!((&*mail.head(), mail.body()), (head, body), "{raw:?}");
        }
    }
}
