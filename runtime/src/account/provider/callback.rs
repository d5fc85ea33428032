//! The way back from the provider. Only the browser that began a sign-in can end it, once.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse as _;

use super::claims::Identity;
use super::discovery::{Discovery, is_code};
use super::error::ProviderError;
use super::id_token::Expected;
use super::request::NEW;
use super::{Provider, SignInSecrets};
use crate::account::accounts::Accounts;
use crate::account::browser::Browser;
use crate::account::destination::Destination;
use crate::account::page_error::{Answer, PageError};
use crate::account::sessions::Proof;
use crate::form::Pairs;
use crate::model::{
    AuthenticationMethod, Identified, KeptSignIn, NewPerson, PendingSignIn, PersonId, SessionId,
    SubjectToken,
};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::token::Digest;

/// The page that the provider sends a browser back to.
pub(in crate::account) async fn callback(
    State(accounts): State<Arc<Accounts>>,
    Extension(browser): Extension<Arc<Browser>>,
    RawQuery(query): RawQuery,
) -> Answer {
    let provider = accounts.provider.as_ref().ok_or(PageError::NotFound)?;
    let query = Pairs::parse(query.as_deref().unwrap_or_default());
    let query = query.map_err(|_| PageError::Expired)?;
    let state = query
        .one("state")
        .ok()
        .flatten()
        .ok_or(PageError::Expired)?;
    let cookie_name = SignInSecrets::cookie_name(state);
    let cookie = browser.cookie(&cookie_name).unwrap_or_default();
    let store = &accounts.services.store;
    let pending = store.take_sign_in(Digest::of(state), Digest::of(cookie), browser.at);
    let confirms = match pending.await? {
        PendingSignIn::Found { confirms } => confirms,
        PendingSignIn::OtherBrowser => return Err(PageError::Forbidden),
        PendingSignIn::Over => return Err(PageError::Expired),
    };
    let secrets = SignInSecrets { state, cookie };
    let answer = answered(&accounts, provider, &browser, &query, &secrets, confirms);
    let mut response = answer.await.into_response();
    // Whatever became of it, the cookie is of no use any more.
    browser.set_cookie(&mut response, &cookie_name, "", Some(Duration::ZERO));
    Ok(response)
}

/// Answers a sign-in that was just used up: `confirms` is the session whose person proves once more
/// who they are.
async fn answered(
    accounts: &Accounts,
    provider: &Provider,
    browser: &Browser,
    query: &Pairs,
    secrets: &SignInSecrets<'_>,
    confirms: Option<SessionId>,
) -> Answer {
    let here = Here {
        accounts,
        provider,
        browser,
    };
    let signed_in = match provider.identify(browser, query, secrets).await {
        Ok(signed_in) => signed_in,
        Err(error) => return Err(here.failed(&error).await),
    };
    let destination = secrets.cookie.split_once('.').map(|(_, path)| path);
    let destination = destination.and_then(Destination::parse);
    let destination = destination.unwrap_or(Destination::PORTAL);
    let is_new = secrets.cookie.starts_with(NEW);
    match confirms {
        None => here.sign_in(&signed_in, &destination, is_new).await,
        Some(session) => here.confirm(&signed_in, &session, &destination).await,
    }
}

/// A person who signed in at the provider.
struct SignedIn {
    identity: Identity,
    /// By which the provider can be asked about them later.
    refresh_token: Option<Secret>,
    /// What is exchanged later for tokens of the API.
    subject: Option<SubjectToken>,
}

/// Where a sign-in comes back.
struct Here<'a> {
    accounts: &'a Accounts,
    provider: &'a Provider,
    browser: &'a Browser,
}

impl Here<'_> {
    /// Notes and logs why a sign-in failed. Returns the page that says so.
    async fn failed(&self, error: &ProviderError) -> PageError {
        let (provider, request_id) = (self.provider, &self.browser.request_id);
        let issuer = &provider.issuer;
        match error.may_be_the_callback() {
            true => tracing::warn!(
                %error,
                request_id,
                issuer,
                callback = provider.redirect_uri,
                "a sign-in at the identity provider failed; it has to know this callback URL exactly"
            ),
            false => tracing::warn!(
                %error,
                request_id,
                issuer,
                "a sign-in at the identity provider failed"
            ),
        }
        let reason = format!("provider: {error}");
        let store = &self.accounts.services.store;
        match store.sign_in_failed(&reason, &self.browser.cause()).await {
            Ok(()) => error.page(&provider.name),
            Err(error) => error.into(),
        }
    }

    /// Signs in the person that the provider names, by a new sign-in there where `is_new` is set.
    async fn sign_in(
        &self,
        signed_in: &SignedIn,
        destination: &Destination,
        is_new: bool,
    ) -> Answer {
        let (accounts, browser) = (self.accounts, self.browser);
        let identity = &signed_in.identity;
        if is_new && !self.provider.is_recent(identity, browser.at) {
            return Err(self.failed(&ProviderError::NotAgain).await);
        }
        let store = &accounts.services.store;
        let account = &identity.account;
        let known = store.person_of(&account.issuer, &account.subject).await?;
        // A person who is known keeps their account whatever address the provider reports now.
        let email = match (&identity.email, &known) {
            (Some(email), _) => email.clone(),
            (None, Some(_)) => String::new(),
            (None, None) => return Err(self.failed(&ProviderError::NoEmail).await),
        };
        let person = NewPerson {
            id: PersonId::new(&*accounts.services.random),
            email,
            name: identity.name.clone(),
            password_hash: None,
        };
        let person = self.identified(identity, person).await?;
        self.keep(signed_in).await?;
        let proof = Proof {
            method: AuthenticationMethod::Provider,
            at: match is_new {
                true => browser.at,
                false => self.provider.confirmed(identity, browser.at),
            },
            provider_session: identity.session,
        };
        let opened = accounts.open_session(browser, &person, proof);
        match opened.await? {
            Some(session) => accounts.signed_in(browser, &session, destination),
            None => Err(self.failed(&ProviderError::Disabled).await),
        }
    }

    /// Returns the person of the account at the provider, `person` where it is a new one, and applies the
    /// memberships that the claims assign.
    ///
    /// # Errors
    /// The page for a person who has no account here, or is in no group.
    async fn identified(
        &self,
        identity: &Identity,
        person: NewPerson,
    ) -> Result<PersonId, PageError> {
        let (assigned, cause) = (identity.assigned.as_deref(), self.browser.cause());
        let store = &self.accounts.services.store;
        let identified = store.identify(&identity.account, person, assigned, &cause);
        match identified.await? {
            Identified::Person(person) => Ok(person),
            Identified::EmailTaken => Err(self.failed(&ProviderError::EmailTaken).await),
            Identified::Unassigned => Err(self.failed(&ProviderError::NoGroup).await),
        }
    }

    /// Keeps by what the sign-in is checked later.
    ///
    /// # Errors
    /// Where the store fails.
    async fn keep(&self, signed_in: &SignedIn) -> Result<(), StoreError> {
        let SignedIn {
            identity,
            refresh_token,
            subject,
        } = signed_in;
        let (provider, account) = (self.provider, &identity.account);
        let kept = KeptSignIn {
            subject: subject.clone(),
            ..provider.kept(account, refresh_token.as_ref(), self.browser.at)
        };
        let store = &self.accounts.services.store;
        store.keep_sign_in(account, &kept).await
    }

    /// Notes that the person of a session proved once more who they are.
    async fn confirm(
        &self,
        signed_in: &SignedIn,
        session: &SessionId,
        destination: &Destination,
    ) -> Answer {
        let store = &self.accounts.services.store;
        let identity = &signed_in.identity;
        let account = &identity.account;
        // The provider is not asked about the person: they come from there.
        let here = self.accounts.unchecked_session(self.browser).await?;
        let here = here
            .filter(|it| it.id == *session)
            .ok_or(PageError::Expired)?;
        let person = store.person_of(&account.issuer, &account.subject).await?;
        if person.as_ref() != Some(&here.person.id) {
            return Err(self.failed(&ProviderError::OtherPerson).await);
        }
        if !self.provider.is_recent(identity, self.browser.at) {
            return Err(self.failed(&ProviderError::NotAgain).await);
        }
        let same = NewPerson {
            id: here.person.id.clone(),
            email: here.person.email,
            name: here.person.name,
            password_hash: None,
        };
        self.identified(identity, same).await?;
        self.keep(signed_in).await?;
        let cause = self.browser.cause().by(&here.person.id);
        store.confirm_session(session, &cause).await?;
        self.accounts.send_to(destination.path())
    }
}

impl Provider {
    /// Finds out who signed in, by the authorization response and the code in it.
    async fn identify(
        &self,
        browser: &Browser,
        query: &Pairs,
        secrets: &SignInSecrets<'_>,
    ) -> Result<SignedIn, ProviderError> {
        let discovery = self.endpoints.discovery(browser.at).await?;
        let code = self.code(&discovery, query)?;
        let answer = self.redeem(&discovery, code, secrets).await?;
        let nonce = secrets.nonce();
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: Some(&nonce),
            now: browser.at,
        };
        let claims = self.claims(&discovery, &answer, expected).await?;
        let identity = self.identity(&claims)?;
        let subject = &identity.account.subject;
        Ok(SignedIn {
            subject: self.subject_token(&answer, Some(&claims), subject, browser.at),
            refresh_token: answer.refresh_token(),
            identity,
        })
    }

    /// Returns the code of an authorization response that is the issuer's (RFC 9207 §2.4).
    fn code<'a>(&self, discovery: &Discovery, query: &'a Pairs) -> Result<&'a str, ProviderError> {
        let one = |name| {
            let twice = ProviderError::Wrong("the answer has a parameter twice");
            query.one(name).map_err(|_| twice)
        };
        match one("iss")? {
            Some(issuer) if issuer != self.issuer => {
                return Err(ProviderError::Wrong(
                    "the answer is of another issuer (`iss`)",
                ));
            }
            None if discovery.authorization_response_iss_parameter_supported => {
                return Err(ProviderError::Wrong("the answer names no issuer (`iss`)"));
            }
            _ => {}
        }
        match (one("error")?, one("code")?) {
            (Some(error), _) if is_code(error) => Err(ProviderError::Refused(error.to_owned())),
            (None, Some(code)) => Ok(code),
            _ => Err(ProviderError::Wrong(
                "the answer has neither a code nor an error",
            )),
        }
    }
}
