//! `/readyz`: whether this server is to be sent requests.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// How long a finding about the store is reused: probes cost one write a second at most,
/// however many there are.
const FRESH: Duration = Duration::from_secs(1);
/// How long the store may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What decides whether the server is ready.
pub(super) struct Readiness {
    stopping: CancellationToken,
    store: Option<Arc<dyn Store>>,
    /// When the store was last probed, and whether it worked.
    last: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    pub(super) fn new(stopping: CancellationToken, store: Option<Arc<dyn Store>>) -> Readiness {
        Readiness {
            stopping,
            store,
            last: Mutex::new(None),
        }
    }

    /// Whether the store can be read and written, as far as was found out within the last second.
    async fn store_works(self: Arc<Readiness>) -> bool {
        let Some(store) = &self.store else {
            return true;
        };
        // Those who ask meanwhile wait for the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, works)) = *last
            && at.elapsed() < FRESH
        {
            return works;
        }
        let works = match timeout(PATIENCE, store.probe()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "not ready: the store cannot be written");
                false
            }
            Err(_) => {
                tracing::error!("not ready: the store does not answer in time");
                false
            }
        };
        *last = Some((Instant::now(), works));
        works
    }
}

pub(super) async fn ready(
    State(readiness): State<Arc<Readiness>>,
) -> (StatusCode, Json<serde_json::Value>) {
    // A task of its own: who hangs up early does not make the next one probe again.
    let probing = tokio::spawn(Arc::clone(&readiness).store_works());
    let works = probing.await.unwrap_or(false);
    let (status, word) = match readiness.stopping.is_cancelled() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        false if !works => (StatusCode::SERVICE_UNAVAILABLE, "store unavailable"),
        false => (StatusCode::OK, "ready"),
    };
    (status, Json(serde_json::json!({"status": word})))
}
