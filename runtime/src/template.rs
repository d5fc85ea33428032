//! Texts with placeholders: `/api-keys/{id}`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The placeholders of a text, which may hold those of `known` only.
///
/// # Errors
/// Where it holds another, or a brace of neither; a sentence that says which there are.
pub(crate) fn used<'a>(text: &'a str, known: &[&str]) -> Result<BTreeSet<&'a str>, String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest.get(at..).and_then(|it| it.strip_prefix('{'));
        let Some((name, after)) = inside.and_then(|it| it.split_once('}')) else {
            return Err(format!("`{text}`: a brace is alone"));
        };
        if !known.contains(&name) {
            let known = known.join("}, {");
            return Err(format!(
                "`{{{name}}}` represents nothing; there is {{{known}}}"
            ));
        }
        found.insert(name);
        rest = after;
    }
    Ok(found)
}

/// The same for all texts of a JSON value.
///
/// # Errors
/// As [`used`].
pub(crate) fn used_in_json<'a>(
    value: &'a Value,
    known: &[&str],
) -> Result<BTreeSet<&'a str>, String> {
    let mut found = BTreeSet::new();
    match value {
        Value::String(text) => found = used(text, known)?,
        Value::Array(items) => {
            for item in items {
                found.extend(used_in_json(item, known)?);
            }
        }
        Value::Object(members) => {
            for member in members.values() {
                found.extend(used_in_json(member, known)?);
            }
        }
        _ => {}
    }
    Ok(found)
}

/// Puts values in place of placeholders. What a value holds is never taken for a placeholder.
pub(crate) fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) = rest
        .split_once('{')
        .and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
    {
        filled.push_str(before);
        let value = values.iter().find(|(it, _)| *it == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The same for a query. Parameters whose placeholders have no value are left out.
pub(crate) fn fill_query(query: &str, values: &[(&str, String)]) -> String {
    let has_value = |name: &str| {
        values
            .iter()
            .any(|(it, value)| *it == name && !value.is_empty())
    };
    let whole = |parameter: &&str| {
        let mut names = parameter.split('{').skip(1).map(|it| it.split('}').next());
        names.all(|name| name.is_some_and(has_value))
    };
    let filled = query.split('&').filter(whole).map(|it| fill(it, values));
    filled.collect::<Vec<_>>().join("&")
}

/// The same for all texts of a JSON value.
pub(crate) fn fill_json(value: &Value, values: &[(&str, String)]) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, values)),
        Value::Array(items) => items.iter().map(|item| fill_json(item, values)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, member)| (name.clone(), fill_json(member, values)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_are_filled_once_and_anywhere() {
        let values = [("name", "{id}".to_owned()), ("id", "7".to_owned())];
        assert_eq!(fill("a {name} b {id}{id}", &values), "a {id} b 77");
        let body = json!({"a": ["{id}", 1, null], "b": {"c": "x"}});
        let filled = json!({"a": ["7", 1, null], "b": {"c": "x"}});
        assert_eq!(fill_json(&body, &values), filled);
    }

    #[test]
    fn a_parameter_whose_placeholder_has_no_value_is_left_out() {
        let values = [("cursor", String::new()), ("name", "a%26b".to_owned())];
        let query = "limit=9&cursor={cursor}&q={name}";
        assert_eq!(fill_query(query, &values), "limit=9&q=a%26b");
        assert_eq!(fill_query("cursor={cursor}", &values), "");
    }

    #[test]
    fn what_represents_nothing_is_named_beside_what_does() {
        let error = used("/keys/{key}", &["id", "grant"]).unwrap_err();
        assert!(
            error.contains("{key}") && error.contains("{id}, {grant}"),
            "{error}"
        );
        assert!(used("/keys/{id", &["id"]).is_err());
        assert!(used("/keys/id}", &["id"]).is_err());
        let nested = json!({"a": [{"b": "{level}"}]});
        assert!(used_in_json(&nested, &["id"]).is_err());
        assert!(used_in_json(&nested, &["level"]).unwrap().contains("level"));
    }
}
