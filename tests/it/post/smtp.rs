//! A client of SMTP that says what a test tells it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// After the greeting.
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let mut client = Self { stream: BufReader::new(stream) };
        assert!(client.reply().starts_with("220"));
        assert!(client.say("EHLO client.example").starts_with("250"));
        client
    }

    /// A command and the whole reply to it.
    pub(crate) fn say(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next reply, empty where the connection ended.
    pub(crate) fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return reply;
            }
            reply += &line;
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Begins a message: what was said to the last of MAIL, RCPT and DATA, if one was refused.
    pub(crate) fn begin(&mut self, sender: &str, recipients: &[&str]) -> Result<(), String> {
        let mut commands = vec![format!("MAIL FROM:<{sender}>")];
        commands.extend(recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>")));
        commands.push("DATA".into());
        for command in commands {
            let reply = self.say(&command);
            if !reply.starts_with(['2', '3']) {
                return Err(reply);
            }
        }
        Ok(())
    }

    /// A whole message with CR LF line breaks; the last reply.
    pub(crate) fn message(&mut self, sender: &str, recipients: &[&str], raw: &[u8]) -> String {
        if let Err(refused) = self.begin(sender, recipients) {
            return refused;
        }
        self.send(&stuffed(raw));
        self.reply()
    }
}

/// With dots doubled and the end behind it (RFC 5321 section 4.5.2).
pub(crate) fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 8);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
