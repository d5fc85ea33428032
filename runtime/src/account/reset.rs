//! The page on which a person sets a new password, by a link that the operator made.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::routing::{MethodRouter, get};
use http::StatusCode;

use super::accounts::Accounts;
use super::browser::{Browser, Posted};
use super::page_error::{Answer, PageError};
use super::password::{SHORTEST_PASSWORD, objection};
use crate::page::{Notice, ResetPassword};
use crate::token::Digest;

type Here = State<Arc<Accounts>>;
type From = Extension<Arc<Browser>>;

/// Returns the page, whose path ends with the link's secret.
pub(super) fn reset_route() -> MethodRouter<Arc<Accounts>> {
    get(show).post(reset)
}

async fn show(State(accounts): Here, Extension(browser): From, Path(link): Path<String>) -> Answer {
    let page = page(&accounts, &browser, &link).await?;
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn reset(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
    Posted(form): Posted,
) -> Answer {
    let mut page = page(&accounts, &browser, &link).await?;
    let password = form.field("new_password");
    page.problem = objection(password, &page.email).map(ToOwned::to_owned);
    if page.problem.is_some() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(accounts.pages.show(status, &page));
    }
    let services = &accounts.services;
    let hash = accounts.passwords.hash(password, 0, &*services.random);
    let (link, hash) = (Digest::of(&link), hash.await?);
    let cause = browser.cause();
    match services.store.reset_password(link, &hash, &cause).await? {
        true => Ok(accounts.pages.show(StatusCode::OK, &Notice::password_set())),
        false => Err(PageError::DeadLink),
    }
}

async fn page(
    accounts: &Accounts,
    browser: &Browser,
    link: &str,
) -> Result<ResetPassword, PageError> {
    if !accounts.settings.passwords {
        return Err(PageError::NotFound);
    }
    let store = &accounts.services.store;
    let person = store.reset_link(Digest::of(link), browser.at).await?;
    Ok(ResetPassword {
        csrf_token: browser.csrf_token(),
        email: person.ok_or(PageError::DeadLink)?.email,
        password_minimum: SHORTEST_PASSWORD,
        problem: None,
    })
}
