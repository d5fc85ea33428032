//! `src/inputs/`: one struct a tool, for people who call tools from Rust.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::identifier::{Scope, camel, snake};
use super::names::{Names, Tool};
use super::text::doc;
use super::tokens::{ident, string};
use crate::ir::{self, ArgumentType};
use crate::text::one_line;

/// Types that generated structs may not hide.
const TAKEN: &[&str] = &[
    "Box",
    "Clone",
    "Debug",
    "Default",
    "Err",
    "Input",
    "Into",
    "None",
    "Ok",
    "Operation",
    "Option",
    "Result",
    "Serialize",
    "Some",
    "String",
    "Value",
    "Vec",
];

/// What inputs name.
pub(super) const VOCABULARY: &[&str] = &["Input", "Operation", "Value"];

/// The most parameters that `new` takes; above, the struct is written out.
const LONGEST_NEW: usize = 7;

/// `src/inputs/mod.rs`.
pub(super) fn root(names: &Names) -> TokenStream {
    let modules = names.modules.keys().map(|name| ident(name));
    quote! {
        #![doc = " The arguments of every tool as a struct."]
        #(pub mod #modules;)*
    }
}

/// `src/inputs/<tag>.rs`.
pub(super) fn module(name: &str, tools: &[Tool]) -> TokenStream {
    let mut scope = Scope::new(TAKEN);
    // Structs come first, so that no enum takes the name of a tool.
    let structs: Vec<String> = tools
        .iter()
        .map(|tool| scope.claim(&camel(&tool.operation.name, "Tool"), "Input"))
        .collect();
    let items = tools
        .iter()
        .zip(structs)
        .map(|(tool, name_of_struct)| input(name, tool, &name_of_struct, &mut scope));
    let title = format!(" Arguments of the tools in [`crate::tools::{name}`].");
    quote! {
        #![doc = #title]
        use ::runtime::codegen::serde::Serialize;
        #(#items)*
    }
}

/// One argument.
struct Field {
    name: String,
    argument: String,
    required: bool,
    ty: Type,
    doc: String,
}

/// What an argument is in Rust.
enum Type {
    String,
    Integer,
    Number,
    Boolean,
    Enum(String),
    Array(Box<Type>),
    Value,
}

impl Type {
    fn tokens(&self) -> TokenStream {
        match self {
            Type::String => quote!(String),
            Type::Integer => quote!(i64),
            Type::Number => quote!(f64),
            Type::Boolean => quote!(bool),
            Type::Enum(name) => {
                let name = ident(name);
                quote!(#name)
            }
            Type::Array(items) => {
                let items = items.tokens();
                quote!(Vec<#items>)
            }
            Type::Value => quote!(Value),
        }
    }
}

fn input(module: &str, tool: &Tool, name: &str, scope: &mut Scope) -> TokenStream {
    let mut enums = TokenStream::new();
    let fields = fields(tool.operation, name, scope, &mut enums);
    let doc = doc(&about(&tool.operation.title, &tool.operation.description));
    let (module, constant) = (ident(module), ident(&tool.constant));
    let name = ident(name);
    let declarations = fields.iter().map(declaration);
    let default = fields
        .iter()
        .all(|field| !field.required)
        .then(|| quote!(Default,));
    let constructor = constructor(&fields);
    let constructor = (!constructor.is_empty()).then(|| quote!(impl #name { #constructor }));
    quote! {
        #doc
        #[derive(Clone, Debug, #default Serialize)]
        #[serde(crate = "::runtime::codegen::serde")]
        pub struct #name { #(#declarations)* }
        #constructor
        impl Input for #name {
            const OPERATION: &'static Operation = &crate::tools::#module::#constant;
        }
        #enums
    }
}

/// Title and description, or the description alone where it begins with the title.
fn about(title: &str, description: &str) -> String {
    let bare = |text: &str| text.trim().trim_end_matches(['.', '!', '?']).to_lowercase();
    let first = description.lines().next().unwrap_or_default();
    match bare(first) == bare(title) {
        true => description.to_owned(),
        false => format!("{title}\n\n{description}"),
    }
}

fn fields(
    operation: &ir::Operation,
    name_of_struct: &str,
    scope: &mut Scope,
    enums: &mut TokenStream,
) -> Vec<Field> {
    let stem = name_of_struct.trim_end_matches('_');
    let mut names = Scope::new(&[]);
    let fields = operation.arguments.iter().map(|argument| {
        let name_of_enum = format!("{stem}{}", camel(&argument.name, "Argument"));
        Field {
            name: names.claim(&snake(&argument.name, "argument"), "_"),
            argument: argument.name.clone(),
            required: argument.required,
            ty: type_of(&argument.ty, &name_of_enum, scope, enums),
            doc: argument.description.clone(),
        }
    });
    fields.collect()
}

/// The type in Rust, whose enum is added to `enums`.
fn type_of(
    ty: &ArgumentType,
    name_of_enum: &str,
    scope: &mut Scope,
    enums: &mut TokenStream,
) -> Type {
    match ty {
        ArgumentType::String => Type::String,
        ArgumentType::Integer => Type::Integer,
        ArgumentType::Number => Type::Number,
        ArgumentType::Boolean => Type::Boolean,
        ArgumentType::Enum(values) => {
            let name = scope.claim(name_of_enum, "Value");
            enums.extend(enumeration(&name, values));
            Type::Enum(name)
        }
        ArgumentType::Array(items) => {
            Type::Array(Box::new(type_of(items, name_of_enum, scope, enums)))
        }
        ArgumentType::Value => Type::Value,
    }
}

fn declaration(field: &Field) -> TokenStream {
    let doc = doc(&if field.doc.is_empty() {
        format!("`{}`", one_line(&field.argument).replace('`', "'"))
    } else {
        field.doc.clone()
    });
    let (name, ty) = (ident(&field.name), field.ty.tokens());
    let rename = (field.name != field.argument).then(|| {
        let argument = string(&field.argument);
        quote!(#[serde(rename = #argument)])
    });
    if field.required {
        quote!(#doc #rename pub #name: #ty,)
    } else {
        quote!(#doc #rename #[serde(skip_serializing_if = "Option::is_none")] pub #name: Option<#ty>,)
    }
}

/// `new`, where some arguments are required and others are not.
fn constructor(fields: &[Field]) -> TokenStream {
    let required: Vec<&Field> = fields.iter().filter(|field| field.required).collect();
    if required.is_empty() || required.len() > LONGEST_NEW || required.len() == fields.len() {
        return TokenStream::new();
    }
    let parameters = required.iter().map(|field| {
        let name = ident(&field.name);
        let ty = match &field.ty {
            Type::String => quote!(impl Into<String>),
            other => other.tokens(),
        };
        quote!(#name: #ty)
    });
    let values = fields.iter().map(|field| {
        let name = ident(&field.name);
        match (&field.ty, field.required) {
            (_, false) => quote!(#name: None),
            (Type::String, true) => quote!(#name: #name.into()),
            (_, true) => quote!(#name),
        }
    });
    quote! {
        #[doc = " The required arguments; the others are not given."]
        pub fn new(#(#parameters),*) -> Self {
            Self { #(#values),* }
        }
    }
}

fn enumeration(name: &str, values: &[String]) -> TokenStream {
    let mut scope = Scope::new(&[]);
    let mut seen = HashSet::new();
    let variants = values
        .iter()
        .filter(|value| seen.insert(value.as_str()))
        .map(|value| {
            let variant = ident(&scope.claim(&variant(value), "Value"));
            let text = one_line(value).replace('`', "'");
            let doc = if text.is_empty() {
                doc("The empty text.")
            } else {
                doc(&format!("`{text}`"))
            };
            let value = string(value);
            quote!(#doc #[serde(rename = #value)] #variant,)
        });
    let variants = quote!(#(#variants)*);
    let name = ident(name);
    quote! {
        #[doc = " What the argument may be."]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(crate = "::runtime::codegen::serde")]
        pub enum #name { #variants }
    }
}

/// The variant of a value. Signs are spelled out, so that `-name` and `name` stay apart.
fn variant(value: &str) -> String {
    let sign = match value.chars().next() {
        Some('+') => "plus ",
        Some('-') => "minus ",
        Some('!') => "not ",
        Some('*') => "star ",
        Some('<') => "less ",
        Some('>') => "greater ",
        Some('=') => "equal ",
        None => return "Empty".to_owned(),
        Some(_) => "",
    };
    camel(&format!("{sign}{value}"), "Value")
}
