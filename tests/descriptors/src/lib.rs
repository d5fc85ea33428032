//! What the generator lowers a description to, as the constants that it would write down: a
//! description is served and called without building its crate.

use std::collections::BTreeMap;

use generator::ir;
use runtime::codegen::{
    Access, Alias, Binding, Catalog, Content, Definition, Encoding, Example, In, Operation,
    PageSize, Paging, PagingEnd, PagingNext, Parameter, Property, Repeated, RequestBody, Schema,
    SecurityKind, SecurityScheme, Server, ServerVariable, Style, Tag,
};

/// Where descriptors are kept. Their types are those of constants, which live as long as the
/// program.
pub trait Room {
    /// Keeps a text.
    fn text(&self, text: &str) -> &'static str;
    /// Keeps a list.
    fn list<T: 'static>(&self, items: impl Iterator<Item = T>) -> &'static [T];
}

/// Room that is never given back.
#[derive(Clone, Copy, Debug)]
pub struct Leaked;

impl Room for Leaked {
    fn text(&self, text: &str) -> &'static str {
        text.to_owned().leak()
    }

    fn list<T: 'static>(&self, items: impl Iterator<Item = T>) -> &'static [T] {
        items.collect::<Vec<_>>().leak()
    }
}

/// The catalogue of the crate that would be written for `api` under the name `name`, kept for as
/// long as the program runs.
#[must_use]
pub fn catalogue(name: &str, api: &ir::Api) -> &'static Catalog {
    let describe = Describe::new(api, Leaked);
    let operations = api
        .operations
        .iter()
        .map(|one| &*Box::leak(Box::new(describe.operation(one))));
    let operations: &'static [&'static Operation] = Leaked.list(operations);
    Box::leak(Box::new(Catalog {
        name: Leaked.text(name),
        server_name: Leaked.text(name),
        title: Leaked.text(&api.title),
        version: Leaked.text(&api.version),
        summary: Leaked.text(&api.summary),
        description: Leaked.text(&api.description),
        servers: describe.list(&api.servers, |one| describe.server(one)),
        tags: describe.list(&api.tags, |one| Tag {
            name: describe.text(&one.name),
            description: describe.text(&one.description),
        }),
        logo: api.logo.as_deref().map(|logo| Leaked.text(logo)),
        repeated: describe.list(&api.repeated, |one| Repeated {
            argument: describe.optional(&one.argument),
            text: describe.text(&one.text),
        }),
        security_schemes: describe.list(&api.security_schemes, |one| describe.security_scheme(one)),
        search_mode: api.search_mode,
        operations: Leaked.list([operations].into_iter()),
    }))
}

/// The descriptor of an operation whose schemas refer to no definitions.
pub fn operation(operation: &ir::Operation, room: impl Room) -> Operation {
    Describe::new(&ir::Api::default(), room).operation(operation)
}

/// Makes descriptors of what an API holds.
struct Describe<'a, R> {
    room: R,
    api: &'a ir::Api,
    /// The definitions by name. They may refer to each other in circles, in which no constant
    /// could be made first: so they name none, and each schema names all that it reaches.
    definitions: BTreeMap<&'a str, &'static Definition>,
}

impl<'a, R: Room> Describe<'a, R> {
    fn new(api: &'a ir::Api, room: R) -> Describe<'a, R> {
        let definitions = api.definitions.iter().map(|(name, schema)| {
            let definition = Definition {
                name: room.text(name),
                schema: Schema {
                    json: room.text(&schema.json.to_string()),
                    definitions: &[],
                },
            };
            (name.as_str(), room.list(std::iter::once(definition)))
        });
        let definitions = definitions.filter_map(|(name, made)| Some((name, made.first()?)));
        Describe {
            definitions: definitions.collect(),
            room,
            api,
        }
    }

    fn text(&self, text: &str) -> &'static str {
        self.room.text(text)
    }

    fn optional(&self, text: &Option<String>) -> Option<&'static str> {
        text.as_deref().map(|text| self.text(text))
    }

    fn texts(&self, texts: &[String]) -> &'static [&'static str] {
        self.list(texts, |one| self.text(one))
    }

    fn list<T, U: 'static>(&self, items: &[T], twin: impl Fn(&T) -> U) -> &'static [U] {
        self.room.list(items.iter().map(twin))
    }

    /// A schema with all definitions that it reaches.
    fn schema(&self, schema: &ir::Schema) -> Schema {
        let mut reached: BTreeMap<&str, &'static Definition> = BTreeMap::new();
        let mut waiting: Vec<&String> = schema.definitions.iter().collect();
        while let Some(name) = waiting.pop() {
            if let (Some(definition), Some(made)) = (
                self.api.definitions.get(name),
                self.definitions.get(name.as_str()),
            ) && reached.insert(name, made).is_none()
            {
                waiting.extend(&definition.definitions);
            }
        }
        Schema {
            json: self.text(&schema.json.to_string()),
            definitions: self.room.list(reached.into_values()),
        }
    }

    fn paging(&self, paging: &ir::Paging) -> Paging {
        Paging {
            argument: self.text(&paging.argument),
            next: match &paging.next {
                ir::PagingNext::Value(at) => PagingNext::Value(self.text(at)),
                ir::PagingNext::LastItem(name) => PagingNext::LastItem(self.text(name)),
                ir::PagingNext::Offset(first) => PagingNext::Offset(*first),
                ir::PagingNext::Page(first) => PagingNext::Page(*first),
                ir::PagingNext::PageAfter(at) => PagingNext::PageAfter(self.optional(at)),
            },
            size: paging.size.as_ref().map(|size| PageSize {
                argument: self.text(&size.argument),
                default: size.default,
            }),
            items: self.optional(&paging.items),
            end: paging.end.as_ref().map(|end| match end {
                ir::PagingEnd::Total(at) => PagingEnd::Total(self.text(at)),
                ir::PagingEnd::Pages(at) => PagingEnd::Pages(self.text(at)),
                ir::PagingEnd::More(at) => PagingEnd::More(self.text(at)),
                ir::PagingEnd::Last(at) => PagingEnd::Last(self.text(at)),
            }),
        }
    }

    fn operation(&self, operation: &ir::Operation) -> Operation {
        let schema = |schema: &ir::Schema| self.schema(schema);
        Operation {
            name: self.text(&operation.name),
            title: self.text(&operation.title),
            description: self.text(&operation.description),
            brief: self.optional(&operation.brief),
            aliases: self.list(&operation.aliases, |alias| Alias {
                name: self.text(&alias.name),
                until: self.optional(&alias.until),
                calls: alias.calls,
            }),
            phrases: self.texts(&operation.phrases),
            tags: self.texts(&operation.tags),
            operation_id: self.optional(&operation.operation_id),
            method: self.text(&operation.method),
            path: self.text(&operation.path),
            access: match operation.access {
                ir::Access::Read => Access::Read,
                ir::Access::Write => Access::Write,
            },
            destructive: operation.destructive,
            idempotent: operation.idempotent,
            pinned: operation.pinned,
            cost: operation.cost,
            open_world: operation.open_world,
            parameters: self.list(&operation.parameters, |one| self.parameter(one)),
            request_body: operation
                .request_body
                .as_ref()
                .map(|body| self.request_body(body)),
            accept: self.text(&operation.accept),
            response_headers: self.texts(&operation.response_headers),
            long_answers: operation.long_answers,
            paging: operation.paging.as_ref().map(|paging| self.paging(paging)),
            security: self.list(&operation.security, |schemes| self.texts(schemes)),
            servers: self.list(&operation.servers, |one| self.server(one)),
            input: schema(&operation.input),
            published: operation.published.as_ref().map(schema),
            output: operation.output.as_ref().map(schema),
            published_output: operation.published_output.as_ref().map(schema),
            example: operation.example.as_ref().map(|example| Example {
                status: example.status,
                media_type: self.text(&example.media_type),
                body: self.text(&example.body),
            }),
        }
    }

    fn parameter(&self, parameter: &ir::Parameter) -> Parameter {
        Parameter {
            argument: self.text(&parameter.argument),
            name: self.text(&parameter.name),
            location: location(parameter.location),
            required: parameter.required,
            style: style(parameter.style),
            explode: parameter.explode,
            item_styles: self.list(&parameter.item_styles, |one| style(*one)),
            allow_reserved: parameter.allow_reserved,
            allow_empty_value: parameter.allow_empty_value,
            content: self.optional(&parameter.content),
            encodings: self.list(&parameter.encodings, |(name, one)| {
                (self.text(name), self.encoding(one))
            }),
            bind: parameter.bind.map(binding),
        }
    }

    fn request_body(&self, body: &ir::RequestBody) -> RequestBody {
        RequestBody {
            required: body.required,
            content: match &body.content {
                ir::Content::Properties(properties) => {
                    Content::Properties(self.list(properties, |property| Property {
                        argument: self.text(&property.argument),
                        name: self.text(&property.name),
                        encoding: self.encoding(&property.encoding),
                        bind: property.bind.map(binding),
                    }))
                }
                ir::Content::Argument(argument, one) => {
                    Content::Argument(self.text(argument), self.encoding(one))
                }
                ir::Content::Members(argument, encodings) => Content::Members(
                    self.text(argument),
                    self.list(encodings, |(name, one)| {
                        (self.text(name), self.encoding(one))
                    }),
                ),
            },
            media_types: self.texts(&body.media_types),
            media_type_argument: self.optional(&body.media_type_argument),
        }
    }

    fn encoding(&self, encoding: &ir::Encoding) -> Encoding {
        Encoding {
            binary: encoding.binary,
            content_type: self.optional(&encoding.content_type),
            headers: self.list(&encoding.headers, |(name, value)| {
                (self.text(name), self.text(value))
            }),
            style: encoding.style.map(style),
            explode: encoding.explode,
            item_styles: self.list(&encoding.item_styles, |one| style(*one)),
            allow_reserved: encoding.allow_reserved,
        }
    }

    fn server(&self, server: &ir::Server) -> Server {
        Server {
            url: self.text(&server.url),
            variables: self.list(&server.variables, |variable| ServerVariable {
                name: self.text(&variable.name),
                default: self.text(&variable.default),
                allowed: self.texts(&variable.allowed),
            }),
        }
    }

    fn security_scheme(&self, scheme: &ir::SecurityScheme) -> SecurityScheme {
        SecurityScheme {
            name: self.text(&scheme.name),
            kind: match &scheme.kind {
                ir::SecurityKind::ApiKey { location, name } => SecurityKind::ApiKey {
                    location: self::location(*location),
                    name: self.text(name),
                },
                ir::SecurityKind::Basic => SecurityKind::Basic,
                ir::SecurityKind::Bearer => SecurityKind::Bearer,
                ir::SecurityKind::Http(scheme) => SecurityKind::Http(self.text(scheme)),
                ir::SecurityKind::MutualTls => SecurityKind::MutualTls,
            },
        }
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
