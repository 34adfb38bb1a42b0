use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::watch,
    time::timeout,
};

use super::{
    command::{Client, Command, Path},
    data::Data,
    hop::{Answer, Hop, Next, Parcel, told},
};
use crate::mail::{Count, Disposal, Inspection, Letter, Listener, Way, door::Door, place::Stream, with_top};

/// The longest line of a command (RFC 5321 section 4.5.3.1.4, with room for extensions).
const LINE: usize = 4096;

/// Recipients of one message (RFC 5321 section 4.5.3.1.8 asks for a hundred).
const RECIPIENTS: usize = 1000;

/// Commands that are not understood, until the connection ends.
const PATIENCE: usize = 20;

/// Bytes of all messages under way that are kept at one time.
const ROOM: usize = 1 << 30;

/// How the filter stands.
#[derive(Clone)]
pub struct Settings {
    /// So many connections at one time; one more is told to come again.
    pub connections: usize,
    /// Where messages go on to.
    pub next: Next,
    /// Where they go.
    pub way: Way,
    /// The name of this host.
    pub name: String,
    /// How long a client, or the next hop, may say nothing.
    pub silence: Duration,
    /// How long after the word to end a message that has begun may take.
    pub drain: Duration,
}

impl Settings {
    /// Five minutes (RFC 5321 section 4.5.3.2.7).
    pub const SILENCE: Duration = Duration::from_secs(300);
}

/// Takes messages until `ending` says so (or is gone), then lets those end that have begun.
pub async fn serve(
    listener: &Listener,
    inspection: Arc<Inspection>,
    settings: Settings,
    ending: watch::Receiver<bool>,
) {
    let (counts, held) = (inspection.counts(), Arc::new(AtomicUsize::new(0)));
    let (most, drain, settings) = (settings.connections, settings.drain, Arc::new(settings));
    let crowded = b"421 4.3.2 too many connections, try again later\r\n";
    let door = Door { listener, counts, most, crowded, drain };
    let word = ending.clone();
    door.keep(ending, |stream| {
        let mut session = Session {
            stream,
            read: Vec::new(),
            inspection: Arc::clone(&inspection),
            settings: Arc::clone(&settings),
            ending: word.clone(),
            held: Arc::clone(&held),
            greeted: Greeted::No,
            client: Client::default(),
            transaction: None,
            hop: None,
        };
        async move {
            if let Err(error) = session.run().await {
                session.inspection.counts().add(Count::Broken);
                tracing::warn!("a connection was cut: {error}");
            }
            if let Some(hop) = session.hop.take() {
                hop.close().await;
            }
        }
    })
    .await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeted {
    No,
    Smtp,
    Lmtp,
}

#[derive(Debug, Default)]
struct Transaction {
    sender: Path,
    recipients: Vec<String>,
}

struct Session {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    inspection: Arc<Inspection>,
    settings: Arc<Settings>,
    ending: watch::Receiver<bool>,
    held: Arc<AtomicUsize>,
    greeted: Greeted,
    /// Of the message to come.
    client: Client,
    transaction: Option<Transaction>,
    hop: Option<Hop>,
}

impl Session {
    async fn run(&mut self) -> std::io::Result<()> {
        let name = self.settings.name.clone();
        self.say(&format!("220 {name} Sekisho, a filter for mail\r\n")).await?;
        let mut wrong = 0;
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            let command = match Command::parse(&line) {
                Ok(command) => command,
                Err(error) => {
                    wrong += 1;
                    if wrong > PATIENCE {
                        return self.say("421 4.7.0 too many commands that are not understood\r\n").await;
                    }
                    self.say(&format!("{error}\r\n")).await?;
                    continue;
                }
            };
            match command {
                Command::Quit => return self.say("221 2.0.0 goodbye\r\n").await,
                Command::Data => self.data().await?,
                other => {
                    let reply = self.reply(other);
                    self.say(&reply).await?;
                }
            }
        }
    }

    fn reply(&mut self, command: Command) -> String {
        let most = self.inspection.rules().message_bytes;
        match command {
            Command::Ehlo(_) | Command::Lhlo(_) => {
                (self.transaction, self.client) = (None, Client::default());
                self.greeted = if matches!(command, Command::Lhlo(_)) { Greeted::Lmtp } else { Greeted::Smtp };
                let name = &self.settings.name;
                format!(
                    "250-{name}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
                     250-XFORWARD ADDR HELO\r\n250 SIZE {most}\r\n"
                )
            }
            Command::Helo(_) => {
                (self.transaction, self.client, self.greeted) = (None, Client::default(), Greeted::Smtp);
                format!("250 {}\r\n", self.settings.name)
            }
            Command::Mail(_) if self.greeted == Greeted::No => "503 5.5.1 say LHLO or EHLO first\r\n".into(),
            Command::Mail(_) if self.transaction.is_some() => "503 5.5.1 there is a sender already\r\n".into(),
            Command::Mail(path) if path.size.is_some_and(|size| size > most as u64) => {
                format!("552 5.3.4 the message has more than {} MB\r\n", most >> 20)
            }
            Command::Mail(sender) => {
                self.transaction = Some(Transaction { sender, recipients: Vec::new() });
                "250 2.1.0 go on\r\n".into()
            }
            Command::Recipient(path) => self.recipient(path).to_owned(),
            Command::Forward(_) if self.transaction.is_some() => "503 5.5.1 say it before MAIL\r\n".into(),
            Command::Forward(client) => {
                self.client.add(client);
                "250 2.0.0 noted\r\n".into()
            }
            Command::Reset => {
                (self.transaction, self.client) = (None, Client::default());
                "250 2.0.0 forgotten\r\n".into()
            }
            Command::Verify => "252 2.0.0 send it, and the next hop will tell\r\n".into(),
            Command::Noop | Command::Data | Command::Quit => "250 2.0.0 nothing done\r\n".into(),
        }
    }

    fn recipient(&mut self, path: Path) -> &'static str {
        let Some(transaction) = &mut self.transaction else { return "503 5.5.1 say MAIL first\r\n" };
        match (self.greeted, transaction.recipients.len()) {
            // With one answer for all, one that fails would make the others come twice.
            (Greeted::Smtp, 1..) => "452 4.5.3 one recipient at a time; by LMTP there may be many\r\n",
            (_, RECIPIENTS..) => "452 4.5.3 too many recipients\r\n",
            _ => {
                transaction.recipients.push(path.address);
                "250 2.1.5 go on\r\n"
            }
        }
    }

    async fn data(&mut self) -> std::io::Result<()> {
        let Some(transaction) = self.transaction.take() else {
            return self.say("503 5.5.1 say MAIL first\r\n").await;
        };
        if transaction.recipients.is_empty() {
            return self.say("503 5.5.1 no recipient was taken\r\n").await;
        }
        self.say("354 go on, and end with a dot on a line\r\n").await?;
        let held = Held { all: Arc::clone(&self.held), bytes: 0, crowded: false };
        let (data, held) = self.message(held).await?;
        let refused = if held.crowded {
            Some(Answer::new(452, "4.3.1 too many large messages at one time"))
        } else if data.is_bare() {
            Some(Answer::new(550, "5.5.2 a line feed or a carriage return alone (RFC 5321 section 2.3.8)"))
        } else {
            None
        };
        let too_large = data.is_too_large();
        let raw = data.into_message();
        let client = std::mem::take(&mut self.client);
        for recipient in &transaction.recipients {
            let answer = match &refused {
                Some(answer) => answer.clone(),
                None => self.through(&transaction.sender, recipient, &client, &raw, too_large).await,
            };
            self.say(&told(&answer)).await?;
        }
        Ok(())
    }

    /// Reads a message to its end.
    async fn message(&mut self, mut held: Held) -> std::io::Result<(Data, Held)> {
        let mut data = Data::new(self.inspection.rules().message_bytes);
        loop {
            let used = data.take(&self.read);
            match used {
                Some(used) => {
                    self.read.drain(..used);
                    held.set(data.held());
                    return Ok((data, held));
                }
                None => self.read.clear(),
            }
            held.set(data.held());
            if held.crowded {
                // The rest is read and let go.
                data = data.emptied();
            }
            if timeout(self.settings.silence, self.stream.read_buf(&mut self.read)).await.map_err(silent)?? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Has a copy examined and hands it on.
    async fn through(
        &mut self,
        sender: &Path,
        recipient: &str,
        client: &Client,
        raw: &[u8],
        too_large: bool,
    ) -> Answer {
        let letter = Arc::new(Letter {
            raw: raw.to_owned(),
            way: self.settings.way,
            sender: sender.address.clone(),
            recipient: Some(recipient.to_owned()),
            client: client.address,
            helo: client.helo.clone().unwrap_or_default(),
            taken: true,
            ..Letter::default()
        });
        let disposal = if too_large { self.inspection.of_large(&letter) } else { self.inspection.of(&letter).await };
        let (message, top) = match disposal {
            Disposal::Reject(why) => return Answer::new(550, format!("5.7.1 {why}")),
            Disposal::TryAgain(why) => return Answer::new(451, format!("4.7.1 {why}")),
            // Here there is no place to keep it aside, and what nobody looked at does not go on for that.
            Disposal::Deliver { aside: Some(why), examined: false, .. } => {
                return Answer::new(550, format!("5.7.1 {why}"));
            }
            // Half of it is no message.
            Disposal::Deliver { .. } if too_large => {
                return Answer::new(552, "5.3.4 the message is too large to be handed on");
            }
            Disposal::Deliver { message, top, .. } => (message, top),
        };
        let message = with_top(&top, message);
        let parcel = Parcel { sender: &sender.address, recipient, message: &message, utf8: sender.utf8 };
        self.hand_on(&parcel).await.unwrap_or_else(|error| {
            self.hop = None;
            tracing::error!("the next hop {:?}: {error}", self.settings.next.place.to_string());
            Answer::new(451, "4.4.1 the next hop does not answer, try again later")
        })
    }

    async fn hand_on(&mut self, parcel: &Parcel<'_>) -> std::io::Result<Answer> {
        if let Some(mut hop) = self.hop.take().filter(Hop::is_used) {
            // It may have closed the connection since; then it has taken nothing.
            if hop.is_alive().await {
                let answer = hop.deliver(parcel).await?;
                self.hop = Some(hop);
                return Ok(answer);
            }
        }
        let mut hop = Hop::open(&self.settings.next, &self.settings.name, self.settings.silence).await?;
        let answer = hop.deliver(parcel).await?;
        self.hop = Some(hop);
        Ok(answer)
    }

    /// The next line without its line break; `None` where the client is gone, or we are to end.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.read) {
                let mut line: Vec<u8> = self.read.drain(..=end).collect();
                line.truncate(line.len() - 1);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            if self.read.len() > LINE {
                self.say("500 5.5.6 the line is too long\r\n").await?;
                return Ok(None);
            }
            let idle = self.transaction.is_none() && self.read.is_empty();
            let reading = timeout(self.settings.silence, self.stream.read_buf(&mut self.read));
            let read = tokio::select! {
                biased;
                read = reading => Some(read),
                _ = self.ending.wait_for(|end| *end), if idle => None,
            };
            let Some(read) = read else {
                self.say("421 4.3.2 ending, try again later\r\n").await?;
                return Ok(None);
            };
            if read.map_err(silent)?? == 0 {
                return Ok(None);
            }
        }
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        let sent = timeout(self.settings.silence, async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        });
        sent.await.map_err(silent)?
    }
}

fn silent(_: tokio::time::error::Elapsed) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "nothing was said for too long")
}

/// Bytes of a message in memory.
struct Held {
    bytes: usize,
    all: Arc<AtomicUsize>,
    /// There was no room once, and the message is not whole.
    crowded: bool,
}

impl Held {
    fn set(&mut self, bytes: usize) {
        self.all.fetch_sub(self.bytes, Relaxed);
        self.bytes = bytes;
        self.crowded |= self.all.fetch_add(bytes, Relaxed).saturating_add(bytes) > ROOM;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}
