//! Calls in a person's own name: the token of their sign-in is exchanged at the provider for one of the API
//! (RFC 8693, or the on-behalf-of flow of Entra).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use url::Url;

use super::Provider;
use super::client::ClientCredentials;
use super::error::ProviderError;
use super::exchange_request::TokenExchange;
use super::recheck::Occasion;
use super::tokens::TokenAnswer;
use crate::account::accounts::Accounts;
use crate::config::{ClientAuthentication, ExchangeForm, ExchangeSettings, SubjectKind};
use crate::jwt::number;
use crate::model::{
    Cause, ExchangeError, ExchangedToken, KeptSubject, PersonId, SubjectToken, used_until,
};
use crate::seal::Owner;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::token::Digest;

/// How long a token is good of which the provider does not say it.
const UNSTATED: Duration = Duration::from_mins(5);
/// The longest time that a provider can say a token is good for.
const LONGEST: Duration = Duration::from_hours(24 * 365);
/// How long after a call without an answer a person's next call asks again, in seconds.
const RETRY: u64 = 10;

/// Error codes after which another token of the same sign-in may be exchanged: the one that was sent may
/// have ended. RFC 8693 §2.2.2 has `invalid_request` for that.
const OF_TOKEN: [&str; 3] = ["invalid_grant", "invalid_request", "invalid_token"];
/// Error codes after which the person has to sign in again (OpenID Connect Core §3.1.2.6, and those of
/// Entra).
const OF_PERSON: [&str; 5] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "login_required",
];
/// Error codes of a provider that may answer later.
const OF_OUTAGE: [&str; 3] = ["server_error", "slow_down", "temporarily_unavailable"];

fn unavailable() -> ExchangeError {
    ExchangeError::Unavailable {
        retry_after_seconds: RETRY,
    }
}

/// Returns the error of a call whose token was not exchanged.
fn reported(
    error: ProviderError,
    form: ExchangeForm,
    (subject, sign_in_url): (&Subject, String),
) -> ExchangeError {
    let code = match error {
        ProviderError::Unreachable(_) => return unavailable(),
        ProviderError::Refused(code) => code,
        error => return ExchangeError::Misconfigured(error.to_string()),
    };
    let known = |codes: &[&str]| codes.contains(&code.as_str());
    // Entra reports a request that it cannot read as `invalid_request`, and no token.
    let is_unread = form == ExchangeForm::OnBehalfOf && code == "invalid_request";
    if (known(&OF_TOKEN) || known(&OF_PERSON)) && !is_unread {
        return ExchangeError::Refused {
            code: Some(code),
            subject: subject.digest,
            sign_in_url,
        };
    }
    match known(&OF_OUTAGE) {
        true => unavailable(),
        false => ExchangeError::Misconfigured(format!("its error is `{code}`")),
    }
}

/// A token of a person's sign-in, to be exchanged.
struct Subject {
    token: Secret,
    digest: Digest,
    until: SystemTime,
}

/// What is kept of a person's sign-in, as far as calls in their name need it.
enum Found {
    /// A token that is good.
    Good(Subject),
    /// None, and the provider can be asked for one by the refresh token.
    Renewable,
    /// The one that is not wanted any more, and only the person can bring another one.
    Former(Subject),
    /// None, and only the person can bring one.
    None,
}

impl Accounts {
    /// Returns a token of the API in the name of a person. `refused` is the digest of a token that the
    /// provider refused to exchange a moment ago.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) async fn exchange(
        &self,
        person: &PersonId,
        refused: Option<Digest>,
        cause: &Cause,
    ) -> Result<ExchangedToken, ExchangeError> {
        let provider = self.provider.as_deref();
        let provider = provider.and_then(|it| Some((it, it.exchange.as_ref()?)));
        let (provider, exchange) = provider.ok_or_else(|| self.not_signed_in())?;
        let subject = self.subject(provider, person, None, cause).await?;
        if refused == Some(subject.digest) {
            return Err(self.refused(&subject));
        }
        let answer = provider.exchange_token(exchange, &subject.token, cause.at);
        let error = match answer.await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        let (error, subject) = match &error {
            ProviderError::Refused(code) if OF_TOKEN.contains(&code.as_str()) => {
                // The token may have ended before its time. Another one of the same sign-in may be good.
                match self.subject(provider, person, Some(&subject), cause).await {
                    Ok(renewed) => {
                        let answer = provider.exchange_token(exchange, &renewed.token, cause.at);
                        match answer.await {
                            Ok(token) => return Ok(token),
                            Err(error) => (error, renewed),
                        }
                    }
                    Err(ExchangeError::Refused { .. }) => (error, subject),
                    Err(error) => return Err(error),
                }
            }
            _ => (error, subject),
        };
        tracing::warn!(
            %error,
            %person,
            request_id = cause.request_id,
            issuer = provider.issuer,
            "the identity provider exchanges no token of a person; the call is not made"
        );
        let form = exchange.settings.form;
        Err(reported(error, form, (&subject, self.sign_in_url())))
    }

    /// Returns the token of a person's sign-in. Where it has ended, or is `former`, the provider is asked
    /// for another one.
    ///
    /// # Errors
    /// Where there is none, and [`ExchangeError::Refused`] where `former` is the only one.
    async fn subject(
        &self,
        provider: &Provider,
        person: &PersonId,
        former: Option<&Subject>,
        cause: &Cause,
    ) -> Result<Subject, ExchangeError> {
        let failed = |error: StoreError| {
            let request_id = cause.request_id.as_str();
            tracing::error!(%error, request_id, "the store failed; a call in a person's name is not made");
            unavailable()
        };
        let find = || async {
            let store = &self.services.store;
            let kept = store.kept_subject(person, &provider.issuer).await;
            let kept = kept.map_err(failed)?.ok_or_else(|| self.not_signed_in())?;
            Ok::<Found, ExchangeError>(provider.find(kept, former, cause.at))
        };
        match find().await? {
            Found::Good(subject) => return Ok(subject),
            Found::Former(subject) => return Err(self.refused(&subject)),
            Found::None => return Err(self.not_signed_in()),
            Found::Renewable => {}
        }
        let used_until = former.map_or(cause.at, |former| former.until.max(cause.at));
        let occasion = Occasion::Exchange { used_until };
        let is_asked = self.recheck(person, occasion, cause).await;
        let is_asked = is_asked.map_err(failed)?;
        match (find().await?, former) {
            (Found::Good(subject), _) => Ok(subject),
            (Found::None, _) => Err(self.not_signed_in()),
            (Found::Former(subject), _) => Err(self.refused(&subject)),
            // It was issued just now: another one would be refused as well.
            (Found::Renewable, Some(former)) if !is_asked => Err(self.refused(former)),
            (Found::Renewable, _) => Err(unavailable()),
        }
    }

    fn refused(&self, subject: &Subject) -> ExchangeError {
        ExchangeError::Refused {
            code: None,
            subject: subject.digest,
            sign_in_url: self.sign_in_url(),
        }
    }

    fn not_signed_in(&self) -> ExchangeError {
        ExchangeError::NotSignedIn {
            sign_in_url: self.sign_in_url(),
        }
    }

    /// The page on which a person signs in at the provider, whether or not they are signed in here.
    fn sign_in_url(&self) -> String {
        format!("{}/account/sign-in?again=1", self.origin)
    }
}

impl Provider {
    /// Returns the token that is exchanged, if what is kept has one that is good and is not `former`.
    fn find(&self, kept: KeptSubject, former: Option<&Subject>, at: SystemTime) -> Found {
        let token = kept.token.filter(|token| token.until > at);
        let is_renewable = kept.is_renewable;
        let none = match (&token, is_renewable) {
            // The provider was asked, and issues no such token without a sign-in.
            (Some(SubjectToken { sealed: None, .. }), _) | (_, false) => Found::None,
            (_, true) => Found::Renewable,
        };
        let owner = Owner::Subject {
            issuer: &self.issuer,
            subject: &kept.subject,
        };
        let (Some(token), Some(sealing)) = (token, &self.sealing) else {
            return none;
        };
        let opened = token.sealed.and_then(|sealed| sealing.open(owner, &sealed));
        let subject = opened.map(|opened| Subject {
            digest: Digest::of(opened.expose()),
            token: opened,
            until: token.until,
        });
        match subject {
            Some(it) if former.is_none_or(|former| former.digest != it.digest) => Found::Good(it),
            Some(it) if !is_renewable => Found::Former(it),
            _ => none,
        }
    }

    /// Seals the token of an answer that is exchanged later, where tokens are exchanged at all. `claims` are
    /// those of its ID token, which has been checked.
    pub(super) fn subject_token(
        &self,
        answer: &TokenAnswer,
        claims: Option<&Map<String, Value>>,
        subject: &str,
        at: SystemTime,
    ) -> Option<SubjectToken> {
        let exchange = self.exchange.as_ref()?;
        let (token, lasts) = match exchange.settings.subject {
            SubjectKind::AccessToken => (answer.access_token(), answer.lasts()),
            SubjectKind::IdToken => (
                claims.and_then(|_| answer.id_token()).map(Secret::new),
                claims.and_then(|claims| rest(claims, at)),
            ),
        };
        let owner = Owner::Subject {
            issuer: &self.issuer,
            subject,
        };
        let sealed = token.and_then(|token| self.sealing.as_ref()?.seal(owner, &token));
        let lasts = lasts.filter(|_| sealed.is_some()).unwrap_or(UNSTATED);
        Some(SubjectToken {
            sealed,
            until: used_until(at, lasts.min(LONGEST)),
        })
    }

    /// Exchanges a token.
    ///
    /// # Errors
    /// Where the provider refuses, or cannot be reached.
    async fn exchange_token(
        &self,
        exchange: &TokenExchange,
        subject: &Secret,
        at: SystemTime,
    ) -> Result<ExchangedToken, ProviderError> {
        let settings = &exchange.settings;
        let (endpoint, basic) = self.exchange_endpoint(settings, at).await?;
        let credentials = match &exchange.client {
            Some((id, secret)) => ClientCredentials {
                id,
                secret: Some(secret),
            },
            None => self.credentials(),
        };
        let form = exchange.form(subject);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, it)| (*name, it.as_str())).collect();
        let (authorization, form) = credentials.authenticated(basic, &form);
        let answer = self.endpoints.exchange(&endpoint, authorization, form);
        let answer = answer.await.map(TokenAnswer)?;
        let token = answer.access_token();
        let token = token.ok_or(ProviderError::Wrong("its answer has no `access_token`"))?;
        if token == *subject {
            return Err(ProviderError::Wrong(
                "it answers with the token that was to be exchanged",
            ));
        }
        let kind = answer.token_type().unwrap_or("Bearer");
        // RFC 8693 §2.2.1: `N_A` where what was issued is no access token.
        let is_bearer = kind.eq_ignore_ascii_case("Bearer");
        if !is_bearer && (settings.requests_access_token() || kind != "N_A") {
            return Err(ProviderError::Wrong(
                "it issues a token of another type than `Bearer`",
            ));
        }
        let lasts = answer.lasts().unwrap_or(UNSTATED);
        Ok(ExchangedToken {
            token,
            until: used_until(at, lasts.min(LONGEST)),
        })
    }

    /// Returns the token endpoint, and whether it takes HTTP Basic authentication.
    async fn exchange_endpoint(
        &self,
        settings: &ExchangeSettings,
        at: SystemTime,
    ) -> Result<(Url, bool), ProviderError> {
        let configured = settings
            .client_authentication
            .map(|it| it == ClientAuthentication::Basic);
        if let Some(endpoint) = &settings.token_endpoint {
            return Ok((endpoint.clone(), configured.unwrap_or(true)));
        }
        let discovery = self.endpoints.discovery(at).await?;
        let basic = configured.unwrap_or_else(|| discovery.takes_basic());
        Ok((discovery.token_endpoint, basic))
    }
}

/// Returns how long an ID token is good.
fn rest(claims: &Map<String, Value>, at: SystemTime) -> Option<Duration> {
    let end = claims.get("exp").and_then(number)?;
    let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(end.try_into().ok()?))?;
    Some(end.duration_since(at).unwrap_or_default())
}
