//! Rust identifiers made of any text: valid, bounded, never keywords, unique in their scope.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

/// The longest identifier made of one name. Longer ones end in a hash of the whole.
const LONGEST: usize = 80;

/// Strict and reserved keywords of edition 2024, and the names Windows keeps for devices, which
/// cannot be files.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "aux", "com1",
    "com2", "com3", "com4", "con", "lpt1", "lpt2", "lpt3", "nul", "prn",
];

/// `snake_case`: modules, fields. `otherwise` is the prefix of a text that starts with a digit, and with a
/// hash for what has no letter or digit at all.
pub(super) fn snake(text: &str, otherwise: &str) -> String {
    let name = bounded(text, &words(text).join("_").to_lowercase(), otherwise, "_");
    escaped(name)
}

/// `SCREAMING_SNAKE_CASE`: statics.
pub(super) fn screaming(text: &str, otherwise: &str) -> String {
    bounded(text, &words(text).join("_"), otherwise, "_").to_uppercase()
}

/// `CamelCase`: types and variants.
pub(super) fn camel(text: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for word in words(text) {
        // Two numbers side by side stay two.
        if name.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit())
        {
            name.push('_');
        }
        let mut letters = word.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.extend(letters.map(|c| c.to_ascii_lowercase()));
    }
    escaped(bounded(text, &name, otherwise, ""))
}

/// Eight hexadecimal digits of the hash of `text`.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Names that are taken in one scope.
pub(super) struct Scope {
    taken: HashSet<String>,
    /// The number that the next one who wants a name that is taken may get, by that name.
    next: HashMap<String, usize>,
}

impl Scope {
    /// A scope in which `reserved` are taken from the start.
    pub(super) fn new(reserved: &[&str]) -> Scope {
        Scope {
            taken: reserved.iter().map(|&name| name.to_owned()).collect(),
            next: HashMap::new(),
        }
    }

    /// `wanted`, or with the first number behind it that makes it new.
    pub(super) fn claim(&mut self, wanted: &str, separator: &str) -> String {
        let mut name = wanted.to_owned();
        let number = self.next.entry(name.clone()).or_insert(2);
        // The underscore of a keyword is not needed before a number, and no style has it there.
        let stem = wanted.trim_end_matches('_');
        while !self.taken.insert(name.clone()) {
            name = format!("{stem}{separator}{number}");
            *number += 1;
        }
        name
    }
}

fn bounded(text: &str, name: &str, otherwise: &str, separator: &str) -> String {
    if name.is_empty() {
        return format!("{otherwise}{separator}{}", hash(text));
    }
    // Words are ASCII, so every index is a character boundary.
    let name = match name.get(..LONGEST) {
        Some(start) if name.len() > LONGEST => format!("{start}{separator}{}", hash(text)),
        _ => name.to_owned(),
    };
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("{otherwise}{separator}{name}")
    } else {
        name
    }
}

fn escaped(name: String) -> String {
    if RESERVED.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

/// The words of a name: `getHTTPStatus2-now` has four. Digits belong to the word before them.
fn words(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, &c) in characters.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| characters.get(at));
        let after = characters.get(at + 1);
        let starts = c.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase)
                    && after.is_some_and(char::is_ascii_lowercase)));
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_letter_case_and_punctuation() {
        assert_eq!(snake("getHTTPStatus2-now", "x"), "get_http_status2_now");
        assert_eq!(screaming("list.bundles/v2", "X"), "LIST_BUNDLES_V2");
        assert_eq!(camel("list_bundles-v1.2", "X"), "ListBundlesV1_2");
    }

    #[test]
    fn keywords_get_an_underscore() {
        assert_eq!(snake("type", "x"), "type_");
        assert_eq!(camel("self", "X"), "Self_");
        assert_eq!(snake("Con", "x"), "con_");
    }

    #[test]
    fn text_without_letters_gets_a_stable_name() {
        assert_eq!(snake("\u{540d}", "tag"), snake("\u{540d}", "tag"));
        assert_ne!(snake("\u{540d}", "tag"), snake("\u{524d}", "tag"));
        assert!(snake("", "tag").starts_with("tag_"));
        assert_eq!(screaming("404", "TOOL"), "TOOL_404");
    }

    #[test]
    fn long_names_that_differ_at_the_end_stay_apart() {
        let long = "a".repeat(200);
        let (one, two) = (
            snake(&format!("{long}1"), "x"),
            snake(&format!("{long}2"), "x"),
        );
        assert_ne!(one, two);
        assert!(one.len() <= LONGEST + 9);
    }

    #[test]
    fn a_scope_numbers_those_who_come_late() {
        let mut scope = Scope::new(&["OPERATIONS"]);
        assert_eq!(scope.claim("OPERATIONS", "_"), "OPERATIONS_2");
        assert_eq!(scope.claim("OPERATIONS", "_"), "OPERATIONS_3");
        assert_eq!(scope.claim("PETS", "_"), "PETS");
        assert_eq!(scope.claim("type_", "_"), "type_");
        assert_eq!(scope.claim("type_", "_"), "type_2");
    }
}
