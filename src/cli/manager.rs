//! What the manager of services is told: sd_notify(3). Where none asked to be told, nothing is.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// The service answers now.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It reads everything again; [`ready`] says that it has.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the manager is not told of a reload"),
    }
}

/// It ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says that the service is alive, twice as often as the manager wants to hear it (`WatchdogSec=`), for as long as the
/// runtime that this runs on gets anything done. Never ends.
pub(super) async fn beat() {
    let Some(every) = sd_notify::watchdog_enabled().filter(|every| *every > Duration::ZERO) else {
        return std::future::pending().await;
    };
    let mut beats = interval(every / 2);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(what: &[NotifyState<'_>]) {
    // A manager that cannot be told ends the service in its own time and says why.
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "the service manager cannot be told how this service is");
    }
}
