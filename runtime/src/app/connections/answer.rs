//! The body of an answer, handed on in small parts, so that it is seen how a client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::progress::Progress;
use super::registry::OpenRequest;

/// How much of an answer is handed on at once. The rest of it stays here, and with it the memory
/// that it takes part of, until the client has read on.
const PART: usize = 64 * 1024;

/// The body of an answer. The request it answers is open until it is gone.
pub(super) struct Answer {
    body: Body,
    /// What of the last frame is not handed on yet.
    rest: Bytes,
    progress: Arc<Progress>,
    _request: OpenRequest,
}

impl Answer {
    pub(super) fn new(body: Body, progress: Arc<Progress>, request: OpenRequest) -> Answer {
        progress.begin();
        Answer {
            body,
            rest: Bytes::new(),
            progress,
            _request: request,
        }
    }
}

impl HttpBody for Answer {
    type Data = Part;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Part>, axum::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            match frame.into_data() {
                Ok(data) => this.rest = data,
                Err(frame) => {
                    let trailers = frame.into_trailers().ok().map(Frame::trailers);
                    return Poll::Ready(trailers.map(Ok));
                }
            }
        }
        let part = match this.rest.len() <= PART {
            true => std::mem::take(&mut this.rest),
            false => this.rest.split_to(PART),
        };
        let part = Part::new(part, Arc::clone(&this.progress));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let hint = self.body.size_hint();
        let mut all = SizeHint::new();
        if let Some(upper) = hint.upper() {
            all.set_upper(upper.saturating_add(rest));
        }
        all.set_lower(hint.lower().saturating_add(rest));
        all
    }
}

/// A part of an answer on its way to the client.
pub(super) struct Part {
    bytes: Bytes,
    progress: Arc<Progress>,
}

impl Part {
    fn new(bytes: Bytes, progress: Arc<Progress>) -> Part {
        progress.hand_on();
        Part { bytes, progress }
    }
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.progress.take(count);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.progress.leave();
    }
}
