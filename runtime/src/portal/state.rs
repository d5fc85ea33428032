//! The state that the pages of the portal share, and their paths.

use std::sync::Arc;

use axum::extract::State;

use crate::account::Accounts;
use crate::limit::Quotas;
use crate::oauth::{Authority, Resources};
use crate::store::Services;

/// What the pages of the portal share.
#[derive(Debug)]
pub(super) struct Portal {
    pub(super) accounts: Arc<Accounts>,
    pub(super) services: Services,
    /// The URLs of the connector.
    pub(super) resources: Arc<Resources>,
    pub(super) limits: WorkspaceLimits,
    /// What links agents.
    pub(super) authority: Option<Arc<Authority>>,
}

/// How much workspaces may use.
#[derive(Clone, Debug)]
pub(crate) struct WorkspaceLimits {
    pub(crate) quotas: Quotas,
    /// The page on which a person gets a larger quota.
    pub(crate) upgrade_url: Option<Arc<str>>,
}

pub(super) type Here = State<Arc<Portal>>;

pub(super) const KEYS: &str = "/portal/keys";
pub(super) const AGENTS: &str = "/portal/agents";
pub(super) const WORKSPACES: &str = "/portal/workspaces";
pub(super) const ACCOUNT: &str = "/portal/account";
pub(super) const DELETE_ACCOUNT: &str = "/portal/account/delete";
