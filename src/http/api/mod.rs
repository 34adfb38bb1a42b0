//! The API for programs that have no pipe and no milter: messages in, messages out, over HTTP.
//!
//! Promises that an answer of 200 means that the wrap log holds every link of the message; that whatever is wrong on our
//! side is a 503 with `Retry-After`, for which the caller keeps its message; that no more messages are worked on at one
//! time than was set, and the others wait for a while and are then told to come again. Refuses everything without a
//! token, and everything that its token is not good for. docs/openapi.json is the contract, made by `describe`.

mod describe;
mod grant;
mod problem;

use std::{net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    Service,
    reply::{self, Reply},
};
use crate::{
    base::{TenantId, Timestamp},
    click::Decoded,
    rewrite::{Report, Rewritten},
};
pub use describe::describe;
use describe::{OPERATIONS, Operation};
pub use grant::{Grant, Grants, GrantsError, Scope, TokenHash, token};
use problem::Problem;

/// Links in one question.
const LINKS_MAX: usize = 1000;
/// Bytes of a question in JSON: so many links at their longest.
const JSON_MAX: usize = 32 << 20;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to come again, in seconds: soon, where others are before; later, where something has to be mended.
const SOON: u16 = 2;
const MENDED: u16 = 60;

/// What stands behind the API. Its methods may take their time.
pub trait Clerk: Send + Sync + 'static {
    /// The tokens that count now. Error: the file cannot be read; nobody is let in then.
    fn grants(&self) -> Result<Arc<Grants>, String>;

    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Signs the links of a message.
    fn rewrite(&self, order: &Order<'_>) -> Result<Rewritten, Trouble>;

    /// Puts original links back: those of `tenant`, or of all.
    fn restore(&self, message: &[u8], tenant: Option<TenantId>) -> Result<Vec<u8>, Trouble>;

    /// Reads a link.
    fn decode(&self, link: &[u8]) -> Decoded;
}

/// A message and what its transport knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Whose links it gets; none where the only tenant is meant.
    pub tenant: Option<TenantId>,
    /// The message.
    pub message: &'a [u8],
    /// The one recipient of this copy.
    pub recipient: Option<&'a str>,
    /// The sender of the envelope.
    pub sender: Option<&'a str>,
}

/// Why a clerk did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The request is wrong.
    #[error("{0}")]
    Wrong(String),
    /// The message is, and stays so.
    #[error("{0}")]
    Message(String),
    /// Something on our side is wrong, for now.
    #[error("{0}")]
    Ours(String),
}

/// Caps of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of a message.
    pub message: usize,
    /// Requests that are worked on at one time.
    pub at_once: usize,
    /// How long a body may take to come.
    pub body: Duration,
}

/// Answers programs.
pub struct Api<C> {
    clerk: Arc<C>,
    caps: Caps,
    turns: Arc<Semaphore>,
    document: Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Links {
    links: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DecodedLinks {
    links: Vec<Decoded>,
}

#[derive(Debug, Serialize)]
struct Whole<'a> {
    message: String,
    report: &'a Report,
}

/// What the address of a request says beside its path.
#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    tenant: Option<TenantId>,
    recipient: Option<String>,
    sender: Option<String>,
}

impl<C: Clerk> Api<C> {
    /// An API that `clerk` works for.
    pub fn new(clerk: Arc<C>, caps: Caps) -> Self {
        let document = Bytes::from(describe());
        Self { clerk, caps, turns: Arc::new(Semaphore::new(caps.at_once)), document }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Reply, Problem> {
        let (head, body) = request.into_parts();
        match head.uri.path() {
            "/healthz" if reply::reads(&head.method) => {
                return Ok(reply::told(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"));
            }
            "/v1/openapi.json" if reply::reads(&head.method) => {
                return Ok(reply::told(StatusCode::OK, "application/json", self.document.clone()));
            }
            _ => {}
        }
        let operation = OPERATIONS.iter().find(|operation| operation.path == head.uri.path());
        let operation = operation.ok_or_else(|| {
            Problem::new(StatusCode::NOT_FOUND, "there is no such operation; GET /v1/openapi.json tells what there is")
        })?;
        let grant = self.grant(&head.headers, operation.scope).await?;
        if head.method != Method::POST {
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} takes POST", operation.path)));
        }
        let query = Query::read(head.uri.query().unwrap_or_default(), operation)?;
        let tenant = of_grant(&grant, query.tenant)?;
        operation.takes(&head.headers)?;
        // Before the body: what waits has sent nothing yet, and takes no room.
        let turn = self.turn().await?;
        let most = if operation.media == describe::JSON { JSON_MAX } else { self.caps.message };
        let body = self.whole(body, most).await?;
        match operation.scope {
            Scope::Rewrite => self.rewrite(&head, body, Query { tenant, ..query }, turn).await,
            Scope::Restore => {
                let restored = self.work(turn, move |clerk| clerk.restore(&body, tenant)).await?;
                Ok(reply::told(StatusCode::OK, describe::MESSAGE, restored))
            }
            Scope::Decode => self.decode(&body, turn).await,
        }
    }

    /// What the token of the request is good for, if that is `scope`.
    async fn grant(&self, headers: &HeaderMap, scope: Scope) -> Result<Grant, Problem> {
        let no = |what: &str| Problem::new(StatusCode::UNAUTHORIZED, what);
        let token = bearer(headers).ok_or_else(|| no("a token is needed: Authorization: Bearer sekisho_..."))?;
        let clerk = Arc::clone(&self.clerk);
        let grants = spawn_blocking(move || clerk.grants()).await;
        let grants = grants.unwrap_or_else(|_| Err("the tokens cannot be read".into())).map_err(|error| {
            tracing::error!("nobody is let in: {error}");
            Problem::later("the tokens cannot be read at this time; the log of the service says why", MENDED)
        })?;
        let now = self.clerk.now();
        let grant = grants.of(token, now).ok_or_else(|| no("this token does not count (any more)"))?;
        if !grant.scopes.contains(&scope) {
            let what = format!("the token {:?} is not good for {scope}", grant.name);
            return Err(Problem::new(StatusCode::FORBIDDEN, what));
        }
        Ok(grant.clone())
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            let what = format!("{} requests are being worked on and others wait; come again", self.caps.at_once);
            Problem::later(what, SOON)
        })
    }

    async fn whole(&self, body: Incoming, most: usize) -> Result<Bytes, Problem> {
        match timeout(self.caps.body, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let what = format!("more than {most} bytes; limits.message_megabytes says how large a message may be");
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what))
            }
            Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off")),
            Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        }
    }

    /// Lets the clerk do `work` on a thread that may wait. It ends also when whoever asked went away, and the turn with it.
    async fn work<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        work: impl FnOnce(&C) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Problem> {
        let clerk = Arc::clone(&self.clerk);
        let done = spawn_blocking(move || {
            let _turn = turn;
            work(&clerk)
        });
        match done.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Trouble::Wrong(what))) => Err(Problem::new(StatusCode::BAD_REQUEST, what)),
            Ok(Err(Trouble::Message(what))) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what)),
            Ok(Err(Trouble::Ours(what))) => {
                tracing::error!("a request of the API was put off: {what}");
                Err(Problem::later("not at this time; the log of the service says why", MENDED))
            }
            // It told of its panic already. Whoever sent a message keeps it.
            Err(_) => Err(Problem::later("a fault of Sekisho itself; the log of the service says where", MENDED)),
        }
    }

    async fn rewrite(
        &self,
        head: &Parts,
        body: Bytes,
        query: Query,
        turn: OwnedSemaphorePermit,
    ) -> Result<Reply, Problem> {
        let done = self.work(turn, move |clerk| {
            let Query { tenant, recipient, sender } = &query;
            clerk.rewrite(&Order {
                tenant: *tenant,
                message: &body,
                recipient: recipient.as_deref(),
                sender: sender.as_deref(),
            })
        });
        let Rewritten { message, report, .. } = done.await?;
        if !wants_json(&head.headers) {
            return Ok(reply::told(StatusCode::OK, describe::MESSAGE, message));
        }
        json(&Whole { message: STANDARD.encode(&message), report: &report })
    }

    async fn decode(&self, body: &[u8], turn: OwnedSemaphorePermit) -> Result<Reply, Problem> {
        let wrong = |what: String| Problem::new(StatusCode::BAD_REQUEST, what);
        let Links { links } = serde_json::from_slice(body)
            .map_err(|error| wrong(format!("not {{\"links\": [\"...\"]}} in JSON: {error}")))?;
        if links.len() > LINKS_MAX {
            return Err(wrong(format!("{} links; ask for at most {LINKS_MAX} at a time", links.len())));
        }
        let decoded = self.work(turn, move |clerk| {
            Ok(links.iter().map(|link| clerk.decode(link.trim().as_bytes())).collect::<Vec<_>>())
        });
        json(&DecodedLinks { links: decoded.await? })
    }
}

impl<C: Clerk> Service for Api<C> {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Reply {
        // Boxed, for it is large and moved.
        match Box::pin(self.respond(request)).await {
            Ok(reply) => reply,
            Err(problem) => {
                let is_method = problem.status == StatusCode::METHOD_NOT_ALLOWED;
                let mut reply = problem.reply();
                if is_method {
                    reply::allow(&mut reply, "POST");
                }
                reply
            }
        }
    }
}

impl Operation {
    /// Whether the body says that it is what this operation takes.
    fn takes(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = said.split(';').next().unwrap_or_default().trim();
        let same = essence.eq_ignore_ascii_case(self.media)
            || self.media == describe::MESSAGE && essence.eq_ignore_ascii_case("message/global");
        if same {
            return Ok(());
        }
        let what = format!("{} takes Content-Type: {}, and not {said:?}", self.path, self.media);
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what))
    }
}

impl Query {
    fn read(query: &str, operation: &Operation) -> Result<Self, Problem> {
        let mut read = Self::default();
        let wrong = |what: String| Problem::new(StatusCode::BAD_REQUEST, what);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !operation.query.contains(&name.as_ref()) {
                let known = operation.query.join(", ");
                return Err(wrong(format!("{} knows no {name:?}, only: {known}", operation.path)));
            }
            match name.as_ref() {
                "tenant" => {
                    let id = value.parse().map_err(|_| wrong(format!("tenant={value} is no number of a tenant")))?;
                    read.tenant = Some(TenantId(id));
                }
                "recipient" => read.recipient = Some(value.into_owned()),
                _ => read.sender = Some(value.into_owned()),
            }
        }
        Ok(read)
    }
}

/// The tenant that is meant: a token that is good for one means that one.
fn of_grant(grant: &Grant, asked: Option<TenantId>) -> Result<Option<TenantId>, Problem> {
    match (grant.tenant, asked) {
        (Some(own), Some(asked)) if own != asked => {
            let what = format!("the token {:?} is good for tenant {own} alone", grant.name);
            Err(Problem::new(StatusCode::FORBIDDEN, what))
        }
        (own, asked) => Ok(own.or(asked)),
    }
}

/// The token that a request shows (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|media| media.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(describe::JSON)))
}

fn json(value: &impl Serialize) -> Result<Reply, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| Problem::later(error.to_string(), MENDED))?;
    Ok(reply::told(StatusCode::OK, describe::JSON, text))
}
