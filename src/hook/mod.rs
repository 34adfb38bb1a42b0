//! Tells somebody else of what happened: a command, or a server of the administrator's own.
//!
//! Promises that one telling is one run of the command with JSON on its input, or one POST of it, signed with a key that
//! both sides have; that it ends in time; and that it says whether it was heard. Refuses to send in clear to anything but
//! this machine, to follow redirects, and to remember: what was not heard is told again by whoever keeps it.

mod command;
mod post;

use std::{fmt, io, path::PathBuf, time::Duration};

pub use post::signature;

use crate::base::{EventId, Timestamp};

/// How long one telling may take.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// Longest key.
const LONGEST_KEY: u64 = 4096;
/// Shortest key, in bytes: as long as nobody guesses.
const SHORTEST_KEY: usize = 16;

/// Who is told: a program, a server, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// A program and its arguments, without a shell.
    pub command: Option<Vec<String>>,
    /// A server.
    pub post: Option<Post>,
}

/// A server that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where: `https:`, or `http:` on this machine.
    pub url: String,
    /// The file with the key that both have: one line.
    pub key_file: PathBuf,
}

/// Those who are told.
#[derive(Debug)]
pub struct Hook {
    program: Option<command::Program>,
    server: Option<post::Server>,
}

/// Why a hook cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its key.
    #[error("the key in {path} cannot be used: {error}; name the right file in `alerts.key_file`", path = path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
    /// Its client.
    #[error("no client can be made for alerts: {0}")]
    Client(String),
}

/// Why nobody heard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The program cannot be run.
    #[error("{0} cannot be run: {1}; see `alerts.command`")]
    NotRun(String, String),
    /// The program says no.
    #[error("{0} ended with {1}")]
    Ended(String, String),
    /// The server cannot be reached.
    #[error("{0} cannot be told: {1}")]
    Unreachable(String, String),
    /// The server says no.
    #[error("{0} answered {1}, and only a status from 200 to 299 says that it took it")]
    Status(String, u16),
    /// It took too long.
    #[error("{0} took longer than {limit} s", limit = DEADLINE.as_secs())]
    TooSlow(String),
}

impl Hook {
    /// Reads the key where there is one. Nobody is told yet.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        let server = |Post { url, key_file }: &Post| {
            let wrong = |error| OpenError::Key { path: key_file.clone(), error };
            post::Server::new(url, read_key(key_file).map_err(wrong)?).map_err(OpenError::Client)
        };
        Ok(Self {
            program: settings.command.as_deref().map(command::Program::new),
            server: settings.post.as_ref().map(server).transpose()?,
        })
    }

    /// Tells all; who does not hear is the reason to tell all again. Waits, for [`DEADLINE`] each at most: not for a thread
    /// that answers others. Needs a runtime for a server.
    pub async fn tell(&self, id: EventId, json: &[u8], now: Timestamp) -> Result<(), HookError> {
        if let Some(program) = &self.program {
            program.run(json, DEADLINE)?;
        }
        match &self.server {
            Some(server) => server.post(id, json, now, DEADLINE).await,
            None => Ok(()),
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, &self.server) {
            (Some(program), Some(server)) => write!(f, "{program} and {server}"),
            (Some(program), None) => program.fmt(f),
            (None, Some(server)) => server.fmt(f),
            (None, None) => f.write_str("nobody"),
        }
    }
}

fn read_key(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(std::fs::File::open(path)?, LONGEST_KEY), &mut text)?;
    let key = text.trim();
    if key.len() < SHORTEST_KEY {
        return Err(io::Error::other(format!("it holds fewer than {SHORTEST_KEY} characters")));
    }
    Ok(key.as_bytes().to_vec())
}
