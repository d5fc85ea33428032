//! What happened, reported once for each change: who, through which client, in which workspace, when,
//! in which request, and how it ended. Never a token, code, verifier, password or cookie.

mod calls;
mod refusals;
mod spool;

pub(crate) use calls::{CallRecord, Calls, Ended, Recording};
