use std::{fs::OpenOptions, net::TcpListener, path::Path, sync::Arc};

use super::{
    Exit, Failure,
    args::PlaceArguments,
    output::{Stdout, count, moment},
    work::{Work, origin},
};
use crate::{
    app::{self, Origin, RingError, Shelf, may_make_ring, own_hosts, read_ring, stock},
    clamd::Clamd,
    config::{Config, Named},
    http::pages::Pages,
    sources::{
        Unanswered,
        dns::{DnsList, Reading},
    },
    store::{Store, StoreError},
    supply::{FeedStanding, FeedStatus},
    url::Suffixes,
};

/// What was found about one part.
enum Finding {
    Good(String),
    /// It works, and somebody should know.
    Odd(String),
    Bad(String),
}
use Finding::{Bad, Good, Odd};

/// Looks at every part that the other commands need, changes nothing, and tells of each. Fails if one is bad.
pub(super) fn run(place: &PlaceArguments, out: &mut Stdout) -> Result<(), Failure> {
    let file = place.place().file();
    let work = Work::of(place.place().foresee(&place.overrides())?);
    let config = &work.config;
    let findings = [
        ("configuration", configuration(&file, config)),
        ("keyring", keyring(&work, origin(place))),
        ("store", store(&work)),
        ("lists", lists(&work)),
        ("templates", templates(config)),
        ("links", links(config)),
        ("certificates", certificates(&work)),
        ("virus scanner", virus_scanner(config)),
        ("listener", listener(config)),
    ];
    let findings = findings.into_iter().chain(feeds(&work).map(|finding| ("feed", finding)));
    let findings = findings.chain(dns_lists(&work).into_iter().map(|finding| ("list by DNS", finding)));
    let mut bad = 0;
    for (part, finding) in findings {
        let (mark, says) = match finding {
            Good(says) => ("ok", says),
            Odd(says) => ("note", says),
            Bad(says) => {
                bad += 1;
                ("BAD", says)
            }
        };
        out.line(format_args!("{mark:<4} {part:<14} {says}"))?;
    }
    out.flush()?;
    match bad {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Config, "1 part is not in order")),
        bad => Err(Failure::new(Exit::Config, format_args!("{bad} parts are not in order"))),
    }
}

fn configuration(file: &Path, config: &Config) -> Finding {
    if file.exists() {
        Good(format!("{}, {}", file.display(), count(config.tenants.len(), "tenant")))
    } else {
        not_yet(file)
    }
}

fn not_yet(path: &Path) -> Finding {
    Odd(format!("{} is not there yet; it is made on first use", path.display()))
}

fn keyring(work: &Work, origin: Origin) -> Finding {
    let path = work.config.keyring.path();
    match read_ring(path) {
        Err(RingError::Missing { .. }) if may_make_ring(&work.config, origin) => not_yet(path),
        Ok(ring) => {
            let keys = count(ring.keys().count(), "key");
            match ring.keys().next() {
                Some(key) if key.from() > work.now => Bad(format!(
                    "the clock is before {}, when key {} began to sign: set the clock",
                    moment(key.from()),
                    key.id()
                )),
                Some(key) => {
                    Good(format!("{}, {keys}, {} signs since {}", path.display(), key.id(), moment(key.from())))
                }
                None => Bad(format!("{} holds no key", path.display())),
            }
        }
        Err(error) => Bad(error.to_string()),
    }
}

fn store(work: &Work) -> Finding {
    let path = &work.config.store;
    let read = Store::open_existing(path).and_then(|store| store.last_wrap());
    match read {
        Err(StoreError::Missing { .. }) => not_yet(path),
        Err(error) => Bad(error.to_string()),
        Ok(_) if OpenOptions::new().append(true).open(path).is_err() => {
            Bad(format!("{} cannot be written by this user", path.display()))
        }
        Ok(Some(last)) if last > work.now => Bad(format!(
            "the last link was made at {}, which is still to come: set the clock of this machine",
            moment(last)
        )),
        Ok(Some(last)) => Good(format!("{}, last link made at {}", path.display(), moment(last))),
        Ok(None) => Good(format!("{}, no link made yet", path.display())),
    }
}

fn lists(work: &Work) -> Finding {
    let folder = work.config.blocklists.path();
    if !folder.exists() {
        return if matches!(work.config.blocklists, Named::ByDefault(_)) {
            not_yet(folder)
        } else {
            Bad(format!("{} is not there; make it, or leave `blocklists` out of the configuration", folder.display()))
        };
    }
    match Shelf::read(&[folder.to_owned()], &[], &work.suffixes, &own_hosts(&work.config)) {
        Err(error) => Bad(error.to_string()),
        Ok(shelf) => match shelf.bad.first() {
            Some(first) => Bad(format!("refused: {}; the first: {first}", count(shelf.bad.len(), "line"))),
            None => {
                let entries: usize = shelf.lists().iter().map(|list| list.entries.len()).sum();
                Good(format!(
                    "{}, {}, {}",
                    folder.display(),
                    count(shelf.lists().len(), "list"),
                    count(entries, "entry")
                ))
            }
        },
    }
}

/// How each feed stands, by what is kept of it: nobody is asked, for those who keep lists count questions.
fn feeds(work: &Work) -> impl Iterator<Item = Finding> {
    let stock = stock(&work.config);
    work.config.feeds.iter().map(move |feed| {
        let FeedStatus { name, standing, state, .. } = stock.status_of(feed, work.now);
        let in_force = match &state.current {
            Some(version) => format!("{} of {} in force", count(version.rows.entries, "entry"), moment(version.at)),
            None => "nothing in force".to_owned(),
        };
        let says = match (standing, &state.told) {
            (FeedStanding::Current, _) => return Good(format!("{name}: {in_force}")),
            (FeedStanding::Never, None) => {
                format!("not asked yet; `sekisho serve` does, and `sekisho feed update {name}` does it now")
            }
            (FeedStanding::Held, _) => format!("{in_force}, and no updates until `sekisho feed update {name}`"),
            (_, Some(told)) => format!("{in_force}; since {}: {}", moment(told.since), told.says),
            (standing, None) => format!("{in_force}; {}", standing.as_str()),
        };
        Odd(format!("{name}: {says}"))
    })
}

fn templates(config: &Config) -> Finding {
    match (Pages::load(config.templates.as_deref()), &config.templates) {
        (Err(error), _) => Bad(error.to_string()),
        (Ok(_), Some(folder)) => Good(folder.display().to_string()),
        (Ok(_), None) => Good("the built-in ones".into()),
    }
}

fn links(config: &Config) -> Finding {
    let plain = config.tenants.iter().map(|tenant| &tenant.base).find(|base| {
        let here = ["localhost", "127.", "[::1]"].iter().any(|start| base.host_and_port().starts_with(start));
        !base.is_https() && !here
    });
    match plain {
        Some(base) => Odd(format!("{base} is not https: whoever is on the way reads which links people open")),
        None => Good(config.tenants.iter().map(|tenant| tenant.base.to_string()).collect::<Vec<_>>().join(", ")),
    }
}

fn certificates(work: &Work) -> Finding {
    let config = &work.config;
    if config.tls.is_empty() {
        return Good("none here: TLS is ended in front".into());
    }
    let read: Result<Vec<_>, _> = config.tls.iter().map(|files| files.read(work.now)).collect();
    let certificates = match read {
        Err(error) => return Bad(error.to_string()),
        Ok(certificates) => certificates,
    };
    let hosts = own_hosts(config);
    let bare = hosts.iter().find(|host| !certificates.iter().any(|certificate| certificate.is_for(host)));
    let due = certificates.iter().find(|certificate| certificate.is_due(work.now));
    match (bare, due) {
        (Some(host), _) => Odd(format!("none of them is for {host}: browsers will not open its links")),
        (_, Some(due)) => Odd(format!("one ends at {} and should have been renewed", moment(due.until))),
        (None, None) => {
            let ends = certificates.iter().map(|certificate| certificate.until).min();
            Good(format!(
                "{}, in force until {}",
                count(certificates.len(), "certificate"),
                ends.map_or_else(String::new, moment)
            ))
        }
    }
}

fn virus_scanner(config: &Config) -> Finding {
    let Some((socket, limits)) = &config.clamav else { return Good("none is asked".into()) };
    let clamd = Clamd::new(socket.clone(), *limits);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Bad(format!("no connection can be made from here: {error}")),
    };
    match runtime.block_on(clamd.version()) {
        Ok(version) => Good(format!("{socket}, {version}")),
        Err(error) => Bad(error.to_string()),
    }
}

/// Asks each list for what it always lists: the only way to find out whether it serves this resolver.
fn dns_lists(work: &Work) -> Vec<Finding> {
    if work.config.dns_lists.is_empty() {
        return Vec::new();
    }
    let lists = match app::dns_lists(&work.config, &Arc::new(Suffixes::builtin())) {
        Ok(lists) => lists,
        Err(error) => return vec![Bad(error.to_string())],
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return vec![Bad(format!("cannot ask: {error}"))],
    };
    lists.iter().map(|list| of_dns_list(list, runtime.block_on(list.probe()))).collect()
}

fn of_dns_list(list: &DnsList, told: Option<Result<Reading, Unanswered>>) -> Finding {
    let name = format!("{} ({})", list.zone().name, list.zone().shown());
    match told {
        None => Odd(format!("{name} has no test point that could be asked for")),
        Some(Err(why)) => Odd(format!("{name} is silent: {why}")),
        Some(Ok(Reading::Listed(_))) => Good(format!("{name} answers and lists its test point")),
        Some(Ok(Reading::Refused(code, why))) => Bad(format!("{name} answers {code}: {why}")),
        Some(Ok(Reading::Foreign(address))) => {
            Bad(format!("{name} answers {address}, which no list says: a resolver on the way makes up answers"))
        }
        Some(Ok(Reading::Nothing)) => {
            let point = list.zone().test_point.unwrap_or_default();
            Odd(format!("{name} answers and does not list its test point {point}; is the zone right, and loaded?"))
        }
    }
}

fn listener(config: &Config) -> Finding {
    match TcpListener::bind(config.listen) {
        Ok(_) => Good(format!("{} is free for `sekisho serve`", config.listen)),
        Err(error) => Odd(format!("{}: {error}; if it is `sekisho serve` that runs, all is well", config.listen)),
    }
}
