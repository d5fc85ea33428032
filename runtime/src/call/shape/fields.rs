//! The parts of an answer that a call asks for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::list::List;

/// The argument of a tool that names the parts of the answer to keep.
pub(in crate::call) const FIELDS: &str = "_fields";

/// The most parts that a call names.
const MOST: usize = 100;

/// The parts of an answer to keep: the names of members that lead to each, with lists passed through.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::call) struct Fields(Vec<Vec<String>>);

/// What is kept of an object's members.
#[derive(Debug, Default)]
struct Kept {
    is_whole: bool,
    members: BTreeMap<String, Kept>,
}

impl Fields {
    /// Reads the argument: a list of dotted names, or one text with commas. Returns nothing where it is
    /// neither.
    pub(in crate::call) fn read(argument: &Value) -> Option<Fields> {
        let names: Vec<&str> = match argument {
            Value::Array(names) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
            Value::String(names) => names.split(',').map(str::trim).collect(),
            _ => return None,
        };
        let paths = names.iter().map(|name| {
            let path: Vec<String> = name.split('.').map(str::to_owned).collect();
            path.iter().all(|name| !name.is_empty()).then_some(path)
        });
        let paths: Vec<_> = paths.collect::<Option<_>>()?;
        (!paths.is_empty() && paths.len() <= MOST).then_some(Fields(paths))
    }

    /// Keeps these parts of an answer. A name that is not in the answer itself is looked for in the items
    /// of its longest list. Returns the names that are in neither.
    pub(in crate::call) fn keep(&self, answer: &mut Value) -> Vec<String> {
        let list = List::path(answer);
        let mut kept = Kept::default();
        let mut missing = Vec::new();
        for path in &self.0 {
            let within = list
                .iter()
                .flatten()
                .chain(path)
                .cloned()
                .collect::<Vec<_>>();
            if is_in(answer, path) {
                kept.add(path);
            } else if is_in(answer, &within) {
                kept.add(&within);
            } else {
                missing.push(path.join("."));
            }
        }
        kept.apply(answer);
        missing
    }
}

impl Kept {
    fn add(&mut self, path: &[String]) {
        match path.split_first() {
            None => self.is_whole = true,
            Some((name, rest)) => self.members.entry(name.clone()).or_default().add(rest),
        }
    }

    fn apply(&self, value: &mut Value) {
        match value {
            _ if self.is_whole => {}
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(members) => self.apply_to(members),
            _ => {}
        }
    }

    fn apply_to(&self, members: &mut Map<String, Value>) {
        members.retain(|name, _| self.members.contains_key(name));
        for (name, member) in members {
            if let Some(kept) = self.members.get(name) {
                kept.apply(member);
            }
        }
    }
}

/// Returns true where the names lead to something, through whatever items.
fn is_in(value: &Value, path: &[String]) -> bool {
    match (value, path.split_first()) {
        (_, None) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_in(item, path)),
        (Value::Object(members), Some((name, rest))) => {
            members.get(name).is_some_and(|member| is_in(member, rest))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(fields: &Value, mut answer: Value) -> (Value, Vec<String>) {
        let missing = Fields::read(fields).unwrap().keep(&mut answer);
        (answer, missing)
    }

    #[test]
    fn fields_keep_what_dotted_names_lead_to_through_lists() {
        let answer = json!({
            "total": 2,
            "items": [{"id": 1, "owner": {"name": "a", "url": "u"}, "x": 1}, {"id": 2, "x": 2}],
        });
        let only = json!({"items": [{"id": 1, "owner": {"name": "a"}}, {"id": 2}]});
        let fields = json!(["items.id", "items.owner.name"]);
        assert_eq!(kept(&fields, answer.clone()), (only.clone(), vec![]));
        // The names of an item's members are enough.
        assert_eq!(
            kept(&json!("id, owner.name"), answer.clone()),
            (only, vec![])
        );
        let total = json!({"total": 2});
        assert_eq!(kept(&json!(["total"]), answer), (total, vec![]));
    }

    #[test]
    fn fields_that_are_not_there_are_named() {
        let missing = vec!["b.c".to_owned()];
        assert_eq!(
            kept(&json!(["a", "b.c"]), json!([{"a": 1, "b": 2}])),
            (json!([{"a": 1}]), missing)
        );
    }

    #[test]
    fn fields_are_names() {
        for wrong in [
            json!(7),
            json!([]),
            json!([7]),
            json!(["a..b"]),
            json!(""),
            json!({"a": 1}),
        ] {
            assert_eq!(Fields::read(&wrong), None, "{wrong}");
        }
    }
}
