//! The arguments of a tool: names that no two share, and the schema they are checked against.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::name::sanitize;

const MAX: usize = 64;

/// Gathers the arguments of one tool.
#[derive(Default)]
pub(super) struct Arguments {
    taken: BTreeSet<String>,
    properties: Map<String, Value>,
    required: Vec<Value>,
    dependent: Map<String, Value>,
}

impl Arguments {
    /// An argument name for `wire`: the same where it can be, else with `place` behind it.
    pub(super) fn claim(&mut self, wire: &str, place: &str) -> String {
        let plain = wire
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        let name = match plain && !wire.is_empty() && wire.len() <= MAX {
            true => wire.to_owned(),
            false => match sanitize(wire).chars().take(MAX).collect::<String>() {
                name if name.is_empty() => "value".to_owned(),
                name => name,
            },
        };
        let mut candidate = name.clone();
        let mut count = 1;
        while !self.taken.insert(candidate.clone()) {
            let suffix = if count == 1 {
                format!("_{place}")
            } else {
                format!("_{place}{count}")
            };
            let room = MAX.saturating_sub(suffix.len());
            candidate = format!("{}{suffix}", name.chars().take(room).collect::<String>());
            count += 1;
        }
        candidate
    }

    pub(super) fn add(&mut self, argument: &str, schema: Value, required: bool) {
        self.properties.insert(argument.to_owned(), schema);
        if required {
            self.required.push(argument.into());
        }
    }

    /// Says that each of `any` calls for all of `needed`.
    pub(super) fn depend(&mut self, any: &[String], needed: &[String]) {
        for argument in any {
            let others: Vec<_> = needed
                .iter()
                .filter(|name| *name != argument)
                .cloned()
                .map(Value::from)
                .collect();
            if !others.is_empty() {
                self.dependent.insert(argument.clone(), others.into());
            }
        }
    }

    /// The schema of the arguments.
    pub(super) fn finish(self) -> Value {
        let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        if !self.properties.is_empty() {
            schema.insert("properties".to_owned(), self.properties.into());
        }
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        if !self.dependent.is_empty() {
            schema.insert("dependentRequired".to_owned(), self.dependent.into());
        }
        schema.insert("additionalProperties".to_owned(), false.into());
        schema.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_collide_say_where_they_travel() {
        let mut arguments = Arguments::default();
        let names = ["path", "query", "body", "body"].map(|place| arguments.claim("id", place));
        assert_eq!(names, ["id", "id_query", "id_body", "id_body2"]);
    }

    #[test]
    fn names_that_models_do_not_take_are_rewritten() {
        let mut arguments = Arguments::default();
        assert_eq!(arguments.claim("filter[name]", "query"), "filter_name");
        assert_eq!(arguments.claim("page.size", "query"), "page.size");
        assert_eq!(arguments.claim("€", "query"), "value");
    }
}
