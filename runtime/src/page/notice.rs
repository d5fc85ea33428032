//! Pages that say one thing: what happened, and what to do.

use serde::Serialize;

use super::Page;
use super::provider::ProviderProblem;
use crate::model::{Refused, Whose};
use crate::text;

/// What happened and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    tone: Tone,
    title: String,
    message: String,
    advice: Vec<String>,
    request_id: Option<String>,
    link: Option<Link>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Authorization requests.
    Authorizations,
    /// Metadata documents of clients that had to be fetched.
    Documents,
    /// Accounts that were made.
    SignUps,
    /// E-mail addresses that accounts were to be changed to.
    Addresses,
    /// Passwords that wait to be compared.
    Passwords,
    /// Sign-ins at the identity provider.
    ProviderSignIns,
}

impl Busy {
    fn happened(self) -> &'static str {
        match self {
            Busy::Authorizations => "connections were begun",
            Busy::Documents => "assistants had to be looked up",
            Busy::SignUps => "accounts were made",
            Busy::Addresses => "e-mail addresses were changed",
            Busy::Passwords => "passwords were sent",
            Busy::ProviderSignIns => "sign-ins were begun",
        }
    }
}

/// Why a request to authorize cannot be answered to the client. Each sentence has the words by which
/// people search for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestProblem {
    /// The query is not urlencoded.
    Malformed,
    /// `client_id` is missing.
    NoClient,
    /// `client_id` is there twice.
    TwoClients,
    /// There is no such client.
    UnknownClient,
    /// `redirect_uri` is there twice.
    TwoRedirectUris,
    /// `redirect_uri` is not one of the client's.
    WrongRedirectUri,
}

impl RequestProblem {
    #[cfg(any(test, feature = "gallery"))]
    pub(super) const ALL: [(&'static str, RequestProblem); 6] = [
        ("bad-request", RequestProblem::WrongRedirectUri),
        ("bad-request-malformed", RequestProblem::Malformed),
        ("bad-request-no-client", RequestProblem::NoClient),
        ("bad-request-two-clients", RequestProblem::TwoClients),
        ("bad-request-unknown-client", RequestProblem::UnknownClient),
        ("bad-request-two-callbacks", RequestProblem::TwoRedirectUris),
    ];

    fn sentence(self) -> &'static str {
        match self {
            RequestProblem::Malformed => {
                "The address is damaged: its query cannot be read (malformed request)."
            }
            RequestProblem::NoClient => {
                "The request does not say which assistant sends it (client_id is missing)."
            }
            RequestProblem::TwoClients => {
                "The request names more than one assistant (client_id is repeated)."
            }
            RequestProblem::UnknownClient => {
                "The assistant is not registered at this server, or its registration was removed \
                 (unknown client_id, invalid client). Remove the connector in the assistant and add \
                 it again: then it registers once more."
            }
            RequestProblem::TwoRedirectUris => {
                "The request names more than one callback URL (redirect_uri is repeated)."
            }
            RequestProblem::WrongRedirectUri => {
                "The callback URL in the request is not one that the assistant registered (callback \
                 URL mismatch, redirect_uri mismatch)."
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Tone {
    Problem,
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Link {
    label: &'static str,
    /// A path of ours.
    path: &'static str,
}

const START_AGAIN: &str = "Close this tab and start the connection again from your assistant.";
const HOME: Link = Link {
    label: "How to connect",
    path: "/",
};
const PORTAL: Link = Link {
    label: "Open the portal",
    path: "/portal/keys",
};

impl Notice {
    fn problem(title: &str, message: String, advice: &[&str], request_id: &str) -> Notice {
        Notice {
            tone: Tone::Problem,
            title: title.to_owned(),
            message,
            advice: advice.iter().map(|&line| line.to_owned()).collect(),
            request_id: Some(request_id.to_owned()),
            link: None,
            retry_after: None,
        }
    }

    /// The request to authorize is wrong in a way that must not be sent back to the client: who
    /// the client is or where it wants the answer is not certain (RFC 6749 §4.1.2.1).
    pub(crate) fn bad_request(problem: RequestProblem, request_id: &str) -> Notice {
        Notice::problem(
            "This connection cannot be made",
            problem.sentence().to_owned(),
            &[
                START_AGAIN,
                "If it happens again, contact the maker of the assistant or the people who run this server.",
            ],
            request_id,
        )
    }

    /// The client's metadata document could not be had from `host`.
    pub(crate) fn client_unreachable(host: &str, request_id: &str) -> Notice {
        Notice::problem(
            "The assistant could not be identified",
            format!(
                "{} describes the assistant, but its description could not be read just now.",
                text::label(host)
            ),
            &["Wait a minute, then start again from your assistant."],
            request_id,
        )
    }

    /// The API called `api` made no key for the connection.
    pub(crate) fn key_not_made(api: &str, request_id: &str) -> Notice {
        Notice::problem(
            "The connection could not be made",
            format!(
                "{} did not give this connection an API key just now. Nothing was granted.",
                text::label(api)
            ),
            &[
                "Go back and approve again in a minute.",
                "If it happens again, send the request ID to the people who run this server.",
            ],
            request_id,
        )
    }

    /// The workspace called `workspace` is not linked to one of the API's. The operator links it
    /// by `command`.
    pub(crate) fn workspace_not_linked(workspace: &str, command: &str, request_id: &str) -> Notice {
        let link = format!(
            "Ask the people who run this server to link it: {command} (with the API's id of the \
             workspace at the end). Then start again from your assistant."
        );
        Notice::problem(
            "This workspace is not ready yet",
            format!(
                "{} is not linked to a workspace of the API. Nothing was granted.",
                text::label(workspace)
            ),
            &[&link, "Or go back and switch to another workspace."],
            request_id,
        )
    }

    /// The person could not sign in at the identity provider called `name`.
    pub(crate) fn provider(problem: ProviderProblem, name: &str, request_id: &str) -> Notice {
        let (message, advice) = problem.words(name);
        Notice {
            link: Some(PORTAL),
            ..Notice::problem("You are not signed in", message, &[advice], request_id)
        }
    }

    /// The sign-in is over its ten minutes, already answered, or not there.
    pub(crate) fn expired(request_id: &str) -> Notice {
        Notice::problem(
            "This sign-in has ended",
            "It was already completed, took longer than ten minutes, or was opened in another \
             browser. Nothing was granted by opening this page."
                .to_owned(),
            &[START_AGAIN],
            request_id,
        )
    }

    /// The form was not sent from a page this browser was given, or asks for what was not offered.
    pub(crate) fn forbidden(request_id: &str) -> Notice {
        Notice::problem(
            "That is not allowed",
            "The form does not belong to this browser, or asks for something you were not offered. \
             Nothing was changed."
                .to_owned(),
            &["Go back, load the page again and try once more."],
            request_id,
        )
    }

    /// A one-time link was used before, ran out or never was.
    pub(crate) fn dead_link(request_id: &str) -> Notice {
        Notice::problem(
            "This link no longer works",
            "It was used before, or its time is over.".to_owned(),
            &["Ask the person who sent it for a new one."],
            request_id,
        )
    }

    /// There is no such page.
    pub(crate) fn not_found(request_id: &str) -> Notice {
        Notice {
            link: Some(PORTAL),
            ..Notice::problem(
                "There is no such page",
                "The address is misspelt, or what was there is gone.".to_owned(),
                &[],
                request_id,
            )
        }
    }

    /// The address leads nowhere.
    pub(crate) fn nothing_here(request_id: &str) -> Notice {
        Notice {
            link: None,
            ..Notice::not_found(request_id)
        }
    }

    /// The address is the MCP endpoint.
    pub(crate) fn endpoint(request_id: &str) -> Notice {
        Notice::problem(
            "This address is for your assistant",
            "It is the URL of an MCP server, which assistants call and browsers cannot show. Nothing \
             is wrong with it."
                .to_owned(),
            &[
                "Copy the URL from the address bar and add it to your assistant as a custom connector.",
            ],
            request_id,
        )
    }

    /// The address is for requests that browsers do not send by opening it.
    pub(crate) fn for_programs(request_id: &str) -> Notice {
        Notice::problem(
            "This address is for programs",
            "Assistants send requests to it (405 Method Not Allowed). It has no page.".to_owned(),
            &[],
            request_id,
        )
    }

    /// The request is refused before it is looked at more closely.
    pub(crate) fn refused(request_id: &str) -> Notice {
        Notice::problem(
            "This request is refused",
            "This server does not answer requests of this kind, or not at this host name."
                .to_owned(),
            &[
                "Check the address for mistakes.",
                "If you run this server: the settings server.public_url and server.allowed_hosts \
                 name the hosts that it answers at, and the log says why it refuses a request.",
            ],
            request_id,
        )
    }

    /// The same notice with a link to the page at the root.
    pub(crate) fn leading_home(self) -> Notice {
        Notice {
            link: Some(HOME),
            ..self
        }
    }

    /// A form did not arrive whole and in time.
    pub(crate) fn late(request_id: &str) -> Notice {
        Notice::problem(
            "The form did not arrive in time",
            "Your browser took too long to send it. Nothing was changed.".to_owned(),
            &["Go back and send it once more."],
            request_id,
        )
    }

    /// There was too much of something in a short while.
    pub(crate) fn throttled(busy: Busy, refused: Refused, request_id: &str) -> Notice {
        let happened = busy.happened();
        let message = match refused.whose {
            Whose::Browser => format!("Too many {happened} in this browser in a short while."),
            Whose::Agent => format!("Too many {happened} by this agent in a short while."),
            Whose::Network => format!(
                "Too many {happened} from your network in a short while, perhaps by somebody else \
                 in it."
            ),
            Whose::Everybody => format!("Too many {happened} here in a short while, by others."),
        };
        let seconds = refused.retry_after();
        let advice = format!("Nothing was changed. Try again in {seconds} seconds.");
        Notice {
            retry_after: Some(seconds),
            ..Notice::problem("Too many requests", message, &[&advice], request_id)
        }
    }

    /// Something of ours is not there, for example the database.
    pub(crate) fn unavailable(request_id: &str) -> Notice {
        Notice::problem(
            "This does not work just now",
            "A part of this server does not answer. Nothing was changed.".to_owned(),
            &["Wait a minute, then try again."],
            request_id,
        )
    }

    /// The person is signed out of this browser.
    pub(crate) fn signed_out() -> Notice {
        let message = "Your connected assistants keep working. To end one, revoke its API key in \
                       the portal.";
        Notice::done("You are signed out", message, Some("Sign in again"))
    }

    /// A new password was set by a link.
    pub(crate) fn password_set() -> Notice {
        let message = "Sign in with it from now on. Every browser was signed out.";
        Notice::done("Your password is set", message, Some("Sign in"))
    }

    /// An account was deleted.
    pub(crate) fn account_deleted() -> Notice {
        let message = "Your sessions and connections have ended. You can close this page.";
        Notice::done("Your account is deleted", message, None)
    }

    /// What was done; `link` names a link into the portal.
    fn done(title: &str, message: &str, link: Option<&'static str>) -> Notice {
        Notice {
            tone: Tone::Done,
            title: title.to_owned(),
            message: message.to_owned(),
            advice: Vec::new(),
            request_id: None,
            link: link.map(|label| Link {
                label,
                path: PORTAL.path,
            }),
            retry_after: None,
        }
    }
}

impl Page for Notice {
    const TEMPLATE: &'static str = "notice.html";

    fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }
}
