//! What a generated crate says about its API: constants without behaviour.
//!
//! These types are the `'static` twins of the generator's neutral model. A generated crate holds
//! one [`Catalog`] of [`Operation`]s; everything that happens per request happens in the other
//! rooms of this crate, driven by these descriptions. Terms are those of the OpenAPI
//! Specification unless said otherwise.
//!
//! Each type has a base value (`Operation::BASE`, [`Parameter::query`] …) so that generated code
//! writes only what differs from the specification's defaults.

mod catalog;
mod paging;

pub use catalog::{Repeated, Tag};
pub use paging::{PageSize, Paging, PagingEnd, PagingNext};

/// All that one generated crate knows: an API, its tools and how they are secured.
#[derive(Debug)]
pub struct Catalog {
    /// Name of the generated crate's package, and of its program.
    pub name: &'static str,
    /// Name of the server towards clients (`serverInfo.name`): the API's title as a name, of
    /// lower-case letters, digits and `-`.
    pub server_name: &'static str,
    /// `info.title`.
    pub title: &'static str,
    /// `info.version`, as written in the description.
    pub version: &'static str,
    /// What the API is, in at most two sentences; the empty string where the description does not say
    /// it.
    pub summary: &'static str,
    /// `info.description`, or the empty string.
    pub description: &'static str,
    /// `servers` of the document, in order of preference.
    pub servers: &'static [Server],
    /// The tags that operations have and that the description explains, in its order.
    pub tags: &'static [Tag],
    /// The https URL of the API's logo (`info.x-logo`).
    pub logo: Option<&'static str>,
    /// Texts that are left out of definitions, since many tools repeat them.
    pub repeated: &'static [Repeated],
    /// `components.securitySchemes`, by name.
    pub security_schemes: &'static [SecurityScheme],
    /// Whether clients at the endpoint's own path are shown the tools of search mode, which find and
    /// call the others, instead of all tools.
    pub search_mode: bool,
    /// The tools, one slice a module. The order carries no meaning.
    pub operations: &'static [&'static [&'static Operation]],
}

impl Catalog {
    /// An API without a name and without tools.
    pub const EMPTY: Catalog = Catalog {
        name: "",
        server_name: "",
        title: "",
        version: "",
        summary: "",
        description: "",
        servers: &[],
        tags: &[],
        logo: None,
        repeated: &[],
        security_schemes: &[],
        search_mode: false,
        operations: &[],
    };
}

/// One operation of the API, which is one MCP tool.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Tool name: `^[A-Za-z0-9_-]{1,64}$`, unique in the catalogue.
    pub name: &'static str,
    /// Tool title for people.
    pub title: &'static str,
    /// Tool description for the model.
    pub description: &'static str,
    /// What clients are shown instead of `description`, where that is longer than a list has room for.
    pub brief: Option<&'static str>,
    /// Earlier names that the tool answers to.
    pub aliases: &'static [Alias],
    /// Phrases that people use for the operation (`x-mcp`), which search finds.
    pub phrases: &'static [&'static str],
    /// `tags`, in order.
    pub tags: &'static [&'static str],
    /// `operationId` as the description spells it, where it has one.
    pub operation_id: Option<&'static str>,
    /// HTTP method in upper case, as it goes on the wire.
    pub method: &'static str,
    /// Path template: literal text and `{name}` expressions, each of which has a [`Parameter`]
    /// with [`In::Path`] and that wire name.
    pub path: &'static str,
    /// Whether the tool changes anything.
    pub access: Access,
    /// MCP `destructiveHint`.
    pub destructive: bool,
    /// MCP `idempotentHint`.
    pub idempotent: bool,
    /// True where search mode lists the tool beside its own.
    pub pinned: bool,
    /// What a call counts in the quota of its workspace (`x-mcp`).
    pub cost: u32,
    /// MCP `openWorldHint`, where it is not that of `access`: false for reads, true for writes.
    pub open_world: Option<bool>,
    /// Parameters of path item and operation, merged, in the order of the description.
    pub parameters: &'static [Parameter],
    /// The request body, where the operation takes one.
    pub request_body: Option<RequestBody>,
    /// Value of the `Accept` header (RFC 9110 §12.5.1): the media types that the description
    /// declares for success, in order of preference, and others rather than nothing.
    pub accept: &'static str,
    /// The header fields that responses of success declare: names in lower case, in order.
    pub response_headers: &'static [&'static str],
    /// True where answers are lists that can be long: clients choose parts of them.
    pub long_answers: bool,
    /// How the pages of the answers follow each other, where that is known.
    pub paging: Option<Paging>,
    /// Alternatives (OR), each a set of [`SecurityScheme`] names that go together (AND). No
    /// alternative: nothing is required. An empty alternative: security is optional. A name that
    /// the catalogue does not have is a mistake in the description; no value satisfies it.
    pub security: &'static [&'static [&'static str]],
    /// Servers of the operation or its path item, where they replace [`Catalog::servers`].
    pub servers: &'static [Server],
    /// What the tool's arguments are validated against. Its root is `type: object`.
    pub input: Schema,
    /// What clients are shown instead of `input`, where that is too large for them: a looser
    /// schema, whose descriptions say what was cut.
    pub published: Option<Schema>,
    /// What the tool's structured content looks like, where all clients can take it.
    /// Its root is `type: object`: other JSON is under the property `result`.
    pub output: Option<Schema>,
    /// What clients are shown instead of `output`, where that is too large for them: a looser schema.
    pub published_output: Option<Schema>,
    /// The answer given in mock mode.
    pub example: Option<Example>,
}

impl Operation {
    /// A read of `/` without parameters: the base that generated constants differ from. Of a
    /// constant that no catalogue has, the method counts beside `access` and `idempotent`.
    pub const BASE: Operation = Operation {
        name: "",
        title: "",
        description: "",
        brief: None,
        aliases: &[],
        phrases: &[],
        tags: &[],
        operation_id: None,
        method: "GET",
        path: "/",
        access: Access::Read,
        destructive: false,
        idempotent: true,
        pinned: false,
        cost: 1,
        open_world: None,
        parameters: &[],
        request_body: None,
        accept: "application/json, */*;q=0.1",
        response_headers: &[],
        long_answers: false,
        paging: None,
        security: &[],
        servers: &[],
        input: Schema::NO_ARGUMENTS,
        published: None,
        output: None,
        published_output: None,
        example: None,
    };
}

/// An earlier name of a tool, which clients with an old list of tools call. No list has it.
#[derive(Debug)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// The last day on which it is answered, in UTC: `2027-03-31`. Without one it has no end.
    pub until: Option<&'static str>,
    /// True where it calls the tool. Otherwise a call is answered with an error that names the tool.
    pub calls: bool,
}

/// Whether a tool only reads, or may change something. `Read < Write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Safe in the sense of RFC 9110 §9.2.1.
    Read,
    /// Anything else.
    Write,
}

/// A Parameter Object: one argument that travels outside the body.
#[derive(Debug)]
pub struct Parameter {
    /// Name of the tool argument.
    pub argument: &'static str,
    /// Name on the wire.
    pub name: &'static str,
    /// Where it travels.
    pub location: In,
    /// Whether the description requires it.
    pub required: bool,
    /// How it is written, unless `content` is given.
    pub style: Style,
    /// Whether array items and object properties are written as separate parameters.
    pub explode: bool,
    /// How the lists within a list are written, the outer ones first. Those that it has no style for
    /// are written as JSON.
    pub item_styles: &'static [Style],
    /// Whether RFC 3986 reserved characters stay as they are (query, path, cookies in the style
    /// `form`), as far as they have no meaning of their own there.
    pub allow_reserved: bool,
    /// Whether an empty value may be sent (query only).
    pub allow_empty_value: bool,
    /// The media type of a parameter described by `content`: its value is serialised so.
    pub content: Option<&'static str>,
    /// How properties are written, by name, where `content` is a form (query string).
    pub encodings: &'static [(&'static str, Encoding)],
    /// Where the value comes from, if not from the caller's arguments.
    pub bind: Option<Binding>,
}

impl Parameter {
    /// A required path parameter: `style: simple`, `explode: false`.
    pub const fn path(name: &'static str) -> Parameter {
        Parameter {
            required: true,
            ..Parameter::at(In::Path, Style::Simple, false, name)
        }
    }

    /// An optional query parameter: `style: form`, `explode: true`.
    pub const fn query(name: &'static str) -> Parameter {
        Parameter::at(In::Query, Style::Form, true, name)
    }

    /// An optional header: `style: simple`, `explode: false`.
    pub const fn header(name: &'static str) -> Parameter {
        Parameter::at(In::Header, Style::Simple, false, name)
    }

    /// An optional cookie: `style: form`, `explode: true`.
    pub const fn cookie(name: &'static str) -> Parameter {
        Parameter::at(In::Cookie, Style::Form, true, name)
    }

    /// The whole query string (OpenAPI 3.2), serialised as its `content` says.
    pub const fn query_string(name: &'static str) -> Parameter {
        Parameter::at(In::QueryString, Style::Form, true, name)
    }

    const fn at(location: In, style: Style, explode: bool, name: &'static str) -> Parameter {
        Parameter {
            argument: name,
            name,
            location,
            required: false,
            style,
            explode,
            item_styles: &[],
            allow_reserved: false,
            allow_empty_value: false,
            content: None,
            encodings: &[],
            bind: None,
        }
    }
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    /// In the path, in place of its `{name}`.
    Path,
    /// In the query string.
    Query,
    /// The query string as a whole (OpenAPI 3.2).
    QueryString,
    /// A request header.
    Header,
    /// A pair of the `Cookie` header.
    Cookie,
}

/// How a value is written as text (OpenAPI "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a,b` (path, header).
    Simple,
    /// `.a.b` (path).
    Label,
    /// `;name=a` (path).
    Matrix,
    /// `name=a` (query, cookie, form bodies).
    Form,
    /// `name=a%20b` (query), `a b` where nothing is percent-encoded. Swagger 2.0 has this and the
    /// next two anywhere.
    SpaceDelimited,
    /// `name=a%7Cb` (query), `a|b` where nothing is percent-encoded.
    PipeDelimited,
    /// `name=a%09b` (query): the `collectionFormat` `tsv` of Swagger 2.0.
    TabDelimited,
    /// `name[key]=a` (query).
    DeepObject,
    /// `name=a` as it is, without percent-encoding (cookie, since 3.2).
    Cookie,
}

/// A value that comes from the caller's context instead of the arguments: the model neither sees
/// nor chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The workspace the caller acts for.
    Workspace,
}

/// A Request Body Object.
#[derive(Clone, Debug)]
pub struct RequestBody {
    /// Whether the operation requires a body.
    pub required: bool,
    /// Which arguments make up the body.
    pub content: Content,
    /// Media types the body can be written in, the preferred one first; never empty.
    pub media_types: &'static [&'static str],
    /// Name of the argument that selects one of several `media_types`.
    pub media_type_argument: Option<&'static str>,
}

/// Which arguments make up a request body.
#[derive(Clone, Debug)]
pub enum Content {
    /// The body is an object; its properties are beside the parameters.
    Properties(&'static [Property]),
    /// The body is the value of the one argument of this name.
    Argument(&'static str, Encoding),
    /// The body is the value of the one argument of this name, an object whose members are fields of a
    /// form or parts of a multipart body. How these are written, by name; others are written as the
    /// media type says.
    Members(&'static str, &'static [(&'static str, Encoding)]),
}

/// One property of an object body.
#[derive(Debug)]
pub struct Property {
    /// Name of the tool argument.
    pub argument: &'static str,
    /// Name of the property on the wire.
    pub name: &'static str,
    /// How it is written in a form or multipart body.
    pub encoding: Encoding,
    /// Where the value comes from, if not from the caller's arguments.
    pub bind: Option<Binding>,
}

impl Property {
    /// A property whose argument has its wire name.
    pub const fn new(name: &'static str) -> Property {
        Property {
            argument: name,
            name,
            encoding: Encoding::DEFAULT,
            bind: None,
        }
    }
}

/// An Encoding Object: how a value is written in a form or multipart body. JSON bodies use none
/// of it.
#[derive(Clone, Copy, Debug)]
pub struct Encoding {
    /// Whether the value is a file or other binary content, given as text or a data URI or an
    /// object `{base64 | text, filename, content_type}`.
    pub binary: bool,
    /// `contentType`, where the description has one.
    pub content_type: Option<&'static str>,
    /// Headers of the part, by name, in a multipart body; beside `Content-Disposition` and
    /// `Content-Type`, which are not among them.
    pub headers: &'static [(&'static str, &'static str)],
    /// `style`, where the description has one (or `explode` or `allowReserved`).
    pub style: Option<Style>,
    /// `explode`.
    pub explode: bool,
    /// How the lists within a list are written, as [`Parameter::item_styles`].
    pub item_styles: &'static [Style],
    /// `allowReserved`.
    pub allow_reserved: bool,
}

impl Encoding {
    /// Nothing said: by media type and type of value.
    pub const DEFAULT: Encoding = Encoding {
        binary: false,
        content_type: None,
        headers: &[],
        style: None,
        explode: true,
        item_styles: &[],
        allow_reserved: false,
    };

    /// A file.
    pub const FILE: Encoding = Encoding {
        binary: true,
        ..Encoding::DEFAULT
    };
}

/// A Server Object.
#[derive(Debug)]
pub struct Server {
    /// URL template with `{name}` variables; may be relative.
    pub url: &'static str,
    /// Values for the variables of `url`.
    pub variables: &'static [ServerVariable],
}

/// A Server Variable Object.
#[derive(Debug)]
pub struct ServerVariable {
    /// Name, as in the URL template.
    pub name: &'static str,
    /// The value used unless the configuration sets another.
    pub default: &'static str,
    /// The only values allowed, if any are listed.
    pub allowed: &'static [&'static str],
}

/// A Security Scheme Object.
#[derive(Debug)]
pub struct SecurityScheme {
    /// Its name under `components.securitySchemes`.
    pub name: &'static str,
    /// What credential it wants, and where.
    pub kind: SecurityKind,
}

/// What credential a security scheme wants, and where it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityKind {
    /// A key in a header, query parameter or cookie of this name.
    ApiKey {
        /// Where the key travels.
        location: In,
        /// Name of the header, parameter or cookie.
        name: &'static str,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// `Authorization: Bearer` (RFC 6750); also what OAuth 2 and OpenID Connect send.
    Bearer,
    /// Another HTTP authentication scheme, by its IANA name; the credential is sent as configured.
    Http(&'static str),
    /// A client certificate.
    MutualTls,
}

/// A JSON Schema 2020-12, written once and sharing its definitions with others.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The schema as JSON text. References read `#/$defs/NAME`.
    pub json: &'static str,
    /// The definitions that `json` itself names. What these name in turn is theirs to say.
    pub definitions: &'static [&'static Definition],
}

impl Schema {
    /// The schema of a tool that takes no arguments.
    pub const NO_ARGUMENTS: Schema = Schema {
        json: r#"{"type":"object","additionalProperties":false}"#,
        definitions: &[],
    };
}

/// A named schema that others refer to as `#/$defs/NAME`. Definitions may refer to each other in
/// circles.
#[derive(Debug)]
pub struct Definition {
    /// Its key under `$defs`.
    pub name: &'static str,
    /// The schema.
    pub schema: Schema,
}

/// The answer in mock mode.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// HTTP status code, 200–299.
    pub status: u16,
    /// Media type of the body; empty for an answer without one.
    pub media_type: &'static str,
    /// The body.
    pub body: &'static str,
}
