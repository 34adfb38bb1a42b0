use std::{io::IsTerminal, net::SocketAddr, sync::Arc};

use tokio::signal::unix::Signal;
use tracing_subscriber::{EnvFilter, fmt};

use super::{
    Exit, Failure,
    args::{PlaceArguments, ServeArguments},
    keys::say_to_back_up,
    manager,
    output::{count, people},
    signals::{Signals, told_twice},
    work::{origin, say_if_moved},
};
use crate::{
    app::{Gate, Listeners, Made, RunError, Station},
    config::{Config, Overrides, Source},
    http::{Company, HandedOver},
    link::LinkBase,
};

pub(super) fn run(place: &PlaceArguments, args: ServeArguments) -> Result<(), Failure> {
    // Before there is any thread: it takes variables of the environment along.
    let handed_over = HandedOver::take().map_err(|error| Failure::new(Exit::Config, error))?;
    let overrides = Overrides {
        base_url: args.base_url,
        listen: args.listen,
        admin_listen: args.admin_listen,
        ..place.overrides()
    };
    let (loaded, _) = Source { place: place.place(), overrides }.load()?;
    let config = loaded.config.clone();
    say_if_moved(place, &config)?;
    log_to_stderr("info");
    let ring = config.keyring.path().to_owned();
    let (station, made) = Station::open(loaded, origin(place))?;
    if made == Made::Now {
        say_to_back_up(&ring);
    }
    // Clicks are answered by workers of their own; this is for health, signals and what happens behind.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot start: {error}")))?;
    let served = runtime.block_on(answer(station, handed_over, &config));
    // Whatever still runs was given its time.
    runtime.shutdown_background();
    served
}

async fn answer(station: Station, handed_over: HandedOver, config: &Config) -> Result<(), Failure> {
    let signals = Signals::new()?;
    let listeners = Listeners::bind(config, handed_over).await?;
    let status = say_where(&listeners, &station, config)?;
    manager::ready(&status);
    let Signals { term, int, hup } = signals;
    let reloads = tokio::spawn(reload_on(hup, station.gate()));
    let (first, told) = tokio::sync::oneshot::channel::<()>();
    let serving = station.run(listeners, async {
        // Dropped without a word it means the same: end.
        let _ = told.await;
    });
    let ended = tokio::select! {
        ended = serving => ended.map_err(|error| match &error {
            RunError::Workers(_) => Failure::new(Exit::Unavailable, error),
            RunError::Template(_) => Failure::new(Exit::Bug, error),
            RunError::Unwritten(_) => Failure::new(Exit::Io, error),
        }),
        () = manager::beat() => Ok(()),
        () = told_twice(term, int, first) => {
            people("cut what was under way");
            Ok(())
        }
    };
    reloads.abort();
    ended
}

async fn reload_on(mut hup: Signal, gate: Arc<Gate>) {
    while hup.recv().await.is_some() {
        manager::reloading();
        let gate = Arc::clone(&gate);
        let status = match tokio::task::spawn_blocking(move || gate.reload()).await {
            Ok(renewal) => format!("read again, generation {}", renewal.generation),
            Err(error) => {
                tracing::error!(%error, "reading again failed");
                format!("reading again failed: {error}")
            }
        };
        manager::ready(&status);
    }
}

/// Says where it listens and what it knows; gives that back in a line.
fn say_where(listeners: &Listeners, station: &Station, config: &Config) -> Result<String, Failure> {
    let unknown = |error| Failure::new(Exit::Unavailable, format_args!("the listener has no address: {error}"));
    let (public, admin) = (listeners.public().map_err(unknown)?, listeners.admin().map_err(unknown)?);
    let scheme = if config.tls.is_empty() { "http" } else { "https" };
    let status = format!("answering clicks on {scheme}://{public}, health on http://{admin}/readyz");
    people(&status);
    if listeners.company() == Company::Another {
        people(&format!("note: another process answers on {public} as well; both do until one of them is ended"));
    }
    for tenant in &config.tenants {
        people(&format!("links of {:?} (tenant {}) live at {}", tenant.name, tenant.id, tenant.base));
    }
    if let Some(base) = config.tenants.iter().map(|tenant| &tenant.base).find(|base| leads_elsewhere(base, public)) {
        people(&format!(
            "note: links live at {base}, and nothing of this process listens there; if that is not meant, give \
             --base-url or --listen"
        ));
    }
    let state = station.lists().state();
    let entries: usize = state.files.iter().map(|file| file.entries).sum();
    people(&format!(
        "{} with {} in {}",
        count(state.files.len(), "list"),
        count(entries, "entry"),
        config.blocklists.path().display()
    ));
    for (name, problem) in state.files.iter().filter_map(|file| Some((&file.name, file.problem.as_ref()?))) {
        people(&format!("list {name}: {problem}"));
    }
    Ok(status)
}

/// Whether links lead to another port of this very machine. Of other hosts nothing is known: a front end stands there.
fn leads_elsewhere(base: &LinkBase, public: SocketAddr) -> bool {
    let (host, port) = base.host_and_port().rsplit_once(':').unwrap_or((base.host_and_port(), "80"));
    let here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    here && !base.is_https() && port != public.port().to_string()
}

/// Words of the running service: level by `SEKISHO_LOG`, for people on stderr.
pub(super) fn log_to_stderr(level: &str) {
    let filter = EnvFilter::try_from_env("SEKISHO_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let written = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // The demo may have begun to log already; then that goes on.
    let _ = written.compact().with_target(false).try_init();
}
