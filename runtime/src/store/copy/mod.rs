//! Copies a store from one database to another.

pub(super) mod rows;
pub(super) mod tables;

pub(crate) use rows::Backend;
