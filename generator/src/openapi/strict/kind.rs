//! The objects of OpenAPI 3.0, and the objects in them.

use serde_json::{Value, json};

/// An object of the specification that openapiv3 has a type for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Description,
    Info,
    Server,
    ServerVariable,
    Tag,
    Components,
    Paths,
    PathItem,
    Operation,
    Parameter,
    RequestBody,
    MediaType,
    Encoding,
    Responses,
    Response,
    Header,
    Example,
    Link,
    Callback,
    SecurityScheme,
    Schema,
}

/// How a field holds objects.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// As its value.
    One,
    /// As its value; a boolean is something else.
    OneOrFlag,
    /// As the items of a list.
    List,
    /// As the members of a map.
    Map,
}

/// A field that holds objects.
pub(super) type Field = (&'static str, Shape, Kind);

/// What a reference in place of an object costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// What it leads to belongs to the object with the reference.
    Followed,
    /// What it leads to is judged once, by itself.
    Shared,
    /// There is none here; a field `$ref` is unknown.
    Absent,
}

use Shape::{List, Map, One, OneOrFlag};

impl Kind {
    /// The fields that hold objects, but for those of [`Kind::members`].
    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Kind::Description => &[
                ("info", One, Kind::Info),
                ("servers", List, Kind::Server),
                ("tags", List, Kind::Tag),
                ("paths", One, Kind::Paths),
                ("components", One, Kind::Components),
            ],
            Kind::Server => &[("variables", Map, Kind::ServerVariable)],
            Kind::Components => &[
                ("schemas", Map, Kind::Schema),
                ("responses", Map, Kind::Response),
                ("parameters", Map, Kind::Parameter),
                ("examples", Map, Kind::Example),
                ("requestBodies", Map, Kind::RequestBody),
                ("headers", Map, Kind::Header),
                ("securitySchemes", Map, Kind::SecurityScheme),
                ("links", Map, Kind::Link),
                ("callbacks", Map, Kind::Callback),
            ],
            Kind::PathItem => &[
                ("servers", List, Kind::Server),
                ("parameters", List, Kind::Parameter),
                ("get", One, Kind::Operation),
                ("put", One, Kind::Operation),
                ("post", One, Kind::Operation),
                ("delete", One, Kind::Operation),
                ("options", One, Kind::Operation),
                ("head", One, Kind::Operation),
                ("patch", One, Kind::Operation),
                ("trace", One, Kind::Operation),
            ],
            Kind::Operation => &[
                ("parameters", List, Kind::Parameter),
                ("requestBody", One, Kind::RequestBody),
                ("responses", One, Kind::Responses),
                ("servers", List, Kind::Server),
                ("callbacks", Map, Kind::Callback),
            ],
            Kind::Parameter | Kind::Header => &[
                ("schema", One, Kind::Schema),
                ("content", Map, Kind::MediaType),
                ("examples", Map, Kind::Example),
            ],
            Kind::RequestBody => &[("content", Map, Kind::MediaType)],
            Kind::MediaType => &[
                ("schema", One, Kind::Schema),
                ("examples", Map, Kind::Example),
                ("encoding", Map, Kind::Encoding),
            ],
            Kind::Encoding => &[("headers", Map, Kind::Header)],
            Kind::Response => &[
                ("headers", Map, Kind::Header),
                ("content", Map, Kind::MediaType),
                ("links", Map, Kind::Link),
            ],
            Kind::Schema => &[
                ("properties", Map, Kind::Schema),
                ("items", One, Kind::Schema),
                ("additionalProperties", OneOrFlag, Kind::Schema),
                ("allOf", List, Kind::Schema),
                ("anyOf", List, Kind::Schema),
                ("oneOf", List, Kind::Schema),
                ("not", One, Kind::Schema),
            ],
            Kind::Paths
            | Kind::Responses
            | Kind::Callback
            | Kind::Example
            | Kind::Info
            | Kind::Link
            | Kind::SecurityScheme
            | Kind::ServerVariable
            | Kind::Tag => &[],
        }
    }

    /// What all members are, where an object is a map itself.
    pub(super) fn members(self) -> Option<Kind> {
        match self {
            Kind::Paths | Kind::Callback => Some(Kind::PathItem),
            Kind::Responses => Some(Kind::Response),
            _ => None,
        }
    }

    /// Fields that hold data of any form, with which nothing can be wrong.
    pub(super) fn data(self) -> &'static [&'static str] {
        match self {
            Kind::Schema => &["example", "default"],
            Kind::Parameter | Kind::Header | Kind::MediaType => &["example"],
            Kind::Example => &["value"],
            Kind::Link => &["requestBody"],
            _ => &[],
        }
    }

    /// The meaning of a reference in place of an object of this kind in one of the kind
    /// `around`.
    pub(super) fn reference(self, around: Kind) -> Reference {
        match (self, around) {
            (Kind::PathItem, Kind::Paths) => Reference::Followed,
            (Kind::Parameter | Kind::RequestBody | Kind::Response, _) => Reference::Followed,
            (
                Kind::Schema
                | Kind::Header
                | Kind::Example
                | Kind::Link
                | Kind::Callback
                | Kind::SecurityScheme,
                _,
            ) => Reference::Shared,
            _ => Reference::Absent,
        }
    }

    /// The placeholder for an object of this kind while the object around it is read.
    pub(super) fn placeholder(self) -> Value {
        match self {
            Kind::Operation => json!({"responses": {}}),
            Kind::Callback => json!({}),
            Kind::Info => json!({"title": "", "version": ""}),
            Kind::Server => json!({"url": ""}),
            Kind::ServerVariable => json!({"default": ""}),
            Kind::Tag => json!({"name": ""}),
            // Where no reference can be, the field `$ref` is unknown.
            _ => json!({"$ref": "#"}),
        }
    }

    /// A value that is right for a field that is required, by itself or beside others.
    pub(super) fn right(self, field: &str) -> Option<Value> {
        match (self, field) {
            (Kind::Description, "paths") | (Kind::Operation, "responses") => Some(json!({})),
            (Kind::Parameter, "in") => Some(json!("query")),
            (Kind::Parameter | Kind::Header, "schema") => Some(json!({"$ref": "#"})),
            (Kind::Parameter | Kind::Header, "content") => Some(json!({})),
            (Kind::SecurityScheme, "in") => Some(json!("header")),
            (Kind::SecurityScheme, "flows") => Some(json!({})),
            (Kind::Description, "openapi")
            | (Kind::Info, "title" | "version")
            | (Kind::Server, "url")
            | (Kind::ServerVariable, "default")
            | (Kind::Tag, "name")
            | (Kind::Parameter, "name")
            | (Kind::Response, "description")
            | (Kind::Link, "operationId" | "operationRef")
            | (Kind::SecurityScheme, "name" | "scheme" | "openIdConnectUrl") => Some(json!("")),
            _ => None,
        }
    }

    /// As the specification calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Description => "OpenAPI Object",
            Kind::Info => "Info Object",
            Kind::Server => "Server Object",
            Kind::ServerVariable => "Server Variable Object",
            Kind::Tag => "Tag Object",
            Kind::Components => "Components Object",
            Kind::Paths => "Paths Object",
            Kind::PathItem => "Path Item Object",
            Kind::Operation => "Operation Object",
            Kind::Parameter => "Parameter Object",
            Kind::RequestBody => "Request Body Object",
            Kind::MediaType => "Media Type Object",
            Kind::Encoding => "Encoding Object",
            Kind::Responses => "Responses Object",
            Kind::Response => "Response Object",
            Kind::Header => "Header Object",
            Kind::Example => "Example Object",
            Kind::Link => "Link Object",
            Kind::Callback => "Callback Object",
            Kind::SecurityScheme => "Security Scheme Object",
            Kind::Schema => "Schema Object",
        }
    }
}
