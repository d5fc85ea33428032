//! `src/tools/`: one descriptor a tool, one module a tag. Only what differs from the base values
//! of the runtime's types is written.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{Names, Tool};
use super::schemas;
use super::text::{doc, one_line};
use super::tokens::{differing, field, ident, option, string, strings};
use super::{json, text};
use crate::ir::{
    Access, Binding, Content, Encoding, Example, In, Operation, Parameter, Property, RequestBody,
    Schema, SecurityKind, SecurityScheme, Server, Style,
};

/// What descriptors name.
pub(super) const VOCABULARY: &[&str] = &[
    "Access",
    "Binding",
    "Catalog",
    "Content",
    "Definition",
    "Encoding",
    "Example",
    "In",
    "Operation",
    "Parameter",
    "Property",
    "RequestBody",
    "Schema",
    "SecurityKind",
    "SecurityScheme",
    "Server",
    "ServerVariable",
    "Style",
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
pub(super) fn module(tools: &[Tool], names: &Names) -> TokenStream {
    let tag = tools.first().map_or("", |tool| &tool.operation.tag);
    let title = doc_inner(&format!("Tools of `{}`.", one_line(tag).replace('`', "'")));
    let constants: Vec<_> = tools.iter().map(|tool| ident(&tool.constant)).collect();
    let items = tools.iter().zip(&constants).map(|(tool, constant)| {
        let doc = doc(&format!(
            "{}\n\n`{} {}`",
            tool.operation.title,
            tool.operation.method,
            one_line(&tool.operation.path).replace('`', "'")
        ));
        let operation = operation(tool.operation, names);
        quote!(#doc pub static #constant: Operation = #operation;)
    });
    let items = quote! {
        #[doc = " The tools of this module."]
        pub const OPERATIONS: &[&Operation] = &[#(&#constants),*];
        #(#items)*
    };
    let refers = tools.iter().any(|tool| {
        let output = tool.operation.output.as_ref();
        !tool.operation.input.definitions.is_empty()
            || output.is_some_and(|output| !output.definitions.is_empty())
    });
    let schemas = refers.then(|| {
        quote!(
            use crate::schemas;
        )
    });
    quote! {
        #title
        #schemas
        #items
    }
}

fn doc_inner(text: &str) -> TokenStream {
    let lines = text::paragraphs(text)
        .into_iter()
        .map(|line| format!(" {line}"));
    quote!(#(#![doc = #lines])*)
}

fn operation(operation: &Operation, names: &Names) -> TokenStream {
    let write = operation.access == Access::Write;
    let body = operation.request_body.as_ref();
    let base = Operation::default();
    // As text: the order of keys is part of what is served.
    let is_input = operation.input.json.to_string() != base.input.json.to_string();
    let path = quote!(schemas::);
    let fields = [
        field("name", true, || string(&operation.name)),
        field("title", !operation.title.is_empty(), || {
            string(&operation.title)
        }),
        field("description", !operation.description.is_empty(), || {
            string(&operation.description)
        }),
        field("operation_id", operation.operation_id.is_some(), || {
            option(operation.operation_id.as_deref().map(string))
        }),
        field("method", operation.method != "GET", || {
            string(&operation.method)
        }),
        field("path", operation.path != "/", || string(&operation.path)),
        field("access", write, || quote!(Access::Write)),
        field("destructive", operation.destructive, || quote!(true)),
        field("idempotent", !operation.idempotent, || quote!(false)),
        field("parameters", !operation.parameters.is_empty(), || {
            let parameters = operation.parameters.iter().map(parameter);
            quote!(&[#(#parameters),*])
        }),
        field("request_body", body.is_some(), || {
            option(body.map(request_body))
        }),
        field("accept", operation.accept != base.accept, || {
            string(&operation.accept)
        }),
        field("security", !operation.security.is_empty(), || {
            let alternatives = operation.security.iter().map(|schemes| strings(schemes));
            quote!(&[#(#alternatives),*])
        }),
        field("servers", !operation.servers.is_empty(), || {
            servers(&operation.servers)
        }),
        field("input", is_input, || {
            schemas::schema(&operation.input, names, &path)
        }),
        field("published", operation.published.is_some(), || {
            let schema = |schema: &Schema| schemas::schema(schema, names, &path);
            option(operation.published.as_ref().map(schema))
        }),
        field("output", operation.output.is_some(), || {
            let schema = |schema: &Schema| schemas::schema(schema, names, &path);
            option(operation.output.as_ref().map(schema))
        }),
        field("example", operation.example.is_some(), || {
            option(operation.example.as_ref().map(example))
        }),
    ];
    differing(&quote!(Operation), &fields, quote!(Operation::BASE))
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let constructor = match parameter.location {
        In::Path => "path",
        In::Query => "query",
        In::QueryString => "query_string",
        In::Header => "header",
        In::Cookie => "cookie",
    };
    let base = Parameter::new(parameter.location, &parameter.name);
    let required = parameter.required;
    let explodes = parameter.explode;
    let fields = [
        field("argument", parameter.argument != base.argument, || {
            string(&parameter.argument)
        }),
        field("required", required != base.required, || quote!(#required)),
        field("style", parameter.style != base.style, || {
            self::style(parameter.style)
        }),
        field("explode", explodes != base.explode, || quote!(#explodes)),
        field("allow_reserved", parameter.allow_reserved, || quote!(true)),
        field("allow_empty_value", parameter.allow_empty_value, || {
            quote!(true)
        }),
        field("content", parameter.content.is_some(), || {
            option(parameter.content.as_deref().map(string))
        }),
        field("bind", parameter.bind.is_some(), || {
            option(parameter.bind.map(binding))
        }),
        // `name` and `location` are the constructor's.
        quote!(),
    ];
    let (constructor, name) = (ident(constructor), string(&parameter.name));
    differing(
        &quote!(Parameter),
        &fields,
        quote!(Parameter::#constructor(#name)),
    )
}

fn request_body(body: &RequestBody) -> TokenStream {
    let required = body.required;
    let content = match &body.content {
        Content::Properties(properties) => {
            let properties = properties.iter().map(property);
            quote!(Content::Properties(&[#(#properties),*]))
        }
        Content::Argument(argument, encoding) => {
            let (argument, encoding) = (string(argument), self::encoding(encoding));
            quote!(Content::Argument(#argument, #encoding))
        }
    };
    let media_types = strings(&body.media_types);
    let media_type_argument = option(body.media_type_argument.as_deref().map(string));
    quote! {
        RequestBody {
            required: #required,
            content: #content,
            media_types: #media_types,
            media_type_argument: #media_type_argument,
        }
    }
}

fn property(property: &Property) -> TokenStream {
    let fields = [
        field("argument", property.argument != property.name, || {
            string(&property.argument)
        }),
        field("encoding", property.encoding != Encoding::default(), || {
            encoding(&property.encoding)
        }),
        field("bind", property.bind.is_some(), || {
            option(property.bind.map(binding))
        }),
        // `name` is the constructor's.
        quote!(),
    ];
    let name = string(&property.name);
    differing(&quote!(Property), &fields, quote!(Property::new(#name)))
}

fn encoding(encoding: &Encoding) -> TokenStream {
    let base = if encoding.binary {
        quote!(Encoding::FILE)
    } else {
        quote!(Encoding::DEFAULT)
    };
    let fields = [
        field("content_type", encoding.content_type.is_some(), || {
            option(encoding.content_type.as_deref().map(string))
        }),
        field("headers", !encoding.headers.is_empty(), || {
            let pairs = encoding.headers.iter().map(|(name, value)| {
                let (name, value) = (string(name), string(value));
                quote!((#name, #value))
            });
            quote!(&[#(#pairs),*])
        }),
        field("style", encoding.style.is_some(), || {
            option(encoding.style.map(style))
        }),
        field("explode", !encoding.explode, || quote!(false)),
        field("allow_reserved", encoding.allow_reserved, || quote!(true)),
        // `binary` is the base's.
        quote!(),
    ];
    differing(&quote!(Encoding), &fields, base)
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

/// `&[SecurityScheme { … }]`
pub(super) fn security_schemes(schemes: &[SecurityScheme]) -> TokenStream {
    let schemes = schemes.iter().map(|scheme| {
        let name = string(&scheme.name);
        let kind = match &scheme.kind {
            SecurityKind::ApiKey { location, name } => {
                let (location, name) = (self::location(*location), string(name));
                quote!(SecurityKind::ApiKey { location: #location, name: #name })
            }
            SecurityKind::Basic => quote!(SecurityKind::Basic),
            SecurityKind::Bearer => quote!(SecurityKind::Bearer),
            SecurityKind::Http(scheme) => {
                let scheme = string(scheme);
                quote!(SecurityKind::Http(#scheme))
            }
            SecurityKind::MutualTls => quote!(SecurityKind::MutualTls),
        };
        quote!(SecurityScheme { name: #name, kind: #kind })
    });
    quote!(&[#(#schemes),*])
}

/// `&[Server { … }]`
pub(super) fn servers(servers: &[Server]) -> TokenStream {
    let servers = servers.iter().map(|server| {
        let url = string(&server.url);
        let variables = server.variables.iter().map(|variable| {
            let (name, default) = (string(&variable.name), string(&variable.default));
            let allowed = strings(&variable.allowed);
            quote!(ServerVariable { name: #name, default: #default, allowed: #allowed })
        });
        quote!(Server { url: #url, variables: &[#(#variables),*] })
    });
    quote!(&[#(#servers),*])
}

fn location(location: In) -> TokenStream {
    match location {
        In::Path => quote!(In::Path),
        In::Query => quote!(In::Query),
        In::QueryString => quote!(In::QueryString),
        In::Header => quote!(In::Header),
        In::Cookie => quote!(In::Cookie),
    }
}

fn style(style: Style) -> TokenStream {
    match style {
        Style::Simple => quote!(Style::Simple),
        Style::Label => quote!(Style::Label),
        Style::Matrix => quote!(Style::Matrix),
        Style::Form => quote!(Style::Form),
        Style::SpaceDelimited => quote!(Style::SpaceDelimited),
        Style::PipeDelimited => quote!(Style::PipeDelimited),
        Style::TabDelimited => quote!(Style::TabDelimited),
        Style::DeepObject => quote!(Style::DeepObject),
        Style::Cookie => quote!(Style::Cookie),
    }
}

fn binding(binding: Binding) -> TokenStream {
    match binding {
        Binding::Workspace => quote!(Binding::Workspace),
    }
}
