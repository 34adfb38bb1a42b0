//! The steps of a click in the process alone, without a socket: what is left when the kernel is left out.

use std::hint::black_box;

use anyhow::Result;
use sekisho::{list::Index as _, policy, verdict};

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

pub fn measure(batches: usize, paper: &mut Paper) -> Result<()> {
    let house = House::new();
    let (urls, links, opener, minter) = (house::urls(), house.links(), house.opener(), house.minter());
    let bad: Vec<String> = links.iter().map(|link| house::with_another_tag(link)).collect();
    let (standard, station) = (policy::Policy::standard(), house.station());
    let judged = |at: usize| verdict::judge(&urls[at % 64], &*house.index, &house.suffixes, house::NOW);
    let verdicts: Vec<_> = (0..64).map(judged).collect();
    let open = |path: &str| opener.open(path.as_bytes(), &[house::TENANT], house::NOW);
    let decide = nanos(batches, |at| {
        let link = open(&links[at % 64]).expect("a good link");
        let verdict = verdict::judge(&link.destination, &*house.index, &house.suffixes, house::NOW);
        drop(black_box(policy::decide(&standard, &verdict)));
    });
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
