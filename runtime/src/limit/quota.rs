//! The quotas of workspaces. Each server takes portions of them from the store, and counts calls
//! against its portion, so that a call takes no round trip to the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::plans::{PlanAnswer, Plans, QuotaRules};
use crate::clock::Clock;
use crate::model::{Period, QuotaPeriod, QuotaRequest, WorkspaceId};
use crate::store::{Store, StoreError};

/// How long a portion is kept that no call is counted against.
const IDLE: Duration = Duration::from_mins(1);
/// How often it is looked for such portions.
const TICK: Duration = Duration::from_secs(10);
/// How long the store is not asked again after it had nothing left.
const PAUSE: Duration = Duration::from_secs(1);

/// How much a workspace may use in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    pub(crate) period: QuotaPeriod,
}

/// How much of its quota a workspace has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaUsed {
    pub(crate) quota: Quota,
    /// The period, after which it is renewed.
    pub(crate) period: Period,
    /// How much is used, with what other servers have taken and not used yet.
    pub(crate) used: u64,
}

/// What is known of the quota of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuotaState {
    /// It has none.
    Unlimited,
    /// The API is asked for its plan with its next call.
    NotAsked,
    Limited(QuotaUsed),
}

/// The quotas of workspaces. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Quotas(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plans: Arc<Plans>,
    clock: Arc<dyn Clock>,
    store: OnceLock<Arc<dyn Store>>,
    portions: Mutex<HashMap<WorkspaceId, Portion>>,
}

/// What this server has of the quota of a workspace.
#[derive(Debug)]
struct Portion {
    /// The quota that it is a portion of, which a new plan changes.
    quota: Quota,
    period: Period,
    left: u64,
    /// What is not used any more, by its period: it returns to the store before more is taken.
    surplus: Vec<(Period, u64)>,
    /// When a call was last counted.
    used: SystemTime,
    /// What the store last did not have, and when.
    missed: Option<(u64, SystemTime)>,
    /// When the store last failed.
    failed: Option<SystemTime>,
    /// Who asks the store.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Why a call is not made.
#[derive(Debug)]
pub(crate) enum QuotaError {
    /// The quota is used up.
    Exceeded {
        /// The quota.
        quota: Quota,
        /// The period, after which it is renewed.
        period: Period,
    },
    /// The store cannot be asked.
    Unavailable(StoreError),
}

/// What was taken of a quota for a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    /// The limit that it was taken under.
    limit: u64,
    period: Period,
    cost: u64,
}

/// What a portion has for a call.
enum Found {
    Enough(Period),
    /// The store has to be asked, by one caller at a time.
    TooLittle(Arc<tokio::sync::Mutex<()>>),
}

impl Quotas {
    /// Quotas of which nothing is taken yet.
    pub(crate) fn new(rules: QuotaRules, clock: Arc<dyn Clock>) -> Quotas {
        Quotas(Arc::new(Inner {
            plans: Arc::new(Plans::new(rules, Arc::clone(&clock))),
            clock,
            store: OnceLock::new(),
            portions: Mutex::default(),
        }))
    }

    /// Names the store that portions are taken from. A second time has no effect.
    pub(crate) fn take_from(&self, store: Arc<dyn Store>) {
        let _ = self.0.store.set(store);
    }

    /// Counts a call of a workspace. Returns what was taken for it; none where the workspace has no
    /// quota, or the call costs nothing. `ask` asks the API for the plan, where that is due.
    ///
    /// # Errors
    /// Where the quota is used up, or the store fails.
    pub(crate) async fn charge(
        &self,
        workspace: &WorkspaceId,
        cost: u32,
        ask: impl FnOnce() -> BoxFuture<'static, PlanAnswer>,
    ) -> Result<Option<Charge>, QuotaError> {
        let inner = &self.0;
        if cost == 0 {
            return Ok(None);
        }
        let Some(quota) = inner.plans.quota(workspace, ask).await else {
            return Ok(None);
        };
        let cost = u64::from(cost);
        let limit = quota.limit;
        let charge = |period| Charge {
            limit,
            period,
            cost,
        };
        let turn = match inner.find(workspace, quota, cost)? {
            Found::Enough(period) => return Ok(Some(charge(period))),
            Found::TooLittle(turn) => turn.lock_owned().await,
        };
        // Another caller may have asked the store meanwhile.
        if let Found::Enough(period) = inner.find(workspace, quota, cost)? {
            return Ok(Some(charge(period)));
        }
        // A task of its own: a caller that goes away does not lose what the store has granted.
        let (renewed, id) = (Arc::clone(inner), workspace.clone());
        let renewed = tokio::spawn(async move {
            let _turn = turn;
            renewed.renew(id, quota, cost).await
        });
        let period = match renewed.await {
            Ok(period) => period?,
            Err(error) => return Err(QuotaError::Unavailable(StoreError(Box::new(error)))),
        };
        Ok(Some(charge(period)))
    }

    /// Returns how much of its quota a workspace has used, without asking the API for its plan.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn state(&self, workspace: &WorkspaceId) -> Result<QuotaState, StoreError> {
        let inner = &self.0;
        let quota = match inner.plans.last_known(workspace) {
            Some(Some(quota)) => quota,
            Some(None) => return Ok(QuotaState::Unlimited),
            None => return Ok(QuotaState::NotAsked),
        };
        let period = quota.period.at(inner.clock.now());
        let taken = match inner.store.get() {
            Some(store) => store.quota_taken(workspace, period).await?,
            None => 0,
        };
        let portions = inner.portions();
        let here = portions.get(workspace);
        let unused = here.map_or(0, |portion| portion.unused(period));
        Ok(QuotaState::Limited(QuotaUsed {
            quota,
            period,
            used: taken.saturating_sub(unused),
        }))
    }

    /// Returns what was taken for a call that did not reach the API to the portion.
    pub(crate) fn give_back(&self, workspace: &WorkspaceId, charge: Charge) {
        let mut portions = self.0.portions();
        let Some(portion) = portions.get_mut(workspace) else {
            return;
        };
        if portion.period == charge.period && charge.limit <= portion.quota.limit {
            portion.left += charge.cost;
            portion.missed = None;
        } else {
            portion.set_aside(charge.period, charge.cost);
        }
    }

    /// Returns portions to the store that no call was counted against for a while, until the
    /// server is `ending`, and then all of them. No call may be under way then.
    pub(crate) async fn keep_tidy(self, ending: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        while ending.run_until_cancelled(ticks.tick()).await.is_some() {
            self.0.release(|idle| idle >= IDLE).await;
        }
        self.0.release(|_| true).await;
    }
}

impl Inner {
    fn portions(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Portion>> {
        self.portions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes from the portion that this server has.
    fn find(&self, workspace: &WorkspaceId, quota: Quota, cost: u64) -> Result<Found, QuotaError> {
        let now = self.clock.now();
        let mut portions = self.portions();
        let Some(portion) = portions.get_mut(workspace) else {
            let portion = Portion::empty(quota, now);
            let turn = Arc::clone(&portion.turn);
            portions.insert(workspace.clone(), portion);
            return Ok(Found::TooLittle(turn));
        };
        portion.move_to(quota, now);
        portion.used = now;
        if let Some(left) = portion.left.checked_sub(cost) {
            portion.left = left;
            return Ok(Found::Enough(portion.period));
        }
        let least = cost - portion.left;
        if portion.failed.is_some_and(|at| is_within(at, now, PAUSE)) {
            let error = StoreError("it failed a moment ago".into());
            return Err(QuotaError::Unavailable(error));
        }
        match portion.missed {
            Some((missed, at)) if least >= missed && is_within(at, now, PAUSE) => {
                let period = portion.period;
                Err(QuotaError::Exceeded { quota, period })
            }
            _ => Ok(Found::TooLittle(Arc::clone(&portion.turn))),
        }
    }

    /// Asks the store for more, and takes `cost` of it.
    async fn renew(
        &self,
        workspace: WorkspaceId,
        quota: Quota,
        cost: u64,
    ) -> Result<Period, QuotaError> {
        let now = self.clock.now();
        let (period, left, surplus) = {
            let mut portions = self.portions();
            match portions.get_mut(&workspace) {
                Some(it) => (it.period, it.left, std::mem::take(&mut it.surplus)),
                None => (quota.period.at(now), 0, Vec::new()),
            }
        };
        self.return_unused(&workspace, surplus, now).await;
        let least = cost.saturating_sub(left).max(1);
        let limit = quota.limit;
        let request = QuotaRequest { limit, least };
        let granted = match self.store.get() {
            Some(store) => store.take_quota(&workspace, period, request).await,
            None => Err(StoreError("it is not open yet".into())),
        };
        let mut portions = self.portions();
        let portion = portions
            .entry(workspace)
            .or_insert_with(|| Portion::empty(quota, now));
        let is_current = portion.period == period && quota.limit <= portion.quota.limit;
        match granted {
            Ok(granted) if is_current => {
                portion.failed = None;
                portion.missed = (granted == 0).then_some((least, now));
                portion.left += granted;
                let left = portion.left.checked_sub(cost);
                let left = left.ok_or(QuotaError::Exceeded { quota, period })?;
                portion.left = left;
                Ok(period)
            }
            // The period ended meanwhile, or the plan changed: no later call is counted against the rest.
            Ok(granted) if granted >= least => {
                portion.set_aside(period, granted);
                portion.take_aside(period, cost);
                Ok(period)
            }
            Ok(_) => Err(QuotaError::Exceeded { quota, period }),
            Err(error) => {
                portion.failed = Some(now);
                Err(QuotaError::Unavailable(error))
            }
        }
    }

    /// Returns the rest of the portions that are idle for so long to the store, and forgets them.
    async fn release(&self, is_released: impl Fn(Duration) -> bool) {
        let now = self.clock.now();
        let mut released = Vec::new();
        self.portions().retain(|workspace, portion| {
            let idle = now.duration_since(portion.used).unwrap_or_default();
            let is_asked_for = Arc::strong_count(&portion.turn) > 1;
            if is_asked_for || !is_released(idle) {
                return true;
            }
            portion.set_all_aside();
            released.push((workspace.clone(), std::mem::take(&mut portion.surplus)));
            false
        });
        for (workspace, surplus) in released {
            self.return_unused(&workspace, surplus, now).await;
        }
    }

    /// Returns to the store what was taken for periods and not used, unless they have ended.
    async fn return_unused(
        &self,
        workspace: &WorkspaceId,
        surplus: Vec<(Period, u64)>,
        now: SystemTime,
    ) {
        let Some(store) = self.store.get() else {
            return;
        };
        for (period, unused) in surplus {
            if !period.contains(now) {
                continue;
            }
            let returned = store.give_back_quota(workspace, period, unused).await;
            if let Err(error) = returned {
                tracing::warn!(%error, %workspace, unused, "a part of a quota could not be given back");
            }
        }
    }
}

impl Portion {
    fn empty(quota: Quota, now: SystemTime) -> Portion {
        Portion {
            quota,
            period: quota.period.at(now),
            left: 0,
            surplus: Vec::new(),
            used: now,
            missed: None,
            failed: None,
            turn: Arc::default(),
        }
    }

    /// Begins the next period, where this one has ended or the plan has others. Of two callers at the end
    /// of a period, the one with the earlier time may come last. Where the plan has a smaller limit, what is
    /// left was taken under another one, and the store decides anew.
    fn move_to(&mut self, quota: Quota, now: SystemTime) {
        let is_other_period = now >= self.period.ends || self.quota.period != quota.period;
        if is_other_period || quota.limit < self.quota.limit {
            self.set_all_aside();
            self.missed = None;
        }
        if is_other_period {
            self.period = quota.period.at(now);
            // No later call returns what is of periods that have ended.
            self.surplus.retain(|(period, _)| period.contains(now));
        }
        self.quota = quota;
    }

    /// Counts no call against what is left any more.
    fn set_all_aside(&mut self) {
        let left = std::mem::take(&mut self.left);
        self.set_aside(self.period, left);
    }

    /// Keeps what was taken for a period until it returns to the store.
    fn set_aside(&mut self, period: Period, unused: u64) {
        if unused == 0 {
            return;
        }
        match self.surplus.iter_mut().find(|(it, _)| *it == period) {
            Some((_, sum)) => *sum += unused,
            None => self.surplus.push((period, unused)),
        }
    }

    /// Counts a call against what was set aside.
    fn take_aside(&mut self, period: Period, cost: u64) {
        for (_, unused) in self.surplus.iter_mut().filter(|(it, _)| *it == period) {
            *unused = unused.saturating_sub(cost);
        }
        self.surplus.retain(|(_, unused)| *unused > 0);
    }

    /// Returns how much was taken for a period and is not used.
    fn unused(&self, period: Period) -> u64 {
        let left = if self.period == period { self.left } else { 0 };
        let surplus = self.surplus.iter().filter(|(it, _)| *it == period);
        left + surplus.map(|(_, unused)| unused).sum::<u64>()
    }
}

/// Reports whether less than `span` has passed since a time. A clock that was set back counts as one
/// that went on.
fn is_within(since: SystemTime, now: SystemTime, span: Duration) -> bool {
    now.duration_since(since).is_ok_and(|passed| passed < span)
}
