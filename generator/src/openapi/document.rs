//! A description, read: typed operations, schemas set aside.

use indexmap::IndexMap;
use openapiv3 as v3;
use serde_json::{Map, Value};

use super::hollow::{METHODS, hollow};
use super::normalize::{self, Normalizer};
use super::reference::join;
use super::schemas::Schemas;
use super::text::Source;
use super::{Dialect, ReadError};
use crate::diagnostic::Diagnostic;

/// A description whose every part is typed but its schemas, which follow JSON Schema's own rules.
#[derive(Debug)]
pub struct Document {
    source: Source,
    /// The rules its schemas follow.
    pub dialect: Dialect,
    /// `info.title`.
    pub title: String,
    /// `info.version`, as written.
    pub version: String,
    /// `info.description`.
    pub description: String,
    /// `servers`.
    pub servers: Vec<v3::Server>,
    /// `security`.
    pub security: Vec<v3::SecurityRequirement>,
    /// `components.securitySchemes`, references resolved.
    pub security_schemes: IndexMap<String, Value>,
    /// `x-mcp` of the tags that have one.
    pub tag_extensions: IndexMap<String, Value>,
    /// The operations under `paths`.
    pub operations: Vec<PathOperation>,
    /// The schemas.
    pub schemas: Schemas,
    /// What was found on the way.
    pub diagnostics: Vec<Diagnostic>,
}

/// An operation with what its path item says for all of them.
#[derive(Debug)]
pub struct PathOperation {
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Where the operation stands.
    pub pointer: String,
    /// The operation itself. Its parameters stand in `parameters`.
    pub operation: v3::Operation,
    /// Parameters of the path item and then the operation, those of the operation in place of
    /// those of the same name and location; each with the pointer to where it stands.
    pub parameters: Vec<(v3::Parameter, String)>,
    /// Servers of the operation or else the path item.
    pub servers: Vec<v3::Server>,
    /// `x-mcp` of the path item.
    pub path_extension: Option<Value>,
}

impl Document {
    /// Sorts diagnostics as the text runs and tells each its line.
    pub(crate) fn locate(&self, diagnostics: &mut Vec<Diagnostic>) {
        self.source.locate(diagnostics);
        diagnostics.sort_by(|a, b| {
            (a.line, &a.pointer, &a.message).cmp(&(b.line, &b.pointer, &b.message))
        });
        diagnostics.dedup();
    }
}

/// Makes a document of a parsed text.
pub(super) fn build(
    source: Source,
    mut root: Value,
    mut diagnostics: Vec<Diagnostic>,
) -> Result<Document, ReadError> {
    let dialect = dialect(&root).map_err(|message| ReadError::Version {
        path: source.path.clone(),
        message,
    })?;
    let mut schemas = hollow(&mut root);
    let mut normalizer = Normalizer::new(&root);
    let operations = operations(&root, &mut normalizer);
    note_reversed(&root, &mut normalizer.diagnostics);
    let security_schemes = security_schemes(&root, &mut normalizer);
    diagnostics.append(&mut normalizer.diagnostics);

    let info = |field: &str| match root.pointer("/info").and_then(|info| info.get(field)) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let security = root
        .get("security")
        .map(normalize::security_requirements)
        .unwrap_or_default();
    let (title, version, description) = (info("title"), info("version"), info("description"));
    let servers = normalize::servers(root.get("servers"));
    let tag_extensions = tag_extensions(&root);
    schemas.keep_rest(root);
    Ok(Document {
        source,
        dialect,
        title,
        version,
        description,
        servers,
        security: serde_json::from_value(security).unwrap_or_default(),
        security_schemes,
        tag_extensions,
        operations,
        schemas,
        diagnostics,
    })
}

/// Which dialect a document is written in, or what it is instead.
fn dialect(root: &Value) -> Result<Dialect, String> {
    let Some(object) = root.as_object() else {
        return Err("is no OpenAPI description: its top level is no object".to_owned());
    };
    let version = |field: &str| match object.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let read = "OpenAPI 3.0, 3.1 and 3.2 are read";
    if let Some(version) = version("swagger") {
        return Err(format!("is written in Swagger {version}; {read}"));
    }
    let Some(version) = version("openapi") else {
        let keys: Vec<_> = object.keys().take(5).map(String::as_str).collect();
        return Err(format!(
            "is no OpenAPI description: it has no `openapi` field but begins with `{}`",
            keys.join("`, `")
        ));
    };
    match version.split('.').take(2).collect::<Vec<_>>().as_slice() {
        ["3", "0"] => Ok(Dialect::OpenApi30),
        ["3", "1" | "2"] => Ok(Dialect::JsonSchema202012),
        _ => Err(format!("is written in OpenAPI {version}; {read}")),
    }
}

fn operations<'d>(root: &'d Value, normalizer: &mut Normalizer<'d>) -> Vec<PathOperation> {
    let mut operations = Vec::new();
    let paths = root.get("paths").and_then(Value::as_object);
    for (path, item) in paths
        .into_iter()
        .flatten()
        .filter(|(path, _)| !path.starts_with("x-"))
    {
        let at = join("/paths", path);
        let Some((item, here)) = resolve_path_item(root, item, &at) else {
            normalizer.warn(
                &at,
                "is no path item",
                "write an object with the path's operations",
            );
            continue;
        };
        if !path.starts_with('/') {
            normalizer.warn(
                &at,
                "the path does not begin with a slash; one is added",
                "begin it with a slash",
            );
        }
        let known = METHODS.iter().filter_map(|method| {
            Some((
                method.to_ascii_uppercase(),
                item.get(*method)?,
                join(&here, method),
            ))
        });
        let additional = item.get("additionalOperations").and_then(Value::as_object);
        let here_additional = join(&here, "additionalOperations");
        let additional = additional
            .into_iter()
            .flatten()
            .map(|(method, operation)| (method.clone(), operation, join(&here_additional, method)));
        for (method, operation, pointer) in known.chain(additional) {
            let made = path_operation(item, &here, operation, &pointer, normalizer);
            match made {
                Ok(made) => operations.push(PathOperation {
                    method,
                    path: if path.starts_with('/') {
                        path.clone()
                    } else {
                        format!("/{path}")
                    },
                    pointer,
                    ..made
                }),
                Err(diagnostic) => normalizer.diagnostics.push(diagnostic),
            }
        }
    }
    operations
}

/// A path item, its reference followed. Fields beside the reference count as well (3.1 §4.8.9.1).
fn resolve_path_item<'d>(
    root: &'d Value,
    item: &'d Value,
    at: &str,
) -> Option<(&'d Map<String, Value>, String)> {
    let mut item = item.as_object()?;
    let mut here = at.to_owned();
    for _ in 0..8 {
        let Some(reference) = item.get("$ref").and_then(Value::as_str) else {
            break;
        };
        let pointer = super::reference::local(reference)?;
        item = root.pointer(&pointer)?.as_object()?;
        here = pointer;
    }
    Some((item, here))
}

fn path_operation<'d>(
    item: &'d Map<String, Value>,
    item_at: &str,
    operation: &'d Value,
    at: &str,
    normalizer: &mut Normalizer<'d>,
) -> Result<PathOperation, Diagnostic> {
    let object = operation
        .as_object()
        .ok_or_else(|| Diagnostic::error(at, "is no operation", "write an Operation Object"))?;
    let own = normalizer.parameters(object, at);
    let key = |parameter: &v3::Parameter| {
        let data = parameter.parameter_data_ref();
        (std::mem::discriminant(parameter), data.name.clone())
    };
    let mut parameters = normalizer.parameters(item, item_at);
    for (parameter, pointer) in own {
        match parameters
            .iter_mut()
            .find(|(other, _)| key(other) == key(&parameter))
        {
            Some(slot) => *slot = (parameter, pointer),
            None => parameters.push((parameter, pointer)),
        }
    }
    let mut servers = normalize::servers(object.get("servers"));
    if servers.is_empty() {
        servers = normalize::servers(item.get("servers"));
    }
    Ok(PathOperation {
        method: String::new(),
        path: String::new(),
        pointer: String::new(),
        operation: normalizer.operation(object, at)?,
        parameters,
        servers,
        path_extension: item.get("x-mcp").cloned(),
    })
}

/// Tells of requests the API makes to its clients: nothing a tool could call.
fn note_reversed(root: &Value, diagnostics: &mut Vec<Diagnostic>) {
    for field in ["webhooks", "x-webhooks"] {
        let count = root
            .get(field)
            .and_then(Value::as_object)
            .map_or(0, Map::len);
        if count > 0 {
            diagnostics.push(Diagnostic::note(
                join("", field),
                format!("{count} webhooks are left out: they are requests the API sends"),
                "nothing to do: tools are made of `paths`",
            ));
        }
    }
}

fn security_schemes(root: &Value, normalizer: &mut Normalizer<'_>) -> IndexMap<String, Value> {
    // The normalizer's borrow is of the same document; only its diagnostics are written to.
    let at = "/components/securitySchemes";
    let mut kept = IndexMap::new();
    let schemes = root.pointer(at).and_then(Value::as_object);
    for (name, scheme) in schemes.into_iter().flatten() {
        match resolve_path_item(root, scheme, at) {
            Some((scheme, _)) => {
                kept.insert(name.clone(), Value::Object(scheme.clone()));
            }
            None => normalizer.warn(
                &join(at, name),
                "is no security scheme and is ignored",
                "write a Security Scheme Object",
            ),
        }
    }
    kept.sort_keys();
    kept
}

fn tag_extensions(root: &Value) -> IndexMap<String, Value> {
    let tags = root.get("tags").and_then(Value::as_array);
    let extensions = tags.into_iter().flatten().filter_map(|tag| {
        Some((
            tag.get("name")?.as_str()?.to_owned(),
            tag.get("x-mcp")?.clone(),
        ))
    });
    extensions.collect()
}
