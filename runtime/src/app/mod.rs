//! The server as a program part: its routes, its listener, its end.

mod audit;
mod capacity;
mod connections;
mod definitions;
mod doctor;
mod environment;
mod error;
mod exchange;
mod exports;
mod files;
mod guide;
mod identity;
mod listener;
mod messages;
mod metrics;
mod opened;
mod operator;
mod origin;
mod plans;
mod prepare;
mod proxies;
mod rate_headers;
mod readiness;
mod request_gate;
mod routes;
mod server;
mod sign_in;
mod site;
mod store;
mod streams;
mod tenancy;
mod traces;

pub use crate::model::{AuditCursor, AuditFilter, AuditNames, AuditPage, AuditRow};
pub use crate::store::{StoreFailure, StoreFailures};
pub use audit::audit;
pub(crate) use connections::raise_file_limit;
pub use definitions::definitions;
pub use doctor::{Finding, Subject, Verdict, check_health, examine};
pub use environment::Environment;
pub use error::StartError;
pub use operator::{
    LinkedWorkspace, ListedAccount, accounts, disable_account, invitation_link, link_workspace,
    reset_link, suspend_workspace, unlink_account, workspaces,
};
pub use prepare::check;
pub use server::{Server, start};
pub use store::copy_store;
pub use streams::serve_streams;
