//! The next page of an answer, as its `Link` header field names it (RFC 8288).

use std::borrow::Cow;

use http::HeaderMap;
use http::header::LINK;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::Url;

use crate::operation::{In, Operation, Parameter};

/// The arguments of the next page: those of this call, `arguments`, and what the link has in their
/// place. `None` where there is no next page, and where the operation cannot take all that the
/// link says.
pub(super) fn next_page(
    operation: &Operation,
    arguments: &Map<String, Value>,
    headers: &HeaderMap,
) -> Option<Map<String, Value>> {
    let fields = headers.get_all(LINK).iter();
    let mut fields = fields.filter_map(|field| field.to_str().ok());
    let target = fields.find_map(next)?;
    follow(operation, arguments, target)
}

/// Returns true where header fields lead to other pages.
pub(super) fn has_pages(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(LINK).iter();
    let mut fields = fields.filter_map(|field| field.to_str().ok());
    fields.any(|field| target(field, &["next", "prev", "previous", "first", "last"]).is_some())
}

/// The arguments of the page at a URL: those of this call, and what the URL has in their place.
pub(super) fn follow(
    operation: &Operation,
    arguments: &Map<String, Value>,
    target: &str,
) -> Option<Map<String, Value>> {
    // What the link is relative to is a URL that this operation made, so any base does.
    let url = Url::parse("http://localhost/").ok()?.join(target).ok()?;
    let mut next = arguments.clone();
    take_path(operation, &url, &mut next);
    take_query(operation, &url, &mut next)?;
    (next != *arguments).then_some(next)
}

/// The target of the first link that leads to the next page.
fn next(field: &str) -> Option<&str> {
    target(field, &["next"])
}

/// The target of the first link with one of these relations.
fn target<'f>(field: &'f str, relations: &[&str]) -> Option<&'f str> {
    let mut rest = field;
    while let Some((_, link)) = rest.split_once('<') {
        let (target, parameters) = link.split_once('>')?;
        let end = end_of_parameters(parameters);
        let (parameters, others) = parameters.split_at(end);
        if has_relation(parameters, relations) {
            return Some(target.trim());
        }
        rest = others;
    }
    None
}

/// Where the parameters of a link end: at a comma that is in no quoted string.
fn end_of_parameters(text: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether the relations of a link, which are a list of words, have one of these.
fn has_relation(parameters: &str, wanted: &[&str]) -> bool {
    let mut parameters = parameters.split(';').filter_map(|one| one.split_once('='));
    let relations = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    relations.is_some_and(|(_, value)| {
        let mut words = value.trim().trim_matches('"').split_ascii_whitespace();
        words.any(|word| wanted.iter().any(|it| word.eq_ignore_ascii_case(it)))
    })
}

/// Takes the path parameters of a URL whose path ends as the operation's does. Another path says
/// nothing of them: some APIs link to a path that is a synonym.
fn take_path(operation: &Operation, url: &Url, arguments: &mut Map<String, Value>) {
    let template: Vec<_> = operation.path.trim_matches('/').split('/').collect();
    let path: Vec<_> = url.path().trim_matches('/').split('/').collect();
    let start = path.len().checked_sub(template.len());
    let Some(path) = start.and_then(|start| path.get(start..)) else {
        return;
    };
    let mut taken = Vec::new();
    for (template, segment) in template.iter().zip(path) {
        let name = template
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'));
        match name {
            Some(name) => taken.push((name, decoded(segment))),
            None if *template == decoded(segment) => {}
            None => return,
        }
    }
    for (name, value) in taken {
        let parameter = of_name(operation, In::Path, name);
        if let Some(parameter) = parameter.filter(|it| it.bind.is_none()) {
            put(arguments, parameter, value.into_owned());
        }
    }
}

/// Takes the query of a URL, which replaces that of this call. `None` where it has a name that the
/// operation does not know.
fn take_query(operation: &Operation, url: &Url, arguments: &mut Map<String, Value>) -> Option<()> {
    let mut found: Vec<&'static str> = Vec::new();
    for (name, value) in url.query_pairs() {
        let known = of_name(operation, In::Query, &name).or_else(|| {
            let (base, _) = name.split_once('[')?;
            of_name(operation, In::Query, base)
        });
        let parameter = known?;
        if parameter.bind.is_some() {
            continue;
        }
        let value = value.into_owned();
        match found.contains(&parameter.argument) {
            true => add(arguments, parameter, value),
            false => put(arguments, parameter, value),
        }
        found.push(parameter.argument);
    }
    for parameter in operation.parameters {
        if parameter.location == In::Query && !found.contains(&parameter.argument) {
            arguments.shift_remove(parameter.argument);
        }
    }
    Some(())
}

/// Puts a text in the place of an argument. A list or an object stays as it was in this call, since
/// a text alone does not say how it is written; so does a number that is written as the text.
fn put(arguments: &mut Map<String, Value>, parameter: &Parameter, text: String) {
    let stays = match arguments.get(parameter.argument) {
        Some(Value::Array(_) | Value::Object(_)) => true,
        Some(Value::String(value)) => *value == text,
        Some(Value::Number(value)) => value.as_str() == text,
        Some(Value::Bool(value)) => text == if *value { "true" } else { "false" },
        Some(Value::Null) | None => false,
    };
    if !stays {
        arguments.insert(parameter.argument.to_owned(), Value::from(text));
    }
}

/// Adds a text to an argument whose name is in the query once more. A list that was given in this
/// call stays as it was.
fn add(arguments: &mut Map<String, Value>, parameter: &Parameter, text: String) {
    if let Some(value @ Value::String(_)) = arguments.get_mut(parameter.argument) {
        let first = value.take();
        *value = Value::Array(vec![first, Value::from(text)]);
    }
}

fn of_name(operation: &Operation, location: In, name: &str) -> Option<&'static Parameter> {
    let mut parameters = operation.parameters.iter();
    parameters.find(|it| it.location == location && it.name == name)
}

fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::operation::{Binding, Style};

    static ITEMS: Operation = Operation {
        path: "/shops/{shop}/items",
        parameters: &[
            Parameter::path("shop"),
            Parameter::query("cursor"),
            Parameter::query("page"),
            Parameter::query("tags"),
            Parameter {
                style: Style::DeepObject,
                ..Parameter::query("filter")
            },
            Parameter {
                bind: Some(Binding::Workspace),
                ..Parameter::query("workspace")
            },
        ],
        ..Operation::BASE
    };

    fn page(link: &'static str, arguments: &Value) -> Option<Value> {
        let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(link))]);
        next_page(&ITEMS, arguments.as_object().unwrap(), &headers).map(Value::Object)
    }

    #[test]
    fn next_page_has_the_query_of_the_link_and_the_other_arguments_of_the_call() {
        for (link, expected) in [
            (
                "</shops/a/items?cursor=x%20y>; rel=\"next\"",
                json!({"shop": "a", "cursor": "x y"}),
            ),
            (
                "<https://api.example/v1/shops/b/items?page=2>;rel=next",
                json!({"shop": "b", "page": "2"}),
            ),
            (
                "<?page=2>; title=\"a, <b>\"; rel=\"last next\"",
                json!({"shop": "a", "page": "2"}),
            ),
            (
                "</s/17?page=3>; rel=next",
                json!({"shop": "a", "page": "3"}),
            ),
            (
                "</x?page=0>; rel=\"prev\", </x?page=2>; REL=NEXT",
                json!({"shop": "a", "page": "2"}),
            ),
            (
                "<?page=2&workspace=w>; rel=next",
                json!({"shop": "a", "page": "2"}),
            ),
            (
                "<?page=2&tags=a&tags=b>; rel=next",
                json!({"shop": "a", "page": "2", "tags": ["a", "b"]}),
            ),
        ] {
            assert_eq!(
                page(link, &json!({"shop": "a", "page": 1})),
                Some(expected),
                "{link}"
            );
        }
    }

    #[test]
    fn next_page_keeps_what_a_text_does_not_say() {
        let arguments = json!({"shop": "a", "filter": {"b": 1}, "tags": ["c"]});
        let expected = json!({"shop": "a", "filter": {"b": 1}, "tags": ["c"], "page": "2"});
        let link = "<?filter[b]=1&tags=c&page=2>; rel=next";
        assert_eq!(page(link, &arguments), Some(expected));
    }

    #[test]
    fn next_page_is_none_where_the_operation_cannot_take_it() {
        for link in [
            "</x?page=0>; rel=prev",
            "<?page=2&unknown=1>; rel=next",
            "<?page=1>; rel=next",
            "no link",
            "<?page=2; rel=next",
            "<?page=2>; title=\"rel=next",
        ] {
            assert_eq!(page(link, &json!({"shop": "a", "page": 1})), None, "{link}");
        }
    }
}
