//! What an answer says beside its body: its status, its header fields, the next page, what is
//! missing, and what does not fit the published schema. Some clients show their model the text
//! alone, others the structured content alone; so both have all of it.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::upstream::{Answer, Body};

/// The member of structured content that holds the notes. Published schemas leave room for it.
pub(super) const MEMBER: &str = "_notes";

/// Notes on an answer, for both views of it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    text: String,
    members: Map<String, Value>,
}

impl Notes {
    /// The notes on an answer whose next page takes the arguments `next_page`. An answer of 200 with
    /// a body and without header fields that carry meaning has none.
    pub(super) fn new(answer: &Answer, next_page: Option<Map<String, Value>>) -> Notes {
        let mut notes = Notes::default();
        let is_empty = answer.body == Body::Empty;
        if is_empty || answer.status != 200 || !answer.fields.is_empty() {
            notes.add("status", Value::from(answer.status));
            notes.text = match is_empty {
                true => format!("Done; the API answered {} without content.", answer.status),
                false => format!("The API answered {}.", in_words(answer.status)),
            };
        }
        if !answer.fields.is_empty() {
            notes.text.push_str(" Its header fields:");
            for (name, value) in &answer.fields {
                notes.text.push_str(&format!("\n{name}: {value}"));
            }
            let fields = answer.fields.iter();
            let fields = fields.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            notes.add("header_fields", Value::Object(fields.collect()));
        }
        if let Some(arguments) = next_page.map(Value::Object) {
            notes.say(&format!("The next page: call this tool with {arguments}."));
            notes.add("next_page", arguments);
        }
        if let Some(truncation) = answer.truncated {
            let truncation = truncation.to_string();
            notes.say(&truncation);
            notes.add("truncated", Value::from(truncation));
        }
        notes
    }

    /// Notes that the structured content cannot hold the body, which is of another kind.
    pub(super) fn add_media(&mut self, media_type: &str, bytes: usize) {
        self.say(&format!("The answer is {media_type} with {bytes} bytes."));
        let media = [("media_type", media_type.into()), ("bytes", bytes.into())];
        let media = media.map(|(name, value): (&str, Value)| (name.to_owned(), value));
        self.add("media", Value::Object(Map::from_iter(media)));
    }

    /// Notes the parts of structured content that its schema does not allow, by their JSON pointers
    /// (RFC 6901).
    pub(super) fn add_unfit(&mut self, parts: Map<String, Value>) {
        let places: Vec<_> = parts.keys().map(|place| format!("`{place}`")).collect();
        let places = places.join(", ");
        self.say(&format!(
            "The answer is not as the API's description declares it. In structuredContent, what \
             does not fit is under `{MEMBER}`, by its place: {places}. The text above is whole."
        ));
        self.add("not_as_described", Value::Object(parts));
    }

    /// The notes as text and as members for structured content; both are empty where there are none.
    pub(super) fn into_parts(self) -> (String, Map<String, Value>) {
        (self.text, self.members)
    }

    /// Adds notes to structured content.
    pub(super) fn put_in(content: &mut Value, mut notes: Map<String, Value>) {
        if let Value::Object(content) = content {
            // What the API calls so itself stays, among the notes.
            if let Some(own) = content.shift_remove(MEMBER) {
                notes.insert(MEMBER.to_owned(), own);
            }
            content.insert(MEMBER.to_owned(), Value::Object(notes));
        }
    }

    fn say(&mut self, sentence: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(sentence);
    }

    fn add(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }
}

/// A status with its reason phrase, where it has one.
fn in_words(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok();
    match known.and_then(|known| known.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}
