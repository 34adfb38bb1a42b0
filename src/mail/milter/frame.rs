use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest frame that is read. Bodies come in pieces of at most 65,535 bytes, but a header field comes whole, however
/// long it is (Postfix: `header_size_limit`, 102,400).
pub const LONGEST: usize = 1 << 20;

/// The longest piece of a body that is sent (`MILTER_CHUNK_SIZE`).
pub(super) const CHUNK: usize = 65_535;

/// A frame is cut off a stream: four bytes of length, a letter, data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub letter: u8,
    /// What it holds.
    pub data: &'a [u8],
}

/// Bytes that no mail system sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame of no length, or one that is too long.
    #[error("a frame of {0} bytes")]
    Length(u32),
    /// A frame without what it must hold.
    #[error("a frame {letter:?} that ends too early")]
    Short {
        /// Which.
        letter: char,
    },
}

impl<'a> Frame<'a> {
    /// The first frame of `bytes` and how long it is with its length; `None` until more bytes come.
    pub fn first(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*length);
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if size == 0 || size > LONGEST {
            return Err(FrameError::Length(length));
        }
        let Some((letter, data)) = rest.get(..size).and_then(|frame| frame.split_first()) else { return Ok(None) };
        Ok(Some((Self { letter: *letter, data }, size + 4)))
    }
}

/// What the mail system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// What it can.
    Negotiate {
        /// The version of the protocol.
        version: u32,
        /// What a filter may change.
        actions: u32,
        /// What a filter may leave out, and how it may answer.
        steps: u32,
    },
    /// Values that go with another command, name and value.
    Macros {
        /// The letter of that command.
        of: u8,
        /// Name and value.
        values: Vec<(&'a [u8], &'a [u8])>,
    },
    /// A client.
    Connect {
        /// Its address, where it has one.
        address: Option<IpAddr>,
    },
    /// How it calls itself.
    Helo(&'a [u8]),
    /// The sender, with angle brackets.
    Mail(&'a [u8]),
    /// A recipient, with angle brackets.
    Recipient(&'a [u8]),
    /// The message begins.
    Data,
    /// A field of its header.
    Header {
        /// Without colon.
        name: &'a [u8],
        /// Folded as it came, with line feeds.
        value: &'a [u8],
    },
    /// The header is at its end.
    EndOfHeader,
    /// A piece of the body.
    Body(&'a [u8]),
    /// The message is at its end; this may be the last piece of the body.
    EndOfMessage(&'a [u8]),
    /// This message is none after all.
    Abort,
    /// The connection ends.
    Quit,
    /// This client is gone, the next one comes over the same connection.
    NextClient,
    /// A command of SMTP that the mail system does not know, or one of this protocol that we do not.
    Unknown,
}

impl<'a> Command<'a> {
    /// What a frame says.
    pub fn of(frame: Frame<'a>) -> Result<Self, FrameError> {
        let Frame { letter, data } = frame;
        let short = FrameError::Short { letter: char::from(letter) };
        Ok(match letter {
            b'O' => {
                let mut words = data.chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_be_bytes));
                let mut next = || words.next().ok_or(short);
                Self::Negotiate { version: next()?, actions: next()?, steps: next()? }
            }
            b'D' => {
                let (of, rest) = data.split_first().ok_or(short)?;
                let mut texts = texts(rest);
                let mut values = Vec::new();
                while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
                    values.push((name, value));
                }
                Self::Macros { of: *of, values }
            }
            b'C' => Self::Connect { address: address(data) },
            b'H' => Self::Helo(texts(data).next().ok_or(short)?),
            b'M' => Self::Mail(texts(data).next().ok_or(short)?),
            b'R' => Self::Recipient(texts(data).next().ok_or(short)?),
            b'T' => Self::Data,
            b'L' => {
                let mut texts = texts(data);
                let (name, value) = texts.next().zip(texts.next()).ok_or(short)?;
                Self::Header { name, value }
            }
            b'N' => Self::EndOfHeader,
            b'B' => Self::Body(data),
            b'E' => Self::EndOfMessage(data),
            b'A' => Self::Abort,
            b'Q' => Self::Quit,
            b'K' => Self::NextClient,
            _ => Self::Unknown,
        })
    }
}

/// Texts that each end in a zero byte.
fn texts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ended = data.strip_suffix(&[0]);
    ended.into_iter().flat_map(|data| data.split(|byte| *byte == 0))
}

/// Of `host 0 family port(2) address 0`.
fn address(data: &[u8]) -> Option<IpAddr> {
    let at = data.iter().position(|byte| *byte == 0)?;
    let (family, rest) = data.get(at + 1..)?.split_first()?;
    let text = std::str::from_utf8(rest.get(2..)?.split(|byte| *byte == 0).next()?).ok()?;
    match family {
        b'4' => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        // Sendmail writes the tag of RFC 5321 before it.
        b'6' => text.trim_start_matches("IPv6:").parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => None,
    }
}

/// What we say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// What we want of what was offered.
    Negotiated {
        /// The version of the protocol.
        version: u32,
        /// What we may change.
        actions: u32,
        /// What we leave out.
        steps: u32,
    },
    /// Go on.
    Continue,
    /// We are at work.
    Progress,
    /// The message is answered by this reply of SMTP, code and text.
    Code(String),
    /// A field at the end of the header.
    Add {
        /// Its name.
        name: &'a [u8],
        /// Its value.
        value: Vec<u8>,
    },
    /// A field before the header.
    Insert {
        /// Its name.
        name: &'a [u8],
        /// Its value.
        value: Vec<u8>,
    },
    /// A field has another value; without one, it goes.
    Change {
        /// Its name.
        name: &'a [u8],
        /// Which of that name, from 1.
        index: u32,
        /// Its value.
        value: Vec<u8>,
    },
    /// A piece of the new body.
    Body(&'a [u8]),
    /// The message is kept aside, for this reason.
    Quarantine(String),
}

impl Reply<'_> {
    /// Appends the frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Negotiated { version, actions, steps } => {
                frame(out, b'O', &[&version.to_be_bytes(), &actions.to_be_bytes(), &steps.to_be_bytes()]);
            }
            Self::Continue => frame(out, b'c', &[]),
            Self::Progress => frame(out, b'p', &[]),
            Self::Code(text) => frame(out, b'y', &[text.as_bytes(), &[0]]),
            Self::Add { name, value } => frame(out, b'h', &[name, &[0], value, &[0]]),
            Self::Insert { name, value } => frame(out, b'i', &[&0u32.to_be_bytes(), name, &[0], value, &[0]]),
            Self::Change { name, index, value } => {
                frame(out, b'm', &[&index.to_be_bytes(), name, &[0], value, &[0]]);
            }
            Self::Body(piece) => frame(out, b'b', &[piece]),
            Self::Quarantine(reason) => frame(out, b'q', &[reason.as_bytes(), &[0]]),
        }
    }
}

fn frame(out: &mut Vec<u8>, letter: u8, data: &[&[u8]]) {
    let length = 1 + data.iter().map(|piece| piece.len()).sum::<usize>();
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.push(letter);
    data.iter().for_each(|piece| out.extend_from_slice(piece));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn command(bytes: &[u8]) -> Result<Command<'_>, FrameError> {
        let (frame, length) = Frame::first(bytes)?.unwrap();
        assert_eq!(length, bytes.len());
        Command::of(frame)
    }

    #[test]
    fn commands_are_read_as_postfix_and_sendmail_write_them() {
        let options = b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff";
        let wanted = Command::Negotiate { version: 6, actions: 0x1ff, steps: 0x1f_ffff };
        assert_eq!(command(options), Ok(wanted));
        let connect = b"\0\0\0\x14Chost\x004\0\x19192.0.2.1\0x";
        let (frame, _) = Frame::first(connect).unwrap().unwrap();
        assert_eq!(Command::of(frame), Ok(Command::Connect { address: Some("192.0.2.1".parse().unwrap()) }));
        let six = Frame { letter: b'C', data: b"h\x006\0\0IPv6:2001:db8::1\0" };
        assert_eq!(Command::of(six), Ok(Command::Connect { address: Some("2001:db8::1".parse().unwrap()) }));
        assert_eq!(Command::of(Frame { letter: b'C', data: b"h\0U" }), Ok(Command::Connect { address: None }));
        let macros = Frame { letter: b'D', data: b"Mi\x004abc\0{auth_authen}\0user\0" };
        let values = vec![(&b"i"[..], &b"4abc"[..]), (b"{auth_authen}", b"user")];
        assert_eq!(Command::of(macros), Ok(Command::Macros { of: b'M', values }));
        let header = Frame { letter: b'L', data: b"Subject\0 caf\xe9\n\tau lait\0" };
        assert_eq!(Command::of(header), Ok(Command::Header { name: b"Subject", value: b" caf\xe9\n\tau lait" }));
        assert_eq!(Command::of(Frame { letter: b'M', data: b"<a@b>\0SIZE=9\0" }), Ok(Command::Mail(b"<a@b>")));
    }

    #[test]
    fn what_no_mail_system_sends_is_an_error_and_what_is_not_whole_waits() {
        assert_eq!(Frame::first(b"\0\0\0\0"), Err(FrameError::Length(0)));
        assert_eq!(Frame::first(&u32::MAX.to_be_bytes()), Err(FrameError::Length(u32::MAX)));
        for bytes in [&b""[..], b"\0\0", b"\0\0\0\x02B"] {
            assert_eq!(Frame::first(bytes), Ok(None));
        }
        for (letter, data) in [(b'O', &b"\0\0\0\x06"[..]), (b'L', b"Subject\0no end"), (b'M', b"<a@b>"), (b'D', b"")] {
            assert_eq!(Command::of(Frame { letter, data }), Err(FrameError::Short { letter: char::from(letter) }));
        }
    }

    #[test]
    fn replies_are_written_as_libmilter_reads_them() {
        let written = |reply: Reply<'_>| {
            let mut out = Vec::new();
            reply.write(&mut out);
            out
        };
        assert_eq!(written(Reply::Continue), b"\0\0\0\x01c");
        assert_eq!(written(Reply::Code("451 no".into())), b"\0\0\0\x08y451 no\0");
        let value = b" v".to_vec();
        assert_eq!(written(Reply::Add { name: b"X", value: value.clone() }), b"\0\0\0\x06hX\0 v\0");
        assert_eq!(written(Reply::Insert { name: b"X", value: value.clone() }), b"\0\0\0\x0ai\0\0\0\0X\0 v\0");
        assert_eq!(written(Reply::Change { name: b"X", index: 2, value }), b"\0\0\0\x0am\0\0\0\x02X\0 v\0");
        assert_eq!(written(Reply::Body(b"ab")), b"\0\0\0\x03bab");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut rest = &bytes[..];
            while let Ok(Some((frame, length))) = Frame::first(rest) {
                prop_assert_eq!(length, frame.data.len() + 5);
                let _ = Command::of(frame);
                rest = &rest[length..];
            }
        }
    }
}
