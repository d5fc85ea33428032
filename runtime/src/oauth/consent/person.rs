//! The person signs in, or makes an account, for the sake of a client.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{Asked, Authority, Waiting};
use crate::account::{
    Accounts, Answer, Browser, Fault, Posted, SignUpOutcome, status_of, typed_email,
};
use crate::page::{SignIn, SignUp, SignUpReason};
use crate::store::Entry;

type Here = State<Arc<Authority>>;

fn sign_in_page(accounts: &Accounts, browser: &Browser, waiting: &Waiting) -> SignIn {
    let sign_up_url = accounts.settings.sign_up.then(|| waiting.path("/sign-up"));
    SignIn {
        client: Some(waiting.client()),
        ..accounts.sign_in_page(browser, sign_up_url)
    }
}

/// The form is shown even to who is signed in, so that they can be somebody else.
pub(super) async fn show_sign_in(
    State(authority): Here,
    Asked { browser, waiting }: Asked,
) -> Answer {
    let page = sign_in_page(&authority.accounts, &browser, &waiting);
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn sign_in(
    State(authority): Here,
    Asked { browser, waiting }: Asked,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    match accounts.sign_in(&browser, &form).await? {
        Ok(secret) => {
            let mut response = accounts.send_to(&waiting.path(""))?;
            accounts.keep_session(&browser, &mut response, &secret);
            Ok(response)
        }
        Err(problem) => {
            let mut page = sign_in_page(accounts, &browser, &waiting);
            page.email = typed_email(&form);
            page.problem = Some(problem);
            Ok(accounts.pages.show(status_of(problem), &page))
        }
    }
}

fn sign_up_page(
    accounts: &Accounts,
    browser: &Browser,
    waiting: &Waiting,
) -> Result<SignUp, Fault> {
    if !accounts.settings.sign_up {
        return Err(Fault::NotFound);
    }
    let sign_in_url = Some(waiting.path("/sign-in"));
    Ok(SignUp {
        client: Some(waiting.client()),
        ..accounts.sign_up_page(browser, SignUpReason::Open, true, sign_in_url)
    })
}

pub(super) async fn show_sign_up(
    State(authority): Here,
    Asked { browser, waiting }: Asked,
) -> Answer {
    let page = sign_up_page(&authority.accounts, &browser, &waiting)?;
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn sign_up(
    State(authority): Here,
    Asked { browser, waiting }: Asked,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    let page = sign_up_page(accounts, &browser, &waiting)?;
    match accounts.sign_up(&browser, Entry::Open, page, &form).await? {
        SignUpOutcome::Done(secret) => {
            let mut response = accounts.send_to(&waiting.path(""))?;
            accounts.keep_session(&browser, &mut response, &secret);
            Ok(response)
        }
        SignUpOutcome::Problems(page) => Ok(accounts
            .pages
            .show(StatusCode::UNPROCESSABLE_ENTITY, &*page)),
        SignUpOutcome::DeadLink => Err(Fault::DeadLink),
    }
}
