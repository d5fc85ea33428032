//! Agents: programs that sign in without a person, and act for the workspace that a person linked them
//! to. A wallet answers a challenge (`challenge`, `wallet`), a key signs an assertion (`assertion`); either
//! way the agent gets an access token that is a JSON Web Token (`access_token`), of a grant like any other.

mod access_token;
mod assertion;
pub(super) mod challenge;
pub(super) mod link;
mod nonce;
pub(super) mod proof;
pub(super) mod sign_in;
pub(super) mod state;
mod wallet;
