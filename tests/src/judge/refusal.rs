//! A refused request: what its description asks for at the place of a violation, what was given for
//! it, and what was sent.

use std::borrow::Cow;

use generator::ir;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::prism::{Verdict, Violation};

/// A request that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The description, as it was read.
    pub document: &'a Value,
    /// The operation.
    pub operation: &'a ir::Operation,
    /// The arguments.
    pub arguments: &'a Value,
    /// What the judge says.
    pub verdict: &'a Verdict,
}

impl<'a> Refusal<'a> {
    /// The argument for what is called `name` on the wire; header and query names are lowered by
    /// the judge.
    pub(super) fn given(&self, name: &str) -> Option<&'a Value> {
        if let Some(parameter) = self.parameter(name) {
            return self.arguments.get(&parameter.argument);
        }
        match &self.operation.request_body.as_ref()?.content {
            ir::Content::Properties(properties) => {
                let found = properties.iter().find(|one| one.name == name)?;
                self.arguments.get(&found.argument)
            }
            ir::Content::Argument(argument, _) | ir::Content::Members(argument, _) => {
                self.arguments.get(argument)?.get(name)
            }
        }
    }

    /// The parameter that is called `name` on the wire.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a ir::Parameter> {
        let mut parameters = self.operation.parameters.iter();
        parameters.find(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// What was given where the violation is.
    pub(super) fn at(&self, violation: &Violation) -> Option<&'a Value> {
        let (name, way) = violation.path.get(1..)?.split_first()?;
        way.iter()
            .try_fold(self.given(name)?, |value, step| match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(step),
            })
    }

    /// What was given as the body, where it is one argument.
    pub(super) fn given_body(&self) -> Option<&'a Value> {
        match &self.operation.request_body.as_ref()?.content {
            ir::Content::Argument(argument, _) | ir::Content::Members(argument, _) => {
                self.arguments.get(argument)
            }
            ir::Content::Properties(_) => None,
        }
    }

    /// The schemas that the description has for a place, with all that they refer to and consist of.
    pub(super) fn described(&self, path: &[String]) -> Vec<&'a Value> {
        let Some((place, mut way)) = path.split_first() else {
            return Vec::new();
        };
        let start = match place.as_str() {
            "body" => self.body_schema(),
            _ => way.split_first().and_then(|(name, rest)| {
                way = rest;
                self.described_parameters(place)
                    .find(|one| is_named(one, name))
            }),
        };
        let start = start.map(|one| one.get("schema").unwrap_or(one));
        let mut reached = self.parts(start.into_iter().collect());
        for step in way {
            let next = reached.iter().flat_map(|schema| members(schema, step));
            reached = self.parts(next.collect());
        }
        reached
    }

    /// The Parameter Objects of the operation that are in `place`.
    pub(super) fn described_parameters(&self, place: &str) -> impl Iterator<Item = &'a Value> {
        self.parameter_entries()
            .map(|entry| self.resolve(entry))
            .filter(move |one| one["in"] == place)
    }

    /// The entries among the parameters of the operation and its path, as they are there.
    pub(super) fn parameter_entries(&self) -> impl Iterator<Item = &'a Value> {
        let lists = [self.path_item(), self.described_operation()];
        let lists = lists.into_iter().flatten();
        lists.flat_map(|one| one["parameters"].as_array().into_iter().flatten())
    }

    /// What a reference refers to, or the value itself.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..32 {
            let reference = value.get("$ref").and_then(Value::as_str);
            let pointer = reference.and_then(|text| text.strip_prefix('#'));
            let decoded = pointer.map(|pointer| percent_decode_str(pointer).decode_utf8_lossy());
            let Some(target) = decoded.and_then(|pointer| self.document.pointer(&pointer)) else {
                break;
            };
            value = target;
        }
        value
    }

    /// The media type that the body was sent in, or the empty text.
    pub(super) fn media_type(&self) -> &'a str {
        let Some(body) = &self.operation.request_body else {
            return "";
        };
        let selected = body.media_type_argument.as_ref();
        let selected = selected.and_then(|argument| self.arguments.get(argument)?.as_str());
        let first = body.media_types.first().map_or("", String::as_str);
        selected.unwrap_or(first)
    }

    /// The values of a field of the form that was sent; none where it is no form.
    pub(super) fn fields(&self, name: &str) -> Vec<Cow<'a, str>> {
        let Some(body) = self.verdict.body.as_ref().and_then(Value::as_str) else {
            return Vec::new();
        };
        let media_type = self.media_type();
        let all: Vec<(Cow<'a, str>, Cow<'a, str>)> = if media_type.starts_with("multipart/") {
            parts_of(body)
        } else if media_type.starts_with("application/x-www-form-urlencoded") {
            form_urlencoded::parse(body.as_bytes()).collect()
        } else {
            Vec::new()
        };
        let named = all.into_iter().filter(|(field, _)| field == name);
        named.map(|(_, value)| value).collect()
    }

    fn path_item(&self) -> Option<&'a Value> {
        let item = self.document.get("paths")?.get(&self.operation.path)?;
        Some(self.resolve(item))
    }

    fn described_operation(&self) -> Option<&'a Value> {
        let method = self.operation.method.to_ascii_lowercase();
        Some(self.resolve(self.path_item()?.get(method)?))
    }

    fn body_schema(&self) -> Option<&'a Value> {
        let body = self.resolve(self.described_operation()?.get("requestBody")?);
        body.get("content")?.get(self.media_type())?.get("schema")
    }

    /// Schemas, and what they refer to and consist of.
    fn parts(&self, schemas: Vec<&'a Value>) -> Vec<&'a Value> {
        let mut reached: Vec<&'a Value> = Vec::new();
        let mut waiting = schemas;
        while let Some(schema) = waiting.pop() {
            let schema = self.resolve(schema);
            if reached.iter().any(|one| std::ptr::eq(*one, schema)) {
                continue;
            }
            reached.push(schema);
            for keyword in ["allOf", "anyOf", "oneOf"] {
                let parts = schema.get(keyword).and_then(Value::as_array);
                waiting.extend(parts.into_iter().flatten());
            }
        }
        reached
    }
}

/// What a schema says of a member or an item.
fn members<'a>(schema: &'a Value, step: &str) -> Vec<&'a Value> {
    let property = schema.get("properties").and_then(|all| all.get(step));
    let is_index = step.bytes().all(|byte| byte.is_ascii_digit());
    let item = schema.get("items").filter(|_| is_index);
    let others = schema.get("additionalProperties");
    let found = property.or(item).or(others.filter(|one| one.is_object()));
    found.into_iter().collect()
}

fn is_named(parameter: &Value, name: &str) -> bool {
    let found = parameter["name"].as_str();
    found.is_some_and(|found| found.eq_ignore_ascii_case(name))
}

/// The parts of a multipart body, which begins with its boundary: names and contents.
fn parts_of(body: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let Some((boundary, _)) = body.split_once("\r\n") else {
        return Vec::new();
    };
    let parts = body.split(boundary).filter_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        Some((name.into(), content.strip_suffix("\r\n")?.into()))
    });
    parts.collect()
}
