//! Lists operations that people do not find by their own words: those that `x-mcp: {phrases: […]}`
//! helps most.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;

use crate::ir;

/// The operations that need phrases.
#[derive(Clone, Debug, Serialize)]
pub struct Phrases {
    /// The operations, sorted by tool name.
    pub operations: Vec<Unphrased>,
    /// How many operations the description has.
    pub of: usize,
}

/// An operation that needs phrases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unphrased {
    /// Tool name.
    pub name: String,
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Why its words do not suffice.
    pub reason: String,
}

/// Words of titles that do not say which operation it is.
const COMMON: &[&str] = &[
    "a", "add", "all", "an", "and", "api", "by", "create", "delete", "edit", "fetch", "find",
    "for", "from", "get", "id", "in", "list", "new", "of", "on", "one", "or", "patch", "post",
    "put", "read", "remove", "retrieve", "returns", "search", "set", "show", "the", "to", "update",
    "with",
];

impl Phrases {
    /// Looks for operations of an API that have no phrases and that a person's words do not find.
    pub fn new(api: &ir::Api) -> Phrases {
        let mut titles: HashMap<String, Vec<&str>> = HashMap::new();
        for operation in &api.operations {
            let title = operation.title.to_lowercase();
            titles.entry(title).or_default().push(&operation.name);
        }
        let unphrased = api.operations.iter().filter_map(|operation| {
            let twins = titles.get(&operation.title.to_lowercase());
            let reason = reason(operation, twins.map_or(&[], Vec::as_slice))?;
            Some(Unphrased {
                name: operation.name.clone(),
                method: operation.method.clone(),
                path: operation.path.clone(),
                reason,
            })
        });
        Phrases {
            operations: unphrased.collect(),
            of: api.operations.len(),
        }
    }

    /// The operations as a table for people, with the total below.
    pub fn table(&self) -> String {
        let mut table = String::new();
        let width = |of: fn(&Unphrased) -> usize| self.operations.iter().map(of).max();
        let names = width(|it| it.name.chars().count()).unwrap_or_default();
        let routes = width(|it| it.method.len() + 1 + it.path.chars().count()).unwrap_or_default();
        for operation in &self.operations {
            let route = format!("{} {}", operation.method, operation.path);
            // Writing to a String cannot fail.
            let _ = writeln!(
                table,
                "{:names$}  {route:routes$}  {}",
                operation.name, operation.reason
            );
        }
        let _ = writeln!(
            table,
            "{} of {} operations need phrases",
            self.operations.len(),
            self.of
        );
        if !self.operations.is_empty() {
            table.push_str(
                "Write what people say for them, on the operation or in an overlay: \
                 `x-mcp: {phrases: [\"put on hold\", \"stop for now\"]}`\n",
            );
        }
        table
    }
}

/// Why a person's words do not find an operation; none where they do. `twins` are the names of all
/// operations that have its title.
fn reason(operation: &ir::Operation, twins: &[&str]) -> Option<String> {
    if !operation.phrases.is_empty() {
        return None;
    }
    if operation.description == format!("{} {}", operation.method, operation.path) {
        return Some("has neither a summary nor a description".to_owned());
    }
    let words = operation.title.split(|it: char| !it.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> = words
        .filter(|word| !COMMON.contains(&word.to_lowercase().as_str()))
        .collect();
    if words.is_empty() {
        return Some("its title does not say what it works on".to_owned());
    }
    if words.iter().all(|word| is_code(word)) {
        let words = words.join("`, `");
        return Some(format!("its title has only abbreviations: `{words}`"));
    }
    let twin = twins.iter().find(|name| **name != operation.name)?;
    Some(match twins.len() {
        2 => format!("`{twin}` has the same title"),
        several => format!("`{twin}` and {} others have the same title", several - 2),
    })
}

/// Reports that a word is an abbreviation or a code, which people do not use.
fn is_code(word: &str) -> bool {
    let is_vowel = |it: char| "aeiouyAEIOUY".contains(it);
    let is_latin = word.bytes().all(|it| it.is_ascii_alphanumeric());
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    is_latin
        && (word.len() <= 2
            || capitals == word.len()
            || !word.contains(is_vowel)
            || word.contains(|it: char| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, title: &str) -> ir::Operation {
        ir::Operation {
            name: name.to_owned(),
            title: title.to_owned(),
            description: title.to_owned(),
            ..ir::Operation::default()
        }
    }

    fn reasons(operations: Vec<ir::Operation>) -> Vec<String> {
        let api = ir::Api {
            operations,
            ..ir::Api::default()
        };
        let found = Phrases::new(&api).operations.into_iter();
        found
            .map(|it| format!("{}: {}", it.name, it.reason))
            .collect()
    }

    #[test]
    fn operation_with_a_title_of_its_own_in_words_needs_no_phrases() {
        assert!(reasons(vec![operation("a", "Rename a channel")]).is_empty());
    }

    #[test]
    fn operation_of_abbreviations_needs_phrases() {
        assert_eq!(
            reasons(vec![operation("a", "Get QBX v2")]),
            ["a: its title has only abbreviations: `QBX`, `v2`"]
        );
    }

    #[test]
    fn operations_of_one_title_need_phrases() {
        let twins = vec![operation("a", "List tasks"), operation("b", "List tasks")];
        assert_eq!(
            reasons(twins),
            ["a: `b` has the same title", "b: `a` has the same title"]
        );
    }

    #[test]
    fn operation_without_texts_needs_phrases_until_it_has_some() {
        let mut bare = operation("a", "Charge state");
        bare.description = "GET /".to_owned();
        assert_eq!(reasons(vec![bare.clone()]).len(), 1);
        bare.phrases = vec!["how full is the battery".to_owned()];
        assert!(reasons(vec![bare]).is_empty());
    }
}
