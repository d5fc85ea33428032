//! People with accounts here, the workspaces they share, and the browsers they sign in with.

mod accounts;
mod browser;
mod common_passwords;
mod destination;
mod flow;
mod page_error;
mod password;
mod provider;
mod proxy;
mod reset;
mod routes;
mod sessions;
mod sign_in;
mod sign_up;
mod throttle;

pub(crate) use accounts::Accounts;
pub(crate) use browser::{Browser, Posted, with_browser};
pub(crate) use destination::Destination;
pub(crate) use flow::{HasAccounts, SignInFlow, provider_route, sign_in_route, sign_up_route};
pub(crate) use page_error::{Answer, PageError};
pub(crate) use password::{Passwords, SHORTEST_PASSWORD, objection};
pub(crate) use provider::{
    AssertedPerson, AssertionError, AssertionIssuer, Callback, Occasion, Provider,
};
pub(crate) use proxy::{Forwarded, UnlistedProxies};
pub(crate) use routes::router;
pub(crate) use sign_in::status_of;
pub(crate) use sign_up::is_email;
pub(crate) use throttle::Throttle;
