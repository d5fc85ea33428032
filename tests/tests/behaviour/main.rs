//! What users, clients and operators see, recorded: a change of structure leaves these files as
//! they are, and a change of behaviour shows in them, line by line.
//!
//! `UPDATE_GOLDEN=1 cargo test -p tests --test behaviour` records them anew.

mod conversation;
mod earlier;
mod golden;
mod help;
mod pages;
mod story;
