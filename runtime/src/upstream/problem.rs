//! The words of an API's own error, in whatever envelope they come.

use serde_json::Value;

use super::response::Body;
use crate::credential::Redactor;

/// How much of an API's error is handed on, in bytes.
const MAX_DETAILS: usize = 8 * 1024;
/// How long a message taken from it may be, in characters.
const MAX_MESSAGE: usize = 500;

/// What an API says about a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Problem {
    /// One or two sentences.
    pub(crate) message: Option<String>,
    /// All of it, bounded.
    pub(crate) details: Option<Value>,
}

impl Problem {
    /// Reads the body of a failed answer: RFC 9457 problem details, the common shapes of JSON
    /// errors, text, or HTML. Secrets in it are marked already.
    pub(super) fn read(media_type: &str, body: Body, redactor: &Redactor) -> Problem {
        match body {
            Body::Json(value) => of_json(value),
            Body::Text(text) if is_html(media_type, &text) => of_html(&text, redactor),
            Body::Text(text) => of_text(&text),
            Body::Empty | Body::Image { .. } | Body::Audio { .. } | Body::Binary { .. } => {
                Problem::default()
            }
        }
    }
}

fn of_json(value: Value) -> Problem {
    let message = message(&value).map(|text| shorten(&text, MAX_MESSAGE));
    let text = value.to_string();
    let details = if text.len() > MAX_DETAILS {
        Value::from(cut(&text, MAX_DETAILS))
    } else {
        value
    };
    Problem {
        message,
        details: Some(details),
    }
}

fn of_text(text: &str) -> Problem {
    let text = text.trim();
    let message = shorten(text, MAX_MESSAGE);
    Problem {
        details: (message != text).then(|| Value::from(cut(text, MAX_DETAILS))),
        message: (!message.is_empty()).then_some(message),
    }
}

/// A page for people: its title says the most.
fn of_html(html: &str, redactor: &Redactor) -> Problem {
    let lower = html.to_ascii_lowercase();
    let between = |open: &str, close: &str| {
        let start = lower.find(open)?;
        let start = start + lower.get(start..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find(close)?;
        let mut text = without_tags(html.get(start..end)?);
        // A secret may appear as such only where the tags within it are gone.
        redactor.string(&mut text);
        let text = shorten(&text, 200);
        (!text.is_empty()).then_some(text)
    };
    let title = between("<title", "</title").or_else(|| between("<h1", "</h1"));
    Problem {
        message: Some(match title {
            Some(title) => format!("The API answered with an HTML page: {title}"),
            None => "The API answered with an HTML page".to_owned(),
        }),
        details: None,
    }
}

fn is_html(media_type: &str, text: &str) -> bool {
    let start = text
        .trim_start()
        .get(..14)
        .unwrap_or_default()
        .to_ascii_lowercase();
    media_type.starts_with("text/html")
        || media_type.starts_with("application/xhtml")
        || start.starts_with("<!doctype html")
        || start.starts_with("<html")
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    text
}

/// Members that hold a message, the most specific first.
const MESSAGE: &[&str] = &[
    "message",
    "error_description",
    "error_message",
    "msg",
    "description",
    "reason",
    "errorMessage",
];

/// The message of a JSON error.
fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let messages: Vec<String> = items.iter().take(5).filter_map(message).collect();
            (!messages.is_empty()).then(|| messages.join("; "))
        }
        Value::Object(members) => {
            let text = |name: &str| {
                members
                    .get(name)
                    .and_then(Value::as_str)
                    .filter(|text| !text.trim().is_empty())
            };
            // RFC 9457 §3.1: `title` names the type of problem, `detail` this occurrence.
            match (text("title"), text("detail")) {
                (Some(title), Some(detail)) if title != detail => {
                    return Some(format!("{}: {detail}", title.trim_end_matches('.')));
                }
                (_, Some(detail)) => return Some(detail.to_owned()),
                _ => {}
            }
            if let Some(text) = MESSAGE.iter().find_map(|name| text(name)) {
                return Some(text.to_owned());
            }
            ["error", "errors", "detail", "details", "fault", "exception"]
                .iter()
                .find_map(|name| message(members.get(*name)?))
                .or_else(|| text("title").map(str::to_owned))
        }
        _ => None,
    }
}

/// A text on one line, at most `limit` characters long.
fn shorten(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let space = (!line.is_empty()).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if length == limit {
                line.push('…');
                return line;
            }
            line.push(character);
            length += 1;
        }
    }
    line
}

/// The beginning of a text, and how much is missing.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let beginning = &text[..text.floor_char_boundary(limit)];
    format!("{beginning}… ({} bytes more)", text.len() - beginning.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn read(content_type: &str, body: &str) -> Problem {
        let body = match serde_json::from_str(body) {
            Ok(value) => Body::Json(value),
            Err(_) => Body::Text(body.to_owned()),
        };
        Problem::read(content_type, body, &Redactor::new(Arc::default()))
    }

    fn said(body: &Value) -> Option<String> {
        read("application/json", &body.to_string()).message
    }

    #[test]
    fn problem_details_say_title_and_detail() {
        let problem = json!({"type": "https://e/credit", "title": "No credit.", "detail": "You have 3.", "balance": 3});
        let read = read("application/problem+json", &problem.to_string());
        assert_eq!(read.message.as_deref(), Some("No credit: You have 3."));
        assert_eq!(read.details, Some(problem));
    }

    #[test]
    fn common_envelopes_are_read() {
        for body in [
            json!({"message": "m"}),
            json!({"error": "m"}),
            json!({"error": {"code": 1, "message": "m"}}),
            json!({"errors": [{"message": "m"}]}),
            json!({"errors": ["m"]}),
            json!({"error": "invalid", "error_description": "m"}),
            json!({"detail": [{"loc": ["a"], "msg": "m"}]}),
            json!(["m"]),
        ] {
            assert_eq!(said(&body).as_deref(), Some("m"), "{body}");
        }
        assert_eq!(said(&json!({"ok": false})), None);
    }

    #[test]
    fn a_page_is_named_by_its_title() {
        let page =
            "<!DOCTYPE html><html><head><title>502 <b>Bad</b>\nGateway</title></head></html>";
        assert_eq!(
            read("text/html", page).message.as_deref(),
            Some("The API answered with an HTML page: 502 Bad Gateway")
        );
        for broken in [
            "<html><title",
            "<html><title>",
            "<html><title>é</titlé",
            "<html",
        ] {
            assert!(read("text/html", broken).message.is_some(), "{broken}");
        }
    }

    #[test]
    fn a_line_is_shortened_within_a_word() {
        assert_eq!(shorten(" a \n b c ", 5), "a b c");
        assert_eq!(shorten("a  b cd", 5), "a b c…");
        assert_eq!(shorten("abc", 2), "ab…");
    }

    #[test]
    fn long_errors_are_bounded_at_a_character() {
        let long = "é".repeat(20_000);
        let read = read("text/plain", &long);
        assert_eq!(read.message.unwrap().chars().count(), MAX_MESSAGE + 1);
        assert!(read.details.unwrap().to_string().len() < MAX_DETAILS + 100);
    }
}
