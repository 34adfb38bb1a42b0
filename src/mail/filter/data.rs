/// A message as it comes behind `DATA`, until the line that holds a dot alone.
#[derive(Debug, Default)]
pub struct Data {
    message: Vec<u8>,
    state: State,
    bare: bool,
    too_large: bool,
    most: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Line,
    Return,
    Dot,
    DotReturn,
}

impl Data {
    /// Of a message of more than `most` bytes the rest is not kept.
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Takes bytes as they come; how many of them belonged to the message, once its end is among them.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            self.state = match (self.state, *byte) {
                (State::DotReturn, b'\n') => return Some(at + 1),
                (State::Dot, b'\r') => State::DotReturn,
                (State::Start, b'.') => State::Dot,
                (State::DotReturn, byte) => {
                    // It was no end: the dot goes, as any that begins a line, and what follows it stays.
                    self.keep(b'\r');
                    self.line(State::Return, byte)
                }
                (state, byte) => self.line(state, byte),
            };
        }
        None
    }

    fn line(&mut self, state: State, byte: u8) -> State {
        self.keep(byte);
        match (state, byte) {
            (State::Return, b'\n') => State::Start,
            (State::Return, byte) => {
                self.bare = true;
                if byte == b'\r' { State::Return } else { State::Line }
            }
            (_, b'\r') => State::Return,
            (_, b'\n') => {
                self.bare = true;
                State::Line
            }
            _ => State::Line,
        }
    }

    fn keep(&mut self, byte: u8) {
        self.too_large |= self.message.len() >= self.most;
        if !self.too_large {
            self.message.push(byte);
        }
    }

    /// Whether there was a line feed or a carriage return without the other.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// Whether it was longer than may be.
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// The same place in a message of which nothing more is kept.
    pub(super) fn emptied(self) -> Self {
        Self { message: Vec::new(), most: 0, ..self }
    }

    /// Bytes that are kept.
    pub fn held(&self) -> usize {
        self.message.len()
    }

    /// The message, with dots undoubled.
    pub fn into_message(self) -> Vec<u8> {
        self.message
    }
}

/// A message for the next hop: dots doubled, and the end.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    let mut at = 0;
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    for dot in memchr::memmem::find_iter(message, b"\r\n.") {
        out.extend_from_slice(message.get(at..dot + 2).unwrap_or_default());
        out.push(b'.');
        at = dot + 2;
    }
    out.extend_from_slice(message.get(at..).unwrap_or_default());
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Option<(Vec<u8>, bool, usize)> {
        let mut data = Data::new(1000);
        let used = data.take(bytes)?;
        let bare = data.is_bare();
        Some((data.into_message(), bare, used))
    }

    #[test]
    fn only_a_dot_between_whole_line_breaks_ends_a_message() {
        assert_eq!(read(b".\r\nQUIT"), Some((b"".to_vec(), false, 3)));
        assert_eq!(read(b"a\r\n..b\r\n.c\r\n.\r\n"), Some((b"a\r\n.b\r\nc\r\n".to_vec(), false, 15)));
        // What other hosts take for an end: the rest of it would be a message that nobody looked at.
        for smuggled in ["a\n.\n", "a\n.\r\n", "a\r\n.\n", "a\r.\r\n", "a\r\n.\r\r\n", "a\r.\r"] {
            assert_eq!(read(smuggled.as_bytes()), None, "{smuggled:?}");
        }
        for bare in [
            "a\rb\r\n.\r\n",
            "a\r\r\n.\r\n",
            ".\ra\r\n.\r\n",
            "a\n.\r\nb\r\n.\r\n",
            "a\r\n.\nb\r\n.\r\n",
            "\n\r\n.\r\n",
        ] {
            assert!(read(bare.as_bytes()).unwrap().1, "{bare:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end_and_not_kept() {
        let mut data = Data::new(3);
        assert_eq!(data.take(b"abcd\r\n.\r\n"), Some(9));
        assert!(data.is_too_large());
        assert_eq!(data.held(), 3);
        let mut data = Data::new(3);
        assert_eq!(data.take(b"a\r\n.\r\n"), Some(6));
        assert!(!data.is_too_large());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_however_it_is_cut(
            lines in proptest::collection::vec("[.a]{0,4}", 0..6), cut in 0usize..40, behind in "[a.\r\n]{0,5}",
        ) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let mut wire = stuffed(message.as_bytes());
            let length = wire.len();
            wire.extend_from_slice(behind.as_bytes());
            let cut = cut.min(length - 1);
            let mut data = Data::new(1000);
            prop_assert_eq!(data.take(&wire[..cut]), None);
            prop_assert_eq!(data.take(&wire[cut..]), Some(length - cut));
            prop_assert!(!data.is_bare());
            prop_assert_eq!(data.into_message(), message.into_bytes());
        }
    }
}
