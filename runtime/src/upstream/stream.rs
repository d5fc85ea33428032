//! Answers that are a sequence of items, some of which never end: lines of JSON, sequences of JSON
//! texts (RFC 7464), event streams (HTML Standard, "Server-sent events").

use std::borrow::Cow;

use encoding_rs::UTF_8;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::content;
use super::media_type::{Kind, essence, kind};
use super::response::ResponseLimits;
use crate::json::{self, Exceeded};

/// The longest id of an event that is kept, in bytes: it is repeated with each event that follows.
const LONGEST_ID: usize = 1024;

/// Separates the texts of `application/json-seq` (RFC 7464 §2.2).
const RECORD_SEPARATOR: char = '\u{1e}';

/// Whether an answer with these headers may go on for as long as its connection lasts.
pub(super) fn may_be_endless(headers: &HeaderMap) -> bool {
    is_sequence(&content::media_type(headers))
}

/// Whether content of this media type is a sequence of items.
pub(super) fn is_sequence(media_type: &str) -> bool {
    is_event_stream(media_type) || kind(media_type) == Kind::JsonLines
}

fn is_event_stream(media_type: &str) -> bool {
    essence(media_type) == "text/event-stream"
}

/// The text of a sequence. Event streams are always UTF-8, whatever the charset says.
pub(super) fn text<'b>(media_type: &str, bytes: &'b [u8]) -> Cow<'b, str> {
    match is_event_stream(media_type) {
        true => UTF_8.decode(bytes).0,
        false => content::text(media_type, bytes),
    }
}

/// The beginning of a sequence.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Items {
    pub(super) items: Vec<Value>,
    /// How many items come after these.
    pub(super) surplus: usize,
    /// Whether they are left out since there would be too many values.
    pub(super) too_many_values: bool,
}

/// Items as they are read, within limits.
struct Reader {
    limits: ResponseLimits,
    read: Items,
}

impl Reader {
    fn new(limits: ResponseLimits) -> Reader {
        Reader {
            limits,
            read: Items::default(),
        }
    }

    /// Adds the `item` that is made of a text, or counts it as one that is left out. `None`: it
    /// cannot be made.
    fn add(&mut self, text: &str, item: impl FnOnce() -> Option<Value>) -> Option<()> {
        let Items {
            items,
            surplus,
            too_many_values,
        } = &mut self.read;
        if *surplus == 0 && items.len() < self.limits.items {
            match json::count_values(text.as_bytes(), self.limits.values) {
                Ok(values) => {
                    self.limits.values -= values;
                    items.push(item()?);
                    return Some(());
                }
                // What is nested too deep is no JSON for the parser.
                Err(Exceeded::Depth) => {
                    items.push(item()?);
                    return Some(());
                }
                Err(Exceeded::Values(_)) => *too_many_values = true,
            }
        }
        *surplus += 1;
        Some(())
    }
}

/// The items of a sequence, as many as the limits allow; of one that was `cut`, the last may be
/// broken and is left out. `None`: it is not what its media type says.
pub(super) fn items(
    media_type: &str,
    text: &str,
    cut: bool,
    limits: ResponseLimits,
) -> Option<Items> {
    let mut reader = Reader::new(limits);
    match is_event_stream(media_type) {
        true => events(text, cut, &mut reader),
        false => json_texts(text, cut, &mut reader)?,
    }
    Some(reader.read)
}

/// Reads the JSON texts of lines, or those after record separators. `None`: one is no JSON.
fn json_texts(text: &str, cut: bool, reader: &mut Reader) -> Option<()> {
    let separator = match text.contains(RECORD_SEPARATOR) {
        true => RECORD_SEPARATOR,
        false => '\n',
    };
    let whole = match text.rfind(separator) {
        Some(end) if cut => text.get(..end)?,
        None if cut => "",
        _ => text,
    };
    let texts = whole.split(separator).map(str::trim);
    for text in texts.filter(|text| !text.is_empty()) {
        reader.add(text, || serde_json::from_str(text).ok())?;
    }
    Some(())
}

/// Reads the events of a stream, parsed as the HTML Standard says ("Interpreting an event stream").
///
/// It differs in one point: where a stream ends without the blank line that dispatches its last
/// event, the standard's client drops that event and connects again. This server does not connect again,
/// so the event is kept, unless the stream was `cut`.
fn events(text: &str, cut: bool, reader: &mut Reader) {
    let mut event = Event::default();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        let (line, after) = rest.split_at(end);
        rest = after
            .strip_prefix("\r\n")
            .unwrap_or_else(|| after.get(1..).unwrap_or(""));
        match line {
            "" => event.dispatch(reader),
            line => event.read(line),
        }
    }
    if !cut {
        event.read(rest);
        event.dispatch(reader);
    }
}

/// The event that is being read.
#[derive(Default)]
struct Event {
    name: String,
    data: Option<String>,
    /// Lasts from event to event.
    last_id: String,
}

impl Event {
    fn read(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if value.len() <= LONGEST_ID && !value.contains('\0') => {
                value.clone_into(&mut self.last_id);
            }
            _ => {}
        }
    }

    /// Adds the event, where it has data, and begins the next.
    fn dispatch(&mut self, reader: &mut Reader) {
        let name = std::mem::take(&mut self.name);
        let Some(data) = self.data.take() else {
            return;
        };
        let id = self.last_id.as_str();
        reader.add(&data, || Some(event(name, id, &data)));
    }
}

/// `{event, id, data}`, each where it is there; data that is a JSON object or array as such.
fn event(name: String, id: &str, data: &str) -> Value {
    let mut members = Map::new();
    if !name.is_empty() {
        members.insert("event".to_owned(), Value::from(name));
    }
    if !id.is_empty() {
        members.insert("id".to_owned(), Value::from(id));
    }
    let json = serde_json::from_str::<Value>(data).ok();
    let json = json.filter(|value| value.is_object() || value.is_array());
    members.insert("data".to_owned(), json.unwrap_or(Value::from(data)));
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: ResponseLimits = ResponseLimits {
        values: 100,
        items: 10,
    };

    fn events(text: &str, cut: bool) -> Vec<Value> {
        let mut reader = Reader::new(LIMITS);
        super::events(text, cut, &mut reader);
        reader.read.items
    }

    fn json_texts(text: &str, cut: bool) -> Option<Vec<Value>> {
        let mut reader = Reader::new(LIMITS);
        super::json_texts(text, cut, &mut reader)?;
        Some(reader.read.items)
    }

    fn whole(text: &str) -> Value {
        Value::Array(events(text, false))
    }

    #[test]
    fn an_event_has_its_name_id_and_data() {
        assert_eq!(
            whole("event: add\nid: 7\ndata: x\n\n"),
            json!([{"event": "add", "id": "7", "data": "x"}])
        );
    }

    #[test]
    fn lines_end_in_any_of_three_ways() {
        let events = json!([{"data": "a"}, {"data": "b"}, {"data": "c"}]);
        assert_eq!(whole("data:a\n\ndata:b\r\n\r\ndata:c\r\r"), events);
    }

    #[test]
    fn lines_of_data_are_joined_and_one_space_goes() {
        assert_eq!(
            whole("data:  a\ndata\ndata:b\n\n"),
            json!([{"data": " a\n\nb"}])
        );
    }

    #[test]
    fn comments_unknown_fields_and_events_without_data_are_nothing() {
        assert_eq!(whole(": hi\nretry: 5\nfoo: 1\n\nevent: x\n\n"), json!([]));
    }

    #[test]
    fn an_id_lasts_until_the_next_and_holds_no_nul() {
        assert_eq!(
            whole("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n"),
            json!([{"id": "1", "data": "a"}, {"id": "1", "data": "b"}, {"data": "c"}])
        );
    }

    #[test]
    fn data_that_is_json_is_data() {
        assert_eq!(
            whole("data: {\ndata: \"a\": 1.10}\n\ndata: [DONE]\n\ndata: 1\n\n").to_string(),
            r#"[{"data":{"a":1.10}},{"data":"[DONE]"},{"data":"1"}]"#
        );
    }

    #[test]
    fn an_event_that_was_cut_is_left_out_and_one_that_only_ended_is_not() {
        assert_eq!(events("data: a\n\ndata: b\n", true), [json!({"data": "a"})]);
        assert_eq!(whole("data: a"), json!([{"data": "a"}]));
    }

    #[test]
    fn a_broken_mark_or_charset_changes_no_event() {
        let media_type = "text/event-stream; charset=utf-16";
        let text = super::text(media_type, "\u{feff}data: é\n\n".as_bytes());
        let items = items(media_type, &text, false, LIMITS);
        assert_eq!(items.unwrap().items, [json!({"data": "é"})]);
    }

    #[test]
    fn a_sequence_of_texts_may_span_lines() {
        let text = "\u{1e}{\"a\":\n1}\n\u{1e}2\n";
        assert_eq!(
            json_texts(text, false),
            Some(vec![json!({"a": 1}), json!(2)])
        );
    }

    #[test]
    fn a_number_that_was_cut_is_not_a_smaller_one() {
        assert_eq!(json_texts("1\n23", true), Some(vec![json!(1)]));
        assert_eq!(json_texts("1\n23", false), Some(vec![json!(1), json!(23)]));
        assert_eq!(json_texts("12", true), Some(Vec::new()));
    }
}
