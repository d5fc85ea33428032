//! The way to the provider: a form of ours begins a sign-in, and the browser goes on from a page.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::routing::{MethodRouter, post};
use http::StatusCode;
use url::Url;

use super::discovery::Discovery;
use super::{Provider, SignInSecrets};
use crate::account::accounts::Accounts;
use crate::account::browser::{Browser, Posted};
use crate::account::destination::Destination;
use crate::account::page_error::{Answer, PageError};
use crate::config::ProviderPreset;
use crate::model::SessionId;
use crate::page::{Busy, ToProvider};
use crate::store::Share;
use crate::token::{self, Digest};

/// How long a person has at the provider.
pub(super) const LASTS: Duration = Duration::from_mins(10);
/// The most sign-ins of one network that are under way.
const MOST_OF_SOURCE: u32 = 200;

/// The scope that asks for a refresh token (OpenID Connect Core §11).
const OFFLINE_ACCESS: &str = "offline_access";

type From = Extension<Arc<Browser>>;

/// Returns the path that a form is sent to in order to prove once more who one is.
pub(in crate::account) fn confirm_route() -> MethodRouter<Arc<Accounts>> {
    post(confirm)
}

async fn confirm(
    State(accounts): State<Arc<Accounts>>,
    Extension(browser): From,
    RawQuery(query): RawQuery,
    _: Posted,
) -> Answer {
    let session = accounts.session(&browser).await?;
    let session = session.ok_or(PageError::Forbidden)?;
    let destination = Destination::of_query(query.as_deref());
    let purpose = Purpose::Confirm(&session.id);
    begin(&accounts, &browser, &destination, purpose).await
}

/// What a person goes to the provider for.
#[derive(Clone, Copy, Debug)]
pub(in crate::account) enum Purpose<'a> {
    /// They sign in.
    SignIn,
    /// They sign in, and a session that they have at the provider does not suffice.
    NewSignIn,
    /// They prove once more that they are the person of this session.
    Confirm(&'a SessionId),
}

/// Begins the part of a cookie that is random, where the sign-in has to be a new one.
pub(super) const NEW: char = '!';

/// Sends the browser to the provider.
///
/// # Errors
/// Where there is no provider, it cannot be reached, or too much begins at once.
pub(in crate::account) async fn begin(
    accounts: &Accounts,
    browser: &Browser,
    destination: &Destination,
    purpose: Purpose<'_>,
) -> Answer {
    let provider = accounts.provider.as_ref().ok_or(PageError::NotFound)?;
    let taken = provider.sign_ins.take(&browser.source, 1, browser.at);
    taken.map_err(|refused| PageError::Throttled(Busy::ProviderSignIns, refused))?;
    let discovery = provider.endpoints.discovery(browser.at).await;
    let discovery = discovery.map_err(|error| {
        tracing::error!(%error, issuer = provider.issuer, "the identity provider cannot be used");
        error.page(&provider.name)
    })?;
    let random = &*accounts.services.random;
    let state = token::random_text(random);
    // Where the person goes afterwards is part of what the browser keeps: a path can contain the
    // secret of a link, which the store does not hold.
    let mut cookie = format!("{}.{}", token::random_text(random), destination.path());
    let (confirms, again) = match purpose {
        Purpose::SignIn => (None, false),
        Purpose::NewSignIn => {
            cookie.insert(0, NEW);
            (None, true)
        }
        Purpose::Confirm(session) => (Some(session), true),
    };
    let secrets = SignInSecrets {
        state: &state,
        cookie: &cookie,
    };
    let url = provider.authorization_url(&discovery, &secrets, again);
    let share = Share {
        source: browser.source.digest(),
        most: MOST_OF_SOURCE,
    };
    let expires: SystemTime = browser.at + LASTS;
    let (handle, bound) = (Digest::of(&state), Digest::of(&cookie));
    let store = &accounts.services.store;
    store
        .begin_sign_in(handle, bound, confirms, expires, share)
        .await?;
    let page = ToProvider {
        name: provider.name.clone(),
        url: url.into(),
    };
    let mut response = accounts.pages.show(StatusCode::OK, &page);
    let name = SignInSecrets::cookie_name(&state);
    browser.set_cookie(&mut response, &name, &cookie, Some(LASTS));
    Ok(response)
}

impl Provider {
    /// Returns the authorization request (OpenID Connect Core §3.1.2.1).
    pub(super) fn authorization_url(
        &self,
        discovery: &Discovery,
        secrets: &SignInSecrets<'_>,
        again: bool,
    ) -> Url {
        let mut url = discovery.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.requested_scopes(discovery))
            .append_pair("state", secrets.state)
            .append_pair("nonce", &secrets.nonce())
            .append_pair("code_challenge", &secrets.challenge())
            .append_pair("code_challenge_method", "S256");
        if self.preset == Some(ProviderPreset::Google) {
            query.append_pair("hd", &self.tenant);
            if self.sealing.is_some() {
                query.append_pair("access_type", "offline");
            }
        }
        if again {
            // Google knows no `login`; the closest is that the person chooses the account.
            let prompt = match self.preset {
                Some(ProviderPreset::Google) => "select_account",
                _ => "login",
            };
            query
                .append_pair("prompt", prompt)
                .append_pair("max_age", "0");
        }
        drop(query);
        url
    }

    /// Returns the scopes that are requested. Where a refresh token would be kept, `offline_access` is one
    /// of them, unless the provider does not know it, as Google.
    fn requested_scopes(&self, discovery: &Discovery) -> String {
        let is_known = match &discovery.scopes_supported {
            Some(scopes) => scopes.iter().any(|it| it == OFFLINE_ACCESS),
            None => self.preset != Some(ProviderPreset::Google),
        };
        let adds = self.sealing.is_some()
            && is_known
            && !self.scopes.iter().any(|it| it == OFFLINE_ACCESS);
        let added = adds.then_some(OFFLINE_ACCESS);
        let scopes = self.scopes.iter().map(String::as_str).chain(added);
        scopes.collect::<Vec<_>>().join(" ")
    }
}
