//! A person's name and e-mail address.

use axum::extract::State;
use http::StatusCode;

use super::account;
use super::confirmed::Confirmed;
use super::state::{ACCOUNT, Here};
use super::visitor::Flash;
use crate::account::{Answer, PageError, is_email};
use crate::model::email_key;
use crate::page::Busy;
use crate::text;

/// Says the same of every address that cannot be had, whether an account has it or not.
const EMAIL_TAKEN: &str = "This address cannot be used. Use another.";

pub(super) async fn change(State(portal): Here, Confirmed { visitor, form }: Confirmed) -> Answer {
    let mut page = account::page(&portal, &visitor).await?;
    let profile = &mut page.profile;
    profile.name = text::label(form.field("name"));
    form.field("new_email")
        .trim()
        .clone_into(&mut profile.email);
    if profile.name.is_empty() {
        profile.name_problem = Some("Enter your name.".to_owned());
    }
    if !is_email(&profile.email) {
        profile.email_problem = Some("This is not an e-mail address.".to_owned());
    }
    if profile.name_problem.is_none() && profile.email_problem.is_none() {
        let own = &visitor.session.person;
        if email_key(&profile.email) != email_key(&own.email) {
            // The answer says whether an account has the address, as that of sign-up does.
            let accounts = &portal.accounts;
            let taken = accounts
                .sign_ups
                .take(&visitor.browser.source, 1, visitor.browser.at);
            taken.map_err(|refused| PageError::Throttled(Busy::Addresses, refused))?;
        }
        let person = &own.id;
        let (store, cause) = (&portal.services.store, visitor.cause());
        let changed = store.change_profile(person, &profile.email, &profile.name, &cause);
        if changed.await? {
            return portal.show(ACCOUNT, Flash::ProfileChanged);
        }
        profile.email_problem = Some(EMAIL_TAKEN.to_owned());
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(portal.accounts.pages.show(status, &page))
}
