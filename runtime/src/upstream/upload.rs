//! Files that were uploaded before the call that sends them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::http::Piece;

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) content: Piece,
}

/// The uploads that the arguments of a call name, by the texts that name them.
#[derive(Clone, Default)]
pub(crate) struct Uploads {
    pub(crate) files: BTreeMap<String, Upload>,
    /// The call's hold on them; none where there are none.
    pub(crate) taken: Option<Arc<Taken>>,
}

impl fmt::Debug for Uploads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts that name them are secrets.
        let mut debug = formatter.debug_struct("Uploads");
        debug.field("number", &self.files.len()).finish()
    }
}

impl Uploads {
    /// The upload that an argument names.
    pub(super) fn find(&self, value: &Value) -> Option<&Upload> {
        self.files.get(value.as_str()?)
    }
}

/// What is done with uploads at the end of their call: they are removed where they may have been sent, which
/// is the argument, and are there for another call otherwise.
type Settle = Box<dyn Fn(bool) -> BoxFuture<'static, ()> + Send + Sync>;

/// The hold of one call on uploads, until it is settled or dropped.
pub(crate) struct Taken {
    settle: Settle,
    may_be_sent: AtomicBool,
    is_settled: AtomicBool,
}

impl fmt::Debug for Taken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Taken").finish_non_exhaustive()
    }
}

impl Taken {
    pub(crate) fn new(
        settle: impl Fn(bool) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Taken {
        Taken {
            settle: Box::new(settle),
            may_be_sent: AtomicBool::new(false),
            is_settled: AtomicBool::new(false),
        }
    }

    /// Notes that the request is under way.
    pub(super) fn begin(&self) {
        self.may_be_sent.store(true, Ordering::Relaxed);
    }

    /// Settles the uploads, unless that was done. It goes on where its caller stops waiting.
    pub(crate) async fn settle(&self, was_sent: bool) {
        if !self.is_settled.swap(true, Ordering::Relaxed) {
            let _ = tokio::spawn((self.settle)(was_sent)).await;
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let was_sent = self.may_be_sent.load(Ordering::Relaxed);
        // Without a runtime, the process ends: the uploads end by time.
        if !self.is_settled.load(Ordering::Relaxed)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn((self.settle)(was_sent));
        }
    }
}
