//! Structured content against the schema that its tool publishes.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

use super::arguments::Validator;

/// How often parts are left out: what is around a part that was left out may still not fit.
const ROUNDS: usize = 4;

/// Leaves out of a result's structured content what its published schema does not allow, and says
/// so in a text. MCP wants structured content that fits, and strict clients fail the whole call
/// over one value that does not; the text block beside it carries the answer as the API sent it.
///
/// Gives the places in the schema that do not hold; none where everything fits.
pub(super) fn fit(result: &mut CallToolResult, schema: &Validator) -> Vec<String> {
    let Some(value) = result.structured_content.take() else {
        return Vec::new();
    };
    let (value, rules) = prune(value, schema);
    result.structured_content = Some(value);
    if !rules.is_empty() {
        let note = "The answer is not as the API's description declares it: structuredContent is \
                    without the parts that do not fit, the text above is whole.";
        result.content.push(ContentBlock::text(note));
    }
    rules
}

fn prune(mut value: Value, schema: &Validator) -> (Value, Vec<String>) {
    let mut rules = Vec::new();
    for _ in 0..ROUNDS {
        if schema.fits(&value) {
            return (value, rules);
        }
        let mut members = Vec::new();
        for error in schema.errors(&value) {
            let rule = error.schema_path().as_str().to_owned();
            if !rules.contains(&rule) {
                rules.push(rule);
            }
            members.push(member(&value, error.instance_path().as_str()));
        }
        for member in members {
            match member {
                Some((object, name)) => remove(&mut value, &object, &name),
                None => return (Value::Object(Map::new()), rules),
            }
        }
    }
    (Value::Object(Map::new()), rules)
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

fn remove(value: &mut Value, object: &str, name: &str) {
    if let Some(Value::Object(object)) = value.pointer_mut(object) {
        object.shift_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn fitted(schema: &Value, value: Value) -> (Value, usize) {
        let schema = Arc::new(schema.as_object().cloned().unwrap());
        let (value, rules) = prune(value, &Validator::new("t", &schema));
        (value, rules.len())
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let value = json!({"a": 1});
        assert_eq!(
            fitted(&json!({"type": "object"}), value.clone()),
            (value, 0)
        );
    }

    #[test]
    fn only_the_members_that_do_not_fit_are_left_out() {
        let item = json!({"properties": {"a/b": {"type": "string"}}});
        let schema = json!({"properties": {"items": {"items": item}}});
        let value = json!({"items": [{"a/b": 1, "c": 2}, {"a/b": "x"}]});
        let fits = json!({"items": [{"c": 2}, {"a/b": "x"}]});
        assert_eq!(fitted(&schema, value), (fits, 1));
    }

    #[test]
    fn an_item_takes_its_array_with_it() {
        let schema = json!({"properties": {"items": {"items": {"type": "string"}}}});
        let value = json!({"items": ["a", 1], "next": null});
        assert_eq!(fitted(&schema, value), (json!({"next": null}), 1));
    }

    #[test]
    fn nothing_is_left_where_the_whole_does_not_fit() {
        let schema = json!({"type": "object", "maxProperties": 1});
        assert_eq!(fitted(&schema, json!({"a": 1, "b": 2})), (json!({}), 1));
    }
}
