//! Lays tokens out as the text of a file.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::visit::Visit;
use syn::{Attribute, Item};

use super::tokens::ident;

/// The text of a module, with an import of those names of `vocabulary` that it uses. A blank line
/// separates items, none between modules or imports.
pub(super) fn file(code: TokenStream, vocabulary: &[&str]) -> syn::Result<String> {
    let mut file: syn::File = syn::parse2(code)?;
    if let Some(import) = import(&file, vocabulary)? {
        let modules = file
            .items
            .iter()
            .take_while(|item| matches!(item, Item::Mod(_)));
        file.items.insert(modules.count(), import);
    }
    let mut text = unparse(file.attrs, Vec::new());
    if !text.is_empty() {
        text.push('\n');
    }
    let mut before = None;
    for item in file.items {
        let kind = std::mem::discriminant(&item);
        let is_listed = matches!(item, Item::Mod(_) | Item::Use(_));
        if before.is_some_and(|before| before != kind || !is_listed) {
            text.push('\n');
        }
        text.push_str(&unparse(Vec::new(), vec![item]));
        before = Some(kind);
    }
    Ok(text)
}

/// `use ::runtime::codegen::{…};`
fn import(file: &syn::File, vocabulary: &[&str]) -> syn::Result<Option<Item>> {
    let mut used = Used {
        vocabulary,
        names: BTreeSet::new(),
    };
    used.visit_file(file);
    let names: Vec<_> = used.names.into_iter().map(ident).collect();
    match names.as_slice() {
        [] => Ok(None),
        [only] => syn::parse2(quote!(use ::runtime::codegen::#only;)).map(Some),
        _ => syn::parse2(quote!(use ::runtime::codegen::{#(#names),*};)).map(Some),
    }
}

/// The names of a vocabulary that occur in a file.
struct Used<'v> {
    vocabulary: &'v [&'v str],
    names: BTreeSet<&'v str>,
}

impl<'ast> Visit<'ast> for Used<'_> {
    fn visit_ident(&mut self, found: &'ast Ident) {
        let known = self.vocabulary.iter().find(|&&name| found == name);
        self.names.extend(known);
    }
}

fn unparse(attrs: Vec<Attribute>, items: Vec<Item>) -> String {
    prettyplease::unparse(&syn::File {
        shebang: None,
        frontmatter: None,
        attrs,
        items,
    })
}
