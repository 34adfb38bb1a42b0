//! What is changed on the admin listener, by forms and by JSON.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};

use super::{
    Change, Changed, FeedChange, FeedChanged, Found, House, NewEntry, NoChange, OldEntry, json, language,
    pass::{Barred, is_cross_site},
    reading::Trouble,
    reply::{self, Reply},
};
use crate::http::{form::Fields, pages::Language};

/// Bytes of a request that changes something, at most: a URL, a reason, a reference.
const BODY_BYTES: usize = 64 * 1024;
/// How long it may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// What came of what somebody asked for on a page.
pub(super) enum Done {
    /// Nothing was asked for.
    Nothing,
    /// Shown, and not written.
    Preview(Box<NewEntry>, Changed),
    /// Written, or there already.
    Changed(Changed),
    /// A feed was changed.
    Feed(FeedChanged),
    /// It was not done.
    Not(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    list: String,
    entry: String,
    until: String,
}

impl House {
    /// Whether something is changed by a POST to `path`.
    pub(super) fn changes(path: &str) -> bool {
        matches!(path, "/enter" | "/lists/preview" | "/lists/add" | "/lists/remove" | "/lists/expire")
            || path.starts_with("/api/entries/")
            || feed_change(path, "/feeds/").is_some()
            || feed_change(path, "/api/feeds/").is_some()
    }

    /// Answers a POST.
    pub(super) async fn change(&self, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        let (head, body) = request.into_parts();
        let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES).collect()).await;
        let Ok(Ok(body)) = body.map(|body| body.map(http_body_util::Collected::to_bytes)) else {
            return reply::empty(StatusCode::BAD_REQUEST);
        };
        let request = Request::from_parts(head, ());
        match path.strip_prefix("/api/") {
            Some(path) => self.by_program(&request, path, &body).await,
            None => self.by_form(&request, &path, &body).await,
        }
    }

    async fn by_program(&self, request: &Request<()>, path: &str, body: &Bytes) -> Reply {
        if let Err(barred) = self.pass.let_program(request) {
            let status = if barred == Barred::NoKey { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
            return refused(status, barred.says());
        }
        if let Some((name, change)) = feed_change(path, "feeds/") {
            return answer(self.change_feed(name, change).await);
        }
        match read_change(path, body) {
            Ok(change) => answer(self.make(change).await),
            Err((status, says)) => refused(status, &says),
        }
    }

    async fn by_form(&self, request: &Request<()>, path: &str, body: &Bytes) -> Reply {
        let (fields, language) = (Fields::read(body), language(request));
        if path == "/enter" {
            return self.enter(request, &fields, language).await;
        }
        let is_feed = path.starts_with("/feeds/");
        if let Err(barred) = self.pass.let_form(request, fields.get("token")) {
            let done = Done::Not(barred.says().to_owned());
            return self.show(request, StatusCode::FORBIDDEN, is_feed, done, language).await;
        }
        let done = match feed_change(path, "/feeds/") {
            Some((name, change)) => self.change_feed(name, change).await.map(Done::Feed),
            None => {
                let change = change_of(path, &fields);
                let new = match &change {
                    Change::Preview(new) => Some(Box::new(new.clone())),
                    _ => None,
                };
                self.make(change).await.map(|changed| match new {
                    Some(new) => Done::Preview(new, changed),
                    None => Done::Changed(changed),
                })
            }
        };
        let (status, done) = match done {
            Ok(done) => (StatusCode::OK, done),
            Err(error) => (status_of(&error), Done::Not(error.to_string())),
        };
        self.show(request, status, is_feed, done, language).await
    }

    /// The key for a cookie, so that it is given once and stands in no page.
    async fn enter(&self, request: &Request<()>, fields: &Fields<'_>, language: Language) -> Reply {
        let is_feed = fields.get("to") == Some("/feeds");
        if is_cross_site(request.headers()) || !fields.get("key").is_some_and(|key| self.pass.is_key(key.trim())) {
            let done = Done::Not(Barred::NoKey.says().to_owned());
            return self.show(request, StatusCode::FORBIDDEN, is_feed, done, language).await;
        }
        let to = if is_feed { "/feeds" } else { "/lists" };
        let mut reply = reply::empty(StatusCode::SEE_OTHER);
        reply.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static(to));
        if let Ok(cookie) = self.pass.cookie().parse() {
            reply.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        reply
    }

    /// The page of the lists, or of the feeds.
    pub(super) async fn show(
        &self,
        request: &Request<()>,
        status: StatusCode,
        is_feed: bool,
        done: Done,
        language: Language,
    ) -> Reply {
        let token = self.pass.is_in(request.headers()).then(|| self.pass.token());
        let overview = self.told.overview();
        let html = if is_feed {
            self.pages.feeds(&overview, &self.told.feeds(), &done, token.as_deref(), language)
        } else {
            let wanted = request.uri().query().map(|query| Fields::read(query.as_bytes()));
            let wanted = wanted.as_ref().and_then(|fields| fields.get("q")).unwrap_or_default().trim().to_owned();
            let found = if wanted.is_empty() { Ok(Found::default()) } else { self.search(&wanted).await };
            self.pages.lists(&overview, (&wanted, &found), &done, token.as_deref(), language)
        };
        let mut reply = self.page(html, language);
        if reply.status() == StatusCode::OK {
            *reply.status_mut() = status;
            let headers = reply.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, self.policy_of_forms.clone());
            // Under `no-referrer` a browser gives no origin with a form either (Fetch section 3.2), and it is asked for here.
            headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("same-origin"));
        }
        reply
    }

    /// Entries that hold a text.
    pub(super) async fn search(&self, text: &str) -> Result<Found, Trouble> {
        let (told, text) = (Arc::clone(&self.told), text.to_owned());
        self.readers.read(move || Ok(told.search(&text))).await
    }

    async fn make(&self, change: Change) -> Result<Changed, NoChange> {
        let told = Arc::clone(&self.told);
        let made = self.readers.read(move || Ok(told.change(&change))).await;
        made.unwrap_or_else(|trouble| Err(NoChange::Failed(trouble.to_string())))
    }

    async fn change_feed(&self, name: &str, change: FeedChange) -> Result<FeedChanged, NoChange> {
        let (told, name) = (Arc::clone(&self.told), name.to_owned());
        let made = self.readers.read(move || Ok(told.change_feed(&name, change))).await;
        made.unwrap_or_else(|trouble| Err(NoChange::Failed(trouble.to_string())))
    }
}

/// `…NAME/update` and its like.
fn feed_change<'p>(path: &'p str, under: &str) -> Option<(&'p str, FeedChange)> {
    let (name, change) = path.strip_prefix(under)?.split_once('/')?;
    Some((name, FeedChange::named(change)?))
}

fn read_change(path: &str, body: &Bytes) -> Result<Change, (StatusCode, String)> {
    fn read<T: for<'d> Deserialize<'d>>(body: &Bytes) -> Result<T, (StatusCode, String)> {
        serde_json::from_slice(body)
            .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is not as it should be: {error}")))
    }
    match path {
        "entries/preview" => Ok(Change::Preview(read(body)?)),
        "entries/add" => Ok(Change::Add(read(body)?)),
        "entries/remove" => Ok(Change::Remove(read(body)?)),
        "entries/expire" => {
            let Expiry { list, entry, until } = read(body)?;
            Ok(Change::Expire(OldEntry { list, entry }, until))
        }
        _ => Err((StatusCode::NOT_FOUND, "there is preview, add, remove and expire".to_owned())),
    }
}

fn change_of(path: &str, fields: &Fields<'_>) -> Change {
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let some = |name: &str| fields.get(name).filter(|value| !value.trim().is_empty()).map(str::to_owned);
    let old = || OldEntry { list: text("list"), entry: text("entry") };
    let new = || NewEntry {
        list: text("list"),
        entry: text("entry"),
        reason: some("reason"),
        by: some("by"),
        until: some("until"),
        reference: some("ref"),
        confirm: some("confirm").into_iter().collect(),
    };
    match path {
        "/lists/add" => Change::Add(new()),
        "/lists/remove" => Change::Remove(old()),
        "/lists/expire" => Change::Expire(old(), text("until")),
        _ => Change::Preview(new()),
    }
}

fn answer<T: Serialize>(made: Result<T, NoChange>) -> Reply {
    match made {
        Ok(made) => json(StatusCode::OK, &made),
        Err(error) => refused(status_of(&error), &error.to_string()),
    }
}

fn refused(status: StatusCode, says: &str) -> Reply {
    json(status, &std::collections::BTreeMap::from([("error", says)]))
}

const fn status_of(error: &NoChange) -> StatusCode {
    match error {
        NoChange::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        NoChange::Missing(_) => StatusCode::NOT_FOUND,
        NoChange::Failed(_) => StatusCode::CONFLICT,
    }
}

impl Barred {
    const fn says(self) -> &'static str {
        match self {
            Self::CrossSite => "another site asks for this; open the page itself",
            Self::NoKey => "this wants the key that lies in the file admin.key of the data folder",
            Self::NoToken => "the form is from before the last start; load the page again",
        }
    }
}
