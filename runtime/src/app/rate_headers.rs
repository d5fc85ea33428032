//! The header fields with what is left of a workspace's rate.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::limit::CallRates;
use crate::model::WorkspaceId;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The fields, for the pages of other origins that may read them.
pub(super) const NAMES: [HeaderName; 3] = [LIMIT, REMAINING, RESET];

/// Adds the calls a minute of a workspace, how many it has left, and the seconds until it has all
/// of them again.
pub(super) fn add(rates: &CallRates, workspace: &WorkspaceId, headers: &mut HeaderMap) {
    let left = rates.left(workspace);
    headers.insert(LIMIT, HeaderValue::from(left.limit));
    headers.insert(REMAINING, HeaderValue::from(left.remaining));
    headers.insert(RESET, HeaderValue::from(left.reset));
}
