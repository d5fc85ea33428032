//! Keywords that several parts (`allOf`) of one schema have, and that cannot be made one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::comparison::Comparison;

type Schema = Map<String, Value>;

/// The keyword under which a flat schema keeps such keywords, each with all of its values.
pub(super) const SEVERAL: &str = "several";

/// Returns true for a keyword of which a schema may have several values, all of which restrict it.
pub(super) fn may_be_several(keyword: &str) -> bool {
    matches!(
        keyword,
        "anyOf"
            | "contains"
            | "contentEncoding"
            | "contentMediaType"
            | "dependentRequired"
            | "dependentSchemas"
            | "else"
            | "format"
            | "if"
            | "maxContains"
            | "minContains"
            | "multipleOf"
            | "not"
            | "pattern"
            | "prefixItems"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties"
    )
}

/// Adds one more value of a keyword to a schema.
pub(super) fn add(schema: &mut Schema, keyword: &str, value: Value) {
    if schema.get(keyword) == Some(&value) {
        return;
    }
    if !schema.contains_key(keyword) && all_of(schema, keyword).is_none() {
        schema.insert(keyword.to_owned(), value);
        return;
    }
    let own = schema.shift_remove(keyword);
    let several = schema.entry(SEVERAL).or_insert_with(|| json!({}));
    let Value::Object(several) = several else {
        return;
    };
    let all = several.entry(keyword).or_insert_with(|| json!([]));
    if let Value::Array(all) = all {
        all.extend(own);
        if !all.contains(&value) {
            all.push(value);
        }
    }
}

fn all_of<'s>(schema: &'s Schema, keyword: &str) -> Option<&'s Vec<Value>> {
    schema.get(SEVERAL)?.get(keyword)?.as_array()
}

/// Compares the keywords of which one side has several values, and takes them out of both sides.
pub(super) fn compare(cx: &mut Comparison, old: &mut Schema, new: &mut Schema, at: &str) {
    let (before, after) = (old.shift_remove(SEVERAL), new.shift_remove(SEVERAL));
    let all = [&before, &after].into_iter().flatten();
    let keywords = all.filter_map(Value::as_object).flat_map(Map::keys);
    let keywords: BTreeSet<&String> = keywords.collect();
    for keyword in keywords {
        let take = |side: &Option<Value>, schema: &mut Schema| -> Vec<Value> {
            let several = side.as_ref().and_then(|all| all.get(keyword)?.as_array());
            let single = schema.shift_remove(keyword);
            several
                .cloned()
                .into_iter()
                .flatten()
                .chain(single)
                .collect()
        };
        let mut gone = take(&before, old);
        let mut more = take(&after, new);
        gone.retain(|one| {
            let same = more
                .iter()
                .position(|other| cx.definitions.is_same(one, other));
            same.map(|index| more.remove(index)).is_none()
        });
        match (gone.len(), more.len()) {
            (0, 0) => {}
            (0, _) => cx.narrowed(at, format!("one more `{keyword}` restricts the values now")),
            (_, 0) => cx.widened(at, format!("one `{keyword}` fewer restricts the values")),
            (before, after) if before == after => {
                for (one, other) in gone.into_iter().zip(more) {
                    cx.compare(&json!({ keyword: one }), &json!({ keyword: other }), at);
                }
            }
            _ => cx.contract(at, &format!("`{keyword}` changed")),
        }
    }
}
