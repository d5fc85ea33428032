//! A file on its way from the API to the one who fetches it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Instant, sleep_until};

use super::recorded::Begun;
use crate::call::ErrorKind;
use crate::capacity::RunningCall;
use crate::model::GrantId;
use crate::store::Services;

/// How long a download takes at most.
const LONGEST: Duration = Duration::from_mins(30);
/// How often it is looked whether its connection has ended.
const LOOK: Duration = Duration::from_secs(5);

/// A file on its way. It counts among the calls that run until it is there as a whole, and no longer than
/// its connection lasts.
pub(super) struct Passage {
    pub(super) body: BoxStream<'static, io::Result<Bytes>>,
    /// How many bytes it has, where that is known.
    pub(super) length: Option<u64>,
    pub(super) grant: GrantId,
    pub(super) services: Services,
    pub(super) begun: Begun,
    pub(super) running: RunningCall,
}

impl Passage {
    /// Passes the file on, in a task of its own: it ends also where its parts are not taken.
    pub(super) fn begin(self) -> BoxStream<'static, io::Result<Bytes>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(self.run(sender));
        let parts = stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Some(part)) => Some((Ok(part), Some(receiver))),
                Some(None) => None,
                None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
            }
        });
        parts.boxed()
    }

    /// Sends the parts, and nothing in place of one at the end of the whole file.
    async fn run(self, sender: Sender<Option<Bytes>>) {
        let Passage {
            body,
            length,
            grant,
            services,
            begun,
            running,
        } = self;
        let error = tokio::select! {
            error = pass(body, length, &sender) => error,
            error = watch(&services, &grant) => Some(error),
        };
        begun.end(error);
        drop(running);
        if error.is_none() {
            let _ = sender.try_send(None);
        }
    }
}

/// Passes all parts on. Returns why that failed.
async fn pass(
    mut body: BoxStream<'static, io::Result<Bytes>>,
    length: Option<u64>,
    sender: &Sender<Option<Bytes>>,
) -> Option<ErrorKind> {
    let mut passed = 0;
    loop {
        // Who has the last byte of a file whose length is known does not wait for its end.
        let gone = || (length != Some(passed)).then_some(ErrorKind::Cancelled);
        let part = tokio::select! {
            part = body.next() => part,
            () = sender.closed() => return gone(),
        };
        match part {
            None => break,
            Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                return Some(ErrorKind::Timeout);
            }
            Some(Err(_)) => return Some(ErrorKind::UpstreamUnavailable),
            Some(Ok(part)) => {
                let bytes = part.len() as u64;
                if sender.send(Some(part)).await.is_err() {
                    return Some(ErrorKind::Cancelled);
                }
                passed += bytes;
            }
        }
    }
    // The last part is taken before the end is sent.
    let taken = sender.reserve().await;
    match taken.is_ok() || length == Some(passed) {
        true => None,
        false => Some(ErrorKind::Cancelled),
    }
}

/// Waits until a download has to end, and returns why.
async fn watch(services: &Services, grant: &GrantId) -> ErrorKind {
    let ends = Instant::now() + LONGEST;
    loop {
        sleep_until(ends.min(Instant::now() + LOOK)).await;
        if Instant::now() >= ends {
            return ErrorKind::Timeout;
        }
        let now = services.clock.now();
        match services.store.grant_in_force(grant, now).await {
            Ok(Some(_)) => {}
            Ok(None) => return ErrorKind::Forbidden,
            Err(error) => {
                tracing::warn!(%error, "the connection of a download cannot be looked up");
            }
        }
    }
}
