use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    Exit, Failure,
    args::{FilterArguments, MilterArguments, PlaceArguments},
    keys::say_to_back_up,
    manager,
    output::people,
    serve::log_to_stderr,
    signals::Signals,
    work::{origin, say_if_moved, tenant},
};
use crate::{
    app::{Made, Office, OfficeError},
    config::{Config, Overrides, Source},
    mail::{Attempts, Inspection, Listener, Place, Way, filter, milter},
};

/// How often configuration and keyring are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How often the log says what was done.
const TELL: Duration = Duration::from_secs(60);

/// What stands in the path of mail.
enum Kind {
    Milter(milter::Settings),
    Filter(filter::Settings),
}

/// Stands beside the mail system until it is told to end.
pub(super) fn run_milter(place: &PlaceArguments, args: MilterArguments) -> Result<(), Failure> {
    let MilterArguments { base_url, listen, tenant } = args;
    let stand = Stand::open(place, base_url, tenant)?;
    let mail = &stand.config.mail;
    let outgoing = mail.outgoing.clone();
    let settings = milter::Settings {
        connections: mail.connections,
        silence: milter::Settings::SILENCE,
        is_ours: Arc::new(move |address| outgoing.contains(address)),
        drain: stand.config.drain,
    };
    let at = listen.unwrap_or_else(|| mail.milter.clone());
    stand.run(&at, Kind::Milter(settings))
}

/// Stands between two hops until it is told to end.
pub(super) fn run_filter(place: &PlaceArguments, args: FilterArguments) -> Result<(), Failure> {
    let FilterArguments { base_url, listen, next, tenant, outgoing } = args;
    let stand = Stand::open(place, base_url, tenant)?;
    let mail = &stand.config.mail;
    let next = next.or_else(|| mail.next.clone()).ok_or_else(|| {
        Failure::new(
            Exit::Config,
            "where do messages go on to? Name it with --next or mail.next, such as lmtp:127.0.0.1:24",
        )
    })?;
    let settings = filter::Settings {
        connections: mail.connections,
        next,
        way: if outgoing { Way::Outgoing } else { Way::Inbound },
        name: stand.config.node.clone(),
        silence: filter::Settings::SILENCE,
        drain: stand.config.drain,
    };
    let at = listen.unwrap_or_else(|| mail.filter.clone());
    stand.run(&at, Kind::Filter(settings))
}

/// All that is needed to deal with mail, opened.
struct Stand {
    config: Config,
    office: Arc<Office>,
    inspection: Arc<Inspection>,
}

impl Stand {
    fn open(place: &PlaceArguments, base_url: Option<String>, id: Option<u16>) -> Result<Self, Failure> {
        let overrides = Overrides { base_url, ..place.overrides() };
        let source = Source { place: place.place(), overrides };
        let (loaded, _) = source.clone().load()?;
        let config = loaded.config;
        let tenant = tenant(&config, id)?;
        say_if_moved(place, &config)?;
        log_to_stderr("info");
        let (office, made) = Office::open(&config, source, tenant.id, origin(place))?;
        if made == Made::Now {
            say_to_back_up(config.keyring.path());
        }
        let office = Arc::new(office);
        let folder = config.data_dir.join("attempts");
        let attempts = Attempts::open(&folder).map_err(|error| {
            let what = format!("cannot use {}, where failed messages are counted: {error}", folder.display());
            Failure::new(Exit::CannotCreate, what)
        })?;
        let rules = config.mail.rules.clone();
        let inspection = Arc::new(Inspection::new(Arc::clone(&office) as _, rules, attempts, config.mail.at_once));
        Ok(Self { config, office, inspection })
    }

    fn run(&self, at: &Place, kind: Kind) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot start: {error}")))?;
        let ended = runtime.block_on(self.stand(at, kind));
        // Whatever still runs was given its time.
        runtime.shutdown_background();
        ended
    }

    async fn stand(&self, at: &Place, kind: Kind) -> Result<(), Failure> {
        let Signals { mut term, mut int, mut hup } = Signals::new()?;
        let listener = Listener::bind(at, self.config.mail.socket_mode).await?;
        let what = match &kind {
            Kind::Milter(_) => "milter".to_owned(),
            Kind::Filter(settings) => format!("filter (next hop {})", settings.next.place),
        };
        let status = format!("the mail system finds the {what} at {}", listener.place());
        people(&status);
        for tenant in &self.config.tenants {
            people(&format!("links of {:?} (tenant {}) live at {}", tenant.name, tenant.id, tenant.base));
        }
        manager::ready(&status);
        let (end, ending) = watch::channel(false);
        let inspection = Arc::clone(&self.inspection);
        let serving = async {
            match kind {
                Kind::Milter(settings) => milter::serve(&listener, inspection, settings, ending).await,
                Kind::Filter(settings) => filter::serve(&listener, inspection, settings, ending).await,
            }
        };
        let beat = manager::beat();
        tokio::pin!(serving, beat);
        let (mut look, mut tell) = (tokio::time::interval(LOOK), tokio::time::interval(TELL));
        let mut told = self.inspection.counts().to_string();
        loop {
            tokio::select! {
                () = &mut serving => break,
                () = &mut beat => continue,
                _ = term.recv() => {}
                _ = int.recv() => {}
                _ = hup.recv() => {
                    manager::reloading();
                    renew(&self.office, |office| office.renew().map(|()| true)).await;
                    manager::ready(&status);
                    continue;
                }
                _ = look.tick() => {
                    renew(&self.office, |office| office.renew_if_changed()).await;
                    continue;
                }
                _ = tell.tick() => {
                    let now = self.inspection.counts().to_string();
                    if now != told {
                        tracing::info!("{now}");
                        told = now;
                    }
                    continue;
                }
            }
            if *end.borrow() {
                people("cut what was under way");
                break;
            }
            manager::stopping();
            people("ending: messages that have begun are finished; a second signal cuts them");
            let _ = end.send(true);
        }
        tracing::info!("at the end: {}", self.inspection.counts());
        Ok(())
    }
}

async fn renew(office: &Arc<Office>, renewed: fn(&Office) -> Result<bool, OfficeError>) {
    let office = Arc::clone(office);
    match tokio::task::spawn_blocking(move || renewed(&office)).await {
        Ok(Ok(false)) => {}
        Ok(Ok(true)) => tracing::info!("configuration, keyring and lists are in force as they stand"),
        Ok(Err(error)) => tracing::error!("what was in force stays: {error}"),
        Err(error) => tracing::error!("reading again failed: {error}"),
    }
}
