//! How clients take their answers: one that does not read, or hardly, is not waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bytes of an answer that a client has to take in a second, on average, once the first
/// `request_seconds` are over.
const RATE: u64 = 16 * 1024;

tokio::task_local! {
    /// The progress of the stream of HTTP/2 that runs in this task.
    static STREAM: Arc<Progress>;
}

/// How far the answer of one stream, or the answers of one connection in turn, are taken.
#[derive(Debug)]
pub(super) struct Progress {
    created: Instant,
    /// When the answer began, in milliseconds since `created`.
    began: AtomicU64,
    /// When a part of it was last taken, in milliseconds since `created`.
    moved: AtomicU64,
    /// How many of its bytes were taken.
    taken: AtomicU64,
    /// How many of its parts are handed on and not taken yet.
    waiting: AtomicUsize,
    /// Notified when the last of these is taken.
    emptied: Notify,
}

impl Progress {
    pub(super) fn new() -> Progress {
        Progress {
            created: Instant::now(),
            began: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            emptied: Notify::new(),
        }
    }

    /// The progress of the stream that runs in this task, or that of the connection where none does.
    pub(super) fn of_stream_or(connection: Arc<Progress>) -> Arc<Progress> {
        STREAM.try_with(Arc::clone).unwrap_or(connection)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes that an answer begins.
    pub(super) fn begin(&self) {
        let now = self.now();
        self.began.store(now, Ordering::Relaxed);
        self.moved.store(now, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Notes that a part of the answer is handed on.
    pub(super) fn hand_on(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that so many bytes of it are taken.
    pub(super) fn take(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        self.moved.store(self.now(), Ordering::Relaxed);
    }

    /// Notes that a part that was handed on is gone.
    pub(super) fn leave(&self) {
        if self.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.emptied.notify_one();
        }
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn is_stalled(&self, patience: Duration) -> bool {
        let now = self.now();
        let since = |then: &AtomicU64| {
            Duration::from_millis(now.saturating_sub(then.load(Ordering::Relaxed)))
        };
        let due = since(&self.began).saturating_sub(patience).as_secs() * RATE;
        let slow = self.taken.load(Ordering::Relaxed) < due;
        self.is_waiting() && (slow || since(&self.moved) > patience)
    }

    /// Waits until the client has taken nothing of what waits for it for as long as `patience`, or
    /// much less than it could have.
    pub(super) async fn stalled(&self, patience: Duration) {
        while !self.is_stalled(patience) {
            tokio::time::sleep(patience / 4).await;
        }
    }

    /// Waits until all that was handed on is taken, which is `true`, or stalls.
    async fn all_taken(&self, patience: Duration) -> bool {
        while self.is_waiting() {
            tokio::select! {
                () = self.emptied.notified() => {}
                () = self.stalled(patience) => return false,
            }
        }
        true
    }
}

/// Runs the streams of an HTTP/2 connection, and resets those whose client does not read: a stream
/// is reset, so that others on the connection, which may be a proxy's, go on.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    patience: Duration,
    unread: CancellationToken,
}

impl Streams {
    pub(super) fn new(patience: Duration) -> Streams {
        Streams {
            patience,
            unread: CancellationToken::new(),
        }
    }

    /// Cancelled once the connection holds an answer that its client does not read, and that can no
    /// longer be taken back.
    pub(super) fn unread(&self) -> CancellationToken {
        self.unread.clone()
    }
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let Streams { patience, unread } = self.clone();
        tokio::spawn(async move {
            let progress = Arc::new(Progress::new());
            tokio::select! {
                _ = STREAM.scope(Arc::clone(&progress), stream) => {}
                () = progress.stalled(patience) => {
                    tracing::debug!("an answer that its client does not read was given up");
                    return;
                }
            }
            // The end of the answer is with the library, which waits for the client.
            if !progress.all_taken(patience).await {
                unread.cancel();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an answer is stalled of which so many bytes were taken, the last after `moved`
    /// milliseconds, when `now` milliseconds have passed.
    fn stalled(taken: u64, moved: u64, now: u64) -> bool {
        let progress = Progress {
            created: Instant::now() - Duration::from_millis(now),
            ..Progress::new()
        };
        progress.taken.store(taken, Ordering::Relaxed);
        progress.moved.store(moved, Ordering::Relaxed);
        progress.hand_on();
        progress.is_stalled(Duration::from_secs(10))
    }

    #[test]
    fn an_answer_that_is_not_read_is_stalled_after_a_while() {
        assert!(!stalled(1 << 30, 0, 9_000));
        assert!(stalled(1 << 30, 0, 11_000));
        assert!(!stalled(1 << 30, 5_000, 11_000));
    }

    #[test]
    fn an_answer_that_is_read_byte_by_byte_is_stalled_after_a_while() {
        assert!(!stalled(1, 9_900, 10_000));
        assert!(stalled(10, 19_900, 20_000));
        assert!(!stalled(20 * RATE, 19_900, 20_000));
    }

    #[test]
    fn what_is_taken_is_not_stalled() {
        let progress = Progress::new();
        progress.hand_on();
        progress.leave();
        assert!(!progress.is_stalled(Duration::ZERO));
    }
}
