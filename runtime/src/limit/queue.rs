//! A queue before work that takes long: those are served first who asked least.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Lets so many work at once, and so many wait. Who waits has a rank, and the lowest is served
/// first; those of the same rank in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    at_once: usize,
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    working: usize,
    came: u64,
    waiting: BTreeMap<(u32, u64), oneshot::Sender<Permit>>,
}

/// Lets its holder work. Dropping it lets the next one.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Shared>);

impl Queue {
    /// An empty queue.
    pub(crate) fn new(at_once: usize, most: usize) -> Queue {
        Queue(Arc::new(Shared {
            at_once: at_once.max(1),
            most,
            state: Mutex::default(),
        }))
    }

    /// Waits until it is one's turn. `None`: too many wait who asked less, so that one's turn would
    /// not come soon.
    pub(crate) async fn wait(&self, rank: u32) -> Option<Permit> {
        let (key, turn) = {
            let shared = &self.0;
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.working < shared.at_once {
                state.working += 1;
                return Some(Permit(Arc::clone(shared)));
            }
            state.came += 1;
            let key = (rank, state.came);
            if state.waiting.len() >= shared.most {
                let last = state.waiting.last_entry()?;
                if *last.key() < key {
                    return None;
                }
                // The client with the most requests is removed; its sender is dropped, which it notices.
                last.remove();
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.insert(key, sender);
            (key, turn)
        };
        // A client that disconnects while it waits makes room.
        let _place = Place(&self.0, key);
        turn.await.ok()
    }
}

struct Place<'a>(&'a Shared, (u32, u64));

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.remove(&self.1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut next = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            let next = state.waiting.pop_first();
            if next.is_none() {
                state.working -= 1;
            }
            next
        };
        // A permit whose receiver is gone is dropped in turn, outside of the lock.
        if let Some((_, sender)) = next.take() {
            drop(sender.send(Permit(Arc::clone(&self.0))));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Whether somebody of this rank is let in at once.
    async fn enters(queue: &Queue, rank: u32) -> Option<Permit> {
        let wait = tokio::time::timeout(Duration::from_millis(20), queue.wait(rank));
        wait.await.ok().flatten()
    }

    #[tokio::test]
    async fn who_asked_least_is_served_first() {
        let queue = Queue::new(1, 10);
        let working = queue.wait(0).await.unwrap();
        let (sender, mut served) = tokio::sync::mpsc::unbounded_channel();
        for rank in [7, 3, 0, 3] {
            let (queue, sender) = (queue.clone(), sender.clone());
            tokio::spawn(async move {
                let permit = queue.wait(rank).await;
                sender.send(rank).unwrap();
                drop(permit);
            });
            tokio::task::yield_now().await;
        }
        drop((working, sender));
        let mut order = Vec::new();
        while let Some(rank) = served.recv().await {
            order.push(rank);
        }
        assert_eq!(order, [0, 3, 3, 7]);
    }

    #[tokio::test]
    async fn where_too_many_wait_the_client_with_the_most_requests_is_removed() {
        let queue = Queue::new(1, 1);
        let working = queue.wait(0).await.unwrap();
        let first = tokio::spawn({
            let queue = queue.clone();
            async move { queue.wait(5).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(queue.wait(6).await.is_none());
        let second = tokio::spawn({
            let queue = queue.clone();
            async move { queue.wait(1).await.is_some() }
        });
        assert!(!first.await.unwrap());
        drop(working);
        assert!(second.await.unwrap());
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_makes_room() {
        let queue = Queue::new(1, 1);
        let working = queue.wait(0).await.unwrap();
        assert!(enters(&queue, 3).await.is_none());
        assert!(enters(&queue, 3).await.is_none());
        drop(working);
        assert!(enters(&queue, 3).await.is_some());
        assert!(enters(&queue, 3).await.is_some());
    }
}
