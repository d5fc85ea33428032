//! Signing in with e-mail address and password.

use http::StatusCode;

use super::accounts::Accounts;
use super::browser::Browser;
use super::page_error::PageError;
use super::password::PasswordError;
use super::sessions::{Proof, SessionSecrets};
use super::sign_up::is_email;
use crate::form::Pairs;
use crate::model::{Person, retry_after};
use crate::page::{SignIn, SignInProblem};
use crate::text;

/// When to try again where too many passwords wait to be compared, in seconds.
const BUSY: u64 = 2;

impl Accounts {
    /// The form that asks who the person is.
    pub(crate) fn sign_in_page(&self, browser: &Browser, sign_up_url: Option<String>) -> SignIn {
        SignIn {
            csrf_token: browser.csrf_token(),
            client: None,
            cancel_url: None,
            email: String::new(),
            confirm: false,
            carried: Vec::new(),
            problem: None,
            forgot_password: self.settings.forgot_password.clone(),
            sign_up_url,
            passwords: self.settings.passwords,
            provider: None,
        }
    }

    /// Checks the form of [`Accounts::sign_in_page`]. Returns the session, or what the page says.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn sign_in(
        &self,
        browser: &Browser,
        form: &Pairs,
    ) -> Result<Result<SessionSecrets, SignInProblem>, PageError> {
        let (email, password) = (form.field("email").trim(), form.field("password"));
        Ok(match self.check_password(browser, email, password).await? {
            Ok(person) => {
                let proof = Proof::by_password(browser.at);
                let opened = self.open_session(browser, &person.id, proof);
                opened.await?.ok_or(SignInProblem::Disabled)
            }
            Err(problem) => Err(problem),
        })
    }

    /// Finds the person with this address and this password. Takes as long, and says the same,
    /// where there is no such account.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn check_password(
        &self,
        browser: &Browser,
        email: &str,
        password: &str,
    ) -> Result<Result<Person, SignInProblem>, PageError> {
        let device = browser.device();
        let network = browser.source.digest();
        let recognised = self
            .services
            .store
            .recognise(email, device, network)
            .await?;
        let taken = self
            .throttle
            .take(email, recognised, &browser.source, browser.at);
        let attempt = match taken {
            Ok(attempt) => attempt,
            Err(waits) => {
                return Ok(Err(SignInProblem::Throttled {
                    reason: waits.reason,
                    retry_after: retry_after(waits.wait),
                }));
            }
        };
        let known = self.services.store.credentials(email).await?;
        let hash = known
            .as_ref()
            .and_then(|known| known.password_hash.as_deref());
        let compared = self.passwords.verify(password, hash, attempt.rank).await;
        match compared {
            Ok(true) => {}
            Ok(false) => {
                // What is no address may be a password in the wrong field: it is not written down.
                let typed = match is_email(email) {
                    true => text::label(email),
                    false => String::new(),
                };
                self.services
                    .store
                    .sign_in_failed(&typed, &browser.cause())
                    .await?;
                return Ok(Err(SignInProblem::Mismatch));
            }
            Err(error) => {
                self.throttle.not_compared(&attempt);
                return match error {
                    PasswordError::Busy => Ok(Err(SignInProblem::Busy { retry_after: BUSY })),
                    PasswordError::Failed => Err(error.into()),
                };
            }
        }
        self.throttle.succeeded(&attempt);
        Ok(match known {
            // Only a person who has the password learns this.
            Some(known) if known.is_disabled => Err(SignInProblem::Disabled),
            Some(known) => Ok(known.person),
            None => Err(SignInProblem::Mismatch),
        })
    }
}

/// The address that was typed, to be shown again. What is no address may be a password in the
/// wrong field, and is not shown.
pub(crate) fn typed_email(form: &Pairs) -> String {
    let email = form.field("email").trim();
    match is_email(email) {
        true => email.to_owned(),
        false => String::new(),
    }
}

/// The status of a sign-in page that says `problem`.
pub(crate) fn status_of(problem: SignInProblem) -> StatusCode {
    match problem {
        SignInProblem::Throttled { .. } | SignInProblem::Busy { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        SignInProblem::Mismatch => StatusCode::UNPROCESSABLE_ENTITY,
        SignInProblem::Disabled => StatusCode::FORBIDDEN,
    }
}
