//! Calls beyond a limit of this server. Each is a tool error and no HTTP status: the model reads it
//! and calls again, where clients take a 429 or 503 for a server that is broken.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{CallError, ErrorKind, PlanRequest, RETRY_AFTER, Runner};
use crate::capacity::TooMany;
use crate::limit::{CallRates, Charge, PlanAnswer, Quota, QuotaError, Quotas, RateExceeded};
use crate::metrics::Limit;
use crate::model::{AccessContext, Period, QuotaPeriod};
use crate::operation::Operation;
use crate::request_id::RequestId;
use crate::upstream::RateLimit;

/// What bounds the calls of those who signed in. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct CallLimits {
    /// How often they may call.
    pub(crate) rates: Arc<CallRates>,
    /// How much their workspaces may use in a day or a month.
    pub(crate) quotas: Quotas,
    /// What asks the API for the plans of workspaces.
    pub(crate) plan_request: Option<Arc<PlanRequest>>,
    /// The page on which a person gets a larger quota.
    pub(crate) upgrade_url: Option<Arc<str>>,
}

impl Runner {
    /// Counts a call for its connection and workspace.
    ///
    /// # Errors
    /// Where a rate is used up.
    pub(super) fn count(
        &self,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<(), Box<CallError>> {
        let (Some(bounds), Some(grant)) = (&self.bounds, &caller.grant) else {
            return Ok(());
        };
        let counted = bounds.rates.count(grant);
        counted.map_err(|exceeded| {
            self.metrics.limited(match exceeded.of_workspace {
                true => Limit::WorkspaceRate,
                false => Limit::GrantRate,
            });
            Box::new(too_often(exceeded, id))
        })
    }

    /// Checks that the request that asks for plans can be made, where there is one.
    ///
    /// # Errors
    /// Where it cannot: the key, and what is wrong.
    pub(crate) fn check_plan_request(&self) -> Result<(), (&'static str, String)> {
        let request = self.bounds.as_ref().and_then(|it| it.plan_request.as_ref());
        request.map_or(Ok(()), |request| request.check(&self.operations))
    }

    /// Takes the cost of a call of the quota of its workspace. Returns what was taken.
    ///
    /// # Errors
    /// Where the quota is used up, or cannot be asked for.
    pub(super) async fn charge(
        &self,
        operation: &Operation,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Option<Charge>, Box<CallError>> {
        let (Some(bounds), Some(grant)) = (&self.bounds, &caller.grant) else {
            return Ok(None);
        };
        let ask = || {
            let request = bounds.plan_request.clone();
            let operations = Arc::clone(&self.operations);
            let (caller, id) = (caller.clone(), id.clone());
            let asked = async move {
                match request {
                    Some(request) => request.ask(&operations, &caller, &id).await,
                    None => PlanAnswer::Unknown,
                }
            };
            asked.boxed()
        };
        let quotas = &bounds.quotas;
        let charged = quotas.charge(&grant.workspace, operation.cost, ask).await;
        charged.map_err(|error| {
            Box::new(match error {
                QuotaError::Exceeded { quota, period } => {
                    self.metrics.limited(Limit::Quota);
                    quota_exceeded(quota, period, bounds.upgrade_url.as_deref(), id)
                }
                QuotaError::Unavailable(error) => {
                    tracing::error!(request_id = %id, %error, "a quota could not be asked for");
                    let message = "This server cannot look up the workspace's quota at the moment; \
                                   nothing was sent.";
                    CallError {
                        retryable: true,
                        retry_after_seconds: Some(RETRY_AFTER),
                        ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
                    }
                }
            })
        })
    }

    /// Returns what was taken for a call to the portion: nothing reached the API.
    pub(super) fn refund(&self, charge: Option<Charge>, caller: &AccessContext) {
        if let (Some(bounds), Some(grant), Some(charge)) = (&self.bounds, &caller.grant, charge) {
            bounds.quotas.give_back(&grant.workspace, charge);
        }
    }
}

/// Returns the error of a call that is not made, since it cannot be recorded.
pub(super) fn unrecorded(id: &RequestId) -> CallError {
    let message = "This server cannot record calls at the moment, so it makes none.";
    CallError {
        retryable: true,
        retry_after_seconds: Some(RETRY_AFTER),
        ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
    }
}

/// Returns the error of a call beyond the quota of its workspace.
fn quota_exceeded(
    quota: Quota,
    period: Period,
    upgrade_url: Option<&str>,
    id: &RequestId,
) -> CallError {
    let name = match quota.period {
        QuotaPeriod::Day => "day",
        QuotaPeriod::Month => "month",
    };
    let message = format!(
        "Quota exceeded for this workspace: it may use {} a {name}; nothing was sent.",
        quota.limit
    );
    let resets_at = period.ends_at();
    let mut hint = format!(
        "Calls work again from {resets_at} on. The connection is still valid: do not reconnect."
    );
    if let Some(url) = upgrade_url {
        hint += &format!(" The person gets a larger quota at {url}.");
    }
    CallError {
        resets_at: Some(resets_at),
        upgrade_url: upgrade_url.map(str::to_owned),
        hint: Some(hint),
        ..CallError::new(ErrorKind::QuotaExceeded, message, id.as_str())
    }
}

/// Returns the error of a call that does not run since too many others do.
pub(super) fn too_many(error: TooMany, id: &RequestId) -> CallError {
    let message = match error {
        TooMany::Grant(number) => format!(
            "This connection already runs {number} calls, the most that are allowed at once; \
             nothing was sent."
        ),
        TooMany::Workspace(number) => format!(
            "The connections of this workspace already run {number} calls, the most that are \
             allowed at once; nothing was sent."
        ),
        TooMany::All => {
            "This server already runs the most calls that it allows at once; nothing was sent."
                .to_owned()
        }
    };
    let mut error = CallError::new(ErrorKind::RateLimited, message, id.as_str());
    error.retryable = true;
    error.retry_after_seconds = Some(1);
    error.hint = Some("Call again once others have answered; make fewer at once.".to_owned());
    error
}

/// Returns the error of a call beyond the rate of its connection or workspace.
fn too_often(exceeded: RateExceeded, id: &RequestId) -> CallError {
    let (limit, seconds) = (exceeded.limit, exceeded.retry_after());
    let message = match exceeded.of_workspace {
        false => format!(
            "Rate limit of this connection exceeded: it may make {limit} calls a minute; nothing \
             was sent."
        ),
        true => format!(
            "Rate limit of this workspace exceeded: all its connections together may make {limit} \
             calls a minute; nothing was sent."
        ),
    };
    let mut error = CallError::new(ErrorKind::RateLimited, message, id.as_str());
    error.retryable = true;
    error.retry_after_seconds = Some(seconds);
    error.rate_limit = Some(RateLimit {
        limit: Some(u64::from(limit)),
        remaining: Some(0),
        reset_at: None,
    });
    let unit = if seconds == 1 { "second" } else { "seconds" };
    error.hint = Some(format!(
        "Wait {seconds} {unit}, then call again. The connection is still valid: do not reconnect."
    ));
    error
}
