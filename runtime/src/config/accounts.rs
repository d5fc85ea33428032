//! `[accounts]`: how people get accounts, and which workspaces reach the API.

use serde::{Deserialize, Serialize};

/// How people get accounts, and which workspaces reach the API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// Lets people sign in with a password of this server. Switch it off where all of them sign in at
    /// an identity provider (`[identity]`).
    pub passwords: bool,
    /// Lets anyone make an account. Without it, an account takes the link of the first start or an
    /// invitation.
    pub sign_up: bool,
    /// What the sign-in page says to a person who forgot the password, as a sentence. The default
    /// asks them to turn to the people who run this server, who make a link with
    /// `accounts --reset-password`. A link to `site.support_url` follows, where it is set.
    pub forgot_password: Option<String>,
    /// Which workspaces may call the API where calls carry the operator's credentials.
    pub workspaces: WorkspaceScope,
    /// Lets the owners of a workspace enter the API's id of it in the portal. Everyone with an account
    /// can make a workspace and own it, so everyone with an account can then reach any tenant with
    /// this server's credentials.
    pub owners_link_workspaces: bool,
    /// Confirms `sign_up` beside `workspaces = "unscoped"` or `owners_link_workspaces`: anyone who
    /// makes an account then acts with this server's credentials.
    pub confirm_open_access: bool,
}

impl Default for AccountSettings {
    fn default() -> AccountSettings {
        AccountSettings {
            passwords: true,
            sign_up: false,
            forgot_password: None,
            workspaces: WorkspaceScope::default(),
            owners_link_workspaces: false,
            confirm_open_access: false,
        }
    }
}

/// Which workspaces may call the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkspaceScope {
    /// Workspaces that are linked to a workspace of the API.
    #[default]
    Linked,
    /// All workspaces, for an API without tenants.
    Unscoped,
}
