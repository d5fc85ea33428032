//! Regular expressions: only those that every client can read are published.

use std::collections::HashMap;

/// Which patterns are regular expressions in the sense of ECMA-262 (JSON Schema 2020-12 §6.3.3).
#[derive(Debug, Default)]
pub(super) struct Patterns {
    known: HashMap<String, bool>,
}

impl Patterns {
    /// Whether a client in JavaScript can use a pattern. They compile with the flag `u`.
    pub(super) fn is_ecma(&mut self, pattern: &str) -> bool {
        if let Some(&known) = self.known.get(pattern) {
            return known;
        }
        let is = regress::Regex::with_flags(pattern, "u").is_ok();
        self.known.insert(pattern.to_owned(), is);
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_dialects_are_told_apart() {
        let mut patterns = Patterns::default();
        assert!(patterns.is_ecma(r"^[a-z]+\d(?=x)$"));
        assert!(patterns.is_ecma(r"^\p{L}+$"));
        for other in ["(?i)a", r"\A[a]\z", "[[:alpha:]]", "a++", "("] {
            assert!(!patterns.is_ecma(other), "{other}");
        }
    }
}
