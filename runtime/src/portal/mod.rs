//! The portal: what a person sees and ends of what they connected, and whom they share it with.
//!
//! Every page needs a session; every form is one that this browser was given.

mod account;
mod agents;
mod audit;
mod confirmed;
mod deletion;
mod keys;
mod members;
mod profile;
mod routes;
mod state;
#[cfg(test)]
mod tests;
mod usage;
mod visitor;
mod workspaces;

pub(crate) use routes::router;
pub(crate) use state::WorkspaceLimits;
