//! Schemas of inputs: from a Schema Object of any version to JSON Schema 2020-12, keeping its
//! meaning. A keyword without meaning is loosened, and reported.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::access::{self, Way};
use super::all_of::{self, Excludes};
use super::definition::Direction;
use super::discriminator::Discriminator;
use super::follow::follow;
use super::named::PREFIX;
use super::reference;
use super::value::is_deep;
use super::{MAX_DEPTH, consistency};
use crate::lower::comment::without_comments;
use crate::lower::context::Context;
use crate::openapi::keyword::{self, Applies, Form, Keyword};
use crate::openapi::{Node, join};

/// Lowers a schema. References read `#/$defs/NAME`.
pub(crate) fn lower<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    lower_as(Role::Whole, cx, node)
}

/// Lowers a schema as a part of one whose parts are closed to each other's properties.
pub(crate) fn lower_part<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    lower_as(Role::OpenPart, cx, node)
}

fn lower_as<'d>(role: Role, cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    let mut lowering = Lowering {
        cx,
        at: node.at.clone(),
        depth: 0,
        role,
        opens: Excludes::default(),
        narrowed: Vec::new(),
    };
    lowering.schema(node.value, &BTreeSet::new())
}

/// The relation of a schema to the one around it.
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

pub(crate) struct Lowering<'c, 'd> {
    pub(crate) cx: &'c mut Context<'d>,
    pub(crate) at: String,
    depth: usize,
    role: Role,
    /// Which parts of the schema have to take what other parts declare.
    opens: Excludes,
    /// The pointers of the schemas around that are lowered in place of a reference to them.
    narrowed: Vec<String>,
}

/// Names of properties.
pub(crate) type Names<'d> = BTreeSet<&'d str>;

impl<'d> Lowering<'_, 'd> {
    pub(crate) fn warn(&mut self, keyword: &str, message: impl Into<String>, help: &str) {
        let at = if keyword.is_empty() {
            self.at.clone()
        } else {
            join(&self.at, keyword)
        };
        self.cx.warn(at, message, help);
    }

    /// Lowers the schema at `token`s below.
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
        if let Some(lowered) = self.narrowed(source, hidden) {
            return lowered;
        }
        let reference = self.reference(source, role);
        if let Some(reference) = &reference
            && !self.cx.document.dialect().has_schema_siblings
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
        let is_open = role == Role::OpenPart;
        let opens = Excludes {
            part: excludes.part || is_open,
            branch: excludes.branch || is_open,
        };
        let around = std::mem::replace(&mut self.opens, opens);
        for (keyword, value) in source {
            self.keyword(keyword, value, source, &hidden, &mut lowered);
        }
        self.opens = around;
        if opens.part {
            all_of::open(&mut lowered);
        }
        if (excludes.part || excludes.branch) && !is_open {
            let composed = ["allOf", "oneOf", "anyOf"];
            let keyword = composed.into_iter().find(|name| source.contains_key(*name));
            self.warn(
                keyword.unwrap_or_default(),
                "a part of the composition allows none of the properties that another declares; \
                 the parts are taken as open",
                "write `unevaluatedProperties: false` beside `allOf`, in place of \
                 `additionalProperties: false` in its parts",
            );
        }
        self.split(source, &mut lowered);
        open_to_dropped_names(source, &mut lowered);
        consistency::loosen(self.cx, &self.at, &mut lowered);
        if let Some(discriminator) = Discriminator::of(source) {
            let at = self.at.clone();
            for union in ["oneOf", "anyOf"] {
                discriminator.enforce(self.cx, &at, union, source, &mut lowered);
            }
        }
        let is_nullable = |keyword| source.get(keyword) == Some(&json!(true));
        match is_nullable("nullable") || is_nullable("x-nullable") {
            true => nullable(lowered),
            false => Value::Object(lowered),
        }
    }

    /// What a schema refers to, if it does: none within where that leads nowhere.
    fn reference(&mut self, source: &Map<String, Value>, role: Role) -> Option<Option<String>> {
        match source.get("$ref") {
            Some(Value::String(reference)) => {
                let at = self.at.clone();
                let alone = source.len() == 1 || !self.cx.document.dialect().has_schema_siblings;
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
        }
    }

    /// Lowers a keyword; one that has no meaning is left out.
    fn keyword(
        &mut self,
        keyword: &'d str,
        value: &'d Value,
        source: &'d Map<String, Value>,
        hidden: &Names<'d>,
        lowered: &mut Map<String, Value>,
    ) {
        let kept = match keyword {
            "discriminator" if source.contains_key("description") => None,
            "description" | "discriminator" => {
                let text = self.description(source);
                if let Some(text) = text {
                    lowered.insert("description".to_owned(), text);
                }
                return;
            }
            "dependencies" => return self.dependencies(value, lowered),
            "items" if value.is_array() => {
                if !source.contains_key("prefixItems")
                    && let Some(items) = self.list(keyword, value, &Names::new())
                {
                    lowered.insert("prefixItems".to_owned(), items);
                }
                return;
            }
            "example" if !is_deep(value, 0) => {
                let value = self.as_declared(value);
                lowered.entry("examples").or_insert_with(|| json!([value]));
                return;
            }
            _ => match keyword::of(keyword) {
                Some(holds) => self.schemas(keyword, holds, value, hidden),
                None => self.assertion(keyword, value, source, hidden),
            },
        };
        if let Some(kept) = kept {
            lowered.insert(keyword.to_owned(), kept);
        }
    }

    /// Lowers the schemas that a keyword holds.
    fn schemas(
        &mut self,
        keyword: &'d str,
        holds: Keyword,
        value: &'d Value,
        hidden: &Names<'d>,
    ) -> Option<Value> {
        let none = Names::new();
        if holds.applies == Applies::Nowhere {
            return None;
        }
        match (keyword, holds.form) {
            ("additionalProperties" | "unevaluatedItems" | "unevaluatedProperties", _)
                if value.is_boolean() =>
            {
                Some(value.clone())
            }
            ("properties", _) => self.properties(keyword, value, hidden),
            ("allOf" | "anyOf" | "oneOf", _) => self.list(keyword, value, hidden),
            ("then" | "else", _) => Some(self.inner(&[keyword], value, hidden)),
            (_, Form::One) => Some(self.inner(&[keyword], value, &none)),
            (_, Form::List) => self.list(keyword, value, &none),
            (_, Form::Named) => self.properties(keyword, value, &none),
        }
    }

    /// The description, with what a discriminator adds about the variants.
    fn description(&self, source: &Map<String, Value>) -> Option<Value> {
        let text = source.get("description").and_then(Value::as_str);
        let text = text.map(without_comments).unwrap_or_default();
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
                "allOf" if self.opens.part => Role::OpenPart,
                "allOf" => Role::Part,
                "oneOf" | "anyOf" if self.opens.branch => Role::OpenPart,
                _ => Role::Whole,
            };
            self.inner(&[keyword, &index.to_string()], schema, hidden)
        });
        Some(lowered.collect())
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
        let mut hidden = access::one_way(self.cx.document, &self.at, source, Way::Answer);
        hidden.extend(around);
        hidden
    }

    /// The schema that `source` refers to, lowered here instead of as a definition of its own, where
    /// it names properties that a schema around the reference says callers cannot send.
    fn narrowed(&mut self, source: &'d Map<String, Value>, hidden: &Names<'d>) -> Option<Value> {
        let reference = source.get("$ref").and_then(Value::as_str)?;
        let alone = source.len() == 1 || !self.cx.document.dialect().has_schema_siblings;
        if hidden.is_empty() || !alone || self.depth >= MAX_DEPTH {
            return None;
        }
        let target = follow(self.cx.document, reference, &self.at).ok()?;
        let own = access::one_way(self.cx.document, &target.at, target.object()?, Way::Answer);
        let foreign: Names = hidden.difference(&own).copied().collect();
        let is_new = !self.narrowed.contains(&target.at);
        if !is_new || !access::names_any(self.cx.document, &target, &foreign) {
            return None;
        }
        let around = std::mem::replace(&mut self.at, target.at.clone());
        self.narrowed.push(target.at);
        self.depth += 1;
        let lowered = self.schema(target.value, hidden);
        self.depth -= 1;
        self.narrowed.pop();
        self.at = around;
        Some(lowered)
    }
}

/// Has a schema take the properties whose pattern is dropped.
fn open_to_dropped_names(source: &Map<String, Value>, lowered: &mut Map<String, Value>) {
    let count = |schema: &Map<String, Value>| {
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        patterns.map_or(0, Map::len)
    };
    if count(lowered) < count(source) {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            lowered.shift_remove(keyword);
        }
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
