use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use ipnet::IpNet;
use mail_auth::MessageAuthenticator;
use tokio::{runtime::Runtime, time::Instant};

use super::{
    checks::{Asker, From, ascii},
    client::{Client, entry},
    dns::resolver,
    field::{NAME, ResultsField},
    forged::{believed, without_forged},
    key::KeyError,
    mail::Mail,
    received::path,
    seal::{SealSettings, Sealer},
};
use crate::{
    base::Timestamp,
    judge::{Authentication, Check, Method, Proof},
};

/// Characters of a value that are kept, and values of a check.
const LONGEST: usize = 255;
const ABOUT: usize = 12;

/// How messages are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// In whose name we speak (authserv-id).
    pub name: String,
    /// Names of programs before us that are believed.
    pub trusted: Vec<String>,
    /// DNS servers; none: those of the system.
    pub resolvers: Vec<SocketAddr>,
    /// How long all of it may take.
    pub deadline: Duration,
    /// Hosts of ours that messages come by.
    pub relays: Vec<IpNet>,
    /// In whose name messages are sealed; none: they are not.
    pub seal: Option<SealSettings>,
}

/// Why messages cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No servers to ask.
    #[error("cannot ask by DNS: {0}; name the servers with authentication.resolvers, such as [\"127.0.0.1:53\"]")]
    Resolver(String),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system.
    #[error("cannot start what asks by DNS: {0}")]
    Runtime(std::io::Error),
}

/// What was found of a message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// For people, policies and the log.
    pub authentication: Authentication,
    /// What was found of its seals.
    seals: Proof,
}

/// Looks at messages, and speaks for them.
pub struct Authenticator {
    settings: Settings,
    dns: MessageAuthenticator,
    /// Its own, for those who call it wait on a thread of theirs; none only while it is dropped.
    runtime: Option<Runtime>,
    sealer: Option<Sealer>,
}

impl Authenticator {
    /// Reads the key and starts a thread for answers.
    pub fn open(settings: Settings) -> Result<Self, AuthError> {
        let sealer = settings.seal.as_ref().map(Sealer::open).transpose()?;
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("auth").enable_all();
        let runtime = builder.build().map_err(AuthError::Runtime)?;
        let guard = runtime.enter();
        let dns = resolver(&settings.resolvers, settings.deadline);
        drop(guard);
        let dns = dns.map_err(|error| AuthError::Resolver(error.to_string()))?;
        Ok(Self { settings, dns, runtime: Some(runtime), sealer })
    }

    /// How it was opened.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Looks at a message with every byte as it came. It blocks for no longer than the deadline, and must not be called
    /// where others wait for the thread.
    pub fn look(&self, raw: &[u8], client: &Client<'_>) -> Seen {
        let mail = Mail::of(raw);
        let before = believed(&mail, &self.settings.trusted);
        let looked = catch_unwind(AssertUnwindSafe(|| self.checks(&mail, client, before.as_ref())));
        let (checks, wish) = looked.unwrap_or_else(|_| {
            tracing::error!("looking at who sent a message met a fault; please report what the log shows before this");
            let lost = |method: &Method| Check {
                method: *method,
                proof: Proof::TempError,
                about: Vec::new(),
                reason: Some("a fault of the program".into()),
            };
            (Method::ALL.iter().map(lost).collect(), None)
        });
        let seals = checks.iter().find(|check| check.method == Method::Arc).map_or(Proof::None, |check| check.proof);
        let by = before.map(|field| field.name);
        let checks = checks.into_iter().map(short).collect();
        Seen { authentication: Authentication { by, checks, wish, path: path(raw) }, seals }
    }

    fn checks(
        &self,
        mail: &Mail<'_>,
        client: &Client<'_>,
        before: Option<&ResultsField>,
    ) -> (Vec<Check>, Option<crate::judge::Wish>) {
        let Some(runtime) = &self.runtime else { return (Vec::new(), None) };
        let end = Instant::now() + self.settings.deadline;
        let asker = Asker { dns: &self.dns, end };
        if let Some(field) = before {
            let mut checks = field.checks.clone();
            // Seals are looked at by us where he before us does not say: ours has to tell.
            if !checks.iter().any(|check| check.method == Method::Arc) {
                checks.push(runtime.block_on(asker.seals(mail)));
            }
            return (checks, field.wish);
        }
        let (address, helo) = entry(mail, client, &self.settings.relays);
        let sender = match client.sender.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", ascii(domain)),
            None => client.sender.to_owned(),
        };
        let from = From { address, helo: &ascii(&helo), sender: &sender, host: &self.settings.name };
        runtime.block_on(asker.all(mail, &from))
    }

    /// The message as it goes, without what others wrote in our name, and the fields that go before it, the uppermost first.
    ///
    /// `raw` is what became of the message, to the last byte but for fields above it. A key that does not sign is told, and
    /// the message goes on without a seal: there is nothing in it that is not true.
    pub fn speak(&self, seen: &Seen, raw: Vec<u8>, now: Timestamp) -> (Vec<u8>, Vec<(String, String)>) {
        let Settings { name, trusted, .. } = &self.settings;
        let is_trusted = trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(name));
        let raw = if is_trusted { raw } else { without_forged(&raw, name).into_owned() };
        let Authentication { checks, wish, by, .. } = &seen.authentication;
        let field = ResultsField { name: name.clone(), checks: checks.clone(), wish: *wish };
        let value = field.value();
        let sealed = self.sealer.as_ref().map(|sealer| sealer.seal(&raw, &value, seen.seals, now));
        let mut top = match sealed {
            Some(Ok(Some(set))) => set,
            Some(Err(why)) => {
                tracing::error!("a message goes on without a seal: {why} (authentication.seal_key)");
                Vec::new()
            }
            Some(Ok(None)) | None => Vec::new(),
        };
        // He before us has said it.
        if by.is_none() {
            top.push((NAME.to_owned(), value));
        }
        (raw, top)
    }
}

/// What strangers wrote has an end.
fn short(mut check: Check) -> Check {
    let cut = |text: &mut String| *text = text.chars().take(LONGEST).collect();
    check.about.truncate(ABOUT);
    check.about.iter_mut().for_each(|(name, value)| {
        cut(name);
        cut(value);
    });
    check.reason.iter_mut().for_each(cut);
    check
}

impl Drop for Authenticator {
    fn drop(&mut self) {
        // Wherever this is: to wait for its thread is forbidden where others are waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("settings", &self.settings).finish_non_exhaustive()
    }
}
