//! Work that takes long, kept off the threads that serve everybody.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work`. Where it is `heavy`, it has a thread of its own, and the tasks that wait for this
/// thread go on at another one meanwhile. A runtime of one thread has no other, so there it runs like
/// any work.
///
/// The thread ends with the work, and so do the caches that the allocator keeps of it. On the threads
/// of the runtime, each of which would have its turn, they add up to several times what is in use.
pub(crate) fn run<T: Send>(heavy: bool, work: impl FnOnce() -> T + Send) -> T {
    let Some(runtime) = Handle::try_current().ok().filter(|_| heavy) else {
        return work();
    };
    if runtime.runtime_flavor() != RuntimeFlavor::MultiThread {
        return work();
    }
    let work = || {
        let _context = runtime.enter();
        work()
    };
    tokio::task::block_in_place(|| {
        let ended = std::thread::scope(|scope| scope.spawn(work).join());
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// A future that is polled as [`run`] runs work, while `is_heavy` says that a poll may take long.
pub(crate) struct Offloaded<F, H> {
    future: Pin<Box<F>>,
    is_heavy: H,
}

impl<F, H> Offloaded<F, H> {
    pub(crate) fn new(future: F, is_heavy: H) -> Offloaded<F, H> {
        Offloaded {
            future: Box::pin(future),
            is_heavy,
        }
    }
}

impl<F, H> Future for Offloaded<F, H>
where
    F: Future<Output: Send> + Send,
    H: Fn() -> bool + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let (future, waker) = (this.future.as_mut(), context.waker());
        run((this.is_heavy)(), || {
            future.poll(&mut Context::from_waker(waker))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn others_go_on_while_heavy_work_runs() {
        let (sender, receiver) = mpsc::channel();
        let work = tokio::spawn(async move {
            tokio::spawn(async move { sender.send(()) });
            run(true, move || {
                receiver.recv_timeout(Duration::from_secs(60)).is_ok()
            })
        });
        assert!(work.await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_future_is_polled_beside_others_while_it_is_heavy() {
        let (sender, receiver) = mpsc::channel();
        let work = tokio::spawn(async move {
            tokio::spawn(async move { sender.send(()) });
            let wait = async move { receiver.recv_timeout(Duration::from_secs(60)).is_ok() };
            Offloaded::new(wait, || true).await
        });
        assert!(work.await.unwrap());
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_runs_heavy_work_too() {
        assert_eq!(run(true, || 1), 1);
    }
}
