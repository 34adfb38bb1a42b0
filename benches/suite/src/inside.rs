//! The steps of a click in the process alone, without a socket: what is left when the kernel is left out.

use std::{hint::black_box, sync::Arc, time::Duration};

use anyhow::Result;
use sekisho::{
    base::{ClickId, Clock, EventId, Timestamp},
    judge::{Actor, ClickEvent, Outcome, Threat, Tier},
    list::Index as _,
    policy,
    store::{ClickLog, LogSettings, Store},
};

use crate::{
    cpu,
    house::{self, House},
    paper::Paper,
    slices::Spread,
};

/// Nanoseconds of thread time, over batches of a thousand.
fn nanos(batches: usize, mut step: impl FnMut(usize)) -> Spread {
    let mut batch = || {
        let began = cpu::of_thread();
        (0..1_000).for_each(&mut step);
        (cpu::of_thread() - began).as_nanos() as f64 / 1e3
    };
    batch();
    Spread::of((0..batches).map(|_| batch()).collect())
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        house::NOW
    }
}

/// What is told of a click that went on.
fn event(house: &House) -> ClickEvent {
    let (url, facts) = (&house::urls()[1], house::facts());
    let text = |text: &str| Some(text.to_owned());
    ClickEvent {
        time: house::NOW,
        event_id: EventId::new(house::NOW, [7; 10]),
        click_id: ClickId::new(house::NOW, [7; 4]),
        tenant: Some(facts.tenant),
        outcome: Outcome::Allowed,
        tier: Some(Tier::Clean),
        threat: Threat::None,
        signals: Vec::new(),
        decisive: None,
        policy: text("standard@1"),
        why: Some(policy::decide(&policy::Policy::standard(), &house.judge(url)).why),
        url: text(url.as_str()),
        host: text(url.host_str()),
        domain: text("example.com"),
        chain: Vec::new(),
        asked: Vec::new(),
        waited_micros: None,
        message: Some(facts.message),
        recipient: Some(facts.recipient),
        link_issued: Some(facts.issued),
        client: text("192.0.2.9"),
        user_agent: text("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        actor: Actor::Human,
        decision_micros: 5,
        node: "node-1".to_owned(),
    }
}

/// Nanoseconds of thread time for leaving an event where a thread of the log takes it.
fn record(house: &House, batches: usize) -> Result<Spread> {
    let folder = tempfile::tempdir_in("target")?;
    let store = Store::open(&folder.path().join("sekisho.db"))?;
    let settings =
        LogSettings { spool: folder.path().join("spool"), room: 64 << 20, keep_days: 400, clock: Arc::new(Still) };
    let (log, writer) = ClickLog::start(&store, settings)?;
    let event = event(house);
    let batch = || -> Result<f64> {
        let events = vec![event.clone(); 1_000];
        let began = cpu::of_thread();
        events.into_iter().for_each(|event| log.record(event));
        let took = cpu::of_thread() - began;
        log.flush(Duration::from_secs(10)).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(took.as_nanos() as f64 / 1e3)
    };
    batch()?;
    let took = (0..batches).map(|_| batch()).collect::<Result<Vec<f64>>>()?;
    writer.stop(Duration::from_secs(10)).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Spread::of(took))
}

pub fn measure(batches: usize, paper: &mut Paper) -> Result<()> {
    let house = House::new();
    let (urls, links, opener, minter) = (house::urls(), house.links(), house.opener(), house.minter());
    let bad: Vec<String> = links.iter().map(|link| house::with_another_tag(link)).collect();
    let (standard, station) = (policy::Policy::standard(), house.station());
    let judged = |at: usize| house.judge(&urls[at % 64]);
    let verdicts: Vec<_> = (0..64).map(judged).collect();
    let open = |path: &str| opener.open(path.as_bytes(), &[house::TENANT], house::NOW);
    let decide = nanos(batches, |at| {
        let link = open(&links[at % 64]).expect("a good link");
        let verdict = house.judge(&link.destination);
        drop(black_box(policy::decide(&standard, &verdict)));
    });
    let recorded = record(&house, batches)?;
    let steps = [
        ("mint a link", nanos(batches, |at| drop(black_box(minter.mint(&urls[at % 64], &house::facts()))))),
        ("open a link", nanos(batches, |at| drop(black_box(open(&links[at % 64]))))),
        ("refuse one with a changed tag", nanos(batches, |at| drop(black_box(open(&bad[at % 64]))))),
        ("find its entries among 2,000", {
            nanos(batches, |at| {
                let mut found = 0;
                house.index.lookup(&urls[at % 64].canonical(), house::NOW, &mut |_| found += 1);
                black_box(found);
            })
        }),
        ("make a verdict", nanos(batches, |at| drop(black_box(judged(at))))),
        ("make a decision", nanos(batches, |at| drop(black_box(policy::decide(&standard, &verdicts[at % 64]))))),
        ("open, make a verdict, make a decision", decide),
        ("hand an event over", recorded),
        ("a whole click, event and all", nanos(batches, |at| drop(black_box(station.click(&links[at % 64]))))),
    ];
    paper.heading("A click inside the process");
    paper.say("Nanoseconds of thread time each, median (least .. most) of batches of a thousand.");
    let row = |(name, spread): &(&str, Spread)| {
        vec![(*name).to_owned(), format!("{:.0} ({:.0} .. {:.0})", spread.median, spread.least, spread.most)]
    };
    paper.table(&["step", "ns"], &steps.iter().map(row).collect::<Vec<_>>());
    let met = Some(decide.median <= 600.0);
    paper.goal("C4 open, verdict, decision", "<= 600 ns", format!("{:.0} ns", decide.median), met);
    Ok(())
}
