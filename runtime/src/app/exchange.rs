//! Calls in a person's own name: the accounts of people issue the tokens that calls carry.

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::Accounts;
use crate::credential::TokenSource;
use crate::model::{Cause, ExchangeError, ExchangedToken, Grant};
use crate::token::Digest;

/// The tokens of people who signed in at the identity provider.
#[derive(Debug)]
pub(super) struct PersonTokens(pub(super) Arc<Accounts>);

#[async_trait]
impl TokenSource for PersonTokens {
    async fn token(
        &self,
        grant: &Grant,
        refused: Option<Digest>,
        request_id: &str,
    ) -> Result<ExchangedToken, ExchangeError> {
        let PersonTokens(accounts) = self;
        let cause = Cause::new(accounts.services.clock.now(), request_id);
        accounts.exchange(&grant.person, refused, &cause).await
    }
}
