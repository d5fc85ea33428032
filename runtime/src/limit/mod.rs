//! Budgets: how much of something there may be in a while, for everybody together, for each source
//! of requests, and for each grant and workspace that calls; and who waits when more is asked for than can be done.
//!
//! Strangers choose their addresses, cookies and client ids, so that every map of budgets is bounded
//! and forgets what was used the longest ago: a forgotten budget is a full one again. That, budgets
//! that take the time of day as an argument, and a reserve for those who come for the first time are
//! why these are token buckets of our own, and not those of the crate `governor`, whose map of keys
//! grows until somebody clears it.

mod bucket;
mod budget;
mod calls;
mod plans;
mod queue;
mod quota;
mod source;

pub(crate) use bucket::{Keyed, Rate};
pub(crate) use budget::{Budget, Common, Limits, Sources};
pub(crate) use calls::{CallRates, RateExceeded};
pub(crate) use plans::{PlanAnswer, QuotaRules};
pub(crate) use queue::Queue;
pub(crate) use quota::{Charge, Quota, QuotaError, QuotaState, QuotaUsed, Quotas};
pub(crate) use source::Source;
