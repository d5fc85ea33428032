//! An answer that is passed on as it comes.

use std::fmt;
use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::call::redact_target;
use super::error::{OwnKind, UpstreamError};
use super::own::OwnKey;
use super::retry::NoAnswer;
use super::{Uploads, Upstream, mock};
use crate::credential::{RedactedStream, Redactor};
use crate::http::Opened;
use crate::model::AccessContext;
use crate::operation::Operation;

/// An answer whose body is not read yet. The secrets in it are blanked as it comes.
pub(crate) struct OpenedAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// How many bytes the body has, where the API states that.
    pub(crate) length: Option<u64>,
    pub(crate) body: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for OpenedAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("OpenedAnswer");
        debug.field("status", &self.status).finish_non_exhaustive()
    }
}

impl Upstream {
    /// Sends the request of a call that reads, once, and returns the answer before its body is read,
    /// whatever its status is.
    ///
    /// # Errors
    /// Where nothing could be sent, or no answer came.
    pub(crate) async fn open(
        &self,
        operation: &'static Operation,
        arguments: &Map<String, Value>,
        context: &AccessContext,
        request_id: &str,
    ) -> Result<OpenedAnswer, UpstreamError> {
        let mut own = self.own_key(operation, context, request_id).await?;
        loop {
            let opened = self.open_with(operation, arguments, context, &own, request_id);
            let opened = opened.await?;
            if opened.status != StatusCode::UNAUTHORIZED {
                return Ok(opened);
            }
            self.forget(&own, context).await;
            if own.carried() != OwnKind::KeptToken {
                return Ok(opened);
            }
            own = self.own_key(operation, context, request_id).await?;
        }
    }

    async fn open_with(
        &self,
        operation: &'static Operation,
        arguments: &Map<String, Value>,
        context: &AccessContext,
        own: &OwnKey,
        request_id: &str,
    ) -> Result<OpenedAnswer, UpstreamError> {
        let uploads = Uploads::default();
        let request = self.outgoing(operation, (arguments, &uploads), context, own, request_id)?;
        let redactor = self.redactor(&request, own);
        let opened = match &self.client {
            Some(client) => {
                let opened = self
                    .retries
                    .open(client, operation, &request, &context.grant);
                opened.await.map_err(|no_answer| match no_answer {
                    NoAnswer::CircuitOpen(wait) => UpstreamError::of_open_circuit(wait),
                    NoAnswer::Failure(mut failure) => {
                        redact_target(&mut failure, &redactor);
                        UpstreamError::of_failure(failure, &self.request_ids, &redactor)
                    }
                })?
            }
            None => Opened::from(mock::answer(operation)),
        };
        let Opened {
            status,
            mut headers,
            length,
            body,
        } = opened;
        redactor.headers(&mut headers);
        Ok(OpenedAnswer {
            status,
            headers,
            length,
            body: redacted(body, redactor),
        })
    }
}

fn redacted(
    body: BoxStream<'static, io::Result<Bytes>>,
    redactor: Redactor,
) -> BoxStream<'static, io::Result<Bytes>> {
    let begun = Some((body, RedactedStream::new(redactor)));
    let parts = stream::unfold(begun, |state| async move {
        let (mut body, mut redacted) = state?;
        match body.next().await {
            Some(Ok(part)) => Some((Ok(redacted.push(part)), Some((body, redacted)))),
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Ok(redacted.finish()), None)),
        }
    });
    let filled = parts.filter(|part| {
        let is_empty = part.as_ref().is_ok_and(Bytes::is_empty);
        std::future::ready(!is_empty)
    });
    filled.boxed()
}
