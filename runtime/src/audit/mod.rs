//! What happened, reported once for each change: who, through which client, in which workspace, when,
//! in which request, and how it ended. Never a token, code, verifier, password or cookie.

mod calls;
mod export;
mod refusals;
mod sink;
mod spool;

pub(crate) use calls::{CallRecord, Calls, Ended, Recording};
pub(crate) use export::Exporter;
pub(crate) use sink::{Destination, Webhook};
