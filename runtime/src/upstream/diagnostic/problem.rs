//! The words of an API's own error, in whatever envelope they come.

use std::time::Duration;

use serde_json::Value;

use super::code::Meaning;
use super::text::{cut, shorten};
use super::{envelope, markup, place, wait};
use crate::credential::Redactor;
use crate::upstream::response::Body;

/// The longest details that are returned, in bytes.
const MAX_DETAILS: usize = 8 * 1024;
/// The longest message that is returned, in characters.
const MAX_MESSAGE: usize = 500;

/// An API's description of a failure. Secrets in it are marked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Problem {
    /// One or two sentences.
    pub(crate) message: Option<String>,
    /// All of it, shortened.
    pub(crate) details: Option<Value>,
    /// The meaning of its code.
    pub(crate) meaning: Option<Meaning>,
    /// The API's id of the request, where the body has it.
    pub(crate) request_id: Option<String>,
    /// How long the API asks to wait, where the body says it.
    wait: Option<Duration>,
}

impl Problem {
    /// Reads the body of a failed answer: the common shapes of JSON errors, XML, text, or an HTML
    /// page. Secrets in it are marked already.
    pub(in crate::upstream) fn read(media_type: &str, body: Body, redactor: &Redactor) -> Problem {
        match body {
            Body::Json(value) => of_json(value),
            Body::Text(text) => match markup::read(media_type, &text, redactor) {
                Some(markup) => Problem {
                    meaning: markup.code.as_deref().and_then(Meaning::of_code),
                    message: markup.message,
                    request_id: markup.request_id,
                    ..Problem::default()
                },
                None => of_text(&text),
            },
            Body::Empty | Body::Image { .. } | Body::Audio { .. } | Body::Binary { .. } => {
                Problem::default()
            }
        }
    }

    /// Returns how long the API asks to wait, in whole seconds.
    pub(in crate::upstream) fn wait(&self) -> Option<u64> {
        wait::bounded(self.wait?)
    }

    /// Marks the secrets in every text.
    pub(in crate::upstream) fn redact(&mut self, redactor: &Redactor) {
        let texts = [&mut self.message, &mut self.request_id];
        for text in texts.into_iter().flatten() {
            redactor.string(text);
        }
        if let Some(details) = &mut self.details {
            redactor.value(details);
        }
    }

    /// Removes the addresses of machines behind the API.
    pub(in crate::upstream) fn without_internal_addresses(mut self) -> Problem {
        self.message.iter_mut().for_each(place::remove);
        self.details.iter_mut().for_each(place::remove_from_value);
        self
    }
}

fn of_json(mut value: Value) -> Problem {
    envelope::remove_traces(&mut value);
    let message = envelope::message(&value);
    let codes = envelope::codes(&value);
    let meaning = codes.iter().find_map(|code| Meaning::of_code(code));
    let of_message = || message.as_deref().and_then(Meaning::of_message);
    let mut problem = Problem {
        meaning: meaning.or_else(of_message),
        message: message.as_deref().map(|text| shorten(text, MAX_MESSAGE)),
        request_id: envelope::request_id(&value).map(|id| shorten(&id, 200)),
        wait: envelope::wait(&value),
        details: None,
    };
    let text = value.to_string();
    problem.details = Some(match text.len() > MAX_DETAILS {
        true => Value::from(cut(&text, MAX_DETAILS)),
        false => value,
    });
    problem
}

fn of_text(text: &str) -> Problem {
    let text = text.trim();
    let message = shorten(text, MAX_MESSAGE);
    Problem {
        meaning: Meaning::of_message(&message),
        details: (message != text).then(|| Value::from(cut(text, MAX_DETAILS))),
        message: (!message.is_empty()).then_some(message),
        ..Problem::default()
    }
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

    #[test]
    fn problem_details_say_title_and_detail() {
        let problem = json!({"type": "https://e/credit", "title": "No credit.", "detail": "You have 3.", "balance": 3});
        let read = read("application/problem+json", &problem.to_string());
        assert_eq!(read.message.as_deref(), Some("No credit: You have 3."));
        assert_eq!(read.details, Some(problem));
    }

    #[test]
    fn long_errors_are_bounded_at_a_character() {
        let long = "é".repeat(20_000);
        let read = read("text/plain", &long);
        assert_eq!(read.message.unwrap().chars().count(), MAX_MESSAGE + 1);
        assert!(read.details.unwrap().to_string().len() < MAX_DETAILS + 100);
    }

    #[test]
    fn internal_addresses_are_removed_from_message_and_details() {
        let body = json!({"message": "db 10.0.0.7:5432 is down"}).to_string();
        let problem = read("application/json", &body).without_internal_addresses();
        assert!(!format!("{problem:?}").contains("10.0.0.7"), "{problem:?}");
    }
}
