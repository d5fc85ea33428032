//! People with accounts here, the workspaces they share, and the browsers they sign in with.

mod browser;
mod destination;
mod flow;
mod page_error;
mod password;
mod proxy;
mod routes;
mod sign_in;
mod sign_up;
mod throttle;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::response::Response;

pub(crate) use browser::{Browser, CookieStyle, Posted, with_browser};
pub(crate) use destination::Destination;
pub(crate) use flow::{HasAccounts, SignInFlow, sign_in_route, sign_up_route};
pub(crate) use page_error::{Answer, PageError};
pub(crate) use password::{PasswordError, Passwords, SHORTEST_PASSWORD, objection};
pub(crate) use proxy::{Forwarded, UnlistedProxies};
pub(crate) use sign_in::status_of;
pub(crate) use throttle::Throttle;

use crate::address::Ranges;
use crate::config::AccountSettings;
use crate::limit::{Budget, Limits, Rate};
use crate::model::{
    AuthenticationMethod, Device, LinkRequired, Membership, NewSession, PersonId, Role, Session,
    SessionId, Workspace, bounds,
};
use crate::page::{NotLinked, Pages};
use crate::store::{Services, StoreError};
use crate::token::{self, Digest};

/// How long a session lasts in which nothing is asked.
const SESSION_IDLE: Duration = Duration::from_hours(12);
/// How long a session lasts at most.
const SESSION: Duration = Duration::from_hours(30 * 24);
/// How long the one-time link of the first start works.
const SETUP_LINK: Duration = Duration::from_hours(24);
/// The cookie of a session.
const SESSION_COOKIE: &str = "session";
/// The cookie by which a browser is recognised in which somebody signed in before.
const DEVICE_COOKIE: &str = "device";
/// Accounts that anyone may make, where anyone may.
const SIGN_UPS: Limits = Limits {
    address: Rate::new(10, Duration::from_mins(2)),
    everybody: Rate::new(1000, Duration::from_secs(2)),
};

/// What the pages that know people share: the store, the templates, and how browsers are
/// distinguished.
pub(crate) struct Accounts {
    pub(crate) services: Services,
    pub(crate) pages: Pages,
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
    /// Ranges of addresses that many people share.
    pub(crate) shared_egress: Ranges,
    pub(crate) unlisted_proxies: UnlistedProxies,
}

/// The secrets of a session that was just opened, which [`Accounts::keep_session`] puts into cookies.
#[derive(Debug)]
pub(crate) struct SessionSecrets {
    session: String,
    /// By which the browser is recognised later.
    device: String,
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

    /// The session of a browser, if it is signed in.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn session(&self, browser: &Browser) -> Result<Option<Session>, StoreError> {
        let Some(secret) = browser.cookie(SESSION_COOKIE) else {
            return Ok(None);
        };
        self.services
            .store
            .session(Digest::of(secret), browser.at, idle_since(browser.at))
            .await
    }

    /// The sessions that a person is signed in with, latest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn sessions(
        &self,
        browser: &Browser,
        person: &PersonId,
    ) -> Result<Vec<Session>, StoreError> {
        self.services
            .store
            .sessions(person, browser.at, idle_since(browser.at))
            .await
    }

    /// The person who last signed in with a browser, whether they are signed in or not.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn last_person(
        &self,
        browser: &Browser,
    ) -> Result<Option<PersonId>, StoreError> {
        match browser.device() {
            Some(device) => self.services.store.last_person(device).await,
            None => Ok(None),
        }
    }

    /// A full budget of [`Accounts::sign_ups`].
    pub(crate) fn sign_up_budget() -> Budget {
        Budget::new(SIGN_UPS)
    }

    /// Signs a person in who showed who they are by `method`: opens a session, which [`Accounts::keep_session`] lets the browser keep.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn open_session(
        &self,
        browser: &Browser,
        person: &PersonId,
        method: AuthenticationMethod,
    ) -> Result<SessionSecrets, StoreError> {
        // The cookie of the session before is about to be replaced.
        if let Some(before) = self.session(browser).await? {
            let cause = browser.cause().by(&before.person.id);
            self.services
                .store
                .close_session(&before.person.id, &before.id, &cause)
                .await?;
        }
        let secret = token::random_text(&*self.services.random);
        let device = match browser.cookie(DEVICE_COOKIE) {
            Some(known) => known.to_owned(),
            None => token::random_text(&*self.services.random),
        };
        let opened = NewSession {
            id: SessionId::new(&*self.services.random),
            secret: Digest::of(&secret),
            method,
            browser: browser.description(),
            device: Device {
                secret: Digest::of(&device),
                network: browser.source.digest(),
            },
            expires: browser.at + SESSION,
        };
        let cause = browser.cause().by(person);
        self.services.store.open_session(&opened, &cause).await?;
        self.unlisted_proxies.signed_in(browser);
        Ok(SessionSecrets {
            session: secret,
            device,
        })
    }

    /// Lets the browser keep a session, and be recognised later.
    pub(crate) fn keep_session(
        &self,
        browser: &Browser,
        response: &mut Response,
        session: &SessionSecrets,
    ) {
        browser.set_cookie(response, SESSION_COOKIE, &session.session, Some(SESSION));
        browser.set_cookie(
            response,
            DEVICE_COOKIE,
            &session.device,
            Some(bounds::BROWSER_RECOGNISED),
        );
    }

    /// Makes the browser forget its session.
    pub(crate) fn forget_session(&self, browser: &Browser, response: &mut Response) {
        browser.set_cookie(response, SESSION_COOKIE, "", Some(Duration::ZERO));
    }

    /// Sends the browser on.
    ///
    /// # Errors
    /// If `location` cannot be written in a header field.
    pub(crate) fn send_to(&self, location: &str) -> Answer {
        self.pages.redirect(location).ok_or(PageError::NotFound)
    }

    /// A new one-time link that makes the first account; `None` once there is an account.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn setup_link(&self) -> Result<Option<String>, StoreError> {
        let secret = token::random_text(&*self.services.random);
        let now = self.services.clock.now();
        let cause = crate::model::Cause::new(now, "start");
        let kept = self
            .services
            .store
            .put_setup_link(Digest::of(&secret), now + SETUP_LINK, &cause)
            .await?;
        Ok(kept.then(|| format!("{}/account/welcome/{secret}", self.origin)))
    }
}

/// Since when something was asked in a session that still lasts.
fn idle_since(now: SystemTime) -> SystemTime {
    now.checked_sub(SESSION_IDLE)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The pages that let people in.
pub(crate) fn router(accounts: &Arc<Accounts>) -> Router {
    routes::router().with_state(Arc::clone(accounts))
}
