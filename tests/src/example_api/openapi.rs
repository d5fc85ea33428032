//! The service's own description, read so that requests are held against it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, bail};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::problem::{Part, Violation};

/// The text of `specs/api.yaml`.
pub const TEXT: &str = include_str!("../../../specs/api.yaml");

/// Which way data travels: a request has no `readOnly` properties, a response no `writeOnly` ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the service.
    Request,
    /// From the service to the client.
    Response,
}

/// A parameter of an operation.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) required: bool,
    pub(super) deep_object: bool,
    pub(super) explode: bool,
    pub(super) schema: Value,
    pub(super) validator: Validator,
}

/// One media type of a request body.
pub(super) struct BodyContent {
    pub(super) media_type: String,
    pub(super) schema: Value,
    /// The media types each part of a multipart body may have.
    pub(super) part_types: BTreeMap<String, Vec<String>>,
    pub(super) validator: Validator,
}

/// An operation, with what is needed to judge a request to it.
pub(super) struct Operation {
    pub(super) id: String,
    /// Whether a key of level read may call it.
    pub(super) reads: bool,
    /// Names of security schemes; each alone opens the operation.
    pub(super) schemes: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body_required: bool,
    pub(super) bodies: Vec<BodyContent>,
}

/// The description of the whole service.
pub(super) struct Description {
    document: Value,
    operations: BTreeMap<(String, String), Operation>,
}

/// The description, read once a process.
pub(super) fn description() -> anyhow::Result<&'static Description> {
    static DESCRIPTION: LazyLock<anyhow::Result<Description>> = LazyLock::new(Description::read);
    DESCRIPTION
        .as_ref()
        .map_err(|error| anyhow::anyhow!("specs/api.yaml: {error:#}"))
}

impl Description {
    fn read() -> anyhow::Result<Self> {
        let document: Value = serde_saphyr::from_str(TEXT)?;
        let mut operations = BTreeMap::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                if !["get", "put", "post", "patch", "delete"].contains(&method.as_str()) {
                    continue;
                }
                let operation = Operation::read(&document, item, method, operation)
                    .with_context(|| format!("{method} {path}"))?;
                operations.insert((path.clone(), method.to_uppercase()), operation);
            }
        }
        Ok(Self {
            document,
            operations,
        })
    }

    /// The operation of a method (in capitals) on a path template.
    pub(super) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        self.operations.get(&(path.to_owned(), method.to_owned()))
    }

    /// Follows a local reference, if the node is one.
    pub(super) fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        resolve(&self.document, node)
    }
}

impl Operation {
    fn read(
        document: &Value,
        item: &Value,
        method: &str,
        operation: &Value,
    ) -> anyhow::Result<Self> {
        let id = operation["operationId"]
            .as_str()
            .context("no operationId")?
            .to_owned();
        let security = match operation["security"].as_array() {
            Some(own) => own,
            None => document["security"].as_array().context("no security")?,
        };
        let schemes = security
            .iter()
            .flat_map(members)
            .map(|(name, _)| name.clone())
            .collect();
        let parameters = [&item["parameters"], &operation["parameters"]]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| Parameter::read(document, resolve(document, parameter)))
            .collect::<anyhow::Result<_>>()?;
        let body = resolve(document, &operation["requestBody"]);
        let bodies = members(&body["content"])
            .map(|(media_type, content)| BodyContent::read(document, media_type, content))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            id,
            reads: method == "get"
                || operation["x-mcp"]["access"] == "read"
                || operation["x-key-level"] == "read",
            schemes,
            parameters,
            body_required: body["required"] == true,
            bodies,
        })
    }
}

impl Parameter {
    fn read(document: &Value, parameter: &Value) -> anyhow::Result<Self> {
        let name = parameter["name"]
            .as_str()
            .context("a parameter without a name")?
            .to_owned();
        let part = match parameter["in"].as_str() {
            Some("path") => Part::Path,
            Some("query") => Part::Query,
            Some("header") => Part::Header,
            _ => bail!("parameter {name} is neither in the path, the query nor a header"),
        };
        let schema = &parameter["schema"];
        Ok(Self {
            part,
            required: parameter["required"] == true,
            deep_object: parameter["style"] == "deepObject",
            explode: parameter["explode"] != false,
            schema: resolve(document, schema).clone(),
            validator: validator(document, schema, Direction::Request)?,
            name,
        })
    }
}

impl BodyContent {
    fn read(document: &Value, media_type: &str, content: &Value) -> anyhow::Result<Self> {
        let part_types = members(&content["encoding"])
            .filter_map(|(part, encoding)| {
                let types = encoding["contentType"].as_str()?.split(',');
                Some((
                    part.clone(),
                    types.map(|one| one.trim().to_owned()).collect(),
                ))
            })
            .collect();
        Ok(Self {
            media_type: media_type.to_owned(),
            schema: resolve(document, &content["schema"]).clone(),
            part_types,
            validator: validator(document, &content["schema"], Direction::Request)?,
        })
    }
}

/// Compiles a Schema Object of the description for one direction.
///
/// # Errors
/// If the schema is no valid JSON Schema 2020-12 or refers to what is not there.
pub fn validator(
    document: &Value,
    schema: &Value,
    direction: Direction,
) -> anyhow::Result<Validator> {
    let mut root = schema.clone();
    turn(&mut root, direction);
    let mut schemas = document["components"]["schemas"].clone();
    turn(&mut schemas, direction);
    if let Value::Object(root) = &mut root {
        root.insert(
            "components".into(),
            Value::Object(Map::from_iter([("schemas".into(), schemas)])),
        );
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&root)
        .map_err(|error| anyhow::anyhow!("{error}"))
}

/// Takes out the properties that do not travel in this direction.
fn turn(node: &mut Value, direction: Direction) {
    let absent = match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    match node {
        Value::Object(members) => {
            let mut gone = Vec::new();
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                properties.retain(|name, property| {
                    let stays = property[absent] != true;
                    if !stays {
                        gone.push(name.clone());
                    }
                    stays
                });
            }
            if let Some(Value::Array(required)) = members.get_mut("required") {
                required.retain(|name| !gone.iter().any(|gone| name == gone));
            }
            members
                .values_mut()
                .for_each(|member| turn(member, direction));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| turn(item, direction)),
        _ => {}
    }
}

/// Where and how a value misses its schema; values themselves are not repeated.
pub(super) fn violations(
    validator: &Validator,
    value: &Value,
    part: Part,
    at: &str,
) -> Vec<Violation> {
    validator
        .iter_errors(value)
        .map(|error| {
            Violation::new(
                part,
                format!("{at}{}", error.instance_path()),
                error.masked().to_string(),
            )
        })
        .collect()
}

/// Fills in the defaults of absent properties.
pub(super) fn fill_defaults(schema: &Value, value: &mut Value) {
    if let Value::Object(value) = value {
        for (name, property) in members(&schema["properties"]) {
            if let Some(default) = property.get("default") {
                value.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
    }
}

/// Follows a local reference, if the node is one.
pub(super) fn resolve<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let target = node["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| document.pointer(pointer));
    target.unwrap_or(node)
}

fn members(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node.as_object().into_iter().flatten()
}
