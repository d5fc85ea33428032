//! What the arguments of a tool are called, however deep in its schema.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ir::{Api, Operation};

/// Where a schema refers to a shared one.
const DEFINITIONS: &str = "#/$defs/";

/// The names of all properties that a call can have.
pub(super) fn names(api: &Api, operation: &Operation) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut followed = BTreeSet::new();
    let mut open = vec![&operation.input.json];
    while let Some(schema) = open.pop() {
        match schema {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    found.extend(properties.keys().cloned());
                }
                let target = members.get("$ref").and_then(Value::as_str);
                let target = target.and_then(|it| it.strip_prefix(DEFINITIONS));
                if let Some(target) = target.filter(|it| followed.insert(*it)) {
                    open.extend(api.definitions.get(target).map(|it| &it.json));
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// The words of a name, in lower case: those of `creditCardNumber` are `credit`, `card`, `number`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let begins = character.is_uppercase() && before.is_lowercase();
        if begins || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}
