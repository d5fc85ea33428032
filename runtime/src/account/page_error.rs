//! Why a page cannot be shown, as an HTTP status and as a page.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::password::PasswordError;
use crate::model::{Refused, Whose};
use crate::page::{Busy, Notice, Pages, ProviderProblem, RequestProblem};
use crate::store::StoreError;

/// A page, or why there is none.
pub(crate) type Answer = Result<Response, PageError>;

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub(crate) enum PageError {
    /// The form is not this browser's, or asks for what was not offered.
    Forbidden,
    /// The sign-in is over.
    Expired,
    /// The one-time link is used up.
    DeadLink,
    /// There is no such page.
    NotFound,
    /// The request to authorize cannot be answered to the client.
    BadRequest(RequestProblem),
    /// The client's metadata document cannot be had from this host.
    ClientUnreachable(String),
    /// The API of this name made no key for the connection.
    KeyNotMade(String),
    /// The workspace is not linked to one of the API's.
    WorkspaceNotLinked {
        /// Its name.
        workspace: String,
        /// The command by which the operator links it.
        command: String,
    },
    /// The person could not sign in at the identity provider of this name.
    Provider(ProviderProblem, String),
    /// The form did not come in time.
    Late,
    /// There was too much of something.
    Throttled(Busy, Refused),
    /// The store failed.
    Unavailable,
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> PageError {
        tracing::error!(%error, "the store failed");
        PageError::Unavailable
    }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> PageError {
        match error {
            PasswordError::Busy => {
                let (whose, wait) = (Whose::Everybody, Duration::from_secs(2));
                PageError::Throttled(Busy::Passwords, Refused { whose, wait })
            }
            PasswordError::Failed => {
                tracing::error!(%error, "a password could not be hashed or compared");
                PageError::Unavailable
            }
        }
    }
}

impl IntoResponse for PageError {
    /// A response with the status of the error and no page yet, which only the browser's own
    /// request can have.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            PageError::Forbidden => StatusCode::FORBIDDEN,
            PageError::Expired | PageError::BadRequest(_) => StatusCode::BAD_REQUEST,
            PageError::DeadLink | PageError::NotFound => StatusCode::NOT_FOUND,
            PageError::ClientUnreachable(_) | PageError::KeyNotMade(_) => StatusCode::BAD_GATEWAY,
            PageError::WorkspaceNotLinked { .. } => StatusCode::CONFLICT,
            PageError::Provider(problem, _) => match problem {
                ProviderProblem::Unreachable | ProviderProblem::Misconfigured => {
                    StatusCode::BAD_GATEWAY
                }
                ProviderProblem::Failed => StatusCode::BAD_REQUEST,
                ProviderProblem::EmailTaken => StatusCode::CONFLICT,
                _ => StatusCode::FORBIDDEN,
            },
            PageError::Late => StatusCode::REQUEST_TIMEOUT,
            PageError::Throttled(..) => StatusCode::TOO_MANY_REQUESTS,
            PageError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The response with its page, which names the request by its id.
    pub(super) fn page(self, pages: &Pages, id: &str) -> Response {
        let status = self.status();
        let page = match self {
            PageError::Forbidden => Notice::forbidden(id),
            PageError::Expired => Notice::expired(id),
            PageError::DeadLink => Notice::dead_link(id),
            PageError::NotFound => Notice::not_found(id),
            PageError::BadRequest(problem) => Notice::bad_request(problem, id),
            PageError::ClientUnreachable(host) => Notice::client_unreachable(&host, id),
            PageError::KeyNotMade(api) => Notice::key_not_made(&api, id),
            PageError::WorkspaceNotLinked { workspace, command } => {
                Notice::workspace_not_linked(&workspace, &command, id)
            }
            PageError::Provider(problem, name) => Notice::provider(problem, &name, id),
            PageError::Late => Notice::late(id),
            PageError::Throttled(busy, refused) => Notice::throttled(busy, refused, id),
            PageError::Unavailable => Notice::unavailable(id),
        };
        let mut response = pages.show(status, &page);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from_static("5");
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}
