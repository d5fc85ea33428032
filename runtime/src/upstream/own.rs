//! What a caller has of its own towards the API: the key of its connection, or a token in the name of its
//! person, which is replaced where the API does not accept it any more.

use std::sync::Arc;

use http::StatusCode;
use tokio::time::Instant;

use super::error::OwnKind;
use super::request::RequestError;
use super::retry::{Exchange, Retries, Sending, is_safe};
use super::{Upstream, is_repeated};
use crate::credential::{self, OpenedKey, Own, PersonToken, Placed};
use crate::http::{Client, Outgoing};
use crate::model::{AccessContext, ExchangeError, Grant};
use crate::operation::Operation;
use crate::secret::Secret;

/// What a caller has of its own towards the API.
#[derive(Debug, Default)]
pub(super) struct OwnKey {
    pub(super) kind: OwnKind,
    /// The key or the token.
    pub(super) key: Option<OpenedKey>,
}

impl OwnKey {
    /// What the request carries of it.
    pub(super) fn carried(&self) -> OwnKind {
        match &self.key {
            Some(_) => self.kind,
            None => OwnKind::None,
        }
    }

    /// Notes that the request was sent once more with another token.
    pub(super) fn renewed(&mut self) {
        self.kind = OwnKind::Token;
    }
}

impl Upstream {
    /// Which scheme callers have something of their own for, here at `placed`.
    pub(super) fn own<'a>(&self, placed: Option<&'a Placed>) -> Option<Own<'a>> {
        let (scheme, is_required) = match (&self.mint, &self.exchange) {
            (Some(mint), _) => (mint.scheme(), false),
            (None, Some(exchange)) => (exchange.scheme(), true),
            (None, None) => return None,
        };
        Some(Own {
            scheme,
            placed,
            is_required,
        })
    }

    /// What replaces the configured credential of its scheme for this caller.
    pub(super) fn own_of<'a>(&self, own: &'a OwnKey) -> Option<Own<'a>> {
        match own.kind {
            OwnKind::None => None,
            _ => self.own(own.key.as_ref().map(|key| &key.placed)),
        }
    }

    /// Reports whether an operation takes what the caller has to have of its own, and has not.
    pub(super) fn lacks_key(&self, operation: &Operation, own: &OwnKey) -> bool {
        let scheme = self.own_of(own).map(|it| it.scheme);
        own.key.is_none() && scheme.is_some_and(|scheme| takes(operation, scheme))
    }

    /// The key of the caller's connection at the API. Where calls carry tokens of people, there is none.
    pub(super) fn minted_key(&self, context: &AccessContext) -> OwnKey {
        let kind = match (&self.mint, &self.exchange, &context.grant) {
            (Some(_), _, Some(_)) => OwnKind::Key,
            (None, Some(_), _) => OwnKind::Token,
            _ => OwnKind::None,
        };
        let (mint, grant) = (self.mint.as_deref(), context.grant.as_deref());
        OwnKey {
            kind,
            key: mint.zip(grant).and_then(|(mint, grant)| mint.open(grant)),
        }
    }

    /// What the caller has of its own for an operation.
    ///
    /// # Errors
    /// Where the call cannot be made in the name of its person.
    pub(super) async fn own_key(
        &self,
        operation: &Operation,
        context: &AccessContext,
        request_id: &str,
    ) -> Result<OwnKey, RequestError> {
        let (Some(exchange), Some(grant)) = (&self.exchange, context.grant.as_deref()) else {
            return Ok(self.minted_key(context));
        };
        // The provider is not asked for a call that is not made.
        self.check_link(context)?;
        if !takes(operation, exchange.scheme()) {
            return Ok(self.minted_key(context));
        }
        let token = exchange.token(grant, request_id).await;
        let PersonToken { key, is_new } = token.map_err(RequestError::Person)?;
        Ok(OwnKey {
            kind: match is_new {
                true => OwnKind::Token,
                false => OwnKind::KeptToken,
            },
            key: Some(key),
        })
    }

    /// Refuses a call for a workspace that has to be linked to one of the API's and is not.
    pub(super) fn check_link(&self, context: &AccessContext) -> Result<(), RequestError> {
        match (self.link_required, &context.grant, &context.workspace) {
            (Some(rule), Some(grant), None) => Err(RequestError::WorkspaceNotLinked {
                command: rule.command(&grant.workspace),
            }),
            _ => Ok(()),
        }
    }

    /// What happens with a request whose token the API does not accept; `None` for one without a token.
    pub(super) fn renewal(
        &self,
        sending: &Sending,
        own: &OwnKey,
        (has_uploads, request_id): (bool, &str),
    ) -> Option<Renewal> {
        let exchange = self.exchange.as_ref()?;
        let key = own.key.as_ref()?;
        // The body of a large request, and of an upload, is gone once it was sent.
        let has_body = sending.request.room.is_none() && !has_uploads;
        let is_repeated = has_body && own.kind == OwnKind::KeptToken && is_safe(sending);
        Some(Renewal {
            exchange: Arc::clone(exchange),
            grant: Arc::clone(sending.grant.as_ref()?),
            token: key.secret.clone(),
            request: is_repeated.then(|| sending.request.clone()),
            request_id: request_id.to_owned(),
        })
    }

    /// Forgets the token that a request carried and the API does not accept.
    pub(super) async fn forget(&self, own: &OwnKey, context: &AccessContext) {
        if let (Some(exchange), Some(grant), Some(key)) = (&self.exchange, &context.grant, &own.key)
        {
            exchange.forget(&grant.id, &key.secret).await;
        }
    }
}

/// Reports whether an operation is called with a credential of a scheme.
fn takes(operation: &Operation, scheme: &str) -> bool {
    let mut alternatives = operation.security.iter();
    !is_repeated(operation) && alternatives.any(|alternative| alternative.contains(&scheme))
}

/// A request that carries a token in a person's name, and what becomes of it where the API does not accept
/// the token any more.
pub(super) struct Renewal {
    exchange: Arc<credential::Exchange>,
    grant: Arc<Grant>,
    token: Secret,
    /// The request, where it is sent once more with another token.
    request: Option<Outgoing>,
    request_id: String,
}

/// What came of a request, and the further token that it was sent with.
pub(super) type Sent = Result<(Exchange, Option<Secret>), ExchangeError>;

/// Sends a request. Where the API does not accept its token, the token is forgotten, and where that is
/// safe, the request is sent once more with another one.
///
/// # Errors
/// Where there is no other token.
pub(super) async fn send(
    retries: &Retries,
    client: &Client,
    sending: Sending,
    renewal: Option<Renewal>,
) -> Sent {
    let Some(renewal) = renewal else {
        return Ok((retries.send(client, sending).await, None));
    };
    let (operation, deadline) = (sending.operation, sending.deadline);
    let exchange = retries.send(client, sending).await;
    match exchange.status() {
        Some(StatusCode::UNAUTHORIZED) => {
            let again = renewal.send(retries, client, (operation, deadline), exchange);
            Box::pin(again).await
        }
        _ => Ok((exchange, None)),
    }
}

impl Renewal {
    async fn send(
        self,
        retries: &Retries,
        client: &Client,
        (operation, deadline): (&'static Operation, Instant),
        former: Exchange,
    ) -> Sent {
        self.exchange.forget(&self.grant.id, &self.token).await;
        let Some(mut request) = self.request else {
            return Ok((former, None));
        };
        let token = self.exchange.token(&self.grant, &self.request_id).await?;
        let OpenedKey { placed, secret } = token.key;
        if let Placed::Header(name, value) = placed {
            request.headers.insert(name, value);
        }
        let sending = Sending {
            operation,
            request,
            grant: Some(self.grant),
            deadline,
        };
        let exchange = retries.send(client, sending).await;
        Ok((exchange.after(&former), Some(secret)))
    }
}
