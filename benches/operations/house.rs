//! What the steps are taken on: keys, links, lists and a message that are the same in every run.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use sekisho::{
    base::{Clock, MessageHash, RecipientHash, TenantId, Timestamp},
    click::{Answer, Asks, Checkpoint, Entropy, Hints, Parts, Request, Tenant, Word},
    feed::{LiveLists, Settings},
    judge::Verdict,
    link::{Facts, Keyring, LinkBase, Minter, Opener, Place},
    list::{Context, Seed, Tables, parse},
    policy::{Needs, Policy},
    rewrite::Rewriter,
    ruling::LiveRulings,
    sources::{self, Findings, Panel},
    store::{ClickLog, LogSettings, Store},
    url::{self, Names, Suffixes, WebUrl},
    verdict::{self, Grounds},
};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
pub(crate) const TENANT: TenantId = TenantId(1);
const HOST: &str = "go.corp.example";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[derive(Clone)]
pub(crate) struct House {
    ring: Arc<Keyring>,
    suffixes: Arc<Suffixes>,
    names: Arc<Names>,
    /// Holds [`list`].
    pub(crate) index: Arc<Tables>,
}

impl House {
    pub(crate) fn new() -> Self {
        let suffixes = Arc::new(Suffixes::builtin());
        let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
        let (list, bad) = parse("corp", list(), &context);
        assert!(bad.is_empty());
        let index = Arc::new(Tables::of_lists(&[Arc::new(list)], Seed([7; 16])).unwrap());
        let ring = Arc::new(Keyring::generate([7; 32], NOW.plus_millis(-3_600_000)));
        Self { ring, suffixes, names: Arc::new(Names::builtin()), index }
    }

    /// What a click judges of a destination.
    pub(crate) fn judge(&self, url: &WebUrl) -> Verdict {
        let (findings, needs) = (Findings::default(), Needs::default());
        let (index, suffixes) = (&*self.index, &*self.suffixes);
        let grounds = Grounds { index, suffixes, names: &self.names, findings: &findings, needs: &needs, now: NOW };
        verdict::judge(url, &url::unwrap(url), &grounds)
    }

    pub(crate) fn minter(&self) -> Minter {
        self.ring.minter(TENANT, NOW).unwrap()
    }

    pub(crate) fn opener(&self) -> Opener {
        self.ring.opener(&[TENANT])
    }

    /// Paths of links to [`urls`].
    pub(crate) fn links(&self) -> Vec<String> {
        let minter = self.minter();
        urls().iter().map(|url| minter.mint(url, &facts()).unwrap().to_string()).collect()
    }

    pub(crate) fn rewriter(&self) -> Rewriter {
        Rewriter::new(self.minter(), self.opener(), base(), Arc::clone(&self.suffixes), Default::default())
    }

    pub(crate) fn station(&self) -> Station {
        Station::new(self)
    }
}

/// A checkpoint as a server has it, with lists on disk. Its log was stopped, so an event is made, offered and counted,
/// and nothing is written: when the writer takes its turn depends on the clock, and a count must not.
pub(crate) struct Station {
    checkpoint: Checkpoint,
    _folder: tempfile::TempDir,
}

impl Station {
    fn new(house: &House) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("corp.list"), list()).unwrap();
        let (ring, suffixes) = (&house.ring, Arc::clone(&house.suffixes));
        let settings =
            Settings { suffixes: Arc::clone(&suffixes), own_hosts: vec![HOST.into()], long: None, feeds: None };
        let lists = LiveLists::open(folder.path().to_owned(), settings, Arc::new(Still)).unwrap();
        assert!(!lists.state().degraded);
        let store = Arc::new(Store::open(&folder.path().join("sekisho.db")).unwrap());
        let rulings = Arc::new(LiveRulings::open(store.path(), Arc::new(Still)).unwrap());
        let spool = folder.path().join("spool");
        let settings = LogSettings { spool, room: 4 << 20, keep_days: 400, clock: Arc::new(Still) };
        let (log, writer) = ClickLog::start(&store, settings).unwrap();
        writer.stop(Duration::ZERO).unwrap();
        let tenant = Tenant {
            id: TENANT,
            bases: vec![base()],
            policy: Policy::standard(),
            names: Arc::clone(&house.names),
            house: Arc::default(),
            networks: Vec::new(),
            report_days: 3,
        };
        let checkpoint = Checkpoint::new(Parts {
            opener: ring.opener(&[TENANT]),
            nonces: ring.nonces(),
            tenants: vec![tenant],
            lists: Arc::new(lists),
            rulings,
            panel: Arc::new(Panel::new(Vec::new(), sources::Limits::default(), Arc::new(Still))),
            suffixes,
            openings: 0,
            log,
            store,
            clock: Arc::new(Still),
            entropy: Arc::new(Same),
            node: "node-1".into(),
        });
        Self { checkpoint, _folder: folder }
    }

    pub(crate) fn click(&self, link: &str) -> Answer {
        let spot = self.checkpoint.spot(HOST, link.as_bytes()).unwrap();
        let hints = Hints { user_agent: Some(AGENT), purpose: None, fetched_as: Some("document") };
        self.checkpoint.open(&Request {
            spot,
            asks: Asks::Whole,
            hints,
            client: Some([192, 0, 2, 9].into()),
            word: Word::NotAsked,
            findings: None,
            again: None,
        })
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

struct Same;

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

pub(crate) fn facts() -> Facts {
    let (message, recipient) = (MessageHash([1; 8]), RecipientHash([2; 8]));
    Facts { tenant: TENANT, place: Place::Html, issued: NOW, message, recipient }
}

/// 64 destinations of about 90 bytes; each eighth is on the list.
pub(crate) fn urls() -> Vec<WebUrl> {
    let text = |at: usize| {
        let domain = if at.is_multiple_of(8) { format!("listed{at}.example") } else { format!("shop{at}.example.com") };
        format!("https://www.{domain}/campaign/autumn/item-{at:04}?utm_source=mail&utm_medium=newsletter&id={at:08}")
    };
    (0..64).map(|at| url::parse(&text(at)).unwrap()).collect()
}

/// `link` with the last character of its tag that counts turned into another.
pub(crate) fn with_another_tag(link: &str) -> String {
    let at = link.len() - 5;
    let other = if &link[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &link[..at], &link[at + 1..])
}

fn list() -> String {
    (0..2_000).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "listed{at}.example");
        text
    })
}

fn base() -> LinkBase {
    LinkBase::parse(&format!("https://{HOST}")).unwrap()
}

/// A message in HTML alone, quoted-printable.
pub(crate) fn message() -> Vec<u8> {
    let mut message = String::from(
        "From: shop@mail.example\r\nTo: you@corp.example\r\nSubject: Autumn\r\nMessage-ID: <1@mail.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: \
         quoted-printable\r\n\r\n<!DOCTYPE html><html><body><table>\r\n",
    );
    for url in urls().iter().take(20) {
        let url = url.as_str().replace('=', "=3D").replace('&', "&amp;=\r\n");
        let _ = write!(message, "<tr><td style=3D\"padding:8px;font-family:Arial\"><a href=3D\"{url}\">See it</a>\r\n");
        for _ in 0..6 {
            message += "<p>A sentence of a letter that says little, and a price of =E2=82=AC 12.</p>\r\n";
        }
        message += "</td></tr>\r\n";
    }
    message += "</table></body></html>\r\n";
    message.into_bytes()
}
