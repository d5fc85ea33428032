//! Small pieces of Rust: what the emitters share.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use super::text;

/// An identifier of a name that is known to be one.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A string literal.
pub(super) fn string(value: &str) -> TokenStream {
    TokenTree::Literal(text::literal(value)).into()
}
