//! Schemas of inputs: from a Schema Object of any version to JSON Schema 2020-12, keeping its
//! meaning. What has none is loosened, and told.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use super::definition::Direction;
use super::discriminator::Discriminator;
use super::follow::follow;
use super::named::PREFIX;
use super::pattern::Unreadable;
use super::reference;
use super::value::{MAX_DEPTH as MAX_VALUE_DEPTH, is_deep};
use super::{MAX_DEPTH, all_of, consistency, kind};
use crate::diagnostic::Diagnostic;
use crate::lower::context::Context;
use crate::openapi::{Node, Version, join};

/// Lowers a schema. References read `#/$defs/NAME`.
pub(crate) fn lower<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    let mut lowering = Lowering {
        cx,
        at: node.at.clone(),
        depth: 0,
        role: Role::Whole,
        opens: false,
    };
    lowering.schema(node.value, &BTreeSet::new())
}

/// Lowers a schema as a part of one whose parts are closed to each other's properties.
pub(crate) fn lower_part<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    let mut lowering = Lowering {
        cx,
        at: node.at.clone(),
        depth: 0,
        role: Role::OpenPart,
        opens: false,
    };
    lowering.schema(node.value, &BTreeSet::new())
}

/// How a schema stands to the one around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    /// It applies to a value of its own.
    #[default]
    Whole,
    /// It is a part of a composition (`allOf`).
    Part,
    /// It is a part that has to take what other parts declare.
    OpenPart,
}

struct Lowering<'c, 'd> {
    cx: &'c mut Context<'d>,
    at: String,
    depth: usize,
    role: Role,
    /// Whether the parts of the schema have to take what other parts declare.
    opens: bool,
}

type Names<'d> = BTreeSet<&'d str>;

impl<'d> Lowering<'_, 'd> {
    fn warn(&mut self, keyword: &str, message: impl Into<String>, help: &str) {
        let at = if keyword.is_empty() {
            self.at.clone()
        } else {
            join(&self.at, keyword)
        };
        self.cx.warn(at, message, help);
    }

    /// Lowers the schema that stands `token`s further.
    fn inner(&mut self, tokens: &[&str], value: &'d Value, hidden: &Names<'d>) -> Value {
        let end = self.at.len();
        for token in tokens {
            self.at = join(&self.at, token);
        }
        self.depth += 1;
        let lowered = if self.depth > MAX_DEPTH {
            let message =
                format!("schemas are nested more than {MAX_DEPTH} deep; anything is accepted here");
            self.warn("", message, "name the inner schemas and refer to them");
            json!({})
        } else {
            self.schema(value, hidden)
        };
        self.depth -= 1;
        self.at.truncate(end);
        lowered
    }

    /// `hidden` are properties that callers cannot send, declared by a schema around this one that
    /// applies to the same value.
    fn schema(&mut self, value: &'d Value, hidden: &Names<'d>) -> Value {
        let role = std::mem::take(&mut self.role);
        let source = match value {
            Value::Object(source) => source,
            Value::Bool(true) => return json!({}),
            Value::Bool(false) => return json!({"not": {}}),
            _ => {
                self.warn(
                    "",
                    "this is no schema; anything is accepted here",
                    "write an object",
                );
                return json!({});
            }
        };
        let reference = match source.get("$ref") {
            Some(Value::String(reference)) => {
                let at = self.at.clone();
                let alone = source.len() == 1 || self.cx.document.version() <= Version::V3_0;
                let direction = match role {
                    Role::OpenPart => Direction::Part,
                    Role::Whole if alone => Direction::Variants,
                    Role::Whole | Role::Part => Direction::Input,
                };
                let name = reference::reference(self.cx, reference, &at, direction);
                Some(name.map(|name| format!("{PREFIX}{name}")))
            }
            Some(_) => {
                self.warn(
                    "$ref",
                    "a reference is a text; it is ignored",
                    "write a URI reference",
                );
                None
            }
            None => None,
        };
        if let Some(reference) = &reference
            && self.cx.document.version() <= Version::V3_0
        {
            return match reference {
                Some(reference) => json!({"$ref": reference}),
                None => json!({}),
            };
        }
        let mut lowered = Map::new();
        if let Some(Some(reference)) = reference {
            lowered.insert("$ref".to_owned(), json!(reference));
        }
        let hidden = self.hidden(source, hidden);
        let excludes = all_of::excludes(self.cx.document, &self.at, source);
        let opens = excludes || role == Role::OpenPart;
        let around = std::mem::replace(&mut self.opens, opens);
        for (keyword, value) in source {
            self.keyword(keyword, value, source, &hidden, &mut lowered);
        }
        self.opens = around;
        if opens {
            all_of::open(&mut lowered);
        }
        if excludes && role != Role::OpenPart {
            self.warn(
                "allOf",
                "a part of the composition allows none of the properties that another declares; \
                 the parts are taken as open",
                "write `unevaluatedProperties: false` beside `allOf`, in place of \
                 `additionalProperties: false` in its parts",
            );
        }
        consistency::loosen(self.cx, &self.at, &mut lowered);
        if let Some(discriminator) = Discriminator::of(source) {
            let at = self.at.clone();
            for union in ["oneOf", "anyOf"] {
                discriminator.enforce(self.cx, &at, union, source, &mut lowered);
            }
        }
        let is_nullable = |keyword| source.get(keyword) == Some(&json!(true));
        if is_nullable("nullable") || is_nullable("x-nullable") {
            return nullable(lowered);
        }
        Value::Object(lowered)
    }

    fn keyword(
        &mut self,
        keyword: &'d str,
        value: &'d Value,
        source: &'d Map<String, Value>,
        hidden: &Names<'d>,
        lowered: &mut Map<String, Value>,
    ) {
        let none = Names::new();
        let kept = match keyword {
            "type" => self.kind(value),
            "title" | "format" | "contentMediaType" | "contentEncoding" => value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(|text| json!(text)),
            "description" => self.description(value.as_str(), source),
            "discriminator" if !source.contains_key("description") => {
                let text = self.description(None, source);
                if let Some(text) = text {
                    lowered.insert("description".to_owned(), text);
                }
                return;
            }
            "default" | "const" | "enum" | "example" | "examples" if is_deep(value, 0) => {
                self.warn(
                    keyword,
                    format!("values are nested more than {MAX_VALUE_DEPTH} deep; this is dropped"),
                    "leave it out",
                );
                None
            }
            "default" | "const" => Some(value.clone()),
            "enum" => self.values(value),
            "example" => {
                lowered.entry("examples").or_insert_with(|| json!([value]));
                return;
            }
            "examples" => match value {
                Value::Array(_) => Some(value.clone()),
                Value::Object(named) => Some(
                    named
                        .values()
                        .filter_map(|one| one.get("value"))
                        .cloned()
                        .collect(),
                ),
                _ => None,
            },
            "deprecated" | "uniqueItems" => (value == &json!(true)).then(|| json!(true)),
            "maximum" | "minimum" | "multipleOf" | "exclusiveMaximum" | "exclusiveMinimum" => {
                self.bound(keyword, value, source)
            }
            "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties"
            | "minProperties" | "maxContains" | "minContains" => self.count(keyword, value),
            "pattern" => self.pattern(keyword, value.as_str()).map(Value::String),
            "required" => self.required(value, hidden),
            "properties" => self.properties(keyword, value, &self.hidden(source, &none)),
            "dependentSchemas" => self.properties(keyword, value, &none),
            "patternProperties" => self.properties(keyword, value, &none),
            "dependentRequired" => self.dependent_required(value, hidden),
            "dependencies" => {
                self.dependencies(value, lowered);
                return;
            }
            "items" if value.is_array() => {
                if !source.contains_key("prefixItems")
                    && let Some(items) = self.list(keyword, value, &none)
                {
                    lowered.insert("prefixItems".to_owned(), items);
                }
                return;
            }
            "additionalProperties" | "unevaluatedItems" | "unevaluatedProperties"
                if value.is_boolean() =>
            {
                Some(value.clone())
            }
            "items"
            | "contains"
            | "additionalProperties"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "contentSchema" => Some(self.inner(&[keyword], value, &none)),
            "allOf" => self.list(keyword, value, hidden),
            "anyOf" | "oneOf" | "prefixItems" => self.list(keyword, value, &none),
            _ => None,
        };
        if let Some(kept) = kept {
            lowered.insert(keyword.to_owned(), kept);
        }
    }

    fn kind(&mut self, value: &Value) -> Option<Value> {
        match kind::kinds(value) {
            Ok(kinds) => match kinds.as_slice() {
                [one] => Some(json!(one)),
                several => Some(json!(several)),
            },
            Err(other) => {
                self.warn(
                    "type",
                    format!("there is no type {other}; any type is accepted"),
                    "use null, boolean, object, array, number, integer or string",
                );
                None
            }
        }
    }

    /// The description, with what a discriminator tells about the variants.
    fn description(&self, text: Option<&str>, source: &Map<String, Value>) -> Option<Value> {
        let text = text.map(str::trim).unwrap_or_default();
        let Some(discriminator) = Discriminator::of(source) else {
            return (!text.is_empty()).then(|| json!(text));
        };
        let values: Vec<&str> = discriminator.mapped().collect();
        let mut guide = format!("`{}` selects the variant", discriminator.property);
        if !values.is_empty() {
            guide.push_str(": ");
            guide.push_str(&values.join(", "));
        }
        Some(if text.is_empty() {
            json!(guide)
        } else {
            json!(format!("{text}\n\n{guide}"))
        })
    }

    fn values(&mut self, value: &Value) -> Option<Value> {
        let Some(values) = value.as_array().filter(|values| !values.is_empty()) else {
            self.warn(
                "enum",
                "an enum without values would accept nothing; it is dropped",
                "list the values",
            );
            return None;
        };
        let mut distinct: Vec<&Value> = Vec::new();
        let mut seen = HashSet::new();
        for value in values {
            if seen.insert(value.to_string()) {
                distinct.push(value);
            }
        }
        Some(json!(distinct))
    }

    /// A numeric bound; booleans beside `maximum` and `minimum` are of the dialect of 3.0.
    fn bound(
        &mut self,
        keyword: &str,
        value: &Value,
        source: &Map<String, Value>,
    ) -> Option<Value> {
        let exclusive = match keyword {
            "maximum" => Some("exclusiveMaximum"),
            "minimum" => Some("exclusiveMinimum"),
            _ => None,
        };
        match value {
            Value::Bool(exclusive) if keyword.starts_with("exclusive") => {
                let plain = if keyword.ends_with("Maximum") {
                    "maximum"
                } else {
                    "minimum"
                };
                let bound = source
                    .get(plain)
                    .filter(|bound| exclusive == &true && bound.is_number());
                bound.cloned()
            }
            Value::Number(number) if keyword != "multipleOf" || number.as_f64() > Some(0.0) => {
                let moved = exclusive.and_then(|name| source.get(name)) == Some(&json!(true));
                (!moved).then(|| value.clone())
            }
            _ => {
                self.warn(
                    keyword,
                    format!("`{keyword}` cannot be {value}; it is dropped"),
                    "write a number, without quotes; for multipleOf one above zero",
                );
                None
            }
        }
    }

    fn count(&mut self, keyword: &str, value: &Value) -> Option<Value> {
        if value.as_u64().is_some() {
            return Some(value.clone());
        }
        let whole = value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number));
        if let Some(whole) = whole.filter(|_| value.is_number()) {
            return Some(json!(whole as u64));
        }
        self.warn(
            keyword,
            format!("`{keyword}` cannot be {value}; it is dropped"),
            "write a whole number from zero up, without quotes",
        );
        None
    }

    /// A regular expression as it can be published, if it can.
    fn pattern(&mut self, keyword: &str, pattern: Option<&str>) -> Option<String> {
        let found = match pattern {
            Some(pattern) => self.cx.patterns.readable(pattern),
            None => Err(Unreadable::NotEcma),
        };
        let message = match &found {
            Ok(found) if pattern == Some(found) => return Some(found.clone()),
            Ok(found) => format!(
                "the pattern is no regular expression with the flag `u`, with which clients read it; it is written `{found}`"
            ),
            Err(Unreadable::NotEcma) => {
                "the pattern is no regular expression of ECMA-262; it is dropped".to_owned()
            }
            Err(Unreadable::NotPython) => {
                "the pattern is one that clients in Python cannot read; it is dropped".to_owned()
            }
        };
        let help = match &found {
            Err(Unreadable::NotPython) => {
                "write it without `\\p`, `\\u{…}`, named groups and what looks behind"
            }
            _ => "write it as JavaScript with the flag `u` reads it",
        };
        let note = Diagnostic::note(join(&self.at, keyword), message, help);
        self.cx.report(note);
        found.ok()
    }

    fn required(&mut self, value: &Value, hidden: &Names<'d>) -> Option<Value> {
        let Some(listed) = value.as_array() else {
            self.warn(
                "required",
                "`required` is no list; it is dropped",
                "list the names of properties on the object around them",
            );
            return None;
        };
        let listed = listed.iter().filter_map(Value::as_str);
        let names: IndexSet<&str> = listed.filter(|name| !hidden.contains(name)).collect();
        (!names.is_empty()).then(|| json!(names))
    }

    fn properties(
        &mut self,
        keyword: &'d str,
        value: &'d Value,
        hidden: &Names<'d>,
    ) -> Option<Value> {
        let Some(properties) = value.as_object() else {
            self.warn(
                keyword,
                format!("`{keyword}` is no object; it is dropped"),
                "map names to schemas",
            );
            return None;
        };
        let mut lowered = Map::new();
        for (name, schema) in properties {
            if keyword == "properties" && hidden.contains(name.as_str()) {
                continue;
            }
            let mut name_lowered = name.clone();
            if keyword == "patternProperties" {
                let Some(pattern) = self.pattern(keyword, Some(name)) else {
                    continue;
                };
                name_lowered = pattern;
            }
            let schema = self.inner(&[keyword, name], schema, &Names::new());
            lowered.insert(name_lowered, schema);
        }
        Some(Value::Object(lowered))
    }

    fn list(&mut self, keyword: &'d str, value: &'d Value, hidden: &Names<'d>) -> Option<Value> {
        let Some(schemas) = value.as_array().filter(|schemas| !schemas.is_empty()) else {
            self.warn(
                keyword,
                format!("`{keyword}` lists no schemas; it is dropped"),
                "list some",
            );
            return None;
        };
        let lowered = schemas.iter().enumerate().map(|(index, schema)| {
            self.role = match keyword {
                "allOf" if self.opens => Role::OpenPart,
                "allOf" => Role::Part,
                _ => Role::Whole,
            };
            self.inner(&[keyword, &index.to_string()], schema, hidden)
        });
        Some(lowered.collect())
    }

    fn dependent_required(&mut self, value: &Value, hidden: &Names<'d>) -> Option<Value> {
        let mut lowered = Map::new();
        for (name, needed) in value.as_object()? {
            if let Some(needed) = self.required(needed, hidden) {
                lowered.insert(name.clone(), needed);
            }
        }
        (!lowered.is_empty()).then_some(Value::Object(lowered))
    }

    /// What became `dependentRequired` and `dependentSchemas` (JSON Schema 2019-09).
    fn dependencies(&mut self, value: &'d Value, lowered: &mut Map<String, Value>) {
        for (name, needed) in value.as_object().into_iter().flatten() {
            let (keyword, needed) = if needed.is_array() {
                ("dependentRequired", self.required(needed, &Names::new()))
            } else {
                let schema = self.inner(&["dependencies", name], needed, &Names::new());
                ("dependentSchemas", Some(schema))
            };
            let all = lowered.entry(keyword).or_insert_with(|| json!({}));
            if let (Some(all), Some(needed)) = (all.as_object_mut(), needed) {
                all.entry(name.clone()).or_insert(needed);
            }
        }
    }

    /// The properties of a schema, and of those it is composed of, that callers cannot send.
    fn hidden(&self, source: &'d Map<String, Value>, around: &Names<'d>) -> Names<'d> {
        let mut hidden = around.clone();
        self.collect_hidden(source, &mut HashSet::new(), 0, &mut hidden);
        hidden
    }

    /// `seen` are the schemas that references have led to.
    fn collect_hidden(
        &self,
        source: &'d Map<String, Value>,
        seen: &mut HashSet<String>,
        depth: usize,
        hidden: &mut Names<'d>,
    ) {
        let properties = source.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            if self.is_read_only(schema) {
                hidden.insert(name);
            }
        }
        if depth > 8 {
            return;
        }
        for branch in source
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let target = match branch.get("$ref").and_then(Value::as_str) {
                Some(reference) => follow(self.cx.document, reference, &self.at)
                    .ok()
                    .filter(|node| seen.insert(node.at.clone()))
                    .map(|node| node.value),
                None => Some(branch),
            };
            if let Some(target) = target.and_then(Value::as_object) {
                self.collect_hidden(target, seen, depth + 1, hidden);
            }
        }
    }

    /// Whether a property is for answers only. One that is also `writeOnly` is neither.
    fn is_read_only(&self, schema: &'d Value) -> bool {
        let own = |schema: &Value| {
            let is = |keyword| schema.get(keyword) == Some(&json!(true));
            is("readOnly") && !is("writeOnly")
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let siblings = self.cx.document.version() >= Version::V3_1;
            let target = follow(self.cx.document, reference, &self.at);
            return (siblings && own(schema)) || target.is_ok_and(|target| own(target.value));
        }
        own(schema)
    }
}

/// A schema that accepts null as well (`nullable` of 3.0).
fn nullable(mut schema: Map<String, Value>) -> Value {
    let composed = ["$ref", "allOf", "anyOf", "oneOf", "not", "const"];
    if composed.iter().any(|keyword| schema.contains_key(*keyword)) {
        let mut outer = Map::new();
        for annotation in ["title", "description", "default", "examples", "deprecated"] {
            if let Some(value) = schema.shift_remove(annotation) {
                outer.insert(annotation.to_owned(), value);
            }
        }
        outer.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
        return Value::Object(outer);
    }
    let kinds = match schema.get("type") {
        Some(Value::String(kind)) if kind != "null" => Some(json!([kind, "null"])),
        Some(Value::Array(kinds)) if !kinds.contains(&json!("null")) => {
            let mut kinds = kinds.clone();
            kinds.push(json!("null"));
            Some(json!(kinds))
        }
        _ => None,
    };
    if let Some(kinds) = kinds {
        schema.insert("type".to_owned(), kinds);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    Value::Object(schema)
}
