//! `src/inputs/`: one struct a tool, for people who call tools from Rust.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Map, Value};

use super::identifier::{Scope, camel, snake};
use super::names::{Names, Tool};
use super::text::{doc, one_line};
use super::tokens::{ident, string};
use crate::ir;

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
pub(super) fn module(name: &str, tools: &[Tool], api: &ir::Api) -> TokenStream {
    let mut scope = Scope::new(TAKEN);
    // Structs come first, so that no enum takes the name of a tool.
    let structs: Vec<String> = tools
        .iter()
        .map(|tool| scope.claim(&camel(&tool.operation.name, "Tool"), "Input"))
        .collect();
    let items = tools
        .iter()
        .zip(structs)
        .map(|(tool, name_of_struct)| input(name, tool, &name_of_struct, api, &mut scope));
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

fn input(module: &str, tool: &Tool, name: &str, api: &ir::Api, scope: &mut Scope) -> TokenStream {
    let mut enums = TokenStream::new();
    let fields = fields(tool.operation, name, api, scope, &mut enums);
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
    api: &ir::Api,
    scope: &mut Scope,
    enums: &mut TokenStream,
) -> Vec<Field> {
    let nothing = Map::new();
    let root = &operation.input.json;
    let properties = root.get("properties").and_then(Value::as_object);
    let required: HashSet<&str> = root
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let stem = name_of_struct.trim_end_matches('_');
    let mut names = Scope::new(&[]);
    properties
        .unwrap_or(&nothing)
        .iter()
        .map(|(argument, schema)| {
            let name_of_enum = format!("{stem}{}", camel(argument, "Argument"));
            Field {
                name: names.claim(&snake(argument, "argument"), "_"),
                argument: argument.clone(),
                required: required.contains(argument.as_str()),
                ty: type_of(schema, &name_of_enum, api, scope, enums),
                doc: description(schema, api),
            }
        })
        .collect()
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

/// The type of what `schema` allows, if there is one that can hold all of it. A list is one of
/// scalars: schemas of lists of lists may contain themselves.
fn type_of(
    schema: &Value,
    name_of_enum: &str,
    api: &ir::Api,
    scope: &mut Scope,
    enums: &mut TokenStream,
) -> Type {
    let list = target(schema, api).filter(|schema| {
        schema.get("type").and_then(Value::as_str) == Some("array")
            && !is_combined(schema)
            && !schema.contains_key("prefixItems")
    });
    let Some(items) = list.and_then(|list| list.get("items")) else {
        return scalar_of(schema, name_of_enum, api, scope, enums);
    };
    match scalar_of(items, name_of_enum, api, scope, enums) {
        Type::Value => Type::Value,
        scalar => Type::Array(Box::new(scalar)),
    }
}

/// The type of what `schema` allows, where that is no list.
fn scalar_of(
    schema: &Value,
    name_of_enum: &str,
    api: &ir::Api,
    scope: &mut Scope,
    enums: &mut TokenStream,
) -> Type {
    let Some(schema) = target(schema, api).filter(|schema| !is_combined(schema)) else {
        return Type::Value;
    };
    let ty = schema.get("type").and_then(Value::as_str);
    if let Some(values) = schema.get("enum") {
        let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
        let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let all_texts = !texts.is_empty() && texts.len() == values.len();
        if all_texts && (ty == Some("string") || !schema.contains_key("type")) {
            let name = scope.claim(name_of_enum, "Value");
            enums.extend(enumeration(&name, &texts));
            return Type::Enum(name);
        }
    }
    match ty {
        Some("string") if !schema.contains_key("enum") => Type::String,
        Some("integer") if fits_i64(schema) => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        _ => Type::Value,
    }
}

fn is_combined(schema: &Map<String, Value>) -> bool {
    let keywords = ["allOf", "anyOf", "oneOf", "not", "if", "const", "$ref"];
    keywords.iter().any(|keyword| schema.contains_key(*keyword))
}

/// The schema that `schema` is or refers to, through any number of references that say nothing
/// more than annotations.
fn target<'a>(schema: &'a Value, api: &'a ir::Api) -> Option<&'a Map<String, Value>> {
    let mut schema = schema.as_object()?;
    let mut seen = HashSet::new();
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let annotations = [
            "$ref",
            "title",
            "description",
            "deprecated",
            "default",
            "examples",
        ];
        if schema
            .keys()
            .any(|key| !annotations.contains(&key.as_str()))
        {
            return None;
        }
        let name = reference.strip_prefix("#/$defs/")?;
        if !seen.insert(name) {
            return None;
        }
        schema = definition(name, api)?.as_object()?;
    }
    Some(schema)
}

/// A definition by the last part of its reference, which may be escaped (RFC 6901 §4).
fn definition<'a>(name: &str, api: &'a ir::Api) -> Option<&'a Value> {
    let unescaped = name.replace("~1", "/").replace("~0", "~");
    let definitions = &api.definitions;
    Some(
        &definitions
            .get(&unescaped)
            .or_else(|| definitions.get(name))?
            .json,
    )
}

fn description(schema: &Value, api: &ir::Api) -> String {
    let own = schema.get("description").and_then(Value::as_str);
    let theirs = || target(schema, api)?.get("description")?.as_str();
    own.or_else(theirs).unwrap_or_default().to_owned()
}

/// Whether every integer the schema speaks of is one of 64 bits with a sign.
fn fits_i64(schema: &Map<String, Value>) -> bool {
    let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    let bounded = bounds
        .iter()
        .filter_map(|bound| schema.get(*bound))
        .all(|bound| bound.as_i64().is_some() || bound.as_f64().is_some_and(|n| n.abs() < 9.0e18));
    let format = schema.get("format").and_then(Value::as_str);
    bounded && !matches!(format, Some("uint64" | "int128" | "uint128"))
}

fn enumeration(name: &str, values: &[&str]) -> TokenStream {
    let mut scope = Scope::new(&[]);
    let mut seen = HashSet::new();
    let variants = values
        .iter()
        .filter(|value| seen.insert(**value))
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
