//! The objects of the specification: their fields, what these hold, and since which version.

use super::rules::{self, Rule};
use super::version::Version;

/// An object of the specification.
pub(super) struct Object {
    pub(super) fields: &'static [Field],
    /// What fields of all other names hold; none if there are no others.
    pub(super) others: Option<Holds>,
    /// What its fields have to be to each other.
    pub(super) rules: &'static [Rule],
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    pub(super) since: Version,
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// What is looked at elsewhere.
    Any,
    Text,
    Flag,
    List,
    Map,
    One(&'static Object),
    ListOf(&'static Object),
    MapOf(&'static Object),
    /// Header Objects by the names of headers.
    Headers,
    Schema,
    MapOfSchemas,
}

use Holds::{Any, Flag, Headers, List, ListOf, Map, MapOf, MapOfSchemas, One, Schema, Text};

const fn field(name: &'static str, holds: Holds) -> Field {
    since(Version::V3_0, name, holds)
}

const fn since(since: Version, name: &'static str, holds: Holds) -> Field {
    Field { name, holds, since }
}

const V3_1: Version = Version::V3_1;
const V3_2: Version = Version::V3_2;

pub(super) static DOCUMENT: Object = Object {
    fields: &[
        field("$schema", Any),
        field("openapi", Any),
        since(V3_2, "$self", Text),
        field("info", One(&INFO)),
        since(V3_1, "jsonSchemaDialect", Text),
        field("servers", ListOf(&SERVER)),
        field("paths", MapOf(&PATH_ITEM)),
        since(V3_1, "webhooks", MapOf(&PATH_ITEM)),
        field("components", One(&COMPONENTS)),
        field("security", List),
        field("tags", ListOf(&TAG)),
        field("externalDocs", Map),
    ],
    others: None,
    rules: &[],
};

static INFO: Object = Object {
    fields: &[
        field("title", Any),
        since(V3_1, "summary", Text),
        field("description", Any),
        field("termsOfService", Text),
        field("contact", Map),
        field("license", One(&LICENSE)),
        field("version", Any),
    ],
    others: None,
    rules: &[],
};

static LICENSE: Object = Object {
    fields: &[
        field("name", Text),
        since(V3_1, "identifier", Text),
        field("url", Text),
    ],
    others: None,
    rules: &[],
};

static SERVER: Object = Object {
    fields: &[
        field("url", Text),
        field("description", Any),
        since(V3_2, "name", Text),
        field("variables", MapOf(&SERVER_VARIABLE)),
    ],
    others: None,
    rules: &[],
};

static SERVER_VARIABLE: Object = Object {
    fields: &[
        field("enum", List),
        field("default", Any),
        field("description", Any),
    ],
    others: None,
    rules: &[Rule::Holds(rules::server_variable)],
};

static TAG: Object = Object {
    fields: &[
        field("name", Any),
        since(V3_2, "summary", Text),
        field("description", Any),
        field("externalDocs", Map),
        since(V3_2, "parent", Text),
        since(V3_2, "kind", Text),
    ],
    others: None,
    rules: &[],
};

static COMPONENTS: Object = Object {
    fields: &[
        field("schemas", MapOfSchemas),
        field("responses", MapOf(&RESPONSE)),
        field("parameters", MapOf(&PARAMETER)),
        field("examples", MapOf(&EXAMPLE)),
        field("requestBodies", MapOf(&REQUEST_BODY)),
        field("headers", MapOf(&HEADER)),
        field("securitySchemes", Map),
        field("links", Map),
        field("callbacks", Map),
        since(V3_1, "pathItems", MapOf(&PATH_ITEM)),
        since(V3_2, "mediaTypes", MapOf(&MEDIA_TYPE)),
    ],
    others: None,
    rules: &[],
};

static PATH_ITEM: Object = Object {
    fields: &[
        field("summary", Any),
        field("description", Any),
        field("get", One(&OPERATION)),
        field("put", One(&OPERATION)),
        field("post", One(&OPERATION)),
        field("delete", One(&OPERATION)),
        field("options", One(&OPERATION)),
        field("head", One(&OPERATION)),
        field("patch", One(&OPERATION)),
        field("trace", One(&OPERATION)),
        since(V3_2, "query", One(&OPERATION)),
        since(V3_2, "additionalOperations", MapOf(&OPERATION)),
        field("servers", ListOf(&SERVER)),
        field("parameters", ListOf(&PARAMETER)),
    ],
    others: None,
    rules: &[Rule::Holds(rules::path_item)],
};

static OPERATION: Object = Object {
    fields: &[
        field("tags", List),
        field("summary", Any),
        field("description", Any),
        field("externalDocs", Map),
        field("operationId", Text),
        field("parameters", ListOf(&PARAMETER)),
        field("requestBody", One(&REQUEST_BODY)),
        field("responses", One(&RESPONSES)),
        field("callbacks", Map),
        field("deprecated", Flag),
        field("security", List),
        field("servers", ListOf(&SERVER)),
    ],
    others: None,
    rules: &[],
};

static PARAMETER: Object = Object {
    fields: &[
        field("name", Any),
        field("in", Any),
        field("description", Any),
        field("required", Flag),
        field("deprecated", Flag),
        field("allowEmptyValue", Flag),
        field("style", Text),
        field("explode", Flag),
        field("allowReserved", Flag),
        field("schema", Schema),
        field("content", MapOf(&MEDIA_TYPE)),
        field("example", Any),
        field("examples", MapOf(&EXAMPLE)),
    ],
    others: None,
    rules: &[
        Rule::Holds(rules::parameter),
        Rule::Apart("example", "examples"),
        Rule::Apart("schema", "content"),
    ],
};

pub(super) static HEADER: Object = Object {
    fields: &[
        field("description", Any),
        field("required", Flag),
        field("deprecated", Flag),
        field("allowEmptyValue", Flag),
        field("style", Text),
        field("explode", Flag),
        field("allowReserved", Flag),
        field("schema", Schema),
        field("content", MapOf(&MEDIA_TYPE)),
        field("example", Any),
        field("examples", MapOf(&EXAMPLE)),
    ],
    others: None,
    rules: &[
        Rule::Apart("example", "examples"),
        Rule::Apart("schema", "content"),
    ],
};

static REQUEST_BODY: Object = Object {
    fields: &[
        field("description", Any),
        field("content", MapOf(&MEDIA_TYPE)),
        field("required", Flag),
    ],
    others: None,
    rules: &[],
};

static MEDIA_TYPE: Object = Object {
    fields: &[
        since(V3_2, "description", Any),
        field("schema", Schema),
        since(V3_2, "itemSchema", Schema),
        field("example", Any),
        field("examples", MapOf(&EXAMPLE)),
        field("encoding", MapOf(&ENCODING)),
        since(V3_2, "prefixEncoding", ListOf(&ENCODING)),
        since(V3_2, "itemEncoding", One(&ENCODING)),
    ],
    others: None,
    rules: &[
        Rule::Apart("example", "examples"),
        Rule::Apart("encoding", "prefixEncoding"),
        Rule::Apart("encoding", "itemEncoding"),
    ],
};

static ENCODING: Object = Object {
    fields: &[
        field("contentType", Text),
        field("headers", Headers),
        field("style", Text),
        field("explode", Flag),
        field("allowReserved", Flag),
        since(V3_2, "encoding", MapOf(&ENCODING)),
        since(V3_2, "prefixEncoding", ListOf(&ENCODING)),
        since(V3_2, "itemEncoding", One(&ENCODING)),
    ],
    others: None,
    rules: &[
        Rule::Apart("encoding", "prefixEncoding"),
        Rule::Apart("encoding", "itemEncoding"),
    ],
};

static RESPONSES: Object = Object {
    fields: &[],
    others: Some(One(&RESPONSE)),
    rules: &[],
};

static RESPONSE: Object = Object {
    fields: &[
        since(V3_2, "summary", Any),
        field("description", Any),
        field("headers", Headers),
        field("content", MapOf(&MEDIA_TYPE)),
        field("links", Map),
    ],
    others: None,
    rules: &[],
};

static EXAMPLE: Object = Object {
    fields: &[
        field("summary", Any),
        field("description", Any),
        field("value", Any),
        since(V3_2, "dataValue", Any),
        since(V3_2, "serializedValue", Text),
        field("externalValue", Text),
    ],
    others: None,
    rules: &[
        Rule::Apart("value", "externalValue"),
        Rule::Apart("value", "dataValue"),
        Rule::Apart("value", "serializedValue"),
        Rule::Apart("serializedValue", "externalValue"),
    ],
};
