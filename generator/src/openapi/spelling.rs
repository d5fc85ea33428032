//! Texts that lost their quotes: where a schema says that a value is a text, what YAML reads as a
//! number or a boolean is the text that is written in the file (`012`, `True`), as far as its value
//! does not show it any more.

use serde_json::Value;

/// Plain scalars whose value is written in another way than in the file, by their JSON pointers, in
/// the order of the file.
#[derive(Default)]
pub(super) struct Spellings(Vec<(String, String)>);

/// The most that are remembered: a file of nothing else would take many times its size.
const MAX_SPELLINGS: usize = 100_000;

impl Spellings {
    pub(super) fn is_other(text: &str, value: &Value) -> bool {
        match value {
            Value::Number(number) => number.as_str() != text,
            Value::Bool(is) => text != if *is { "true" } else { "false" },
            _ => false,
        }
    }

    pub(super) fn remember(&mut self, pointer: String, text: &str) {
        if self.0.len() < MAX_SPELLINGS {
            self.0.push((pointer, text.to_owned()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Restores the texts of a mapping that has ended, where it is a schema of texts. `pointer` is
    /// its own; what is below it is forgotten.
    pub(super) fn restore(&mut self, pointer: &str, mapping: &mut Value) {
        let is_text = is_of_texts(mapping);
        let below = |at: &str| {
            let rest = at.strip_prefix(pointer)?;
            rest.starts_with('/').then(|| rest.to_owned())
        };
        while let Some(rest) = self.0.last().and_then(|(at, _)| below(at)) {
            let Some((_, text)) = self.0.pop() else { break };
            let mut tokens = rest.split('/').skip(1);
            let keyword = tokens.next().unwrap_or_default();
            let is_value = matches!(
                (keyword, tokens.count()),
                ("const" | "default" | "example", 0) | ("enum" | "examples", 1)
            );
            if let (true, Some(place)) = (is_text && is_value, mapping.pointer_mut(&rest)) {
                *place = Value::String(text);
            }
        }
    }
}

/// Whether a schema takes texts, and neither numbers nor booleans.
fn is_of_texts(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => {
            let others = ["number", "integer", "boolean"];
            kinds.iter().any(|kind| kind == "string")
                && !others
                    .iter()
                    .any(|other| kinds.iter().any(|kind| kind == other))
        }
        _ => false,
    }
}
