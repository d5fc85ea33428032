//! `unevaluatedProperties` and `unevaluatedItems`, bounded.
//!
//! What they forbid depends on all that applies to the same value. Validators look at that along every
//! path through `$ref`, `allOf`, `anyOf` and their like, and the paths through schemas that are made of
//! each other double with every schema. Where there are too many, the keyword is written as
//! `additionalProperties`, which forbids the same as long as no alternative declares properties of its
//! own; otherwise it is dropped, which is reported, and the API judges.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::named::target;
use super::walk::{children, children_mut};
use crate::ir;
use crate::lower::context::Context;
use crate::openapi::keyword::Applies;

/// How many schemas may apply to the value of one, counted along every path.
const MAX_PATHS: usize = 500;
/// How deep these paths are followed.
const MAX_DEPTH: usize = 100;

const KEYWORDS: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

type Definitions = IndexMap<String, ir::Schema>;

/// Bounds the keywords in all inputs and definitions.
pub(crate) fn bound_unevaluated(
    cx: &mut Context,
    operations: &mut [ir::Operation],
    definitions: &mut Definitions,
) {
    let mut paths = Paths {
        definitions,
        known: HashMap::new(),
    };
    let inputs = operations.iter().map(|one| &one.input.json);
    let all: Vec<&Value> = inputs
        .chain(paths.definitions.values().map(|one| &one.json))
        .collect();
    if !all.iter().any(|schema| uses(schema)) {
        return;
    }
    let bounded: Vec<Bounded> = all.into_iter().map(|one| paths.bounded(one)).collect();
    let mut bounded = bounded.into_iter();
    let names: Vec<String> = operations.iter().map(|one| one.name.clone()).collect();
    let schemas = operations.iter_mut().map(|one| &mut one.input);
    let schemas = schemas.zip(
        names
            .iter()
            .map(|name| ("/paths".to_owned(), name.as_str())),
    );
    let definitions = definitions.iter_mut().map(|(name, schema)| {
        let place = cx.definitions.place(name);
        (
            schema,
            (
                place.unwrap_or("/components/schemas").to_owned(),
                name.as_str(),
            ),
        )
    });
    let mut dropped = Vec::new();
    for (schema, (at, name)) in schemas.chain(definitions) {
        let Some(found) = bounded.next() else { break };
        if let Some(json) = found.json {
            schema.json = json;
        }
        if found.is_less {
            dropped.push((at, name.to_owned()));
        }
    }
    for (at, name) in dropped {
        cx.warn(
            at,
            format!(
                "`unevaluatedProperties` or `unevaluatedItems` of `{name}` is not checked: more than \
                 {MAX_PATHS} schemas apply to the same value"
            ),
            "compose it of fewer schemas, or declare the properties of alternatives beside them",
        );
    }
}

fn uses(schema: &Value) -> bool {
    let mut found = KEYWORDS.iter().any(|keyword| schema.get(keyword).is_some());
    children(schema, &mut |_, _, one| found = found || uses(one));
    found
}

/// What becomes of a schema.
struct Bounded {
    /// It, where it changes.
    json: Option<Value>,
    /// Whether something of it is not checked.
    is_less: bool,
}

struct Paths<'d> {
    definitions: &'d Definitions,
    /// How many schemas apply to a value of a definition.
    known: HashMap<&'d str, usize>,
}

impl<'d> Paths<'d> {
    fn bounded(&mut self, schema: &'d Value) -> Bounded {
        let mut found = Bounded {
            json: None,
            is_less: false,
        };
        if uses(schema) && self.has_too_many(schema) {
            let mut json = schema.clone();
            found.is_less = self.bound(&mut json, schema);
            found.json = Some(json);
        }
        found
    }

    /// Whether a schema, or one within it, uses a keyword and has too many paths.
    fn has_too_many(&mut self, schema: &'d Value) -> bool {
        let is_one = KEYWORDS.iter().any(|keyword| schema.get(keyword).is_some());
        let mut found = is_one && self.count(schema, 0) > MAX_PATHS;
        children(schema, &mut |_, _, one| {
            found = found || self.has_too_many(one);
        });
        found
    }

    /// How many schemas apply to a value of this one, along every path.
    fn count(&mut self, schema: &'d Value, depth: usize) -> usize {
        if depth > MAX_DEPTH {
            return MAX_PATHS + 1;
        }
        let mut count = 1;
        if let Some(name) = target(schema.get("$ref"))
            && let Some((name, definition)) = self.definitions.get_key_value(name)
        {
            count += match self.known.get(name.as_str()) {
                Some(known) => *known,
                None => {
                    let found = self.count(&definition.json, depth + 1);
                    self.known.insert(name, found);
                    found
                }
            };
        }
        children(schema, &mut |_, keyword, one| {
            if keyword.applies == Applies::InPlace && count <= MAX_PATHS {
                count += self.count(one, depth + 1);
            }
        });
        count.min(MAX_PATHS + 1)
    }

    /// Bounds the keywords of `json`, a copy of `schema`. Returns whether something is no longer checked.
    fn bound(&mut self, json: &mut Value, schema: &'d Value) -> bool {
        let mut is_less = false;
        let mut below = Vec::new();
        children(schema, &mut |_, _, one| below.push(one));
        let mut below = below.into_iter();
        children_mut(json, &mut |_, one| {
            if let Some(schema) = below.next() {
                is_less |= self.bound(one, schema);
            }
        });
        let Some(members) = json.as_object_mut() else {
            return is_less;
        };
        let is_one = KEYWORDS
            .iter()
            .any(|keyword| members.contains_key(*keyword));
        if !is_one || self.count(schema, 0) <= MAX_PATHS {
            return is_less;
        }
        is_less |= members.shift_remove("unevaluatedItems").is_some();
        if let Some(others) = members.shift_remove("unevaluatedProperties") {
            is_less |= !self.write_as_additional(members, schema, others);
        }
        is_less
    }

    /// Says by `additionalProperties` what becomes of properties that nothing declares, if what
    /// declares properties does not depend on the value.
    fn write_as_additional(
        &self,
        members: &mut Map<String, Value>,
        schema: &'d Value,
        others: Value,
    ) -> bool {
        let mut declared = Declared::default();
        self.declared(schema, true, &mut declared, &mut HashSet::new(), 0);
        if declared.takes_all {
            return true;
        }
        if !declared.is_certain || !declared.perhaps.is_subset(&declared.certain) {
            return false;
        }
        for (keyword, name) in declared.certain {
            if let Value::Object(named) = members.entry(keyword).or_insert_with(|| json!({})) {
                named.entry(name).or_insert_with(|| json!({}));
            }
        }
        members.insert("additionalProperties".to_owned(), others);
        true
    }

    /// Collects what declares properties of a value of the schema. `is_certain`: not only in one of
    /// several alternatives.
    fn declared(
        &self,
        schema: &'d Value,
        is_certain: bool,
        declared: &mut Declared<'d>,
        seen: &mut HashSet<(&'d str, bool)>,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            declared.is_certain = false;
            return;
        }
        let takes_others = schema.get("additionalProperties").is_some()
            || depth > 0
                && schema
                    .get("unevaluatedProperties")
                    .is_some_and(|others| *others != json!(false));
        match is_certain {
            true => declared.takes_all |= takes_others,
            false => declared.is_certain &= !takes_others,
        }
        for keyword in ["properties", "patternProperties"] {
            let named = schema.get(keyword).and_then(Value::as_object);
            let named = named.into_iter().flatten();
            let named = named.map(|(name, _)| (keyword, name.as_str()));
            match is_certain {
                true => declared.certain.extend(named),
                false => declared.perhaps.extend(named),
            }
        }
        if let Some(name) = target(schema.get("$ref"))
            && let Some((name, definition)) = self.definitions.get_key_value(name)
            && seen.insert((name.as_str(), is_certain))
        {
            self.declared(&definition.json, is_certain, declared, seen, depth + 1);
        }
        children(schema, &mut |keyword, how, one| {
            if how.applies == Applies::InPlace && keyword != "not" {
                let is_certain = is_certain && keyword == "allOf";
                self.declared(one, is_certain, declared, seen, depth + 1);
            }
        });
    }
}

/// What declares properties, as keyword and name or pattern.
struct Declared<'d> {
    /// Whatever the value is.
    certain: BTreeSet<(&'static str, &'d str)>,
    /// For some values.
    perhaps: BTreeSet<(&'static str, &'d str)>,
    /// Whether something takes all properties, whatever the value is.
    takes_all: bool,
    /// Whether all has been seen, and no alternative takes all properties.
    is_certain: bool,
}

impl Default for Declared<'_> {
    fn default() -> Self {
        Declared {
            certain: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            takes_all: false,
            is_certain: true,
        }
    }
}
