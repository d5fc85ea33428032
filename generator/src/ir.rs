//! The neutral model between reading and writing: plain data, no OpenAPI types, no tokens.
//!
//! [`Api`] says what the generated crate will say, with every decision taken: names are final and
//! unique, references resolved or turned into definitions, defaults filled in. Writing it out
//! needs no more thought. Terms are those of the OpenAPI Specification unless said otherwise.
//!
//! What derives `Serialize` is written into the crate field by field, under the names of the
//! runtime's types. What is not for calls, or is written in a form of its own, is skipped.

mod api;
mod argument;
mod paging;

use serde::Serialize;
use serde_json::{Value, json};

pub use api::{Api, Repeated, Tag};
pub use argument::{Argument, ArgumentType};
pub use paging::{PageSize, Paging, PagingEnd, PagingNext};

/// One operation, which becomes one tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    /// Tool name: `^[A-Za-z0-9_-]{1,64}$`, unique.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Description for the model.
    pub description: String,
    /// What clients are shown instead of `description`, where that is longer than a list has room for.
    pub brief: Option<String>,
    /// Earlier names that the tool answers to.
    pub aliases: Vec<Alias>,
    /// Phrases that people use for the operation.
    pub phrases: Vec<String>,
    /// All tags, each once, in order.
    pub tags: Vec<String>,
    /// First tag, or `default`: the module the operation is written to.
    #[serde(skip)]
    pub tag: String,
    /// `operationId` as spelled in the description.
    pub operation_id: Option<String>,
    /// HTTP method in upper case.
    pub method: String,
    /// Path template; each `{name}` has a parameter with [`In::Path`].
    pub path: String,
    /// Whether the tool changes anything.
    pub access: Access,
    /// MCP `destructiveHint`.
    pub destructive: bool,
    /// MCP `idempotentHint`.
    pub idempotent: bool,
    /// True where search mode lists the tool beside its own.
    pub pinned: bool,
    /// What a call counts in the quota of its workspace.
    pub cost: u32,
    /// MCP `openWorldHint`, where it is not that of the access: false for reads, true for writes.
    pub open_world: Option<bool>,
    /// Parameters of path item and operation, merged.
    pub parameters: Vec<Parameter>,
    /// The body, where there is one.
    pub request_body: Option<RequestBody>,
    /// Value of the `Accept` header: the media types of success, and others rather than nothing.
    pub accept: String,
    /// The header fields that responses of success declare: names in lower case, in order.
    pub response_headers: Vec<String>,
    /// Declared responses, in order of the description: for reports, not for calls.
    #[serde(skip)]
    pub responses: Vec<Response>,
    /// True where answers are lists that can be long: clients choose parts of them.
    pub long_answers: bool,
    /// How the pages of the answers follow each other, where that is known.
    pub paging: Option<Paging>,
    /// Alternatives (OR) of sets of scheme names (AND).
    pub security: Vec<Vec<String>>,
    /// The scopes that each scheme of `security` asks for, in its order: for reports only.
    #[serde(skip)]
    pub scopes: Vec<Vec<Vec<String>>>,
    /// Servers that replace those of the document.
    pub servers: Vec<Server>,
    /// Schema of the arguments; root `type: object`.
    #[serde(skip)]
    pub input: Schema,
    /// The members of `input`, as code that calls the tool sets them.
    #[serde(skip)]
    pub arguments: Vec<Argument>,
    /// What clients are shown instead of `input`, where that is too large: looser than it.
    #[serde(skip)]
    pub published: Option<Schema>,
    /// Schema of the structured content; root `type: object`.
    #[serde(skip)]
    pub output: Option<Schema>,
    /// What clients are shown instead of `output`, where that is too large: looser than it.
    #[serde(skip)]
    pub published_output: Option<Schema>,
    /// The answer in mock mode.
    #[serde(skip)]
    pub example: Option<Example>,
}

/// An earlier name of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// The last day on which it is answered, in UTC: `2027-03-31`. Without one it has no end.
    pub until: Option<String>,
    /// True where it calls the tool. Otherwise a call is answered with an error that names the tool.
    pub calls: bool,
}

impl Default for Operation {
    /// A read of `/` without parameters: what emitted constants differ from.
    fn default() -> Operation {
        Operation {
            name: String::new(),
            title: String::new(),
            description: String::new(),
            brief: None,
            aliases: Vec::new(),
            phrases: Vec::new(),
            tags: Vec::new(),
            tag: String::new(),
            operation_id: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            access: Access::Read,
            destructive: false,
            idempotent: true,
            pinned: false,
            cost: 1,
            open_world: None,
            parameters: Vec::new(),
            request_body: None,
            accept: "application/json, */*;q=0.1".to_owned(),
            response_headers: Vec::new(),
            long_answers: false,
            paging: None,
            responses: Vec::new(),
            security: Vec::new(),
            scopes: Vec::new(),
            servers: Vec::new(),
            arguments: Vec::new(),
            input: Schema::no_arguments(),
            published: None,
            output: None,
            published_output: None,
            example: None,
        }
    }
}

/// What a tool may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Access {
    /// Reads only.
    Read,
    /// May change something.
    Write,
}

/// An argument that travels outside the body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// Name of the tool argument.
    pub argument: String,
    /// Name on the wire.
    pub name: String,
    /// Where it travels.
    pub location: In,
    /// Whether it must be given.
    pub required: bool,
    /// How it is written, unless `content` is given.
    pub style: Style,
    /// Whether items and properties are written separately.
    pub explode: bool,
    /// How the lists within a list are written, the outer ones first.
    pub item_styles: Vec<Style>,
    /// Whether reserved characters stay as they are.
    pub allow_reserved: bool,
    /// Whether an empty value may be sent.
    pub allow_empty_value: bool,
    /// Media type of a parameter described by `content`.
    pub content: Option<String>,
    /// How properties are written, by name, where `content` is a form.
    pub encodings: Vec<(String, Encoding)>,
    /// Where the value comes from, if not from the arguments.
    pub bind: Option<Binding>,
}

impl Parameter {
    /// A parameter as the specification has it where the description says no more: only those of
    /// the path are required (Parameter Object, `style` and `explode`).
    pub fn new(location: In, name: &str) -> Parameter {
        let (style, explode) = match location {
            In::Path | In::Header => (Style::Simple, false),
            In::Query | In::QueryString | In::Cookie => (Style::Form, true),
        };
        Parameter {
            argument: name.to_owned(),
            name: name.to_owned(),
            location,
            required: location == In::Path,
            style,
            explode,
            item_styles: Vec::new(),
            allow_reserved: false,
            allow_empty_value: false,
            content: None,
            encodings: Vec::new(),
            bind: None,
        }
    }
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum In {
    /// In the path.
    Path,
    /// In the query string.
    Query,
    /// As the whole query string.
    QueryString,
    /// As a header.
    Header,
    /// As a cookie.
    Cookie,
}

/// How a value is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Style {
    /// `a,b`
    Simple,
    /// `.a.b`
    Label,
    /// `;name=a`
    Matrix,
    /// `name=a`
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a|b`
    PipeDelimited,
    /// `name=a%09b` (`tsv` of Swagger 2.0)
    TabDelimited,
    /// `name[key]=a`
    DeepObject,
    /// `name=a`, as it is
    Cookie,
}

/// What fills a value that the caller does not choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Binding {
    /// The workspace the caller acts for.
    Workspace,
}

/// A request body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestBody {
    /// Whether it must be sent.
    pub required: bool,
    /// Which arguments make it up.
    pub content: Content,
    /// Media types that `content` can be written in, the best first; never empty.
    pub media_types: Vec<String>,
    /// Argument that selects one of several `media_types`.
    pub media_type_argument: Option<String>,
    /// Every media type the description offers, in its order: for reports, not for calls.
    #[serde(skip)]
    pub declared_media_types: Vec<String>,
}

/// Which arguments make up a body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Content {
    /// An object whose properties are beside the parameters.
    Properties(Vec<Property>),
    /// One argument that is the body.
    Argument(String, Encoding),
    /// One argument that is the body, an object, whose members are fields of a form or parts of a
    /// multipart body; and how these are written, by name. Others are written as the media type
    /// says.
    Members(String, Vec<(String, Encoding)>),
}

/// One property of an object body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Property {
    /// Name of the tool argument.
    pub argument: String,
    /// Name on the wire.
    pub name: String,
    /// Whether the body's schema requires it.
    #[serde(skip)]
    pub required: bool,
    /// How it is written in forms and multipart bodies.
    pub encoding: Encoding,
    /// Where the value comes from, if not from the arguments.
    pub bind: Option<Binding>,
}

impl Property {
    /// A property whose argument has its wire name, written as the media type says.
    pub fn new(name: &str) -> Property {
        Property {
            argument: name.to_owned(),
            name: name.to_owned(),
            required: false,
            encoding: Encoding::default(),
            bind: None,
        }
    }
}

/// How a value is written in a form or multipart body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Encoding {
    /// A file or other binary content.
    pub binary: bool,
    /// `contentType`, where given.
    pub content_type: Option<String>,
    /// Headers of the part, by name, of a multipart body.
    pub headers: Vec<(String, String)>,
    /// `style`, where given or implied by `explode` or `allowReserved`.
    pub style: Option<Style>,
    /// `explode`.
    pub explode: bool,
    /// How the lists within a list are written, the outer ones first.
    pub item_styles: Vec<Style>,
    /// `allowReserved`.
    pub allow_reserved: bool,
}

impl Default for Encoding {
    fn default() -> Self {
        Encoding {
            binary: false,
            content_type: None,
            headers: Vec::new(),
            style: None,
            explode: true,
            item_styles: Vec::new(),
            allow_reserved: false,
        }
    }
}

/// A declared response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// `200`, `2XX` or `default`.
    pub status: String,
    /// Media types of its content.
    pub media_types: Vec<String>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// URL template.
    pub url: String,
    /// Its variables.
    pub variables: Vec<ServerVariable>,
}

/// A variable of a server's URL.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerVariable {
    /// Name, as in the URL.
    pub name: String,
    /// The value used when none is configured.
    pub default: String,
    /// The only values allowed, if any are listed.
    pub allowed: Vec<String>,
}

/// A security scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SecurityScheme {
    /// Its name.
    pub name: String,
    /// What credential it wants, and where.
    pub kind: SecurityKind,
}

/// What credential a security scheme wants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum SecurityKind {
    /// A key under a name.
    ApiKey {
        /// Where it travels.
        location: In,
        /// Name of the header, parameter or cookie.
        name: String,
    },
    /// HTTP Basic.
    Basic,
    /// A bearer token, however it was obtained.
    Bearer,
    /// Another HTTP authentication scheme.
    Http(String),
    /// A client certificate.
    MutualTls,
}

/// A JSON Schema 2020-12. References read `#/$defs/NAME`, where NAME is a key of
/// [`Api::definitions`].
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The schema, without `$defs`.
    pub json: Value,
    /// The definitions that `json` itself names: sorted, without repetition.
    pub definitions: Vec<String>,
}

impl Schema {
    /// The schema of a tool without arguments.
    pub fn no_arguments() -> Schema {
        Schema {
            json: json!({"type": "object", "additionalProperties": false}),
            definitions: Vec::new(),
        }
    }

    /// Whether it is the schema of a tool without arguments, to the letter: the order of keys is
    /// part of what is served.
    pub fn is_of_no_arguments(&self) -> bool {
        let keys = |schema: &Schema| {
            let members = schema.json.as_object();
            members.map(|members| members.keys().cloned().collect::<Vec<_>>())
        };
        let none = Schema::no_arguments();
        *self == none && keys(self) == keys(&none)
    }
}

/// An answer for mock mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Status code, 200–299.
    pub status: u16,
    /// Media type; empty without a body.
    pub media_type: String,
    /// The body.
    pub body: String,
}
