use std::{io, str::FromStr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::data::stuffed;
use crate::mail::{Place, place::Stream};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(30);

/// The longest answer that is read, and the longest that is passed on.
const LONGEST: usize = 8192;
const TOLD: usize = 400;

/// Where messages go on to: `lmtp:127.0.0.1:24`, `smtp:127.0.0.1:10026`, `lmtp:unix:/run/dovecot/lmtp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// What is spoken there.
    pub tongue: Tongue,
    /// Where it is.
    pub place: Place,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// RFC 2033.
    Lmtp,
    /// RFC 5321.
    Smtp,
}

impl FromStr for Next {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tongue, place) = match text.split_once(':') {
            Some(("lmtp", place)) => (Tongue::Lmtp, place),
            Some(("smtp", place)) => (Tongue::Smtp, place),
            _ => return Err(format!("write lmtp: or smtp: before {text:?}")),
        };
        Ok(Self { tongue, place: place.parse()? })
    }
}

/// An answer of SMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    fn is_good(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

/// What is handed on.
pub(super) struct Parcel<'a> {
    pub(super) sender: &'a str,
    pub(super) recipient: &'a str,
    pub(super) message: &'a [u8],
    pub(super) utf8: bool,
}

/// A connection to the next hop.
pub(super) struct Hop {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    /// How long an answer may take (RFC 5321 section 4.5.3.2: five minutes, ten for the one to the end of the data).
    silence: Duration,
    eight_bit: bool,
    utf8: bool,
    used: bool,
}

impl Hop {
    pub(super) async fn open(next: &Next, name: &str, silence: Duration) -> io::Result<Self> {
        let stream =
            timeout(CONNECT.min(silence), next.place.connect()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let mut hop = Self { stream, read: Vec::new(), silence, eight_bit: false, utf8: false, used: false };
        let greeting = hop.answer().await?;
        if !greeting.is_good() {
            return Err(io::Error::other(format!("it says {} {}", greeting.code, greeting.text)));
        }
        let verb = if next.tongue == Tongue::Lmtp { "LHLO" } else { "EHLO" };
        hop.send(format!("{verb} {name}\r\n").as_bytes()).await?;
        let offered = hop.answer().await?;
        if !offered.is_good() {
            return Err(io::Error::other(format!("it says {} {}", offered.code, offered.text)));
        }
        let offers = |word: &str| offered.text.split('\n').any(|line| line.trim().eq_ignore_ascii_case(word));
        (hop.eight_bit, hop.utf8) = (offers("8BITMIME"), offers("SMTPUTF8"));
        Ok(hop)
    }

    /// Whether a message went over it before, so that the other side may have closed it since.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// Whether the other side answers still.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.send(b"RSET\r\n").await.is_ok() && self.answer().await.is_ok_and(|answer| answer.code == 250)
    }

    /// Hands a message on; what the next hop says to it. Error: it says nothing, and then nobody knows.
    pub(super) async fn deliver(&mut self, parcel: &Parcel<'_>) -> io::Result<Answer> {
        if parcel.utf8 && !self.utf8 {
            return Ok(Answer::new(550, "5.6.7 the next hop takes no addresses beyond ASCII"));
        }
        let body = if self.eight_bit && !parcel.message.is_ascii() { " BODY=8BITMIME" } else { "" };
        let utf8 = if parcel.utf8 { " SMTPUTF8" } else { "" };
        let (sender, recipient) = (parcel.sender, parcel.recipient);
        let commands =
            [format!("MAIL FROM:<{sender}>{body}{utf8}\r\n"), format!("RCPT TO:<{recipient}>\r\n"), "DATA\r\n".into()];
        for command in commands {
            self.send(command.as_bytes()).await?;
            let answer = self.answer().await?;
            self.used = true;
            if !answer.is_good() {
                self.send(b"RSET\r\n").await?;
                self.answer().await?;
                return Ok(answer);
            }
        }
        self.send(&stuffed(parcel.message)).await?;
        self.answer().await
    }

    /// Says goodbye and does not wait for the answer.
    pub(super) async fn close(mut self) {
        let _ = self.send(b"QUIT\r\n").await;
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = timeout(self.silence, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        sent.await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        timeout(self.silence, async {
            loop {
                if let Some((answer, length)) = whole(&self.read)? {
                    self.read.drain(..length);
                    return Ok(answer);
                }
                if self.read.len() > LONGEST {
                    return Err(io::Error::other("an answer that does not end"));
                }
                if self.stream.read_buf(&mut self.read).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        })
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
    }
}

/// The first answer of these bytes and its length; its lines are parted by line feeds.
fn whole(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let (mut at, mut text) = (0, String::new());
    while let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let line = bytes.get(at..at + end).unwrap_or_default();
        let line: String = line.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>().trim_end().to_owned();
        at += end + 1;
        let code = line.get(..3).and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
        let code: u16 = code.ok_or_else(|| io::Error::other("an answer without a code"))?;
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.get(4..).unwrap_or_default());
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(Some((Answer { code, text }, at)));
        }
    }
    Ok(None)
}

/// In one line for a client.
pub(super) fn told(answer: &Answer) -> String {
    let text: String = answer.text.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).take(TOLD).collect();
    format!("{} {}\r\n", answer.code, text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole() {
        assert_eq!(whole(b"250-a\r\n250 b\r\n220 ").unwrap(), Some((Answer::new(250, "a\nb"), 14)));
        assert_eq!(whole(b"250-a\r\n250 b").unwrap(), None);
        assert_eq!(whole(b"354\r\n").unwrap(), Some((Answer::new(354, ""), 5)));
        for wrong in [&b"hello\r\n"[..], b"1 a\r\n", b"999 a\r\n", b"\r\n"] {
            assert!(whole(wrong).is_err());
        }
        assert_eq!(told(&Answer::new(550, "5.1.1 no\nsuch\u{e9}user")), "550 5.1.1 no such user\r\n");
    }

    #[test]
    fn the_next_hop_says_what_is_spoken_there() {
        let next: Next = "lmtp:unix:/run/l.sock".parse().unwrap();
        assert_eq!((next.tongue, next.place.to_string().as_str()), (Tongue::Lmtp, "unix:/run/l.sock"));
        assert!("127.0.0.1:24".parse::<Next>().unwrap_err().contains("lmtp: or smtp:"));
    }
}
