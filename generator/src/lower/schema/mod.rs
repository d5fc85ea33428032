//! Schemas: from the Schema Objects of a description to JSON Schema 2020-12.

mod access;
mod all_of;
mod assertion;
mod circle;
mod composition;
mod consistency;
mod definition;
mod discriminator;
mod follow;
mod kind;
mod loose;
mod lower;
mod named;
mod pattern;
mod reference;
mod regex;
mod settle;
mod unevaluated;
mod union;
mod value;
mod walk;

pub(crate) use access::{is_read_only, is_write_only};
pub(crate) use composition::bound_compositions;
pub(crate) use definition::Definitions;
pub(crate) use follow::{follow, target};
pub(crate) use loose::loosened;
pub(crate) use lower::lower;
pub(crate) use named::named;
pub(crate) use pattern::Patterns;
pub(crate) use settle::{reached, settle, size};
pub(crate) use unevaluated::bound_unevaluated;
pub(crate) use union::open_unions;
pub(crate) use value::{as_declared, is_deep};
pub(crate) use walk::{children, replaced};

/// How deep a schema may be nested: with two levels of JSON each, it stays within what JSON parsers
/// read (128 levels is the common limit).
const MAX_DEPTH: usize = 40;
