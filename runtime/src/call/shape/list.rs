//! The list of an answer: what a client reads part by part.

use serde_json::{Map, Value};

use super::size::length;

/// How many objects a list may be within.
const DEPTH: usize = 8;

/// The list that makes up most of an answer.
#[derive(Debug)]
pub(super) struct List {
    /// The names of the members that lead to it; none where it is the answer itself.
    pub(super) path: Vec<String>,
    /// Its items, each with the length of its JSON.
    pub(super) items: Vec<(Value, usize)>,
}

impl List {
    /// Takes the longest list out of an answer, and leaves an empty one in its place. Returns nothing
    /// where that list is less than half of the answer, or has a single item.
    pub(super) fn take(answer: &mut Value) -> Option<List> {
        let whole = length(answer);
        let mut path = Vec::new();
        let mut best = None;
        find(answer, &mut path, &mut best);
        let (bytes, path) = best?;
        let list = at(answer, &path)?;
        if bytes.saturating_mul(2) < whole || list.as_array().is_none_or(|it| it.len() < 2) {
            return None;
        }
        let Value::Array(items) = std::mem::replace(list, Value::Array(Vec::new())) else {
            return None;
        };
        let measured = items.into_iter().map(|item| {
            let bytes = length(&item);
            (item, bytes)
        });
        let items = measured.collect();
        Some(List { path, items })
    }

    /// Returns the names of the members that lead to the longest list of an answer.
    pub(super) fn path(answer: &Value) -> Option<Vec<String>> {
        let mut best = None;
        find(answer, &mut Vec::new(), &mut best);
        best.map(|(_, path)| path)
    }

    /// Returns an answer that has nothing but an empty list in its place.
    pub(super) fn bare(&self) -> Value {
        let list = Value::Array(Vec::new());
        self.path.iter().rev().fold(list, |inner, name| {
            Value::Object(Map::from_iter([(name.clone(), inner)]))
        })
    }

    /// Returns the JSON pointer (RFC 6901) of the list.
    pub(super) fn pointer(&self) -> String {
        let names = self.path.iter();
        let names = names.map(|name| name.replace('~', "~0").replace('/', "~1"));
        names.fold(String::new(), |pointer, name| pointer + "/" + &name)
    }
}

/// Returns the value that the names lead to.
pub(super) fn at<'v>(value: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    let mut names = path.iter();
    names.try_fold(value, |value, name| value.as_object_mut()?.get_mut(name))
}

fn find(value: &Value, path: &mut Vec<String>, best: &mut Option<(usize, Vec<String>)>) {
    match value {
        Value::Array(_) => {
            let bytes = length(value);
            if best.as_ref().is_none_or(|(most, _)| bytes > *most) {
                *best = Some((bytes, path.clone()));
            }
        }
        Value::Object(members) if path.len() < DEPTH => {
            for (name, member) in members {
                path.push(name.clone());
                find(member, path, best);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(mut answer: Value) -> Option<(String, usize, Value)> {
        let list = List::take(&mut answer)?;
        Some((list.pointer(), list.items.len(), answer))
    }

    #[test]
    fn list_is_the_longest_one_and_leaves_an_empty_one() {
        let answer = json!({
            "total": 2,
            "tags": ["a"],
            "data": {"a/b": [{"id": 1, "name": "one of two"}, {"id": 2, "name": "two of two"}]},
        });
        let rest = json!({"total": 2, "tags": ["a"], "data": {"a/b": []}});
        assert_eq!(taken(answer), Some(("/data/a~1b".to_owned(), 2, rest)));
        assert_eq!(taken(json!([1, 2])), Some((String::new(), 2, json!([]))));
    }

    #[test]
    fn list_is_none_where_it_is_the_smaller_part() {
        let answer = json!({"text": "x".repeat(100), "tags": ["a", "b"]});
        assert_eq!(taken(answer), None);
        assert_eq!(taken(json!({"items": ["a lone item"]})), None);
    }

    #[test]
    fn bare_answer_has_the_list_alone() {
        let mut answer = json!({"a": {"b": ["one of two", "two of two"], "c": 3}});
        let list = List::take(&mut answer).unwrap();
        assert_eq!(list.bare(), json!({"a": {"b": []}}));
    }
}
