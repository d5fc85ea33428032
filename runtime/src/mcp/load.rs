//! The load of a message that came by HTTP, and of its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use rmcp::RoleServer;
use rmcp::service::RequestContext;

use crate::call::Load;
use crate::capacity::Room;

/// The load of the message that is answered; `None` for one that did not come by HTTP.
pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<&Load> {
    let parts = context.extensions.get::<Parts>()?;
    parts.extensions.get::<Arc<Load>>().map(|load| &**load)
}

/// The body of an answer, which keeps the room that it takes until it is gone.
pub(super) fn keep(load: &Load, body: Body) -> Body {
    let Some(mut room) = load.take_answer() else {
        return body;
    };
    let length = body.size_hint().upper().unwrap_or_default();
    room.shrink(usize::try_from(length).unwrap_or(usize::MAX));
    Body::new(Roomy { body, _room: room })
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
