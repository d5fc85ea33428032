//! Swagger 2.0 to the shape of OpenAPI 3.0, where the two differ outside of schemas.
//!
//! Whatever can stays where it is, definitions above all: references and diagnostics then still
//! lead into the text as it was written.

use serde_json::{Map, Value, json};

use super::pointer::{fragment, join};
use crate::diagnostic::Diagnostic;

type Object = Map<String, Value>;

/// Fields of a parameter that describe its value (Swagger 2.0 Parameter Object).
const SCHEMA_FIELDS: [&str; 19] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-nullable",
    "x-mcp-header",
    "x-example",
];

/// Brings a Swagger 2.0 description into the shape of OpenAPI 3.0.
pub(super) fn upgrade(root: &mut Value, diagnostics: &mut Vec<Diagnostic>) {
    let Some(document) = root.as_object_mut() else {
        return;
    };
    let text = |field: &str| document.get(field)?.as_str().map(str::to_owned);
    let shared = Shared {
        host: text("host"),
        base: text("basePath").unwrap_or_else(|| "/".to_owned()),
        parameters: object(document.get("parameters")),
        responses: object(document.get("responses")),
        consumes: texts(document.get("consumes")),
        produces: texts(document.get("produces")),
    };
    let schemes = texts(document.get("schemes")).unwrap_or_default();
    let servers = servers(shared.host.as_deref(), &shared.base, schemes);
    document.insert("servers".to_owned(), servers);
    let schemes = object(document.get("securityDefinitions"));
    let schemes: Object = schemes
        .into_iter()
        .map(|(name, scheme)| (name, security_scheme(scheme)))
        .collect();
    document.insert("components".to_owned(), json!({"securitySchemes": schemes}));
    let mut upgrade = Upgrade {
        shared,
        diagnostics,
    };
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            upgrade.path_item(item, &join("/paths", path));
        }
    }
}

/// What operations take from the document.
struct Shared {
    host: Option<String>,
    base: String,
    parameters: Object,
    responses: Object,
    consumes: Option<Vec<String>>,
    produces: Option<Vec<String>>,
}

struct Upgrade<'u> {
    shared: Shared,
    diagnostics: &'u mut Vec<Diagnostic>,
}

impl Upgrade<'_> {
    fn path_item(&mut self, item: &mut Object, at: &str) {
        let own = self.resolved(item.remove("parameters"));
        let (kept, body): (Vec<Object>, Vec<Object>) =
            own.into_iter().partition(|parameter| !is_body(parameter));
        let kept: Vec<Value> = kept
            .into_iter()
            .map(|parameter| self.parameter(parameter, at))
            .collect();
        item.insert("parameters".to_owned(), Value::Array(kept));
        for method in ["get", "put", "post", "delete", "options", "head", "patch"] {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                self.operation(operation, &body, &join(at, method));
            }
        }
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
                body.push(parameter.clone());
            }
        }
        if let Some(schemes) = texts(operation.get("schemes")) {
            let servers = servers(self.shared.host.as_deref(), &self.shared.base, schemes);
            operation.insert("servers".to_owned(), servers);
        }
        let consumes = texts(operation.get("consumes")).or_else(|| self.shared.consumes.clone());
        if !body.is_empty() {
            let body = self.request_body(body, &consumes.unwrap_or_default(), at);
            operation.insert("requestBody".to_owned(), body);
        }
        let produces = texts(operation.get("produces")).or_else(|| self.shared.produces.clone());
        let produces = produces.unwrap_or_default();
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (_, response) in responses.into_iter().flatten() {
            if let Some(known) = referred(response, "#/responses/", &self.shared.responses) {
                *response = known;
            }
            if let Some(response) = response.as_object_mut() {
                headers(response);
                content(response, &produces);
            }
        }
    }

    /// The parameters of a list, references followed.
    fn resolved(&self, parameters: Option<Value>) -> Vec<Object> {
        let Some(Value::Array(parameters)) = parameters else {
            return Vec::new();
        };
        let resolved = parameters.into_iter().filter_map(|parameter| {
            let known = referred(&parameter, "#/parameters/", &self.shared.parameters);
            match known.unwrap_or(parameter) {
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
        let (style, explode) = self.style(&parameter, at);
        let schema = schema(&mut parameter);
        parameter.insert("schema".to_owned(), schema);
        if let Some(style) = style {
            parameter.insert("style".to_owned(), json!(style));
        }
        if let Some(explode) = explode {
            parameter.insert("explode".to_owned(), json!(explode));
        }
        Value::Object(parameter)
    }

    /// What a `collectionFormat` is called since 3.0; commas unless it says otherwise.
    fn style(&mut self, parameter: &Object, at: &str) -> (Option<&'static str>, Option<bool>) {
        if !is_type(parameter, "array") {
            return (None, None);
        }
        let format = parameter.get("collectionFormat").and_then(Value::as_str);
        match format.unwrap_or("csv") {
            "multi" => (None, Some(true)),
            "ssv" => (Some("spaceDelimited"), Some(false)),
            "pipes" => (Some("pipeDelimited"), Some(false)),
            "tsv" => (Some("tabDelimited"), Some(false)),
            "csv" => (None, Some(false)),
            other => {
                let name = parameter
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.diagnostics.push(Diagnostic::warning(
                    at,
                    format!("the collectionFormat `{other}` of `{name}` is not sent; commas are"),
                    "use csv, ssv, tsv, pipes or multi",
                ));
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
                .map(|name| (name.clone(), json!({"schema": schema})))
                .collect();
            return json!({
                "required": needed,
                "description": body.get("description").cloned().unwrap_or_default(),
                "content": content,
            });
        }
        let has_files = parameters.iter().any(|one| is_type(one, "file"));
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
            let (style, explode) = self.style(&parameter, at);
            if explode.is_some() {
                let style = style.unwrap_or("form");
                encoding.insert(name.clone(), json!({"style": style, "explode": explode}));
            }
            let description = parameter.remove("description");
            let mut schema = schema(&mut parameter);
            if let (Some(text), Some(schema)) = (description, schema.as_object_mut()) {
                schema.insert("description".to_owned(), text);
            }
            properties.insert(name, schema);
        }
        let schema = json!({"type": "object", "required": names, "properties": properties});
        // These parameters make forms (2.0, Parameter Object). What else the operation consumes
        // is kept, without a word on what it would look like.
        let says_form = types.iter().any(|name| is_form(name));
        let content = types.into_iter().map(|name| {
            let media = match is_form(&name) || !says_form {
                true => json!({"schema": schema, "encoding": encoding}),
                false => json!({}),
            };
            (name, media)
        });
        json!({"required": needed, "content": content.collect::<Object>()})
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

fn is_type(parameter: &Object, name: &str) -> bool {
    parameter.get("type").and_then(Value::as_str) == Some(name)
}

fn is_body(parameter: &Object) -> bool {
    is_of(parameter, "body") || is_of(parameter, "formData")
}

/// What a reference into one of the document's maps leads to.
fn referred(value: &Value, prefix: &str, known: &Object) -> Option<Value> {
    let pointer = fragment(value.get("$ref")?.as_str()?)?;
    let name = pointer.strip_prefix(prefix.trim_start_matches('#'))?;
    known
        .get(&name.replace("~1", "/").replace("~0", "~"))
        .cloned()
}

/// Moves what describes a parameter's value into a schema.
fn schema(parameter: &mut Object) -> Value {
    let mut schema = Object::new();
    for field in SCHEMA_FIELDS {
        if let Some(value) = parameter.shift_remove(field) {
            schema.insert(field.to_owned(), value);
        }
    }
    parameter.shift_remove("collectionFormat");
    if is_type(&schema, "file") {
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("format".to_owned(), json!("binary"));
    }
    Value::Object(schema)
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

/// Gives a response content by media type.
fn content(response: &mut Object, produces: &[String]) {
    let Some(mut schema) = response.shift_remove("schema") else {
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
        let mut media = json!({"schema": schema});
        if let (Some(example), Some(media)) = (examples.get(&name), media.as_object_mut()) {
            media.insert("example".to_owned(), example.clone());
        }
        content.insert(name, media);
    }
    response.insert("content".to_owned(), Value::Object(content));
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

fn security_scheme(mut scheme: Value) -> Value {
    match scheme.get("type").and_then(Value::as_str) {
        Some("basic") => json!({"type": "http", "scheme": "basic"}),
        Some("oauth2") => {
            if let Some(members) = scheme.as_object_mut() {
                flows(members);
            }
            scheme
        }
        _ => scheme,
    }
}

/// Puts the one flow of an OAuth 2.0 scheme where 3.0 has several. One of no known name stays as
/// it is.
fn flows(scheme: &mut Object) {
    let name = match scheme.get("flow").and_then(Value::as_str) {
        Some("application") => "clientCredentials",
        Some("accessCode") => "authorizationCode",
        Some("implicit") => "implicit",
        Some("password") => "password",
        _ => return,
    };
    scheme.shift_remove("flow");
    let mut flow = Object::new();
    for field in ["authorizationUrl", "tokenUrl", "scopes"] {
        if let Some(value) = scheme.shift_remove(field) {
            flow.insert(field.to_owned(), value);
        }
    }
    flow.entry("scopes").or_insert_with(|| json!({}));
    scheme.insert("flows".to_owned(), json!({name: flow}));
}
