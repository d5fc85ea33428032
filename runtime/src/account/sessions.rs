//! The sessions of people: which browsers they are signed in with.

use std::time::{Duration, SystemTime};

use axum::response::Response;

use super::accounts::Accounts;
use super::browser::{Browser, DEVICE_COOKIE, SESSION_COOKIE};
use super::provider::Occasion;
use crate::model::{
    AuthenticationMethod, Device, NewSession, PersonId, Session, SessionId, bounds,
};
use crate::store::StoreError;
use crate::token::{self, Digest};

/// How long a session lasts in which nothing is asked.
const SESSION_IDLE: Duration = Duration::from_hours(12);
/// How long a session lasts at most that a password opened.
const SESSION: Duration = Duration::from_hours(30 * 24);
/// How long a session lasts at most that a sign-in at the identity provider opened: there, the
/// company removes people, and this server learns of it at the next sign-in.
const PROVIDER_SESSION: Duration = Duration::from_hours(12);

/// How a person proved who they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    pub(crate) method: AuthenticationMethod,
    /// When.
    pub(crate) at: SystemTime,
    /// The session at the identity provider, as a digest.
    pub(crate) provider_session: Option<Digest>,
}

impl Proof {
    /// A password, entered at this time.
    pub(crate) fn by_password(at: SystemTime) -> Proof {
        Proof {
            method: AuthenticationMethod::Password,
            at,
            provider_session: None,
        }
    }
}

/// The secrets of a session that was just opened, which [`Accounts::keep_session`] puts into cookies.
#[derive(Debug)]
pub(crate) struct SessionSecrets {
    session: String,
    /// How long it lasts at most.
    lasts: Duration,
    /// By which the browser is recognised later.
    device: String,
}

impl Accounts {
    /// The session of a browser, if it is signed in.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn session(&self, browser: &Browser) -> Result<Option<Session>, StoreError> {
        let Some(found) = self.unchecked_session(browser).await? else {
            return Ok(None);
        };
        if found.method == AuthenticationMethod::Provider {
            let cause = browser.cause();
            if self
                .recheck(&found.person.id, Occasion::Use, &cause)
                .await?
            {
                return self.unchecked_session(browser).await;
            }
        }
        Ok(Some(found))
    }

    /// The session of a browser, without asking the identity provider about its person.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn unchecked_session(
        &self,
        browser: &Browser,
    ) -> Result<Option<Session>, StoreError> {
        let Some(secret) = browser.cookie(SESSION_COOKIE) else {
            return Ok(None);
        };
        let (secret, idle) = (Digest::of(secret), idle_since(browser.at));
        let found = self
            .services
            .store
            .session(secret, browser.at, idle)
            .await?;
        Ok(found.filter(|session| self.counts(session)))
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
        let idle = idle_since(browser.at);
        let found = self.services.store.sessions(person, browser.at, idle);
        let mut found = found.await?;
        found.retain(|session| self.counts(session));
        Ok(found)
    }

    /// Reports whether a session still counts: where people have no passwords any more, those that
    /// a password opened have ended.
    fn counts(&self, session: &Session) -> bool {
        self.settings.passwords || session.method != AuthenticationMethod::Password
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

    /// Signs a person in who proved who they are: opens a session, which
    /// [`Accounts::keep_session`] lets the browser keep. Returns `None` where the account was
    /// disabled or deleted meanwhile.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn open_session(
        &self,
        browser: &Browser,
        person: &PersonId,
        proof: Proof,
    ) -> Result<Option<SessionSecrets>, StoreError> {
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
        let lasts = match proof.method {
            AuthenticationMethod::Password => SESSION,
            AuthenticationMethod::Provider => PROVIDER_SESSION,
        };
        let opened = NewSession {
            id: SessionId::new(&*self.services.random),
            secret: Digest::of(&secret),
            method: proof.method,
            browser: browser.description(),
            device: Device {
                secret: Digest::of(&device),
                network: browser.source.digest(),
            },
            confirmed: proof.at,
            expires: browser.at + lasts,
            provider_session: proof.provider_session,
        };
        let cause = browser.cause().by(person);
        if !self.services.store.open_session(&opened, &cause).await? {
            return Ok(None);
        }
        self.unlisted_proxies.signed_in(browser);
        Ok(Some(SessionSecrets {
            session: secret,
            lasts,
            device,
        }))
    }

    /// Lets the browser keep a session, and be recognised later.
    pub(crate) fn keep_session(
        &self,
        browser: &Browser,
        response: &mut Response,
        session: &SessionSecrets,
    ) {
        let lasts = Some(session.lasts);
        browser.set_cookie(response, SESSION_COOKIE, &session.session, lasts);
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
}

/// Since when something was asked in a session that still lasts.
fn idle_since(now: SystemTime) -> SystemTime {
    now.checked_sub(SESSION_IDLE)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
