//! What a message and its answer take while they are large, and for how long.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use rmcp::RoleServer;
use rmcp::service::RequestContext;

use crate::capacity::{Room, TooMany};
use crate::request_body::Rooms;
use crate::request_id::RequestId;
use crate::upstream::{CallError, ErrorKind};

/// The load of one message: it goes with the request through the protocol's library, and shows
/// each side of it what the other holds.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Whether what is done next with the message or its answer takes long.
    heavy: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    request: Rooms,
    answer: Option<Room>,
}

impl Load {
    /// The load of a message that was read.
    pub(super) fn new(is_large: bool, request: Rooms) -> Load {
        Load {
            heavy: AtomicBool::new(is_large),
            held: Mutex::new(Held {
                request,
                answer: None,
            }),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is done next takes long.
    pub(super) fn is_heavy(&self) -> bool {
        self.heavy.load(Ordering::Relaxed)
    }

    /// Notes that the request was made use of. Its room is the caller's from now on.
    pub(super) fn take_request(&self) -> Rooms {
        self.heavy.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.held().request)
    }

    /// Notes a large answer, which takes `room` until its client has it.
    pub(super) fn hold_answer(&self, room: Option<Room>) {
        self.heavy.store(true, Ordering::Relaxed);
        self.held().answer = room;
    }

    /// The body of the answer, which keeps the room that it takes until it is gone.
    pub(super) fn onto(&self, body: Body) -> Body {
        let Some(mut room) = self.held().answer.take() else {
            return body;
        };
        let length = body.size_hint().upper().unwrap_or_default();
        room.shrink(usize::try_from(length).unwrap_or(usize::MAX));
        Body::new(Roomy { body, _room: room })
    }
}

/// The load of the message that is answered; `None` for one that did not come by HTTP.
pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<&Load> {
    let parts = context.extensions.get::<Parts>()?;
    parts.extensions.get::<Arc<Load>>().map(|load| &**load)
}

/// A call that does not run since too many others do. It is a tool error and no HTTP status: the
/// model reads it and calls again, where clients take a 429 or 503 for a server that is broken.
pub(super) fn too_many(error: TooMany, id: &RequestId) -> CallError {
    let message = match error {
        TooMany::OfGrant(number) => format!(
            "This connection already runs {number} calls, the most that are allowed at once; \
             nothing was sent."
        ),
        TooMany::OfAll => {
            "This server already runs the most calls that it allows at once; nothing was sent."
                .to_owned()
        }
    };
    let mut error = CallError::new(ErrorKind::RateLimited, message, id.as_str());
    error.retryable = true;
    error.retry_after_seconds = Some(1);
    error.hint = Some("Call again once others have answered; make fewer at once.".to_owned());
    error
}

/// A body that takes room.
struct Roomy {
    body: Body,
    _room: Room,
}

impl HttpBody for Roomy {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
