use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

use super::{
    Gate, ListsError, Made, Origin, RingError, SystemClock,
    admin_key::admin_pass,
    asked::{Asked, SourceError},
    feeds::{feeds_folder, keep_configured, of_feeds, start_rounds},
    flips::{Inbox, Rejudging, Turns},
    gate::Around,
    long_lists, open_ring,
    overseer::Overseer,
    own_hosts,
    reload::{LISTS, Renewer},
    seed_lists,
    visits::{Visits, internal_of},
    watch::Watch,
};
use crate::{
    base::Clock,
    config::{Config, Loaded},
    feed::{FeedError, LiveLists, Settings},
    hook::{self, Hook},
    http::{
        Admin, BindError, Company, Counters, Door, Fitness, HandedOver, Limits, Looked, Renewal, Sockets, Tls,
        TlsError, Vital, Workers, adopt_loopback, bind_loopback,
        pages::{Pages, TemplateError},
        serve,
    },
    net::{DialerError, Rehearsal},
    ruling::{LiveRulings, RulingError},
    sources::Witness,
    store::{ClickLog, ClickWriter, LogSettings, LogStats, Store, StoreError, Unwritten},
    url::Suffixes,
};

/// How long the events that wait may take to be written when the program ends.
const WRITE_OUT: Duration = Duration::from_secs(5);

/// How often certificates are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Why clicks are not answered.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The keyring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The folder of lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// What keeps the lists fresh.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was taken back.
    #[error(transparent)]
    Ruling(#[from] RulingError),
    /// The sources that have to be asked.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// The templates.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listeners.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// What visits destinations.
    #[error(transparent)]
    Dialer(#[from] DialerError),
    /// Who is told of what turned.
    #[error(transparent)]
    Hook(#[from] hook::OpenError),
}

/// Everything that answers clicks, opened and checked; nothing is listened on yet.
pub struct Station {
    gate: Arc<Gate>,
    writer: ClickWriter,
    turns: Turns,
}

/// The addresses, taken.
pub struct Listeners {
    public: Sockets,
    admin: TcpListener,
}

/// Why answering ended badly.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A worker, or the thread that asks feeds, cannot begin.
    #[error("cannot start the workers: {0}")]
    Workers(#[from] io::Error),
    /// A page of the admin listener.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Events were left over.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Where a station is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    Draining,
    Closed,
}

impl Listeners {
    /// Takes the addresses of the configuration, where no listener was handed over for them.
    pub async fn bind(config: &Config, handed_over: HandedOver) -> Result<Self, BindError> {
        let public = match handed_over.clicks {
            Some(listener) => Sockets::share(listener, config.workers)?,
            None => Sockets::bind(config.listen, config.workers)?,
        };
        let admin = match handed_over.admin {
            Some(listener) => adopt_loopback(listener, config.admin_listen).await?,
            None => bind_loopback(config.admin_listen).await?,
        };
        Ok(Self { public, admin })
    }

    /// Listeners that were taken elsewhere; all `workers` share the public one.
    pub fn of(public: std::net::TcpListener, admin: TcpListener, workers: usize) -> Result<Self, BindError> {
        Ok(Self { public: Sockets::share(public, workers)?, admin })
    }

    /// Who else answers on the public address.
    pub fn company(&self) -> Company {
        self.public.company()
    }

    /// Where clicks are answered: the port that was taken, where any was asked for.
    pub fn public(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// Where health and readiness are answered.
    pub fn admin(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }
}

impl Station {
    /// Opens pages, keyring, lists and store, in this order: what only reads comes first, and a keyring is made (where
    /// it may be) before there is a store, whose presence would say that one was lost.
    pub fn open(loaded: Loaded, origin: Origin) -> Result<(Self, Made), StartError> {
        Self::open_rehearsing(loaded, origin, Rehearsal::default())
    }

    /// The same where some sockets of this machine stand in for the internet. Nothing in `loaded` leads here.
    pub fn open_rehearsing(loaded: Loaded, origin: Origin, rehearsal: Rehearsal) -> Result<(Self, Made), StartError> {
        let Loaded { config, settings: started, text, source } = loaded;
        let pages = Pages::load(config.templates.as_deref())?;
        let tls = open_tls(&config)?;
        let (ring, made) = open_ring(&config, origin, SystemClock.now())?;
        seed_lists(&config)?;
        let suffixes = Arc::new(Suffixes::builtin());
        keep_configured(&config);
        let settings = Settings {
            suffixes: Arc::clone(&suffixes),
            own_hosts: own_hosts(&config),
            long: long_lists(&config),
            feeds: Some(feeds_folder(&config)),
        };
        let lists = LiveLists::start(config.blocklists.path().to_owned(), settings, Arc::new(SystemClock))?;
        let store = Store::open(&config.store)?;
        let rulings = Arc::new(LiveRulings::start(&config.store, Arc::new(SystemClock))?);
        let (log, writer) = ClickLog::start(&store, log_settings(&config))?;
        let visits = Visits::of(&config, &suffixes, internal_of(&lists), rehearsal)?;
        let (inbox, turns) = Inbox::new();
        let asked = Asked::open(&config, &suffixes, visits, Arc::clone(&inbox) as Arc<dyn Witness>)?;
        let hook = config.alerts.as_ref().map(Hook::open).transpose()?.map(Arc::new);
        let limits = limits(&config);
        let renewer = Renewer::new(source, started, text, SystemClock.now());
        let gate = Gate::new(
            Around {
                config,
                lists,
                feeds: Arc::default(),
                rulings,
                asked,
                suffixes,
                log,
                store: Arc::new(store),
                limits,
                tls,
                inbox,
                hook,
            },
            ring,
            pages,
            renewer,
        );
        Ok((Self { gate: Arc::new(gate), writer, turns }, made))
    }

    /// What answers; it can be renewed while the station runs.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The lists in force.
    pub fn lists(&self) -> Arc<LiveLists> {
        Arc::clone(&self.gate.in_force().around.lists)
    }

    /// Answers until `shutdown` comes, then lets what is under way finish within the drain time, and writes the events
    /// that wait. Dropped before, it cuts what is under way and still writes them. Needs a runtime of several threads;
    /// the workers that answer clicks bring their own.
    pub async fn run(self, listeners: Listeners, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
        let Self { gate, writer, turns } = self;
        let _watch = Watch::start(Arc::clone(&gate));
        let rounds = Arc::new(start_rounds(&gate)?);
        let rejudging = Rejudging::start(&gate, turns)?;
        let pass = admin_pass(&gate.in_force().around.config.data_dir);
        let _fresh = gate.in_force().around.asked.keep_fresh();
        let counters = Arc::new(Counters::default());
        let limits = gate.in_force().around.limits.clone();
        let (phase, watched) = watch::channel(Phase::Serving);
        let (seen, of_gate) = (watched.clone(), Arc::clone(&gate));
        let renewed = Arc::clone(&gate);
        let overseer = Overseer {
            gate: Arc::clone(&gate),
            counters: Arc::clone(&counters),
            phase: watched.clone(),
            started: SystemClock.now(),
            rounds: Arc::clone(&rounds),
        };
        let admin = Admin::new(move || vitals(&of_gate, *seen.borrow()), Arc::clone(&counters))
            .with_renewal(move || renewed.renewal())
            .with_pages(Arc::new(overseer), pass)?;
        let mut watched = watched;
        // The admin listener outlives the public one, so that whoever asks during the drain hears of it.
        let admin = serve(listeners.admin, Arc::new(admin), admin_limits(), Arc::default(), async move {
            // An error would say that the station is gone, and then nobody asks any more.
            let _ = watched.wait_for(|phase| *phase == Phase::Closed).await;
        });
        let tls = gate.in_force().around.tls.clone();
        let watching = tls.clone().map(|tls| tokio::spawn(watch_certificates(tls)));
        let workers = Workers::start(&Door::new(gate, limits, counters, tls), listeners.public)?;
        let public = async {
            shutdown.await;
            phase.send_replace(Phase::Draining);
            workers.drain().await;
            phase.send_replace(Phase::Closed);
        };
        tokio::join!(admin, public);
        if let Some(watching) = watching {
            watching.abort();
        }
        tokio::task::block_in_place(|| drop((rounds, rejudging)));
        tokio::task::block_in_place(|| writer.stop(WRITE_OUT))?;
        Ok(())
    }
}

pub(super) fn open_tls(config: &Config) -> Result<Option<Arc<Tls>>, TlsError> {
    if config.tls.is_empty() {
        return Ok(None);
    }
    Tls::open(config.tls.clone(), SystemClock.now()).map(|tls| Some(Arc::new(tls)))
}

/// Takes new certificates soon after they are written.
pub(super) async fn watch_certificates(tls: Arc<Tls>) {
    let mut soon = tokio::time::interval(LOOK);
    loop {
        soon.tick().await;
        match tls.look(SystemClock.now()) {
            Looked::Same => {}
            Looked::Renewed => tracing::info!("took new certificates"),
            Looked::Kept(error) => tracing::error!("certificates refused, what was in force stays: {error}"),
        }
    }
}

fn log_settings(config: &Config) -> LogSettings {
    LogSettings {
        spool: config.spool.clone(),
        room: config.limits.spool_bytes,
        keep_days: config.click_days,
        clock: Arc::new(SystemClock),
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        connections: config.limits.connections,
        per_address: config.limits.connections_per_address,
        drain: config.drain,
        trusted_proxies: config.trusted_proxies.clone(),
        forwarded_header: config.forwarded_header,
        proxy_protocol: config.proxy_protocol.clone(),
        ..Limits::default()
    }
}

fn admin_limits() -> Limits {
    Limits { connections: 100, per_address: 100, drain: Duration::from_secs(1), ..Limits::default() }
}

/// What `/readyz` says of each part.
pub(super) fn vitals(gate: &Gate, phase: Phase) -> Vec<Vital> {
    let in_force = gate.in_force();
    let around = &in_force.around;
    let configuration = of_configuration(&gate.renewal());
    let certificates = around.tls.as_deref().map(of_certificates);
    [of_server(phase), configuration, of_lists(&around.lists), of_rulings(&around.rulings), of_log(&around.log)]
        .into_iter()
        .chain(of_feeds(&around.feeds))
        .chain(certificates)
        .chain(around.asked.vital(SystemClock.now()))
        .chain(around.inbox.vital())
        .collect()
}

fn of_certificates(tls: &Tls) -> Vital {
    let (state, says) = match tls.state(SystemClock.now()) {
        Ok(says) => (Fitness::Ready, says),
        Err(says) => (Fitness::Degraded, says),
    };
    Vital { part: "certificates", state, says }
}

fn of_server(phase: Phase) -> Vital {
    let (state, says) = match phase {
        Phase::Serving => (Fitness::Ready, "answering"),
        Phase::Draining | Phase::Closed => (Fitness::NotReady, "ending: no new connections are taken"),
    };
    Vital { part: "server", state, says: says.into() }
}

fn of_configuration(renewal: &Renewal) -> Vital {
    let problems = renewal.parts.iter().filter(|part| part.part != LISTS).filter_map(|part| part.problem.as_deref());
    let problems: Vec<&str> = problems.collect();
    let (state, says) = match (problems.as_slice(), renewal.waiting.as_slice()) {
        ([], []) => (Fitness::Ready, format!("as the file stands, generation {}", renewal.generation)),
        ([], waiting) => (Fitness::Ready, format!("waits for the next start: {}", waiting.join(", "))),
        (problems, _) => (Fitness::Degraded, format!("what was in force stays: {}", problems.join("; "))),
    };
    Vital { part: "configuration", state, says }
}

fn of_lists(lists: &LiveLists) -> Vital {
    let state = lists.state();
    if state.files.is_empty()
        && let Some(problem) = state.folder_problem
    {
        return Vital { part: "lists", state: Fitness::NotReady, says: problem };
    }
    let entries: usize = state.files.iter().map(|file| file.entries).sum();
    if state.degraded {
        return Vital { part: "lists", state: Fitness::Degraded, says: state.problems() };
    }
    let says = format!("{} lists, {entries} entries, generation {}", state.files.len(), state.generation);
    Vital { part: "lists", state: Fitness::Ready, says }
}

fn of_rulings(rulings: &LiveRulings) -> Vital {
    let state = rulings.state();
    match state.problem {
        Some(problem) => Vital { part: "rulings", state: Fitness::Degraded, says: problem },
        None => {
            let says = format!("{} revocations, {} messages convicted", state.revocations, state.messages);
            Vital { part: "rulings", state: Fitness::Ready, says }
        }
    }
}

fn of_log(log: &ClickLog) -> Vital {
    let stats = log.stats();
    let LogStats { synced, drained, waiting, dropped, torn, .. } = stats;
    let torn = if torn > 0 { format!(", {torn} damaged") } else { String::new() };
    let says = format!("{synced} events synced, {drained} in the store, {waiting} waiting, {dropped} lost{torn}");
    match stats.last_error {
        Some(error) if stats.failures > 0 => {
            Vital { part: "click log", state: Fitness::Degraded, says: format!("{says}; {error}") }
        }
        _ => Vital { part: "click log", state: Fitness::Ready, says },
    }
}
