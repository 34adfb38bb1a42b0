use super::{
    Exit, Failure,
    args::{ClicksArguments, ExplainArguments, PlaceArguments},
    output::{Stdout, moment, people},
    when::when,
};
use crate::{
    app::SystemClock,
    base::{Clock, Timestamp},
    judge::{ClickEvent, Flip, Rejudged},
    store::{BroughtIn, ClickFilter, Order, Reveal, Store, StoreError, bring_in, explain, is_left, printable},
    url,
};

/// The click log, oldest first.
pub(super) fn run(place: &PlaceArguments, args: &ClicksArguments, out: &mut Stdout) -> Result<(), Failure> {
    let filter = filter(args, SystemClock.now())?;
    let Some(store) = open(place)? else { return Ok(()) };
    // The newest are wanted where there are too many, and are read in the order in which they happened.
    if args.flips {
        for flip in store.flips(args.limit, reveal(args.reveal))?.iter().rev() {
            if args.json { out.json(flip)? } else { write_flip(flip, out)? }
        }
        return Ok(());
    }
    for event in store.clicks(&filter, reveal(args.reveal))?.iter().rev() {
        if args.json { out.json(event)? } else { write(event, out)? }
    }
    Ok(())
}

/// Why one click was answered as it was.
pub(super) fn run_explain(place: &PlaceArguments, args: &ExplainArguments, out: &mut Stdout) -> Result<(), Failure> {
    let unknown = || {
        let reference = args.reference;
        Failure::new(
            Exit::NoInput,
            format_args!("no click with the reference {reference} is in the store; was it another node's?"),
        )
    };
    let store = open(place)?.ok_or_else(unknown)?;
    let reveal = reveal(args.reveal);
    let events = store.click(args.reference, reveal)?;
    let message = events.iter().find_map(|event| event.message);
    let wraps = message.map_or(Ok(Vec::new()), |message| store.wraps_of(message, reveal))?;
    let flips = store.flips_of(args.reference, reveal)?;
    let known = message.zip(events.iter().find_map(|event| event.tenant));
    let authentication = known.map_or(Ok(None), |(message, tenant)| store.authentication(message, tenant))?;
    let explanation = explain(&events, &wraps, authentication, &flips).ok_or_else(unknown)?;
    if args.json { out.json(&explanation) } else { out.bytes(explanation.to_string().as_bytes()) }
}

/// The store, where one was made yet, with what a run that has ended left in the spool. Asking makes none: no click has
/// been recorded where there is neither.
fn open(place: &PlaceArguments) -> Result<Option<Store>, Failure> {
    let config = place.place().foresee(&place.overrides())?;
    if !is_left(&config.spool) {
        return match Store::open_existing(&config.store) {
            Err(StoreError::Missing { .. }) => Ok(None),
            store => Ok(Some(store?)),
        };
    }
    let store = Store::open(&config.store)?;
    match bring_in(&store, &config.spool) {
        Ok(BroughtIn { torn: 0, .. }) => {}
        Ok(BroughtIn { torn, .. }) => people(&format!("damaged in the spool and lost: {torn}")),
        Err(error) => people(&format!("clicks that wait in the spool are not shown: {error}")),
    }
    Ok(Some(store))
}

fn filter(args: &ClicksArguments, now: Timestamp) -> Result<ClickFilter, Failure> {
    let time = |text: &Option<String>| text.as_deref().map(|text| when(text, now)).transpose();
    let usage = |what| Failure::new(Exit::Usage, what);
    let url = args.url.as_deref().map(url::parse).transpose();
    let url = url.map_err(|error| usage(format!("--url: {error}")))?;
    Ok(ClickFilter {
        since: time(&args.since).map_err(|what| usage(format!("--since: {what}")))?,
        until: time(&args.until).map_err(|what| usage(format!("--until: {what}")))?,
        outcome: args.outcome,
        url: url.map(|url| url.as_str().to_owned()),
        host: args.host.as_deref().map(str::to_ascii_lowercase),
        domain: args.domain.as_deref().map(str::to_ascii_lowercase),
        message: args.message,
        recipient: None,
        click: args.click,
        order: Order::NewestFirst,
        limit: args.limit,
    })
}

fn reveal(whole: bool) -> Reveal {
    if whole { Reveal::Whole } else { Reveal::Masked }
}

fn write(event: &ClickEvent, out: &mut Stdout) -> Result<(), Failure> {
    let ClickEvent { time, click_id, outcome, actor, .. } = event;
    let url = event.url.as_deref().unwrap_or("-");
    out.line(format_args!("{}  {click_id}  {:<19} {:<8} {url}", moment(*time), outcome.as_str(), actor.as_str()))
}

fn write_flip(flip: &Flip, out: &mut Stdout) -> Result<(), Failure> {
    let Flip { time, url, tier, threat, signal, clicks, .. } = flip;
    out.line(format_args!("{}  {tier} ({threat})  {url}: {}", moment(*time), printable(&signal.evidence)))?;
    for Rejudged { time, click_id, outcome, was, .. } in clicks {
        let was = was.map_or_else(String::new, |was| format!(", held {was}"));
        out.line(format_args!("  {}  {click_id}  {outcome}{was}", moment(*time)))?;
    }
    Ok(())
}
