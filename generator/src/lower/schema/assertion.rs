//! Keywords that hold no schemas: what they assert, as far as clients can read it.

use std::collections::HashSet;

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use super::kind;
use super::lower::{Lowering, Names};
use super::pattern::Readable;
use super::value::{MAX_DEPTH, as_declared, is_deep};
use crate::diagnostic::Diagnostic;
use crate::openapi::{Node, join};

impl<'d> Lowering<'_, 'd> {
    /// What becomes of a keyword that holds no schemas; none where nothing does.
    pub(crate) fn assertion(
        &mut self,
        keyword: &str,
        value: &Value,
        source: &Map<String, Value>,
        hidden: &Names<'d>,
    ) -> Option<Value> {
        match keyword {
            "type" => self.kind(value),
            "title" | "format" | "contentMediaType" | "contentEncoding" => {
                let text = value.as_str().filter(|text| !text.is_empty());
                text.map(Value::from)
            }
            "default" | "const" | "enum" | "example" | "examples" if is_deep(value, 0) => {
                self.warn(
                    keyword,
                    format!("values are nested more than {MAX_DEPTH} deep; this is dropped"),
                    "leave it out",
                );
                None
            }
            "default" | "const" => Some(self.as_declared(value)),
            "enum" => self.values(value),
            "examples" => match value {
                Value::Array(values) => {
                    let values = values.iter();
                    Some(values.map(|one| self.as_declared(one)).collect())
                }
                Value::Object(named) => {
                    let values = named.values().filter_map(|one| one.get("value"));
                    Some(values.map(|one| self.as_declared(one)).collect())
                }
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
            "dependentRequired" => self.dependent_required(value, hidden),
            _ => None,
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

    /// A value that the schema at hand speaks of, as its `type` has it.
    pub(crate) fn as_declared(&self, value: &Value) -> Value {
        let at = self.at.clone();
        match self.cx.document.value().pointer(&at) {
            Some(schema) => as_declared(self.cx.document, &Node { value: schema, at }, value),
            None => value.clone(),
        }
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
        let mut distinct: Vec<Value> = Vec::new();
        let mut seen = HashSet::new();
        for value in values {
            let value = self.as_declared(value);
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

    /// A regular expression as it is in the schema, if it can; what a split one also has to
    /// match is left to [`Lowering::split`].
    pub(crate) fn pattern(&mut self, keyword: &str, pattern: Option<&str>) -> Option<String> {
        let found = pattern.map_or(Readable::NotEcma, |own| self.cx.patterns.readable(own));
        let of_names = keyword == "patternProperties";
        let (message, help) = match &found {
            Readable::Published(found) if pattern == Some(found) => return Some(found.clone()),
            Readable::Published(found) => (
                format!("the pattern is written `{found}`, so that all clients can read it"),
                "write it so that JavaScript with the flag `u`, Python and Rust read it",
            ),
            Readable::Split(_) if !of_names => (
                "the pattern looks ahead or behind, which some clients refuse; it is published as \
                 several that do not"
                    .to_owned(),
                "nothing is to be done",
            ),
            Readable::Checked(_) if !of_names => (
                "the pattern is one that some clients cannot read; calls are checked against it where \
                 the server can read it, and it is not published"
                    .to_owned(),
                "write it without `\\p`, references to groups, and what looks ahead or behind",
            ),
            Readable::Split(_) | Readable::Checked(_) => (
                "the pattern is one that some clients cannot read; it is dropped".to_owned(),
                "write it without `\\p`, references to groups, and what looks ahead or behind",
            ),
            Readable::NotEcma => (
                "the pattern is no regular expression of ECMA-262; it is dropped".to_owned(),
                "write it as JavaScript with the flag `u` reads it",
            ),
        };
        let note = Diagnostic::note(join(&self.at, keyword), message, help);
        self.cx.report(note);
        match found {
            Readable::Published(pattern) => Some(pattern),
            Readable::Split(split) if !of_names => split.all.into_iter().next(),
            Readable::Checked(pattern) if !of_names => Some(pattern),
            _ => None,
        }
    }

    /// Adds the patterns that a text also has to match, or must not, where its own is published as
    /// several.
    pub(crate) fn split(&mut self, source: &Map<String, Value>, lowered: &mut Map<String, Value>) {
        let Some(pattern) = source.get("pattern").and_then(Value::as_str) else {
            return;
        };
        let Readable::Split(split) = self.cx.patterns.readable(pattern) else {
            return;
        };
        let all = split.all.iter().skip(1);
        let mut parts: Vec<Value> = all.map(|one| json!({"pattern": one})).collect();
        let none: Vec<Value> = split
            .none
            .iter()
            .map(|one| json!({"pattern": one}))
            .collect();
        let unwanted = match none.as_slice() {
            [] => None,
            [Value::Object(one)] => Some(Value::Object(one.clone())),
            several => Some(json!({"anyOf": several})),
        };
        if let Some(Value::Object(mut unwanted)) = unwanted {
            unwanted.insert("type".to_owned(), json!("string"));
            match lowered.contains_key("not") {
                false => {
                    lowered.insert("not".to_owned(), Value::Object(unwanted));
                }
                true => parts.push(json!({"not": unwanted})),
            }
        }
        if !parts.is_empty()
            && let Value::Array(all) = lowered.entry("allOf").or_insert_with(|| json!([]))
        {
            all.extend(parts);
        }
    }

    pub(crate) fn required(&mut self, value: &Value, hidden: &Names<'d>) -> Option<Value> {
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

    fn dependent_required(&mut self, value: &Value, hidden: &Names<'d>) -> Option<Value> {
        let mut lowered = Map::new();
        for (name, needed) in value.as_object()? {
            if let Some(needed) = self.required(needed, hidden) {
                lowered.insert(name.clone(), needed);
            }
        }
        (!lowered.is_empty()).then_some(Value::Object(lowered))
    }
}
