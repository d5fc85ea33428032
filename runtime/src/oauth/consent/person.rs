//! The person signs in, or makes an account, for the sake of a client.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{Authority, ConsentRequest, PendingAuthorization};
use crate::account::{
    Accounts, Answer, Browser, PageError, Posted, SignUpOutcome, status_of, typed_email,
};
use crate::page::{SignIn, SignUp, SignUpReason};
use crate::store::Entry;

type Here = State<Arc<Authority>>;

fn sign_in_page(accounts: &Accounts, browser: &Browser, pending: &PendingAuthorization) -> SignIn {
    let sign_up_url = accounts.settings.sign_up.then(|| pending.path("/sign-up"));
    SignIn {
        client: Some(pending.client()),
        ..accounts.sign_in_page(browser, sign_up_url)
    }
}

/// The form is shown even to who is signed in, so that they can be somebody else.
pub(super) async fn show_sign_in(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
) -> Answer {
    let page = sign_in_page(&authority.accounts, &browser, &pending);
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn sign_in(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    match accounts.sign_in(&browser, &form).await? {
        Ok(secret) => {
            let mut response = accounts.send_to(&pending.path(""))?;
            accounts.keep_session(&browser, &mut response, &secret);
            Ok(response)
        }
        Err(problem) => {
            let mut page = sign_in_page(accounts, &browser, &pending);
            page.email = typed_email(&form);
            page.problem = Some(problem);
            Ok(accounts.pages.show(status_of(problem), &page))
        }
    }
}

fn sign_up_page(
    accounts: &Accounts,
    browser: &Browser,
    pending: &PendingAuthorization,
) -> Result<SignUp, PageError> {
    if !accounts.settings.sign_up {
        return Err(PageError::NotFound);
    }
    let sign_in_url = Some(pending.path("/sign-in"));
    Ok(SignUp {
        client: Some(pending.client()),
        ..accounts.sign_up_page(browser, SignUpReason::Open, true, sign_in_url)
    })
}

pub(super) async fn show_sign_up(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
) -> Answer {
    let page = sign_up_page(&authority.accounts, &browser, &pending)?;
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn sign_up(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    let page = sign_up_page(accounts, &browser, &pending)?;
    match accounts.sign_up(&browser, Entry::Open, page, &form).await? {
        SignUpOutcome::Done(secret) => {
            let mut response = accounts.send_to(&pending.path(""))?;
            accounts.keep_session(&browser, &mut response, &secret);
            Ok(response)
        }
        SignUpOutcome::Problems(page) => Ok(accounts
            .pages
            .show(StatusCode::UNPROCESSABLE_ENTITY, &*page)),
        SignUpOutcome::DeadLink => Err(PageError::DeadLink),
    }
}
