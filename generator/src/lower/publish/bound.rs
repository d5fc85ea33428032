//! What clients are shown of an input that is too large for them: the schema cut at depth.
//!
//! Calls are checked against the whole, so the cut may accept more, and never accepts less.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::cut::cut;
use super::size::{Sizes, compact};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::lower::context::Context;
use crate::lower::schema::{children, named, replaced};
use crate::openapi::join;

/// How large a negation may be to stay, in bytes: it is kept or dropped as a whole.
const MAX_NEGATION: usize = 200;

/// Replaces the published definition of each operation that is too large by a smaller one.
pub(crate) fn bound(cx: &mut Context, api: &mut ir::Api) {
    let max = cx.max_definition_bytes;
    let sizes = Sizes::new(api);
    let unpublished = cx.patterns.checked();
    let definitions = Definitions::new(api, unpublished);
    let published: Vec<Option<Cut>> = api
        .operations
        .iter()
        .map(|operation| {
            let size = sizes.tool(operation);
            if size <= max && !definitions.reaches_unpublished(&operation.input) {
                return None;
            }
            let others = size - sizes.schema(&operation.input);
            let json = cut(
                &loosened(&operation.input.json, unpublished),
                &definitions,
                max.saturating_sub(others),
            );
            Some(Cut {
                size,
                left: others + compact(&json),
                json,
            })
        })
        .collect();
    for (operation, published) in api.operations.iter_mut().zip(published) {
        let Some(Cut { size, left, json }) = published else {
            continue;
        };
        let method = operation.method.to_ascii_lowercase();
        let at = join(&join("/paths", &operation.path), &method);
        let name = &operation.name;
        if size > max {
            cx.report(Diagnostic::note(
            &at,
            format!(
                "the definition of `{name}` takes {size} bytes; clients are shown its upper part, calls are checked against the whole"
            ),
            "hide properties that are not needed, to say which part that is",
        ));
        }
        if left > max {
            cx.warn(
                at,
                format!("without its arguments the definition of `{name}` takes {left} bytes still, and {max} are allowed"),
                "shorten its description, or allow more with --max-definition-bytes",
            );
        }
        let definitions = Vec::new();
        operation.published = Some(ir::Schema { json, definitions });
    }
}

/// A definition that was too large.
struct Cut {
    /// The bytes it took.
    size: usize,
    /// The bytes it takes with the schema that is published.
    left: usize,
    json: Value,
}

/// The definitions of an API, ready to be cut.
pub(super) struct Definitions<'a> {
    by_name: HashMap<&'a str, (&'a Value, OnceCell<Value>)>,
    api: &'a ir::Api,
    /// The patterns that are checked and not published.
    unpublished: &'a HashSet<String>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(api: &'a ir::Api, unpublished: &'a HashSet<String>) -> Self {
        let definitions = api.definitions.iter();
        Definitions {
            api,
            unpublished,
            by_name: definitions
                .map(|(name, schema)| (name.as_str(), (&schema.json, OnceCell::new())))
                .collect(),
        }
    }

    /// The definition of that name, loosened.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let (json, loose) = self.by_name.get(name)?;
        Some(loose.get_or_init(|| loosened(json, self.unpublished)))
    }

    /// Whether the schema, or one that it refers to, contains a pattern that is not published.
    pub(super) fn reaches_unpublished(&self, schema: &ir::Schema) -> bool {
        if self.unpublished.is_empty() {
            return false;
        }
        let mut seen: HashSet<&str> = HashSet::new();
        let mut next: Vec<&ir::Schema> = vec![schema];
        while let Some(schema) = next.pop() {
            if holds_pattern(&schema.json, self.unpublished) {
                return true;
            }
            let new = schema.definitions.iter().filter(|name| seen.insert(name));
            next.extend(new.filter_map(|name| self.api.definitions.get(name)));
        }
        false
    }
}

fn holds_pattern(schema: &Value, patterns: &HashSet<String>) -> bool {
    let own = schema.get("pattern").and_then(Value::as_str);
    let mut found = own.is_some_and(|own| patterns.contains(own));
    children(schema, &mut |_, _, one| {
        found = found || holds_pattern(one, patterns);
    });
    found
}

/// The schema without what would accept less once a part of it is looser: exactly one of several,
/// negations, conditions, and what looks at what other parts have seen; and without the patterns that
/// are not published.
pub(super) fn loosened(schema: &Value, unpublished: &HashSet<String>) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    let mut loose = Map::new();
    let mut alternatives = None;
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            (
                "if"
                | "then"
                | "else"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "maxContains",
                _,
            ) => continue,
            ("pattern", Value::String(pattern)) if unpublished.contains(pattern) => continue,
            ("not", value)
                if compact(value) > MAX_NEGATION
                    || !named(value).is_empty()
                    || holds_pattern(value, unpublished) =>
            {
                continue;
            }
            ("not", value) => value.clone(),
            ("oneOf", Value::Array(schemas)) => {
                alternatives = Some(
                    schemas
                        .iter()
                        .map(|one| loosened(one, unpublished))
                        .collect::<Value>(),
                );
                continue;
            }
            (keyword, value) => replaced(keyword, value, |_, one| loosened(one, unpublished)),
        };
        loose.insert(keyword.clone(), value);
    }
    if let Some(alternatives) = alternatives {
        if !loose.contains_key("anyOf") {
            loose.insert("anyOf".to_owned(), alternatives);
        } else if let Value::Array(parts) = loose.entry("allOf").or_insert_with(|| json!([])) {
            parts.push(json!({"anyOf": alternatives}));
        }
    }
    Value::Object(loose)
}
