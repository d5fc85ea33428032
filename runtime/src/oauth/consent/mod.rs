//! Consent: the person is found out, chooses the workspace, and approves or does not. All of it
//! belongs to one transaction, and that to one browser; the request comes from the store, never
//! from a form.

mod approve;
mod grant;
mod person;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::routing::{get, post};
use http::request::Parts;

use super::authority::Authority;
use super::publisher::ClientIdentity;
use super::resource::Resource;
use super::transaction::transaction_cookie;
use crate::account::{Browser, PageError, provider_route, sign_in_route, sign_up_route};
use crate::model::{Membership, Pending, Seen, Session, Transaction};
use crate::page;
use crate::token::Digest;

/// Where the pages before the consent page cancel: relative, so that none of them repeats the handle.
const CANCEL: &str = "cancel";
/// Where the sign-in page sends the form by which a person goes to the identity provider; relative as
/// well.
const PROVIDER: &str = "provider";

pub(super) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route(
            "/oauth/consent/{handle}",
            get(approve::show).post(approve::answer),
        )
        .route("/oauth/consent/{handle}/cancel", post(approve::cancel))
        .route("/oauth/consent/{handle}/sign-in", sign_in_route())
        .route("/oauth/consent/{handle}/sign-up", sign_up_route())
        .route("/oauth/consent/{handle}/provider", provider_route())
        .route(
            "/oauth/consent/{handle}/workspace",
            get(workspace::show_picker).post(workspace::pick),
        )
        .route(
            "/oauth/consent/{handle}/new-workspace",
            get(workspace::show_new).post(workspace::create),
        )
}

/// An authorization that waits for the person, in the browser that began it.
struct PendingAuthorization {
    handle: String,
    digest: Digest,
    browser: Digest,
    transaction: Transaction,
}

impl PendingAuthorization {
    async fn find(
        authority: &Authority,
        browser: &Browser,
        handle: String,
    ) -> Result<PendingAuthorization, PageError> {
        // Without the cookie it may be another browser's, or over: the answer does not reveal which.
        let secret = browser
            .cookie(&transaction_cookie(&handle))
            .unwrap_or_default();
        let (digest, secret) = (Digest::of(&handle), Digest::of(secret));
        match authority
            .services
            .store
            .pending(digest, secret, browser.at)
            .await?
        {
            Pending::Found(transaction) => Ok(PendingAuthorization {
                handle,
                digest,
                browser: secret,
                transaction: *transaction,
            }),
            Pending::OtherBrowser => Err(PageError::Forbidden),
            Pending::Over => Err(PageError::Expired),
        }
    }

    /// Notes who looks at it.
    async fn seen(&self, authority: &Authority, seen: &Seen) -> Result<(), PageError> {
        let store = &authority.services.store;
        Ok(store.seen(self.digest, self.browser, seen).await?)
    }

    fn path(&self, below: &str) -> String {
        format!("/oauth/consent/{}{below}", self.handle)
    }

    fn client(&self) -> page::Client {
        self.identity().into_page()
    }

    /// The resource that is asked for; none where the server no longer has it.
    fn resource(&self, authority: &Authority) -> Option<Resource> {
        let resource = &self.transaction.request.resource;
        authority.resources.find(resource.as_str())
    }

    /// The client, as far as it is known who it is.
    fn identity(&self) -> ClientIdentity {
        let request = &self.transaction.request;
        ClientIdentity::new(
            self.transaction.client_name.as_deref(),
            request.redirect_uri.as_str(),
        )
    }
}

/// A request of the browser about its pending authorization.
struct ConsentRequest {
    browser: Arc<Browser>,
    pending: PendingAuthorization,
}

impl FromRequestParts<Arc<Authority>> for ConsentRequest {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        authority: &Arc<Authority>,
    ) -> Result<ConsentRequest, PageError> {
        let handle = Path::<String>::from_request_parts(parts, authority).await;
        let Path(handle) = handle.map_err(|_| PageError::NotFound)?;
        let browser = parts.extensions.get::<Arc<Browser>>().cloned();
        let browser = browser.ok_or(PageError::Forbidden)?;
        let pending = PendingAuthorization::find(authority, &browser, handle).await?;
        if pending.transaction.seen == Seen::No {
            pending.seen(authority, &Seen::BySomebody).await?;
        }
        Ok(ConsentRequest { browser, pending })
    }
}

/// The steps between a person and the consent page.
enum Next {
    /// Nothing.
    Ready(Box<Session>, Vec<Membership>),
    /// They have to go here first.
    Go(String),
}

async fn next(
    authority: &Authority,
    browser: &Browser,
    pending: &PendingAuthorization,
) -> Result<Next, PageError> {
    let session = authority.accounts.session(browser).await?;
    let session = session.filter(|session| pending.transaction.request.accepts(session));
    let Some(session) = session else {
        return Ok(Next::Go(pending.path("/sign-in")));
    };
    let by_person = Seen::By(session.person.id.clone());
    if pending.transaction.seen != by_person {
        pending.seen(authority, &by_person).await?;
    }
    let store = &authority.services.store;
    let mut memberships = store.memberships(&session.person.id).await?;
    memberships.retain(|membership| !membership.workspace.suspended);
    match memberships.is_empty() {
        true => Ok(Next::Go(pending.path("/new-workspace"))),
        false => Ok(Next::Ready(Box::new(session), memberships)),
    }
}
