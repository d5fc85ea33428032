//! What a message and its answer take while they are large, and for how long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::capacity::Room;
use crate::request_body::Rooms;

/// The load of one message. It goes with the request through the protocol's library, so that the
/// endpoint and the call know what the other one holds.
#[derive(Debug, Default)]
pub(crate) struct Load {
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
    pub(crate) fn new(is_large: bool, request: Rooms) -> Load {
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
    pub(crate) fn is_heavy(&self) -> bool {
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

    /// The room of a large answer.
    pub(crate) fn take_answer(&self) -> Option<Room> {
        self.held().answer.take()
    }
}
