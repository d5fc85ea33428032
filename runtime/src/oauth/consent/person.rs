//! The person signs in, or makes an account, for the sake of a client.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{CANCEL, ConsentRequest, PROVIDER};
use crate::account::{Accounts, Destination, HasAccounts, PageError, SignInFlow};
use crate::oauth::authority::Authority;

impl HasAccounts for Arc<Authority> {
    fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

/// The flow to the consent page of a pending authorization. A person who is signed in is asked as
/// well, so that they can grant as another one.
impl FromRequestParts<Arc<Authority>> for SignInFlow {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        authority: &Arc<Authority>,
    ) -> Result<SignInFlow, PageError> {
        let ConsentRequest { pending, .. } =
            ConsentRequest::from_request_parts(parts, authority).await?;
        let destination = Destination::parse(&pending.path("")).ok_or(PageError::NotFound)?;
        Ok(SignInFlow {
            destination,
            client: Some(pending.client()),
            sign_in_url: pending.path("/sign-in"),
            sign_up_url: pending.path("/sign-up"),
            provider_url: PROVIDER.to_owned(),
            cancel_url: Some(CANCEL.to_owned()),
            asks_again: true,
            requires_new_sign_in: pending.transaction.request.signed_in_since.is_some(),
        })
    }
}
