//! How long an authorization waits, and the cookie that binds it to a browser.

use std::time::Duration;

use crate::token::Digest;

/// How long an authorization request waits for its answer.
pub(super) const TRANSACTION: Duration = Duration::from_mins(10);
/// How long a code can be redeemed.
pub(super) const CODE: Duration = Duration::from_mins(10);

/// Name of the cookie that binds a transaction to its browser. Each has its own, so that sign-ins
/// in several tabs do not disturb each other.
pub(super) fn transaction_cookie(handle: &str) -> String {
    format!("txn-{}", Digest::of(handle).hex(8))
}
