//! The inbox, and the places that the letters' links lead to: one listener, told apart by the host that is asked for.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use minijinja::{Value, context};

use super::{
    Places,
    pages::{Pages, STYLE},
    shown::{self, Head, Side},
};
use crate::{
    base::ClickId,
    http::{Service, pages::Language},
    judge::{ClickEvent, Outcome},
    rewrite::{Done, ReportedLink, Rewritten},
    store::{ClickFilter, Reveal, Store, explain},
};

/// A page that pretends to be another's.
const SIGN_IN: &str = include_str!("signin.html");
/// How many clicks the inbox shows.
const CLICKS: usize = 20;
/// A letter is shown without scripts and loads nothing from elsewhere; its links open beside it.
const LETTER_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; \
                             style-src 'unsafe-inline'";
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'";

/// A letter as it came in and as it is delivered.
pub(super) struct Delivered {
    name: &'static str,
    head: Head,
    before: Vec<u8>,
    after: Rewritten,
}

/// Answers for the inbox and for every destination.
pub(super) struct Site {
    pub(super) places: Places,
    pub(super) links: String,
    pub(super) delivered: Vec<Delivered>,
    pub(super) store: Store,
    pub(super) pages: Pages,
    pub(super) commands: Vec<String>,
}

type Reply = Response<Full<Bytes>>;

impl Delivered {
    pub(super) fn new(name: &'static str, before: Vec<u8>, after: Rewritten) -> Self {
        Self { name, head: shown::head(&before), before, after }
    }

    fn message(&self, side: Side) -> &[u8] {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after.message,
        }
    }

    fn document(&self, side: Side) -> String {
        let links = &self.after.report.links;
        let links: Vec<&str> = match side {
            Side::Before => links.iter().map(|link| link.original.as_str()).collect(),
            Side::After => links.iter().filter_map(|link| link.link.as_deref()).collect(),
        };
        shown::document(self.message(side), &links)
    }

    fn value(&self) -> Value {
        context! { name => self.name, subject => self.head.subject.as_str(), from => self.head.from.as_str() }
    }

    fn side(&self, name: &str, side: Side) -> Value {
        let source: Vec<Value> = shown::source(self.message(side), &self.after.report, side)
            .into_iter()
            .map(|run| context! { text => run.text, changed => run.changed })
            .collect();
        context! { name, source }
    }
}

impl Service for Site {
    async fn answer(&self, request: Request<Incoming>, _peer: IpAddr) -> Reply {
        let headers = request.headers();
        let host = text(headers, header::HOST).unwrap_or_default();
        let language = Language::negotiate(text(headers, header::ACCEPT_LANGUAGE));
        let path = request.uri().path();
        match path {
            "/assets/demo.css" => file("text/css; charset=utf-8", STYLE.as_bytes().to_vec()),
            "/favicon.ico" => file("image/svg+xml", include_bytes!("../../templates/mark.svg").to_vec()),
            _ if host == self.places.site => self.inbox(path, language),
            // What nobody has on a list yet: one address that leads to another, which asks for a password.
            _ if host == format!("files.{}", self.places.site) => self.leads_on(),
            "/office" if host == format!("office-share.{}", self.places.site) => {
                guarded("text/html; charset=utf-8", SIGN_IN.as_bytes().to_vec(), LETTER_POLICY)
            }
            _ => {
                let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
                self.arrived(host, target, text(headers, header::REFERER), language)
            }
        }
    }
}

impl Site {
    fn inbox(&self, path: &str, language: Language) -> Reply {
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        let letter = |name: &str| self.delivered.iter().find(|letter| letter.name == name);
        let found = match steps.as_slice() {
            [""] => Some(self.overview(language)),
            ["letter", name] => letter(name).map(|letter| self.letter(letter, language)),
            ["letter", name, "before"] => letter(name).map(|letter| document(letter, Side::Before)),
            ["letter", name, "after"] => letter(name).map(|letter| document(letter, Side::After)),
            ["letter", name, "before.eml"] => letter(name).map(|letter| message(letter, Side::Before)),
            ["letter", name, "after.eml"] => letter(name).map(|letter| message(letter, Side::After)),
            ["explain", reference] => reference.parse().ok().and_then(|id| self.explanation(id, language)),
            _ => None,
        };
        found.unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "There is nothing at this address.\n"))
    }

    fn overview(&self, language: Language) -> Reply {
        let letters: Vec<Value> = self.delivered.iter().map(Delivered::value).collect();
        let filter = ClickFilter { limit: CLICKS, ..ClickFilter::default() };
        // The clicker reads the log: nothing of a made-up letter has to be hidden.
        let clicks = self.store.clicks(&filter, Reveal::Whole).unwrap_or_else(|error| {
            tracing::warn!(%error, "the click log cannot be read");
            Vec::new()
        });
        let clicks: Vec<Value> = clicks.iter().map(click).collect();
        self.page("demo/inbox.html", context! { letters, clicks, commands => self.commands.clone() }, language)
    }

    fn letter(&self, letter: &Delivered, language: Language) -> Reply {
        let links: Vec<Value> = letter.after.report.links.iter().map(link).collect();
        let first = letter.after.report.links.iter().find(|link| link.done == Done::Wrapped);
        let tampered = first.and_then(|link| link.link.as_deref()).map(tampered);
        let sides = [letter.side("before", Side::Before), letter.side("after", Side::After)];
        let values = context! { letter => letter.value(), sides, links, tampered };
        self.page("demo/letter.html", values, language)
    }

    fn explanation(&self, id: ClickId, language: Language) -> Option<Reply> {
        let events = self.store.click(id, Reveal::Whole).ok()?;
        let message = events.iter().find_map(|event| event.message);
        let wraps = message.and_then(|message| self.store.wraps_of(message, Reveal::Whole).ok()).unwrap_or_default();
        let lines = explain(&events, &wraps, None, &[])?.lines;
        Some(self.page("demo/explain.html", context! { reference => id.to_string(), lines }, language))
    }

    fn leads_on(&self) -> Reply {
        let target = format!("http://office-share.{}/office", self.places.site);
        let mut reply = plain(StatusCode::FOUND, "");
        if let Ok(target) = http::HeaderValue::try_from(target) {
            reply.headers_mut().insert(header::LOCATION, target);
        }
        reply
    }

    fn arrived(&self, host: &str, target: &str, referer: Option<&str>, language: Language) -> Reply {
        let values = context! {
            host, target => format!("http://{host}{target}"), referer => referer.unwrap_or_default(),
            home => self.places.inbox(),
        };
        self.page("demo/arrived.html", values, language)
    }

    fn page(&self, name: &str, values: Value, language: Language) -> Reply {
        match self.pages.render(name, values, language) {
            Ok(html) => guarded("text/html; charset=utf-8", html.into_bytes(), PAGE_POLICY),
            Err(error) => {
                tracing::error!(%error, links = self.links, "a page of the demonstration is broken");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "This page is broken; the log says why.\n")
            }
        }
    }
}

fn click(event: &ClickEvent) -> Value {
    let state = match event.outcome {
        Outcome::Allowed | Outcome::AllowedByAdmin | Outcome::WarnedProceeded | Outcome::PendingBypassed => "passed",
        Outcome::Noticed | Outcome::Warned | Outcome::RateLimited | Outcome::Pending | Outcome::ErrorFailedOpen => {
            "asked"
        }
        Outcome::Blocked
        | Outcome::BlockedByAdmin
        | Outcome::BadSignature
        | Outcome::Revoked
        | Outcome::ErrorFailedClosed => "stopped",
    };
    context! {
        state, outcome => event.outcome.as_str(), url => event.url.as_deref().unwrap_or("–"),
        why => event.why.as_deref().unwrap_or_default(), reference => event.click_id.to_string(),
    }
}

fn link(link: &ReportedLink) -> Value {
    let done = match &link.done {
        Done::Wrapped => "wrapped".to_owned(),
        Done::AlreadyOurs => "already ours".to_owned(),
        Done::Restored => "restored".to_owned(),
        Done::Left { rule } => format!("left: {}", word(rule)),
        Done::Defanged { reason } => format!("defanged: {}", word(reason)),
    };
    let ours = link.link.as_deref().filter(|_| link.id.is_some());
    let short = ours.map(|link| link.get(..64).map_or_else(|| link.to_owned(), |start| format!("{start}…")));
    context! { done, original => link.original.as_str(), link => ours, short }
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(|word| word.replace('_', " ")))
        .unwrap_or_default()
}

/// The link with one character of its token changed.
fn tampered(link: &str) -> String {
    let at = link.len() - 12;
    let other = if link[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &link[..at], &link[at + 1..])
}

fn document(letter: &Delivered, side: Side) -> Reply {
    guarded("text/html; charset=utf-8", letter.document(side).into_bytes(), LETTER_POLICY)
}

fn message(letter: &Delivered, side: Side) -> Reply {
    file("message/rfc822", letter.message(side).to_vec())
}

fn guarded(media_type: &'static str, body: Vec<u8>, policy: &'static str) -> Reply {
    with(file(media_type, body), header::CONTENT_SECURITY_POLICY, policy)
}

fn plain(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = file("text/plain; charset=utf-8", text.as_bytes().to_vec());
    *reply.status_mut() = status;
    reply
}

fn file(media_type: &'static str, body: Vec<u8>) -> Reply {
    let reply = with(Response::new(Full::new(Bytes::from(body))), header::CONTENT_TYPE, media_type);
    with(with(reply, header::CACHE_CONTROL, "no-store"), header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

fn with(mut reply: Reply, name: HeaderName, value: &'static str) -> Reply {
    reply.headers_mut().insert(name, http::HeaderValue::from_static(value));
    reply
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
