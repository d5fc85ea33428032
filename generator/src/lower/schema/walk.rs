//! Walks the schemas within a lowered schema.

use serde_json::Value;

use crate::openapi::join;
use crate::openapi::keyword::{self, Form, Keyword};

/// Calls `visit` for each schema directly within another, with the name of the keyword that
/// holds it.
pub(crate) fn children<'v>(schema: &'v Value, visit: &mut dyn FnMut(&'v str, Keyword, &'v Value)) {
    for (name, value) in schema.as_object().into_iter().flatten() {
        let Some(keyword) = keyword::of(name) else {
            continue;
        };
        let mut visit = |one| visit(name, keyword, one);
        match (keyword.form, value) {
            (Form::One, one) => visit(one),
            (Form::List, Value::Array(list)) => list.iter().for_each(visit),
            (Form::Named, Value::Object(named)) => named.values().for_each(visit),
            (Form::List | Form::Named, _) => {}
        }
    }
}

/// As [`children`], without names, where `visit` may change each schema.
pub(crate) fn children_mut(schema: &mut Value, visit: &mut dyn FnMut(Keyword, &mut Value)) {
    for (name, value) in schema.as_object_mut().into_iter().flatten() {
        let Some(keyword) = keyword::of(name) else {
            continue;
        };
        match (keyword.form, value) {
            (Form::One, one) => visit(keyword, one),
            (Form::List, Value::Array(list)) => list.iter_mut().for_each(|one| visit(keyword, one)),
            (Form::Named, Value::Object(named)) => {
                named.values_mut().for_each(|one| visit(keyword, one));
            }
            (Form::List | Form::Named, _) => {}
        }
    }
}

/// The value of the keyword `name` with `replace` called for each schema in it, which is given the
/// JSON pointer that leads to it from the schema around. The value of another keyword stays.
pub(crate) fn replaced<'v>(
    name: &str,
    value: &'v Value,
    mut replace: impl FnMut(String, &'v Value) -> Value,
) -> Value {
    let Some(keyword) = keyword::of(name) else {
        return value.clone();
    };
    let at = join("", name);
    match (keyword.form, value) {
        (Form::One, one) => replace(at, one),
        (Form::List, Value::Array(list)) => {
            let list = list.iter().enumerate();
            list.map(|(index, one)| replace(join(&at, &index.to_string()), one))
                .collect()
        }
        (Form::Named, Value::Object(named)) => {
            let named = named.iter();
            named
                .map(|(name, one)| (name.clone(), replace(join(&at, name), one)))
                .collect()
        }
        (Form::List | Form::Named, _) => value.clone(),
    }
}
