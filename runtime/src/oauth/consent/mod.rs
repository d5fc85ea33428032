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
use axum::routing::get;
use http::request::Parts;

use super::publisher::ClientIdentity;
use super::{Authority, transaction_cookie};
use crate::account::{Browser, Fault};
use crate::model::{Membership, Pending, Seen, Session, Transaction};
use crate::page;
use crate::token::Digest;

pub(super) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route(
            "/oauth/consent/{handle}",
            get(approve::show).post(approve::answer),
        )
        .route(
            "/oauth/consent/{handle}/sign-in",
            get(person::show_sign_in).post(person::sign_in),
        )
        .route(
            "/oauth/consent/{handle}/sign-up",
            get(person::show_sign_up).post(person::sign_up),
        )
        .route(
            "/oauth/consent/{handle}/workspace",
            get(workspace::show_picker).post(workspace::pick),
        )
        .route(
            "/oauth/consent/{handle}/new-workspace",
            get(workspace::show_new).post(workspace::create),
        )
}

/// A transaction that waits in the browser that asks.
struct Waiting {
    handle: String,
    digest: Digest,
    browser: Digest,
    transaction: Transaction,
}

impl Waiting {
    async fn find(
        authority: &Authority,
        browser: &Browser,
        handle: String,
    ) -> Result<Waiting, Fault> {
        // Without the cookie it may be another browser's, or over: which one is nobody's business.
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
            Pending::Found(transaction) => Ok(Waiting {
                handle,
                digest,
                browser: secret,
                transaction: *transaction,
            }),
            Pending::OtherBrowser => Err(Fault::Forbidden),
            Pending::Over => Err(Fault::Expired),
        }
    }

    /// Notes who looks at it.
    async fn seen(&self, authority: &Authority, seen: &Seen) -> Result<(), Fault> {
        let store = &authority.services.store;
        Ok(store.seen(self.digest, self.browser, seen).await?)
    }

    fn path(&self, below: &str) -> String {
        format!("/oauth/consent/{}{below}", self.handle)
    }

    fn client(&self) -> page::Client {
        self.identity().into_page()
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

/// A browser that asks, and its transaction.
struct Asked {
    browser: Arc<Browser>,
    waiting: Waiting,
}

impl FromRequestParts<Arc<Authority>> for Asked {
    type Rejection = Fault;

    async fn from_request_parts(
        parts: &mut Parts,
        authority: &Arc<Authority>,
    ) -> Result<Asked, Fault> {
        let handle = Path::<String>::from_request_parts(parts, authority).await;
        let Path(handle) = handle.map_err(|_| Fault::NotFound)?;
        let browser = parts.extensions.get::<Arc<Browser>>().cloned();
        let browser = browser.ok_or(Fault::Forbidden)?;
        let waiting = Waiting::find(authority, &browser, handle).await?;
        if waiting.transaction.seen == Seen::No {
            waiting.seen(authority, &Seen::BySomebody).await?;
        }
        Ok(Asked { browser, waiting })
    }
}

/// What stands between a person and the consent page.
enum Next {
    /// Nothing.
    Ready(Box<Session>, Vec<Membership>),
    /// They have to go here first.
    Go(String),
}

async fn next(authority: &Authority, browser: &Browser, waiting: &Waiting) -> Result<Next, Fault> {
    let Some(session) = authority.accounts.session(browser).await? else {
        return Ok(Next::Go(waiting.path("/sign-in")));
    };
    let by_person = Seen::By(session.person.id.clone());
    if waiting.transaction.seen != by_person {
        waiting.seen(authority, &by_person).await?;
    }
    let store = &authority.services.store;
    let mut memberships = store.memberships(&session.person.id).await?;
    memberships.retain(|membership| !membership.workspace.suspended);
    match memberships.is_empty() {
        true => Ok(Next::Go(waiting.path("/new-workspace"))),
        false => Ok(Next::Ready(Box::new(session), memberships)),
    }
}
