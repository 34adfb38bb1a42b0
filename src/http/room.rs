use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many of something there are at one time, over all workers, and how many there may be.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    taken: AtomicUsize,
}

/// One of the seats of a room; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Room>);

impl Room {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0) })
    }

    /// A seat, if one is free. Nobody waits for one.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        let more = |taken| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Seat(Arc::clone(self)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_so_many_seats_and_takes_them_back() {
        let room = Room::new(2);
        let (first, _second) = (room.take().unwrap(), room.take().unwrap());
        assert!(room.take().is_none());
        drop(first);
        let _third = room.take().unwrap();
        assert!(room.take().is_none());
        assert!(Room::new(0).take().is_none());
    }
}
