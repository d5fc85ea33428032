//! Which module and which static each tool and each definition becomes.

use std::collections::{BTreeMap, HashMap};

use proc_macro2::TokenStream;
use quote::quote;

use super::identifier::{Scope, screaming, snake};
use super::tokens::ident;
use crate::ir;

/// The identifiers of everything in an API.
pub(super) struct Names<'a> {
    /// Modules by name: each tool with the name of its static, in the order of the API.
    pub(super) modules: BTreeMap<String, Vec<Tool<'a>>>,
    definitions: HashMap<&'a str, String>,
}

/// A tool and the name of its static.
pub(super) struct Tool<'a> {
    pub(super) constant: String,
    pub(super) operation: &'a ir::Operation,
}

impl<'a> Names<'a> {
    pub(super) fn new(api: &'a ir::Api) -> Names<'a> {
        let mut modules: BTreeMap<String, (Scope, Vec<Tool<'a>>)> = BTreeMap::new();
        for operation in &api.operations {
            // Tags that differ in spelling only share a module.
            let (scope, tools) = modules
                .entry(snake(&operation.tag, "tag"))
                .or_insert_with(|| (Scope::new(&["OPERATIONS"]), Vec::new()));
            tools.push(Tool {
                constant: scope.claim(&screaming(&operation.name, "TOOL"), "_"),
                operation,
            });
        }
        let mut scope = Scope::new(&[]);
        let definitions = api.definitions.keys();
        Names {
            modules: modules
                .into_iter()
                .map(|(module, (_, tools))| (module, tools))
                .collect(),
            definitions: definitions
                .map(|name| (name.as_str(), scope.claim(&screaming(name, "SCHEMA"), "_")))
                .collect(),
        }
    }

    /// The static of a definition.
    pub(super) fn definition(&self, name: &str) -> Option<TokenStream> {
        let constant = ident(self.definitions.get(name)?);
        Some(quote!(#constant))
    }
}
