//! The table `[accounts]`.

use serde::Deserialize;

/// Who may have an account, and which workspaces reach the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// Whether anyone may make an account. Otherwise the first start's link and invitations do.
    pub sign_up: bool,
    /// Which workspaces reach the API where calls carry the operator's credentials.
    pub workspaces: WorkspaceScope,
    /// Whether owners say in the portal under which id the API knows their workspace. Everyone with
    /// an account can make a workspace and own it, so that everyone with an account can then reach
    /// any tenant with this server's credentials.
    pub owners_link_workspaces: bool,
    /// Confirms `sign_up` beside `workspaces = "unscoped"` or `owners_link_workspaces`: anyone who
    /// makes an account then acts with this server's credentials.
    pub confirm_open_access: bool,
}

/// Which workspaces reach the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkspaceScope {
    /// Those that are linked to one of the API's.
    #[default]
    Linked,
    /// All: the API has no tenants to keep apart.
    Unscoped,
}
