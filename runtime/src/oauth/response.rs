//! The way back to the client: authorization responses (RFC 6749 §4.1.2), and when a browser is
//! sent on with one at once (RFC 9700 §4.11.2).

use http::StatusCode;

use super::authority::Authority;
use super::error::ErrorCode;
use super::publisher::ClientIdentity;
use crate::account::{Answer, PageError};
use crate::model::{ClientId, RedirectUri};
use crate::page::{HandOver, Outcome, Target};

/// The way back to the client.
pub(super) struct AuthorizationResponse<'a> {
    pub(super) authority: &'a Authority,
    pub(super) client_id: &'a ClientId,
    pub(super) client: ClientIdentity,
    pub(super) redirect_uri: &'a RedirectUri,
    pub(super) state: Option<&'a str>,
}

impl AuthorizationResponse<'_> {
    /// Answers a request that is not right before any person had a say. Anybody can register a
    /// site, and would have this server lead people to it: only a client that the operator or the
    /// publishers file knows, and a program on the person's own machine, gets its error at once.
    /// To another one a person may follow a link that says where it leads.
    pub(super) fn refuse(self, code: ErrorCode, description: &str) -> Answer {
        let parameters = [("error", code.as_str()), ("error_description", description)];
        match self.is_configured() || self.client.gets_errors_at_once() {
            true => self.send(&parameters, Outcome::Denied),
            false => {
                let location = self.with(&parameters);
                let outcome = Outcome::Refused(description.to_owned());
                self.hand_over(StatusCode::BAD_REQUEST, &location, outcome, false)
            }
        }
    }

    /// Sends the browser back with what the person decided. To an app it is handed over by a page.
    pub(super) fn send(self, parameters: &[(&str, &str)], outcome: Outcome) -> Answer {
        let location = self.with(parameters);
        if self.redirect_uri.origin().is_some() {
            return self.authority.accounts.send_to(&location);
        }
        let by_itself = self.is_configured() || self.redirect_uri.is_of_known_app();
        self.hand_over(StatusCode::OK, &location, outcome, by_itself)
    }

    fn is_configured(&self) -> bool {
        self.authority.clients.contains_key(self.client_id)
    }

    /// The redirect URI with an authorization response (RFC 6749 §4.1.2, RFC 9207 §2).
    fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut all = parameters.to_vec();
        all.extend(self.state.map(|state| ("state", state)));
        all.push(("iss", &self.authority.issuer));
        self.redirect_uri.with_response(&all)
    }

    fn hand_over(
        self,
        status: StatusCode,
        location: &str,
        outcome: Outcome,
        by_itself: bool,
    ) -> Answer {
        let page = HandOver {
            client: self.client.into_page(),
            target: Target::new(location).ok_or(PageError::NotFound)?,
            outcome,
            by_itself,
        };
        Ok(self.authority.accounts.pages.show(status, &page))
    }
}
