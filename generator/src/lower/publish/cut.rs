//! A schema filled up from its root for as long as there is room: first what the main call needs,
//! which is one with nothing but what is required, and then the rest, breadth first. What there is
//! no room for becomes an open schema of its type, whose description says what was cut.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use super::bound::Definitions;
use super::size::compact;
use crate::lower::schema::{named, replaced};
use crate::openapi::join;

/// How much of its own description what is cut keeps, in characters.
const MAX_CUT_DESCRIPTION: usize = 100;

/// What replaces what is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stub {
    /// Its type, and a description of what is missing.
    Noted,
    /// Its type.
    Bare,
    /// Its type; and what is not required is not named at all.
    Needed,
}

/// From the one that says most.
const FORMS: [Stub; 3] = [Stub::Noted, Stub::Bare, Stub::Needed];

impl Stub {
    fn of(self, schema: &Value) -> Value {
        let mut stub = Map::new();
        if let Some(is) = schema.get("type") {
            stub.insert("type".to_owned(), is.clone());
        }
        // What a list is of is never cut away: without it, models send anything.
        if let Some(items) = schema.get("items") {
            stub.insert("items".to_owned(), Stub::Bare.of(items));
        }
        if self == Stub::Noted {
            let own = schema.get("description").and_then(Value::as_str);
            let own = own.unwrap_or_default();
            let mut text: String = own.chars().take(MAX_CUT_DESCRIPTION).collect();
            if text.len() < own.len() {
                text.push('…');
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&format!(
                "(cut: {}; see the API's documentation)",
                missing(schema)
            ));
            stub.insert("description".to_owned(), text.into());
        }
        Value::Object(stub)
    }
}

/// What is missing where a schema is cut.
fn missing(schema: &Value) -> String {
    let count = |keyword: &str| match schema.get(keyword) {
        Some(Value::Object(schemas)) => schemas.len(),
        Some(Value::Array(schemas)) => schemas.len(),
        _ => 0,
    };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let names: Vec<String> = properties
            .keys()
            .take(3)
            .map(|name| name.chars().take(40).collect())
            .collect();
        return format!(
            "{} properties, such as {}",
            properties.len(),
            names.join(", ")
        );
    }
    let several = [
        ("enum", "values"),
        ("anyOf", "alternatives"),
        ("allOf", "parts"),
    ];
    match several.iter().find(|(keyword, _)| count(keyword) > 1) {
        Some((keyword, what)) => format!("{} {what}", count(keyword)),
        None if schema.get("items").is_some() => "its items".to_owned(),
        None if schema.get("additionalProperties").is_some() => "its values".to_owned(),
        None => "the rest of what describes it".to_owned(),
    }
}

/// A schema of at most `room` bytes that accepts all that `root` does. Its definitions are in
/// itself.
pub(super) fn cut(root: &Value, definitions: &Definitions, room: usize) -> Value {
    match best(root, definitions, room) {
        Some(best) => best.into_schema(),
        None => opened(root, room),
    }
}

/// As [`cut`], in more than `room` where the main call needs more, and in at most `most` bytes.
pub(super) fn cut_with_main_call(
    root: &Value,
    definitions: &Definitions,
    room: usize,
    most: usize,
) -> Value {
    let mut room = room;
    loop {
        match best(root, definitions, room) {
            Some(best) if best.lost == 0 || room >= most => return best.into_schema(),
            None if room >= most => return opened(root, room),
            _ => room = (room * 2).clamp(1, most),
        }
    }
}

/// The cutting that loses least of the main call. None where there is no room for any.
fn best<'w>(root: &'w Value, definitions: &'w Definitions<'w>, room: usize) -> Option<Cutting<'w>> {
    let mut best: Option<Cutting> = None;
    // The less is said of what the root has beside it, the more room has the main call.
    for form in FORMS {
        let Some(cutting) = Cutting::of(root, definitions, room, form) else {
            continue;
        };
        let is_better = best.as_ref().is_none_or(|best| cutting.lost < best.lost);
        if is_better {
            best = Some(cutting);
        }
        if best.as_ref().is_some_and(|best| best.lost == 0) {
            break;
        }
    }
    best
}

/// A schema while it is filled up from its root.
struct Cutting<'w> {
    whole: &'w Definitions<'w>,
    root: Value,
    definitions: BTreeMap<String, Value>,
    /// What is cut and may still be filled in, the nearest first: what the main call needs, and what
    /// comes after that.
    main: VecDeque<Part<'w>>,
    waiting: VecDeque<Part<'w>>,
    /// How many parts that the main call needs there was no room for.
    lost: usize,
    size: usize,
    room: usize,
}

/// A part of the schema that is cut.
struct Part<'w> {
    /// The definition it is in; none in the root.
    definition: Option<String>,
    /// Its JSON pointer in there.
    at: String,
    whole: &'w Value,
    /// The size of what replaces it.
    stub_size: usize,
    /// Whether the call with nothing but what is required needs it.
    is_main: bool,
}

impl<'w> Cutting<'w> {
    /// Fills a schema up from its root, which has that form. None where there is no room even for it.
    fn of(
        root: &'w Value,
        definitions: &'w Definitions<'w>,
        room: usize,
        form: Stub,
    ) -> Option<Cutting<'w>> {
        let mut cutting = Cutting {
            whole: definitions,
            root: Value::Null,
            definitions: BTreeMap::new(),
            main: VecDeque::new(),
            waiting: VecDeque::new(),
            lost: 0,
            size: r#","$defs":{}"#.len(),
            room,
        };
        let all = Part {
            definition: None,
            at: String::new(),
            whole: root,
            stub_size: 0,
            is_main: true,
        };
        if !cutting.place(&all, &[form]) {
            return None;
        }
        while let Some(part) = cutting.main.pop_front() {
            if !cutting.place(&part, &FORMS) {
                cutting.lost += 1;
            }
        }
        while let Some(part) = cutting.waiting.pop_front() {
            cutting.place(&part, &[Stub::Noted, Stub::Bare]);
        }
        Some(cutting)
    }

    /// Puts a part in its place, its own parts cut, if there is room for it in one of the forms.
    fn place(&mut self, part: &Part<'w>, forms: &[Stub]) -> bool {
        for stub in forms.iter().copied() {
            let (upper, parts) = upper(part.whole, stub);
            let needed = match part.is_main {
                true => needed(&upper),
                false => HashSet::new(),
            };
            let new = self.new_definitions(&upper, stub);
            let added = compact(&upper) + new.iter().map(|new| new.size).sum::<usize>();
            let size = (self.size + added).saturating_sub(part.stub_size);
            if size > self.room {
                continue;
            }
            let place = match &part.definition {
                None => self.root.pointer_mut(&part.at),
                Some(name) => self
                    .definitions
                    .get_mut(name)
                    .and_then(|definition| definition.pointer_mut(&part.at)),
            };
            let Some(place) = place else { return false };
            *place = upper;
            self.size = size;
            for (below, whole, stub_size) in parts {
                let is_main = part.is_main && is_needed(part.whole, &below);
                self.wait(Part {
                    definition: part.definition.clone(),
                    at: format!("{}{below}", part.at),
                    whole,
                    stub_size,
                    is_main,
                });
            }
            for new in new {
                self.wait(Part {
                    definition: Some(new.name.clone()),
                    at: String::new(),
                    whole: new.whole,
                    stub_size: compact(&new.stub),
                    is_main: needed.contains(&new.name),
                });
                self.definitions.insert(new.name, new.stub);
            }
            self.hurry(&needed);
            return true;
        }
        false
    }

    fn wait(&mut self, part: Part<'w>) {
        match part.is_main {
            true => self.main.push_back(part),
            false => self.waiting.push_back(part),
        }
    }

    /// Puts the definitions that wait and turn out to be needed among those that are.
    fn hurry(&mut self, needed: &HashSet<String>) {
        if needed.is_empty() {
            return;
        }
        let is_needed = |part: &Part| {
            let name = part.definition.as_ref().filter(|_| part.at.is_empty());
            name.is_some_and(|name| needed.contains(name))
        };
        let waiting = std::mem::take(&mut self.waiting);
        for mut part in waiting {
            part.is_main = is_needed(&part);
            self.wait(part);
        }
    }

    /// What a schema refers to that is not there yet.
    fn new_definitions(&self, schema: &Value, stub: Stub) -> Vec<NewDefinition<'w>> {
        let names = named(schema).into_iter();
        names
            .filter(|name| !self.definitions.contains_key(name))
            .filter_map(|name| {
                let whole = self.whole.get(&name)?;
                let stub = stub.of(whole);
                let size = compact(&name) + ":,".len() + compact(&stub);
                Some(NewDefinition {
                    name,
                    whole,
                    stub,
                    size,
                })
            })
            .collect()
    }

    fn into_schema(self) -> Value {
        let mut root = self.root;
        if let (Some(members), false) = (root.as_object_mut(), self.definitions.is_empty()) {
            let definitions = self.definitions.into_iter().collect();
            members.insert("$defs".to_owned(), Value::Object(definitions));
        }
        root
    }
}

/// A definition that is about to be named.
struct NewDefinition<'w> {
    name: String,
    whole: &'w Value,
    stub: Value,
    size: usize,
}

/// A part of a schema: its JSON pointer, the whole of it, and the size of what replaces it.
type Below<'w> = (String, &'w Value, usize);

/// A schema whose parts are cut, and these parts. A part that is no larger
/// than its placeholder stays.
fn upper(schema: &Value, stub: Stub) -> (Value, Vec<Below<'_>>) {
    let mut parts = Vec::new();
    let Some(members) = schema.as_object() else {
        return (schema.clone(), parts);
    };
    let mut part = |at: String, schema| {
        let stub = stub.of(schema);
        let size = compact(&stub);
        if compact(schema) <= size {
            return schema.clone();
        }
        parts.push((at, schema, size));
        stub
    };
    let mut upper = Map::new();
    let mut is_less = false;
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            // It is kept or dropped as a whole.
            ("not", value) => value.clone(),
            ("properties", Value::Object(all)) if stub == Stub::Needed => {
                let needed: Map<String, Value> = all
                    .iter()
                    .filter(|(name, _)| is_required(schema, name))
                    .map(|(name, one)| (name.clone(), part(join("/properties", name), one)))
                    .collect();
                is_less = needed.len() < all.len();
                Value::Object(needed)
            }
            (
                "additionalProperties"
                | "patternProperties"
                | "propertyNames"
                | "dependentSchemas"
                | "examples",
                _,
            ) if stub == Stub::Needed => {
                is_less = true;
                continue;
            }
            (keyword, value) => replaced(keyword, value, &mut part),
        };
        upper.insert(keyword.clone(), value);
    }
    if stub != Stub::Noted && (is_less || !parts.is_empty()) {
        let own = schema.get("description").and_then(Value::as_str);
        let own = own.map(|own| format!("{own} ")).unwrap_or_default();
        let note = "(parts of this are cut; see the API's documentation)";
        upper.insert("description".to_owned(), format!("{own}{note}").into());
    }
    (Value::Object(upper), parts)
}

/// A root with as many properties as there is room for, which accepts others too.
fn opened(root: &Value, room: usize) -> Value {
    let mut properties = Map::new();
    let all = root.get("properties").and_then(Value::as_object);
    let count = all.map_or(0, Map::len);
    let mut schema = json!({
        "type": "object",
        "description": format!(
            "The first of {count} arguments, without their schemas; see the API's documentation."
        ),
        "properties": {},
    });
    let mut size = compact(&schema);
    let all = all.into_iter().flatten();
    let (needed, others): (Vec<_>, Vec<_>) = all.partition(|(name, _)| is_required(root, name));
    for (name, property) in needed.into_iter().chain(others) {
        let stub = Stub::Bare.of(property);
        size += compact(name) + ":,".len() + compact(&stub);
        if size > room {
            break;
        }
        properties.insert(name.clone(), stub);
    }
    schema["properties"] = Value::Object(properties);
    schema
}

/// Whether a schema requires the property, or so many that this is one of them.
fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    if required.is_some_and(|names| names.iter().any(|required| required == name)) {
        return true;
    }
    let least = schema.get("minProperties").and_then(Value::as_u64);
    let least = usize::try_from(least.unwrap_or(0)).unwrap_or(usize::MAX);
    let least = least.saturating_sub(required.map_or(0, Vec::len));
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flat_map(|all| all.keys().take(least))
        .any(|one| one == name)
}

/// Whether a value with nothing but what is required needs the part at `below`: a required property,
/// what a list is of, all parts of a composition, and the first alternative that is something.
fn is_needed(schema: &Value, below: &str) -> bool {
    let mut steps = below.split('/').skip(1);
    let (keyword, name) = (steps.next().unwrap_or_default(), steps.next());
    match (keyword, name) {
        ("properties", Some(name)) => {
            is_required(schema, &name.replace("~1", "/").replace("~0", "~"))
        }
        ("items" | "prefixItems" | "allOf" | "contains", _) => true,
        ("anyOf" | "oneOf", Some(index)) => {
            let branches = schema.get(keyword).and_then(Value::as_array);
            let is_something = |branch: &Value| branch.get("type") != Some(&json!("null"));
            let first = branches.and_then(|all| all.iter().position(is_something));
            first.map(|first| first.to_string()).as_deref() == Some(index)
        }
        _ => false,
    }
}

/// The definitions that such a value needs of a schema whose parts are cut.
fn needed(upper: &Value) -> HashSet<String> {
    let mut names = HashSet::new();
    collect_needed(upper, &mut names);
    names
}

fn collect_needed(schema: &Value, names: &mut HashSet<String>) {
    let reference = schema.get("$ref").and_then(Value::as_str);
    names.extend(
        reference
            .and_then(|one| one.strip_prefix("#/$defs/"))
            .map(str::to_owned),
    );
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        let mut below = |at: String, one: &Value| {
            if is_needed(schema, &at) {
                collect_needed(one, names);
            }
            Value::Null
        };
        if keyword != "not" {
            replaced(keyword, value, &mut below);
        }
    }
}
