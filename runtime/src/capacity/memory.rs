//! The memory that large messages take: requests, answers, and what is made of them.
//!
//! Small ones are not counted. A large one waits until there is room for it, so that however many
//! come at once, they take no more than was configured. There are two budgets. A message takes room
//! of the first for its bytes, while these are read or wait, and then of the second for what is made
//! of them; a message with room in the second never waits for the first, so that no wait is endless.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Owner;

/// What there is where nothing is configured, in bytes.
pub(crate) const DEFAULT: usize = 160 * 1024 * 1024;

/// Bytes of a message that are read without asking for room.
pub(crate) const FREE: usize = 256 * 1024;

/// How many bytes or values make a message large: its memory is counted, and it is parsed on a
/// thread of its own.
const LARGE_BYTES: usize = 64 * 1024;
const LARGE_VALUES: usize = 4096;

/// Below so many bytes the values of a message are not counted: they are less than [`LARGE_VALUES`].
pub(crate) const SMALL_BYTES: usize = 8 * 1024;

/// The share of the memory that is for the bytes of messages: one of so many parts.
const BODIES: usize = 4;

/// How many messages are worked on at once, at most.
const AT_ONCE: usize = 8;

/// What a semaphore counts, in bytes.
const UNIT: usize = 1024;

/// The memory for large messages. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Budgets>);

#[derive(Debug)]
struct Budgets {
    bodies: Budget,
    work: Budget,
}

/// Who takes memory: one grant takes at most half of it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) memory: Memory,
    /// `None` for who did not sign in.
    pub(crate) grant: Option<Arc<dyn Owner>>,
}

/// How large a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) bytes: usize,
    pub(crate) values: usize,
}

/// Room in memory, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    _share: Option<OwnedSemaphorePermit>,
    whole: OwnedSemaphorePermit,
}

impl Size {
    /// Whether its parsed form is counted, and parsed outside the async workers.
    pub(crate) fn is_large(self) -> bool {
        self.bytes > LARGE_BYTES || self.values > LARGE_VALUES
    }

    /// Memory that a request takes at its peak, in bytes: as a tree in several forms, and as the
    /// request to the API.
    fn as_request(self) -> usize {
        self.bytes * 5 + self.values * 512
    }

    /// Memory that an answer takes at its peak, in bytes: as text, as a tree, and as the result, in
    /// which it occurs twice.
    fn as_answer(self) -> usize {
        self.bytes * 8 + self.values * 256
    }
}

impl Memory {
    /// Memory of so many bytes.
    pub(crate) fn new(bytes: usize) -> Memory {
        let bodies = bytes / BODIES;
        Memory(Arc::new(Budgets {
            bodies: Budget::new(bodies),
            work: Budget::new(bytes - bodies),
        }))
    }
}

impl Account {
    /// Waits for room for the bytes of a message.
    pub(crate) async fn room_for_body(&self, bytes: usize) -> Option<Room> {
        self.memory
            .0
            .bodies
            .take(self.grant.as_deref(), bytes)
            .await
    }

    /// Waits for room for what is made of a request.
    pub(crate) async fn room_for_request(&self, size: Size) -> Option<Room> {
        self.room_for_work(size.as_request()).await
    }

    /// Waits for room for what is made of an answer.
    pub(crate) async fn room_for_answer(&self, size: Size) -> Option<Room> {
        self.room_for_work(size.as_answer()).await
    }

    async fn room_for_work(&self, bytes: usize) -> Option<Room> {
        let work = &self.memory.0.work;
        let least = work.size / AT_ONCE * UNIT;
        work.take(self.grant.as_deref(), bytes.max(least)).await
    }
}

impl Room {
    /// Keeps room for so many bytes only.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let surplus = self.whole.num_permits().saturating_sub(units(bytes));
        drop(self.whole.split(surplus));
        if let Some(share) = &mut self._share {
            let surplus = share.num_permits().saturating_sub(units(bytes));
            drop(share.split(surplus));
        }
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT).max(1)
}

/// A part of the memory.
#[derive(Debug)]
struct Budget {
    /// In units.
    size: usize,
    whole: Arc<Semaphore>,
    /// What each grant may take of it, as long as one does.
    shares: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Budget {
    fn new(bytes: usize) -> Budget {
        let size = (bytes / UNIT).clamp(AT_ONCE, u32::MAX as usize);
        Budget {
            size,
            whole: Arc::new(Semaphore::new(size)),
            shares: Mutex::default(),
        }
    }

    /// Waits for room. Who wants more than there is gets all of it. Those who wait are served in
    /// turn. Never `None`, since the semaphores are never closed.
    async fn take(&self, grant: Option<&dyn Owner>, bytes: usize) -> Option<Room> {
        let wanted = units(bytes);
        let share = match grant.map(|grant| self.share(grant)) {
            Some(share) => Some(acquire(share, wanted.min(self.half())).await?),
            None => None,
        };
        let whole = acquire(Arc::clone(&self.whole), wanted.min(self.size)).await?;
        Some(Room {
            _share: share,
            whole,
        })
    }

    fn half(&self) -> usize {
        self.size.div_ceil(2)
    }

    fn share(&self, grant: &dyn Owner) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(grant.id()).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.half()));
        shares.insert(grant.id().to_owned(), Arc::downgrade(&share));
        share
    }
}

async fn acquire(semaphore: Arc<Semaphore>, units: usize) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(units).unwrap_or(u32::MAX);
    semaphore.acquire_many_owned(units).await.ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const KIB: usize = 1024;

    /// Accounts of two grants and of a caller without one, which share a memory of so many KiB for bodies.
    fn accounts(kib: usize) -> [Account; 3] {
        let memory = Memory::new(kib * KIB * BODIES);
        let no_grant = Account {
            memory: memory.clone(),
            grant: None,
        };
        let of = |id: &'static str| Account {
            memory: memory.clone(),
            grant: Some(Arc::new(id)),
        };
        [of("a"), of("b"), no_grant]
    }

    fn take(account: &Account, kib: usize) -> Option<Room> {
        account.room_for_body(kib * KIB).now_or_never().flatten()
    }

    #[test]
    fn there_is_room_until_all_is_taken_and_again_when_it_is_left() {
        let [.., no_grant] = accounts(100);
        let first = take(&no_grant, 60).unwrap();
        assert!(take(&no_grant, 60).is_none());
        let second = take(&no_grant, 40).unwrap();
        drop(first);
        assert!(take(&no_grant, 60).is_some());
        drop(second);
    }

    #[test]
    fn what_is_larger_than_all_there_is_has_all_of_it() {
        let [.., no_grant] = accounts(100);
        let room = take(&no_grant, 1000).unwrap();
        assert!(take(&no_grant, 1).is_none());
        drop(room);
        assert!(take(&no_grant, 1).is_some());
    }

    #[test]
    fn one_grant_takes_half_and_leaves_the_rest_to_others() {
        let [a, b, no_grant] = accounts(100);
        let first = take(&a, 30).unwrap();
        assert!(take(&a, 30).is_none());
        assert!(take(&b, 30).is_some());
        assert!(take(&no_grant, 70).is_some());
        drop(first);
        assert!(take(&a, 30).is_some());
    }

    #[test]
    fn nothing_is_kept_of_grants_that_take_nothing() {
        let [a, b, _] = accounts(100);
        drop(take(&a, 10));
        let room = take(&b, 10);
        let shares = a.memory.0.bodies.shares.lock().unwrap();
        assert_eq!(shares.len(), 1);
        drop(room);
    }

    #[test]
    fn room_that_is_given_back_is_there_for_others() {
        let [a, ..] = accounts(100);
        let mut room = take(&a, 50).unwrap();
        assert!(take(&a, 10).is_none());
        room.shrink(40 * KIB);
        assert!(take(&a, 10).is_some());
        assert!(take(&a, 20).is_none());
    }
}
