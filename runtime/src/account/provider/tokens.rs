//! Requests to the token endpoint of the provider, and what its answers say of a person.

use std::time::Duration;

use serde_json::{Map, Value};

use super::discovery::Discovery;
use super::error::ProviderError;
use super::id_token::{self, Expected};
use super::{Provider, SignInSecrets};
use crate::jwt;
use crate::secret::Secret;

/// The answer of the token endpoint.
pub(super) struct TokenAnswer(pub(super) Map<String, Value>);

impl TokenAnswer {
    /// Returns the refresh token, where there is one.
    pub(super) fn refresh_token(&self) -> Option<Secret> {
        let token = self.0.get("refresh_token").and_then(Value::as_str);
        token.filter(|it| !it.is_empty()).map(Secret::new)
    }

    /// Returns the ID token, where there is one.
    pub(super) fn id_token(&self) -> Option<&str> {
        self.0.get("id_token").and_then(Value::as_str)
    }

    /// Returns the access token, where there is one.
    pub(super) fn access_token(&self) -> Option<Secret> {
        let token = self.0.get("access_token").and_then(Value::as_str);
        token.filter(|it| !it.is_empty()).map(Secret::new)
    }

    /// Returns the type of the access token, where it is said.
    pub(super) fn token_type(&self) -> Option<&str> {
        self.0.get("token_type").and_then(Value::as_str)
    }

    /// Returns how long the access token is good, where it is said. Some providers write the number as a
    /// text.
    pub(super) fn lasts(&self) -> Option<Duration> {
        let seconds = match self.0.get("expires_in")? {
            Value::String(text) => text.parse().ok(),
            value => jwt::number(value).and_then(|it| it.try_into().ok()),
        };
        seconds.filter(|it| *it > 0).map(Duration::from_secs)
    }
}

impl Provider {
    /// Exchanges the code of a sign-in for tokens.
    ///
    /// # Errors
    /// Where the provider refuses, or cannot be reached.
    pub(super) async fn redeem(
        &self,
        discovery: &Discovery,
        code: &str,
        secrets: &SignInSecrets<'_>,
    ) -> Result<TokenAnswer, ProviderError> {
        let verifier = secrets.verifier();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &verifier),
        ];
        self.exchange(discovery, &form).await
    }

    /// Exchanges a refresh token for tokens (OpenID Connect Core §12).
    ///
    /// # Errors
    /// Where the provider refuses, or cannot be reached.
    pub(super) async fn refresh(
        &self,
        discovery: &Discovery,
        token: &Secret,
    ) -> Result<TokenAnswer, ProviderError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose()),
        ];
        self.exchange(discovery, &form).await
    }

    /// Sends a form to the token endpoint, and in it or beside it what authenticates this server.
    async fn exchange(
        &self,
        discovery: &Discovery,
        form: &[(&str, &str)],
    ) -> Result<TokenAnswer, ProviderError> {
        let basic = discovery.takes_basic();
        let (authorization, form) = self.credentials().authenticated(basic, form);
        let endpoint = &discovery.token_endpoint;
        let answer = self.endpoints.exchange(endpoint, authorization, form);
        answer.await.map(TokenAnswer)
    }

    /// Returns the claims of an answer: those of its ID token, and where that has no e-mail address,
    /// those of the userinfo endpoint.
    ///
    /// # Errors
    /// Where the ID token is not what it has to be, or the claims cannot be had.
    pub(super) async fn claims(
        &self,
        discovery: &Discovery,
        answer: &TokenAnswer,
        expected: Expected<'_>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let id_token = answer.id_token();
        let id_token = id_token.ok_or(ProviderError::Wrong("there is no ID token"))?;
        let check = |keys: &[_]| id_token::check(id_token, keys, expected);
        let verified = self
            .endpoints
            .verified(&discovery.jwks_uri, check, expected.now);
        let mut claims = verified.await?;
        if self.email(&claims).is_none() {
            self.add_userinfo(discovery, &answer.0, &mut claims).await?;
        }
        Ok(claims)
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
        for name in ["name", self.groups.claim.as_str()] {
            if let (Some(value), false) = (info.get(name), claims.contains_key(name)) {
                claims.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}
