//! Reads a JSON error, in whichever of the customary envelopes it comes: RFC 9457, JSON:API,
//! OAuth, GraphQL, gRPC transcoding, and those of common frameworks.

use std::time::Duration;

use serde_json::{Map, Value};

use super::text::shorten;
use super::wait::{span, span_with_units};

/// The most details of one error that a message repeats.
const MOST_DETAILS: usize = 5;
/// The most entries of a list that are looked at.
const MOST_ENTRIES: usize = 50;
/// The longest message, and the longest detail, that is compared with others, in characters.
const LONGEST: (usize, usize) = (2_000, 500);
/// How deep envelopes are opened.
const DEEPEST: usize = 6;

/// Members that hold a message, the most specific first.
const MESSAGE: &[&str] = &[
    "message",
    "Message",
    "error_description",
    "error_message",
    "errorMessage",
    "errorSummary",
    "error_summary",
    "defaultMessage",
    "developer_message",
    "faultstring",
    "msg",
    "description",
    "reason",
];

/// Members that hold further errors, or the error itself.
const INNER: &[&str] = &[
    "error",
    "Error",
    "odata.error",
    "errors",
    "errorMessages",
    "detail",
    "details",
    "fault",
    "exception",
    "messages",
];

/// Members that name what is wrong with one field each.
const FIELDS: &[&str] = &[
    "errors",
    "detail",
    "invalid_params",
    "invalid-params",
    "violations",
    "fieldViolations",
    "field_errors",
    "fieldErrors",
    "errorCauses",
    "validation_errors",
    "details",
    "fields",
];

/// Members of such an entry that name the field.
const FIELD: &[&str] = &[
    "field",
    "loc",
    "path",
    "pointer",
    "param",
    "parameter",
    "property",
    "attribute",
    "target",
    "name",
];

/// Members that hold a code, the most specific first.
const CODE: &[&str] = &[
    "reason",
    "code",
    "errorCode",
    "error_code",
    "errcode",
    "Code",
    "__type",
    "type",
    "status",
    "error",
];

/// Members that hold the API's id of the request.
const REQUEST_ID: &[&str] = &[
    "request_id",
    "requestId",
    "request-id",
    "RequestId",
    "debug_id",
    "errorId",
    "trace_id",
    "traceId",
    "correlation_id",
    "correlationId",
    "fbtrace_id",
];

/// Members that hold how long to wait, and the length of their unit in seconds.
const WAIT: &[(&str, f64)] = &[
    ("retry_after", 1.0),
    ("retryAfter", 1.0),
    ("retry_after_seconds", 1.0),
    ("retryAfterSeconds", 1.0),
    ("retryDelay", 1.0),
    ("retry_after_ms", 1e-3),
    ("retryAfterMs", 1e-3),
];

/// Members whose texts are for the API's developers: traces of their program.
const TRACES: &[&str] = &[
    "stack",
    "stacktrace",
    "stacktracestring",
    "trace",
    "traces",
    "traceback",
    "backtrace",
];

/// The message of a JSON error, with the fields that it names.
pub(super) fn message(value: &Value) -> Option<String> {
    let main = main_message(value, DEEPEST).map(|main| shorten(&main, LONGEST.0));
    let mut details = Vec::new();
    for object in objects(value) {
        for name in FIELDS {
            // An object of this name describes the error, and not its fields.
            let is_field = |it: &&Value| it.is_array() || !name.starts_with("detail");
            if let Some(errors) = object.get(*name).filter(is_field) {
                details.extend(field_errors(errors));
            }
        }
    }
    details.truncate(MOST_ENTRIES);
    if main.is_none()
        && details.is_empty()
        && let Value::Object(members) = value
        && !members.is_empty()
        && members.values().take(MOST_ENTRIES).all(is_list_of_texts)
    {
        // Some frameworks answer with nothing but the fields and what is wrong with each.
        details = field_errors(value);
    }
    let details = details
        .into_iter()
        .map(|detail| shorten(&detail, LONGEST.1));
    let is_new = |detail: &String| {
        let main = main.as_deref().unwrap_or_default();
        !detail.split("; ").all(|part| main.contains(part))
    };
    let mut seen = Vec::new();
    for detail in details.filter(is_new) {
        if !seen.contains(&detail) && seen.len() < MOST_DETAILS {
            seen.push(detail);
        }
    }
    match (main, seen.is_empty()) {
        (main, true) => main,
        (None, false) => Some(seen.join("; ")),
        // The same sentences with the names of the fields say more.
        (Some(main), false) if is_repeated(&main, &seen) => Some(seen.join("; ")),
        (Some(main), false) => {
            let main = main.trim_end_matches(['.', ':', ' ']);
            Some(format!("{main}: {}", seen.join("; ")))
        }
    }
}

/// Returns true where `details` contain every sentence of the message.
fn is_repeated(message: &str, details: &[String]) -> bool {
    let mut parts = message.split("; ");
    parts.all(|part| details.iter().any(|detail| detail.ends_with(part)))
}

/// The codes of an error, the most specific first.
pub(super) fn codes(value: &Value) -> Vec<String> {
    let mut codes = Vec::new();
    let listed = objects(value).into_iter().flat_map(|object| {
        let lists = FIELDS
            .iter()
            .filter_map(|name| object.get(*name)?.as_array());
        lists.flatten().filter_map(Value::as_object)
    });
    let listed: Vec<_> = listed.collect();
    for object in listed.into_iter().chain(objects(value).into_iter().rev()) {
        let extensions = object.get("extensions").and_then(Value::as_object);
        for object in extensions.into_iter().chain([object]) {
            let texts = CODE.iter().filter_map(|name| object.get(*name)?.as_str());
            codes.extend(texts.filter(|it| is_code(it)).map(str::to_owned));
        }
    }
    if let Value::Array(items) = value {
        codes.extend(items.iter().take(MOST_DETAILS).flat_map(self::codes));
    }
    codes
}

/// The API's id of the request.
pub(super) fn request_id(value: &Value) -> Option<String> {
    objects(value).into_iter().find_map(|object| {
        let mut ids = REQUEST_ID
            .iter()
            .filter_map(|name| object.get(*name)?.as_str());
        ids.find(|id| !id.trim().is_empty()).map(str::to_owned)
    })
}

/// How long the API asks to wait.
pub(super) fn wait(value: &Value) -> Option<Duration> {
    let lists = objects(value).into_iter().flat_map(|object| {
        let list = object.get("details").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object)
    });
    let mut all = objects(value).into_iter().chain(lists);
    all.find_map(|object| {
        WAIT.iter()
            .find_map(|(name, unit)| match object.get(*name)? {
                Value::Number(number) => span(number.as_f64()? * unit),
                Value::String(text) => match text.parse::<f64>() {
                    Ok(number) => span(number * unit),
                    Err(_) => span_with_units(text),
                },
                _ => None,
            })
    })
}

/// Removes the traces of the API's program.
pub(super) fn remove_traces(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_traces),
        Value::Object(members) => {
            members.retain(|name, value| {
                let plain = name.to_ascii_lowercase().replace(['_', '-'], "");
                // A single word may be the caller's own value.
                let is_long = match value {
                    Value::String(text) => text.contains('\n'),
                    other => other.is_array() || other.is_object(),
                };
                !(is_long && TRACES.contains(&plain.as_str()))
            });
            members.values_mut().for_each(remove_traces);
        }
        _ => {}
    }
}

/// The object itself and those that usual envelopes hold, from the outside in.
fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    let mut found = Vec::new();
    let mut next = value.as_object();
    while let Some(object) = next {
        found.push(object);
        for name in ["innerError", "innererror", "meta", "parameters", "details"] {
            found.extend(object.get(name).and_then(Value::as_object));
        }
        next = ["error", "Error", "odata.error", "fault", "response"]
            .iter()
            .find_map(|name| object.get(*name)?.as_object())
            .filter(|_| found.len() < 20);
    }
    found
}

fn main_message(value: &Value, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Array(items) => {
            let mut messages: Vec<String> = Vec::new();
            let items = items.iter().take(MOST_ENTRIES);
            for message in items.filter_map(|it| main_message(it, depth)) {
                if !messages.contains(&message) && messages.len() < MOST_DETAILS {
                    messages.push(message);
                }
            }
            (!messages.is_empty()).then(|| messages.join("; "))
        }
        Value::Object(members) => {
            let text = |name: &str| {
                let text = members.get(name).and_then(Value::as_str);
                text.filter(|text| !text.trim().is_empty())
            };
            // RFC 9457 §3.1: `title` names the type of problem, `detail` this occurrence.
            match (text("title"), text("detail")) {
                (Some(title), Some(detail)) if title != detail => {
                    return Some(format!("{}: {detail}", title.trim_end_matches('.')));
                }
                (_, Some(detail)) => return Some(detail.to_owned()),
                _ => {}
            }
            // The message of OData is a text in a language.
            if members.contains_key("lang")
                && let Some(value) = text("value")
            {
                return Some(value.to_owned());
            }
            let of_member = |name: &&str| {
                let value = members.get(*name)?;
                match value {
                    Value::String(_) | Value::Object(_) => main_message(value, depth),
                    _ => None,
                }
            };
            if let Some(text) = MESSAGE.iter().find_map(of_member) {
                return Some(text);
            }
            // A code alone, such as `{"error": "invalid_grant"}`, is better than nothing.
            let inner = |name: &&str| main_message(members.get(*name)?, depth);
            let title = text("title").map(str::to_owned);
            title.or_else(|| INNER.iter().find_map(inner))
        }
        _ => None,
    }
}

/// Returns the mistake of each field, as `field: message`.
fn field_errors(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => {
            let items = items.iter().take(MOST_ENTRIES);
            items.filter_map(field_error).collect()
        }
        Value::Object(members) => {
            let members = members.iter().take(MOST_ENTRIES);
            let errors = members.filter_map(|(name, value)| {
                let message = match value {
                    Value::String(text) => text.clone(),
                    Value::Array(_) if is_list_of_texts(value) => main_message(value, 2)?,
                    Value::Array(items) => {
                        let messages = items.iter().filter_map(|it| main_message(it, DEEPEST));
                        let messages: Vec<_> = messages.take(MOST_DETAILS).collect();
                        (!messages.is_empty()).then(|| messages.join(", "))?
                    }
                    _ => return None,
                };
                Some(format!("{name}: {message}"))
            });
            errors.collect()
        }
        _ => Vec::new(),
    }
}

/// One entry of a list of errors that names a field.
fn field_error(entry: &Value) -> Option<String> {
    let members = entry.as_object()?;
    if let Some(inner) = members.get("fieldViolations") {
        let inner = field_errors(inner);
        return (!inner.is_empty()).then(|| inner.join("; "));
    }
    let source = members.get("source").and_then(Value::as_object);
    let mut places = source.into_iter().chain([members]);
    let field = places.find_map(|object| FIELD.iter().find_map(|name| path(object.get(*name)?)));
    let text = |name: &&str| members.get(*name).and_then(Value::as_str);
    let message = main_message(entry, DEEPEST).or_else(|| {
        ["issue", "code", "type"]
            .iter()
            .find_map(|name| text(name).map(str::to_owned))
    })?;
    match field {
        Some(field) if field != message && !message.contains(&field) => {
            Some(format!("{field}: {message}"))
        }
        // A code alone says nothing about a field.
        _ => Some(message).filter(|message| !is_code(message)),
    }
}

/// The name of a field: a text, or the list of the steps to it.
fn path(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Array(steps) => {
            let steps = steps.iter().map(|step| match step {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let steps: Vec<_> = steps.collect();
            (!steps.is_empty()).then(|| steps.join("."))
        }
        _ => None,
    }
}

fn is_list_of_texts(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string))
}

/// A code is one word.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn common_envelopes_have_a_message() {
        for (body, expected) in [
            (json!({"message": "m"}), "m"),
            (json!({"error": "m"}), "m"),
            (json!({"error": {"code": 1, "message": "m"}}), "m"),
            (json!({"errors": [{"message": "m"}]}), "m"),
            (json!({"errors": ["m"]}), "m"),
            (json!({"error": "invalid", "error_description": "m"}), "m"),
            (
                json!({"detail": [{"loc": ["body", "a"], "msg": "m"}]}),
                "body.a: m",
            ),
            (json!(["m"]), "m"),
            (json!([{"message": "m", "errorCode": "C"}]), "m"),
            (
                json!({"error": {"code": "C", "message": {"lang": "en", "value": "m"}}}),
                "m",
            ),
            (json!({"errorMessages": ["m"], "errors": {}}), "m"),
            (
                json!({"errorMessages": [], "errors": {"summary": "m"}}),
                "summary: m",
            ),
            (
                json!({"name": ["too short", "not a name"]}),
                "name: too short; not a name",
            ),
            (
                json!({"message": "Invalid.", "errors": {"email": ["taken"]}}),
                "Invalid: email: taken",
            ),
            (
                json!({"message": "Validation Failed", "errors": [{"field": "title", "code": "missing"}]}),
                "Validation Failed: title: missing",
            ),
        ] {
            assert_eq!(message(&body).as_deref(), Some(expected), "{body}");
        }
        assert_eq!(message(&json!({"ok": false})), None);
        assert_eq!(message(&json!({})), None);
    }

    #[test]
    fn waits_are_read_wherever_they_are() {
        for body in [
            json!({"retry_after": 1.5}),
            json!({"error": {"details": [{"retryDelay": "1.5s"}]}}),
            json!({"parameters": {"retry_after": "1.5"}}),
            json!({"retry_after_ms": 1500}),
        ] {
            assert_eq!(wait(&body), Some(Duration::from_millis(1500)), "{body}");
        }
        for body in [
            json!({"retry_after": -1}),
            json!({"retry_after": "soon"}),
            json!([]),
        ] {
            assert_eq!(wait(&body), None, "{body}");
        }
    }

    #[test]
    fn traces_of_the_program_are_removed() {
        let mut body = json!({
            "message": "m", "stackTrace": ["a", "b"], "error": {"stack": "at x\n at y", "trace": "t"},
        });
        remove_traces(&mut body);
        assert_eq!(body, json!({"message": "m", "error": {"trace": "t"}}));
    }
}
