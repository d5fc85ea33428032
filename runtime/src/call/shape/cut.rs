//! Values that are longer than a client can read, cut to a length.

use serde_json::{Map, Value, json};

use super::size::{escaped, length};

/// The most places that notes name.
const PLACES: usize = 10;

/// The longest name of a place in notes, in characters.
const LONGEST_PLACE: usize = 100;

/// The least bytes of a value that is cut: those of a text without a character.
const LEAST: usize = 5;

/// What remains of a text that was cut ends with this.
const ELLIPSIS: &str = "…";

/// The places at which an answer was cut.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    places: Vec<Value>,
    sentences: Vec<String>,
    more: usize,
}

impl Cuts {
    fn add(&mut self, at: &str, kept: usize, of: usize, unit: &str) {
        if self.places.len() == PLACES {
            self.more += 1;
            return;
        }
        let end = at.char_indices().nth(LONGEST_PLACE);
        let at = end.map_or(at, |(end, _)| at.get(..end).unwrap_or_default());
        self.places
            .push(json!({"at": at, "kept": kept, "of": of, "unit": unit}));
        self.sentences
            .push(format!("`{at}` has {kept} of {of} {unit}"));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the places as a sentence and as data.
    pub(super) fn into_parts(self) -> (String, Value) {
        let mut sentence = format!("Cut, since it is too long: {}", self.sentences.join("; "));
        if self.more > 0 {
            sentence.push_str(&format!("; {} more places", self.more));
        }
        sentence.push('.');
        (sentence, Value::Array(self.places))
    }
}

/// Cuts a value to at most `most` bytes of JSON. Short parts of an object stay as they are, and the
/// long ones share what these leave. `at` is the value's JSON pointer.
pub(super) fn cut(value: &mut Value, most: usize, at: &str, cuts: &mut Cuts) {
    if length(value) <= most {
        return;
    }
    match value {
        Value::String(text) => {
            let of = text.chars().count();
            let kept = beginning(text, most);
            cuts.add(at, kept, of, "characters");
        }
        Value::Array(items) => cut_items(items, most, at, cuts),
        Value::Object(members) => cut_members(members, most, at, cuts),
        // A number of that length is none that anybody counts with.
        _ => {
            cuts.add(at, 0, length(value), "digits");
            *value = Value::Null;
        }
    }
}

/// Keeps the beginning of a text, of which the JSON has at most `most` bytes. Returns how many
/// characters remain.
fn beginning(text: &mut String, most: usize) -> usize {
    let mut left = most.saturating_sub(ELLIPSIS.len() + 2);
    let mut kept = 0;
    let mut end = 0;
    for character in text.chars() {
        let bytes = escaped(character);
        if bytes > left {
            break;
        }
        left -= bytes;
        end += character.len_utf8();
        kept += 1;
    }
    text.truncate(end);
    text.push_str(ELLIPSIS);
    kept
}

fn cut_items(items: &mut Vec<Value>, most: usize, at: &str, cuts: &mut Cuts) {
    let of = items.len();
    let mut left = most.saturating_sub(2);
    let mut kept = 0;
    for item in items.iter() {
        let bytes = length(item) + 1;
        if bytes > left {
            break;
        }
        left -= bytes;
        kept += 1;
    }
    // An item that is too long by itself is better than none.
    if kept == 0 && left >= LEAST {
        kept = 1;
    }
    items.truncate(kept);
    if kept < of {
        cuts.add(at, kept, of, "items");
    }
    if let [item] = items.as_mut_slice() {
        cut(item, left, &format!("{at}/0"), cuts);
    }
}

fn cut_members(members: &mut Map<String, Value>, most: usize, at: &str, cuts: &mut Cuts) {
    let of = members.len();
    let mut left = most.saturating_sub(2);
    let mut kept = 0;
    for name in members.keys() {
        // Quotation marks, a colon and a comma. Each value needs room, too.
        let bytes = length(&Value::from(name.as_str())) + 2;
        if bytes + (kept + 1) * LEAST > left {
            break;
        }
        left -= bytes;
        kept += 1;
    }
    if kept < of {
        cuts.add(at, kept, of, "members");
        let mut place = 0;
        members.retain(|_, _| {
            place += 1;
            place <= kept
        });
    }
    let mut sizes: Vec<(usize, usize)> = members
        .values()
        .map(length)
        .enumerate()
        .map(|(place, bytes)| (bytes, place))
        .collect();
    sizes.sort_unstable();
    let mut shares = vec![0; sizes.len()];
    let mut others = sizes.len();
    for (bytes, place) in sizes {
        let share = bytes.min(left / others.max(1));
        left -= share;
        others -= 1;
        if let Some(slot) = shares.get_mut(place) {
            *slot = share;
        }
    }
    for ((name, member), share) in members.iter_mut().zip(shares) {
        let name = name.replace('~', "~0").replace('/', "~1");
        cut(member, share, &format!("{at}/{name}"), cuts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_to(mut value: Value, most: usize) -> (Value, Cuts) {
        let mut cuts = Cuts::default();
        cut(&mut value, most, "", &mut cuts);
        assert!(length(&value) <= most, "{value}");
        (value, cuts)
    }

    #[test]
    fn cut_keeps_short_members_and_the_beginning_of_long_ones() {
        let long = json!({"id": 7, "text": "é".repeat(5000), "tags": vec!["tag"; 5000]});
        let (value, cuts) = cut_to(long, 1000);
        assert_eq!(value["id"], 7);
        let text = value["text"].as_str().unwrap();
        assert!(text.starts_with("éé") && text.ends_with("é…"), "{text}");
        let (sentence, places) = cuts.into_parts();
        assert_eq!(places[0]["at"], "/text");
        assert_eq!(
            (&places[0]["of"], &places[1]["of"]),
            (&json!(5000), &json!(5000))
        );
        assert!(sentence.contains("`/tags` has"), "{sentence}");
    }

    #[test]
    fn cut_value_is_short_whatever_it_is() {
        let many: Map<String, Value> = (0..5000)
            .map(|number| (format!("member {number}"), json!("\u{1}\"é".repeat(9))))
            .collect();
        let nested = (0..100).fold(json!("x".repeat(9000)), |inner, _| json!([{"a": inner}]));
        let number: Value = serde_json::from_str(&"9".repeat(9000)).unwrap();
        for value in [
            Value::Object(many),
            nested,
            number,
            json!(["\n".repeat(900)]),
        ] {
            for most in [40, 200, 1000] {
                assert!(!cut_to(value.clone(), most).1.is_empty());
            }
        }
    }

    #[test]
    fn cut_names_so_many_places_at_most() {
        let long: Vec<Value> = vec![json!("x".repeat(100)); 100];
        let members = long.into_iter().enumerate();
        let members: Map<_, _> = members.map(|(at, text)| (at.to_string(), text)).collect();
        let (sentence, places) = cut_to(Value::Object(members), 3000).1.into_parts();
        assert_eq!(places.as_array().unwrap().len(), PLACES);
        assert!(sentence.ends_with("; 90 more places."), "{sentence}");
    }
}
