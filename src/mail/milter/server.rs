use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{
    changes::{Changes, changes},
    frame::{Command, Frame, Reply},
    session::{Broken, Draft, Session, Step},
};
use crate::mail::{
    Count, Disposal, Inspection, Letter, Listener, OnMalicious, OnPoison, OnSuspicious, Rules,
    door::{Door, ended},
    inspection,
};

/// How long a mail system may say nothing. Postfix keeps the connection as long as its client keeps his, and gives him
/// five minutes for each command (`smtpd_timeout`), ten for a part of the data that comes slowly.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// Bytes of all messages under way that are kept at one time.
const ROOM: usize = 1 << 30;

/// How the connections are held.
#[derive(Clone)]
pub struct Settings {
    /// So many at one time; one more is closed, and the mail system does what it does without a filter
    /// (`milter_default_action`).
    pub connections: usize,
    /// Whose mail goes out.
    pub is_ours: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// How long it may take to send the rest of a frame, and to read what we say.
    pub silence: Duration,
    /// How long after the word to end a message that has begun may take.
    pub drain: Duration,
}

impl Settings {
    /// A minute: a frame is sent in one piece.
    pub const SILENCE: Duration = Duration::from_secs(60);
}

/// Answers until `ending` says so (or is gone), then lets the messages end that have begun.
pub async fn serve(
    listener: &Listener,
    inspection: Arc<Inspection>,
    settings: Settings,
    ending: watch::Receiver<bool>,
) {
    let (counts, held) = (inspection.counts(), Arc::new(AtomicUsize::new(0)));
    let Settings { connections: most, drain, .. } = settings;
    // Without a word: the mail system does what it does without a filter.
    let door = Door { listener, counts, most, crowded: b"", drain };
    let word = ending.clone();
    door.keep(ending, |stream| {
        let session = Session::new(inspection.rules().message_bytes, quarantines(inspection.rules()));
        let mut connection = Connection {
            stream,
            session,
            inspection: Arc::clone(&inspection),
            is_ours: Arc::clone(&settings.is_ours),
            silence: settings.silence,
            ending: word.clone(),
            room: Held { bytes: 0, all: Arc::clone(&held) },
            read: Vec::new(),
        };
        async move {
            if let Err(broken) = connection.run().await {
                connection.inspection.counts().add(Count::Broken);
                tracing::warn!("a connection was cut: {broken}");
            }
        }
    })
    .await;
}

/// Whether any rule asks the mail system to keep messages aside.
fn quarantines(rules: &Rules) -> bool {
    rules.malicious == OnMalicious::Quarantine
        || rules.suspicious == OnSuspicious::Quarantine
        || rules.poison == OnPoison::Quarantine
}

/// Bytes of a message in memory.
struct Held {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Held {
    /// Whether there is room for so many.
    fn set(&mut self, bytes: usize) -> bool {
        self.all.fetch_sub(self.bytes, Relaxed);
        self.bytes = bytes;
        self.all.fetch_add(bytes, Relaxed).saturating_add(bytes) <= ROOM
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the mail system breaks the protocol: {0}")]
    Broken(#[from] Broken),
    #[error("the mail system says nothing for too long")]
    Silence,
}

struct Connection {
    stream: Box<dyn crate::mail::place::Stream>,
    session: Session,
    inspection: Arc<Inspection>,
    is_ours: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    silence: Duration,
    ending: watch::Receiver<bool>,
    room: Held,
    read: Vec<u8>,
}

impl Connection {
    async fn run(&mut self) -> Result<(), Cut> {
        let mut done = 0;
        loop {
            let rest = self.read.get(done..).unwrap_or_default();
            let step = match Frame::first(rest).map_err(Broken::from)? {
                Some((frame, length)) => {
                    done += length;
                    let command = Command::of(frame).map_err(Broken::from)?;
                    self.session.take(command, &*self.is_ours)?
                }
                None => {
                    self.read.drain(..done);
                    done = 0;
                    if !self.more().await? {
                        return Ok(());
                    }
                    continue;
                }
            };
            if !self.room.set(self.session.held()) {
                self.session.crowd();
            }
            match step {
                Step::Silent => {}
                Step::Reply(reply) => self.say(&[reply]).await?,
                Step::Examine(draft) => {
                    self.room.set(draft.letter.raw.len());
                    self.answer(draft).await?;
                    self.room.set(0);
                }
                Step::End => return Ok(()),
            }
        }
    }

    /// Reads on; whether there is anything more to come.
    async fn more(&mut self) -> Result<bool, Cut> {
        let patience = if self.read.is_empty() { IDLE } else { self.silence };
        let idle = !self.session.is_in_message() && self.read.is_empty();
        let reading = timeout(patience, self.stream.read_buf(&mut self.read));
        let read = tokio::select! {
            biased;
            read = reading => read,
            () = ended(&mut self.ending), if idle => return Ok(false),
        };
        match read {
            Err(_) => Err(Cut::Silence),
            Ok(read) => Ok(read? > 0),
        }
    }

    async fn say(&mut self, replies: &[Reply<'_>]) -> Result<(), Cut> {
        let mut out = Vec::new();
        replies.iter().for_each(|reply| reply.write(&mut out));
        self.send(&out).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let sent = timeout(self.silence, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        Ok(sent.await.map_err(|_| Cut::Silence)??)
    }

    /// Answers a message that came whole, with a sign of life while that takes its time.
    async fn answer(&mut self, mut draft: Box<Draft>) -> Result<(), Cut> {
        let disposal = if draft.crowded {
            Disposal::TryAgain("too many large messages at one time".into())
        } else if draft.too_large {
            self.inspection.of_large(&draft.letter)
        } else {
            let letter = Arc::new(std::mem::take(&mut draft.letter));
            let disposal = self.examined(&letter).await?;
            draft.letter = Arc::unwrap_or_clone(letter);
            disposal
        };
        let said = said(&draft, &disposal).unwrap_or_else(|why| {
            tracing::error!(queue = draft.letter.name(), "a message cannot go on: {why}");
            code(&Disposal::TryAgain("the message cannot be examined now, try again later".into()))
        });
        self.send(&said).await
    }

    async fn examined(&mut self, letter: &Arc<Letter>) -> Result<Disposal, Cut> {
        let inspection = Arc::clone(&self.inspection);
        let work = inspection.of(letter);
        tokio::pin!(work);
        let mut next = Instant::now() + inspection::SIGN_OF_LIFE;
        loop {
            if let Ok(disposal) = timeout_at(next, &mut work).await {
                return Ok(disposal);
            }
            self.say(&[Reply::Progress]).await?;
            next += inspection::SIGN_OF_LIFE;
        }
    }
}

/// The answer to a message, to the last byte of it: what is not whole is no answer.
fn said(draft: &Draft, disposal: &Disposal) -> Result<Vec<u8>, String> {
    let Disposal::Deliver { message, top, aside, .. } = disposal else { return Ok(code(disposal)) };
    let changes = match changes(draft, message) {
        Ok(changes) => changes,
        // What was not kept whole goes on as the mail system has it.
        Err(_) if draft.too_large => Changes::default(),
        Err(error) => return Err(error.to_string()),
    };
    let mut out = Vec::new();
    changes.header.iter().for_each(|reply| reply.write(&mut out));
    // Behind the changes, which go by the numbers that fields had before.
    for (name, value) in top.iter().rev() {
        let blank = if draft.keeps_blank { " " } else { "" };
        let value = format!("{blank}{}", value.replace("\r\n", "\n"));
        Reply::Insert { name: name.as_bytes(), value: value.into_bytes() }.write(&mut out);
    }
    if let Some(reason) = aside {
        Reply::Quarantine(inspection::one_line(reason)).write(&mut out);
    }
    if !draft.too_large {
        // Pieces of a body must not be parted by anything else.
        changes.body.iter().for_each(|reply| reply.write(&mut out));
    }
    Reply::Continue.write(&mut out);
    Ok(out)
}

/// The reply of SMTP for a message that does not go on.
fn code(disposal: &Disposal) -> Vec<u8> {
    let text = match disposal {
        Disposal::Reject(why) => format!("550 5.7.1 {}", inspection::one_line(why)),
        Disposal::TryAgain(why) => format!("451 4.7.1 {}", inspection::one_line(why)),
        Disposal::Deliver { .. } => "451 4.3.0 try again later".into(),
    };
    let mut out = Vec::new();
    Reply::Code(text).write(&mut out);
    out
}
