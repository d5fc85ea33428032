//! `src/schemas.rs`: every shared schema, once.

use proc_macro2::TokenStream;
use quote::quote;

use super::json;
use super::names::Names;
use super::text::doc;
use super::tokens::string;
use crate::ir;
use crate::text::one_line;

/// The module of definitions.
pub(super) fn module(api: &ir::Api, names: &Names) -> TokenStream {
    let items = api.definitions.iter().filter_map(|(name, definition)| {
        let constant = names.definition(name)?;
        let schema = schema(definition, names, &TokenStream::new());
        let doc = doc(&format!("`#/$defs/{}`", one_line(name).replace('`', "'")));
        let name = string(name);
        Some(quote! {
            #doc
            pub(crate) static #constant: Definition = Definition { name: #name, schema: #schema };
        })
    });
    quote! {
        #![doc = " Schemas that several tools share. References between them read `#/$defs/NAME`."]
        #(#items)*
    }
}

/// A `Schema`, whose definitions are found under `path`.
pub(super) fn schema(schema: &ir::Schema, names: &Names, path: &TokenStream) -> TokenStream {
    let json = string(&json::pretty(&schema.json));
    let definitions = schema
        .definitions
        .iter()
        .filter_map(|name| names.definition(name))
        .map(|constant| quote!(&#path #constant));
    quote!(Schema { json: #json, definitions: &[#(#definitions),*] })
}
