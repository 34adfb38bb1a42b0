use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use crate::store::StoreError;

/// Readers of the store at one time; more wait.
const READERS: usize = 2;
/// How long whoever asks waits, for a reader and for its answer together.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the store on threads that may wait, a few at a time, so that admins who look hold nobody up.
pub(super) struct Readers(Arc<Semaphore>);

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store did not answer within {} seconds; try again", PATIENCE.as_secs())]
    Late,
}

impl Readers {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(READERS)))
    }

    /// What `read` brings. One that is late is no longer waited for, but goes on to count as a reader until it ends.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let end = Instant::now() + PATIENCE;
        let seat = timeout_at(end, Arc::clone(&self.0).acquire_owned()).await;
        let Ok(Ok(seat)) = seat else { return Err(Trouble::Late) };
        let reading = spawn_blocking(move || {
            let _seat = seat;
            read()
        });
        match timeout_at(end, reading).await {
            Ok(Ok(read)) => Ok(read?),
            // A panic of the reader was told already.
            Ok(Err(_)) | Err(_) => Err(Trouble::Late),
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Readers({})", self.0.available_permits())
    }
}
