//! Small pieces of Rust: what the emitters share.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

use super::text;

/// An identifier of a name that is known to be one.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// `Some(value)` if `condition` holds: fields that differ from their base.
pub(super) fn field(name: &str, differs: bool, value: impl FnOnce() -> TokenStream) -> TokenStream {
    if !differs {
        return TokenStream::new();
    }
    let (name, value) = (ident(name), value());
    quote!(#name: #value,)
}

/// `Type { fields, ..base }`, or only `base` where no field differs.
pub(super) fn differing(
    ty: &TokenStream,
    fields: &[TokenStream],
    base: TokenStream,
) -> TokenStream {
    let differing = fields.iter().filter(|field| !field.is_empty()).count();
    if differing == 0 {
        return base;
    }
    let base = (differing < fields.len()).then(|| quote!(..#base));
    quote!(#ty { #(#fields)* #base })
}

/// A string literal.
pub(super) fn string(value: &str) -> TokenStream {
    TokenTree::Literal(text::literal(value)).into()
}

/// `&["a", "b"]`
pub(super) fn strings(values: &[String]) -> TokenStream {
    let values = values.iter().map(|value| string(value));
    quote!(&[#(#values),*])
}

/// `Some(value)` or `None`.
pub(super) fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}
