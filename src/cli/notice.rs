use super::{
    Failure,
    args::{NoticeCommand, PlaceArguments},
    named::Named,
    output::{Stdout, moment, people},
};
use crate::{
    app::SystemClock,
    base::Clock,
    store::{NOTICES_MAX, Notice, Say, Store},
};

/// Messages that went to many on purpose.
pub(super) fn run(place: &PlaceArguments, command: NoticeCommand, out: &mut Stdout) -> Result<(), Failure> {
    let (named, time) = (Named::open(place)?, SystemClock.now());
    match command {
        NoticeCommand::Add { message, reason, by } => {
            for message in named.messages(&message)? {
                let id = named.store.add_notice(message, Say { time, by: &by, reason: &reason })?;
                people(&format!("the links of message {message} may be opened as often as they are"));
                out.line(format_args!("{id}"))?;
            }
            Ok(())
        }
        NoticeCommand::End { id, reason, by } => {
            named.store.end_notice(id, Say { time, by: &by, reason: &reason })?;
            out.line(format_args!("{id}"))
        }
        NoticeCommand::List { all, json } => list(&named.store, all, json, out),
    }
}

fn list(store: &Store, all: bool, json: bool, out: &mut Stdout) -> Result<(), Failure> {
    // Those that ended stay, so there may be more of them than may count at one time.
    let notices = store.notices(usize::try_from(NOTICES_MAX).unwrap_or(usize::MAX).saturating_mul(100))?;
    for notice in notices.iter().filter(|notice| all || notice.end.is_none()) {
        if json {
            out.json(notice)?;
            continue;
        }
        let Notice { id, time, message, by, reason, end } = notice;
        out.line(format_args!("{id:>6}  {}  message {message}, by {by}: {reason}", moment(*time)))?;
        if let Some(end) = end {
            out.line(format_args!("        ended {} by {}: {}", moment(end.time), end.by, end.reason))?;
        }
    }
    Ok(())
}
