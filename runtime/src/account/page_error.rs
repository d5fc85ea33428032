//! Why a page cannot be shown, as an HTTP status and as a page.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::PasswordError;
use crate::model::{Refused, Whose};
use crate::page::{Busy, Notice, Pages};
use crate::store::StoreError;

/// A page, or why there is none.
pub(crate) type Answer = Result<Response, Fault>;

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The form is not this browser's, or asks for what was not offered.
    Forbidden,
    /// The sign-in is over.
    Expired,
    /// The one-time link is used up.
    DeadLink,
    /// There is no such page.
    NotFound,
    /// The request to authorize cannot be answered to the client; a sentence that says why.
    BadRequest(String),
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
    /// The form did not come in time.
    Late,
    /// There was too much of something.
    Throttled(Busy, Refused),
    /// The store failed.
    Unavailable,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        tracing::error!(%error, "the store failed");
        Fault::Unavailable
    }
}

impl From<PasswordError> for Fault {
    fn from(error: PasswordError) -> Fault {
        match error {
            PasswordError::Busy => {
                let (whose, wait) = (Whose::Everybody, Duration::from_secs(2));
                Fault::Throttled(Busy::Passwords, Refused { whose, wait })
            }
            PasswordError::Failed => {
                tracing::error!(%error, "a password could not be hashed or compared");
                Fault::Unavailable
            }
        }
    }
}

impl IntoResponse for Fault {
    /// A response with the status of the error and no page yet, which only the browser's own
    /// request can have.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Fault::Forbidden => StatusCode::FORBIDDEN,
            Fault::Expired | Fault::BadRequest(_) => StatusCode::BAD_REQUEST,
            Fault::DeadLink | Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::ClientUnreachable(_) | Fault::KeyNotMade(_) => StatusCode::BAD_GATEWAY,
            Fault::WorkspaceNotLinked { .. } => StatusCode::CONFLICT,
            Fault::Late => StatusCode::REQUEST_TIMEOUT,
            Fault::Throttled(..) => StatusCode::TOO_MANY_REQUESTS,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The response with its page, which names the request by its id.
    pub(super) fn page(self, pages: &Pages, id: &str) -> Response {
        let status = self.status();
        let page = match self {
            Fault::Forbidden => Notice::forbidden(id),
            Fault::Expired => Notice::expired(id),
            Fault::DeadLink => Notice::dead_link(id),
            Fault::NotFound => Notice::not_found(id),
            Fault::BadRequest(why) => Notice::bad_request(&why, id),
            Fault::ClientUnreachable(host) => Notice::client_unreachable(&host, id),
            Fault::KeyNotMade(api) => Notice::key_not_made(&api, id),
            Fault::WorkspaceNotLinked { workspace, command } => {
                Notice::workspace_not_linked(&workspace, &command, id)
            }
            Fault::Late => Notice::late(id),
            Fault::Throttled(busy, refused) => Notice::throttled(busy, refused, id),
            Fault::Unavailable => Notice::unavailable(id),
        };
        let mut response = pages.show(status, &page);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from_static("5");
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}
