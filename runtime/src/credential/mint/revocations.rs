//! Keys whose grant has ended are revoked at the API, until the API says that they are; and keys
//! that were asked for, and whose outcome was not recorded, are found and revoked.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Mint;
use super::find::Lookup;
use crate::clock::Clock;
use crate::model::{Cause, GrantId};
use crate::random::Random;
use crate::request_id::RequestId;
use crate::store::{EndedUpstreamKey, Settled, Store, StoreError, UpstreamKeyIntent};

/// How often it is looked whether there is anything to do.
const LOOK: Duration = Duration::from_millis(500);
/// How often keys are looked for whose grant ended by itself.
const SWEEP: Duration = Duration::from_secs(30);
/// How many keys are revoked at once.
const AT_ONCE: u32 = 16;
/// How long others leave a key alone that is being revoked: longer than any request takes.
const CLAIM: Duration = Duration::from_mins(5);
/// How long an API may take to list a key that it was asked for: until then, one that is not listed
/// may still be.
const LISTED: Duration = Duration::from_mins(5);
/// How long after the first failure it is tried again; each further time after twice as long …
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// … up to this.
const LAST_RETRY: Duration = Duration::from_hours(1);

/// Revokes what has to be revoked, as long as the server runs.
#[derive(Debug)]
pub(crate) struct Revocations {
    pub(crate) mint: Arc<Mint>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Revocations {
    /// Works until the server stops. What is not done by then is done after the next start.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        let mut swept = None;
        while stopped.run_until_cancelled(ticks.tick()).await.is_some() {
            let work = stopped.run_until_cancelled(self.work(&mut swept)).await;
            if let Some(Err(error)) = work {
                tracing::warn!(%error, "keys at the API could not be looked for");
            }
        }
    }

    async fn work(&self, swept: &mut Option<SystemTime>) -> Result<(), StoreError> {
        let now = self.clock.now();
        if swept.is_none_or(|last| last + SWEEP <= now) {
            self.store
                .end_unused_upstream_keys(&self.cause(now))
                .await?;
            *swept = Some(now);
        }
        let claimed = self
            .store
            .claim_ended_upstream_keys(AT_ONCE, now, now + CLAIM)
            .await?;
        let done = join_all(claimed.iter().map(|key| self.revoke(key))).await;
        done.into_iter().collect::<Result<(), StoreError>>()?;
        let claimed = self
            .store
            .claim_upstream_key_intents(AT_ONCE, now, now + CLAIM)
            .await?;
        let done = join_all(claimed.iter().map(|intent| self.reconcile(intent))).await;
        done.into_iter().collect()
    }

    /// Finds out whether the API made a key that it was asked for, and revokes it.
    async fn reconcile(&self, intent: &UpstreamKeyIntent) -> Result<(), StoreError> {
        let cause = self.cause(self.clock.now());
        let (order, attempt) = (&intent.order, intent.attempt);
        let grant = GrantId::stored(order.grant.as_str());
        let age = cause.at.duration_since(intent.asked).unwrap_or_default();
        let looked = match self.mint.look_for(order, age, &cause.request_id).await {
            Ok(Lookup::Keys(keys)) => match self.revoke_all(&keys, &cause).await {
                Ok(()) => Ok(Lookup::Keys(keys)),
                Err(reason) => Err(reason),
            },
            other => other,
        };
        let retry = cause.at + pause(attempt);
        let settled = match &looked {
            Ok(Lookup::Keys(keys)) => {
                tracing::info!(%grant, ?keys, "a key that was asked for is revoked at the API");
                Settled::Revoked(keys)
            }
            Ok(Lookup::Nothing) if age >= LISTED => Settled::NotMade,
            Ok(Lookup::Nothing) => {
                let postponed = self
                    .store
                    .postpone_upstream_key_intent(&grant, None, retry, &cause);
                return postponed.await;
            }
            Ok(Lookup::NoWay) => {
                tracing::error!(
                    %grant, name = order.name, workspace = order.workspace, seconds_ago = age.as_secs(),
                    "the API may have made a key that is not known here: look there for a key of \
                     this name and time, and revoke it by hand"
                );
                Settled::Unknown(&order.name)
            }
            Err(reason) => {
                tracing::warn!(
                    %grant, attempt, reason, retry_in_seconds = pause(attempt).as_secs(),
                    "it is not found out yet whether the API made a key that it was asked for"
                );
                let store = &self.store;
                let postponed =
                    store.postpone_upstream_key_intent(&grant, Some(reason), retry, &cause);
                return postponed.await;
            }
        };
        self.store
            .settle_upstream_key_intent(&grant, settled, &cause)
            .await
    }

    async fn revoke_all(&self, keys: &[String], cause: &Cause) -> Result<(), String> {
        for key in keys {
            self.mint.revoke(key, &cause.request_id).await?;
        }
        Ok(())
    }

    async fn revoke(&self, key: &EndedUpstreamKey) -> Result<(), StoreError> {
        let cause = self.cause(self.clock.now());
        let (grant, attempt) = (&key.grant, key.attempt);
        match self.mint.revoke(&key.id, &cause.request_id).await {
            Ok(()) => {
                tracing::info!(%grant, key = key.id, "the key is revoked at the API");
                self.store.upstream_key_revoked(grant, &cause).await
            }
            Err(reason) => {
                let wait = pause(attempt);
                tracing::warn!(
                    %grant, key = key.id, attempt, reason, retry_in_seconds = wait.as_secs(),
                    "the key is not revoked at the API yet; here it is dead already"
                );
                let retry = cause.at + wait;
                self.store
                    .upstream_key_not_revoked(grant, &reason, retry, &cause)
                    .await
            }
        }
    }

    fn cause(&self, at: SystemTime) -> Cause {
        Cause::new(at, RequestId::new(&*self.random).as_str())
    }
}

/// How long to wait after this many failures in a row.
fn pause(attempt: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
    FIRST_RETRY.saturating_mul(doubled).min(LAST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_an_hour_and_never_ends() {
        let seconds: Vec<_> = [1, 2, 3, 10, 11, u32::MAX]
            .map(|attempt| pause(attempt).as_secs())
            .into();
        assert_eq!(seconds, [5, 10, 20, 2560, 3600, 3600]);
    }
}
