//! What an answer says beside its body: its status, its header fields, the next page, what is
//! missing, and what does not fit the published schema. Some clients show their model the text
//! alone, others the structured content alone; so both have all of it.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::files::FileLink;
use super::shape::{self, Absent, After, Part};
use super::words;
use crate::text::grouped;
use crate::upstream::Answer;

/// The member of structured content that holds the notes. Published schemas leave room for it.
pub(super) const MEMBER: &str = "_notes";

/// Notes on an answer, for both views of it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    text: String,
    members: Map<String, Value>,
}

impl Notes {
    /// The notes on an answer. An answer of 200 with a body, without a next page and without header
    /// fields that carry meaning has none. Header fields have at most `room` bytes.
    pub(super) fn new(answer: &Answer, is_empty: bool, room: usize) -> Notes {
        let mut notes = Notes::default();
        if is_empty || answer.status != 200 || !answer.fields.is_empty() {
            notes.add("status", Value::from(answer.status));
            notes.text = match is_empty {
                true => format!("Done; the API answered {} without content.", answer.status),
                false => format!("The API answered {}.", in_words(answer.status)),
            };
        }
        if !answer.fields.is_empty() {
            notes.add_fields(&answer.fields, room);
        }
        if let Some(arguments) = &answer.next_page {
            notes.add_next_page(Value::Object(arguments.clone()));
        }
        if let Some(truncation) = answer.truncated {
            let truncation = truncation.to_string();
            notes.say(&truncation);
            notes.add("truncated", Value::from(truncation));
        }
        notes
    }

    fn add_fields(&mut self, fields: &[(String, String)], mut room: usize) {
        self.text.push_str(" Its header fields:");
        let mut members = Map::new();
        for (name, value) in fields {
            let Some(left) = room.checked_sub(name.len() + value.len()) else {
                let more = fields.len() - members.len();
                self.say(&format!("{more} header fields are too long to be shown."));
                break;
            };
            room = left;
            self.text.push_str(&format!("\n{name}: {value}"));
            members.insert(name.clone(), Value::from(value.as_str()));
        }
        self.add("header_fields", Value::Object(members));
    }

    fn add_next_page(&mut self, arguments: Value) {
        self.say(&format!("The next page: call this tool with {arguments}."));
        self.add("next_page", arguments);
    }

    /// Notes parts of the answer that were asked for and are not in it.
    pub(super) fn add_absent(&mut self, absent: &Absent) {
        if !absent.names.is_empty() {
            let fields = &absent.names;
            let names = words::list(fields.iter().map(|name| words::quote(name)));
            let names = format!("The answer has no {names}");
            self.say(&match absent.are_all {
                true => format!("{names}, which is all that was asked for, so it is whole."),
                false => format!("{names}."),
            });
            let fields = fields.iter().map(String::as_str).map(Value::from);
            self.add("not_in_the_answer", fields.collect());
        }
    }

    /// Notes the link by which the whole answer is fetched.
    pub(super) fn add_link(&mut self, link: &FileLink) {
        let FileLink {
            uri, media_type, ..
        } = link;
        let size = match link.bytes {
            Some(bytes) => format!("{media_type}, {} bytes", grouped(bytes)),
            None => media_type.clone(),
        };
        self.say(&format!(
            "The whole answer is a file ({size}), which anyone with this link can fetch for ten \
             minutes, at most three times: {uri}"
        ));
        self.add("file", link.to_value());
    }

    /// Notes which part of an answer this is, what in it was cut, and how to get what follows. `cursor`
    /// names the next part, where that is kept.
    pub(super) fn add_part(&mut self, part: &mut Part, cursor: Option<String>) {
        if let Some(span) = &part.span {
            let (from, to, of) = (span.from, span.to, span.of);
            let (from, to, of) = (grouped(from), grouped(to), grouped(of));
            match &span.list {
                Some(list) if !list.is_empty() => {
                    self.say(&format!("Items {from} to {to} of {of} in `{list}`."));
                }
                Some(_) => self.say(&format!("Items {from} to {to} of {of}.")),
                None => self.say(&format!("Characters {from} to {to} of {of}.")),
            }
            let mut shown = json!({"from": span.from, "to": span.to, "of": span.of});
            if let Some(list) = &span.list {
                shown["list"] = Value::from(list.as_str());
            }
            self.add("part", shown);
        }
        if let Some((sentence, places)) = part.cuts.take() {
            self.say(&sentence);
            self.add("cut", places);
        }
        match (std::mem::take(&mut part.after), cursor) {
            (After::Nothing, _) => {}
            (After::Page(arguments), _) => self.add_next_page(Value::Object(arguments)),
            (After::Part, Some(cursor)) => {
                let arguments = shape::arguments(&cursor);
                self.say(&format!(
                    "The rest is kept for ten minutes: call this tool with {arguments}."
                ));
                self.add("next_page", arguments);
            }
            (After::Part, None) => self.add_missing("The rest is not kept."),
            (After::Lost(lost, page), _) => {
                let lost = grouped(lost);
                self.add_missing(&format!("{lost} more are not kept."));
                if let Some(arguments) = page {
                    self.add_next_page(Value::Object(arguments));
                }
            }
        }
    }

    fn add_missing(&mut self, sentence: &str) {
        let sentence = format!(
            "{sentence} Ask for less at once, by a page, a filter or a shorter span, where the tool \
             has one."
        );
        self.say(&sentence);
        self.add("truncated", Value::from(sentence));
    }

    /// Notes that the structured content cannot hold the body, which is of another kind.
    pub(super) fn add_media(&mut self, media_type: &str, bytes: usize) {
        self.say(&format!("The answer is {media_type} with {bytes} bytes."));
        let media = [("media_type", media_type.into()), ("bytes", bytes.into())];
        let media = media.map(|(name, value): (&str, Value)| (name.to_owned(), value));
        self.add("media", Value::Object(Map::from_iter(media)));
    }

    /// Notes the parts of structured content that its schema does not allow, by their JSON pointers
    /// (RFC 6901), as far as they have at most `room` bytes.
    pub(super) fn add_unfit(&mut self, parts: Map<String, Value>, mut room: usize) {
        let all = parts.len();
        let mut fitting = Map::new();
        for (place, part) in parts {
            let bytes = place.len() + shape::length(&part) + 4;
            let Some(left) = room.checked_sub(bytes) else {
                break;
            };
            room = left;
            fitting.insert(place, part);
        }
        let places = words::list(fitting.keys().map(|place| format!("`{place}`")));
        let mut sentence = format!(
            "The answer is not as the API's description declares it. In structuredContent, what \
             does not fit is under `{MEMBER}`, by its place: {places}."
        );
        if fitting.len() < all {
            let more = all - fitting.len();
            sentence.push_str(&format!(" {more} more such parts are in the text alone."));
        }
        self.say(&format!("{sentence} The text above is whole."));
        self.add("not_as_described", Value::Object(fitting));
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

    /// Returns the bytes of the text. The members have about as many.
    pub(super) fn length(&self) -> usize {
        self.text.len()
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
