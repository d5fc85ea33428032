//! Fields that a version of OpenAPI does not have where they stand, and such that hold what they
//! cannot: mistakes that would otherwise go by in silence, since nobody looks at such a field.

use std::borrow::Cow;

use serde_json::Value;

use super::keyword::{self, Form};
use super::node::kind;
use super::pointer::join;
use super::rules::{self, Rule};
use super::version::Version;
use crate::diagnostic::Diagnostic;

/// How like a known name an unknown one is that may be a slip of it.
const ALIKE: f64 = 0.7;

/// An object of the specification.
struct Object {
    fields: &'static [Field],
    /// What fields of all other names hold; none if there are no others.
    others: Option<Holds>,
    /// What its fields have to be to each other.
    rules: &'static [Rule],
}

struct Field {
    name: &'static str,
    holds: Holds,
    since: Version,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds {
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

static DOCUMENT: Object = Object {
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

static HEADER: Object = Object {
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

/// Looks through a description of OpenAPI 3.
pub(super) fn check(root: &Value, version: Version) -> Vec<Diagnostic> {
    let mut check = Check {
        root,
        version,
        path: Vec::new(),
        found: Vec::new(),
    };
    check.object(root, &DOCUMENT);
    check.found
}

struct Check<'d> {
    root: &'d Value,
    version: Version,
    path: Vec<Cow<'d, str>>,
    found: Vec<Diagnostic>,
}

impl<'d> Check<'d> {
    fn object(&mut self, value: &'d Value, object: &'static Object) {
        let Some(members) = value.as_object() else {
            // Whoever needs it tells that it is none.
            return;
        };
        if members.contains_key("$ref") {
            return;
        }
        for rule in object.rules {
            for broken in rule.broken(members, self.root, self.version) {
                self.note_below(&broken.at, broken.message, broken.help);
            }
        }
        for (name, value) in members {
            let known = object.fields.iter().find(|field| field.name == name);
            self.path.push(name.into());
            match (known, object.others) {
                _ if name.starts_with("x-") => {}
                (Some(field), _) if field.since > self.version => {
                    let since = if field.since == V3_1 { "3.1" } else { "3.2" };
                    self.note(
                        format!(
                            "`{name}` is a field of OpenAPI {since} and later; it may be ignored"
                        ),
                        "say the version that the description follows",
                    );
                }
                (Some(field), _) => self.value(value, field.holds),
                (None, Some(holds)) => self.value(value, holds),
                (None, None) => self.unknown(name, object),
            }
            self.path.pop();
        }
    }

    fn value(&mut self, value: &'d Value, holds: Holds) {
        let wanted = match (holds, value) {
            (Any, _) | (_, Value::Null) => return,
            (Text, Value::String(_)) | (Flag, Value::Bool(_)) => return,
            (List, Value::Array(_)) | (Map, Value::Object(_)) => return,
            (One(object), Value::Object(_)) => return self.object(value, object),
            (MapOf(object), Value::Object(members)) => {
                for (name, value) in members.iter().filter(|(name, _)| !name.starts_with("x-")) {
                    self.path.push(name.into());
                    self.object(value, object);
                    self.path.pop();
                }
                return;
            }
            (Headers, Value::Object(members)) => {
                for (name, value) in members {
                    self.path.push(name.into());
                    if let Some(broken) = rules::header_name(name) {
                        self.note(broken.message, broken.help);
                    }
                    self.object(value, &HEADER);
                    self.path.pop();
                }
                return;
            }
            (Schema, _) => return self.schema(value),
            (MapOfSchemas, Value::Object(members)) => {
                for (name, value) in members {
                    self.path.push(name.into());
                    self.schema(value);
                    self.path.pop();
                }
                return;
            }
            (ListOf(object), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.path.push(index.to_string().into());
                    self.object(value, object);
                    self.path.pop();
                }
                return;
            }
            (Text, _) => "a text",
            (Flag, _) => "`true` or `false`",
            (List | ListOf(_), _) => "a list",
            (Map | MapOf(_) | MapOfSchemas | Headers | One(_), _) => "an object",
        };
        self.note(
            format!("the field holds {}; it is ignored", kind(value)),
            format!("write {wanted}"),
        );
    }

    /// Looks for what schemas say of XML, as far as there are rules for it.
    fn schema(&mut self, schema: &'d Value) {
        let Some(members) = schema.as_object().filter(|_| self.version >= V3_2) else {
            return;
        };
        for (keyword, value) in members {
            self.path.push(keyword.into());
            match (keyword::of(keyword).map(|keyword| keyword.form), value) {
                (Some(Form::One), Value::Object(_)) => self.schema(value),
                (Some(Form::Named), Value::Object(schemas)) => {
                    for (name, schema) in schemas {
                        self.path.push(name.into());
                        self.schema(schema);
                        self.path.pop();
                    }
                }
                (Some(Form::One | Form::List), Value::Array(schemas)) => {
                    for (index, schema) in schemas.iter().enumerate() {
                        self.path.push(index.to_string().into());
                        self.schema(schema);
                        self.path.pop();
                    }
                }
                (None, Value::Object(xml)) if keyword == "xml" => {
                    for rule in rules::XML {
                        for broken in rule.broken(xml, self.root, self.version) {
                            self.note_below(&broken.at, broken.message, broken.help);
                        }
                    }
                }
                _ => {}
            }
            self.path.pop();
        }
    }

    fn unknown(&mut self, name: &str, object: &'static Object) {
        let names = object
            .fields
            .iter()
            .filter(|field| field.since <= self.version);
        let alike = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
        let nearest = names
            .map(|field| (alike(field.name), field.name))
            .filter(|(alike, _)| *alike > ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let help = match nearest {
            Some((_, meant)) => format!("did you mean `{meant}`?"),
            None => "leave it out, or begin its name with `x-`".to_owned(),
        };
        self.note(
            format!("there is no field `{name}` here; it is ignored"),
            help,
        );
    }

    fn note(&mut self, message: String, help: impl Into<String>) {
        self.note_below("", message, help);
    }

    /// `below` is a JSON pointer from here on.
    fn note_below(&mut self, below: &str, message: String, help: impl Into<String>) {
        let at = self.path.iter();
        let at = at.fold(String::new(), |at, token| join(&at, token));
        let at = format!("{at}{below}");
        self.found.push(Diagnostic::note(at, message, help));
    }
}
