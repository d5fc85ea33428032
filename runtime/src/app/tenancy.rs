//! Which workspaces of people reach the API: where calls carry the operator's credentials, only
//! those that are linked to one of the API's, unless the configuration says that it has no tenants.

use crate::config::{AccountSettings, ConfigError, WorkspaceScope};
use crate::credential::Mint;
use crate::model::LinkRequired;
use crate::operation::Catalog;
use crate::upstream::Upstream;

/// What was decided for one server.
#[derive(Debug, Default)]
pub(super) struct Tenancy {
    /// Whether only linked workspaces reach the API.
    pub(super) link_required: Option<LinkRequired>,
    /// What the operator should know of it.
    pub(super) warnings: Vec<String>,
}

impl Tenancy {
    /// Decides for a server that people sign in to.
    ///
    /// # Errors
    /// Where the settings let anyone act with the operator's credentials and do not confirm it.
    pub(super) fn decide(
        catalog: &'static Catalog,
        accounts: &AccountSettings,
        upstream: &Upstream,
        mint: Option<&Mint>,
    ) -> Result<Tenancy, ConfigError> {
        if !upstream.acts_with_operators_credentials() {
            return Ok(Tenancy::default());
        }
        let unscoped = accounts.workspaces == WorkspaceScope::Unscoped;
        let opened_by = match (unscoped, accounts.owners_link_workspaces) {
            (true, _) => Some("workspaces = \"unscoped\""),
            (false, true) => Some("owners_link_workspaces = true"),
            (false, false) => None,
        };
        if let Some(setting) = opened_by
            && accounts.sign_up
            && !accounts.confirm_open_access
        {
            let message = format!(
                "together with {setting}, anyone who makes an account here calls the API with this \
                 server's credentials. Remove one of the two, or confirm it with \
                 confirm_open_access = true under [accounts]"
            );
            return Err(ConfigError::new("accounts.sign_up", message));
        }
        let mut tenancy = Tenancy::default();
        if !unscoped || mint.is_some_and(Mint::is_for_workspace) {
            tenancy.link_required = Some(LinkRequired::new(catalog.name));
        }
        if unscoped {
            tenancy.warnings.push(
                "accounts.workspaces is \"unscoped\": every workspace calls the API with this \
                 server's credentials, also one that a person with an account made on their own. \
                 That is right for an API without tenants only; otherwise remove the setting and \
                 link each workspace"
                    .to_owned(),
            );
        }
        if accounts.owners_link_workspaces {
            tenancy.warnings.push(
                "accounts.owners_link_workspaces is true: everyone with an account can make a \
                 workspace and link it to any tenant of the API"
                    .to_owned(),
            );
        }
        Ok(tenancy)
    }
}
