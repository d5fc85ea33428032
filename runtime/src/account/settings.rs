//! The table `[accounts]`.

use serde::Deserialize;

/// Who may have an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// Whether anyone may make an account. Otherwise the first start's link and invitations do.
    pub sign_up: bool,
}
