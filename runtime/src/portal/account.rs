//! A person's own account: password and browsers.

use axum::extract::State;
use http::StatusCode;

use super::confirmed::Confirmed;
use super::state::{ACCOUNT, Here, Portal};
use super::visitor::{Flash, Visitor};
use crate::account::{self, Answer, PageError, Posted};
use crate::model::{AuthenticationMethod, SessionId};
use crate::page::{Account, Notice, Profile, Session, SignInProblem};

pub(super) async fn show(State(portal): Here, visitor: Visitor) -> Answer {
    let page = page(&portal, &visitor).await?;
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn change_password(
    State(portal): Here,
    visitor: Visitor,
    Posted(form): Posted,
) -> Answer {
    let accounts = &portal.accounts;
    if !accounts.settings.passwords {
        return Err(PageError::NotFound);
    }
    let person = &visitor.session.person;
    let mut page = page(&portal, &visitor).await?;
    let current = form.field("current_password");
    match accounts
        .check_password(&visitor.browser, &person.email, current)
        .await?
    {
        Ok(_) => {}
        Err(SignInProblem::Mismatch) => {
            page.current_password_problem = Some("This is not your password.".to_owned());
        }
        Err(problem) => {
            page.current_password_problem = Some(problem.wait());
            page.retry_after = problem.retry_after();
            return Ok(accounts.pages.show(account::status_of(problem), &page));
        }
    }
    let new = form.field("new_password");
    page.new_password_problem = account::objection(new, &person.email).map(str::to_owned);
    if page.current_password_problem.is_some() || page.new_password_problem.is_some() {
        return Ok(accounts.pages.show(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let hash = accounts
        .passwords
        .hash(new, 0, &*accounts.services.random)
        .await?;
    let keep = &visitor.session.id;
    accounts
        .services
        .store
        .set_password(
            &person.id,
            &hash,
            keep,
            visitor.browser.device(),
            &visitor.cause(),
        )
        .await?;
    portal.show(ACCOUNT, Flash::PasswordChanged)
}

pub(super) async fn close_session(
    State(portal): Here,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let session = SessionId::stored(form.field("session"));
    let me = &visitor.session.person.id;
    portal
        .services
        .store
        .close_session(me, &session, &visitor.cause())
        .await?;
    portal.show(ACCOUNT, Flash::SessionClosed)
}

pub(super) async fn close_others(
    State(portal): Here,
    Confirmed { visitor, .. }: Confirmed,
) -> Answer {
    let session = &visitor.session;
    let store = &portal.services.store;
    store
        .close_other_sessions(&session.person.id, &session.id, &visitor.cause())
        .await?;
    portal.show(ACCOUNT, Flash::SessionsClosed)
}

pub(super) async fn sign_out(State(portal): Here, visitor: Visitor, _: Posted) -> Answer {
    let accounts = &portal.accounts;
    let session = &visitor.session;
    accounts
        .services
        .store
        .close_session(&session.person.id, &session.id, &visitor.cause())
        .await?;
    let mut response = accounts.pages.show(StatusCode::OK, &Notice::signed_out());
    accounts.forget_session(&visitor.browser, &mut response);
    Ok(response)
}

/// Returns the page as it is before anything is typed.
pub(super) async fn page(portal: &Portal, visitor: &Visitor) -> Result<Account, PageError> {
    let own = &visitor.session;
    let sessions = portal
        .accounts
        .sessions(&visitor.browser, &own.person.id)
        .await?;
    let mut sessions: Vec<_> = sessions
        .into_iter()
        .map(|session| Session {
            current: session.id == own.id,
            id: session.id.to_string(),
            browser: session.browser,
            created: session.created.into(),
            last_seen: session.last_seen.into(),
        })
        .collect();
    sessions.sort_by_key(|session| !session.current);
    Ok(Account {
        visit: visitor.visit(),
        profile: Profile {
            name: own.person.name.clone(),
            email: own.person.email.clone(),
            name_problem: None,
            email_problem: None,
        },
        sessions,
        has_password: own.method == AuthenticationMethod::Password,
        password_minimum: account::SHORTEST_PASSWORD,
        current_password_problem: None,
        new_password_problem: None,
        retry_after: None,
    })
}
