//! The differences of two schemas, keyword by keyword, each with the path to the part it concerns.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::change::Kind;
use super::comparison::{Comparison, MAX_DEPTH, Way};
use super::definitions::{NULLABLE, target};
use super::value::{fits_all, shown};
use super::{bounds, members, several, texts, unions};

impl Comparison<'_, '_> {
    /// Returns true where two schemas accept the same values, as far as can be decided.
    pub(super) fn is_alike(&self, old: &Value, new: &Value) -> bool {
        let mut trial = Comparison::new(self.definitions, self.tool, self.way);
        trial.texts = false;
        trial.depth = self.depth;
        trial.left = Rc::clone(&self.left);
        trial.compare(old, new, "");
        trial.changes.is_empty()
    }

    /// Adds the differences of two schemas; `at` is the path to their value.
    pub(super) fn compare(&mut self, old: &Value, new: &Value, at: &str) {
        if self.definitions.is_same(old, new) {
            return;
        }
        if let (Some(one), Some(other)) = (target(old), target(new))
            && !self.seen.insert((one.to_owned(), other.to_owned()))
        {
            return;
        }
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        if self.depth >= MAX_DEPTH || left == 0 {
            let message = "changed, and is too large to be compared in detail";
            if !self
                .changes
                .iter()
                .any(|known| known.message.ends_with(message))
            {
                self.contract(at, message);
            }
            return;
        }
        self.depth += 1;
        let mut old = self.definitions.flat_old(old);
        let mut new = self.definitions.flat_new(new);
        several::compare(self, &mut old, &mut new, at);
        self.keywords(&old, &new, at);
        self.depth -= 1;
    }

    fn keywords(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        if self.texts {
            texts::of_schema(self, old, new, at);
        }
        if !self.kinds(old, new, at) {
            return;
        }
        if unions::has(old) != unions::has(new) && unions::one_sided(self, old, new, at) {
            return;
        }
        self.values(old, new, at);
        bounds::compare(self, old, new, at);
        self.default(old, new, at);
        members::compare(self, old, new, at);
        unions::compare(self, old, new, at);
        self.others(old, new, at);
    }

    /// Compares the types. Returns false where nothing else is left to compare, because the values
    /// are of another type altogether.
    fn kinds(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) -> bool {
        let (before, after) = (kinds(old), kinds(new));
        match (before, after) {
            (None, None) => {
                if unions::has(old) && unions::has(new) {
                    self.null(old, new, at);
                }
                true
            }
            (Some(before), None) => {
                if !unions::has(new) {
                    self.widened(at, format!("any type fits, not {} alone", list(&before)));
                }
                true
            }
            (None, Some(after)) => {
                if !unions::has(old) {
                    self.narrowed(at, format!("only {} fits now", list(&after)));
                }
                true
            }
            (Some(before), Some(after)) => {
                let fits = |kind: &&str, all: &BTreeSet<&str>| {
                    all.contains(kind) || *kind == "integer" && all.contains("number")
                };
                let gone = before.iter().any(|kind| !fits(kind, &after));
                let new_ones = after.iter().any(|kind| !fits(kind, &before));
                let message = format!(
                    "the type was {}, and is {} now",
                    list(&before),
                    list(&after)
                );
                match (gone, new_ones) {
                    (false, false) => {}
                    (true, false) => self.narrowed(at, message),
                    (false, true) => self.widened(at, message),
                    (true, true) if self.way == Way::Argument => self.narrowed(at, message),
                    (true, true) => self.contract(at, &message),
                }
                self.null(old, new, at);
                !(gone && new_ones)
            }
        }
    }

    /// Compares whether the values may be null.
    pub(super) fn null(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        match (old.contains_key(NULLABLE), new.contains_key(NULLABLE)) {
            (false, true) => self.widened(at, "may be null now"),
            (true, false) => self.narrowed(at, "can no longer be null"),
            _ => {}
        }
    }

    /// Compares the listed values.
    fn values(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        match (list_of(old), list_of(new)) {
            (None, None) => {}
            (Some(before), None) => {
                let message = format!("any value fits, not only {}", shown(before));
                self.widened(at, message);
            }
            (None, Some(after)) => self.narrowed(at, format!("only {} fits now", shown(after))),
            (Some(before), Some(after)) => {
                let gone = before.iter().filter(|one| !after.contains(one));
                let gone: Vec<Value> = gone.cloned().collect();
                let more = after.iter().filter(|one| !before.contains(one));
                let more: Vec<Value> = more.cloned().collect();
                if !gone.is_empty() {
                    let message = format!("{} no longer among the values", is(&gone));
                    match self.way {
                        Way::Argument => self.push(Kind::EnumValueRemoved, at, message),
                        Way::Output => self.narrowed(at, message),
                    }
                }
                if !more.is_empty() {
                    let message = format!("{} new among the values", is(&more));
                    match self.way {
                        Way::Argument => self.push(Kind::EnumValueAdded, at, message),
                        Way::Output => self.widened(at, message),
                    }
                }
            }
        }
    }

    fn default(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        let (before, after) = (old.get("default"), new.get("default"));
        if self.way == Way::Output || before == after {
            return;
        }
        let one = |value: &Value| shown(std::slice::from_ref(value));
        let message = match (before, after) {
            (Some(before), Some(after)) => {
                format!("the default was {}, and is {} now", one(before), one(after))
            }
            (None, Some(after)) => format!("the default is {} now", one(after)),
            (Some(before), None) => format!("the default {} is gone", one(before)),
            (None, None) => return,
        };
        self.push(Kind::DefaultChanged, at, message);
    }

    /// Compares the keywords that no other function compares: conditions, and the like.
    fn others(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, at: &str) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let is_condition = matches!(
                name.as_str(),
                "not"
                    | "if"
                    | "then"
                    | "else"
                    | "contains"
                    | "minContains"
                    | "maxContains"
                    | "propertyNames"
                    | "dependentRequired"
                    | "dependentSchemas"
                    | "unevaluatedItems"
                    | "unevaluatedProperties"
                    | "contentEncoding"
                    | "contentMediaType"
                    | "uniqueItems"
            );
            if !is_condition {
                continue;
            }
            match (old.get(name), new.get(name)) {
                (Some(before), None) => {
                    if is_assertion(name, before) {
                        self.widened(at, format!("`{name}` no longer restricts the values"));
                    }
                }
                (None, Some(after)) => {
                    if is_assertion(name, after) {
                        self.narrowed(at, format!("`{name}` restricts the values now"));
                    }
                }
                (Some(before), Some(after)) => {
                    if !self.is_same_condition(name, before, after) {
                        self.contract(at, &format!("`{name}` changed"));
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// Returns true where a condition restricts the values as before, whatever its texts are.
    fn is_same_condition(&self, keyword: &str, old: &Value, new: &Value) -> bool {
        let is_schema = matches!(
            keyword,
            "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
        );
        self.definitions.is_same(old, new) || is_schema && self.is_alike(old, new)
    }
}

/// The types that a schema allows, beside null; none where it allows all.
pub(super) fn kinds(schema: &Map<String, Value>) -> Option<BTreeSet<&str>> {
    match schema.get("type")? {
        Value::String(kind) => Some(BTreeSet::from([kind.as_str()])),
        Value::Array(kinds) => Some(kinds.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

fn list(kinds: &BTreeSet<&str>) -> String {
    let kinds: Vec<&str> = kinds.iter().copied().collect();
    kinds.join(" or ")
}

fn list_of(schema: &Map<String, Value>) -> Option<&[Value]> {
    schema.get("enum")?.as_array().map(Vec::as_slice)
}

fn is(values: &[Value]) -> String {
    let verb = if values.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", shown(values))
}

/// Returns true for a keyword that restricts anything with this value.
fn is_assertion(keyword: &str, value: &Value) -> bool {
    match (keyword, value) {
        ("not" | "uniqueItems", _) => true,
        ("dependentRequired" | "dependentSchemas", Value::Object(members)) => !members.is_empty(),
        (_, value) => !fits_all(value),
    }
}
