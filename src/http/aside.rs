use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::room::Room;

/// Work that waits for the disk, done on threads where waiting holds up nobody, so much of it at one time.
pub(super) struct Aside {
    room: Arc<Room>,
}

impl Aside {
    pub(super) fn new(most: usize) -> Self {
        Self { room: Room::new(most) }
    }

    /// What `work` comes to; `None` where too much is under way, it takes longer than `patience`, or it panics. Its seat
    /// is taken until it ends, so that what nobody waits for any more counts too.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let seat = self.room.take()?;
        let working = tokio::task::spawn_blocking(move || {
            let _held = seat;
            work()
        });
        timeout(patience, working).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_still_has_its_seat() {
        let aside = Aside::new(1);
        let (end, until) = mpsc::channel::<()>();
        assert_eq!(aside.run(Duration::ZERO, move || until.recv()).await, None);
        assert_eq!(aside.run(Duration::from_secs(60), || 1).await, None, "the first is not done");
        end.send(()).unwrap();
        // Its thread gives the seat back a moment after it has heard.
        while aside.room.take().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(aside.run(Duration::from_secs(60), || 2).await, Some(2));
        assert_eq!(aside.run(Duration::from_secs(60), || -> u8 { panic!("as told") }).await, None);
        assert_eq!(aside.run(Duration::from_secs(60), || 3).await, Some(3));
    }
}
