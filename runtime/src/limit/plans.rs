//! Which workspace has which quota: as the configuration says, or the API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use hashlink::LruCache;

use super::quota::Quota;
use crate::clock::Clock;
use crate::model::WorkspaceId;

/// How long the answer of the API is believed.
const KEPT: Duration = Duration::from_mins(1);
/// How long the API is not asked again after it had no answer.
const PAUSE: Duration = Duration::from_secs(10);
/// The most workspaces whose plan is remembered.
const MOST: usize = 65_536;

/// Which workspaces have which quota.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuotaRules {
    /// Of the workspaces that are named; none where they have no quota.
    pub(crate) named: HashMap<String, Option<Quota>>,
    /// Of all others.
    pub(crate) others: Option<Quota>,
    /// Whether the API is asked for the plans of all others.
    pub(crate) asks: bool,
}

/// What the API says of the plan of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanAnswer {
    /// The quota; none where there is no limit.
    Plan(Option<Quota>),
    /// It has no answer now.
    Unknown,
}

/// Which workspaces have which quota now.
#[derive(Debug)]
pub(super) struct Plans {
    rules: QuotaRules,
    clock: Arc<dyn Clock>,
    asked: Mutex<LruCache<WorkspaceId, Asked>>,
}

/// What the API last said of a workspace.
#[derive(Debug)]
struct Asked {
    last: PlanAnswer,
    /// When it was asked, and for how long it is not asked again.
    at: SystemTime,
    pause: Duration,
    /// Who asks.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What is known of a plan.
enum Found {
    Quota(Option<Quota>),
    /// The API has to be asked, by one caller at a time.
    Ask(Arc<tokio::sync::Mutex<()>>),
}

impl Plans {
    pub(super) fn new(rules: QuotaRules, clock: Arc<dyn Clock>) -> Plans {
        Plans {
            rules,
            clock,
            asked: Mutex::new(LruCache::new(MOST)),
        }
    }

    fn asked(&self) -> MutexGuard<'_, LruCache<WorkspaceId, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the quota of a workspace. Where the API has to be asked, one caller asks, and others
    /// wait for the answer. While it has none, the last answer counts, and before the first one the
    /// default.
    pub(super) async fn quota(
        self: &Arc<Self>,
        workspace: &WorkspaceId,
        ask: impl FnOnce() -> BoxFuture<'static, PlanAnswer>,
    ) -> Option<Quota> {
        if let Some(quota) = self.configured(workspace) {
            return quota;
        }
        let turn = match self.find(workspace) {
            Found::Quota(quota) => return quota,
            Found::Ask(turn) => turn.lock_owned().await,
        };
        // Another caller may have asked meanwhile.
        if let Found::Quota(quota) = self.find(workspace) {
            return quota;
        }
        // A task of its own: where the caller goes away, those who wait have the answer nevertheless.
        let (plans, id, asked) = (Arc::clone(self), workspace.clone(), ask());
        let kept = tokio::spawn(async move {
            let _turn = turn;
            let answer = asked.await;
            plans.keep(&id, answer)
        });
        match kept.await {
            Ok(quota) => quota,
            Err(error) => {
                tracing::error!(%error, "the plan of a workspace could not be asked for");
                self.keep(workspace, PlanAnswer::Unknown)
            }
        }
    }

    /// Returns the quota of a workspace as it was last known; `None` where the API was not asked yet.
    pub(super) fn last_known(&self, workspace: &WorkspaceId) -> Option<Option<Quota>> {
        if let Some(quota) = self.configured(workspace) {
            return Some(quota);
        }
        let last = self.asked().peek(workspace).map(|it| it.last);
        last.map(|last| self.of(last))
    }

    /// Returns the quota of a workspace that the configuration decides.
    fn configured(&self, workspace: &WorkspaceId) -> Option<Option<Quota>> {
        let named = match self.rules.named.is_empty() {
            true => None,
            false => self.rules.named.get(workspace.as_str()).copied(),
        };
        named.or((!self.rules.asks).then_some(self.rules.others))
    }

    fn find(&self, workspace: &WorkspaceId) -> Found {
        let now = self.clock.now();
        let mut asked = self.asked();
        if let Some(known) = asked.get(workspace) {
            let passed = now.duration_since(known.at);
            return match passed.is_ok_and(|passed| passed < known.pause) {
                true => Found::Quota(self.of(known.last)),
                false => Found::Ask(Arc::clone(&known.turn)),
            };
        }
        let turn = Arc::default();
        let first = Asked {
            last: PlanAnswer::Unknown,
            at: now,
            pause: Duration::ZERO,
            turn: Arc::clone(&turn),
        };
        asked.insert(workspace.clone(), first);
        Found::Ask(turn)
    }

    /// Remembers an answer. Returns the quota that counts now.
    fn keep(&self, workspace: &WorkspaceId, answer: PlanAnswer) -> Option<Quota> {
        let now = self.clock.now();
        let mut asked = self.asked();
        let Some(known) = asked.get_mut(workspace) else {
            return self.of(answer);
        };
        known.at = now;
        known.pause = match answer {
            PlanAnswer::Plan(_) => KEPT,
            PlanAnswer::Unknown => PAUSE,
        };
        if answer != PlanAnswer::Unknown {
            known.last = answer;
        }
        self.of(known.last)
    }

    fn of(&self, answer: PlanAnswer) -> Option<Quota> {
        match answer {
            PlanAnswer::Plan(quota) => quota,
            PlanAnswer::Unknown => self.rules.others,
        }
    }
}
