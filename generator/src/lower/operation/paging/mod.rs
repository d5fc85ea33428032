//! How the pages of an operation follow each other.

mod extension;
mod members;
mod names;
mod recognize;

pub(super) use extension::read;
pub(super) use recognize::{Taken, has_long_list, settle};
