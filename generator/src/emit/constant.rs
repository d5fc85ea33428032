//! Values of the neutral model as constants: the runtime's types have the names and fields of the
//! model's, and only what differs from their base values is written.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde::Serialize;

use super::tokens::{ident, string};
use super::tree::{Content, Fields, NoTree, Tree, tree};
use crate::ir::{Encoding, In, Operation, Parameter, Property};

/// The expression for a value.
///
/// # Errors
/// Where the value is of a kind that no descriptor has.
pub(super) fn constant(value: &(impl Serialize + ?Sized)) -> Result<TokenStream, NoTree> {
    expression(&tree(value)?)
}

/// The expression for an operation, which has `more` fields beside those of the model.
///
/// # Errors
/// As [`constant`].
pub(super) fn operation(
    operation: &Operation,
    more: &[TokenStream],
) -> Result<TokenStream, NoTree> {
    let (base, own) = (tree(&Operation::default())?, tree(operation)?);
    let fields = differing(&own, &base)?;
    Ok(quote!(Operation { #(#fields)* #(#more)* ..Operation::BASE }))
}

/// The fields of a struct in which it differs from `base`, as they are written in it.
fn differing(own: &Tree, base: &Tree) -> Result<Vec<TokenStream>, NoTree> {
    match own {
        Tree::Struct(_, fields) => {
            let differing = fields
                .iter()
                .filter(|(name, value)| base.field(name) != Some(value));
            differing.map(|(name, value)| field(name, value)).collect()
        }
        _ => Ok(Vec::new()),
    }
}

fn expression(value: &Tree) -> Result<TokenStream, NoTree> {
    Ok(match value {
        Tree::Bool(value) => quote!(#value),
        Tree::Number(value) => {
            let value = Literal::i64_unsuffixed(*value);
            quote!(#value)
        }
        Tree::Text(text) => string(text),
        Tree::Option(None) => quote!(None),
        Tree::Option(Some(value)) => {
            let value = expression(value)?;
            quote!(Some(#value))
        }
        Tree::List(values) => {
            let values = expressions(values)?;
            quote!(&[#(#values),*])
        }
        Tree::Tuple(values) => {
            let values = expressions(values)?;
            quote!((#(#values),*))
        }
        Tree::Struct(name, fields) => structure(value, name, fields)?,
        Tree::Variant(name, variant, content) => {
            let (name, variant) = (ident(name), ident(variant));
            match content {
                Content::Nothing => quote!(#name::#variant),
                Content::Values(values) => {
                    let values = expressions(values)?;
                    quote!(#name::#variant(#(#values),*))
                }
                Content::Fields(fields) => {
                    let fields = all(fields)?;
                    quote!(#name::#variant { #(#fields)* })
                }
            }
        }
    })
}

fn expressions(values: &[Tree]) -> Result<Vec<TokenStream>, NoTree> {
    values.iter().map(expression).collect()
}

fn all(fields: &Fields) -> Result<Vec<TokenStream>, NoTree> {
    fields
        .iter()
        .map(|(name, value)| field(name, value))
        .collect()
}

fn field(name: &str, value: &Tree) -> Result<TokenStream, NoTree> {
    let (name, value) = (ident(name), expression(value)?);
    Ok(quote!(#name: #value,))
}

/// `Type { fields, ..base }`, or `base` where nothing differs from it, or all fields where the
/// type has no base.
fn structure(value: &Tree, name: &str, fields: &Fields) -> Result<TokenStream, NoTree> {
    let ty = ident(name);
    let Some((written, base)) = base(value, name)? else {
        let fields = all(fields)?;
        return Ok(quote!(#ty { #(#fields)* }));
    };
    let fields = differing(value, &base)?;
    Ok(match fields.is_empty() {
        true => written,
        false => quote!(#ty { #(#fields)* ..#written }),
    })
}

/// The base value of a struct: how it is written, and what it is.
fn base(value: &Tree, name: &str) -> Result<Option<(TokenStream, Tree)>, NoTree> {
    let own = value
        .field("name")
        .and_then(Tree::as_text)
        .unwrap_or_default();
    Ok(match name {
        "Parameter" => {
            let (location, constructor) = match value.field("location") {
                Some(Tree::Variant(_, "Path", _)) => (In::Path, "path"),
                Some(Tree::Variant(_, "QueryString", _)) => (In::QueryString, "query_string"),
                Some(Tree::Variant(_, "Header", _)) => (In::Header, "header"),
                Some(Tree::Variant(_, "Cookie", _)) => (In::Cookie, "cookie"),
                _ => (In::Query, "query"),
            };
            let (constructor, text) = (ident(constructor), string(own));
            let base = tree(&Parameter::new(location, own))?;
            Some((quote!(Parameter::#constructor(#text)), base))
        }
        "Property" => {
            let text = string(own);
            Some((quote!(Property::new(#text)), tree(&Property::new(own))?))
        }
        "Encoding" => {
            let binary = value.field("binary") == Some(&Tree::Bool(true));
            let written = match binary {
                true => quote!(Encoding::FILE),
                false => quote!(Encoding::DEFAULT),
            };
            let base = Encoding {
                binary,
                ..Encoding::default()
            };
            Some((written, tree(&base)?))
        }
        _ => None,
    })
}
