//! Making an account: by the one-time link of the first start, by an invitation, or freely where
//! the configuration lets anyone.

use super::accounts::Accounts;
use super::browser::Browser;
use super::page_error::PageError;
use super::password::{SHORTEST_PASSWORD, objection};
use super::sessions::{Proof, SessionSecrets};
use crate::form::Pairs;
use crate::model::{NewPerson, PersonId, Workspace, WorkspaceId};
use crate::page::{Busy, SignUp, SignUpProblems, SignUpReason};
use crate::store::{Entry, SignedUp};
use crate::text;

/// What became of the form that makes an account.
pub(crate) enum SignUpOutcome {
    /// The account is made and signed in.
    Done(SessionSecrets),
    /// The form, with what is wrong with it.
    Problems(Box<SignUp>),
    /// The link is used up.
    DeadLink,
}

impl Accounts {
    /// The form that makes an account. `with_workspace`: whether it makes a workspace, too.
    pub(crate) fn sign_up_page(
        &self,
        browser: &Browser,
        reason: SignUpReason,
        with_workspace: bool,
        sign_in_url: Option<String>,
    ) -> SignUp {
        SignUp {
            csrf_token: browser.csrf_token(),
            reason,
            client: None,
            email: String::new(),
            name: String::new(),
            workspace: with_workspace.then(String::new),
            password_minimum: SHORTEST_PASSWORD,
            problems: SignUpProblems::default(),
            sign_in_url,
        }
    }

    /// Checks the form of `page` and makes the account.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn sign_up(
        &self,
        browser: &Browser,
        entry: Entry,
        mut page: SignUp,
        form: &Pairs,
    ) -> Result<SignUpOutcome, PageError> {
        let password = form.field("password");
        form.field("email").trim().clone_into(&mut page.email);
        page.name = text::label(form.field("name"));
        page.workspace = page.workspace.map(|_| text::label(form.field("workspace")));
        page.problems = problems(&page, password);
        if page.problems != SignUpProblems::default() {
            if page.problems.email.is_some() {
                // It may be a password in the wrong field: it is not shown.
                page.email.clear();
            }
            return Ok(SignUpOutcome::Problems(Box::new(page)));
        }
        if matches!(entry, Entry::Open) {
            let taken = self.sign_ups.take(&browser.source, 1, browser.at);
            taken.map_err(|refused| PageError::Throttled(Busy::SignUps, refused))?;
        }
        let password_hash = self
            .passwords
            .hash(password, 0, &*self.services.random)
            .await?;
        let person = NewPerson {
            id: PersonId::new(&*self.services.random),
            email: page.email.clone(),
            name: page.name.clone(),
            password_hash: Some(password_hash),
        };
        let upstream_id = match entry {
            Entry::SetupLink(_) => self.first_workspace.clone(),
            Entry::Invitation(_) | Entry::Open => None,
        };
        let workspace = page.workspace.clone().map(|name| Workspace {
            id: WorkspaceId::new(&*self.services.random),
            name,
            upstream_id,
            suspended: false,
        });
        let id = person.id.clone();
        let cause = browser.cause();
        match self
            .services
            .store
            .sign_up(entry, person, workspace, &cause)
            .await?
        {
            SignedUp::Done => {
                let proof = Proof::by_password(browser.at);
                let opened = self.open_session(browser, &id, proof);
                Ok(opened
                    .await?
                    .map_or(SignUpOutcome::DeadLink, SignUpOutcome::Done))
            }
            SignedUp::DeadLink => Ok(SignUpOutcome::DeadLink),
            SignedUp::EmailTaken => {
                page.problems.email = Some(
                    "This address cannot be used for a new account. Sign in with it, or use \
                          another."
                        .to_owned(),
                );
                Ok(SignUpOutcome::Problems(Box::new(page)))
            }
        }
    }
}

fn problems(page: &SignUp, password: &str) -> SignUpProblems {
    let said = |wrong: bool, what: &str| wrong.then(|| what.to_owned());
    SignUpProblems {
        email: said(!is_email(&page.email), "This is not an e-mail address."),
        name: said(page.name.is_empty(), "Say what you are called."),
        password: objection(password, &page.email).map(ToOwned::to_owned),
        workspace: said(
            page.workspace.as_deref() == Some(""),
            "Give the workspace a name.",
        ),
    }
}

/// Whether a text can be an e-mail address: something, an `@`, and a host, all of it visible, so
/// that no two addresses look the same because of what is hidden in one of them.
pub(crate) fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let fits = parts.is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
    });
    fits && text.len() <= 254 && text::is_visible(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_and_nothing_invisible() {
        for right in ["ada@example.com", "a+b@localhost", "\"a@b\"@example.com"] {
            assert!(is_email(right), "{right}");
        }
        for wrong in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada @example.com",
            "ada\u{200b}@example.com",
            "ada\u{202e}@example.com",
            "ada@ex\u{ad}ample.com",
            "\u{3164}ada@example.com",
            "ada@.com",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
