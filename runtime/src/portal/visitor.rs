//! Who visits the portal, and the message that a page shows after a form.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;

use super::state::{ACCOUNT, AGENTS, KEYS, Portal, WORKSPACES};
use crate::account::{Answer, Browser, PageError};
use crate::form::Pairs;
use crate::model::{Cause, Session};
use crate::page::Visit;

/// A person who is signed in.
pub(super) struct Visitor {
    pub(super) browser: Arc<Browser>,
    pub(super) session: Session,
    /// What the form before this page came to.
    flash: Option<Flash>,
}

/// What a form came to. It travels in the address of the next page as a word, so that no address
/// can put a sentence of its own into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flash {
    KeyRevoked,
    KeysRevoked,
    KeyGone,
    KeyRenamed,
    WorkspaceCreated,
    WorkspaceLinked,
    NoUpstreamId,
    Joined,
    InvitationWithdrawn,
    RoleChanged,
    MemberRemoved,
    Left,
    LastOwner,
    PasswordChanged,
    ProfileChanged,
    SessionClosed,
    SessionsClosed,
}

impl Flash {
    const ALL: [Flash; 17] = [
        Flash::KeyRevoked,
        Flash::KeysRevoked,
        Flash::KeyGone,
        Flash::KeyRenamed,
        Flash::WorkspaceCreated,
        Flash::WorkspaceLinked,
        Flash::NoUpstreamId,
        Flash::Joined,
        Flash::InvitationWithdrawn,
        Flash::RoleChanged,
        Flash::MemberRemoved,
        Flash::Left,
        Flash::LastOwner,
        Flash::PasswordChanged,
        Flash::ProfileChanged,
        Flash::SessionClosed,
        Flash::SessionsClosed,
    ];

    /// The word in the address, and the sentence on the page: `Ok` where something was done.
    fn words(self) -> (&'static str, Result<&'static str, &'static str>) {
        match self {
            Flash::KeyRevoked => (
                "key-revoked",
                Ok("The key was revoked. It no longer works."),
            ),
            Flash::KeysRevoked => (
                "keys-revoked",
                Ok("Your keys were revoked. None works any more."),
            ),
            Flash::KeyGone => (
                "key-gone",
                Err("That key had already ended, or is not yours to end."),
            ),
            Flash::KeyRenamed => ("key-renamed", Ok("The key was renamed.")),
            Flash::ProfileChanged => ("profile-changed", Ok("Your details were changed.")),
            Flash::WorkspaceCreated => ("created", Ok("The workspace was created.")),
            Flash::WorkspaceLinked => (
                "linked",
                Ok("From now on calls for this workspace use that id."),
            ),
            Flash::NoUpstreamId => (
                "no-id",
                Err("An id has no blanks, hides nothing and has at most 254 characters."),
            ),
            Flash::Joined => ("joined", Ok("You joined the workspace.")),
            Flash::InvitationWithdrawn => ("withdrawn", Ok("The link was withdrawn.")),
            Flash::RoleChanged => ("role-changed", Ok("The role was changed.")),
            Flash::MemberRemoved => (
                "removed",
                Ok("The member was removed, and their connections to this workspace ended."),
            ),
            Flash::Left => (
                "left",
                Ok("You left the workspace, and your connections to it ended."),
            ),
            Flash::LastOwner => (
                "last-owner",
                Err("A workspace needs an owner. Make somebody else an owner first."),
            ),
            Flash::PasswordChanged => (
                "password-changed",
                Ok("Your password was changed, and other browsers were signed out."),
            ),
            Flash::SessionClosed => ("signed-out", Ok("That browser was signed out.")),
            Flash::SessionsClosed => (
                "others-signed-out",
                Ok("All other browsers were signed out."),
            ),
        }
    }

    fn parse(word: &str) -> Option<Flash> {
        Flash::ALL.into_iter().find(|flash| flash.words().0 == word)
    }
}

impl Visitor {
    /// The cause of what this person does.
    pub(super) fn cause(&self) -> Cause {
        self.browser.cause().by(&self.session.person.id)
    }

    /// What every page says.
    pub(super) fn visit(&self) -> Visit {
        let flash = self.flash.map(|flash| flash.words().1);
        Visit {
            csrf_token: self.browser.csrf_token(),
            account: self.session.person.email.clone(),
            done: flash.and_then(Result::ok).map(str::to_owned),
            problem: flash.and_then(Result::err).map(str::to_owned),
        }
    }

    /// What every page says, with something that is wrong.
    pub(super) fn visit_with(&self, problem: &str) -> Visit {
        Visit {
            done: None,
            problem: Some(problem.to_owned()),
            ..self.visit()
        }
    }
}

impl Portal {
    /// Shows the page at `path` next, and there what was done.
    pub(super) fn show(&self, path: &str, flash: Flash) -> Answer {
        let word = flash.words().0;
        self.accounts.send_to(&format!("{path}?flash={word}"))
    }
}

impl FromRequestParts<Arc<Portal>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<Portal>,
    ) -> Result<Visitor, Response> {
        let browser = parts.extensions.get::<Arc<Browser>>().cloned();
        let browser = browser.ok_or_else(|| PageError::Forbidden.into_response())?;
        let session = portal.accounts.session(&browser).await;
        let session = session.map_err(|error| PageError::from(error).into_response())?;
        let Some(session) = session else {
            let path = page_of(parts.uri.path());
            let sign_in = portal
                .accounts
                .send_to(&format!("/account/sign-in?next={path}"));
            return Err(sign_in.unwrap_or_else(|error| error.into_response()));
        };
        let query = Pairs::parse(parts.uri.query().unwrap_or_default()).unwrap_or_default();
        Ok(Visitor {
            browser,
            session,
            flash: Flash::parse(query.field("flash")),
        })
    }
}

/// The page that a path belongs to: what a person comes back to after signing in.
fn page_of(path: &str) -> &'static str {
    [WORKSPACES, ACCOUNT, AGENTS]
        .into_iter()
        .find(|page| path.starts_with(page))
        .unwrap_or(KEYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        for flash in Flash::ALL {
            assert_eq!(Flash::parse(flash.words().0), Some(flash));
        }
        assert_eq!(Flash::parse(""), None);
    }

    #[test]
    fn a_form_leads_back_to_its_page() {
        assert_eq!(page_of("/portal/keys/revoke"), KEYS);
        assert_eq!(page_of("/portal/workspaces/wsp_1/leave"), WORKSPACES);
        assert_eq!(page_of("/portal/account/password"), ACCOUNT);
        assert_eq!(page_of("/portal/agents"), AGENTS);
    }
}
