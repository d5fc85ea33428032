//! What a successful call returns, before it is written in the words of a protocol.

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::arguments::Validator;
use super::files::FileLink;
use super::notes::Notes;
use super::output;
use super::shape::{self, Absent, AnswerLimits, Part, PartContent};
use crate::upstream::{Answer, Body};

/// The result of a successful call. Each of its views, `content` and `structured`, is complete.
pub(crate) struct Outcome {
    /// HTTP status of the API's answer.
    pub(crate) status: u16,
    /// The answer's body, where it has one.
    pub(crate) content: Option<Content>,
    /// Notes on the answer, as text for people and models; empty where there are none.
    pub(crate) notes: String,
    /// The same as data: always an object.
    pub(crate) structured: Option<Structured>,
    /// The link by which the whole answer is fetched, where that is not here. The notes have it, too.
    pub(crate) link: Option<FileLink>,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Notes have links and cursors.
        let mut debug = formatter.debug_struct("Outcome");
        debug.field("status", &self.status).finish_non_exhaustive()
    }
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

/// The share of an answer that its header fields may have: one of so many parts.
const NOTES: usize = 4;

/// What became of an answer.
#[derive(Debug)]
pub(super) enum Made {
    /// An outcome, and the places in the published schema that the answer does not fit.
    Whole(Box<Outcome>, Vec<String>),
    /// The content of the answer is too long for a client, and has to be divided.
    TooLong(Box<Answer>, PartContent),
}

impl Outcome {
    /// Makes the outcome of a call that the API answered with `answer`. MCP requires structured content of a
    /// tool with a published `schema`, whatever the API sent; a tool without one has it for JSON alone.
    /// `absent` are the parts that the call asked for and the answer does not have.
    pub(super) fn make(
        mut answer: Answer,
        schema: Option<&Validator>,
        absent: &Absent,
        limits: AnswerLimits,
    ) -> Made {
        let is_structured = schema.is_some();
        let is_json = matches!(answer.body, Body::Json(_));
        let most = limits.view(1 + usize::from(is_structured || is_json));
        let mut notes = Notes::new(&answer, answer.body == Body::Empty, most / NOTES);
        notes.add_absent(absent);
        let body = match std::mem::replace(&mut answer.body, Body::Empty) {
            Body::Json(value) => {
                // Faster than `Display`, and never an error: every value has a JSON text.
                let text = serde_json::to_string(&value).unwrap_or_else(|_| value.to_string());
                Written::Json(value, text)
            }
            body => Written::Other(body),
        };
        let body = match body.is_longer(most.saturating_sub(notes.length()), is_structured) {
            false => body,
            true => match body {
                Written::Json(value, _) => {
                    return Made::TooLong(Box::new(answer), PartContent::Json(value));
                }
                Written::Other(Body::Text(text)) => {
                    return Made::TooLong(Box::new(answer), PartContent::Text(text));
                }
                media => media,
            },
        };
        let (outcome, rules) = Outcome::of(answer.status, body, notes, schema, most);
        Made::Whole(Box::new(outcome), rules)
    }

    /// The outcome of an answer that a client fetches by a link. `notes` are those on the answer itself.
    pub(super) fn of_link(
        status: u16,
        link: FileLink,
        mut notes: Notes,
        schema: Option<&Validator>,
        most: usize,
    ) -> (Outcome, Vec<String>) {
        notes.add_link(&link);
        let body = Written::Other(Body::Empty);
        let (outcome, rules) = Outcome::of(status, body, notes, schema, most);
        let link = Some(link);
        (Outcome { link, ..outcome }, rules)
    }

    /// The outcome of a part of an answer. `notes` are those on the answer itself.
    pub(super) fn of_part(
        mut part: Part,
        cursor: Option<String>,
        mut notes: Notes,
        schema: Option<&Validator>,
        most: usize,
    ) -> (Outcome, Vec<String>) {
        notes.add_part(&mut part, cursor);
        let body = match part.content {
            PartContent::Json(value) => {
                let text = serde_json::to_string(&value).unwrap_or_else(|_| value.to_string());
                Written::Json(value, text)
            }
            PartContent::Text(text) => Written::Other(Body::Text(text)),
        };
        Outcome::of(part.status, body, notes, schema, most)
    }

    /// Returns true where the content is no text.
    pub(super) fn is_media(&self) -> bool {
        !matches!(self.content, None | Some(Content::Text(_)))
    }

    fn of(
        status: u16,
        body: Written,
        mut notes: Notes,
        schema: Option<&Validator>,
        most: usize,
    ) -> (Outcome, Vec<String>) {
        let is_structured = schema.is_some();
        let mut media = |media_type: &str, bytes: &Bytes| {
            is_structured.then(|| {
                notes.add_media(media_type, bytes.len());
                Structured::Other(Value::Object(Map::new()))
            })
        };
        let (content, structured) = match body {
            Written::Json(value, text) => {
                let structured = match value {
                    Value::Object(_) => Structured::Text(value),
                    other => Structured::Result(wrap(other)),
                };
                (Some(Content::Text(text)), Some(structured))
            }
            // JSON is written: `Written::Json` has it.
            Written::Other(Body::Empty | Body::Json(_)) => {
                let empty = || Structured::Other(Value::Object(Map::new()));
                (None, is_structured.then(empty))
            }
            Written::Other(Body::Text(text)) => {
                let value = is_structured.then(|| Structured::Other(wrap(text.as_str().into())));
                (Some(Content::Text(text)), value)
            }
            Written::Other(Body::Image { media_type, bytes }) => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Image { media_type, bytes }), structured)
            }
            Written::Other(Body::Audio { media_type, bytes }) => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Audio { media_type, bytes }), structured)
            }
            Written::Other(Body::Binary { media_type, bytes }) => {
                let structured = media(&media_type, &bytes);
                (Some(Content::Binary { media_type, bytes }), structured)
            }
        };
        let mut outcome = Outcome {
            status,
            content,
            notes: String::new(),
            structured,
            link: None,
        };
        let rules = outcome.fit(schema, &mut notes, most);
        let (text, members) = notes.into_parts();
        outcome.notes = text;
        outcome.add_notes(members);
        (outcome, rules)
    }

    /// Takes out of the structured content what does not fit `schema`. Returns the places in the
    /// schema that do not hold.
    fn fit(&mut self, schema: Option<&Validator>, notes: &mut Notes, most: usize) -> Vec<String> {
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
            let room = most.saturating_sub(shape::length(&value) + notes.length());
            notes.add_unfit(unfit.parts, room);
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

/// The body of an answer; of JSON, with its text.
enum Written {
    Json(Value, String),
    Other(Body),
}

impl Written {
    /// Returns true where a view of a text or of JSON has more than `most` bytes.
    fn is_longer(&self, most: usize, is_structured: bool) -> bool {
        match self {
            // Structured content has a text as JSON, where it is longer, but not six times as long.
            Written::Other(Body::Text(text)) if is_structured && text.len() > most / 6 => {
                text.chars().map(shape::escaped).sum::<usize>() > most
            }
            Written::Json(_, text) | Written::Other(Body::Text(text)) => text.len() > most,
            Written::Other(_) => false,
        }
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
