//! What the URL of a link answers.

use std::fmt;
use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Map, Value};

use super::link::{Linked, PURPOSE, USES, bound};
use super::name;
use super::passage::Passage;
use super::recorded::{Begun, Recorded};
use crate::call::refusals::authorize;
use crate::call::seal::SecretKey;
use crate::call::{CallError, Callable, ErrorKind, Runner};
use crate::model::{AccessContext, AccessToken, GrantId};
use crate::operation::{Access, Operation};
use crate::request_id::RequestId;
use crate::store::{FileLink as StoredLink, Services, StoreError};
use crate::token::{self, Digest};
use crate::tool::ToolKind;
use crate::upstream::OpenedAnswer;

/// A link that was found: the call that it makes again.
pub(crate) struct FoundLink {
    pub(crate) tool: String,
    link: Digest,
    grant: GrantId,
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

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> FileError {
        tracing::error!(%error, "the store failed");
        FileError::Unavailable
    }
}

impl FileError {
    fn kind(&self) -> ErrorKind {
        match self {
            FileError::NotFound => ErrorKind::NotFound,
            FileError::Call(error) => error.kind,
            FileError::Unavailable => ErrorKind::Unavailable,
        }
    }
}

impl Runner {
    /// Finds the call that a link makes again. Nothing is counted yet.
    ///
    /// # Errors
    /// Where there is no such link any more, or the store fails.
    pub(crate) async fn find_link(&self, secret: &str) -> Result<FoundLink, FileError> {
        let (_, services) = self.file_links().ok_or(FileError::NotFound)?;
        if secret.len() != token::LENGTH {
            return Err(FileError::NotFound);
        }
        let (link, now) = (Digest::of(secret), services.clock.now());
        let found = services.store.file_link(link, USES, now).await?;
        let found = found.ok_or(FileError::NotFound)?;
        let access = services.store.grant_in_force(&found.grant, now).await?;
        let access = access.ok_or(FileError::NotFound)?;
        FoundLink::open(secret, found, &access).ok_or(FileError::NotFound)
    }

    /// Makes the call of a link again, and returns its answer as it comes.
    ///
    /// # Errors
    /// Where the call is refused or fails, or the link was used up meanwhile.
    pub(crate) async fn download(
        &self,
        callable: &Callable,
        link: FoundLink,
        id: &RequestId,
    ) -> Result<Download, FileError> {
        let (_, services) = self.file_links().ok_or(FileError::NotFound)?;
        let tool = callable.tool();
        let ToolKind::Operation(operation) = tool.kind() else {
            return Err(FileError::NotFound);
        };
        if operation.method != "GET" {
            return Err(FileError::NotFound);
        }
        let caller = &link.caller;
        let recorded = Recorded {
            name: &format!("{} (as a file)", operation.name),
            access: Access::Read,
            caller,
            id,
        };
        let admitted = authorize(tool, &link.arguments, caller, id);
        if let Err(refused) = admitted.and_then(|()| self.count(caller, id)) {
            self.refuse(recorded, &refused);
            return Err(refused.into());
        }
        let mut begun = self.begin(recorded)?;
        let running = match self.enter(caller, id) {
            Ok(running) => running,
            Err(refused) => {
                begun.end(Some(refused.kind));
                return Err(refused.into());
            }
        };
        let opened = match self.open(operation, &link, services, &mut begun, id).await {
            Ok(opened) => opened,
            Err(error) => {
                begun.end(Some(error.kind()));
                return Err(error);
            }
        };
        let OpenedAnswer {
            headers,
            length,
            body,
            ..
        } = opened;
        let stated = headers.get(CONTENT_DISPOSITION);
        let stated = stated.and_then(|value| name::stated(value.to_str().ok()?));
        let passage = Passage {
            body,
            length,
            grant: link.grant,
            services: services.clone(),
            begun,
            running,
        };
        Ok(Download {
            name: stated.unwrap_or(link.name),
            media_type: headers.get(http::header::CONTENT_TYPE).cloned(),
            length,
            body: passage.begin(),
        })
    }

    /// Counts a use of a link and sends its request. What is taken of the quota is returned where nothing was
    /// sent.
    async fn open(
        &self,
        operation: &'static Operation,
        link: &FoundLink,
        services: &Services,
        begun: &mut Begun,
        id: &RequestId,
    ) -> Result<OpenedAnswer, FileError> {
        let caller = &link.caller;
        let charge = self.charge(operation, caller, id).await?;
        let now = services.clock.now();
        let used = services.store.use_file_link(link.link, USES, now).await;
        if !matches!(used, Ok(true)) {
            self.refund(charge, caller);
            return Err(used.err().map_or(FileError::NotFound, FileError::from));
        }
        begun.cost = operation.cost;
        let upstream = self.operations.upstream();
        let opened = upstream.open(operation, &link.arguments, caller, id.as_str());
        let opened = opened.await.map_err(|error| {
            if error.is_before_sending() {
                self.refund(charge, caller);
                begun.cost = 0;
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
        Err(FileError::Call(Box::new(CallError {
            status: Some(status.as_u16()),
            ..error
        })))
    }
}

impl FoundLink {
    /// Opens what a link is for.
    fn open(secret: &str, found: StoredLink, access: &AccessToken) -> Option<FoundLink> {
        let key = SecretKey::of(PURPOSE, secret)?;
        let text = key.open(0, &bound(&access.grant), found.sealed)?;
        let linked: Linked<'_> = serde_json::from_slice(&text).ok()?;
        let had = match linked.writes {
            true => Access::Write,
            false => Access::Read,
        };
        Some(FoundLink {
            tool: linked.tool.into_owned(),
            link: Digest::of(secret),
            grant: found.grant,
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
