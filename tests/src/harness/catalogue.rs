//! A description served without building its crate: what the generator lowers it to, as the
//! constants that it would write down. They live as long as the process.

use std::collections::BTreeMap;

use generator::ir;
use runtime::codegen::{
    Access, Binding, Catalog, Content, Definition, Encoding, Example, In, Operation, Parameter,
    Property, RequestBody, Response, Schema, SecurityKind, SecurityRequirement, SecurityScheme,
    Server, ServerVariable, Style,
};

/// The catalogue of the crate that would be written for `api` under the name `name`.
#[must_use]
pub fn catalogue(name: &str, api: &ir::Api) -> &'static Catalog {
    let definitions = Definitions::new(api);
    let operations = api
        .operations
        .iter()
        .map(|one| &*Box::leak(Box::new(operation(one, &definitions))));
    let operations: &'static [&'static Operation] = operations.collect::<Vec<_>>().leak();
    Box::leak(Box::new(Catalog {
        name: text(name),
        title: text(&api.title),
        version: text(&api.version),
        description: text(&api.description),
        servers: list(&api.servers, server),
        security_schemes: list(&api.security_schemes, security_scheme),
        operations: vec![operations].leak(),
    }))
}

fn text(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn optional(text: &Option<String>) -> Option<&'static str> {
    text.as_deref().map(self::text)
}

fn texts(texts: &[String]) -> &'static [&'static str] {
    list(texts, |one| text(one))
}

fn list<T, U>(items: &[T], twin: impl Fn(&T) -> U) -> &'static [U] {
    items.iter().map(twin).collect::<Vec<_>>().leak()
}

/// The definitions by name. They may refer to each other in circles, in which no constant could be
/// made first: so they name none, and each schema names all that it reaches.
struct Definitions<'a> {
    api: &'a ir::Api,
    made: BTreeMap<&'a str, &'static Definition>,
}

impl<'a> Definitions<'a> {
    fn new(api: &'a ir::Api) -> Definitions<'a> {
        let made = api
            .definitions
            .iter()
            .map(|(name, schema)| {
                let definition = Definition {
                    name: text(name),
                    schema: Schema {
                        json: schema.json.to_string().leak(),
                        definitions: &[],
                    },
                };
                (name.as_str(), &*Box::leak(Box::new(definition)))
            })
            .collect();
        Definitions { api, made }
    }

    /// A schema with all definitions that it reaches.
    fn schema(&self, schema: &ir::Schema) -> Schema {
        let mut reached: BTreeMap<&str, &'static Definition> = BTreeMap::new();
        let mut waiting: Vec<&String> = schema.definitions.iter().collect();
        while let Some(name) = waiting.pop() {
            if let (Some(definition), Some(made)) =
                (self.api.definitions.get(name), self.made.get(name.as_str()))
                && reached.insert(name, made).is_none()
            {
                waiting.extend(&definition.definitions);
            }
        }
        Schema {
            json: schema.json.to_string().leak(),
            definitions: reached.into_values().collect::<Vec<_>>().leak(),
        }
    }
}

fn operation(operation: &ir::Operation, definitions: &Definitions<'_>) -> Operation {
    let schema = |schema: &ir::Schema| definitions.schema(schema);
    Operation {
        name: text(&operation.name),
        title: text(&operation.title),
        description: text(&operation.description),
        operation_id: optional(&operation.operation_id),
        method: text(&operation.method),
        path: text(&operation.path),
        access: match operation.access {
            ir::Access::Read => Access::Read,
            ir::Access::Write => Access::Write,
        },
        destructive: operation.destructive,
        idempotent: operation.idempotent,
        parameters: list(&operation.parameters, parameter),
        request_body: operation.request_body.as_ref().map(request_body),
        responses: list(&operation.responses, |response| Response {
            status: text(&response.status),
            media_types: texts(&response.media_types),
        }),
        security: list(&operation.security, |alternative| {
            list(alternative, |requirement| SecurityRequirement {
                scheme: text(&requirement.scheme),
                scopes: texts(&requirement.scopes),
            })
        }),
        servers: list(&operation.servers, server),
        input: schema(&operation.input),
        published: operation.published.as_ref().map(schema),
        output: operation.output.as_ref().map(schema),
        example: operation.example.as_ref().map(|example| Example {
            status: example.status,
            media_type: text(&example.media_type),
            body: text(&example.body),
        }),
    }
}

fn parameter(parameter: &ir::Parameter) -> Parameter {
    Parameter {
        argument: text(&parameter.argument),
        name: text(&parameter.name),
        location: location(parameter.location),
        required: parameter.required,
        style: style(parameter.style),
        explode: parameter.explode,
        allow_reserved: parameter.allow_reserved,
        allow_empty_value: parameter.allow_empty_value,
        content: optional(&parameter.content),
        bind: parameter.bind.map(binding),
    }
}

fn request_body(body: &ir::RequestBody) -> RequestBody {
    RequestBody {
        required: body.required,
        content: match &body.content {
            ir::Content::Properties(properties) => {
                Content::Properties(list(properties, |property| Property {
                    argument: text(&property.argument),
                    name: text(&property.name),
                    encoding: encoding(&property.encoding),
                    bind: property.bind.map(binding),
                }))
            }
            ir::Content::Argument(argument, one) => {
                Content::Argument(text(argument), encoding(one))
            }
        },
        media_types: texts(&body.media_types),
        media_type_argument: optional(&body.media_type_argument),
    }
}

fn encoding(encoding: &ir::Encoding) -> Encoding {
    Encoding {
        binary: encoding.binary,
        content_type: optional(&encoding.content_type),
        headers: list(&encoding.headers, |(name, value)| (text(name), text(value))),
        style: encoding.style.map(style),
        explode: encoding.explode,
        allow_reserved: encoding.allow_reserved,
    }
}

fn server(server: &ir::Server) -> Server {
    Server {
        url: text(&server.url),
        variables: list(&server.variables, |variable| ServerVariable {
            name: text(&variable.name),
            default: text(&variable.default),
            allowed: texts(&variable.allowed),
        }),
    }
}

fn security_scheme(scheme: &ir::SecurityScheme) -> SecurityScheme {
    SecurityScheme {
        name: text(&scheme.name),
        kind: match &scheme.kind {
            ir::SecurityKind::ApiKey { location, name } => SecurityKind::ApiKey {
                location: self::location(*location),
                name: text(name),
            },
            ir::SecurityKind::Basic => SecurityKind::Basic,
            ir::SecurityKind::Bearer => SecurityKind::Bearer,
            ir::SecurityKind::Http(scheme) => SecurityKind::Http(text(scheme)),
            ir::SecurityKind::MutualTls => SecurityKind::MutualTls,
        },
    }
}

fn location(location: ir::In) -> In {
    match location {
        ir::In::Path => In::Path,
        ir::In::Query => In::Query,
        ir::In::QueryString => In::QueryString,
        ir::In::Header => In::Header,
        ir::In::Cookie => In::Cookie,
    }
}

fn style(style: ir::Style) -> Style {
    match style {
        ir::Style::Simple => Style::Simple,
        ir::Style::Label => Style::Label,
        ir::Style::Matrix => Style::Matrix,
        ir::Style::Form => Style::Form,
        ir::Style::SpaceDelimited => Style::SpaceDelimited,
        ir::Style::PipeDelimited => Style::PipeDelimited,
        ir::Style::TabDelimited => Style::TabDelimited,
        ir::Style::DeepObject => Style::DeepObject,
        ir::Style::Cookie => Style::Cookie,
    }
}

fn binding(binding: ir::Binding) -> Binding {
    match binding {
        ir::Binding::Workspace => Binding::Workspace,
    }
}
