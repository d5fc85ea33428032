//! The arguments of a tool: their names, and the schema that they make up.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::ir;
use crate::lower::schema;

/// The arguments of a tool, as they grow.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) properties: Map<String, Value>,
    pub(crate) required: Vec<String>,
    /// For optional bodies: what each of its arguments needs beside it.
    pub(crate) dependent_required: IndexMap<String, Vec<String>>,
    taken: HashSet<String>,
    /// Names on the wire that can be arguments' names: what is called otherwise does not get them.
    reserved: HashSet<String>,
    /// How many have claimed a name that was taken, by that name and location.
    late: HashMap<(String, String), usize>,
}

impl Arguments {
    /// Keeps the names on the wire that can be arguments' names for those that are called so.
    pub(crate) fn reserve<'n>(&mut self, wire: impl Iterator<Item = &'n str>) {
        let plain = wire.filter(|wire| is_argument_name(wire));
        self.reserved.extend(plain.map(str::to_owned));
    }

    /// The arguments' names for what is called so on the wire in one location. They do not depend on
    /// the order: whose name can be an argument's keeps it.
    pub(crate) fn names(&mut self, wire: &[&str], location: &str) -> Vec<String> {
        let mut order: Vec<(usize, &&str)> = wire.iter().enumerate().collect();
        order.sort_by_key(|(_, wire)| (!is_argument_name(wire), **wire));
        let mut names = vec![String::new(); wire.len()];
        for (index, wire) in order {
            if let Some(name) = names.get_mut(index) {
                *name = self.name(wire, location);
            }
        }
        names
    }

    /// The argument's name for something called `wire`; `location` keeps equal ones apart.
    pub(crate) fn name(&mut self, wire: &str, location: &str) -> String {
        let plain = argument_name(wire);
        let mut name = plain.clone();
        let late = self.late.entry((plain.clone(), location.to_owned()));
        let count = late.or_insert(1);
        while (name != wire && self.reserved.contains(&name)) || !self.taken.insert(name.clone()) {
            let suffix = match *count {
                1 => format!("_{location}"),
                count => format!("_{location}_{count}"),
            };
            let room = MAX_ARGUMENT.saturating_sub(suffix.len());
            name = format!("{}{suffix}", plain.get(..room).unwrap_or(&plain));
            *count += 1;
        }
        name
    }

    pub(crate) fn add(&mut self, name: &str, schema: Value, required: bool) {
        self.properties.insert(name.to_owned(), schema);
        if required {
            self.required.push(name.to_owned());
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.properties.shift_remove(name);
        self.required.retain(|required| required != name);
        let own = self.dependent_required.shift_remove(name);
        for (argument, needed) in &mut self.dependent_required {
            if let Some(at) = needed.iter().position(|required| required == name) {
                needed.remove(at);
                // What it needed is needed still.
                let own = own.iter().flatten().filter(|one| *one != argument);
                let more: Vec<String> = own.filter(|one| !needed.contains(one)).cloned().collect();
                needed.extend(more);
            }
        }
        self.dependent_required
            .retain(|_, needed| !needed.is_empty());
    }

    /// The schema of all arguments together.
    pub(crate) fn into_schema(self) -> ir::Schema {
        let mut root = Map::new();
        root.insert("type".to_owned(), json!("object"));
        if !self.properties.is_empty() {
            root.insert("properties".to_owned(), Value::Object(self.properties));
        }
        if !self.required.is_empty() {
            root.insert("required".to_owned(), json!(self.required));
        }
        if !self.dependent_required.is_empty() {
            root.insert(
                "dependentRequired".to_owned(),
                json!(self.dependent_required),
            );
        }
        root.insert("additionalProperties".to_owned(), json!(false));
        let json = Value::Object(root);
        let definitions = schema::named(&json);
        ir::Schema { json, definitions }
    }
}

/// Says in an argument's description what it is called on the wire, where that is not its name.
pub(crate) fn state_wire_name(schema: &mut Value, argument: &str, wire: &str, location: &str) {
    let Some(schema) = schema.as_object_mut().filter(|_| argument != wire) else {
        return;
    };
    let place = match is_argument_name(wire) {
        true => format!(" in the {location}"),
        false => String::new(),
    };
    let own = schema.get("description").and_then(Value::as_str);
    let own = own.map(|own| format!("{own} ")).unwrap_or_default();
    let text = format!("{own}Sent as `{wire}`{place}.");
    schema.insert("description".to_owned(), json!(text));
}

/// The longest argument name that models' APIs take.
const MAX_ARGUMENT: usize = 64;

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_argument_name(wire: &str) -> bool {
    !wire.is_empty() && wire.len() <= MAX_ARGUMENT && wire.chars().all(fits)
}

/// The wire name if it can be an argument's name, else what can be kept of it.
fn argument_name(wire: &str) -> String {
    if is_argument_name(wire) {
        return wire.to_owned();
    }
    let mut name = String::new();
    for c in wire.chars() {
        if fits(c) {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    match name.get(..MAX_ARGUMENT) {
        Some(beginning) => beginning.to_owned(),
        None if name.is_empty() => "argument".to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_models_can_write_stay() {
        assert_eq!(argument_name("a.b-c_d"), "a.b-c_d");
    }

    #[test]
    fn other_names_are_made_writable() {
        assert_eq!(argument_name("filter[name]"), "filter_name");
        assert_eq!(argument_name("$top"), "top");
        assert_eq!(argument_name("日本"), "argument");
    }
}
