//! `src/tools/`: one descriptor a tool, one module a tag. Only what differs from the base values
//! of the runtime's types is written.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::constant;
use super::names::{Names, Tool};
use super::schemas;
use super::text::doc;
use super::tokens::{ident, string};
use super::tree::NoTree;
use super::{json, text};
use crate::ir::{Example, Operation, Schema};
use crate::text::one_line;

/// What descriptors name.
pub(super) const VOCABULARY: &[&str] = &[
    "Access",
    "Alias",
    "Binding",
    "Catalog",
    "Content",
    "Definition",
    "Encoding",
    "Example",
    "In",
    "Operation",
    "PageSize",
    "Paging",
    "PagingEnd",
    "PagingNext",
    "Parameter",
    "Property",
    "Repeated",
    "RequestBody",
    "Schema",
    "SecurityKind",
    "SecurityScheme",
    "Server",
    "ServerVariable",
    "Style",
    "Tag",
];

/// `src/tools/mod.rs`.
pub(super) fn root(names: &Names) -> TokenStream {
    let modules: Vec<_> = names.modules.keys().map(|name| ident(name)).collect();
    quote! {
        #![doc = " The tools, one module a tag of the description."]
        #(pub mod #modules;)*
        #[doc = " Every tool, one slice a module."]
        pub const OPERATIONS: &[&[&Operation]] = &[#(#modules::OPERATIONS),*];
    }
}

/// `src/tools/<tag>.rs`.
///
/// # Errors
/// None that a description could cause.
pub(super) fn module(tools: &[Tool]) -> Result<TokenStream, NoTree> {
    let tag = tools.first().map_or("", |tool| &tool.operation.tag);
    let title = doc_inner(&format!("Tools of `{}`.", one_line(tag).replace('`', "'")));
    let constants: Vec<_> = tools.iter().map(|tool| ident(&tool.constant)).collect();
    let mut items = TokenStream::new();
    for (tool, constant) in tools.iter().zip(&constants) {
        let doc = doc(&format!(
            "{}\n\n`{} {}`",
            tool.operation.title,
            tool.operation.method,
            one_line(&tool.operation.path).replace('`', "'")
        ));
        let operation = operation(tool)?;
        items.extend(quote!(#doc pub static #constant: Operation = #operation;));
    }
    let json = has_json(tools).then(|| {
        quote!(
            mod json;
        )
    });
    Ok(quote! {
        #title
        #json
        #[doc = " The tools of this module."]
        pub const OPERATIONS: &[&Operation] = &[#(&#constants),*];
        #items
    })
}

/// Whether there is anything in `src/tools/<tag>/json.rs`.
pub(super) fn has_json(tools: &[Tool]) -> bool {
    tools
        .iter()
        .any(|tool| parts(tool.operation).next().is_some())
}

/// `src/tools/<tag>/json.rs`: schemas and examples, which are long.
pub(super) fn json(name: &str, tools: &[Tool], names: &Names) -> TokenStream {
    let title = format!(" Schemas and examples of the tools in [`crate::tools::{name}`].");
    let items = tools.iter().flat_map(|tool| {
        parts(tool.operation).map(|part| {
            let constant = part.constant(tool);
            match part {
                Part::Schema(_, schema) => {
                    let schema = schemas::schema(schema, names, &quote!(schemas::));
                    quote!(pub(super) const #constant: Schema = #schema;)
                }
                Part::Example(one) => {
                    let example = example(one);
                    quote!(pub(super) const #constant: Example = #example;)
                }
            }
        })
    });
    let items: TokenStream = items.collect();
    let refers = tools.iter().flat_map(|tool| parts(tool.operation));
    let mut refers = refers.filter_map(|part| match part {
        Part::Schema(_, schema) => Some(schema),
        Part::Example(_) => None,
    });
    let schemas = refers
        .any(|schema| !schema.definitions.is_empty())
        .then(|| {
            quote!(
                use crate::schemas;
            )
        });
    quote! {
        #![doc = #title]
        #schemas
        #items
    }
}

/// A part of an operation that is in a module of its own.
enum Part<'a> {
    /// The field it is, and the schema.
    Schema(&'static str, &'a Schema),
    Example(&'a Example),
}

impl Part<'_> {
    fn field(&self) -> &'static str {
        match self {
            Part::Schema(field, _) => field,
            Part::Example(_) => "example",
        }
    }

    fn constant(&self, tool: &Tool) -> Ident {
        ident(&format!(
            "{}_{}",
            tool.constant,
            self.field().to_uppercase()
        ))
    }
}

/// The parts that differ from the base operation's.
fn parts(operation: &Operation) -> impl Iterator<Item = Part<'_>> {
    let input = &operation.input;
    let has_input = !input.is_of_no_arguments();
    let input = has_input.then_some(Part::Schema("input", input));
    let schema = |field, schema: Option<_>| schema.map(|schema| Part::Schema(field, schema));
    input
        .into_iter()
        .chain(schema("published", operation.published.as_ref()))
        .chain(schema("output", operation.output.as_ref()))
        .chain(schema(
            "published_output",
            operation.published_output.as_ref(),
        ))
        .chain(operation.example.as_ref().map(Part::Example))
}

fn operation(tool: &Tool) -> Result<TokenStream, NoTree> {
    let more = parts(tool.operation).map(|part| {
        let (field, constant) = (ident(part.field()), part.constant(tool));
        match field == "input" {
            true => quote!(#field: json::#constant,),
            false => quote!(#field: Some(json::#constant),),
        }
    });
    constant::operation(tool.operation, &more.collect::<Vec<_>>())
}

fn doc_inner(text: &str) -> TokenStream {
    let lines = text::paragraphs(text)
        .into_iter()
        .map(|line| format!(" {line}"));
    quote!(#(#![doc = #lines])*)
}

fn example(example: &Example) -> TokenStream {
    let (status, media_type) = (example.status, string(&example.media_type));
    let status = proc_macro2::Literal::u16_unsuffixed(status);
    let is_json = example.media_type.contains("json");
    let laid_out = is_json
        .then(|| serde_json::from_str(&example.body).ok())
        .flatten()
        .map(|value| json::pretty(&value));
    let body = string(laid_out.as_deref().unwrap_or(&example.body));
    quote!(Example { status: #status, media_type: #media_type, body: #body })
}
