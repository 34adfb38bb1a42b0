use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use super::{Exit, Failure, manager, output::people};

/// What the operating system tells a service.
pub(super) struct Signals {
    pub(super) term: Signal,
    pub(super) int: Signal,
    pub(super) hup: Signal,
}

impl Signals {
    /// Within a runtime.
    pub(super) fn new() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind).map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot hear signals: {error}")))
        };
        Ok(Self {
            term: hear(SignalKind::terminate())?,
            int: hear(SignalKind::interrupt())?,
            hup: hear(SignalKind::hangup())?,
        })
    }
}

/// Waits for one of the two that mean: end.
async fn next(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Waits until a service was told twice to end. The first time `first` is dropped, and what is under way is to be finished;
/// the second time it is to be cut.
pub(super) async fn told_twice(mut term: Signal, mut int: Signal, first: oneshot::Sender<()>) {
    next(&mut term, &mut int).await;
    manager::stopping();
    people("ending: what is under way is finished; a second signal cuts it");
    drop(first);
    next(&mut term, &mut int).await;
}
