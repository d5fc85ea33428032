//! Structured content against the schema that its tool publishes.

use serde_json::{Map, Value};

use super::arguments::Validator;

/// How often parts are left out: what is around a part that was left out may still not fit.
const ROUNDS: usize = 4;

/// What of a value does not fit a schema.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Unfit {
    /// The places in the schema that do not hold.
    pub(super) rules: Vec<String>,
    /// The parts, by their JSON pointers (RFC 6901).
    pub(super) parts: Map<String, Value>,
}

/// Takes out of structured content what its published schema does not allow. MCP wants structured
/// content that fits, and strict clients fail the whole call over one value that does not.
pub(super) fn fit(value: &mut Value, schema: &Validator) -> Unfit {
    let mut unfit = Unfit::default();
    for _ in 0..ROUNDS {
        if schema.fits(value) {
            return unfit;
        }
        let mut members = Vec::new();
        for error in schema.errors(value) {
            let rule = error.schema_path().as_str().to_owned();
            if !unfit.rules.contains(&rule) {
                unfit.rules.push(rule);
            }
            members.push(member(value, error.instance_path().as_str()));
        }
        for member in members {
            let Some((object, name)) = member else {
                unfit.take_whole(value);
                return unfit;
            };
            unfit.take(value, &object, &name);
        }
    }
    unfit.take_whole(value);
    unfit
}

impl Unfit {
    fn take(&mut self, value: &mut Value, object: &str, name: &str) {
        if let Some(Value::Object(members)) = value.pointer_mut(object)
            && let Some(part) = members.shift_remove(name)
        {
            let name = name.replace('~', "~0").replace('/', "~1");
            self.parts.insert(format!("{object}/{name}"), part);
        }
    }

    fn take_whole(&mut self, value: &mut Value) {
        let whole = std::mem::replace(value, Value::Object(Map::new()));
        if whole.as_object().is_none_or(|whole| !whole.is_empty()) {
            self.parts.insert(String::new(), whole);
        }
    }
}

/// The innermost member of an object that holds the value at `pointer`: the object's own pointer,
/// and the member's name. `None`: the value is the root. An item of an array is never left out by
/// itself, since that would give the items after it another place.
fn member(value: &Value, pointer: &str) -> Option<(String, String)> {
    let mut found = None;
    let mut at = 0;
    for token in pointer.split('/').skip(1) {
        let (parent, _) = pointer.split_at_checked(at)?;
        if value.pointer(parent)?.is_object() {
            let name = token.replace("~1", "/").replace("~0", "~");
            found = Some((parent.to_owned(), name));
        }
        at += token.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn fitted(schema: &Value, mut value: Value) -> (Value, Value) {
        let schema = Arc::new(schema.as_object().cloned().unwrap());
        let unfit = fit(&mut value, &Validator::new("t", &schema));
        (value, Value::Object(unfit.parts))
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let value = json!({"a": 1});
        let schema = json!({"type": "object"});
        assert_eq!(fitted(&schema, value.clone()), (value, json!({})));
    }

    #[test]
    fn only_the_members_that_do_not_fit_are_taken_out() {
        let item = json!({"properties": {"a/b": {"type": "string"}}});
        let schema = json!({"properties": {"items": {"items": item}}});
        let value = json!({"items": [{"a/b": 1, "c": 2}, {"a/b": "x"}]});
        let fits = json!({"items": [{"c": 2}, {"a/b": "x"}]});
        let parts = json!({"/items/0/a~1b": 1});
        assert_eq!(fitted(&schema, value), (fits, parts));
    }

    #[test]
    fn an_item_takes_its_array_with_it() {
        let schema = json!({"properties": {"items": {"items": {"type": "string"}}}});
        let value = json!({"items": ["a", 1], "next": null});
        let parts = json!({"/items": ["a", 1]});
        assert_eq!(fitted(&schema, value), (json!({"next": null}), parts));
    }

    #[test]
    fn the_whole_is_taken_out_where_it_does_not_fit() {
        let schema = json!({"type": "object", "maxProperties": 1});
        let value = json!({"a": 1, "b": 2});
        let parts = json!({"": {"a": 1, "b": 2}});
        assert_eq!(fitted(&schema, value), (json!({}), parts));
    }
}
