//! The store in one SQLite file, or in memory.
//!
//! One connection writes, so that writers wait for each other here and not in SQLite's locks;
//! several read beside it (WAL). What reads before it writes begins with `BEGIN IMMEDIATE`.

mod absence;
mod accounts;
mod agents;
mod assertions;
mod audit;
mod audit_export;
mod authorizations;
mod clients;
mod database;
mod file;
mod files;
mod grant_end;
mod identities;
mod inspect;
mod keys;
mod marker;
mod migrations;
mod open;
mod people;
mod quota;
mod rechecks;
mod transaction;
mod upkeep;
mod uploads;
mod upstream_key_intents;
mod upstream_keys;
mod usage;
mod workspaces;

pub(crate) use database::Sqlite;
