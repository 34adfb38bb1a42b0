use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    AtOnce, Field, Limits, PlainHead, Service,
    aside::Aside,
    form::Fields,
    forwarded,
    pages::{Language, Pages},
    reply::{self, Reply},
};
use crate::{
    click::{Answer, Asks, Barrier, Checking, Checkpoint, Fate, Form, Hints, Page, Spot, Word},
    sources::Findings,
};

const ROBOTS: &str = "User-agent: *\nDisallow: /\n";
const MARK: &str = include_str!("../../templates/mark.svg");
/// Where a browser says that it fetches ahead: today's name, and those before it.
static PURPOSE: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];
/// The same in a plain head.
const PLAIN_PURPOSE: [Field; 4] = [Field::SecPurpose, Field::Purpose, Field::XPurpose, Field::XMoz];
static FETCHED_AS: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// Reports written at one time; whoever comes on top is told to try elsewhere.
const FILING_MAX: usize = 8;
/// Links under a compromised key looked up at one time; those on top stay shut. Whoever has the key can ask as often as
/// they like.
const ASKING_MAX: usize = 32;
/// How often a click asks sources: about the URL, and about where it leads.
const ASKED_MAX: usize = 2;
/// How long a page that waits stays before it asks again, in seconds. Sources are waited for in between, too.
const AGAIN_AFTER: u32 = 1;
const READ: &str = "GET, HEAD";
const READ_OR_GO_ON: &str = "GET, HEAD, POST";

/// What people who click meet: links, previews, and the few files beside them.
pub struct Front {
    checkpoint: Arc<Checkpoint>,
    pages: Arc<Pages>,
    limits: Limits,
    security_txt: Option<Bytes>,
    filing: Aside,
    asking: Aside,
}

impl Front {
    /// A front for `checkpoint`. `security_txt`: what `/.well-known/security.txt` says (RFC 9116), if anything.
    pub fn new(checkpoint: Arc<Checkpoint>, pages: Arc<Pages>, limits: Limits, security_txt: Option<String>) -> Self {
        let (filing, asking) = (Aside::new(FILING_MAX), Aside::new(ASKING_MAX));
        let security_txt = security_txt.map(Bytes::from);
        Self { checkpoint, pages, limits, security_txt, filing, asking }
    }

    async fn respond(&self, request: Request<Incoming>, peer: IpAddr) -> Reply {
        let (head, body) = request.into_parts();
        // Redirects speak no language, and most answers are redirects.
        let language = || Language::negotiate(text(&head.headers, header::ACCEPT_LANGUAGE));
        let spot = self.spot(&head);
        let prefix = spot.as_ref().map_or("", |spot| spot.prefix());
        // What is rare is boxed: a future is moved, and this one has to be small.
        let answered = match spot {
            Err(status) => Err(status),
            Ok(spot) if head.method == Method::POST && reported(spot).is_some() => {
                Box::pin(self.file_report(&head, body, spot, peer)).await
            }
            Ok(spot) if head.method == Method::POST && !ours(spot) => {
                Box::pin(self.go_on(&head, body, spot, peer)).await
            }
            Ok(spot) => self.read(&head, spot, peer).await,
        };
        match answered {
            Ok(Told::Reply(reply)) => reply,
            Ok(Told::Answer(answer)) => self.reply(answer, &head.method, prefix, language),
            Err(refusal) => self.refuse(refusal, language()),
        }
    }

    /// Where the request came in. A host that is not ours is refused before anything is looked at.
    fn spot<'a>(&'a self, head: &'a Parts) -> Result<Spot<'a>, Refusal> {
        let host = host(head).ok_or(Refusal::of(StatusCode::BAD_REQUEST))?;
        let path = head.uri.path();
        let spot = self.checkpoint.spot(host, path.as_bytes());
        let spot = spot.ok_or(Refusal::of(StatusCode::MISDIRECTED_REQUEST))?;
        if head.uri.path_and_query().map_or(0, |target| target.as_str().len()) > self.limits.target_bytes {
            return Err(Refusal::of(StatusCode::URI_TOO_LONG));
        }
        Ok(spot)
    }

    async fn read(&self, head: &Parts, spot: Spot<'_>, peer: IpAddr) -> Result<Told, Refusal> {
        if !reply::reads(&head.method) {
            return Err(Refusal::method(if ours(spot) { READ } else { READ_OR_GO_ON }));
        }
        if let Some(file) = self.file(head.uri.path()) {
            return Ok(Told::Reply(file));
        }
        let path = spot.path();
        if let Some(link) = path.strip_prefix(b"/~/preview").filter(|link| link.starts_with(b"/")) {
            let request = self.click(head, spot.at(link), peer);
            return Ok(self.settle(request, |request| self.checkpoint.preview(request)).await);
        }
        if let Some(logo) = path.strip_prefix(b"/~/logo/").and_then(|name| self.checkpoint.logo(spot, name)) {
            return Ok(Told::Reply(reply::picture(logo.media_type(), logo.bytes().to_vec())));
        }
        if path == b"/~/left" {
            return Ok(Told::Answer(self.checkpoint.left(spot)));
        }
        if ours(spot) || path == b"/" {
            return Err(Refusal::of(StatusCode::NOT_FOUND));
        }
        let query = Fields::read(head.uri.query().unwrap_or_default().as_bytes());
        let request = crate::click::Request { again: query.get("again"), ..self.click(head, spot, peer) };
        Ok(self.settle(request, |request| self.checkpoint.open(request)).await)
    }

    /// `step` on a request, once more where the wrap log or the sources had to be asked. A log that takes longer than
    /// `limits.log_timeout` vouches for nothing.
    async fn settle(
        &self,
        mut request: crate::click::Request<'_>,
        step: impl Fn(&crate::click::Request<'_>) -> Answer,
    ) -> Told {
        let mut answer = step(&request);
        if let Answer::AskLog(link) = answer {
            let checkpoint = Arc::clone(&self.checkpoint);
            let asked = self.asking.run(self.limits.log_timeout, move || checkpoint.ask_log(&link));
            let asked = Box::pin(asked).await;
            request.word = asked.unwrap_or(Word::Unknown);
            answer = step(&request);
        }
        // Once about the URL, once about where that leads.
        let mut findings: Option<Findings> = None;
        for _ in 0..ASKED_MAX {
            let Answer::AskSources(questions) = answer else { break };
            let more = Box::pin(self.checkpoint.ask_sources(&questions)).await;
            let so_far = findings.take().unwrap_or_default();
            let all = findings.insert(so_far.and(more));
            answer = step(&crate::click::Request { findings: Some(all), ..request });
        }
        Told::Answer(answer)
    }

    fn file(&self, path: &str) -> Option<Reply> {
        match path {
            "/robots.txt" => Some(reply::file("text/plain; charset=utf-8", ROBOTS)),
            "/favicon.ico" => Some(reply::file("image/svg+xml", MARK)),
            "/.well-known/security.txt" => Some(reply::file("text/plain; charset=utf-8", self.security_txt.clone()?)),
            _ => None,
        }
    }

    async fn go_on(&self, head: &Parts, body: Incoming, spot: Spot<'_>, peer: IpAddr) -> Result<Told, Refusal> {
        let body = self.whole(body).await?;
        let fields = Fields::read(&body);
        let form = Form { nonce: fields.get("nonce"), reason: fields.get("reason") };
        let step = |request: &crate::click::Request<'_>| self.checkpoint.proceed(request, &form);
        Ok(self.settle(self.click(head, spot, peer), step).await)
    }

    /// Writes a report down on a thread where that may take its time. Whoever is thanked for one can count on it.
    async fn file_report(&self, head: &Parts, body: Incoming, spot: Spot<'_>, peer: IpAddr) -> Result<Told, Refusal> {
        let body = self.whole(body).await?;
        let fields = Fields::read(&body);
        let form = Form { nonce: fields.get("nonce"), reason: fields.get("report") };
        let request = self.click(head, spot.at(reported(spot).unwrap_or_default()), peer);
        let report = match self.checkpoint.report(&request, &form) {
            Ok(report) => report,
            Err(page) => return Ok(Told::Answer(Answer::Page(page))),
        };
        let (checkpoint, filed) = (Arc::clone(&self.checkpoint), report.clone());
        let fate = self.filing.run(self.limits.log_timeout, move || checkpoint.file(&filed)).await;
        let fate = fate.unwrap_or(Fate::Lost);
        Ok(Told::Answer(Answer::Page(self.checkpoint.reported(spot, &report, fate))))
    }

    /// All of a body, if it is neither too long nor too slow.
    async fn whole(&self, body: Incoming) -> Result<Bytes, Refusal> {
        let body = timeout(self.limits.body_timeout, Limited::new(body, self.limits.body_bytes).collect()).await;
        match body {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                Err(Refusal::of(StatusCode::PAYLOAD_TOO_LARGE))
            }
            Ok(Err(_)) => Err(Refusal::of(StatusCode::BAD_REQUEST)),
            Err(_) => Err(Refusal::of(StatusCode::REQUEST_TIMEOUT)),
        }
    }

    fn click<'a>(&self, head: &'a Parts, spot: Spot<'a>, peer: IpAddr) -> crate::click::Request<'a> {
        let headers = &head.headers;
        crate::click::Request {
            spot,
            asks: if head.method == Method::HEAD { Asks::Status } else { Asks::Whole },
            hints: Hints {
                user_agent: text(headers, header::USER_AGENT),
                purpose: PURPOSE.iter().find_map(|name| text(headers, name)),
                fetched_as: text(headers, &FETCHED_AS),
            },
            client: Some(forwarded::client(peer, &self.limits.trusted_proxies, self.limits.forwarded_header, headers)),
            word: Word::NotAsked,
            findings: None,
            again: None,
        }
    }

    /// The one place where answers become status codes and headers.
    fn reply(&self, answer: Answer, method: &Method, prefix: &str, language: impl FnOnce() -> Language) -> Reply {
        match answer {
            Answer::Redirect { location } => {
                // After a POST only 303 says "now GET that" (RFC 9110 section 15.4.4).
                let status = if *method == Method::POST { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
                reply::redirect(status, location).unwrap_or_else(reply::broken)
            }
            Answer::Page(page) => self.page(&page, prefix, language()),
            // Whatever is not a success is thrown away by a browser that fetches ahead, and the click comes by itself.
            Answer::NotAhead | Answer::AskLog(_) | Answer::AskSources(_) => {
                reply::empty(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }

    fn page(&self, page: &Page, prefix: &str, language: Language) -> Reply {
        let (status, forms) = match page {
            Page::Stop(stop) => match stop.barrier {
                Barrier::Notice(_) | Barrier::Warn(_) => (StatusCode::OK, Forms::LeadOn),
                Barrier::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, Forms::LeadOn),
                Barrier::Checking(_) => (StatusCode::OK, Forms::LeadOn),
                _ => (StatusCode::FORBIDDEN, Forms::Stay),
            },
            Page::Damaged(_) => (StatusCode::NOT_FOUND, Forms::Stay),
            Page::Preview(_) | Page::Left(_) => (StatusCode::OK, Forms::None),
            Page::Reported(reported) => match reported.fate {
                Fate::Kept { .. } | Fate::Known => (StatusCode::OK, Forms::None),
                Fate::TooOld => (StatusCode::FORBIDDEN, Forms::None),
                Fate::Lost => (StatusCode::SERVICE_UNAVAILABLE, Forms::None),
            },
        };
        let policy = forms.policy(&self.pages.style_hashes(page));
        let mut reply = self.html(status, self.pages.render_at(page, prefix, language), language, policy);
        if status == StatusCode::TOO_MANY_REQUESTS {
            // A minute is what openings are counted by.
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if let Page::Stop(stop) = page
            && let Barrier::Checking(Checking { again, .. }) = &stop.barrier
        {
            reply::ask_again(&mut reply, AGAIN_AFTER, again);
        }
        reply
    }

    fn refuse(&self, refusal: Refusal, language: Language) -> Reply {
        let html = self.pages.render_error(refusal.status.as_u16(), language);
        let mut reply = self.html(refusal.status, html, language, Forms::None.policy(self.pages.style_hash()));
        if let Some(methods) = refusal.allow {
            reply::allow(&mut reply, methods);
        }
        if refusal.status == StatusCode::BAD_REQUEST {
            // Who sends what cannot be understood is not listened to any further (attack row 152).
            reply::last(&mut reply);
        }
        reply
    }

    fn html(
        &self,
        status: StatusCode,
        html: Result<String, minijinja::Error>,
        language: Language,
        policy: HeaderValue,
    ) -> Reply {
        match html {
            Ok(html) => reply::page(status, html, language.tag(), policy),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                reply::broken()
            }
        }
    }
}

impl Service for Front {
    const AT_ONCE: bool = true;

    fn at_once(&self, head: &PlainHead<'_>, client: IpAddr) -> Option<AtOnce> {
        let path = head.path();
        let spot = self.checkpoint.spot(head.host(), path.as_bytes())?;
        if path.len() > self.limits.target_bytes || ours(spot) || spot.path() == b"/" {
            return None;
        }
        let request = crate::click::Request {
            spot,
            asks: Asks::Whole,
            hints: Hints {
                user_agent: head.text(Field::UserAgent),
                purpose: PLAIN_PURPOSE.into_iter().find_map(|field| head.text(field)),
                fetched_as: head.text(Field::SecFetchDest),
            },
            client: Some(client.to_canonical()),
            word: Word::NotAsked,
            findings: None,
            again: None,
        };
        match self.checkpoint.open(&request) {
            // Somebody has to be asked, and that is waited for.
            Answer::AskLog(_) | Answer::AskSources(_) => None,
            Answer::Redirect { location } => Some(AtOnce::Redirect(location)),
            answer => {
                let language = || Language::negotiate(head.text(Field::AcceptLanguage));
                Some(AtOnce::Reply(self.reply(answer, &Method::GET, spot.prefix(), language)))
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Reply {
        self.respond(request, peer).await
    }
}

/// What the forms of a page may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    /// There is none.
    None,
    /// They stay on our host.
    Stay,
    /// One leads on. Chromium holds every redirect that follows a form to `form-action`, those of the destination itself
    /// included: 'self' would leave the button dead, and the destination's origin would where it redirects further.
    LeadOn,
}

impl Forms {
    /// The Content-Security-Policy of a page with these style sheets.
    fn policy(self, styles: &str) -> HeaderValue {
        let forms = match self {
            Self::None => "'none'",
            Self::Stay => "'self'",
            Self::LeadOn => "'self' https: http:",
        };
        let policy = format!(
            "default-src 'none'; style-src {styles}; img-src 'self'; form-action {forms}; frame-ancestors 'none'; \
             base-uri 'none'"
        );
        HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    }
}

/// What was made of a request.
enum Told {
    Answer(Answer),
    Reply(Reply),
}

/// Why a request is not taken.
struct Refusal {
    status: StatusCode,
    allow: Option<&'static str>,
}

impl Refusal {
    fn of(status: StatusCode) -> Self {
        Self { status, allow: None }
    }

    fn method(allow: &'static str) -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, allow: Some(allow) }
    }
}

/// The path of the link that is reported here; empty for one that was damaged.
fn reported(spot: Spot<'_>) -> Option<&[u8]> {
    spot.path().strip_prefix(b"/~/report").filter(|link| link.is_empty() || link.starts_with(b"/"))
}

/// Whether this is a place that is never a link.
fn ours(spot: Spot<'_>) -> bool {
    crate::link::is_reserved(spot.path())
}

/// The host that was asked, if it was asked for once and only once: in the target, which then counts (RFC 9112 section
/// 3.2.2), or in `Host`. hyper lets a request without one through. In HTTP/2 the two have to agree (RFC 9113 section
/// 8.3.1).
fn host(head: &Parts) -> Option<&str> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (host, none) = (hosts.next(), hosts.next());
    if none.is_some() {
        return None;
    }
    match head.uri.authority() {
        Some(authority) if head.version == Version::HTTP_2 && host.is_some_and(|host| host != authority.as_str()) => {
            None
        }
        Some(authority) => Some(authority.as_str()),
        None => host?.to_str().ok().filter(|host| !host.is_empty()),
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}
