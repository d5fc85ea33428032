//! Swagger 2.0 to the shape of OpenAPI 3.0. What differs after that is where named schemas are:
//! `Dialect` says it.
//!
//! Whatever can stays where it is, definitions above all: references and diagnostics then still
//! lead into the text as it was written.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::discriminators;
use super::pointer::{fragment, join};
use super::schemes::security_scheme;
use super::simple_schema::{is_file, schema};
use super::size::{MAX_COPIED, Size};
use crate::diagnostic::Diagnostic;

type Object = Map<String, Value>;

/// The field that has the styles of the lists within a list, the outer ones first. It is not of
/// OpenAPI 3.0, which has nothing like it, and is read where `Dialect::has_collection_formats` says
/// that it is ours.
pub(crate) const ITEM_STYLES: &str = "itemStyles";

/// How many references may lead to one another before something is reached.
const MAX_HOPS: usize = 64;

/// Brings a Swagger 2.0 description into the shape of OpenAPI 3.0. What operations refer to is
/// copied into them: its meaning depends on what they consume and produce.
///
/// # Errors
/// Where the copies would make the description much larger.
pub(super) fn upgrade(root: &mut Value, diagnostics: &mut Vec<Diagnostic>) -> Result<(), String> {
    if !root.is_object() {
        return Ok(());
    }
    discriminators::name_properties(root);
    let text = |field: &str| root.get(field)?.as_str().map(str::to_owned);
    let mut upgrade = Upgrade {
        root,
        host: text("host"),
        base: text("basePath").unwrap_or_else(|| "/".to_owned()),
        consumes: texts(root.get("consumes")),
        produces: texts(root.get("produces")),
        copied: 0,
        diagnostics,
    };
    let items = upgrade.path_items();
    if upgrade.copied > MAX_COPIED {
        return Err(format!(
            "what its operations refer to makes the description grow by more than {MAX_COPIED} values"
        ));
    }
    let schemes = texts(root.get("schemes")).unwrap_or_default();
    let servers = servers(upgrade.host.as_deref(), &upgrade.base, schemes);
    for (at, item) in items {
        if let Some(place) = root.pointer_mut(&at) {
            *place = item;
        }
    }
    let Some(document) = root.as_object_mut() else {
        return Ok(());
    };
    document.insert("servers".to_owned(), servers);
    let schemes = object(document.get("securityDefinitions"));
    let schemes: Object = schemes
        .into_iter()
        .map(|(name, scheme)| (name, security_scheme(scheme)))
        .collect();
    document.insert("components".to_owned(), json!({"securitySchemes": schemes}));
    Ok(())
}

/// The description as it was written, and what operations take from it.
struct Upgrade<'u> {
    root: &'u Value,
    host: Option<String>,
    base: String,
    consumes: Option<Vec<String>>,
    produces: Option<Vec<String>>,
    /// How many values were copied.
    copied: usize,
    diagnostics: &'u mut Vec<Diagnostic>,
}

impl Upgrade<'_> {
    /// The path items in the shape of 3.0, by their pointers: those of the paths and what
    /// references in place of one lead to. Outer ones come first.
    fn path_items(&mut self) -> Vec<(String, Value)> {
        let root = self.root;
        let paths = root.get("paths").and_then(Value::as_object);
        let paths = paths.into_iter().flatten();
        let mut waiting: Vec<String> = paths.map(|(path, _)| join("/paths", path)).collect();
        waiting.reverse();
        let mut seen: HashSet<String> = waiting.iter().cloned().collect();
        let mut items = Vec::new();
        while let Some(at) = waiting.pop().filter(|_| self.spend(0)) {
            let Some(item) = root.pointer(&at).and_then(Value::as_object) else {
                continue;
            };
            if let Some(reference) = item.get("$ref").and_then(Value::as_str) {
                let target = fragment(reference).filter(|_| reference.starts_with('#'));
                waiting.extend(target.filter(|target| seen.insert(target.clone())));
                continue;
            }
            let mut item = item.clone();
            self.path_item(&mut item, &at);
            items.push((at, Value::Object(item)));
        }
        items.sort_by_key(|(at, _)| at.len());
        items
    }

    fn path_item(&mut self, item: &mut Object, at: &str) {
        let own = self.resolved(item.shift_remove("parameters"));
        let (kept, body): (Vec<Object>, Vec<Object>) =
            own.into_iter().partition(|parameter| !is_body(parameter));
        let kept: Vec<Value> = kept
            .into_iter()
            .map(|parameter| self.parameter(parameter, at))
            .collect();
        item.insert("parameters".to_owned(), Value::Array(kept));
        for method in ["get", "put", "post", "delete", "options", "head", "patch"] {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            // Not by the specification, but widely done in descriptions of many files.
            if let Some(known) = self.referred(operation) {
                *operation = known;
            }
            if let Some(operation) = operation.as_object_mut() {
                self.operation(operation, &body, &join(at, method));
            }
        }
    }

    /// What a reference leads to; none if this is no reference, or one that leads nowhere.
    fn referred(&mut self, value: &Value) -> Option<Value> {
        let mut reference = value.get("$ref")?.as_str()?;
        for _ in 0..MAX_HOPS {
            let pointer = fragment(reference).filter(|_| reference.starts_with('#'))?;
            let target = self.root.pointer(&pointer)?;
            match target.get("$ref").and_then(Value::as_str) {
                Some(next) => reference = next,
                None => return Some(self.copy(target)),
            }
        }
        None
    }

    /// A copy; once there are too many, of nothing.
    fn copy(&mut self, value: &Value) -> Value {
        match self.spend(Size::of(value).values) {
            true => value.clone(),
            false => Value::Null,
        }
    }

    /// Whether so many values more can be copied.
    fn spend(&mut self, values: usize) -> bool {
        self.copied = self.copied.saturating_add(values);
        self.copied <= MAX_COPIED
    }

    fn operation(&mut self, operation: &mut Object, around: &[Object], at: &str) {
        let own = self.resolved(operation.remove("parameters"));
        let (mut body, mut kept) = (Vec::new(), Vec::new());
        for parameter in own {
            if is_body(&parameter) {
                body.push(parameter);
            } else {
                kept.push(self.parameter(parameter, at));
            }
        }
        operation.insert("parameters".to_owned(), Value::Array(kept));
        for parameter in around {
            let same = |own: &&Object| {
                ["in", "name"]
                    .iter()
                    .all(|key| own.get(*key) == parameter.get(*key))
            };
            let both =
                |own: &Object| own.get("in") == Some(&json!("body")) && is_of(parameter, "body");
            if !body.iter().any(|own| same(&own) || both(own)) {
                let values = parameter.values().map(|value| Size::of(value).values);
                if self.spend(values.sum()) {
                    body.push(parameter.clone());
                }
            }
        }
        if let Some(schemes) = texts(operation.get("schemes")) {
            let servers = servers(self.host.as_deref(), &self.base, schemes);
            operation.insert("servers".to_owned(), servers);
        }
        let consumes = texts(operation.get("consumes")).or_else(|| self.consumes.clone());
        if !body.is_empty() {
            let body = self.request_body(body, &consumes.unwrap_or_default(), at);
            operation.insert("requestBody".to_owned(), body);
        }
        let produces = texts(operation.get("produces")).or_else(|| self.produces.clone());
        let produces = produces.unwrap_or_default();
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (_, response) in responses.into_iter().flatten() {
            if let Some(known) = self.referred(response) {
                *response = known;
            }
            if let Some(response) = response.as_object_mut() {
                headers(response);
                self.content(response, &produces);
            }
        }
    }

    /// The parameters of a list, references followed.
    fn resolved(&mut self, parameters: Option<Value>) -> Vec<Object> {
        let Some(Value::Array(parameters)) = parameters else {
            return Vec::new();
        };
        let resolved = parameters.into_iter().filter_map(|parameter| {
            match self.referred(&parameter).unwrap_or(parameter) {
                Value::Object(parameter) => Some(parameter),
                _ => None,
            }
        });
        resolved.collect()
    }

    fn parameter(&mut self, mut parameter: Object, at: &str) -> Value {
        if parameter.contains_key("$ref") {
            return Value::Object(parameter);
        }
        let name = name(&parameter).to_owned();
        let (style, explode) = self.style(&parameter, &name, at);
        let item_styles = self.item_styles(&parameter, &name, at);
        let schema = schema(&mut parameter);
        parameter.insert("schema".to_owned(), schema);
        if !item_styles.is_empty() {
            parameter.insert(ITEM_STYLES.to_owned(), json!(item_styles));
        }
        if let Some(style) = style {
            parameter.insert("style".to_owned(), json!(style));
        }
        if let Some(explode) = explode {
            parameter.insert("explode".to_owned(), json!(explode));
        }
        Value::Object(parameter)
    }

    /// The styles of the lists within a list, the outer ones first.
    fn item_styles(&mut self, parameter: &Object, name: &str, at: &str) -> Vec<&'static str> {
        let mut styles = Vec::new();
        let mut list = parameter;
        while let Some(items) = list.get("items").and_then(Value::as_object)
            && is_type(items, "array")
        {
            styles.push(self.style(items, name, at).0.unwrap_or("form"));
            list = items;
        }
        styles
    }

    /// What a `collectionFormat` is called since 3.0; commas unless it says otherwise.
    fn style(
        &mut self,
        list: &Object,
        name: &str,
        at: &str,
    ) -> (Option<&'static str>, Option<bool>) {
        if !is_type(list, "array") {
            return (None, None);
        }
        let format = list.get("collectionFormat").and_then(Value::as_str);
        match format.unwrap_or("csv") {
            "multi" if is_of(list, "query") || is_of(list, "formData") => (None, Some(true)),
            "ssv" => (Some("spaceDelimited"), Some(false)),
            "pipes" => (Some("pipeDelimited"), Some(false)),
            "tsv" => (Some("tabDelimited"), Some(false)),
            "csv" => (None, Some(false)),
            other => {
                let (place, help) = match other {
                    "multi" => (
                        " here",
                        "use csv, ssv, tsv or pipes; multi is for queries and forms",
                    ),
                    _ => ("", "use csv, ssv, tsv, pipes or multi"),
                };
                let what = format!(
                    "the collectionFormat `{other}` of `{name}` is not sent{place}; commas are"
                );
                self.diagnostics.push(Diagnostic::warning(at, what, help));
                (None, Some(false))
            }
        }
    }

    fn request_body(&mut self, parameters: Vec<Object>, consumes: &[String], at: &str) -> Value {
        let required = |one: &Object| one.get("required") == Some(&json!(true));
        let needed = parameters.iter().any(required);
        if let Some(body) = parameters.iter().find(|one| is_of(one, "body")) {
            let schema = body.get("schema").cloned().unwrap_or_else(|| json!({}));
            let types = or_else(consumes, "application/json");
            let content: Object = types
                .iter()
                .map(|name| (name.clone(), json!({"schema": self.copy(&schema)})))
                .collect();
            return json!({
                "required": needed,
                "description": body.get("description").cloned().unwrap_or_default(),
                "content": content,
            });
        }
        let has_files = parameters.iter().any(is_file);
        let types = match has_files {
            true => vec!["multipart/form-data".to_owned()],
            false => or_else(consumes, "application/x-www-form-urlencoded"),
        };
        let (mut properties, mut names, mut encoding) = (Object::new(), Vec::new(), Object::new());
        for mut parameter in parameters {
            let Some(Value::String(name)) = parameter.remove("name") else {
                continue;
            };
            if required(&parameter) {
                names.push(name.clone());
            }
            let (style, explode) = self.style(&parameter, &name, at);
            if explode.is_some() && !is_file(&parameter) {
                let style = style.unwrap_or("form");
                let mut written = json!({"style": style, "explode": explode});
                let item_styles = self.item_styles(&parameter, &name, at);
                if !item_styles.is_empty() {
                    written[ITEM_STYLES] = json!(item_styles);
                }
                encoding.insert(name.clone(), written);
            }
            let description = parameter.remove("description");
            let mut schema = schema(&mut parameter);
            if let (Some(text), Some(schema)) = (description, schema.as_object_mut()) {
                schema.insert("description".to_owned(), text);
            }
            properties.insert(name, schema);
        }
        let schema = json!({"type": "object", "required": names, "properties": properties});
        let encoding = Value::Object(encoding);
        // These parameters make forms (2.0, Parameter Object). What else the operation consumes
        // is kept, without a word on what it would look like.
        let says_form = types.iter().any(|name| is_form(name));
        let content = types.into_iter().map(|name| {
            let media = match is_form(&name) || !says_form {
                true => json!({"schema": self.copy(&schema), "encoding": self.copy(&encoding)}),
                false => self.copy(&json!({})),
            };
            (name, media)
        });
        json!({"required": needed, "content": content.collect::<Object>()})
    }

    /// Describes a response by media type.
    fn content(&mut self, response: &mut Object, produces: &[String]) {
        let Some(mut schema) = response.shift_remove("schema").filter(|_| self.spend(0)) else {
            return;
        };
        let is_file = schema
            .as_object()
            .is_some_and(|schema| is_type(schema, "file"));
        if is_file {
            schema = json!({"type": "string", "format": "binary"});
        }
        let examples = object(response.get("examples"));
        response.shift_remove("examples");
        let default = if is_file {
            "application/octet-stream"
        } else {
            "application/json"
        };
        let mut content = Object::new();
        for name in or_else(produces, default) {
            let mut media = json!({"schema": self.copy(&schema)});
            if let (Some(example), Some(media)) = (examples.get(&name), media.as_object_mut()) {
                media.insert("example".to_owned(), self.copy(example));
            }
            content.insert(name, media);
        }
        response.insert("content".to_owned(), Value::Object(content));
    }
}

fn object(value: Option<&Value>) -> Object {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let items = value?.as_array()?.iter();
    Some(items.filter_map(Value::as_str).map(str::to_owned).collect())
}

fn is_form(media_type: &str) -> bool {
    media_type.starts_with("application/x-www-form-urlencoded")
        || media_type.starts_with("multipart/form-data")
}

fn or_else(types: &[String], default: &str) -> Vec<String> {
    if types.is_empty() {
        vec![default.to_owned()]
    } else {
        types.to_vec()
    }
}

fn is_of(parameter: &Object, location: &str) -> bool {
    parameter.get("in").and_then(Value::as_str) == Some(location)
}

fn name(parameter: &Object) -> &str {
    let name = parameter.get("name").and_then(Value::as_str);
    name.unwrap_or_default()
}

pub(super) fn is_type(parameter: &Object, name: &str) -> bool {
    parameter.get("type").and_then(Value::as_str) == Some(name)
}

fn is_body(parameter: &Object) -> bool {
    is_of(parameter, "body") || is_of(parameter, "formData")
}

/// Moves what describes the values of a response's header fields into schemas.
fn headers(response: &mut Object) {
    let headers = response.get_mut("headers").and_then(Value::as_object_mut);
    for (_, header) in headers.into_iter().flatten() {
        if let Some(header) = header.as_object_mut() {
            let schema = schema(header);
            header.insert("schema".to_owned(), schema);
        }
    }
}

/// Where the API is, by each of the schemes.
fn servers(host: Option<&str>, base: &str, mut schemes: Vec<String>) -> Value {
    let Some(host) = host else {
        return json!([{"url": base}]);
    };
    schemes.retain(|scheme| scheme == "https" || scheme == "http");
    // The safer one first.
    schemes.sort_by(|a, b| b.cmp(a));
    let slash = if base.starts_with('/') { "" } else { "/" };
    or_else(&schemes, "https")
        .into_iter()
        .map(|scheme| json!({"url": format!("{scheme}://{host}{slash}{base}")}))
        .collect()
}
