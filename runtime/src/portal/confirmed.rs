//! Forms for what cannot be undone: their person proved a short while ago who they are.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::state::Portal;
use super::visitor::Visitor;
use crate::account::{PageError, Posted, status_of};
use crate::form::Pairs;
use crate::model::AuthenticationMethod;
use crate::page::{ProviderChoice, SignIn, SignInProblem};

/// How long a password counts.
const RECENT: Duration = Duration::from_mins(15);
/// The fields of the page that asks for the password.
const OWN_FIELDS: [&str; 3] = ["csrf_token", "email", "password"];

/// A form of a person who proved who they are a short while ago, or enters their password with the
/// form. A person who does neither is asked to, and what the form said is kept in the question.
pub(super) struct Confirmed {
    pub(super) visitor: Visitor,
    pub(super) form: Pairs,
}

impl FromRequest<Arc<Portal>> for Confirmed {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Arc<Portal>) -> Result<Confirmed, Response> {
        let (mut parts, body) = request.into_parts();
        let section = section(parts.uri.path());
        let visitor = Visitor::from_request_parts(&mut parts, portal).await?;
        let posted = Posted::from_request(Request::from_parts(parts, body), portal).await;
        let Posted(form) = posted.map_err(PageError::into_response)?;
        match confirm(portal, &visitor, &form, &section).await {
            Ok(None) => Ok(Confirmed { visitor, form }),
            Ok(Some(question)) => Err(question),
            Err(error) => Err(error.into_response()),
        }
    }
}

/// The page that asks for the password, where it has to be asked for.
async fn confirm(
    portal: &Portal,
    visitor: &Visitor,
    form: &Pairs,
    section: &str,
) -> Result<Option<Response>, PageError> {
    let accounts = &portal.accounts;
    let session = &visitor.session;
    let recent = session.confirmed + RECENT > visitor.browser.at;
    let password = form.field("password");
    if recent {
        return Ok(None);
    }
    // A person confirms as they signed in.
    if session.method == AuthenticationMethod::Provider {
        let page = provider_question(portal, visitor, section);
        return Ok(Some(accounts.pages.show(StatusCode::FORBIDDEN, &page)));
    }
    let (status, problem) = match password {
        "" => (StatusCode::FORBIDDEN, None),
        password => {
            let email = &session.person.email;
            let checked = accounts.check_password(&visitor.browser, email, password);
            match checked.await? {
                Ok(_) => {
                    let cause = visitor.cause();
                    accounts
                        .services
                        .store
                        .confirm_session(&session.id, &cause)
                        .await?;
                    return Ok(None);
                }
                Err(problem) => (status_of(problem), Some(problem)),
            }
        }
    };
    let page = question(portal, visitor, form, problem);
    Ok(Some(accounts.pages.show(status, &page)))
}

/// The path of the page that a form belongs to: the first two segments of the form's own.
fn section(path: &str) -> String {
    let end = path
        .match_indices('/')
        .nth(2)
        .map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path).to_owned()
}

/// The page that asks a person to sign in at the identity provider again. The form is not kept: they
/// come back to the page that it is on.
fn provider_question(portal: &Portal, visitor: &Visitor, section: &str) -> SignIn {
    let accounts = &portal.accounts;
    let name = accounts.provider.as_ref().map(|it| it.name.clone());
    SignIn {
        email: visitor.session.person.email.clone(),
        confirm: true,
        passwords: false,
        provider: Some(ProviderChoice {
            // A session that began there outlives the configuration of the provider.
            name: name.unwrap_or_else(|| "the identity provider".to_owned()),
            url: format!("/account/confirm?next={section}"),
        }),
        ..accounts.sign_in_page(&visitor.browser, None)
    }
}

fn question(
    portal: &Portal,
    visitor: &Visitor,
    form: &Pairs,
    problem: Option<SignInProblem>,
) -> SignIn {
    let carried = form.iter().filter(|(name, _)| !OWN_FIELDS.contains(name));
    SignIn {
        email: visitor.session.person.email.clone(),
        confirm: true,
        carried: carried
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        problem,
        ..portal.accounts.sign_in_page(&visitor.browser, None)
    }
}
