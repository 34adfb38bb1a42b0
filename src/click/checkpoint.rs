use std::{borrow::Cow, cell::Cell, net::IpAddr, sync::Arc, time::Instant};

use super::{
    Answer, Barrier, Checking, Damaged, Entropy, Hints, Left, Logo, Onward, Page, ReasonAsked, Spot, Tenant, Ways,
    case::Case, rates::Rates, site::Sites,
};
use crate::{
    base::{ClickId, Clock, EventId, TenantId, Timestamp},
    feed::LiveLists,
    judge::{Action, Actor, ClickEvent, Outcome, Threat},
    link::{self, Link, LinkId, Nonces, Opener, own_path},
    list::ForTenant,
    policy::{self, Log, Scan},
    ruling::LiveRulings,
    sources::{Findings, Panel, Questions, Visit as Visited},
    store::{ClickLog, Store},
    url::{Chain, Suffixes, WebUrl},
    verdict::{self, Grounds},
};

/// How long a page offers a way on, in milliseconds.
pub const ONWARD_FOR: i64 = 10 * 60 * 1000;
/// Longest reason that is kept, in characters.
pub const REASON_MAX: usize = 200;

/// What a checkpoint is made of.
pub struct Parts {
    /// Proves links.
    pub opener: Opener,
    /// Proves that a page was shown.
    pub nonces: Nonces,
    /// Whose links are opened.
    pub tenants: Vec<Tenant>,
    /// The lists of the moment.
    pub lists: Arc<LiveLists>,
    /// What was taken back.
    pub rulings: Arc<LiveRulings>,
    /// The sources that have to be asked; mostly nobody.
    pub panel: Arc<Panel>,
    /// Tells who is behind a host.
    pub suffixes: Arc<Suffixes>,
    /// How often one link may be opened in a minute before people are asked to wait; 0 is no limit.
    pub openings: u32,
    /// Takes the events.
    pub log: ClickLog,
    /// Knows which links were minted.
    pub store: Arc<Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids differ.
    pub entropy: Arc<dyn Entropy>,
    /// The name of this node in events.
    pub node: String,
}

/// Opens links, judges their destinations there and then, answers, and records. Shared by all connections.
pub struct Checkpoint {
    pub(super) parts: Parts,
    pub(super) sites: Sites,
    rates: Rates,
    /// What is said where nobody is asked.
    none: Findings,
}

/// What a click needs to be answered.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where it came in.
    pub spot: Spot<'a>,
    /// Whether the answer will be shown, or only its status was asked for.
    pub asks: Asks,
    /// Who sends it, in its own words.
    pub hints: Hints<'a>,
    /// The address it came from, as far as it is known and may be kept.
    pub client: Option<IpAddr>,
    /// What the wrap log said of the link, where it had to be asked.
    pub word: Word,
    /// What the sources said, where they had to be asked.
    pub findings: Option<&'a Findings>,
    /// What a page brought along that said the destination is still being looked at, and came by itself to ask again.
    pub again: Option<&'a str>,
}

/// What the wrap log says of a link under a compromised key: whoever has the key can sign anything, but cannot have had
/// us mint it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Word {
    /// It was not asked. [`Answer::AskLog`] comes back where it has to be.
    #[default]
    NotAsked,
    /// It holds this link.
    Holds(LinkId),
    /// It does not hold the link, or could not be read.
    Unknown,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The answer itself.
    Whole,
    /// Its status and headers: nobody clicked.
    Status,
}

/// What the form of a page brought back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form<'a> {
    /// The nonce of the page.
    pub nonce: Option<&'a str>,
    /// Why the person wants to go on.
    pub reason: Option<&'a str>,
}

impl Checkpoint {
    /// A checkpoint of these parts.
    pub fn new(mut parts: Parts) -> Self {
        let sites = Sites::of(std::mem::take(&mut parts.tenants));
        let rates = Rates::new(parts.openings);
        Self { parts, sites, rates, none: Findings::default() }
    }

    /// Where `path` (raw bytes, without a query) on `host` (as in a `Host` field) is; `None` if the host is not ours.
    pub fn spot<'a>(&'a self, host: &str, path: &'a [u8]) -> Option<Spot<'a>> {
        self.sites.spot(host, path)
    }

    /// A click. A link that cannot be proven is never redirected, and every other is judged by the lists of this
    /// moment. Previewers that name themselves and browsers that fetch ahead are never sent on, so that they cannot
    /// use up a link that works once; what is recorded of them says what a person would have met.
    pub fn open(&self, request: &Request<'_>) -> Answer {
        let visit = self.visit(request);
        let case = match self.judge(request, visit.may_ask(), visit.now) {
            Ok(case) => case,
            Err(shut) => return self.shut(shut, &visit),
        };
        let again = request.again.and_then(|nonce| self.waited(nonce, request.spot, visit.now));
        let click = again.unwrap_or_else(|| self.click_id(visit.now));
        if visit.can_wait()
            && let Some(since) = case.looking()
        {
            // One wait is one event, however often the page asks.
            if again.is_none() {
                self.record(&visit, click, &case, Outcome::Pending);
            }
            return self.wait(case, &visit, click, since);
        }
        if visit.is_let_on(&case) && self.is_too_many(&case, visit.now) {
            self.record(&visit, click, &case, Outcome::RateLimited);
            let onward = self.onward(&visit, click, Action::Redirect, ReasonAsked::No);
            return self.stop(case, &visit, click, Barrier::TooMany(onward));
        }
        self.record(&visit, click, &case, case.decision.outcome);
        match visit.actor {
            Actor::Prefetch => Answer::NotAhead,
            Actor::Scanner => Answer::Page(case.preview(&self.parts.suffixes, request.spot, Some(click))),
            Actor::Human | Actor::Unknown => self.answer(case, &visit, click, ReasonAsked::Yes),
        }
    }

    /// A person goes on past a page. The destination is judged anew: a nonce gets past what its page showed and
    /// nothing worse, and never past a block. Without a good one this is a click like any other.
    pub fn proceed(&self, request: &Request<'_>, form: &Form<'_>) -> Answer {
        let visit = self.visit(request);
        let mut case = match self.judge(request, visit.may_ask(), visit.now) {
            Ok(case) => case,
            Err(shut) => return self.shut(shut, &visit),
        };
        let shown = form.nonce.and_then(|nonce| self.shown(nonce, request.spot, visit.now));
        let Some((click, passed)) = shown else { return self.open(request) };
        let action = case.decision.action;
        let passed = match passed {
            Passed::Page(passed) => passed,
            // Who goes on knows only that nothing was known yet; a warning is something else.
            Passed::Checking if action <= Action::Notice => {
                let known = action == Action::Redirect && case.looking().is_none();
                let outcome = if known { case.decision.outcome } else { Outcome::PendingBypassed };
                self.record(&visit, click, &case, outcome);
                return Answer::Redirect { location: case.location() };
            }
            Passed::Checking => {
                self.record(&visit, click, &case, case.decision.outcome);
                return self.answer(case, &visit, click, ReasonAsked::Yes);
            }
        };
        if action == Action::Block || action > passed {
            self.record(&visit, click, &case, case.decision.outcome);
            return self.answer(case, &visit, click, ReasonAsked::Yes);
        }
        let reason = form.reason.and_then(|text| plain(text, REASON_MAX));
        if action == Action::WarnWithReason && reason.is_none() {
            self.record(&visit, click, &case, case.decision.outcome);
            return self.answer(case, &visit, click, ReasonAsked::Missing);
        }
        if let Some(reason) = reason {
            case.decision.why += &format!(" The person's reason: “{reason}”.");
        }
        // Whoever only waited went past no warning.
        let outcome = if passed == Action::Redirect { case.decision.outcome } else { Outcome::WarnedProceeded };
        self.record(&visit, click, &case, outcome);
        Answer::Redirect { location: case.location() }
    }

    /// Where the link at the request's spot goes and what is known of it, without opening anything. Asking is no
    /// click: nothing is recorded.
    pub fn preview(&self, request: &Request<'_>) -> Answer {
        let visit = self.visit(request);
        match self.judge(request, MayAsk::No, visit.now) {
            Ok(case) => Answer::Page(case.preview(&self.parts.suffixes, request.spot, None)),
            Err(shut) => self.shut(shut, &visit),
        }
    }

    /// The logo of this name on the pages of this place.
    pub fn logo<'a>(&'a self, spot: Spot<'a>, name: &[u8]) -> Option<&'a Logo> {
        spot.logo(&self.sites, name)
    }

    /// The page for those who go no further than the page that stopped them.
    pub fn left(&self, spot: Spot<'_>) -> Answer {
        Answer::Page(Page::Left(Left { house: spot.site.house.clone() }))
    }

    /// Asks the wrap log whether it holds `link`. Reads the disk: not for a thread that answers others meanwhile. A log
    /// that cannot be read vouches for nothing.
    pub fn ask_log(&self, link: &Link) -> Word {
        match self.parts.store.is_minted(link) {
            Ok(true) => Word::Holds(link.id),
            Ok(false) => Word::Unknown,
            Err(error) => {
                tracing::error!(%error, "a link under a compromised key stays shut: the wrap log cannot be asked");
                Word::Unknown
            }
        }
    }

    /// Asks the sources, no longer than a click waits for them.
    pub async fn ask_sources(&self, questions: &Questions) -> Findings {
        self.parts.panel.gather(questions).await
    }

    fn visit<'a>(&self, request: &'a Request<'a>) -> Visit<'a> {
        let actor = match (request.hints.actor(), request.asks) {
            (Actor::Human, Asks::Status) => Actor::Unknown,
            (actor, _) => actor,
        };
        Visit { request, now: self.parts.clock.now(), began: Instant::now(), actor }
    }

    fn judge<'a>(&'a self, request: &Request<'a>, may: MayAsk, now: Timestamp) -> Result<Case<'a>, Shut> {
        let Request { spot, word, .. } = *request;
        let asked = Cell::new(None);
        let is_logged = |link: &Link| match word {
            Word::Holds(id) => link.id == id,
            Word::Unknown => false,
            Word::NotAsked => {
                asked.set(Some(Box::new(link.clone())));
                false
            }
        };
        let opened = self.parts.opener.open_with(spot.path(), spot.allowed(), now, &is_logged);
        let Ok(link) = opened else { return Err(asked.take().map_or(Shut::Damaged, Shut::AskLog)) };
        let link = link.into_inner();
        let tenant = self.sites.tenant(link.facts.tenant).ok_or(Shut::Damaged)?;
        let lists = self.parts.lists.snapshot();
        let seen = ForTenant { index: &lists.index, tenant: tenant.id, policy: &tenant.policy.name };
        let mut chain = link::chain(&link.destination);
        let mut findings = Cow::Borrowed(&self.none);
        let (suffixes, policy) = (&self.parts.suffixes, &tenant.policy);
        let grounds =
            Grounds { index: &seen, suffixes, names: &tenant.names, findings: &self.none, needs: &policy.needs, now };
        let rulings = self.parts.rulings.snapshot();
        let revocation = rulings.revocation(&link, now);
        // Nobody waits for what can change nothing.
        if revocation.is_none() && !self.parts.panel.is_empty() && policy.scan == Scan::All {
            findings = self.findings(request, may, tenant, &link.destination, &mut chain, &grounds)?;
        }
        let verdict = verdict::judge(&link.destination, &chain, &Grounds { findings: &findings, ..grounds });
        let verdict = match revocation {
            Some(revocation) => verdict::revoke(verdict, revocation),
            None => verdict,
        };
        let decision = policy::decide(&tenant.policy, &verdict);
        let decision = if tenant.is_outside(request.client) { policy::from_outside(decision) } else { decision };
        let findings = findings.into_owned();
        Ok(Case { link, tenant, chain, findings, verdict, decision })
    }

    /// What the sources say: what was brought, or what is kept; and where they were led, which `chain` takes in and about
    /// which all are asked that go nowhere themselves. Error: some have to be asked first. Who does not wait is judged by
    /// the lists alone.
    fn findings<'a>(
        &'a self,
        request: &Request<'a>,
        may: MayAsk,
        tenant: &Tenant,
        url: &WebUrl,
        chain: &mut Chain,
        grounds: &Grounds<'_>,
    ) -> Result<Cow<'a, Findings>, Shut> {
        let open = verdict::open_hops(url, chain, grounds);
        let questions = self.questions(&open, tenant, url, chain);
        let first = match request.findings {
            Some(findings) => Cow::Borrowed(findings),
            None => match self.parts.panel.recall(&questions) {
                Some(findings) => Cow::Owned(findings),
                None if may == MayAsk::No => return Ok(Cow::Borrowed(&self.none)),
                None => return Err(Shut::AskSources(Box::new(questions))),
            },
        };
        // Where those led who were asked about the URL as it stands; whoever is asked about that leads no further.
        for heard in first.heard.iter().filter(|heard| open.contains(&heard.hop)) {
            let led_to = heard.answer.iter().flat_map(|finding| &finding.led_to);
            chain.follow(heard.hop, led_to.cloned(), &heard.source);
        }
        let is_asked = first.heard.iter().any(|heard| !open.contains(&heard.hop));
        let more: Vec<usize> = match is_asked {
            true => Vec::new(),
            false => verdict::open_hops(url, chain, grounds).into_iter().filter(|hop| !open.contains(hop)).collect(),
        };
        if more.is_empty() {
            return Ok(first);
        }
        let more = about(&more, url, chain, tenant.id);
        match self.parts.panel.recall(&more) {
            Some(findings) => Ok(Cow::Owned(first.into_owned().and(findings))),
            None if may == MayAsk::No => Ok(first),
            None => Err(Shut::AskSources(Box::new(more))),
        }
    }

    /// All who can be asked about the open hops; and those who go to the place itself about the one to which a click leads
    /// for all that can be read.
    fn questions(&self, open: &[usize], tenant: &Tenant, url: &WebUrl, chain: &Chain) -> Questions {
        let questions = about(open, url, chain, tenant.id);
        let end = chain.end();
        let host = questions.about.iter().find(|(hop, _)| *hop == end).map(|(_, url)| url.host_str());
        let visit = match host.map(|host| tenant.policy.spares(host)) {
            None => Visited::No,
            Some(None) => Visited::Hop(end),
            Some(Some(domain)) => Visited::Never(end, format!("policy {} never visits {domain}", tenant.policy.name)),
        };
        Questions { visit, ..questions }
    }

    /// The page that says that the destination is still being looked at, and asks again by itself.
    fn wait(&self, case: Case<'_>, visit: &Visit<'_>, click: ClickId, since: Timestamp) -> Answer {
        let spot = visit.request.spot;
        let issue = |subject: Vec<u8>| self.parts.nonces.issue(click, &subject, visit.now.plus_millis(ONWARD_FOR));
        let own = own_path(spot.path()).unwrap_or_default();
        let path = std::str::from_utf8(own).unwrap_or_default();
        let onward = Onward { nonce: issue(checking(spot.path())), reason: ReasonAsked::No };
        let may_continue = case.tenant.policy.checking == policy::Checking::MayContinue;
        let barrier = Barrier::Checking(Checking {
            again: format!("{}{path}?again={}", spot.prefix(), issue(waiting(spot.path()))),
            seconds: u32::try_from(visit.now.millis_since(since).max(0) / 1000).unwrap_or(u32::MAX),
            onward: may_continue.then_some(onward),
        });
        self.stop(case, visit, click, barrier)
    }

    /// The click in which a page said that this link is still being looked at.
    fn waited(&self, nonce: &str, spot: Spot<'_>, now: Timestamp) -> Option<ClickId> {
        self.parts.nonces.check(nonce, &waiting(spot.path()), now)
    }

    fn answer(&self, case: Case<'_>, visit: &Visit<'_>, click: ClickId, reason: ReasonAsked) -> Answer {
        let onward = |reason| self.onward(visit, click, case.decision.action, reason);
        let barrier = match case.decision.action {
            Action::Redirect => return Answer::Redirect { location: case.location() },
            Action::Notice => Barrier::Notice(onward(ReasonAsked::No)),
            Action::Warn => Barrier::Warn(onward(ReasonAsked::No)),
            Action::WarnWithReason => Barrier::Warn(onward(reason)),
            Action::Block => case.block(),
        };
        self.stop(case, visit, click, barrier)
    }

    fn stop(&self, case: Case<'_>, visit: &Visit<'_>, click: ClickId, barrier: Barrier) -> Answer {
        let spot = visit.request.spot;
        let report = self.report_way(spot, own_path(spot.path()), click, visit.now);
        let ways = Ways { leave: spot.ours("/left"), report: Some(report) };
        Answer::Page(case.stop(&self.parts.suffixes, click, barrier, ways))
    }

    fn onward(&self, visit: &Visit<'_>, click: ClickId, action: Action, reason: ReasonAsked) -> Onward {
        let subject = subject(visit.request.spot.path(), action);
        Onward { nonce: self.parts.nonces.issue(click, &subject, visit.now.plus_millis(ONWARD_FOR)), reason }
    }

    /// Whether the link is opened more often than is usual. A message that went to many on purpose is never.
    fn is_too_many(&self, case: &Case<'_>, now: Timestamp) -> bool {
        let is_notice = self.parts.rulings.snapshot().is_notice(case.link.facts.message);
        !is_notice && self.rates.is_too_many(case.link.id, now)
    }

    /// The click in which a page was shown for this link, and what the page was.
    fn shown(&self, nonce: &str, spot: Spot<'_>, now: Timestamp) -> Option<(ClickId, Passed)> {
        let is_of = |subject: &[u8]| self.parts.nonces.check(nonce, subject, now);
        let pages = [Action::Redirect, Action::Notice, Action::Warn, Action::WarnWithReason];
        let page = |action| Some((is_of(&subject(spot.path(), action))?, Passed::Page(action)));
        let checking = || Some((is_of(&checking(spot.path()))?, Passed::Checking));
        pages.into_iter().find_map(page).or_else(checking)
    }

    fn shut(&self, shut: Shut, visit: &Visit<'_>) -> Answer {
        match shut {
            Shut::Damaged => self.damaged(visit),
            Shut::AskLog(link) => Answer::AskLog(link),
            Shut::AskSources(questions) => Answer::AskSources(questions),
        }
    }

    fn damaged(&self, visit: &Visit<'_>) -> Answer {
        let reference = self.click_id(visit.now);
        self.parts.log.record(visit.event(self.event_id(visit.now), reference, &self.parts.node));
        let spot = visit.request.spot;
        let report = self.report_way(spot, None, reference, visit.now);
        let ways = Ways { leave: spot.ours("/left"), report: Some(report) };
        Answer::Page(Page::Damaged(Damaged { reference, house: spot.site.house.clone(), ways }))
    }

    fn record(&self, visit: &Visit<'_>, click: ClickId, case: &Case<'_>, outcome: Outcome) {
        let let_through = matches!(outcome, Outcome::Allowed | Outcome::AllowedByAdmin);
        if let_through && case.tenant.policy.log == Log::Stops {
            return;
        }
        let event = visit.event(self.event_id(visit.now), click, &self.parts.node);
        self.parts.log.record(case.told(event, outcome, &self.parts.suffixes));
    }

    fn click_id(&self, now: Timestamp) -> ClickId {
        let mut entropy = [0; 4];
        self.parts.entropy.fill(&mut entropy);
        ClickId::new(now, entropy)
    }

    fn event_id(&self, now: Timestamp) -> EventId {
        let mut entropy = [0; 10];
        self.parts.entropy.fill(&mut entropy);
        EventId::new(now, entropy)
    }
}

/// Why a link does not open.
enum Shut {
    /// It cannot be proven.
    Damaged,
    /// It can, under a compromised key.
    AskLog(Box<Link>),
    /// The sources have to be asked first.
    AskSources(Box<Questions>),
}

/// What a person went past.
enum Passed {
    /// A page on which something like this was known.
    Page(Action),
    /// One that said that nothing is known yet.
    Checking,
}

/// One request at one moment.
struct Visit<'a> {
    request: &'a Request<'a>,
    now: Timestamp,
    began: Instant,
    actor: Actor,
}

/// Whether sources may be asked that are slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MayAsk {
    Yes,
    No,
}

impl Visit<'_> {
    /// Whether this would be sent on to its destination.
    fn is_let_on(&self, case: &Case<'_>) -> bool {
        matches!(self.actor, Actor::Human | Actor::Unknown) && case.decision.action == Action::Redirect
    }

    /// Whether somebody is there to be shown a page and to wait before it.
    fn can_wait(&self) -> bool {
        self.may_ask() == MayAsk::Yes
    }

    /// Only for people: whoever asks for a status, and programs, get what the lists and what is kept give.
    fn may_ask(&self) -> MayAsk {
        match (self.actor, self.request.asks) {
            (Actor::Human | Actor::Unknown, Asks::Whole) => MayAsk::Yes,
            _ => MayAsk::No,
        }
    }

    /// What is recorded if nothing could be proven.
    fn event<'e>(&'e self, event_id: EventId, click_id: ClickId, node: &'e str) -> ClickEvent<Cow<'e, str>> {
        ClickEvent {
            time: self.now,
            event_id,
            click_id,
            tenant: None,
            outcome: Outcome::BadSignature,
            tier: None,
            threat: Threat::None,
            signals: Vec::new(),
            decisive: None,
            policy: None,
            why: None,
            url: None,
            host: None,
            domain: None,
            chain: Vec::new(),
            asked: Vec::new(),
            waited_micros: None,
            message: None,
            recipient: None,
            link_issued: None,
            client: self.request.client.map(|address| shown(address).into()),
            user_agent: self.request.hints.user_agent().map(Cow::Borrowed),
            actor: self.actor,
            decision_micros: self.began.elapsed().as_micros().try_into().unwrap_or(u64::MAX),
            node: node.into(),
        }
    }
}

/// An address in text. For IPv4, which nearly all are, without the machinery of formatting.
fn shown(address: IpAddr) -> String {
    let IpAddr::V4(v4) = address else { return address.to_string() };
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in v4.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let leading = digits.iter().take(2).take_while(|digit| **digit == 0).count();
        text.extend(digits.iter().skip(leading).map(|digit| char::from(b'0' + digit)));
    }
    text
}

/// The hops with their URLs, as questions.
fn about(hops: &[usize], url: &WebUrl, chain: &Chain, tenant: TenantId) -> Questions {
    let at = |hop: &usize| match hop.checked_sub(1) {
        None => Some((*hop, url.clone())),
        Some(inner) => Some((*hop, chain.hops().get(inner)?.url.clone())),
    };
    let about = hops.iter().filter_map(at).collect();
    Questions { about, visit: Visited::No, tenant: Some(tenant) }
}

/// What a nonce is bound to that goes on while the destination is being looked at.
fn checking(path: &[u8]) -> Vec<u8> {
    [own_path(path).unwrap_or(path), b"\0checking"].concat()
}

/// What a nonce is bound to with which a page asks again. It stands in an address, so it opens nothing.
fn waiting(path: &[u8]) -> Vec<u8> {
    [own_path(path).unwrap_or(path), b"\0waiting"].concat()
}

/// What a nonce is bound to: the link itself, without whatever a client glued to it, and what its page showed.
fn subject(path: &[u8], action: Action) -> Vec<u8> {
    [own_path(path).unwrap_or(path), b"\0", action.as_str().as_bytes()].concat()
}

/// What a person wrote, in one line, cut to `most` characters; `None` where nothing is said.
pub(super) fn plain(text: &str, most: usize) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(most).collect();
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn addresses_are_shown_as_everybody_shows_them() {
        for octet in 0..=255 {
            let address = IpAddr::from(Ipv4Addr::new(octet, 0, 255, octet));
            assert_eq!(shown(address), address.to_string());
        }
        assert_eq!(shown(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])), "2001:db8::1");
    }
}
