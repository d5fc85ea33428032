//! Things that are no OpenAPI description: what they are instead, and what would be right.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

/// Names that descriptions often have.
const USUAL_NAMES: [&str; 9] = [
    "openapi.yaml",
    "openapi.yml",
    "openapi.json",
    "swagger.yaml",
    "swagger.yml",
    "swagger.json",
    "api.yaml",
    "api.yml",
    "api.json",
];

/// What a directory in the place of a description is, and which file in it may be meant.
pub(super) fn directory(path: &Path) -> String {
    let mut usual = USUAL_NAMES.iter().map(|name| path.join(name));
    match usual.find(|file| file.is_file()) {
        Some(file) => format!("it is a directory; did you mean {}?", file.display()),
        None => "it is a directory; name the description's file in it".to_owned(),
    }
}

/// What bytes are that are no UTF-8 text.
pub(super) fn bytes(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 6] = [
        (
            b"PK\x03\x04",
            "it is a ZIP archive; unpack it, and name the description's file in it",
        ),
        (
            b"\x1f\x8b",
            "it is compressed with gzip; decompress it first",
        ),
        (
            b"%PDF",
            "it is a PDF; ask for the API's OpenAPI description, which is JSON or YAML",
        ),
        (b"\xff\xfe", "it is UTF-16 text; save it as UTF-8"),
        (b"\xfe\xff", "it is UTF-16 text; save it as UTF-8"),
        (
            b"\x89PNG",
            "it is an image; ask for the API's OpenAPI description, which is JSON or YAML",
        ),
    ];
    let mut kinds = kinds.into_iter();
    kinds
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, kind)| kind)
}

/// What a text is that is neither JSON nor YAML of a description.
pub(super) fn text(path: &Path, text: &str) -> Option<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = start
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase();
    let extension = path
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Some(html(start));
    }
    if lower.starts_with("<?xml")
        || lower.starts_with("<definitions")
        || lower.starts_with("<wsdl:")
    {
        let is_wsdl = start.contains("schemas.xmlsoap.org/wsdl");
        let what = if is_wsdl {
            "a WSDL description of a SOAP service"
        } else {
            "an XML document"
        };
        return Some(format!(
            "{what}, not an OpenAPI description; OpenAPI is JSON or YAML"
        ));
    }
    let fixed = [
        ("#%raml", "a RAML description"),
        ("format: 1a", "an API Blueprint"),
        ("syntax = \"proto", "a Protocol Buffers file"),
        ("syntax=\"proto", "a Protocol Buffers file"),
    ];
    if let Some((_, what)) = fixed
        .iter()
        .find(|(beginning, _)| lower.starts_with(beginning))
    {
        return Some(format!(
            "{what}, not an OpenAPI description; convert it to OpenAPI 3 first"
        ));
    }
    if matches!(extension, "graphql" | "gql" | "graphqls")
        || GRAPHQL.as_ref().is_some_and(|line| line.is_match(text))
    {
        return Some(graphql());
    }
    let is_toml = || {
        let is_json = serde_json::from_str::<Value>(text).is_ok();
        !is_json && text.contains('=') && text.parse::<toml::Table>().is_ok()
    };
    if extension == "toml" || is_toml() {
        return Some("a TOML file, not an OpenAPI description; OpenAPI is JSON or YAML".to_owned());
    }
    None
}

/// A line of the GraphQL schema language that begins a definition.
static GRAPHQL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^\s*(?:extend\s+)?(?:(?:type|input|interface|enum)\s+\w+[^:{]*|schema\s*)\{\s*$",
    )
    .ok()
});

fn graphql() -> String {
    "a GraphQL schema, not an OpenAPI description; name the description of the API's HTTP endpoints"
        .to_owned()
}

/// Where pages that show a description have its address.
static ADDRESS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Redoc, RapiDoc, Scalar, Elements: an attribute.
        r#"(?i)(?:spec-url|data-url|apidescriptionurl|spec-href)\s*=\s*["']([^"'<>\s]+)["']"#,
        // Swagger UI and others: an option of a script.
        r#"(?i)["']?\b(?:url|specUrl|spec_url)["']?\s*:\s*["']([^"'<>\s]+)["']"#,
        // A link to a description.
        r#"(?i)href\s*=\s*["']([^"'<>\s]*(?:openapi|swagger|api-docs)[^"'<>\s]*\.(?:json|ya?ml))["']"#,
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

fn html(page: &str) -> String {
    let mut addresses = ADDRESS
        .iter()
        .filter_map(|pattern| pattern.captures(page)?.get(1));
    match addresses.next() {
        Some(address) => format!(
            "an HTML page, not an OpenAPI description; the page shows the description at `{}`: name \
             that, resolved against the page's address",
            address.as_str()
        ),
        None => {
            "an HTML page, not an OpenAPI description; name the JSON or YAML file that the page \
                 is made from, often openapi.json or swagger.json on the same host"
                .to_owned()
        }
    }
}

/// What an object is that has no `openapi` or `swagger` field.
pub(super) fn object(root: &Map<String, Value>) -> Option<String> {
    let text = |object: &str, field: &str| root.get(object)?.get(field)?.as_str();
    let has = |field: &str| root.contains_key(field);
    let is_postman = text("info", "schema").is_some_and(|schema| schema.contains("getpostman.com"))
        || text("info", "_postman_id").is_some();
    if is_postman || has("item") {
        return Some(
            "a Postman collection, not an OpenAPI description; convert it to OpenAPI 3 first, or ask \
             for the description that it was made from"
                .to_owned(),
        );
    }
    let is_introspection = has("__schema")
        || root
            .get("data")
            .is_some_and(|it| it.get("__schema").is_some());
    if is_introspection {
        return Some(graphql());
    }
    let kinds: [(&[&str], &str); 12] = [
        (
            &["overlay"],
            "an OpenAPI Overlay; name the description, and apply this with --overlay",
        ),
        (
            &["arazzo"],
            "an Arazzo description; name one of its `sourceDescriptions`",
        ),
        (
            &["asyncapi"],
            "an AsyncAPI description, of messages; name the description of the API's HTTP endpoints",
        ),
        (
            &["swaggerVersion"],
            "a Swagger 1 description; convert it to OpenAPI 3 first",
        ),
        (
            &["discoveryVersion"],
            "a Google API Discovery document; convert it to OpenAPI 3 first",
        ),
        (&["jsonrpc"], "a JSON-RPC message"),
        (
            &["openrpc"],
            "an OpenRPC description; name the description of the API's HTTP endpoints",
        ),
        (
            &["_type", "resources"],
            "an Insomnia export; export it as OpenAPI",
        ),
        (
            &["log"],
            "an HTTP archive (HAR); ask for the API's OpenAPI description",
        ),
        (
            &["mcpServers"],
            "a configuration of MCP clients; name the description of an API",
        ),
        (
            &["apiVersion", "kind"],
            "a Kubernetes object; name the description of an API",
        ),
        (
            &["$schema"],
            "a JSON Schema; name the description that uses it",
        ),
    ];
    let mut kinds = kinds.iter();
    let kind = kinds.find(|(fields, _)| fields.iter().all(|field| has(field)));
    kind.map(|(_, kind)| match kind.split_once("; ") {
        Some((what, right)) => format!("{what}, not an OpenAPI description; {right}"),
        None => format!("{kind}, not an OpenAPI description"),
    })
}
