//! Writes an [`ir::Api`] out as the files of a crate. Every decision has been taken by then;
//! nothing here looks at OpenAPI.

mod identifier;
mod inputs;
mod json;
mod library;
mod names;
mod package;
mod schemas;
mod text;
mod tokens;
mod tools;

use proc_macro2::TokenStream;
use thiserror::Error;

pub use package::{Package, Runtime};
pub(crate) use text::one_line;

use crate::ir;
use names::Names;

/// One file of a generated crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path in the crate, its parts separated by `/`.
    pub path: String,
    /// All of its text.
    pub contents: String,
    /// Who decides about it once it exists.
    pub owner: Owner,
}

/// Who decides about a file once it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The generator: written anew each time.
    Generator,
    /// A person: created where it is absent, then left alone.
    Person,
}

/// Why a crate could not be written out. Every case is a defect of the generator.
#[derive(Debug, Error)]
pub enum EmitError {
    /// The code of a file is not Rust.
    #[error("{path}: the code made for it is not valid Rust: {source}")]
    Code {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: syn::Error,
    },
    /// A template of a file failed.
    #[error("{path}: {source}")]
    Template {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: minijinja::Error,
    },
}

/// The files of the crate for `api`, sorted by path.
///
/// The same `api` and `package` give the same bytes.
///
/// # Errors
/// None that a description could cause; see [`EmitError`].
pub fn emit(api: &ir::Api, package: &Package) -> Result<Vec<File>, EmitError> {
    let names = Names::new(api);
    let mut modules = vec![
        ("src/lib.rs".to_owned(), library::root(api, &package.name)),
        ("src/tools/mod.rs".to_owned(), tools::root(&names)),
        ("src/inputs/mod.rs".to_owned(), inputs::root(&names)),
    ];
    if !api.definitions.is_empty() {
        modules.push(("src/schemas.rs".to_owned(), schemas::module(api, &names)));
    }
    for (name, tools) in &names.modules {
        modules.push((format!("src/tools/{name}.rs"), tools::module(tools, &names)));
        modules.push((
            format!("src/inputs/{name}.rs"),
            inputs::module(name, tools, api),
        ));
    }
    let mut files = package.files(api)?;
    for (path, code) in modules {
        files.push(rust(path, code, package)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Lays `code` out as a file: a blank line between items, none between modules or imports.
fn rust(path: String, code: TokenStream, package: &Package) -> Result<File, EmitError> {
    let file: syn::File = match syn::parse2(code) {
        Ok(file) => file,
        Err(source) => return Err(EmitError::Code { path, source }),
    };
    let mut contents = format!("// {}\n\n", package.header());
    let mut before = None;
    let mut attrs = file.attrs;
    for item in file.items {
        let kind = std::mem::discriminant(&item);
        let is_listed = matches!(item, syn::Item::Mod(_) | syn::Item::Use(_));
        if before.is_some_and(|before| before != kind || !is_listed) {
            contents.push('\n');
        }
        if !attrs.is_empty() {
            contents.push_str(&unparse(std::mem::take(&mut attrs), Vec::new()));
            contents.push('\n');
        }
        contents.push_str(&unparse(Vec::new(), vec![item]));
        before = Some(kind);
    }
    contents.push_str(&unparse(attrs, Vec::new()));
    Ok(File {
        path,
        contents,
        owner: Owner::Generator,
    })
}

fn unparse(attrs: Vec<syn::Attribute>, items: Vec<syn::Item>) -> String {
    prettyplease::unparse(&syn::File {
        shebang: None,
        frontmatter: None,
        attrs,
        items,
    })
}
