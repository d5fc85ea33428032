//! The body of a request: it has to come in time, and is read even where its request is refused.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::Sleep;

/// The most of a body that is read after its request was answered, in bytes.
const MAX_LEFTOVER: usize = 1024 * 1024;

/// A request's body. What its reader leaves unread is read and discarded.
///
/// Over HTTP/1.1, hyper ends the connection where an answer, a 401 for example, is given before the
/// body has arrived, and does not announce it: the next request is lost, or, by the reset, the answer.
pub(super) struct RequestBody {
    /// `None`: it has failed.
    body: Option<Timed>,
    discards_leftover: bool,
}

/// A body that fails where it does not come in time.
struct Timed {
    body: Incoming,
    patience: Duration,
    /// Runs from the first wait on.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(super) fn of(request: Request<Incoming>, patience: Duration) -> Request<RequestBody> {
        // A client that waits for "100 Continue" sends no body once it is refused.
        let discards_leftover =
            request.version() <= Version::HTTP_11 && !request.headers().contains_key(EXPECT);
        request.map(|body| RequestBody {
            body: Some(Timed {
                body,
                patience,
                deadline: None,
            }),
            discards_leftover,
        })
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if let Some(Err(_)) = frame {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        if let Some(body) = body
            && self.discards_leftover
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(body.discard());
        }
    }
}

impl Timed {
    /// Reads what is left. The connection ends where that is too much, or does not come in time.
    async fn discard(mut self) {
        let mut size = 0;
        while let Some(Ok(frame)) = self.frame().await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > MAX_LEFTOVER {
                return;
            }
        }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = this.patience;
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(deadline.as_mut().poll(context));
        let late = io::Error::new(io::ErrorKind::TimedOut, "the body did not come in time");
        Poll::Ready(Some(Err(late.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
