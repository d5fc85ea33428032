//! Discriminators of Swagger 2.0, which are the name of a property alone.

use serde_json::{Value, json};

use super::bundle::{is_data, is_map};

/// Has discriminators name their property as they do since 3.0.
pub(super) fn name_properties(root: &mut Value) {
    walk(root, false);
}

/// `named` as in bundling.
fn walk(value: &mut Value, named: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, false)),
        Value::Object(members) => {
            if let Some(found) = members.get_mut("discriminator")
                && !named
                && found.is_string()
            {
                *found = json!({"propertyName": found.take()});
            }
            for (name, member) in members {
                if named || !is_data(name, member) {
                    let named = !named && is_map(name, member);
                    walk(member, named);
                }
            }
        }
        _ => {}
    }
}
