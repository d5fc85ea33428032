//! The state that the pages share that know people.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::browser::CookieStyle;
use super::page_error::{Answer, PageError};
use super::password::Passwords;
use super::provider::Provider;
use super::proxy::UnlistedProxies;
use super::throttle::Throttle;
use crate::address::Ranges;
use crate::config::AccountSettings;
use crate::limit::{Budget, Limits, Rate};
use crate::model::{Cause, LinkRequired, Membership, Role, Workspace};
use crate::page::{NotLinked, Pages};
use crate::store::{Services, StoreError};
use crate::token::{self, Digest};

/// How long the one-time link of the first start works.
const SETUP_LINK: Duration = Duration::from_hours(24);
/// Accounts that anyone may make, where anyone may.
const SIGN_UPS: Limits = Limits {
    address: Rate::new(10, Duration::from_mins(2)),
    everybody: Rate::new(1000, Duration::from_secs(2)),
};

/// What the pages that know people share: the store, the templates, and how browsers are
/// distinguished.
pub(crate) struct Accounts {
    pub(crate) services: Services,
    pub(crate) pages: Arc<Pages>,
    /// The origin that people's browsers reach us at.
    pub(crate) origin: Arc<str>,
    pub(crate) settings: AccountSettings,
    /// Id under which the API knows the first workspace.
    pub(crate) first_workspace: Option<String>,
    /// Whether only workspaces linked to one of the API's can be connected to.
    pub(crate) link_required: Option<LinkRequired>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) sign_ups: Budget,
    /// The identity provider at which people sign in.
    pub(crate) provider: Option<Arc<Provider>>,
    /// Ranges of addresses that many people share.
    pub(crate) shared_egress: Ranges,
    pub(crate) unlisted_proxies: UnlistedProxies,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Accounts")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Accounts {
    /// The command by which the operator links a workspace, where it cannot be connected to
    /// before it is linked.
    pub(crate) fn link_command(&self, workspace: &Workspace) -> Option<String> {
        let rule = self.link_required?;
        let unlinked = workspace.upstream_id.is_none();
        unlinked.then(|| rule.command(&workspace.id))
    }

    /// What pages say of a workspace that cannot be connected to before it is linked.
    pub(crate) fn not_linked(&self, membership: &Membership) -> Option<NotLinked> {
        let command = self.link_command(&membership.workspace)?;
        let may_link = self.settings.owners_link_workspaces && membership.role == Role::Owner;
        let id = &membership.workspace.id;
        Some(NotLinked {
            command,
            portal_url: may_link.then(|| format!("/portal/workspaces/{id}#link")),
        })
    }

    /// How cookies are kept.
    pub(crate) fn cookie_style(&self) -> CookieStyle {
        CookieStyle {
            https: self.origin.starts_with("https://"),
        }
    }

    /// A full budget of [`Accounts::sign_ups`].
    pub(crate) fn sign_up_budget() -> Budget {
        Budget::new(SIGN_UPS)
    }

    /// Sends the browser on.
    ///
    /// # Errors
    /// If `location` cannot be written in a header field.
    pub(crate) fn send_to(&self, location: &str) -> Answer {
        self.pages.redirect(location).ok_or(PageError::NotFound)
    }

    /// A new one-time link that makes the first account; `None` once there is an account, and where
    /// accounts have no passwords.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn setup_link(&self) -> Result<Option<String>, StoreError> {
        if !self.settings.passwords {
            return Ok(None);
        }
        let secret = token::random_text(&*self.services.random);
        let now = self.services.clock.now();
        let cause = Cause::new(now, "start");
        let kept = self
            .services
            .store
            .put_setup_link(Digest::of(&secret), now + SETUP_LINK, &cause)
            .await?;
        Ok(kept.then(|| format!("{}/account/welcome/{secret}", self.origin)))
    }
}
