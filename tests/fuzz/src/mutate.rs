//! Changes a JSON document in such a way that it stays one: members and items come, go, move and
//! are copied, texts and names become others. Changing bytes would hardly ever get past a parser.

use fastrand::Rng;
use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Map, Value};

use crate::words::Words;

/// The most changes that are made at once.
const MAX_EDITS: usize = 5;
/// How long a text may be to be changed byte by byte.
const MAX_TEXT: usize = 200;

/// A custom mutator of libFuzzer: changes the document in `data[..size]` in place and returns its new
/// length. What is no JSON, and what would outgrow `max_size`, is changed as bytes.
pub fn document(data: &mut [u8], size: usize, max_size: usize, seed: u32, words: &Words) -> usize {
    let parsed = data.get(..size).map(serde_json::from_slice::<Value>);
    let Some(Ok(mut document)) = parsed else {
        return fuzzer_mutate(data, size, max_size);
    };
    let mut mutation = Mutation {
        rng: Rng::with_seed(u64::from(seed)),
        words,
    };
    for _ in 0..mutation.rng.usize(1..=MAX_EDITS) {
        mutation.edit(&mut document);
    }
    let text = document.to_string();
    match data.get_mut(..text.len().min(max_size)) {
        Some(room) if room.len() == text.len() => room.copy_from_slice(text.as_bytes()),
        _ => return size,
    }
    text.len()
}

struct Mutation<'w> {
    rng: Rng,
    words: &'w Words,
}

impl Mutation<'_> {
    fn edit(&mut self, document: &mut Value) {
        let mut places = Vec::new();
        collect(document, String::new(), &mut places);
        let other = self
            .one_of(&places)
            .and_then(|at| document.pointer(at))
            .cloned();
        let Some(place) = self.one_of(&places).and_then(|at| document.pointer_mut(at)) else {
            return;
        };
        match (self.rng.u8(..8), place) {
            (0, place) => *place = self.value(other),
            (1, place) => *place = other.unwrap_or_default(),
            (2, Value::Object(members)) => self.take(members),
            (3, Value::Object(members)) => self.rename(members),
            (_, Value::Object(members)) => {
                let key = self.key();
                let value = self.value(other);
                members.insert(key, value);
            }
            (2, Value::Array(items)) if !items.is_empty() => {
                items.swap_remove(self.rng.usize(..items.len()));
            }
            (_, Value::Array(items)) => items.push(self.value(other)),
            (_, Value::String(text)) => *text = self.text(text),
            (_, place) => *place = self.value(other),
        }
    }

    fn take(&mut self, members: &mut Map<String, Value>) {
        if let Some(key) = members
            .keys()
            .nth(self.rng.usize(..members.len().max(1)))
            .cloned()
        {
            members.shift_remove(&key);
        }
    }

    fn rename(&mut self, members: &mut Map<String, Value>) {
        let key = members
            .keys()
            .nth(self.rng.usize(..members.len().max(1)))
            .cloned();
        if let Some(value) = key.and_then(|key| members.shift_remove(&key)) {
            let key = self.key();
            members.insert(key, value);
        }
    }

    fn key(&mut self) -> String {
        match self.rng.u8(..8) {
            0 => self.text(""),
            _ => self
                .one_of(self.words.keys)
                .copied()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn value(&mut self, other: Option<Value>) -> Value {
        match (self.rng.u8(..4), other) {
            (0, Some(other)) => other,
            (1, _) => Value::String(self.text("")),
            _ => {
                let text = self.one_of(self.words.values).copied().unwrap_or("null");
                serde_json::from_str(text).unwrap_or_default()
            }
        }
    }

    fn text(&mut self, before: &str) -> String {
        match self.rng.u8(..6) {
            0 => {
                let mut bytes = before.as_bytes().to_vec();
                let size = bytes.len().min(MAX_TEXT);
                bytes.resize(MAX_TEXT, 0);
                let size = fuzzer_mutate(&mut bytes, size, MAX_TEXT);
                bytes.truncate(size);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            1 => format!(
                "{before}{}",
                self.one_of(self.words.texts).copied().unwrap_or_default()
            ),
            2 => self
                .one_of(self.words.keys)
                .copied()
                .unwrap_or_default()
                .to_owned(),
            _ => self
                .one_of(self.words.texts)
                .copied()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.rng.usize(..choices.len().max(1)))
    }
}

/// The JSON pointers of a value and of all in it.
fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(member, format!("{at}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(at);
}
