use std::net::IpAddr;

use super::frame::{Command, FrameError, Reply};
use crate::mail::{Letter, Way};

/// What we may change: to add and change header fields and to replace the body (`SMFIF_ADDHDRS`, `SMFIF_CHGHDRS`,
/// `SMFIF_CHGBODY`).
const RIGHTS: u32 = 0x01 | 0x10 | 0x02;
/// `SMFIF_QUARANTINE`.
const QUARANTINE: u32 = 0x20;
/// Steps that say nothing to us (`SMFIP_NOUNKNOWN`, `SMFIP_NODATA`, `SMFIP_NOEOH`).
const LEFT_OUT: u32 = 0x100 | 0x200 | 0x40;
/// Values keep the blank behind the colon (`SMFIP_HDR_LEADSPC`).
const LEADING_BLANK: u32 = 0x10_0000;
/// Steps that are not answered (`SMFIP_NR_…`), and the letter of each.
const SILENT: &[(u32, u8)] = &[
    (0x80, b'L'),
    (0x1000, b'C'),
    (0x2000, b'H'),
    (0x4000, b'M'),
    (0x8000, b'R'),
    (0x1_0000, b'T'),
    (0x2_0000, b'U'),
    (0x4_0000, b'N'),
    (0x8_0000, b'B'),
];
/// The newest version that we speak, and the oldest (Sendmail 8.12).
const VERSIONS: (u32, u32) = (6, 2);

/// What the mail system did that no mail system does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Its bytes.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A command at the wrong time.
    #[error("{0} came where it has no place")]
    Order(&'static str),
    /// A version that nobody speaks any more.
    #[error("version {0} of the protocol; this program speaks 2 to 6")]
    Version(u32),
    /// It does not allow what we are for.
    #[error(
        "the mail system offers the rights {offered:#x} and {wanted:#x} are needed (to change header and body, to quarantine)"
    )]
    Rights {
        /// What it offers.
        offered: u32,
        /// What is missing is among these.
        wanted: u32,
    },
    /// A field that would be two.
    #[error("a header field with a line break in it, or none of its own name")]
    Field,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for more.
    Silent,
    /// Say this.
    Reply(Reply<'static>),
    /// The message is whole: answer it.
    Examine(Box<Draft>),
    /// Close.
    End,
}

/// A field of a header as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Without colon.
    pub name: Vec<u8>,
    /// All behind the colon, with line breaks of SMTP (CR LF) where it is folded.
    pub value: Vec<u8>,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Its header.
    pub fields: Vec<Field>,
    /// Header, empty line and body.
    pub letter: Letter,
    /// It is longer than may be: the rest was not kept.
    pub too_large: bool,
    /// There was no room in memory for it.
    pub crowded: bool,
    /// How a value was cut from its blank: whether the blank has to go back with it.
    pub keeps_blank: bool,
    in_body: bool,
}

/// What a connection said so far.
#[derive(Debug)]
pub struct Session {
    most: usize,
    quarantines: bool,
    terms: Option<Terms>,
    client: Option<IpAddr>,
    helo: String,
    draft: Option<Box<Draft>>,
    /// Of the message to come.
    queue_id: String,
    login: bool,
}

#[derive(Debug, Clone, Copy)]
struct Terms {
    steps: u32,
}

impl Session {
    /// A connection on which nothing was said. Messages of more than `most` bytes are not kept.
    pub fn new(most: usize, quarantines: bool) -> Self {
        let (terms, client, draft) = (None, None, None);
        Self { most, quarantines, terms, client, helo: String::new(), draft, queue_id: String::new(), login: false }
    }

    /// Whether a message has begun that is not answered.
    pub fn is_in_message(&self) -> bool {
        self.draft.is_some()
    }

    /// Bytes of the message that has begun.
    pub fn held(&self) -> usize {
        self.draft.as_ref().map_or(0, |draft| draft.letter.raw.len())
    }

    /// Lets go of what was kept of the message; it can only be answered that there was no room.
    pub fn crowd(&mut self) {
        if let Some(draft) = &mut self.draft {
            draft.crowded = true;
            draft.letter.raw = Vec::new();
            draft.fields = Vec::new();
        }
    }

    /// Takes the next command. `is_ours` says of the address of a client whether its mail goes out.
    pub fn take(&mut self, command: Command<'_>, is_ours: &dyn Fn(IpAddr) -> bool) -> Result<Step, Broken> {
        let letter = letter_of(&command);
        match command {
            Command::Negotiate { version, actions, steps } => return self.negotiate(version, actions, steps),
            Command::Quit => return Ok(Step::End),
            _ if self.terms.is_none() => return Err(Broken::Order("a command before the negotiation")),
            Command::Macros { values, .. } => {
                self.macros(&values);
                return Ok(Step::Silent);
            }
            Command::Abort => {
                self.reset();
                return Ok(Step::Silent);
            }
            Command::NextClient => {
                self.reset();
                (self.client, self.helo) = (None, String::new());
                return Ok(Step::Silent);
            }
            Command::EndOfMessage(last) => {
                self.body(last)?;
                let Some(draft) = self.draft.take() else { return Err(Broken::Order("the end of a message")) };
                let draft = self.finished(draft, is_ours);
                self.reset();
                return Ok(Step::Examine(draft));
            }
            Command::Connect { address } => self.client = address,
            Command::Helo(name) => self.helo = text(name, 255),
            Command::Mail(sender) => {
                let keeps_blank = self.terms.is_some_and(|terms| terms.steps & LEADING_BLANK != 0);
                let letter = Letter { sender: address(sender), ..Letter::default() };
                self.draft = Some(Box::new(Draft { letter, keeps_blank, ..Draft::default() }));
            }
            Command::Recipient(_) | Command::Data | Command::EndOfHeader | Command::Unknown => {}
            Command::Header { name, value } => self.field(name, value)?,
            Command::Body(piece) => self.body(piece)?,
        }
        let steps = self.terms.map_or(0, |terms| terms.steps);
        let silent = SILENT.iter().any(|(step, of)| steps & step != 0 && *of == letter);
        Ok(if silent { Step::Silent } else { Step::Reply(Reply::Continue) })
    }

    fn negotiate(&mut self, version: u32, actions: u32, steps: u32) -> Result<Step, Broken> {
        if version < VERSIONS.1 {
            return Err(Broken::Version(version));
        }
        let wanted = RIGHTS | if self.quarantines { QUARANTINE } else { 0 };
        if actions & wanted != wanted {
            return Err(Broken::Rights { offered: actions, wanted });
        }
        let silent = SILENT.iter().fold(0, |all, (step, _)| all | step);
        let steps = steps & (LEFT_OUT | LEADING_BLANK | silent);
        self.terms = Some(Terms { steps });
        Ok(Step::Reply(Reply::Negotiated { version: version.min(VERSIONS.0), actions: wanted, steps }))
    }

    fn macros(&mut self, values: &[(&[u8], &[u8])]) {
        for (name, value) in values {
            match *name {
                b"i" | b"{i}" => self.queue_id = text(value, 100),
                b"{auth_authen}" => self.login = !value.is_empty(),
                _ => {}
            }
        }
    }

    /// The message is over; what was said of the client stays.
    fn reset(&mut self) {
        self.draft = None;
        (self.queue_id, self.login) = (String::new(), false);
    }

    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Broken> {
        let most = self.most;
        let Some(draft) = &mut self.draft else { return Err(Broken::Order("a header field")) };
        if draft.in_body {
            return Err(Broken::Order("a header field behind the header"));
        }
        if !draft.has_room(name.len() + value.len() + 4, most) {
            return Ok(());
        }
        let value = lines(value)?;
        // One that began with a blank would be more of the field before it.
        if name.first().is_none_or(u8::is_ascii_whitespace)
            || name.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b':'))
        {
            return Err(Broken::Field);
        }
        let raw = &mut draft.letter.raw;
        raw.extend_from_slice(name);
        raw.push(b':');
        if !draft.keeps_blank {
            raw.push(b' ');
        }
        raw.extend_from_slice(&value);
        raw.extend_from_slice(b"\r\n");
        draft.fields.push(Field { name: name.to_owned(), value });
        Ok(())
    }

    fn body(&mut self, piece: &[u8]) -> Result<(), Broken> {
        let most = self.most;
        let Some(draft) = &mut self.draft else { return Err(Broken::Order("a body")) };
        if !draft.in_body {
            draft.in_body = true;
            if draft.has_room(2, most) {
                draft.letter.raw.extend_from_slice(b"\r\n");
            }
        }
        if draft.has_room(piece.len(), most) {
            draft.letter.raw.extend_from_slice(piece);
        }
        Ok(())
    }

    fn finished(&self, mut draft: Box<Draft>, is_ours: &dyn Fn(IpAddr) -> bool) -> Box<Draft> {
        let outgoing = self.login || self.client.is_some_and(is_ours);
        draft.letter.way = if outgoing { Way::Outgoing } else { Way::Inbound };
        draft.letter.client = self.client;
        draft.letter.helo.clone_from(&self.helo);
        draft.letter.queue_id.clone_from(&self.queue_id);
        draft
    }
}

impl Draft {
    /// Whether so many more bytes may be kept.
    fn has_room(&mut self, more: usize, most: usize) -> bool {
        self.too_large |= self.letter.raw.len().saturating_add(more) > most;
        !self.too_large && !self.crowded
    }
}

fn letter_of(command: &Command<'_>) -> u8 {
    match command {
        Command::Connect { .. } => b'C',
        Command::Helo(_) => b'H',
        Command::Mail(_) => b'M',
        Command::Recipient(_) => b'R',
        Command::Data => b'T',
        Command::Header { .. } => b'L',
        Command::EndOfHeader => b'N',
        Command::Body(_) => b'B',
        _ => b'U',
    }
}

/// A folded value with the line breaks of SMTP; the protocol writes line feeds.
fn lines(value: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut out = Vec::with_capacity(value.len() + 8);
    let mut at = 0;
    for end in memchr::memchr_iter(b'\n', value) {
        if !matches!(value.get(end + 1), Some(b' ' | b'\t')) {
            return Err(Broken::Field);
        }
        let line = value.get(at..end).unwrap_or_default();
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
        at = end + 1;
    }
    out.extend_from_slice(value.get(at..).unwrap_or_default());
    Ok(out)
}

/// `<a@b.example>` without its brackets.
fn address(bytes: &[u8]) -> String {
    let text = text(bytes, 320);
    text.trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// At most so many bytes, as text for people and the log.
fn text(bytes: &[u8], most: usize) -> String {
    let cut = bytes.get(..bytes.len().min(most)).unwrap_or_default();
    cut.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests;
