//! `src/lib.rs`: the catalogue.

use proc_macro2::TokenStream;
use quote::quote;

use super::constant::constant;
use super::text::paragraphs;
use super::tokens::string;
use super::tree::NoTree;
use crate::ir;
use crate::text::one_line;

/// The name of the server towards clients: the package's where the API's title has none.
pub(super) fn server_name<'n>(api: &'n ir::Api, package: &'n str) -> &'n str {
    match api.server_name.as_str() {
        "" => package,
        name => name,
    }
}

/// The root module. What rustfmt would lay out otherwise is exempt from it.
///
/// # Errors
/// None that a description could cause.
pub(super) fn root(api: &ir::Api, package: &str) -> Result<TokenStream, NoTree> {
    let title = one_line(&api.title);
    let title = if title.is_empty() { package } else { &title };
    let version = one_line(&api.version);
    let lines = paragraphs(&format!("{title} {version}: an MCP server."));
    let lines = lines.into_iter().map(|line| format!(" {line}"));
    let schemas = if api.definitions.is_empty() {
        TokenStream::new()
    } else {
        quote! {
            #[rustfmt::skip]
            mod schemas;
        }
    };
    let name = string(package);
    let server_name = string(server_name(api, package));
    let title = string(&api.title);
    let version = string(&api.version);
    let summary = string(&api.summary);
    let description = string(&api.description);
    let servers = constant(&api.servers)?;
    let search_mode = api.search_mode;
    let tags = constant(&api.tags)?;
    let logo = constant(&api.logo)?;
    let repeated = constant(&api.repeated)?;
    let security_schemes = constant(&api.security_schemes)?;
    let catalog = quote! {
        #[doc = " The API and its tools."]
        #[rustfmt::skip]
        pub static CATALOG: Catalog = Catalog {
            name: #name,
            server_name: #server_name,
            title: #title,
            version: #version,
            summary: #summary,
            description: #description,
            servers: #servers,
            tags: #tags,
            logo: #logo,
            repeated: #repeated,
            security_schemes: #security_schemes,
            search_mode: #search_mode,
            operations: tools::OPERATIONS,
        };
    };
    Ok(quote! {
        #(#![doc = #lines])*
        #[cfg(feature = "typed")]
        #[rustfmt::skip]
        pub mod inputs;
        #schemas
        #[rustfmt::skip]
        pub mod tools;
        #catalog
    })
}
