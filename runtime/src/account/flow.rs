//! Signing in and up on the way to a destination: one flow for the portal, an invitation and the
//! consent page of a client.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http::request::Parts;

use super::accounts::Accounts;
use super::browser::{Browser, Posted};
use super::destination::Destination;
use super::page_error::{Answer, PageError};
use super::provider::{Purpose, begin};
use super::sessions::SessionSecrets;
use super::sign_in::{status_of, typed_email};
use super::sign_up::SignUpOutcome;
use crate::form::Pairs;
use crate::page::{self, ProviderChoice, SignIn, SignUp, SignUpReason};
use crate::store::Entry;

type From = Extension<Arc<Browser>>;

/// A person's way through the pages that ask who they are.
pub(crate) struct SignInFlow {
    /// Where the person goes afterwards.
    pub(crate) destination: Destination,
    /// The client that sent the person, which the pages name.
    pub(crate) client: Option<page::Client>,
    /// The path of this flow's page for people with an account.
    pub(crate) sign_in_url: String,
    /// The path of this flow's page for people without one.
    pub(crate) sign_up_url: String,
    /// Where the form is sent by which people go to the identity provider.
    pub(crate) provider_url: String,
    /// The path at which the person cancels, where there is a client to return to.
    pub(crate) cancel_url: Option<String>,
    /// Whether a person who is signed in is asked as well, so that they can be another one.
    pub(crate) asks_again: bool,
    /// Whether a sign-in at the identity provider has to be a new one, and no session there suffices.
    pub(crate) requires_new_sign_in: bool,
}

/// The state of a router that has pages of a [`SignInFlow`].
pub(crate) trait HasAccounts: Clone + Send + Sync + 'static {
    /// Returns the accounts that people sign in to.
    fn accounts(&self) -> &Accounts;
}

impl HasAccounts for Arc<Accounts> {
    fn accounts(&self) -> &Accounts {
        self
    }
}

/// The flow of a browser that comes without a client: `next` in the query is the destination, and with
/// `again=1` a person who is signed in is asked as well.
impl FromRequestParts<Arc<Accounts>> for SignInFlow {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        accounts: &Arc<Accounts>,
    ) -> Result<SignInFlow, PageError> {
        let query = RawQuery::from_request_parts(parts, accounts).await;
        let query = query.map_or(None, |RawQuery(query)| query);
        let destination = Destination::of_query(query.as_deref());
        let pairs = Pairs::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
        Ok(SignInFlow {
            sign_in_url: destination.by_way_of("/account/sign-in"),
            sign_up_url: destination.by_way_of("/account/sign-up"),
            provider_url: destination.by_way_of("/account/provider"),
            destination,
            client: None,
            cancel_url: None,
            asks_again: pairs.field("again") == "1",
            requires_new_sign_in: false,
        })
    }
}

/// Returns the page on which a person with an account signs in.
pub(crate) fn sign_in_route<S: HasAccounts>() -> MethodRouter<S>
where
    SignInFlow: FromRequestParts<S, Rejection = PageError>,
{
    get(show_sign_in::<S>).post(sign_in::<S>)
}

/// Returns the page on which a person makes an account, where the configuration lets anyone.
pub(crate) fn sign_up_route<S: HasAccounts>() -> MethodRouter<S>
where
    SignInFlow: FromRequestParts<S, Rejection = PageError>,
{
    get(show_sign_up::<S>).post(sign_up::<S>)
}

/// Returns the path that a form is sent to in order to sign in at the identity provider.
pub(crate) fn provider_route<S: HasAccounts>() -> MethodRouter<S>
where
    SignInFlow: FromRequestParts<S, Rejection = PageError>,
{
    post(go_to_provider::<S>)
}

async fn go_to_provider<S: HasAccounts>(
    State(state): State<S>,
    Extension(browser): From,
    flow: SignInFlow,
    _: Posted,
) -> Answer {
    let purpose = match flow.requires_new_sign_in {
        true => Purpose::NewSignIn,
        false => Purpose::SignIn,
    };
    begin(state.accounts(), &browser, &flow.destination, purpose).await
}

async fn show_sign_in<S: HasAccounts>(
    State(state): State<S>,
    Extension(browser): From,
    flow: SignInFlow,
) -> Answer {
    let accounts = state.accounts();
    if !flow.asks_again && accounts.session(&browser).await?.is_some() {
        return accounts.send_to(flow.destination.path());
    }
    let page = flow.sign_in_page(accounts, &browser);
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn sign_in<S: HasAccounts>(
    State(state): State<S>,
    Extension(browser): From,
    flow: SignInFlow,
    Posted(form): Posted,
) -> Answer {
    let accounts = state.accounts();
    if !accounts.settings.passwords {
        return Err(PageError::NotFound);
    }
    match accounts.sign_in(&browser, &form).await? {
        Ok(session) => accounts.signed_in(&browser, &session, &flow.destination),
        Err(problem) => {
            let page = SignIn {
                email: typed_email(&form),
                problem: Some(problem),
                ..flow.sign_in_page(accounts, &browser)
            };
            Ok(accounts.pages.show(status_of(problem), &page))
        }
    }
}

async fn show_sign_up<S: HasAccounts>(
    State(state): State<S>,
    Extension(browser): From,
    flow: SignInFlow,
) -> Answer {
    let accounts = state.accounts();
    let page = flow.sign_up_page(accounts, &browser)?;
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn sign_up<S: HasAccounts>(
    State(state): State<S>,
    Extension(browser): From,
    flow: SignInFlow,
    Posted(form): Posted,
) -> Answer {
    let accounts = state.accounts();
    let page = flow.sign_up_page(accounts, &browser)?;
    let outcome = accounts.sign_up(&browser, Entry::Open, page, &form).await?;
    accounts.signed_up(&browser, outcome, &flow.destination)
}

impl SignInFlow {
    fn sign_in_page(self, accounts: &Accounts, browser: &Browser) -> SignIn {
        let sign_up_url = accounts.settings.sign_up.then_some(self.sign_up_url);
        let provider = accounts.provider.as_ref().map(|provider| ProviderChoice {
            name: provider.name.clone(),
            url: self.provider_url,
        });
        SignIn {
            provider,
            client: self.client,
            cancel_url: self.cancel_url,
            ..accounts.sign_in_page(browser, sign_up_url)
        }
    }

    fn sign_up_page(&self, accounts: &Accounts, browser: &Browser) -> Result<SignUp, PageError> {
        if !accounts.settings.sign_up {
            return Err(PageError::NotFound);
        }
        let sign_in_url = Some(self.sign_in_url.clone());
        Ok(SignUp {
            client: self.client.clone(),
            ..accounts.sign_up_page(browser, SignUpReason::Open, true, sign_in_url)
        })
    }
}

impl Accounts {
    /// Lets the browser keep a session that was just opened, and sends it to its destination.
    pub(super) fn signed_in(
        &self,
        browser: &Browser,
        session: &SessionSecrets,
        destination: &Destination,
    ) -> Answer {
        let mut response = self.send_to(destination.path())?;
        self.keep_session(browser, &mut response, session);
        Ok(response)
    }

    /// Signs a person in who made an account, or shows what is wrong with the form.
    pub(super) fn signed_up(
        &self,
        browser: &Browser,
        outcome: SignUpOutcome,
        destination: &Destination,
    ) -> Answer {
        match outcome {
            SignUpOutcome::Done(session) => self.signed_in(browser, &session, destination),
            SignUpOutcome::Problems(page) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Ok(self.pages.show(status, &*page))
            }
            SignUpOutcome::DeadLink => Err(PageError::DeadLink),
        }
    }
}
