//! Arguments made from the input schema of a tool: the least that it takes, or all that it
//! describes. The same schema produces the same arguments.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::fit::can_fit;
use super::scalar::{number, string};

/// How much is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What is required, nothing else.
    Required,
    /// Everything that is described, to some depth.
    All,
}

/// How deep optional members are given: below, an object has only what it requires. The later
/// attempts give only those at the root.
const DEPTH: usize = 3;
/// How deep values are made at all.
const ABYSS: usize = 24;
/// How many choices among alternatives are tried.
const ATTEMPTS: usize = 16;

/// How many values are made in place of one that fits several alternatives.
const CANDIDATES: usize = 4;

/// Makes arguments that a schema accepts.
#[derive(Debug)]
pub struct Sampler<'s> {
    schema: &'s Value,
    validator: Validator,
}

impl<'s> Sampler<'s> {
    /// Makes arguments for this schema.
    ///
    /// # Errors
    /// Where it is no schema.
    pub fn new(schema: &'s Value) -> Result<Sampler<'s>, String> {
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| error.to_string())?;
        Ok(Sampler { schema, validator })
    }

    /// Makes them.
    ///
    /// # Errors
    /// Where none of the attempts is accepted: what is wrong with the last one.
    pub fn arguments(&self, extent: Extent) -> Result<Map<String, Value>, String> {
        let mut trouble = "no value was found".to_owned();
        for attempt in 0..ATTEMPTS {
            let maker = Maker {
                root: self.schema,
                extent,
                attempt,
            };
            if let Some(made) = maker.value(self.schema, &Place::default()) {
                match (refusal(&self.validator, &made), made) {
                    (None, Value::Object(arguments)) => return Ok(arguments),
                    (Some(refusal), _) => trouble = refusal,
                    (None, other) => trouble = format!("{other} is no object"),
                }
            }
        }
        Err(trouble)
    }
}

fn refusal(validator: &Validator, made: &Value) -> Option<String> {
    let error = validator.iter_errors(made).next()?;
    let text: String = error.to_string().chars().take(200).collect();
    Some(format!("{}: {text}", error.instance_path()))
}

/// Makes one attempt.
struct Maker<'s> {
    root: &'s Value,
    extent: Extent,
    /// Which of several alternatives is taken.
    attempt: usize,
}

/// Where a value is made.
#[derive(Clone, Default)]
struct Place {
    depth: usize,
    /// Reports the items of a list from each other.
    index: usize,
    /// The definitions that lead here.
    within: Vec<String>,
}

impl Maker<'_> {
    fn value(&self, schema: &Value, place: &Place) -> Option<Value> {
        let mut place = place.clone();
        place.depth += 1;
        let flat = self.flat(schema, &mut place)?;
        self.choose(flat, &place)
    }

    /// A schema with what it refers to, and all that has to hold beside it, as one object.
    fn flat(&self, schema: &Value, place: &mut Place) -> Option<Map<String, Value>> {
        let object = match schema {
            Value::Bool(true) => return Some(Map::new()),
            Value::Object(object) => object,
            _ => return None,
        };
        if place.depth + place.within.len() > ABYSS {
            return None;
        }
        let mut flat = Map::new();
        for (keyword, value) in object {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    let pointer = reference.strip_prefix('#')?;
                    let target = self.root.pointer(pointer)?;
                    place.within.push(pointer.to_owned());
                    merge(&mut flat, self.flat(target, place)?);
                }
                ("allOf", Value::Array(parts)) => {
                    for part in parts {
                        merge(&mut flat, self.flat(part, place)?);
                    }
                }
                _ => merge(
                    &mut flat,
                    Map::from_iter([(keyword.clone(), value.clone())]),
                ),
            }
        }
        Some(flat)
    }

    /// One value of a flat schema: that which its alternatives, taken in turn, first give.
    fn choose(&self, mut flat: Map<String, Value>, place: &Place) -> Option<Value> {
        for keyword in ["oneOf", "anyOf"] {
            let Some(Value::Array(branches)) = flat.remove(keyword) else {
                continue;
            };
            // Null says little; it comes last.
            let (null, mut branches): (Vec<_>, Vec<_>) = branches
                .into_iter()
                .partition(|branch| branch["type"] == "null");
            branches.extend(null);
            let values = (0..branches.len()).filter_map(|step| {
                let branch = &branches[(self.attempt + step) % branches.len()];
                let mut place = place.clone();
                let mut both = flat.clone();
                merge(&mut both, self.flat(branch, &mut place)?);
                self.choose(both, &place)
            });
            return self.unambiguous(&branches, values);
        }
        self.plain(&flat, place)
    }

    /// The first value that fits one of the branches only, if there is one among the first few: the
    /// judge takes `oneOf` to the letter. Each fourth attempt takes the first of all.
    fn unambiguous(
        &self,
        branches: &[Value],
        mut values: impl Iterator<Item = Value>,
    ) -> Option<Value> {
        let first = values.next()?;
        if self.attempt % 4 == 3 {
            return Some(first);
        }
        let is_ambiguous = |value: &Value| {
            let mut fitting = branches.iter();
            fitting.by_ref().any(|one| can_fit(self.root, one, value))
                && fitting.any(|one| can_fit(self.root, one, value))
        };
        if !is_ambiguous(&first) {
            return Some(first);
        }
        let mut others = values.take(CANDIDATES).chain([Value::Null]);
        let other = others.find(|value| {
            let mut branches = branches.iter();
            branches.any(|one| can_fit(self.root, one, value)) && !is_ambiguous(value)
        });
        Some(other.unwrap_or(first))
    }

    fn plain(&self, flat: &Map<String, Value>, place: &Place) -> Option<Value> {
        if let Some(value) = flat.get("const") {
            return Some(value.clone());
        }
        if let Some(Value::Array(values)) = flat.get("enum") {
            let mut values: Vec<&Value> = values.iter().collect();
            values.sort_by_key(|value| value.is_null());
            let at = (self.attempt + place.index).checked_rem(values.len())?;
            return values.get(at).map(|value| (*value).clone());
        }
        let kind = self.kind(flat);
        if self.attempt.is_multiple_of(2) && place.index == 0 && !matches!(kind, "object" | "array")
        {
            let examples = flat.get("examples").and_then(|examples| examples.get(0));
            let example = examples.or(flat.get("default"));
            if let Some(example) = example.filter(|example| is(kind, example)) {
                return Some(example.clone());
            }
        }
        match kind {
            "null" => Some(Value::Null),
            "boolean" => Some(Value::Bool(place.index.is_multiple_of(2))),
            "integer" | "number" => number(flat, place.index),
            "array" => self.array(flat, place),
            "object" => self.object(flat, place),
            _ => string(flat, place.index).map(Value::from),
        }
    }

    /// The type to make: one of those allowed, otherwise what the keywords speak of.
    fn kind<'f>(&self, flat: &'f Map<String, Value>) -> &'f str {
        match flat.get("type") {
            Some(Value::String(kind)) => kind,
            Some(Value::Array(kinds)) => {
                let mut kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                kinds.sort_by_key(|kind| *kind == "null");
                // Null says little: it is given only where nothing else will do.
                let real = kinds.iter().filter(|kind| **kind != "null").count().max(1);
                let at = match self.attempt + 1 == ATTEMPTS {
                    true => kinds.len().saturating_sub(1),
                    false => self.attempt % real,
                };
                kinds.get(at).copied().unwrap_or("null")
            }
            _ if flat.contains_key("properties") || flat.contains_key("required") => "object",
            _ if flat.contains_key("items") => "array",
            _ if flat.contains_key("minimum") || flat.contains_key("maximum") => "number",
            _ => "string",
        }
    }

    fn array(&self, flat: &Map<String, Value>, place: &Place) -> Option<Value> {
        let bound = |keyword: &str| flat.get(keyword).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0);
        let wanted = match self.extent {
            Extent::Required => least,
            Extent::All if self.is_shallow(place) => least.max(2),
            // Alternatives that are lists are distinguished by their items, if by anything.
            Extent::All if self.is_late() && self.attempt % 2 == 1 && !place.recurs() => {
                least.max(1)
            }
            Extent::All => least,
        };
        let count = wanted.min(bound("maxItems").unwrap_or(u64::MAX)).min(64);
        let first = flat.get("prefixItems").and_then(Value::as_array);
        let anything = Value::Bool(true);
        let mut items = Vec::new();
        for index in 0..usize::try_from(count).ok()? {
            let schema = first.and_then(|first| first.get(index));
            let schema = schema.or(flat.get("items")).unwrap_or(&anything);
            let place = Place {
                index,
                ..place.clone()
            };
            match self.value(schema, &place) {
                Some(item) if flat.get("uniqueItems") == Some(&json!(true)) => {
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
                Some(item) => items.push(item),
                None if u64::try_from(index).ok()? < least => return None,
                None => break,
            }
        }
        Some(Value::Array(items))
    }

    fn object(&self, flat: &Map<String, Value>, place: &Place) -> Option<Value> {
        let nothing = Map::new();
        let properties = flat.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&nothing);
        let required: Vec<&str> = flat
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut object = Map::new();
        for (name, schema) in properties {
            let is_required = required.contains(&name.as_str());
            if is_required || self.extent == Extent::All && self.is_shallow(place) {
                match self.value(schema, place) {
                    Some(value) => drop(object.insert(name.clone(), value)),
                    None if is_required => return None,
                    None => {}
                }
            }
        }
        let anything = Value::Bool(true);
        let others = flat.get("additionalProperties").unwrap_or(&anything);
        for name in required {
            if !object.contains_key(name) {
                object.insert(name.to_owned(), self.value(others, place)?);
            }
        }
        let least = flat.get("minProperties").and_then(Value::as_u64);
        let least = usize::try_from(least.unwrap_or(0)).ok()?;
        // A map without a member shows nothing of its values.
        let is_map = properties.is_empty() && others.is_object();
        let wanted = match self.extent {
            Extent::All if is_map && self.is_shallow(place) => least.max(1),
            _ => least,
        };
        for (name, schema) in properties {
            if object.len() < wanted && !object.contains_key(name) {
                object.extend(self.value(schema, place).map(|value| (name.clone(), value)));
            }
        }
        for index in object.len()..wanted {
            object.insert(format!("key{index}"), self.value(others, place)?);
        }
        Some(Value::Object(object))
    }

    /// Whether optional members are given here.
    fn is_shallow(&self, place: &Place) -> bool {
        let depth = if self.is_late() { 1 } else { DEPTH };
        place.depth <= depth && !place.recurs()
    }

    /// Whether the usual choices were tried.
    fn is_late(&self) -> bool {
        self.attempt >= ATTEMPTS / 2
    }
}

impl Place {
    /// Whether the same definition leads here a second time.
    fn recurs(&self) -> bool {
        let last = self.within.last();
        last.is_some_and(|last| self.within.iter().filter(|name| *name == last).count() > 1)
    }
}

/// Adds what has to hold as well.
fn merge(flat: &mut Map<String, Value>, other: Map<String, Value>) {
    for (keyword, value) in other {
        let Some(present) = flat.get_mut(&keyword) else {
            flat.insert(keyword, value);
            continue;
        };
        match (keyword.as_str(), present, value) {
            ("properties", Value::Object(present), Value::Object(more)) => {
                for (name, schema) in more {
                    match present.get_mut(&name) {
                        Some(before) => *before = json!({"allOf": [before.take(), schema]}),
                        None => drop(present.insert(name, schema)),
                    }
                }
            }
            ("required", Value::Array(present), Value::Array(more)) => present.extend(more),
            ("enum", Value::Array(present), Value::Array(more)) => {
                present.retain(|value| more.contains(value));
            }
            // Of two sets of alternatives, one of each has to be taken.
            ("oneOf" | "anyOf", present, Value::Array(more)) => {
                if let Value::Array(before) = present.take() {
                    let pairs = before.iter().flat_map(|one| {
                        more.iter().map(move |other| json!({"allOf": [one, other]}))
                    });
                    *present = pairs.collect();
                }
            }
            ("type", present @ Value::Array(_), more @ Value::String(_)) => *present = more,
            ("type", Value::String(_), Value::Array(_)) => {}
            ("minimum" | "minLength" | "minItems", present, more) => {
                if more.as_f64() > present.as_f64() {
                    *present = more;
                }
            }
            ("maximum" | "maxLength" | "maxItems", present, more) => {
                if more.as_f64() < present.as_f64() {
                    *present = more;
                }
            }
            (_, present, more) => *present = more,
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        _ => false,
    }
}
