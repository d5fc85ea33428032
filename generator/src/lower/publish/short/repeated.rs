//! Texts that many tools repeat. They are said once, in the instructions of a connection.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::ir;
use crate::lower::sentence::{self, Plain};

/// How many tools repeat a text.
const LEAST: usize = 20;
/// The most bytes that are said once.
const MOST: usize = 500;
/// The most bytes of one of these texts.
const MOST_OF_ONE: usize = 140;
/// The shortest sentence of a description that counts, in bytes.
const SENTENCE: usize = 40;

/// Texts that many tools repeat.
pub(super) struct Repeated {
    /// The descriptions that are left out, by the names of arguments.
    pub(super) arguments: HashMap<String, String>,
    /// The sentences that are left out of descriptions of tools.
    sentences: HashSet<String>,
    /// The texts that the instructions have, in place of the definitions.
    texts: Vec<ir::Repeated>,
}

impl Repeated {
    /// Finds the texts that many tools repeat.
    pub(super) fn find(api: &ir::Api) -> Repeated {
        let mut arguments: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut sentences: BTreeMap<String, usize> = BTreeMap::new();
        for operation in &api.operations {
            let properties = operation.input.json.get("properties");
            for (name, schema) in properties.and_then(Value::as_object).into_iter().flatten() {
                let text = schema.get("description").and_then(Value::as_str);
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    *arguments.entry((name, text)).or_default() += 1;
                }
            }
            let plain = sentence::plain(&operation.description);
            let own: HashSet<&str> = sentence::all(&plain).skip(1).map(str::trim).collect();
            for sentence in own.into_iter().filter(|one| one.len() >= SENTENCE) {
                *sentences.entry(sentence.to_owned()).or_default() += 1;
            }
        }
        sentences.retain(|_, number| *number >= LEAST);
        arguments.retain(|_, number| *number >= LEAST);
        let mut repeated = Repeated {
            arguments: HashMap::new(),
            sentences: sentences.keys().cloned().collect(),
            texts: Vec::new(),
        };
        repeated.take(&arguments, &sentences);
        repeated
    }

    /// Takes the texts that save most, as many as there is room for.
    fn take(
        &mut self,
        arguments: &BTreeMap<(&str, &str), usize>,
        sentences: &BTreeMap<String, usize>,
    ) {
        let of_arguments = arguments.iter().map(|((name, text), number)| {
            let short = sentence::brief(text, MOST_OF_ONE);
            (short.len() * number, Some(*name), *text, short)
        });
        let of_tools = sentences.iter().map(|(text, number)| {
            let short = sentence::brief(text, MOST_OF_ONE);
            (short.len() * number, None, text.as_str(), short)
        });
        let mut all: Vec<_> = of_arguments.chain(of_tools).collect();
        all.sort_by_key(|(saved, ..)| std::cmp::Reverse(*saved));
        let mut left = MOST;
        for (_, name, text, short) in all {
            let cost = short.len() + name.map_or(0, str::len) + 4;
            let is_known = name.is_some_and(|name| self.arguments.contains_key(name));
            if cost > left || is_known {
                continue;
            }
            left -= cost;
            if let Some(name) = name {
                self.arguments.insert(name.to_owned(), text.to_owned());
            }
            self.texts.push(ir::Repeated {
                argument: name.map(str::to_owned),
                text: short,
            });
        }
    }

    /// The description of a tool in at most `most` bytes, without sentences that many repeat. The first
    /// sentence stays, and of a description without sentences, the title.
    pub(super) fn brief(&self, operation: &ir::Operation, most: usize) -> String {
        let Plain { text, is_whole } = Plain::of(&operation.description);
        if text.is_empty() && !operation.description.is_empty() {
            return sentence::shortened(&operation.title, false, most);
        }
        let mut sentences = sentence::all(&text);
        let first = sentences.next().unwrap_or_default();
        let others = sentences.filter(|one| !self.sentences.contains(one.trim()));
        let kept: String = std::iter::once(first).chain(others).collect();
        let is_whole = is_whole && kept.len() == text.len();
        sentence::shortened(kept.trim(), is_whole, most)
    }

    /// Returns the texts that the instructions have, in place of the definitions.
    pub(super) fn into_texts(self) -> Vec<ir::Repeated> {
        self.texts
    }
}
