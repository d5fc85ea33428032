//! Directories to write into, and APIs made by hand.

use std::path::{Path, PathBuf};

use generator::ir::{
    Access, Api, Binding, Content, Encoding, Example, In, Operation, PageSize, Paging, PagingEnd,
    PagingNext, Parameter, Property, Repeated, RequestBody, Response, Schema, SecurityKind,
    SecurityScheme, Server, ServerVariable, Style, Tag,
};
use generator::lower::derive;
use indexmap::IndexMap;
use serde_json::json;

/// An empty directory of this test's own, in Cargo's directory for tests.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// An API of one tool.
pub(crate) fn small() -> Api {
    Api {
        title: "Pets".to_owned(),
        version: "1.10".to_owned(),
        operations: vec![operation("list_pets", "pets")],
        ..Api::default()
    }
}

/// A read without arguments.
pub(crate) fn operation(name: &str, tag: &str) -> Operation {
    Operation {
        name: name.to_owned(),
        title: "List pets".to_owned(),
        description: "All pets.".to_owned(),
        brief: None,
        aliases: Vec::new(),
        phrases: Vec::new(),
        tags: Vec::new(),
        tag: tag.to_owned(),
        operation_id: None,
        method: "GET".to_owned(),
        path: "/pets".to_owned(),
        access: Access::Read,
        destructive: false,
        idempotent: true,
        pinned: false,
        cost: 1,
        open_world: None,
        parameters: Vec::new(),
        request_body: None,
        accept: Operation::default().accept,
        response_headers: Vec::new(),
        long_answers: false,
        paging: None,
        responses: Vec::new(),
        security: Vec::new(),
        scopes: Vec::new(),
        servers: Vec::new(),
        arguments: Vec::new(),
        input: Schema {
            json: json!({"type": "object", "additionalProperties": false}),
            definitions: Vec::new(),
        },
        published: None,
        output: None,
        published_output: None,
        example: None,
    }
}

/// Text that breaks out of comments, strings, templates, tables of Markdown and of TOML, and that
/// rustdoc would run.
pub(crate) const NASTY: &str = "*/ \"## */ {{ name }} {% raw %} ]]] ''' \"\"\" \\ | a\r\n```rust\n\
    compile_error!(\"x\")\n```\n    let x = [1]; \0\u{202e}\u{feff}\n#![no_std]\n[package]\n\
    name = \"x\" <!-- --> <script> [a](b) `one ``` \u{2028} \u{e9} \u{540d} \u{1f600} -->";

/// An API in which every text is nasty, and every field differs from its base.
pub(crate) fn hostile() -> Api {
    let tags = [
        "mod",
        "con",
        "runtime",
        "\u{540d}",
        "",
        "../../x",
        "A b",
        NASTY,
        "OPERATIONS",
        "std",
    ];
    let names = [
        "-", "404", "_", "Option", "String", "a-b", "a_b", "aB", "fn", "self", "Value", "Vec",
    ];
    let pairs = tags
        .iter()
        .flat_map(|tag| names.iter().map(move |name| (tag, name)));
    let mut operations: Vec<_> = pairs
        .map(|(tag, name)| hostile_operation(name, tag))
        .collect();
    operations.push(Operation {
        request_body: Some(RequestBody {
            required: false,
            content: Content::Argument("body".to_owned(), encoding()),
            media_types: vec!["text/plain".to_owned()],
            media_type_argument: None,
            declared_media_types: Vec::new(),
        }),
        ..operation("z", "mod")
    });
    let definition = |names: &[&str]| Schema {
        json: json!({"type": "string", "enum": ["a", "b"], "description": NASTY}),
        definitions: names.iter().map(|&name| name.to_owned()).collect(),
    };
    let kinds = [
        SecurityKind::ApiKey {
            location: In::Cookie,
            name: nasty(),
        },
        SecurityKind::Basic,
        SecurityKind::Bearer,
        SecurityKind::Http(nasty()),
        SecurityKind::MutualTls,
    ];
    let schemes = kinds.into_iter().map(|kind| SecurityScheme {
        name: nasty(),
        kind,
    });
    let mut api = Api {
        logo: None,
        server_name: "hostile".to_owned(),
        title: nasty(),
        version: nasty(),
        summary: nasty(),
        repeated: vec![Repeated {
            argument: Some(nasty()),
            text: nasty(),
        }],
        description: nasty(),
        servers: vec![Server {
            url: format!("https://{NASTY}"),
            variables: Vec::new(),
        }],
        base_url: None,
        binds_workspace: false,
        search_mode: true,
        tags: vec![Tag {
            name: nasty(),
            description: nasty(),
        }],
        security_schemes: schemes.collect(),
        operations,
        definitions: IndexMap::from_iter([
            (nasty(), definition(&[])),
            ("circle".to_owned(), definition(&["circle", "self", "Self"])),
            ("self".to_owned(), definition(&[NASTY])),
            ("Self".to_owned(), definition(&["circle"])),
        ]),
    };
    derive(&mut api);
    api
}

fn nasty() -> String {
    NASTY.to_owned()
}

fn encoding() -> Encoding {
    Encoding {
        binary: true,
        content_type: Some(nasty()),
        headers: vec![(nasty(), nasty())],
        style: Some(Style::DeepObject),
        explode: false,
        item_styles: vec![Style::PipeDelimited, Style::Form],
        allow_reserved: true,
    }
}

fn parameter(name: &str, location: In, style: Style) -> Parameter {
    Parameter {
        argument: format!("{name}_argument"),
        name: name.to_owned(),
        location,
        required: location != In::Path,
        style,
        explode: !matches!(location, In::Query | In::QueryString | In::Cookie),
        allow_reserved: true,
        allow_empty_value: true,
        content: Some(nasty()),
        encodings: vec![(nasty(), encoding())],
        item_styles: vec![Style::TabDelimited],
        bind: Some(Binding::Workspace),
    }
}

fn hostile_schema() -> Schema {
    Schema {
        json: json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "description": NASTY},
                "self": {"type": "integer"},
                NASTY: {"type": "string", "enum": ["", "+1", "-1", "1", "Self", "a", "A", NASTY]},
                "\u{540d}": {"type": "array", "items": {"type": "string", "enum": ["\u{540d}"]}},
                "big": {"type": "integer", "maximum": 18_446_744_073_709_551_615_u64},
                "nullable": {"type": ["string", "null"]},
                "shared": {"$ref": "#/$defs/self"},
                "circle": {"$ref": "#/$defs/circle"},
            },
            "required": ["type", "self", "\u{540d}"],
            "additionalProperties": false,
        }),
        definitions: vec![nasty(), "circle".to_owned(), "self".to_owned()],
    }
}

fn hostile_operation(name: &str, tag: &str) -> Operation {
    Operation {
        name: name.to_owned(),
        title: nasty(),
        description: nasty(),
        brief: Some(nasty()),
        aliases: Vec::new(),
        phrases: vec![nasty()],
        tags: vec![nasty()],
        tag: tag.to_owned(),
        operation_id: Some(nasty()),
        method: "POST".to_owned(),
        path: nasty(),
        access: Access::Write,
        destructive: true,
        idempotent: false,
        pinned: true,
        cost: 7,
        open_world: None,
        parameters: vec![
            parameter("a", In::Path, Style::Matrix),
            parameter("b", In::Query, Style::PipeDelimited),
            parameter("c", In::QueryString, Style::SpaceDelimited),
            parameter("d", In::Header, Style::Form),
            parameter("e", In::Cookie, Style::Label),
        ],
        request_body: Some(RequestBody {
            required: true,
            content: Content::Properties(vec![Property {
                argument: nasty(),
                name: "x".to_owned(),
                required: true,
                encoding: encoding(),
                bind: Some(Binding::Workspace),
            }]),
            media_types: vec![nasty()],
            media_type_argument: Some(nasty()),
            declared_media_types: vec![nasty()],
        }),
        accept: nasty(),
        response_headers: vec![nasty()],
        long_answers: true,
        paging: Some(Paging {
            argument: nasty(),
            next: PagingNext::Value(nasty()),
            size: Some(PageSize {
                argument: nasty(),
                default: Some(-1),
            }),
            items: Some(nasty()),
            end: Some(PagingEnd::Total(nasty())),
        }),
        responses: vec![Response {
            status: "2XX".to_owned(),
            media_types: vec![nasty()],
        }],
        security: vec![Vec::new(), vec![nasty()]],
        scopes: Vec::new(),
        servers: vec![Server {
            url: nasty(),
            variables: vec![ServerVariable {
                name: nasty(),
                default: nasty(),
                allowed: vec![nasty()],
            }],
        }],
        arguments: Vec::new(),
        input: hostile_schema(),
        published: Some(Schema {
            json: json!({"type": "object", "description": nasty(), "properties": {nasty(): {}}}),
            definitions: Vec::new(),
        }),
        output: Some(hostile_schema()),
        published_output: Some(hostile_schema()),
        example: Some(Example {
            status: 299,
            media_type: nasty(),
            body: nasty(),
        }),
    }
}
