//! Asks the provider again whether it still admits a person, with the refresh token of their sign-in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Provider;
use super::claims::Identity;
use super::error::ProviderError;
use super::id_token::Expected;
use super::tokens::TokenAnswer;
use crate::account::accounts::Accounts;
use crate::model::{
    Cause, KeptSignIn, PersonId, ProviderAccount, Recheck, RecheckRequest, RecheckTurn, Rechecked,
    Renewal, RevocationReason, SubjectToken,
};
use crate::seal::{Owner, Sealed};
use crate::secret::Secret;
use crate::store::{Services, StoreError};

/// How long after a check the refresh of a client's tokens causes none.
const PAUSE: Duration = Duration::from_mins(1);
/// How long after a check a call that needs another token causes none.
const EXCHANGE_PAUSE: Duration = Duration::from_secs(2);
/// How long after a check without an answer the next one is due.
const RETRY: Duration = Duration::from_mins(1);
/// How long one server alone checks a person.
const TURN: Duration = Duration::from_mins(1);
/// How long a request waits for a check. A check that takes longer goes on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it takes until it is looked for the first time whether another server has ended its check, and
/// at most. Each time takes twice as long.
const LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(500);
/// How long it takes until a store that failed is tried again for the first time, and at most.
const STORE_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_STORE_PAUSE: Duration = Duration::from_secs(5);

/// On which occasion a person is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// They, or a client of theirs, use this server.
    Use,
    /// A client refreshes its tokens.
    Refresh,
    /// A call needs another token to be exchanged than the one that is used until this time.
    Exchange {
        /// That time.
        used_until: SystemTime,
    },
}

impl Accounts {
    /// Asks the identity provider whether it still admits a person, where that is due. Where it does not,
    /// the person's sessions and grants end. Returns whether anything was asked, so that what was read
    /// before may have changed.
    ///
    /// # Errors
    /// Where the store fails. A provider that is away is no error: nothing changes.
    pub(crate) async fn recheck(
        &self,
        person: &PersonId,
        occasion: Occasion,
        cause: &Cause,
    ) -> Result<bool, StoreError> {
        let Some(provider) = &self.provider else {
            return Ok(false);
        };
        let mut request = RecheckRequest {
            at: cause.at,
            tried_before: None,
            until: cause.at + TURN,
            renewal: None,
        };
        match occasion {
            Occasion::Use => {}
            Occasion::Refresh => request.tried_before = cause.at.checked_sub(PAUSE),
            Occasion::Exchange { used_until } => {
                let tried_before = cause.at.checked_sub(EXCHANGE_PAUSE);
                request.renewal = tried_before.map(|tried_before| Renewal {
                    used_until,
                    tried_before,
                });
            }
        }
        let patience = Instant::now() + PATIENCE;
        let (mut asked, mut look) = (false, LOOK);
        loop {
            match self.services.store.begin_recheck(person, &request).await? {
                RecheckTurn::None => return Ok(asked),
                RecheckTurn::Other if Instant::now() >= patience => return Ok(asked),
                RecheckTurn::Other => {
                    asked = true;
                    tokio::time::sleep(look).await;
                    look = (look * 2).min(LONGEST_LOOK);
                }
                RecheckTurn::Own(recheck) => {
                    let turn = Turn {
                        provider: Arc::clone(provider),
                        services: self.services.clone(),
                        cause: cause.clone(),
                        recheck,
                        is_renewal: request.renewal.is_some(),
                    };
                    // A task of its own: a caller that goes away loses no token that was replaced.
                    let turn = tokio::spawn(turn.take());
                    return match tokio::time::timeout_at(patience, turn).await {
                        Ok(Ok(done)) => done.map(|()| true),
                        Ok(Err(error)) => Err(StoreError(Box::new(error))),
                        Err(_) => Ok(true),
                    };
                }
            }
        }
    }
}

/// The refresh token by which a person is checked.
enum KeptToken {
    /// It can be sent.
    Open(Secret),
    /// It is sealed with a key that this server does not have, and another one may.
    Locked,
    /// There is none that is of use.
    None,
}

/// A check of a person.
struct Turn {
    provider: Arc<Provider>,
    services: Services,
    cause: Cause,
    recheck: Recheck,
    /// Whether a call needs the token that is exchanged.
    is_renewal: bool,
}

impl Turn {
    /// Asks the provider, and keeps what it answers. Where the store fails, it is tried again beside the
    /// caller: the former refresh token may be of no use any more.
    async fn take(self) -> Result<(), StoreError> {
        let until = Instant::now() + TURN;
        let outcome = self.ask().await;
        if let Rechecked::Ended { reason, .. } = &outcome {
            let (person, reason) = (&self.recheck.person, reason.as_str());
            let request_id = self.cause.request_id.as_str();
            tracing::info!(%person, reason, request_id, "the sign-in of a person ended");
        }
        let ended = self.end(&outcome).await;
        if ended.is_err() {
            tokio::spawn(self.end_later(outcome, until));
        }
        ended
    }

    /// Keeps what the provider answered. Another time it changes nothing that matters: the store compares
    /// the refresh token that was used.
    async fn end(&self, outcome: &Rechecked) -> Result<(), StoreError> {
        let store = &self.services.store;
        let ended = store.end_recheck(&self.recheck, outcome, &self.cause);
        ended.await.map(|_| ())
    }

    /// Keeps what the provider answered once the store can, before another server has the turn.
    async fn end_later(self, outcome: Rechecked, until: Instant) {
        let mut pause = STORE_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            match self.end(&outcome).await {
                Ok(()) => return,
                Err(error) if Instant::now() + pause >= until => {
                    let (person, request_id) =
                        (&self.recheck.person, self.cause.request_id.as_str());
                    tracing::error!(%error, %person, request_id, "an answer of the identity provider is lost");
                    return;
                }
                Err(_) => pause = (pause * 2).min(LONGEST_STORE_PAUSE),
            }
        }
    }

    async fn ask(&self) -> Rechecked {
        let ended = |reason| Rechecked::Ended {
            reason,
            assigned: None,
        };
        let token = match self.token() {
            KeptToken::Open(token) => token,
            KeptToken::None => return ended(RevocationReason::SignInExpired),
            KeptToken::Locked => {
                return Rechecked::Unanswered {
                    next: self.cause.at + RETRY,
                };
            }
        };
        let answer = match self.refresh(&token).await {
            Ok(answer) => answer,
            Err(ProviderError::Refused(code)) if code == "invalid_grant" => {
                return ended(RevocationReason::ProviderRefused);
            }
            Err(error) => return self.unanswered(&error),
        };
        // The token that was used may be of no use any more, whatever the ID token says.
        let token = answer.refresh_token().and_then(|token| self.seal(&token));
        let at = self.cause.at;
        match self.identity(&answer).await {
            Ok(None) => Rechecked::Admitted {
                token,
                assigned: None,
                subject: self.subject(&answer, None),
                next: at + self.provider.recheck,
            },
            Ok(Some((identity, _))) if identity.assigned.as_ref().is_some_and(Vec::is_empty) => {
                Rechecked::Ended {
                    reason: RevocationReason::NoGroup,
                    assigned: identity.assigned,
                }
            }
            Ok(Some((identity, claims))) => Rechecked::Admitted {
                token,
                // Without configured groups, what they assigned once ends, as at a sign-in.
                assigned: Some(identity.assigned.unwrap_or_default()),
                subject: self.subject(&answer, Some(&claims)),
                next: at + self.provider.recheck,
            },
            Err(ProviderError::OtherOrganization(_)) => ended(RevocationReason::ProviderRefused),
            Err(error) => {
                self.warn(&error);
                Rechecked::Admitted {
                    token,
                    assigned: None,
                    // An answer that may be about another person makes no calls in this one's name.
                    subject: None,
                    next: at + RETRY,
                }
            }
        }
    }

    /// Opens the refresh token, where it is of the provider that is configured.
    fn token(&self) -> KeptToken {
        let (sealed, sealing) = match (&self.recheck.token, &self.provider.sealing) {
            (Some(sealed), Some(sealing)) if self.recheck.issuer == self.provider.issuer => {
                (sealed, sealing)
            }
            _ => return KeptToken::None,
        };
        if !sealing.knows(&sealed.with) {
            tracing::error!(
                sealed_with = sealed.with,
                person = %self.recheck.person,
                request_id = self.cause.request_id,
                "a refresh token is sealed with a key that is not in identity.sealing_keys here; nothing changes"
            );
            return KeptToken::Locked;
        }
        let opened = sealing.open(self.owner(), sealed);
        opened.map_or(KeptToken::None, KeptToken::Open)
    }

    fn seal(&self, token: &Secret) -> Option<Sealed> {
        self.provider.sealing.as_ref()?.seal(self.owner(), token)
    }

    /// Seals the token of an answer that is exchanged later. An answer without one leaves the one from
    /// before as it is, unless a call needs another one.
    fn subject(
        &self,
        answer: &TokenAnswer,
        claims: Option<&Map<String, Value>>,
    ) -> Option<SubjectToken> {
        let subject = &self.recheck.subject;
        let token = self
            .provider
            .subject_token(answer, claims, subject, self.cause.at);
        token.filter(|it| it.sealed.is_some() || self.is_renewal)
    }

    fn owner(&self) -> Owner<'_> {
        Owner::Account {
            issuer: &self.recheck.issuer,
            subject: &self.recheck.subject,
        }
    }

    async fn refresh(&self, token: &Secret) -> Result<TokenAnswer, ProviderError> {
        let discovery = self.provider.endpoints.discovery(self.cause.at).await?;
        self.provider.refresh(&discovery, token).await
    }

    /// Reads who the person is now, where the answer has an ID token.
    async fn identity(
        &self,
        answer: &TokenAnswer,
    ) -> Result<Option<(Identity, Map<String, Value>)>, ProviderError> {
        if answer.id_token().is_none() {
            return Ok(None);
        }
        let (provider, now) = (&*self.provider, self.cause.at);
        let discovery = provider.endpoints.discovery(now).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            nonce: None,
            now,
        };
        let claims = provider.claims(&discovery, answer, expected).await?;
        let identity = provider.identity(&claims)?;
        match identity.account.subject == self.recheck.subject {
            true => Ok(Some((identity, claims))),
            false => Err(ProviderError::Wrong(
                "the refreshed ID token is about another person",
            )),
        }
    }

    fn unanswered(&self, error: &ProviderError) -> Rechecked {
        self.warn(error);
        Rechecked::Unanswered {
            next: self.cause.at + RETRY,
        }
    }

    fn warn(&self, error: &ProviderError) {
        tracing::warn!(
            %error,
            person = %self.recheck.person,
            request_id = self.cause.request_id,
            issuer = self.provider.issuer,
            "the identity provider cannot be asked about a person; nothing changes"
        );
    }
}

impl Provider {
    /// Returns what is kept of a sign-in, so that it can be checked later.
    pub(super) fn kept(
        &self,
        account: &ProviderAccount,
        refresh_token: Option<&Secret>,
        at: SystemTime,
    ) -> KeptSignIn {
        let owner = Owner::Account {
            issuer: &account.issuer,
            subject: &account.subject,
        };
        let sealing = self.sealing.as_ref();
        KeptSignIn {
            at,
            token: sealing.and_then(|it| it.seal(owner, refresh_token?)),
            keeps_former: sealing.is_some(),
            check: at + self.recheck,
            end: at + self.max_session,
            subject: None,
        }
    }
}
