//! Reads the diagnosis in a failed answer: the API's message and code, its id of the request, how
//! long to wait, and its rate limit.

mod code;
mod envelope;
mod markup;
mod place;
mod problem;
mod rate_limit;
mod request_id;
mod text;
mod wait;

pub(crate) use code::Meaning;
pub(super) use place::remove as remove_internal_addresses;
pub(crate) use problem::Problem;
pub use rate_limit::RateLimit;
pub(super) use rate_limit::rate_limit;
pub(super) use request_id::RequestIds;
pub(super) use wait::retry_after;
