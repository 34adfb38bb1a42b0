//! `sekisho feed`: how feeds stand, and what is done with their updates. It works on the files of the data folder, so it
//! does so with a service that runs and without one; the service takes up what was changed within seconds.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    Exit, Failure,
    args::PlaceArguments,
    output::{Stdout, count, moment, people},
    work::Work,
};
use crate::{
    app::{clicked_since, own_hosts, stock},
    list::Protected,
    store::Store,
    supply::{Clicked, Feed, FeedStanding, FeedStatus, Grounds, Outcome, Rows, Stock, Updater, Version, jitter},
};

#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// How each feed stands: what is in force of it, since when, and what is wrong.
    Status {
        /// One JSON object a feed.
        #[arg(long)]
        json: bool,
    },
    /// Ask feeds now. One that was rolled back takes updates again.
    Update {
        /// The feeds [default: all].
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// One JSON object a feed.
        #[arg(long)]
        json: bool,
    },
    /// Put the update that was refused last in force all the same.
    Accept(NamedFeed),
    /// Put the version before in force again, and take no updates until `sekisho feed update`.
    Rollback(NamedFeed),
}

#[derive(Debug, Args)]
pub(super) struct NamedFeed {
    /// The feed.
    #[arg(value_name = "NAME")]
    name: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(place: &PlaceArguments, command: FeedCommand, out: &mut Stdout) -> Result<(), Failure> {
    let work = Work::open(place)?;
    let stock = stock(&work.config);
    match command {
        FeedCommand::Status { json } => status(&work, &stock, json, out),
        FeedCommand::Update { names, json } => update(&work, &stock, &names, json, out),
        FeedCommand::Accept(args) => {
            let feed = named(&work, &args.name)?;
            let version = stock.accept(feed, work.now)?;
            changed(&args, "accepted", &version, out)
        }
        FeedCommand::Rollback(args) => {
            let feed = named(&work, &args.name)?;
            let version = stock.roll_back(feed, work.now)?;
            changed(&args, "rolled_back", &version, out)?;
            people(&format!("it takes no updates from now on; `sekisho feed update {}` goes on", feed.name));
            Ok(())
        }
    }
}

fn named<'w>(work: &'w Work, name: &str) -> Result<&'w Feed, Failure> {
    work.config.feeds.iter().find(|feed| feed.name == name).ok_or_else(|| {
        let known: Vec<&str> = work.config.feeds.iter().map(|feed| feed.name.as_str()).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Failure::new(Exit::Usage, format_args!("the configuration has no feed {name:?}; {known}"))
    })
}

fn status(work: &Work, stock: &Stock, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    for feed in &work.config.feeds {
        let status = stock.status_of(feed, work.now);
        if json {
            out.json(&status)?;
        } else {
            show(&status, out)?;
        }
    }
    if work.config.feeds.is_empty() {
        people("the configuration has no [[feed]]; docs/FEEDS.md shows some");
    }
    Ok(())
}

fn show(status: &FeedStatus, out: &mut Stdout) -> Result<(), Failure> {
    let FeedStatus { name, place, trust, standing, state } = status;
    let what = match &state.current {
        Some(Version { version, at, rows, .. }) => {
            format!("{}, version {version} of {}", count(rows.entries, "entry"), moment(*at))
        }
        None => "nothing in force".to_owned(),
    };
    out.line(format_args!("{name:<20} {:<8} {trust:<7} {what}", standing.as_str()))?;
    out.line(format_args!("{:<20} from {place}", ""))?;
    if let Some(told) = &state.told {
        out.line(format_args!("{:<20} since {}: {}", "", moment(told.since), told.says))?;
    }
    match (*standing, &state.due) {
        (FeedStanding::Held, _) => {
            out.line(format_args!("{:<20} takes no updates until `sekisho feed update {name}`", ""))
        }
        (_, Some(due)) => out.line(format_args!("{:<20} is asked next at {}", "", moment(*due))),
        (_, None) => Ok(()),
    }
}

/// What came of one feed.
#[derive(Serialize)]
struct Report<'a> {
    feed: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<&'a Rows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
}

fn update(work: &Work, stock: &Stock, names: &[String], json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let feeds: Vec<&Feed> = match names {
        [] => work.config.feeds.iter().collect(),
        names => names.iter().map(|name| named(work, name)).collect::<Result<_, _>>()?,
    };
    let shelf = work.shelf_of(&[work.config.blocklists.path().to_owned()])?;
    let never_block = Protected::of_lists(shelf.lists().iter().map(AsRef::as_ref));
    let own_hosts = own_hosts(&work.config);
    let since = work.now.plus_millis(-Clicked::SPAN_MILLIS);
    // Where there is no store nobody has clicked.
    let clicked =
        Store::open_existing(&work.config.store).map(|store| clicked_since(&store, since)).unwrap_or_default();
    let grounds =
        Grounds { suffixes: &work.suffixes, own_hosts: &own_hosts, never_block: &never_block, clicked: &clicked };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot start: {error}")))?;
    let (mut failed, mut refused) = (0, 0);
    for feed in &feeds {
        let updater = Updater { stock, grounds, now: work.now, jitter: jitter(), is_asked: true };
        let outcome = runtime.block_on(updater.update(feed))?;
        failed += usize::from(matches!(outcome, Outcome::Failed(_)));
        refused += usize::from(matches!(outcome, Outcome::Refused(_)));
        tell(feed, &outcome, json, out)?;
    }
    out.flush()?;
    match (failed, refused) {
        (0, 0) => Ok(()),
        (0, _) => {
            Err(Failure::new(Exit::Data, format_args!("{} refused; what was in force stays", count(refused, "update"))))
        }
        _ => Err(Failure::new(
            Exit::Unavailable,
            format_args!("{} not fetched; what was in force stays", count(failed, "feed")),
        )),
    }
}

fn tell(feed: &Feed, outcome: &Outcome, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    let bare = |outcome| Report { feed: &feed.name, outcome, version: None, rows: None, says: None };
    let report = match outcome {
        Outcome::Unchanged => bare("unchanged"),
        Outcome::Taken(version) => {
            Report { version: Some(&version.version), rows: Some(&version.rows), ..bare("taken") }
        }
        Outcome::Refused(refusal) => {
            Report { says: Some(format!("{refusal}; {}", refusal.remedy())), ..bare("refused") }
        }
        Outcome::Failed(failure) => Report { says: Some(failure.says.clone()), ..bare("failed") },
    };
    if json {
        return out.json(&report);
    }
    let more = match outcome {
        Outcome::Taken(version) => format!(
            ": {}; {} refused, of them {} for public suffixes and {} for hosts never blocked",
            count(version.rows.entries, "entry"),
            count(version.rows.refused, "row"),
            version.rows.suffixes,
            version.rows.never_blocked
        ),
        _ => report.says.map(|says| format!(": {says}")).unwrap_or_default(),
    };
    out.line(format_args!("{}  {}{more}", feed.name, report.outcome))
}

fn changed(args: &NamedFeed, outcome: &'static str, version: &Version, out: &mut Stdout) -> Result<(), Failure> {
    let Version { version, rows, at, .. } = version;
    if args.json {
        return out.json(&Report { feed: &args.name, outcome, version: Some(version), rows: Some(rows), says: None });
    }
    let name = &args.name;
    out.line(format_args!(
        "{name}  version {version} of {} with {} is in force",
        moment(*at),
        count(rows.entries, "entry")
    ))
}
