//! The exchange of an assertion for an access token (§4.4 of the draft). An assertion that comes again is
//! exchanged again, for the same grant, where it is the same one of the same client.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use serde_json::{Map, Value};

use super::client::authenticate;
use super::grant::NewGrant;
use super::refusal::{Refusal, too_often};
use super::state::{Client, Enterprise, Issuer};
use super::terms::Terms;
use super::{grant, person};
use crate::account::Occasion;
use crate::form::Pairs;
use crate::limit::Source;
use crate::model::{Asserted, AssertedToken, Assertion, Cause, KnownAssertion, PersonId, Scopes};
use crate::oauth::access_token_response::AccessTokenResponse;
use crate::oauth::authority::Authority;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::secret::Secret;
use crate::token::Digest;

/// The longest assertion, in bytes.
const LONGEST: usize = 8192;

/// Answers a request for a token by an assertion.
///
/// # Errors
/// Where it is refused.
pub(in crate::oauth) async fn token(
    authority: &Arc<Authority>,
    enterprise: &Enterprise,
    (parts, form): (&Parts, &Pairs),
    source: &Source,
    cause: &Cause,
) -> Result<Response, OAuthError> {
    enterprise.take(source, cause.at).map_err(too_often)?;
    let client = authenticate(authority, enterprise, (parts, form), source, cause).await?;
    let cause = cause.clone().through(&client.id);
    let exchange = Exchange {
        authority,
        enterprise,
        client,
        form,
        cause: &cause,
    };
    match exchange.answer().await {
        Ok(answer) => Ok(answer.into_response()),
        Err(Refusal {
            reason,
            person,
            error,
        }) => {
            if let Some(reason) = reason {
                let cause = match &person {
                    Some(person) => cause.clone().by(person),
                    None => cause.clone(),
                };
                let store = &authority.services.store;
                store.refuse_assertion(reason, &cause).await?;
            }
            Err(error)
        }
    }
}

/// A request of a client that authenticated.
struct Exchange<'a> {
    authority: &'a Arc<Authority>,
    enterprise: &'a Enterprise,
    client: &'a Client,
    form: &'a Pairs,
    cause: &'a Cause,
}

impl Exchange<'_> {
    async fn answer(&self) -> Result<AccessTokenResponse, Refusal> {
        let (authority, now) = (self.authority, self.cause.at);
        let assertion = self.form.one("assertion")?;
        let assertion =
            assertion.ok_or_else(|| OAuthError::invalid_request("assertion is missing"))?;
        if assertion.len() > LONGEST {
            let message = "the assertion is longer than 8192 bytes";
            return Err(Refusal::of("too_long", message));
        }
        let issuer = self.issuer(assertion)?;
        let verified = issuer.provider.verify(assertion, &authority.issuer, now);
        let claims = verified.await?;
        let parties = (self.client, issuer);
        let terms = Terms::read(authority, self.enterprise, parties, &claims, self.form)?;
        let assertion = Assertion {
            id: Digest::of(&format!(
                "identity assertion\n{}\n{}",
                issuer.settings.issuer, terms.id
            )),
            content: Digest::of(assertion),
            client: self.client.id.clone(),
        };
        let token = authority.keys.draw(&*authority.services.random).access;
        let scopes = self.granted(issuer, &claims, &terms, assertion, &token);
        let scopes = scopes.await?;
        let answer = AccessTokenResponse::new(&token, self.enterprise.token_lasts, &scopes);
        Ok(answer.for_resource(terms.resource.indicator))
    }

    /// Finds the issuer that an assertion names, where this client can use its assertions.
    fn issuer(&self, assertion: &str) -> Result<&Issuer, Refusal> {
        let issuer = self.enterprise.issuer_of(assertion);
        let issuer = issuer.ok_or_else(|| {
            let message = "the assertion is of no issuer that is accepted here (`iss`)";
            Refusal::of("other_issuer", message)
        })?;
        let mut clients = issuer.settings.clients.iter();
        match clients.any(|it| it == self.client.id.as_str()) {
            true => Ok(issuer),
            false => {
                let message = "this client cannot connect by assertions of this issuer";
                let error = OAuthError::new(ErrorCode::UnauthorizedClient, message);
                Err(Refusal::new("client_of_issuer", error))
            }
        }
    }

    /// Keeps the token of an assertion. Returns what it allows.
    async fn granted(
        &self,
        issuer: &Issuer,
        claims: &Map<String, Value>,
        terms: &Terms,
        assertion: Assertion,
        token: &Secret,
    ) -> Result<Scopes, Refusal> {
        let (authority, cause) = (self.authority, self.cause);
        let store = &authority.services.store;
        let kept = AssertedToken {
            digest: Digest::of(token.expose()),
            expires: cause.at + self.enterprise.token_lasts,
            scopes: terms.asked.clone(),
        };
        if let Some(known) = store.assertion(assertion.id, cause.at).await? {
            return self.again(issuer, claims, &known, &assertion, &kept).await;
        }
        let accounts = &authority.accounts;
        let identified = issuer
            .provider
            .identify(accounts, claims, terms.issued, cause);
        let found = identified.await?;
        self.take_of(&found.person)?;
        let workspace = person::workspace(authority, issuer, &found).await?;
        let new = NewGrant {
            assertion: assertion.clone(),
            issued: terms.issued,
            expires: terms.expires,
            issuer: issuer.settings.issuer.clone(),
            client_name: self.client.name.clone(),
            person: found.person.clone(),
            workspace,
            resource: terms.resource.indicator.clone(),
            scopes: terms.granted.clone(),
            token: kept.clone(),
            cause: cause.clone().by(&found.person),
        };
        match grant::make(authority, new).await? {
            // The same assertion was exchanged by another request meanwhile.
            Asserted::Known => match store.assertion(assertion.id, cause.at).await? {
                Some(known) => self.again(issuer, claims, &known, &assertion, &kept).await,
                None => Err(ended().about(&found.person)),
            },
            asserted => scopes(asserted).map_err(|refusal| refusal.about(&found.person)),
        }
    }

    /// Exchanges an assertion that came before.
    async fn again(
        &self,
        issuer: &Issuer,
        claims: &Map<String, Value>,
        known: &KnownAssertion,
        assertion: &Assertion,
        token: &AssertedToken,
    ) -> Result<Scopes, Refusal> {
        if known.assertion != *assertion {
            let message = "another assertion of the issuer had the same `jti`";
            return Err(Refusal::of("replayed", message));
        }
        if !self.enterprise.resubmission {
            let message = "the assertion was exchanged before: send a new one";
            return Err(Refusal::of("replayed", message));
        }
        let (accounts, cause) = (&self.authority.accounts, self.cause);
        let person = issuer.provider.known(accounts, claims).await?;
        self.take_of(&person)?;
        // Where the person has left since, the grant ends.
        accounts.recheck(&person, Occasion::Use, cause).await?;
        let store = &self.authority.services.store;
        let cause = cause.clone().by(&person);
        let continued = store.continue_grant(&known.grant, &person, token, &cause);
        scopes(continued.await?).map_err(|refusal| refusal.about(&person))
    }

    fn take_of(&self, person: &PersonId) -> Result<(), Refusal> {
        let taken = self
            .enterprise
            .take_of(&self.client.id, person, self.cause.at);
        taken.map_err(|refused| too_often(refused).into())
    }
}

/// Returns what became of an assertion, for the client.
fn scopes(asserted: Asserted) -> Result<Scopes, Refusal> {
    match asserted {
        Asserted::Granted { scopes, .. } => Ok(scopes),
        Asserted::Ended | Asserted::Known => Err(ended()),
        Asserted::NotAMember => Err(Refusal::of(
            "no_workspace",
            "the person cannot connect to the workspace: it is suspended or was linked anew, or the \
             person is no member or is disabled",
        )),
        Asserted::KeyNeeded | Asserted::KeyTakenBack => {
            let message = "no key could be made at the API just now";
            let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, message);
            Err(Refusal::new("no_key", error.retry_after(10)))
        }
    }
}

fn ended() -> Refusal {
    Refusal::of(
        "ended",
        "the connection of this assertion was ended: send an assertion that was made after that",
    )
}
