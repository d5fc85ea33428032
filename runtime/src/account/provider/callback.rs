//! The way back from the provider. Only the browser that began a sign-in can end it, once.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse as _;
use http::HeaderValue;
use serde_json::{Map, Value};

use super::claims::Identity;
use super::discovery::{Discovery, is_code};
use super::error::ProviderError;
use super::id_token::{self, Expected, Refused};
use super::{Provider, SignInSecrets};
use crate::account::accounts::Accounts;
use crate::account::browser::Browser;
use crate::account::destination::Destination;
use crate::account::page_error::{Answer, PageError};
use crate::form::Pairs;
use crate::model::{
    AuthenticationMethod, Identified, NewPerson, PendingSignIn, PersonId, SessionId,
};
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
    let identity = match provider.identify(browser, query, secrets).await {
        Ok(identity) => identity,
        Err(error) => return Err(here.failed(&error).await),
    };
    let destination = secrets.cookie.split_once('.').map(|(_, path)| path);
    let destination = destination.and_then(Destination::parse);
    let destination = destination.unwrap_or(Destination::PORTAL);
    match confirms {
        None => here.sign_in(&identity, &destination).await,
        Some(session) => here.confirm(&identity, &session, &destination).await,
    }
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

    /// Signs in the person that the provider names.
    async fn sign_in(&self, identity: &Identity, destination: &Destination) -> Answer {
        let (accounts, browser) = (self.accounts, self.browser);
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
        let (assigned, cause) = (identity.assigned.as_deref(), browser.cause());
        let person = match store.identify(account, person, assigned, &cause).await? {
            Identified::Person(person) => person,
            Identified::EmailTaken => return Err(self.failed(&ProviderError::EmailTaken).await),
            Identified::Unassigned => return Err(self.failed(&ProviderError::NoGroup).await),
        };
        let method = AuthenticationMethod::Provider;
        let confirmed = self.provider.confirmed(identity, browser.at);
        let opened = accounts.open_session(browser, &person, method, confirmed);
        match opened.await? {
            Some(session) => accounts.signed_in(browser, &session, destination),
            None => Err(self.failed(&ProviderError::Disabled).await),
        }
    }

    /// Notes that the person of a session proved once more who they are.
    async fn confirm(
        &self,
        identity: &Identity,
        session: &SessionId,
        destination: &Destination,
    ) -> Answer {
        let store = &self.accounts.services.store;
        let account = &identity.account;
        let here = self.accounts.session(self.browser).await?;
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
    ) -> Result<Identity, ProviderError> {
        let discovery = self.endpoints.discovery(browser.at).await?;
        let code = self.code(&discovery, query)?;
        let tokens = self.redeem(&discovery, code, secrets).await?;
        let id_token = tokens.get("id_token").and_then(Value::as_str);
        let id_token = id_token.ok_or(ProviderError::Wrong("there is no ID token"))?;
        let nonce = secrets.nonce();
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: &nonce,
            now: browser.at,
        };
        let mut claims = self.checked(&discovery, id_token, expected).await?;
        if self.email(&claims).is_none() {
            self.add_userinfo(&discovery, &tokens, &mut claims).await?;
        }
        self.identity(&claims)
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

    /// Exchanges the code for tokens.
    async fn redeem(
        &self,
        discovery: &Discovery,
        code: &str,
        secrets: &SignInSecrets<'_>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let (authorization, form) = self.token_request(discovery, code, secrets);
        let endpoint = &discovery.token_endpoint;
        self.endpoints.exchange(endpoint, authorization, form).await
    }

    /// Returns the form of a token request, and the header field that authenticates this server where
    /// the form does not.
    fn token_request(
        &self,
        discovery: &Discovery,
        code: &str,
        secrets: &SignInSecrets<'_>,
    ) -> (Option<HeaderValue>, String) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_verifier", &secrets.verifier());
        // Without a list, HTTP Basic authentication is the method (OpenID Connect Discovery §3).
        let methods = discovery.token_endpoint_auth_methods_supported.as_deref();
        let basic = methods.is_none_or(|it| it.iter().any(|it| it == "client_secret_basic"));
        let authorization = match &self.client_secret {
            Some(secret) if basic => self.basic(secret),
            _ => None,
        };
        if authorization.is_none() {
            form.append_pair("client_id", &self.client_id);
            if let Some(secret) = &self.client_secret {
                form.append_pair("client_secret", secret.expose());
            }
        }
        (authorization, form.finish())
    }

    /// Returns the claims of an ID token. Where no key is known that signed it, the keys are fetched
    /// again.
    async fn checked(
        &self,
        discovery: &Discovery,
        id_token: &str,
        expected: Expected<'_>,
    ) -> Result<Map<String, Value>, ProviderError> {
        for unknown in [false, true] {
            let keys = self
                .endpoints
                .keys(&discovery.jwks_uri, unknown, expected.now);
            match id_token::check(id_token, &keys.await?, expected) {
                Ok(claims) => return Ok(claims),
                Err(Refused::UnknownKey) => {}
                Err(Refused::Wrong(reason)) => return Err(ProviderError::Wrong(reason)),
            }
        }
        Err(ProviderError::Wrong(
            "no key of the provider signed the ID token",
        ))
    }

    /// Adds what the userinfo endpoint says: some providers write no e-mail address into ID tokens.
    async fn add_userinfo(
        &self,
        discovery: &Discovery,
        tokens: &Map<String, Value>,
        claims: &mut Map<String, Value>,
    ) -> Result<(), ProviderError> {
        let access_token = tokens.get("access_token").and_then(Value::as_str);
        let (Some(endpoint), Some(token)) = (&discovery.userinfo_endpoint, access_token) else {
            return Ok(());
        };
        let info = self.endpoints.userinfo(endpoint, token).await?;
        // The answer may be about another person (OpenID Connect Core §5.3.2).
        if info.get("sub") != claims.get("sub") {
            let message = "the userinfo endpoint answers about another person";
            return Err(ProviderError::Wrong(message));
        }
        // What the ID token says of an address is not about the one of this answer.
        for name in ["email", "email_verified", "xms_edov"] {
            claims.remove(name);
            claims.extend(info.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        for name in ["name", self.groups_claim.as_str()] {
            if let (Some(value), false) = (info.get(name), claims.contains_key(name)) {
                claims.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}
