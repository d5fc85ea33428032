//! The pages that let people in on their way to the portal: sign in, sign up, the first start's
//! link, invitations.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;

use super::sign_in::{status_of, typed_email};
use super::sign_up::SignUpOutcome;
use super::{Accounts, Answer, Browser, PageError, Posted};
use crate::form::Pairs;
use crate::page::{self, SignUp, SignUpReason};
use crate::store::Entry;
use crate::token::Digest;

type Here = State<Arc<Accounts>>;
type From = Extension<Arc<Browser>>;

/// Where people go that were not on the way to anywhere.
const PORTAL: &str = "/portal/keys";

/// Where people go who joined a workspace; the page says so.
const JOINED: &str = "/portal/workspaces?flash=joined";

pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/account/sign-in", get(show_sign_in).post(sign_in))
        .route("/account/sign-up", get(show_sign_up).post(sign_up))
        .route("/account/welcome/{link}", get(show_welcome).post(welcome))
        .route("/account/join/{link}", get(show_join).post(join))
}

/// Where a person was going: a page of ours, never anywhere else.
fn next(query: Option<&str>) -> String {
    let query = Pairs::parse(query.unwrap_or_default()).unwrap_or_default();
    let next = query.field("next");
    let plain = next
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || b"/-_".contains(&it));
    let ours = next.starts_with("/portal/") || next.starts_with("/account/join/");
    match plain && ours && !next.contains("//") {
        true => next.to_owned(),
        false => PORTAL.to_owned(),
    }
}

fn with_next(path: &str, next: &str) -> String {
    match next == PORTAL {
        true => path.to_owned(),
        false => format!("{path}?next={next}"),
    }
}

async fn show_sign_in(
    State(accounts): Here,
    Extension(browser): From,
    RawQuery(query): RawQuery,
) -> Answer {
    let next = next(query.as_deref());
    if accounts.session(&browser).await?.is_some() {
        return accounts.send_to(&next);
    }
    let sign_up = accounts.settings.sign_up;
    let sign_up_url = sign_up.then(|| with_next("/account/sign-up", &next));
    let page = accounts.sign_in_page(&browser, sign_up_url);
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn sign_in(
    State(accounts): Here,
    Extension(browser): From,
    RawQuery(query): RawQuery,
    Posted(form): Posted,
) -> Answer {
    let next = next(query.as_deref());
    match accounts.sign_in(&browser, &form).await? {
        Ok(secret) => {
            let mut response = accounts.send_to(&next)?;
            accounts.keep_session(&browser, &mut response, &secret);
            Ok(response)
        }
        Err(problem) => {
            let sign_up = accounts.settings.sign_up;
            let sign_up_url = sign_up.then(|| with_next("/account/sign-up", &next));
            let mut page = accounts.sign_in_page(&browser, sign_up_url);
            page.email = typed_email(&form);
            page.problem = Some(problem);
            Ok(accounts.pages.show(status_of(problem), &page))
        }
    }
}

fn open_page(accounts: &Accounts, browser: &Browser, next: &str) -> Result<SignUp, PageError> {
    match accounts.settings.sign_up {
        true => {
            let sign_in_url = Some(with_next("/account/sign-in", next));
            Ok(accounts.sign_up_page(browser, SignUpReason::Open, true, sign_in_url))
        }
        false => Err(PageError::NotFound),
    }
}

async fn show_sign_up(
    State(accounts): Here,
    Extension(browser): From,
    RawQuery(query): RawQuery,
) -> Answer {
    let page = open_page(&accounts, &browser, &next(query.as_deref()))?;
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

async fn sign_up(
    State(accounts): Here,
    Extension(browser): From,
    RawQuery(query): RawQuery,
    Posted(form): Posted,
) -> Answer {
    let next = next(query.as_deref());
    let page = open_page(&accounts, &browser, &next)?;
    let outcome = accounts.sign_up(&browser, Entry::Open, page, &form).await?;
    entered(&accounts, &browser, outcome, &next)
}

async fn welcome_page(
    accounts: &Accounts,
    browser: &Browser,
    link: &str,
) -> Result<SignUp, PageError> {
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
    entered(&accounts, &browser, outcome, PORTAL)
}

async fn show_join(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
) -> Answer {
    let digest = Digest::of(&link);
    let invitation = accounts
        .services
        .store
        .invitation(digest, browser.at)
        .await?;
    let invitation = invitation.ok_or(PageError::DeadLink)?;
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
    invitation: &crate::model::Invitation,
) -> SignUp {
    let reason = SignUpReason::Invitation {
        workspace: invitation.workspace.name.clone(),
        role: invitation.role,
    };
    let sign_in_url = Some(format!("/account/sign-in?next=/account/join/{link}"));
    accounts.sign_up_page(browser, reason, false, sign_in_url)
}

async fn join(
    State(accounts): Here,
    Extension(browser): From,
    Path(link): Path<String>,
    Posted(form): Posted,
) -> Answer {
    let digest = Digest::of(&link);
    let invitation = accounts
        .services
        .store
        .invitation(digest, browser.at)
        .await?;
    let invitation = invitation.ok_or(PageError::DeadLink)?;
    match accounts.session(&browser).await? {
        Some(session) => {
            let cause = browser.cause().by(&session.person.id);
            let joined = accounts
                .services
                .store
                .accept_invitation(digest, &cause)
                .await?;
            joined.ok_or(PageError::DeadLink)?;
            accounts.send_to(JOINED)
        }
        None => {
            let page = join_page(&accounts, &browser, &link, &invitation);
            let entry = Entry::Invitation(digest);
            let outcome = accounts.sign_up(&browser, entry, page, &form).await?;
            entered(&accounts, &browser, outcome, JOINED)
        }
    }
}

/// Sends a person on who made an account, or shows what is wrong with the form.
fn entered(accounts: &Accounts, browser: &Browser, outcome: SignUpOutcome, next: &str) -> Answer {
    match outcome {
        SignUpOutcome::Done(secret) => {
            let mut response = accounts.send_to(next)?;
            accounts.keep_session(browser, &mut response, &secret);
            Ok(response)
        }
        SignUpOutcome::Problems(page) => Ok(accounts
            .pages
            .show(StatusCode::UNPROCESSABLE_ENTITY, &*page)),
        SignUpOutcome::DeadLink => Err(PageError::DeadLink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert_eq!(next(Some("next=/portal/workspaces")), "/portal/workspaces");
        for elsewhere in [
            "next=https://evil.example/",
            "next=//evil.example/",
            "next=/portal/..//evil.example",
            "next=/portal/%5Cevil.example",
            "next=/%09/evil.example",
            "",
        ] {
            assert_eq!(next(Some(elsewhere)), PORTAL, "{elsewhere}");
        }
    }
}
