//! The store in a PostgreSQL database, which any number of servers share.
//!
//! The files have the names of those of `store/sqlite`, and their statements the same order, so that
//! they can be read side by side. What a server believes of an access token for a moment
//! (`store/cached`) is how soon a change of another server takes effect here.

mod accounts;
mod agents;
mod assertions;
mod audit;
mod audit_export;
mod authorizations;
mod clients;
mod database;
mod files;
mod grant_end;
mod identities;
mod keys;
mod migrations;
mod open;
mod people;
mod quota;
mod rechecks;
mod text;
mod transaction;
mod upkeep;
mod uploads;
mod upstream_key_intents;
mod upstream_keys;
mod usage;
mod workspaces;

pub(crate) use database::Postgres;
