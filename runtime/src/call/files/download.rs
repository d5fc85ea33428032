//! What the URL of a link answers.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Map, Value};

use super::link::{Linked, PURPOSE, USES, bound};
use super::name;
use crate::audit::{CallRecord, Ended, Recording};
use crate::call::refusals::authorize;
use crate::call::seal::SecretKey;
use crate::call::{CallError, Callable, ErrorKind, Runner};
use crate::capacity::RunningCall;
use crate::model::AccessContext;
use crate::operation::{Access, Operation};
use crate::request_id::RequestId;
use crate::store::FileLink as UsedLink;
use crate::token::{self, Digest};
use crate::tool::ToolKind;
use crate::upstream::OpenedAnswer;

/// A link that was used: the call that it makes again.
pub(crate) struct OpenedLink {
    pub(crate) tool: String,
    arguments: Map<String, Value>,
    caller: AccessContext,
    name: String,
}

/// A file as it comes.
pub(crate) struct Download {
    /// A name without anything but letters, digits, `.`, `-` and `_`.
    pub(crate) name: String,
    /// What the API calls it, in the words of its header field.
    pub(crate) media_type: Option<http::HeaderValue>,
    /// How many bytes it has, where the API states that.
    pub(crate) length: Option<u64>,
    pub(crate) body: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Download").finish_non_exhaustive()
    }
}

/// Why a link answers no file.
#[derive(Debug)]
pub(crate) enum FileError {
    /// There is no such link, it has ended, or it was used as often as it can be.
    NotFound,
    /// The request of the call failed.
    Call(Box<CallError>),
    /// The store fails.
    Unavailable,
}

impl From<Box<CallError>> for FileError {
    fn from(error: Box<CallError>) -> FileError {
        FileError::Call(error)
    }
}

impl Runner {
    /// Counts a use of a link, and returns the call that it makes again.
    ///
    /// # Errors
    /// Where there is no such link any more, or the store fails.
    pub(crate) async fn open_link(&self, secret: &str) -> Result<OpenedLink, FileError> {
        let Some((_, services)) = self.file_links() else {
            return Err(FileError::NotFound);
        };
        if secret.len() != token::LENGTH {
            return Err(FileError::NotFound);
        }
        let now = services.clock.now();
        let used = services.store.use_file_link(Digest::of(secret), USES, now);
        let used = used.await.map_err(|error| {
            tracing::error!(%error, "the store failed");
            FileError::Unavailable
        })?;
        let opened = used.and_then(|used| OpenedLink::open(secret, &used));
        opened.ok_or(FileError::NotFound)
    }

    /// Makes the call of a link again, and returns its answer as it comes.
    ///
    /// # Errors
    /// Where the call is refused or fails.
    pub(crate) async fn download(
        &self,
        callable: &Callable,
        link: OpenedLink,
        id: &RequestId,
    ) -> Result<Download, FileError> {
        let tool = callable.tool();
        let ToolKind::Operation(operation) = tool.kind() else {
            return Err(FileError::NotFound);
        };
        if operation.method != "GET" {
            return Err(FileError::NotFound);
        }
        authorize(tool, &link.arguments, &link.caller, id)?;
        self.count(&link.caller, id)?;
        let running = self.enter(&link.caller, id)?;
        let recording = self.record_download(operation, &link.caller, id)?;
        let started = Instant::now();
        let opened = self.open(operation, &link, id).await;
        let outcome = match &opened {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.kind.to_string(),
        };
        let elapsed = started.elapsed();
        let cost = operation.cost;
        end(recording, &outcome, (elapsed, cost), id);
        let (tool, elapsed_us) = (operation.name, elapsed.as_micros());
        tracing::info!(request_id = %id, tool, elapsed_us, outcome, "download");
        let opened = opened?;
        Ok(of(opened, link.name, running))
    }

    /// Sends the request of a link. What is taken of the quota is returned where nothing was sent.
    async fn open(
        &self,
        operation: &'static Operation,
        link: &OpenedLink,
        id: &RequestId,
    ) -> Result<OpenedAnswer, Box<CallError>> {
        let caller = &link.caller;
        let charge = self.charge(operation, caller, id).await?;
        let upstream = self.operations.upstream();
        let opened = upstream.open(operation, &link.arguments, caller, id.as_str());
        let opened = opened.await.map_err(|error| {
            if error.is_before_sending() {
                self.refund(charge, caller);
            }
            Box::new(CallError::of_upstream(&error, operation, id.as_str()))
        })?;
        let status = opened.status;
        if status.is_success() {
            return Ok(opened);
        }
        let kind = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
            _ => ErrorKind::UpstreamUnavailable,
        };
        let message = format!("The API answered {status}.");
        let error = CallError::new(kind, message, id.as_str());
        Err(Box::new(CallError {
            status: Some(status.as_u16()),
            ..error
        }))
    }

    fn record_download(
        &self,
        operation: &Operation,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Option<Recording>, FileError> {
        let (Some(calls), Some(grant)) = (&self.calls, caller.grant.as_deref()) else {
            return Ok(None);
        };
        let name = format!("{} (as a file)", operation.name);
        let begun = calls.begin(CallRecord {
            grant,
            tool: &name,
            access: Access::Read,
            request_id: id.as_str(),
        });
        begun.map(Some).map_err(|error| {
            tracing::error!(request_id = %id, %error, "a download that cannot be recorded is refused");
            FileError::Unavailable
        })
    }
}

impl OpenedLink {
    /// Opens what a link is for. Returns nothing for a workspace that is suspended.
    fn open(secret: &str, used: &UsedLink) -> Option<OpenedLink> {
        let access = &used.access;
        if access.workspace.suspended {
            return None;
        }
        let key = SecretKey::of(PURPOSE, secret)?;
        let text = key.open(0, &bound(&access.grant), used.sealed.clone())?;
        let linked: Linked<'_> = serde_json::from_slice(&text).ok()?;
        let had = match linked.writes {
            true => Access::Write,
            false => Access::Read,
        };
        Some(OpenedLink {
            tool: linked.tool.into_owned(),
            arguments: linked.arguments.into_owned(),
            name: linked.name.into_owned(),
            caller: AccessContext {
                access: had.min(access.scopes.access()),
                workspace: access.workspace.upstream_id.as_deref().map(Into::into),
                grant: Some(std::sync::Arc::clone(&access.grant)),
            },
        })
    }
}

/// The file of an answer. It counts among the calls that run until it is there as a whole.
fn of(opened: OpenedAnswer, name: String, running: RunningCall) -> Download {
    let OpenedAnswer {
        headers,
        length,
        body,
        ..
    } = opened;
    let stated = headers.get(CONTENT_DISPOSITION);
    let stated = stated.and_then(|value| name::stated(value.to_str().ok()?));
    let body = stream::unfold((body, running), |(mut body, running)| async move {
        let next = body.next().await?;
        Some((next, (body, running)))
    });
    Download {
        name: stated.unwrap_or(name),
        media_type: headers.get(http::header::CONTENT_TYPE).cloned(),
        length,
        body: body.boxed(),
    }
}

fn end(
    recording: Option<Recording>,
    outcome: &str,
    (elapsed, cost): (Duration, u32),
    id: &RequestId,
) {
    let ended = Ended {
        outcome,
        elapsed,
        cost,
    };
    if let Some(Err(error)) = recording.map(|recording| recording.end(ended)) {
        tracing::error!(request_id = %id, %error, "how a download ended is not recorded");
    }
}
