use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::{
    Exit, Failure,
    args::{ApiArguments, PlaceArguments},
    keys::say_to_back_up,
    manager,
    output::{count, people},
    serve::log_to_stderr,
    signals::{Signals, told_twice},
    work::{origin, say_if_moved},
};
use crate::{
    app::{Counter, Made, Registrar, SystemClock},
    base::Clock,
    config::{Overrides, Source},
};

/// Answers programs until it is told to end.
pub(super) fn run(place: &PlaceArguments, args: ApiArguments) -> Result<(), Failure> {
    let overrides = Overrides { base_url: args.base_url, api_listen: args.listen, ..place.overrides() };
    let (loaded, _) = Source { place: place.place(), overrides }.load()?;
    let config = loaded.config.clone();
    say_if_moved(place, &config)?;
    log_to_stderr("info");
    let (registrar, made) = Registrar::open(loaded, origin(place), SystemClock.now())?;
    if made == Made::Now {
        say_to_back_up(config.keyring.path());
    }
    if registrar.tokens()? == 0 {
        people("note: there is no token yet, so nobody is let in; `sekisho tokens add NAME --scope rewrite` makes one");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot start: {error}")))?;
    let scheme = if config.tls.is_empty() { "http" } else { "https" };
    runtime.block_on(answer(Arc::new(registrar), scheme))
}

async fn answer(registrar: Arc<Registrar>, scheme: &str) -> Result<(), Failure> {
    let Signals { term, int, hup } = Signals::new()?;
    let counter = Counter::open(Arc::clone(&registrar)).await?;
    let tokens = count(registrar.tokens()?, "token");
    let status = format!("answering programs on {scheme}://{}/v1/, {tokens}", counter.address()?);
    people(&status);
    manager::ready(&status);
    let renewals = tokio::spawn(renew_on(hup, registrar));
    let (first, told) = tokio::sync::oneshot::channel::<()>();
    let answering = counter.run(async {
        // Dropped without a word it means the same: end.
        let _ = told.await;
    });
    tokio::select! {
        () = answering => {}
        () = manager::beat() => {}
        () = told_twice(term, int, first) => people("cut what was under way"),
    }
    renewals.abort();
    Ok(())
}

/// Takes a new configuration and keyring; what is wrong with them is told, and what was in force stays.
async fn renew_on(mut hup: Signal, registrar: Arc<Registrar>) {
    while hup.recv().await.is_some() {
        manager::reloading();
        let registrar = Arc::clone(&registrar);
        let renewed = match tokio::task::spawn_blocking(move || registrar.renew(SystemClock.now())).await {
            Ok(Ok(())) => "configuration and keyring were read again".to_owned(),
            Ok(Err(error)) => format!("what was in force stays: {error}"),
            Err(error) => format!("reading again failed: {error}"),
        };
        people(&renewed);
        manager::ready(&renewed);
    }
}
