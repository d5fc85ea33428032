//! Connections that the identity provider of a company decides on: a client exchanges an assertion of the
//! provider for an access token, without a browser, a consent page or a refresh token
//! (draft-ietf-oauth-identity-assertion-authz-grant-04, which MCP calls enterprise-managed authorization).
//!
//! The client authenticates (`client`), the issuer's signature and the terms of the assertion are checked
//! (`terms`), its person and workspace are found (`person`), and a grant is made or continued
//! (`exchange`).

pub(super) mod client;
pub(super) mod exchange;
mod grant;
mod person;
mod refusal;
pub(super) mod state;
mod terms;

/// The value of `grant_type` (RFC 7523 §2.1).
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The profile of that grant type which is supported (§7.2 of the draft).
pub(super) const PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";
