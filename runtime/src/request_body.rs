//! The body of a request, read whole and within limits.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::capacity::{Account, Room, Size, memory};
use crate::json::{self, Exceeded};
use crate::offload;

/// How long a large message waits for memory.
const WAIT: Duration = Duration::from_mins(1);

/// Why the body of a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than so many bytes.
    TooLong(usize),
    /// It holds more than so many JSON values.
    TooManyValues(usize),
    /// Its JSON is nested too deep.
    TooDeep,
    /// It did not come in time.
    Late,
    /// The connection broke, or what came is no body.
    Broken,
    /// Other large messages take all the memory there is for them.
    Busy,
}

impl BodyError {
    /// The status of the answer (RFC 9110 §15.5).
    pub(crate) fn status(self) -> StatusCode {
        match self {
            BodyError::TooLong(_) | BodyError::TooManyValues(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::Late => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken | BodyError::TooDeep => StatusCode::BAD_REQUEST,
            BodyError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A sentence about it, without the full stop.
    pub(crate) fn message(self) -> String {
        match self {
            BodyError::TooLong(bytes) => {
                format!("the body of the request can have at most {bytes} bytes")
            }
            BodyError::TooManyValues(values) => format!(
                "the message can hold at most {values} JSON values, each name of a member as one \
                 more; send less at once"
            ),
            BodyError::TooDeep => format!(
                "the message can be nested at most {} arrays and objects deep",
                json::MAX_DEPTH
            ),
            BodyError::Late => "the body of the request did not come in time".to_owned(),
            BodyError::Broken => "the body of the request broke off".to_owned(),
            BodyError::Busy => "this server handles other large messages; try again".to_owned(),
        }
    }
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// Where it is longer, or does not come whole and in time.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(failure(&*error, limit)),
    }
}

fn failure(error: &(dyn std::error::Error + 'static), limit: usize) -> BodyError {
    match error.is::<LengthLimitError>() {
        true => BodyError::TooLong(limit),
        false if is_late(error) => BodyError::Late,
        false => BodyError::Broken,
    }
}

/// Whether reading a body failed because it did not come in time.
pub(crate) fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::TimedOut)
}

/// The bounds of a message in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes.
    pub(crate) bytes: usize,
    /// Values, each name of a member as one more.
    pub(crate) values: usize,
}

/// A message that is within its bounds, and not parsed yet.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    /// Whether it is to be parsed on a thread of its own.
    pub(crate) is_large: bool,
    /// The room that it takes.
    pub(crate) rooms: Rooms,
}

/// The room that a message takes, where it is large.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    /// For its bytes.
    pub(crate) body: Option<Room>,
    /// For its parsed form.
    pub(crate) work: Option<Room>,
}

impl Message {
    /// Reads a message of `account`. A large one waits until there is memory for it.
    ///
    /// # Errors
    /// Where it exceeds its bounds, does not come whole and in time, or there is no memory in time.
    pub(crate) async fn read(
        headers: &HeaderMap,
        body: Body,
        bounds: Bounds,
        account: &Account,
    ) -> Result<Message, BodyError> {
        let (bytes, room) = collect(headers, body, bounds.bytes, account).await?;
        let mut message = Message {
            is_large: false,
            rooms: Rooms {
                body: room,
                work: None,
            },
            bytes,
        };
        let length = message.bytes.len();
        // A value takes a byte at least.
        if length <= memory::SMALL_BYTES.min(bounds.values) {
            return Ok(message);
        }
        let count = || json::count_values(&message.bytes, bounds.values);
        let values = offload::run(length > memory::FREE, count).map_err(|error| match error {
            Exceeded::Values(_) => BodyError::TooManyValues(bounds.values),
            Exceeded::Depth => BodyError::TooDeep,
        })?;
        let size = Size {
            bytes: length,
            values,
        };
        if size.is_large() {
            message.is_large = true;
            message.rooms.work = in_time(account.room_for_request(size)).await?;
        }
        Ok(message)
    }
}

async fn in_time(room: impl Future<Output = Option<Room>>) -> Result<Option<Room>, BodyError> {
    let room = tokio::time::timeout(WAIT, room).await;
    room.map_err(|_| BodyError::Busy)
}

/// Reads a body, and takes room for it once it turns out to be long.
async fn collect(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    account: &Account,
) -> Result<(Bytes, Option<Room>), BodyError> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let longest = declared.unwrap_or(limit);
    if longest > limit {
        return Err(BodyError::TooLong(limit));
    }
    if longest <= memory::FREE {
        return Ok((read(body, limit).await?, None));
    }
    let mut body = Limited::new(body, limit);
    let mut bytes = BytesMut::new();
    let mut room = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&*error, limit))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if room.is_none() && bytes.len() + data.len() > memory::FREE {
            room = in_time(account.room_for_body(longest)).await?;
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes.freeze(), room))
}
