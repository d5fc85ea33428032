//! `tools.lock`: which tool each operation is, kept from one run to the next.

mod contract;
mod file;
mod names;

pub use file::{LOCK, Lock, LockError, Locked};
pub(crate) use names::Keeper;
