//! Text as PostgreSQL holds it.

use std::borrow::Cow;

/// Returns a text without NUL, which PostgreSQL has no place for: with U+FFFD in its place. For texts
/// that others choose, such as the name of a tool that does not exist.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}
