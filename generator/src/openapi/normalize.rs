//! From a hollow operation as it is written to one that is typed: references resolved, known
//! fields kept, what is of the wrong type dropped and told.

use openapiv3 as v3;
use serde_json::{Map, Value, json};

use super::reference::{join, local};
use crate::diagnostic::Diagnostic;

/// How many references may follow each other.
const MAX_HOPS: usize = 32;

/// A hollow document and what was found in it.
pub(super) struct Normalizer<'d> {
    document: &'d Value,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a field has to be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Bool,
}

impl<'d> Normalizer<'d> {
    pub(super) fn new(document: &'d Value) -> Self {
        Normalizer {
            document,
            diagnostics: Vec::new(),
        }
    }

    /// Follows references from `value`, which stands at `at`, to an object and where that stands.
    pub(super) fn resolve(
        &mut self,
        value: &'d Value,
        at: &str,
    ) -> Option<(&'d Map<String, Value>, String)> {
        let (mut value, mut here) = (value, at.to_owned());
        for _ in 0..MAX_HOPS {
            let Some(object) = value.as_object() else {
                self.warn(&here, "is no object", "write the object that belongs here");
                return None;
            };
            let Some(reference) = object.get("$ref").and_then(Value::as_str) else {
                return Some((object, here));
            };
            let target = local(reference)
                .and_then(|pointer| Some((self.document.pointer(&pointer)?, pointer)));
            let Some((target, pointer)) = target else {
                self.warn(
                    &here,
                    &format!("the reference `{reference}` leads nowhere"),
                    "refer to something that the description holds",
                );
                return None;
            };
            (value, here) = (target, pointer);
        }
        self.warn(
            at,
            "the reference leads in a circle",
            "let it lead to an object",
        );
        None
    }

    /// An operation, typed.
    pub(super) fn operation(
        &mut self,
        operation: &'d Map<String, Value>,
        at: &str,
    ) -> Result<v3::Operation, Diagnostic> {
        let mut kept = self.keep(
            operation,
            at,
            &[
                ("summary", Kind::Text),
                ("description", Kind::Text),
                ("operationId", Kind::Text),
                ("deprecated", Kind::Bool),
            ],
        );
        let tags: Vec<_> = texts(operation.get("tags")).map(Value::from).collect();
        kept.insert("tags".to_owned(), tags.into());
        if let Some(body) = operation.get("requestBody") {
            if let Some(body) = self.request_body(body, &join(at, "requestBody")) {
                kept.insert("requestBody".to_owned(), body);
            }
        }
        let responses = self.responses(operation.get("responses"), &join(at, "responses"));
        kept.insert("responses".to_owned(), responses);
        if let Some(security) = operation.get("security") {
            kept.insert("security".to_owned(), security_requirements(security));
        }
        if let Some(mcp) = operation.get("x-mcp") {
            kept.insert("x-mcp".to_owned(), mcp.clone());
        }
        typed(kept.into(), at)
    }

    /// The parameters of a path item or operation, each with the pointer to where it stands.
    pub(super) fn parameters(
        &mut self,
        parent: &'d Map<String, Value>,
        at: &str,
    ) -> Vec<(v3::Parameter, String)> {
        let at = join(at, "parameters");
        let mut parameters = Vec::new();
        for (index, parameter) in items(parent.get("parameters")).enumerate() {
            let at = join(&at, &index.to_string());
            let Some((object, here)) = self.resolve(parameter, &at) else {
                continue;
            };
            match self.parameter(object, &here) {
                Ok(parameter) => parameters.push((parameter, here)),
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        parameters
    }

    fn parameter(
        &mut self,
        parameter: &'d Map<String, Value>,
        at: &str,
    ) -> Result<v3::Parameter, Diagnostic> {
        let mut kept = self.keep(
            parameter,
            at,
            &[
                ("name", Kind::Text),
                ("in", Kind::Text),
                ("description", Kind::Text),
                ("required", Kind::Bool),
                ("deprecated", Kind::Bool),
                ("explode", Kind::Bool),
                ("allowReserved", Kind::Bool),
                ("allowEmptyValue", Kind::Bool),
                ("style", Kind::Text),
            ],
        );
        let location = kept
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let styles: &[&str] = match location.as_str() {
            "path" => &["simple", "label", "matrix"],
            "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
            "header" => &["simple"],
            "cookie" => &["form"],
            // OpenAPI 3.2, which the typed model does not know.
            "querystring" => {
                kept.insert("in".to_owned(), "query".into());
                kept.insert("x-in".to_owned(), "querystring".into());
                &[]
            }
            _ => {
                return Err(Diagnostic::warning(
                    at,
                    "a parameter without a known `in` is dropped",
                    "`in` is one of path, query, header, cookie",
                ));
            }
        };
        if kept
            .get("name")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
        {
            return Err(Diagnostic::warning(
                at,
                "a parameter without a name is dropped",
                "name it",
            ));
        }
        let style = kept.get("style").and_then(Value::as_str).map(str::to_owned);
        if let Some(style) = style.filter(|style| !styles.contains(&style.as_str())) {
            kept.remove("style");
            self.warn(
                at,
                &format!(
                    "`style: {style}` is not for parameters in {location}; the default is used"
                ),
                &format!("the styles here are: {}", styles.join(", ")),
            );
        }
        let content = self.content(parameter.get("content"), &join(at, "content"));
        if !content.is_empty() {
            kept.insert("content".to_owned(), content.into());
        } else if let Some(schema) = parameter.get("schema") {
            kept.insert("schema".to_owned(), schema.clone());
        } else {
            kept.insert("schema".to_owned(), json!({}));
        }
        if let Some(header) = parameter.get("x-mcp-header") {
            kept.insert("x-mcp-header".to_owned(), header.clone());
        }
        typed(kept.into(), at)
    }

    fn request_body(&mut self, body: &'d Value, at: &str) -> Option<Value> {
        let (body, here) = self.resolve(body, at)?;
        let mut kept = self.keep(
            body,
            &here,
            &[("description", Kind::Text), ("required", Kind::Bool)],
        );
        let content = self.content(body.get("content"), &join(&here, "content"));
        if content.is_empty() {
            return None;
        }
        kept.insert("content".to_owned(), content.into());
        kept.insert("x-pointer".to_owned(), here.into());
        Some(kept.into())
    }

    fn responses(&mut self, responses: Option<&'d Value>, at: &str) -> Value {
        let mut kept = Map::new();
        for (status, response) in responses.and_then(Value::as_object).into_iter().flatten() {
            let at = join(at, status);
            if status.starts_with("x-") {
                continue;
            }
            let known = status == "default" || is_status(status);
            if !known {
                self.warn(&at, "is no HTTP status", "write 200, 2XX or default");
                continue;
            }
            let Some((response, here)) = self.resolve(response, &at) else {
                continue;
            };
            let mut object = self.keep(response, &here, &[("description", Kind::Text)]);
            object.entry("description").or_insert_with(|| "".into());
            let content = self.content(response.get("content"), &join(&here, "content"));
            object.insert("content".to_owned(), content.into());
            kept.insert(
                if known && status != "default" {
                    status.to_ascii_uppercase()
                } else {
                    status.clone()
                },
                object.into(),
            );
        }
        kept.into()
    }

    fn content(&mut self, content: Option<&'d Value>, at: &str) -> Map<String, Value> {
        let mut kept = Map::new();
        for (media_type, value) in content.and_then(Value::as_object).into_iter().flatten() {
            let at = join(at, media_type);
            let Some((object, here)) = self.resolve(value, &at) else {
                continue;
            };
            let mut one = Map::new();
            for field in ["schema", "itemSchema"] {
                if let Some(schema) = object.get(field) {
                    let field = if field == "schema" {
                        "schema"
                    } else {
                        "x-itemSchema"
                    };
                    one.insert(field.to_owned(), schema.clone());
                }
            }
            if let Some(example) = self.example(object, &here) {
                one.insert("example".to_owned(), example.clone());
            }
            let encodings = self.encodings(object.get("encoding"), &join(&here, "encoding"));
            if !encodings.is_empty() {
                one.insert("encoding".to_owned(), encodings.into());
            }
            kept.insert(media_type.clone(), one.into());
        }
        kept
    }

    /// The first example of a media type.
    fn example(&mut self, media_type: &'d Map<String, Value>, at: &str) -> Option<&'d Value> {
        if let Some(example) = media_type.get("example") {
            return Some(example);
        }
        let (name, example) = media_type.get("examples")?.as_object()?.iter().next()?;
        let (example, _) = self.resolve(example, &join(&join(at, "examples"), name))?;
        example.get("value").or_else(|| example.get("dataValue"))
    }

    fn encodings(&mut self, encodings: Option<&'d Value>, at: &str) -> Map<String, Value> {
        let mut kept = Map::new();
        for (property, value) in encodings.and_then(Value::as_object).into_iter().flatten() {
            let at = join(at, property);
            let Some((object, here)) = self.resolve(value, &at) else {
                continue;
            };
            let mut encoding = self.keep(
                object,
                &here,
                &[
                    ("contentType", Kind::Text),
                    ("style", Kind::Text),
                    ("explode", Kind::Bool),
                    ("allowReserved", Kind::Bool),
                ],
            );
            let styles = ["form", "spaceDelimited", "pipeDelimited", "deepObject"];
            let style = encoding
                .get("style")
                .and_then(Value::as_str)
                .unwrap_or("form")
                .to_owned();
            if !styles.contains(&style.as_str()) {
                encoding.remove("style");
                self.warn(
                    &here,
                    &format!("`style: {style}` is not for forms"),
                    "use form",
                );
            }
            // Any of the three means that the value is written as a query parameter would be.
            let as_query = ["style", "explode", "allowReserved"];
            if as_query.iter().any(|field| encoding.contains_key(*field)) {
                encoding.entry("style").or_insert_with(|| "form".into());
                encoding
                    .entry("explode")
                    .or_insert_with(|| (style == "form").into());
            }
            kept.insert(property.clone(), encoding.into());
        }
        kept
    }

    /// The fields of `object` that are what they have to be.
    fn keep(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        fields: &[(&str, Kind)],
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for (field, kind) in fields {
            let Some(value) = object.get(*field) else {
                continue;
            };
            let fits = match (kind, value) {
                (Kind::Text, Value::String(_)) | (Kind::Bool, Value::Bool(_)) => {
                    Some(value.clone())
                }
                (Kind::Text, Value::Number(number)) => Some(number.to_string().into()),
                (Kind::Bool, Value::String(text)) => match text.as_str() {
                    "true" => Some(true.into()),
                    "false" => Some(false.into()),
                    _ => None,
                },
                _ => None,
            };
            match fits {
                Some(value) => {
                    kept.insert((*field).to_owned(), value);
                }
                None if value.is_null() => {}
                None => {
                    let what = match kind {
                        Kind::Text => "text",
                        Kind::Bool => "true or false",
                    };
                    let at = join(at, field);
                    self.warn(
                        &at,
                        &format!("is no {what} and is ignored"),
                        &format!("write {what}"),
                    );
                }
            }
        }
        kept
    }

    pub(super) fn warn(&mut self, at: &str, message: &str, help: &str) {
        self.diagnostics
            .push(Diagnostic::warning(at, message, help));
    }
}

fn typed<T: serde::de::DeserializeOwned>(value: Value, at: &str) -> Result<T, Diagnostic> {
    serde_json::from_value(value).map_err(|error| {
        Diagnostic::error(
            at,
            format!("cannot be understood: {error}"),
            "write it as the OpenAPI Specification says",
        )
    })
}

fn is_status(status: &str) -> bool {
    let bytes = status.as_bytes();
    matches!(
        bytes,
        [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'5', b'X' | b'x', b'X' | b'x']
    )
}

/// The security requirements that can be read: lists of objects of lists of text.
pub(super) fn security_requirements(value: &Value) -> Value {
    let requirements = items(Some(value))
        .filter_map(Value::as_object)
        .map(|requirement| {
            let schemes = requirement.iter().map(|(scheme, scopes)| {
                let scopes: Vec<_> = texts(Some(scopes)).map(Value::from).collect();
                (scheme.clone(), Value::from(scopes))
            });
            Value::Object(schemes.collect())
        });
    requirements.collect()
}

/// The servers that can be read, as the typed model wants them.
pub(super) fn servers(value: Option<&Value>) -> Vec<v3::Server> {
    let servers = items(value).filter_map(|server| {
        let url = server.get("url")?.as_str()?;
        let variables: Map<String, Value> = server
            .get("variables")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, variable)| {
                let allowed: Vec<_> = items(variable.get("enum")).filter_map(plain).collect();
                let default = variable.get("default").and_then(plain);
                let default = default
                    .or_else(|| allowed.first().cloned())
                    .unwrap_or_default();
                (name.clone(), json!({"default": default, "enum": allowed}))
            })
            .collect();
        serde_json::from_value(json!({"url": url, "variables": variables})).ok()
    });
    servers.collect()
}

/// A scalar as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}
