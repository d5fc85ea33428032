//! The pages that let people in on their way to the portal: sign in, sign up, the first start's
//! link, invitations.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::StatusCode;

use super::accounts::Accounts;
use super::browser::{Browser, Posted};
use super::destination::Destination;
use super::flow::{provider_route, sign_in_route, sign_up_route};
use super::page_error::{Answer, PageError};
use super::provider::{CALLBACK, LOGOUT, back_channel_logout, callback, confirm_route};
use super::reset::reset_route;
use crate::model::Invitation;
use crate::page::{self, SignUp, SignUpReason};
use crate::store::Entry;
use crate::token::Digest;

type Here = State<Arc<Accounts>>;
type From = Extension<Arc<Browser>>;

/// Returns the pages that let people in.
pub(crate) fn router(accounts: &Arc<Accounts>) -> Router {
    Router::new()
        .route("/account/sign-in", sign_in_route())
        .route("/account/sign-up", sign_up_route())
        .route("/account/welcome/{link}", get(show_welcome).post(welcome))
        .route("/account/join/{link}", get(show_join).post(join))
        .route("/account/reset/{link}", reset_route())
        .route("/account/provider", provider_route())
        .route("/account/confirm", confirm_route())
        .route(CALLBACK, get(callback))
        .route(LOGOUT, post(back_channel_logout))
        .with_state(Arc::clone(accounts))
}

async fn welcome_page(
    accounts: &Accounts,
    browser: &Browser,
    link: &str,
) -> Result<SignUp, PageError> {
    if !accounts.settings.passwords {
        return Err(PageError::NotFound);
    }
    match accounts
        .services
        .store
        .is_setup_link(Digest::of(link), browser.at)
        .await?
    {
        true => Ok(accounts.sign_up_page(browser, SignUpReason::First, true, None)),
        false => Err(PageError::DeadLink),
    }
}

async fn show_welcome(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
) -> Answer {
    let page = welcome_page(&accounts, &browser, &link).await?;
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn welcome(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
    Posted(form): Posted,
) -> Answer {
    let page = welcome_page(&accounts, &browser, &link).await?;
    let entry = Entry::SetupLink(Digest::of(&link));
    let outcome = accounts.sign_up(&browser, entry, page, &form).await?;
    accounts.signed_up(&browser, outcome, &Destination::PORTAL)
}

/// Returns the invitation of a link, and the digest that the store knows it by.
async fn invitation(
    accounts: &Accounts,
    browser: &Browser,
    link: &str,
) -> Result<(Digest, Invitation), PageError> {
    let digest = Digest::of(link);
    let store = &accounts.services.store;
    let invitation = store.invitation(digest, browser.at).await?;
    Ok((digest, invitation.ok_or(PageError::DeadLink)?))
}

async fn show_join(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
) -> Answer {
    let (_, invitation) = invitation(&accounts, &browser, &link).await?;
    match accounts.session(&browser).await? {
        Some(session) => {
            let page = page::Invitation {
                csrf_token: browser.csrf_token(),
                account: session.person.email,
                workspace: invitation.workspace.name,
                role: invitation.role,
            };
            Ok(accounts.pages.show(StatusCode::OK, &page))
        }
        None if !accounts.settings.passwords => accounts.send_to(&join_sign_in(&link)),
        None => {
            let page = join_page(&accounts, &browser, &link, &invitation);
            Ok(accounts.pages.show(StatusCode::OK, &page))
        }
    }
}

fn join_page(
    accounts: &Accounts,
    browser: &Browser,
    link: &str,
    invitation: &Invitation,
) -> SignUp {
    let reason = SignUpReason::Invitation {
        workspace: invitation.workspace.name.clone(),
        role: invitation.role,
    };
    accounts.sign_up_page(browser, reason, false, Some(join_sign_in(link)))
}

/// Where people with an account sign in on their way into a workspace.
fn join_sign_in(link: &str) -> String {
    format!("/account/sign-in?next=/account/join/{link}")
}

async fn join(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
    Posted(form): Posted,
) -> Answer {
    let (digest, invitation) = invitation(&accounts, &browser, &link).await?;
    match accounts.session(&browser).await? {
        Some(session) => {
            let cause = browser.cause().by(&session.person.id);
            let joined = accounts
                .services
                .store
                .accept_invitation(digest, &cause)
                .await?;
            joined.ok_or(PageError::DeadLink)?;
            accounts.send_to(Destination::JOINED.path())
        }
        None if !accounts.settings.passwords => Err(PageError::Forbidden),
        None => {
            let page = join_page(&accounts, &browser, &link, &invitation);
            let entry = Entry::Invitation(digest);
            let outcome = accounts.sign_up(&browser, entry, page, &form).await?;
            accounts.signed_up(&browser, outcome, &Destination::JOINED)
        }
    }
}
