//! The parts of an answer that a call asks for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::list::List;

/// The argument of a tool that names the parts of the answer to keep.
pub(in crate::call) const FIELDS: &str = "_fields";

/// The most parts that a call names.
const MOST: usize = 100;

/// The parts of an answer to keep, by dotted names, which lead through lists.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::call) struct Fields(Vec<String>);

/// The parts that a call asks for and the answer does not have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::call) struct Absent {
    pub(in crate::call) names: Vec<String>,
    /// Whether the answer has none of the parts that the call asks for: it is whole then.
    pub(in crate::call) are_all: bool,
}

/// What is kept of an object's members.
#[derive(Debug, Default)]
struct Kept {
    is_whole: bool,
    members: BTreeMap<String, Kept>,
}

impl Fields {
    /// Reads the argument: a list of dotted names, its JSON as a text, or one text with commas.
    /// Returns nothing where it is none of these.
    pub(in crate::call) fn read(argument: &Value) -> Option<Fields> {
        let names: Vec<String> = match argument {
            Value::Array(_) => Vec::deserialize(argument).ok()?,
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).ok()?
            }
            Value::String(text) => text.split(',').map(|it| it.trim().to_owned()).collect(),
            _ => return None,
        };
        let is_name = |name: &String| name.split('.').all(|it| !it.is_empty());
        let are_names = !names.is_empty() && names.len() <= MOST && names.iter().all(is_name);
        are_names.then_some(Fields(names))
    }

    /// Keeps these parts of an answer. A name that is not in the answer itself is looked for in the
    /// items of its longest list. Where the answer has none of them, it stays whole. Returns the
    /// names that it does not have.
    pub(in crate::call) fn keep(&self, answer: &mut Value) -> Absent {
        let list = List::path(answer).unwrap_or_default();
        let mut kept = Kept::default();
        let mut names = Vec::new();
        for name in &self.0 {
            let mut path = Vec::new();
            if find(answer, name, &mut path) {
                kept.add(&path);
                continue;
            }
            let items = list
                .iter()
                .try_fold(&*answer, |value, name| value.get(name));
            path.extend(list.iter().map(String::as_str));
            if items.is_some_and(|items| find(items, name, &mut path)) {
                kept.add(&path);
                continue;
            }
            names.push(name.clone());
            // No item has it: the items are there all the same.
            let has_objects = |items: &Vec<Value>| items.iter().any(Value::is_object);
            if items.and_then(Value::as_array).is_some_and(has_objects) {
                kept.add_empty(&path);
            }
        }
        let are_all = names.len() == self.0.len();
        if !are_all {
            kept.apply(answer);
        }
        Absent { names, are_all }
    }
}

impl Kept {
    /// Keeps all of what the names lead to.
    fn add(&mut self, path: &[&str]) {
        self.at(path).is_whole = true;
    }

    /// Keeps what the names lead to, without its members.
    fn add_empty(&mut self, path: &[&str]) {
        self.at(path);
    }

    fn at(&mut self, path: &[&str]) -> &mut Kept {
        path.iter().fold(self, |kept, name| {
            kept.members.entry((*name).to_owned()).or_default()
        })
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

/// Adds to `path` the names of the members that a dotted name leads to, through whatever items. A
/// member may have dots in its own name. A list without items may have had any member. Returns
/// false where the name leads to nothing; `path` is as before then.
fn find<'n>(value: &Value, name: &'n str, path: &mut Vec<&'n str>) -> bool {
    match value {
        Value::Array(items) if items.is_empty() => {
            path.push(name);
            true
        }
        Value::Array(items) => items.iter().any(|item| find(item, name, path)),
        Value::Object(members) => {
            if members.contains_key(name) {
                path.push(name);
                return true;
            }
            members.iter().any(|(first, member)| {
                let rest = name.strip_prefix(first.as_str());
                let Some(rest) = rest.and_then(|rest| rest.strip_prefix('.')) else {
                    return false;
                };
                path.extend(name.get(..first.len()));
                let is_found = find(member, rest, path);
                if !is_found {
                    path.pop();
                }
                is_found
            })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(fields: &Value, mut answer: Value) -> (Value, Vec<String>) {
        let absent = Fields::read(fields).unwrap().keep(&mut answer);
        (answer, absent.names)
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
    fn empty_list_stays_and_has_whatever_is_asked_for() {
        let empty = json!({"items": [], "total": 0});
        let items = json!({"items": []});
        for fields in [json!(["id"]), json!(["items.id", "owner.name"])] {
            assert_eq!(kept(&fields, empty.clone()), (items.clone(), vec![]));
        }
        assert_eq!(kept(&json!(["id"]), json!([])), (json!([]), vec![]));
        // As does a list of each item.
        let tagged = json!([{"id": 1, "tags": []}, {"id": 2}]);
        let tags = json!([{"tags": []}, {}]);
        assert_eq!(kept(&json!(["tags.name"]), tagged), (tags, vec![]));
    }

    #[test]
    fn items_stay_where_none_has_what_is_asked_for() {
        let answer = json!({"total": 2, "next": "n", "items": [{"id": 1}, {"id": 2}]});
        let only = json!({"total": 2, "items": [{}, {}]});
        let missing = vec!["deleted".to_owned()];
        assert_eq!(
            kept(&json!(["total", "deleted"]), answer),
            (only, missing.clone())
        );
        let words = json!({"total": 2, "words": ["a", "b"]});
        assert_eq!(
            kept(&json!(["total", "deleted"]), words),
            (json!({"total": 2}), missing)
        );
    }

    #[test]
    fn answer_that_has_none_of_the_fields_stays_whole() {
        let mut answer = json!({"total": 1, "items": [{"id": 1}]});
        let whole = answer.clone();
        let absent = Fields::read(&json!(["a", "b.c"]))
            .unwrap()
            .keep(&mut answer);
        assert_eq!(answer, whole);
        let names = vec!["a".to_owned(), "b.c".to_owned()];
        assert_eq!(
            absent,
            Absent {
                names,
                are_all: true
            }
        );
    }

    #[test]
    fn names_with_dots_are_names_first() {
        let answer = json!({
            "@odata.count": 1,
            "value": [{"a.b": 1, "a": {"b": 2, "c.d": 3}, "x": 4}],
        });
        let only = json!({"@odata.count": 1, "value": [{"a.b": 1, "a": {"c.d": 3}}]});
        let fields = json!(["@odata.count", "a.b", "a.c.d"]);
        assert_eq!(kept(&fields, answer), (only, vec![]));
    }

    #[test]
    fn fields_may_be_json_in_a_text() {
        let list = Fields::read(&json!(["id", "owner.name"]));
        assert!(list.is_some());
        assert_eq!(Fields::read(&json!(r#" ["id","owner.name"]"#)), list);
        assert_eq!(Fields::read(&json!("id, owner.name")), list);
        for wrong in ["[\"id\"", "[7]", "[]"] {
            assert_eq!(Fields::read(&json!(wrong)), None, "{wrong}");
        }
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
