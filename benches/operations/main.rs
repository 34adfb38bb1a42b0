//! How many instructions a click and its steps take: the same on a busy machine and an idle one, so a gate can hold
//! them to a limit.
//!
//! Without arguments the steps are taken under valgrind, which counts in [`taken`] and nowhere else, and the counts are
//! compared with `limits.toml`. `--update` writes that file, and `--show` shows the counts alone. They are those of the
//! build that counts, so the limits belong to the profile of the tests and to one compiler.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod counted;
mod house;
mod limits;

use std::{hint::black_box, process::ExitCode, sync::Arc};

use house::House;

/// A step, ready to be taken; it gets told the how manieth time it is.
type Again = Box<dyn FnMut(usize)>;

/// A step: its name, what it is, and how it is made ready to be taken again and again.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How often it is taken while it is counted.
    pub(crate) times: usize,
    ready: fn(&House) -> Again,
}

pub(crate) const STEPS: &[Step] = &[
    Step { name: "mint", what: "sign a link to a URL of 90 bytes", times: 64, ready: mint },
    Step { name: "open", what: "prove and read a link", times: 64, ready: open },
    Step { name: "refuse", what: "refuse a link with a changed tag", times: 64, ready: refuse },
    Step { name: "lookup", what: "find the entries for a URL among 2,000", times: 64, ready: lookup },
    Step { name: "judge", what: "make a verdict of what the lists and the host say", times: 64, ready: judge },
    Step { name: "decide", what: "make a decision of a verdict", times: 256, ready: decide },
    Step { name: "click", what: "a whole click but the socket: open, judge, decide, event", times: 64, ready: click },
    Step { name: "rewrite", what: "rewrite a message of 12 kB with 20 links", times: 2, ready: rewrite },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["take"] => {
            let house = House::new();
            for step in STEPS {
                let mut again = (step.ready)(&house);
                // What is made once, at the first time, is no part of a step.
                again(0);
                taken(&mut again, step.times);
            }
            ExitCode::SUCCESS
        }
        ["--update"] => limits::update(),
        ["--show"] => limits::show(),
        [] => limits::hold(),
        _ => {
            println!("usage: operations [--update | --show]");
            ExitCode::FAILURE
        }
    }
}

/// All that is counted. The name is known to [`counted`].
#[inline(never)]
fn taken(again: &mut dyn FnMut(usize), times: usize) {
    (0..times).for_each(again);
}

fn mint(house: &House) -> Again {
    let urls = house::urls();
    let minter = house.minter();
    Box::new(move |at| drop(black_box(minter.mint(&urls[at % urls.len()], &house::facts()).unwrap())))
}

fn open(house: &House) -> Again {
    let links = house.links();
    let opener = house.opener();
    Box::new(move |at| {
        let link = opener.open(links[at % links.len()].as_bytes(), &[house::TENANT], house::NOW);
        drop(black_box(link.unwrap()));
    })
}

fn refuse(house: &House) -> Again {
    let links: Vec<String> = house.links().into_iter().map(|link| house::with_another_tag(&link)).collect();
    let opener = house.opener();
    Box::new(move |at| {
        let link = opener.open(links[at % links.len()].as_bytes(), &[house::TENANT], house::NOW);
        black_box(link.unwrap_err());
    })
}

fn lookup(house: &House) -> Again {
    let (index, urls) = (Arc::clone(&house.index), house::urls());
    Box::new(move |at| {
        let mut found = 0;
        let key = urls[at % urls.len()].canonical();
        sekisho::list::Index::lookup(&*index, &key, house::NOW, &mut |_| found += 1);
        black_box(found);
    })
}

fn judge(house: &House) -> Again {
    let (house, urls) = (house.clone(), house::urls());
    Box::new(move |at| drop(black_box(house.judge(&urls[at % urls.len()]))))
}

fn decide(house: &House) -> Again {
    let verdicts: Vec<_> = house::urls().iter().map(|url| house.judge(url)).collect();
    let policy = sekisho::policy::Policy::standard();
    Box::new(move |at| drop(black_box(sekisho::policy::decide(&policy, &verdicts[at % verdicts.len()]))))
}

fn click(house: &House) -> Again {
    let links = house.links();
    let station = house.station();
    Box::new(move |at| drop(black_box(station.click(&links[at % links.len()]))))
}

fn rewrite(house: &House) -> Again {
    let (rewriter, message) = (house.rewriter(), house::message());
    Box::new(move |_| drop(black_box(rewriter.rewrite(&message, &Default::default(), house::NOW).unwrap())))
}
