//! The table `[accounts]`.

use serde::Deserialize;

/// Who may have an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// Whether anyone may make an account. Otherwise the first start's link and invitations do.
    pub sign_up: bool,
    /// Whether owners say in the portal under which id the API knows their workspace. Whoever can
    /// say so reaches that tenant with this server's credentials, so that only the operator does
    /// unless all owners are trusted.
    pub owners_link_workspaces: bool,
}
