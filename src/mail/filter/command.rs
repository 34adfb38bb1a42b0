use std::net::IpAddr;

/// A command of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `LHLO`: one answer for each recipient.
    Lhlo(String),
    /// `EHLO`.
    Ehlo(String),
    /// `HELO`.
    Helo(String),
    /// Who sends.
    Mail(Path),
    /// Who is to get it.
    Recipient(Path),
    /// Who brought the message to the mail system that brings it to us (`XFORWARD`, an extension of Postfix).
    Forward(Client),
    /// The message follows.
    Data,
    /// Forget what was said of the message.
    Reset,
    /// Nothing.
    Noop,
    /// Is there such a person? We do not say.
    Verify,
    /// The end.
    Quit,
}

/// An address with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path {
    /// Between the angle brackets, as it came: quoting included.
    pub address: String,
    /// How many bytes the message will have.
    pub size: Option<u64>,
    /// `BODY=8BITMIME`.
    pub eight_bit: bool,
    /// `SMTPUTF8` (RFC 6531).
    pub utf8: bool,
}

/// Who brought a message, where the mail system tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Its address.
    pub address: Option<IpAddr>,
    /// How it called itself.
    pub helo: Option<String>,
}

impl Client {
    /// One command may tell one thing, and the next another.
    pub(super) fn add(&mut self, more: Self) {
        self.address = more.address.or(self.address);
        self.helo = more.helo.or_else(|| self.helo.take());
    }
}

/// A command that is not taken; the reply to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No such command.
    #[error("500 5.5.2 unknown command")]
    Unknown,
    /// Not written as it has to be.
    #[error("501 5.5.4 write it as RFC 5321 does, with the address in angle brackets")]
    Syntax,
    /// A parameter that was not offered.
    #[error("555 5.5.4 unknown parameter")]
    Parameter,
}

/// The longest path that is taken (RFC 5321 section 4.5.3.1 asks for 256; quoting and UTF-8 may take more).
const LONGEST: usize = 1000;

impl Command {
    /// What a line says, without its line break.
    pub fn parse(line: &[u8]) -> Result<Self, Wrong> {
        let line = std::str::from_utf8(line).map_err(|_| Wrong::Syntax)?.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let name = || rest.trim().chars().filter(|c| !c.is_control()).take(255).collect();
        Ok(match verb.to_ascii_uppercase().as_str() {
            "LHLO" => Self::Lhlo(name()),
            "EHLO" => Self::Ehlo(name()),
            "HELO" => Self::Helo(name()),
            "MAIL" => Self::Mail(path(rest, "FROM:")?),
            "RCPT" => Self::Recipient(
                path(rest, "TO:").and_then(
                    |path| {
                        if path.address.is_empty() { Err(Wrong::Syntax) } else { Ok(path) }
                    },
                )?,
            ),
            "XFORWARD" => Self::Forward(client(rest)?),
            "DATA" => Self::Data,
            "RSET" => Self::Reset,
            "NOOP" => Self::Noop,
            "VRFY" => Self::Verify,
            "QUIT" => Self::Quit,
            _ => return Err(Wrong::Unknown),
        })
    }
}

fn client(text: &str) -> Result<Client, Wrong> {
    let mut client = Client::default();
    for attribute in text.split_ascii_whitespace() {
        let (name, value) = attribute.split_once('=').ok_or(Wrong::Syntax)?;
        let value = plain(value).ok_or(Wrong::Syntax)?;
        // It was not found out (`[UNAVAILABLE]`), or not in time (`[TEMPUNAVAIL]`); an address is never in brackets.
        let known = !value.is_empty() && !value.starts_with('[');
        match name.to_ascii_uppercase().as_str() {
            "ADDR" if known => {
                let start = value.get(..5).filter(|start| start.eq_ignore_ascii_case("IPV6:"));
                let address = value.get(start.map_or(0, str::len)..).unwrap_or_default();
                client.address = Some(address.parse().map_err(|_| Wrong::Syntax)?);
            }
            "HELO" if !value.is_empty() && !value.starts_with("[UNAVAILABLE") => {
                client.helo = Some(value.chars().filter(|c| !c.is_control()).take(255).collect());
            }
            // The other attributes say nothing to us.
            _ => {}
        }
    }
    Ok(client)
}

/// What stands behind xtext (RFC 3461 section 4).
fn plain(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'+' {
            bytes.push(*byte);
            continue;
        }
        let pair = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(pair, 16).ok().filter(|_| !pair.contains('+'))?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

fn path(text: &str, word: &str) -> Result<Path, Wrong> {
    let start = text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).ok_or(Wrong::Syntax)?;
    let rest = text.get(start.len()..).unwrap_or_default().trim_start();
    let inside = rest.strip_prefix('<').ok_or(Wrong::Syntax)?;
    let end = end_of(inside).ok_or(Wrong::Syntax)?;
    let (address, parameters) = (inside.get(..end).unwrap_or_default(), inside.get(end + 1..).unwrap_or_default());
    if address.len() > LONGEST || address.chars().any(char::is_control) {
        return Err(Wrong::Syntax);
    }
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return Err(Wrong::Syntax);
    }
    let mut path = Path { address: without_route(address).to_owned(), ..Path::default() };
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", size) if word == "FROM:" => path.size = Some(size.parse().map_err(|_| Wrong::Syntax)?),
            ("BODY", "7BIT") if word == "FROM:" => {}
            ("BODY", "8BITMIME") if word == "FROM:" => path.eight_bit = true,
            ("SMTPUTF8", "") if word == "FROM:" => path.utf8 = true,
            _ => return Err(Wrong::Parameter),
        }
    }
    Ok(path)
}

/// Where the bracket closes; one within quotation marks does not.
fn end_of(inside: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            b'<' if !quoted => return None,
            _ => {}
        }
    }
    None
}

/// `@a,@b:user@c` means `user@c` (RFC 5321 section 4.1.1.3: routes are taken and not followed).
fn without_route(address: &str) -> &str {
    let route = address.starts_with('@').then(|| address.split_once(':')).flatten();
    route.map_or(address, |(_, address)| address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(line: &str) -> Result<Path, Wrong> {
        match Command::parse(line.as_bytes())? {
            Command::Mail(path) | Command::Recipient(path) => Ok(path),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn addresses_are_taken_as_they_are_written() {
        for (line, address) in [
            ("MAIL FROM:<a@b.example>", "a@b.example"),
            ("mail from: <a@b.example> size=7", "a@b.example"),
            ("MAIL FROM:<>", ""),
            ("RCPT TO:<\"a>b \\\" c\"@b.example>", "\"a>b \\\" c\"@b.example"),
            ("RCPT TO:<@x.example,@y.example:a@b.example>", "a@b.example"),
            ("RCPT TO:<用@例.example>", "用@例.example"),
        ] {
            assert_eq!(mail(line).unwrap().address, address, "{line}");
        }
        let all = mail("MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME SMTPUTF8").unwrap();
        assert_eq!((all.size, all.eight_bit, all.utf8), (Some(10), true, true));
    }

    #[test]
    fn who_brought_a_message_is_told_as_postfix_tells_it() {
        let of = |line: &str| match Command::parse(line.as_bytes()) {
            Ok(Command::Forward(Client { address, helo })) => {
                (address.map(|address| address.to_string()).unwrap_or_default(), helo.unwrap_or_default())
            }
            other => panic!("{line}: {other:?}"),
        };
        let is = |address: &str, helo: &str| (address.to_owned(), helo.to_owned());
        assert_eq!(of("XFORWARD NAME=a.example ADDR=192.0.2.1 PORT=[UNAVAILABLE] PROTO=ESMTP"), is("192.0.2.1", ""));
        assert_eq!(
            of("xforward addr=IPv6:2001:db8::1 helo=a+2Bb.example source=REMOTE"),
            is("2001:db8::1", "a+b.example")
        );
        assert_eq!(of("XFORWARD ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]"), is("", ""));
        assert_eq!(of("XFORWARD HELO=[192.0.2.9]"), is("", "[192.0.2.9]"));
        for wrong in ["XFORWARD ADDR", "XFORWARD ADDR=x", "XFORWARD HELO=+4", "XFORWARD HELO=+zz", "XFORWARD HELO=++1"]
        {
            assert_eq!(Command::parse(wrong.as_bytes()), Err(Wrong::Syntax), "{wrong}");
        }
        let mut client = Client { address: "192.0.2.1".parse().ok(), helo: None };
        client.add(Client { address: None, helo: Some("a".into()) });
        assert_eq!(client, Client { address: "192.0.2.1".parse().ok(), helo: Some("a".into()) });
    }

    #[test]
    fn what_is_written_otherwise_is_refused() {
        for (line, wrong) in [
            ("MAIL FROM:a@b.example", Wrong::Syntax),
            ("MAIL FROM:<a@b.example", Wrong::Syntax),
            ("MAIL FROM:<a@b.example>x", Wrong::Syntax),
            ("MAIL FROM:<a<b@b.example>", Wrong::Syntax),
            ("MAIL FROM:<a@b.example> SIZE=x", Wrong::Syntax),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME", Wrong::Parameter),
            ("RCPT TO:<a@b.example> SMTPUTF8", Wrong::Parameter),
            ("RCPT TO:<>", Wrong::Syntax),
            ("MAIL", Wrong::Syntax),
            ("BDAT 7 LAST", Wrong::Unknown),
            ("", Wrong::Unknown),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), Err(wrong), "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_an_address_stays_in_its_brackets(line in "(MAIL FROM:|RCPT TO:)?<?[ -~\"\\\\<>\r\n\u{e9}]{0,40}>?( SIZE=1)?") {
            if let Ok(Command::Mail(path) | Command::Recipient(path)) = Command::parse(line.as_bytes()) {
                prop_assert!(!path.address.chars().any(char::is_control));
                prop_assert_eq!(end_of(&format!("{}>", path.address)), Some(path.address.len()));
            }
        }
    }
}
