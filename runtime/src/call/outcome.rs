//! What a successful call returns, before it is written in the words of a protocol.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::arguments::Validator;
use super::notes::Notes;
use super::output;
use crate::upstream::{Answer, Body};

/// The result of a successful call. Each of its views, `content` and `structured`, is complete.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// HTTP status of the API's answer.
    pub(crate) status: u16,
    /// The answer's body, where it has one.
    pub(crate) content: Option<Content>,
    /// Notes on the answer, as text for people and models; empty where there are none.
    pub(crate) notes: String,
    /// The same as data: always an object.
    pub(crate) structured: Option<Structured>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    /// JSON, written without blanks, or any other text.
    Text(String),
    Image {
        media_type: String,
        bytes: Bytes,
    },
    Audio {
        media_type: String,
        bytes: Bytes,
    },
    Binary {
        media_type: String,
        bytes: Bytes,
    },
}

/// Structured content.
#[derive(Debug)]
pub(crate) enum Structured {
    /// The JSON of the text in `content`.
    Text(Value),
    /// An object whose only member `result` is the JSON of the text in `content`.
    Result(Value),
    /// Any other object.
    Other(Value),
}

/// The member that holds what is not an object itself.
const RESULT: &str = "result";

impl Outcome {
    /// The outcome of a call that the API answered with `answer`, and the places in the published
    /// `schema` that it does not fit. MCP requires structured content of a tool with a schema, whatever
    /// the API sent; a tool without one has it for JSON alone. `next_page` holds the arguments of the
    /// next page.
    pub(super) fn new(
        answer: Answer,
        schema: Option<&Validator>,
        next_page: Option<Map<String, Value>>,
    ) -> (Outcome, Vec<String>) {
        let mut notes = Notes::new(&answer, next_page);
        let status = answer.status;
        let is_structured = schema.is_some();
        let mut media = |media_type: &str, bytes: &Bytes| {
            is_structured.then(|| {
                notes.add_media(media_type, bytes.len());
                Structured::Other(Value::Object(Map::new()))
            })
        };
        let (content, structured) = match answer.body {
            Body::Json(value) => {
                // Faster than `Display`, and never an error: every value has a JSON text.
                let text = serde_json::to_string(&value).unwrap_or_else(|_| value.to_string());
                let structured = match value {
                    Value::Object(_) => Structured::Text(value),
                    other => Structured::Result(wrap(other)),
                };
                (Some(Content::Text(text)), Some(structured))
            }
            Body::Empty => {
                let empty = || Structured::Other(Value::Object(Map::new()));
                (None, is_structured.then(empty))
            }
            Body::Text(text) => {
                let value = is_structured.then(|| Structured::Other(wrap(text.as_str().into())));
                (Some(Content::Text(text)), value)
            }
            Body::Image { media_type, bytes } => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Image { media_type, bytes }), structured)
            }
            Body::Audio { media_type, bytes } => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Audio { media_type, bytes }), structured)
            }
            Body::Binary { media_type, bytes } => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Binary { media_type, bytes }), structured)
            }
        };
        let mut outcome = Outcome {
            status,
            content,
            notes: String::new(),
            structured,
        };
        let rules = outcome.fit(schema, &mut notes);
        let (text, members) = notes.into_parts();
        outcome.notes = text;
        outcome.add_notes(members);
        (outcome, rules)
    }

    /// Takes out of the structured content what does not fit `schema`. Returns the places in the
    /// schema that do not hold.
    fn fit(&mut self, schema: Option<&Validator>, notes: &mut Notes) -> Vec<String> {
        let Some(schema) = schema else {
            return Vec::new();
        };
        let unfit = |structured: &mut Structured| !schema.fits(structured.value());
        let Some(structured) = self.structured.take_if(unfit) else {
            return Vec::new();
        };
        let mut value = structured.into_value();
        let unfit = output::fit(&mut value, schema);
        if !unfit.parts.is_empty() {
            notes.add_unfit(unfit.parts);
        }
        self.structured = Some(Structured::Other(value));
        unfit.rules
    }

    fn add_notes(&mut self, notes: Map<String, Value>) {
        if notes.is_empty() {
            return;
        }
        self.structured = self.structured.take().map(|structured| {
            let mut value = structured.into_value();
            Notes::put_in(&mut value, notes);
            Structured::Other(value)
        });
    }
}

impl Structured {
    pub(crate) fn value(&self) -> &Value {
        match self {
            Structured::Text(value) | Structured::Result(value) | Structured::Other(value) => value,
        }
    }

    pub(crate) fn into_value(self) -> Value {
        match self {
            Structured::Text(value) | Structured::Result(value) | Structured::Other(value) => value,
        }
    }
}

/// Structured content is an object: other JSON is under `result`.
fn wrap(value: Value) -> Value {
    Value::Object(Map::from_iter([(RESULT.to_owned(), value)]))
}
