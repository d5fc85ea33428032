//! What must not work, one table a place: what is sent, and what has to come back.

mod authorization;
mod flood;
mod guessing;
mod registration;
mod token;

use crate::support::Response;

/// Whether an answer of an endpoint for programs is the RFC's JSON.
fn assert_error(answer: &Response, status: u16, error: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.error(), error, "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
}
