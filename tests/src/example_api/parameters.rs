//! Reads parameters from the wire, exactly as the description spells them.

use axum::extract::RawPathParams;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::openapi::{self, Description, Operation, Parameter};
use super::problem::{Part, Problem, Violation};

/// The parameters of a request by name, defaults filled in.
///
/// # Errors
/// 400 with each parameter that is unknown, missing, given twice or of the wrong form.
pub(super) fn read(
    description: &Description,
    operation: &Operation,
    path: &RawPathParams,
    query: &str,
    headers: &HeaderMap,
) -> Result<Map<String, Value>, Problem> {
    let mut query = Query::split(query)?;
    let mut values = Map::new();
    let mut violations = Vec::new();
    for parameter in &operation.parameters {
        let value = match parameter.part {
            Part::Path => path
                .iter()
                .find(|(name, _)| *name == parameter.name)
                .map(|(_, value)| Value::from(value)),
            Part::Header => headers
                .get(&parameter.name)
                .map(|value| Value::from(String::from_utf8_lossy(value.as_bytes()))),
            Part::Query | Part::Body => query.take(description, parameter, &mut violations),
        };
        let pointer = format!("/{}", parameter.name);
        match value {
            Some(value) => {
                let found =
                    openapi::violations(&parameter.validator, &value, parameter.part, &pointer);
                violations.extend(found);
                values.insert(parameter.name.clone(), value);
            }
            None if parameter.required => {
                violations.push(Violation::new(
                    parameter.part,
                    pointer,
                    "the parameter is required",
                ));
            }
            None => {
                if let Some(default) = parameter.schema.get("default") {
                    values.insert(parameter.name.clone(), default.clone());
                }
            }
        }
    }
    violations.extend(query.pairs.into_iter().map(|(name, _)| {
        Violation::new(
            Part::Query,
            format!("/{name}"),
            "there is no such parameter",
        )
    }));
    if violations.is_empty() {
        Ok(values)
    } else {
        Err(Problem::bad_request(violations))
    }
}

/// A query string's pairs: names decoded, values as they were sent.
struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    fn split(query: &str) -> Result<Self, Problem> {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, value.to_owned()))
            });
        Ok(Self {
            pairs: pairs.collect::<Result<_, Problem>>()?,
        })
    }

    /// The raw values under a name, which are then gone from the rest.
    fn values(&mut self, name: &str) -> Vec<String> {
        self.pairs
            .extract_if(.., |(other, _)| other == name)
            .map(|(_, value)| value)
            .collect()
    }

    fn take(
        &mut self,
        description: &Description,
        parameter: &Parameter,
        violations: &mut Vec<Violation>,
    ) -> Option<Value> {
        let name = &parameter.name;
        if parameter.deep_object {
            let mut object = Map::new();
            let properties = parameter.schema["properties"]
                .as_object()
                .into_iter()
                .flatten();
            for (property, schema) in properties {
                let values = self.values(&format!("{name}[{property}]"));
                let at = format!("/{name}/{property}");
                if let Some(value) = single(&values, description.resolve(schema), &at, violations) {
                    object.insert(property.clone(), value);
                }
            }
            return (!object.is_empty()).then_some(Value::Object(object));
        }
        let values = self.values(name);
        let at = format!("/{name}");
        if parameter.schema["type"] != "array" {
            return single(&values, &parameter.schema, &at, violations);
        }
        let items = description.resolve(&parameter.schema["items"]);
        if parameter.explode {
            let items: Vec<Value> = values
                .iter()
                .filter_map(|value| single(std::slice::from_ref(value), items, &at, violations))
                .collect();
            return (!items.is_empty()).then_some(Value::Array(items));
        }
        let joined = once(&values, &at, violations)?;
        let items = joined
            .split(',')
            .filter_map(|value| single(&[value.to_owned()], items, &at, violations))
            .collect();
        Some(Value::Array(items))
    }
}

/// The one value there may be, still encoded.
fn once<'a>(values: &'a [String], at: &str, violations: &mut Vec<Violation>) -> Option<&'a String> {
    match values {
        [] => None,
        [one] => Some(one),
        _ => {
            violations.push(Violation::new(
                Part::Query,
                at,
                "the parameter is given more than once",
            ));
            None
        }
    }
}

/// The one value there may be, decoded and as the type that the schema names. A text that is no
/// number stays a text, for the schema to refuse.
fn single(
    values: &[String],
    schema: &Value,
    at: &str,
    violations: &mut Vec<Violation>,
) -> Option<Value> {
    let text = match decode(once(values, at, violations)?) {
        Ok(text) => text,
        Err(_) => {
            violations.push(Violation::new(
                Part::Query,
                at,
                "value is not percent-encoded UTF-8",
            ));
            return None;
        }
    };
    let typed = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    Some(typed.unwrap_or(Value::String(text)))
}

/// Decodes `application/x-www-form-urlencoded` text, where a plus sign is a space.
fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| {
        let detail = "the query string is not percent-encoded UTF-8";
        Problem::bad_request(vec![Violation::new(Part::Query, "", detail)])
    })
}
