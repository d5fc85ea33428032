//! A look at a part of a description.

use serde_json::{Map, Value};

use super::pointer::join;

/// A value of a description, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Node<'d> {
    pub(crate) value: &'d Value,
    /// Its JSON pointer.
    pub(crate) at: String,
}

impl<'d> Node<'d> {
    /// The field of this name, if it is there and not null.
    pub(crate) fn get(&self, field: &str) -> Option<Node<'d>> {
        let value = self.value.as_object()?.get(field)?;
        let at = join(&self.at, field);
        (!value.is_null()).then_some(Node { value, at })
    }

    /// The text of a field.
    pub(crate) fn text(&self, field: &str) -> Option<&'d str> {
        self.value.as_object()?.get(field)?.as_str()
    }

    /// The boolean of a field.
    pub(crate) fn flag(&self, field: &str) -> Option<bool> {
        self.value.as_object()?.get(field)?.as_bool()
    }

    pub(crate) fn object(&self) -> Option<&'d Map<String, Value>> {
        self.value.as_object()
    }

    /// The members of the object in this field; none if it is something else.
    pub(crate) fn members(&self, field: &str) -> Vec<(&'d str, Node<'d>)> {
        self.get(field)
            .map(|node| node.entries())
            .unwrap_or_default()
    }

    /// The members of this object.
    pub(crate) fn entries(&self) -> Vec<(&'d str, Node<'d>)> {
        let members = self.value.as_object().into_iter().flatten();
        members
            .map(|(name, value)| {
                let at = join(&self.at, name);
                (name.as_str(), Node { value, at })
            })
            .collect()
    }

    /// The items of the list in this field; none if it is something else.
    pub(crate) fn items(&self, field: &str) -> Vec<Node<'d>> {
        let Some(list) = self.get(field) else {
            return Vec::new();
        };
        let items = list.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(index, value)| Node {
                value,
                at: join(&list.at, &index.to_string()),
            })
            .collect()
    }
}

/// A value's type in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
