//! Regular expressions: only those that every client can read are published.

use std::collections::HashMap;

/// The patterns that have been met, as regular expressions in the sense of ECMA-262 (JSON Schema
/// 2020-12 §6.3.3).
#[derive(Debug, Default)]
pub(super) struct Patterns {
    known: HashMap<String, Option<String>>,
}

impl Patterns {
    /// A pattern as a client in JavaScript can use it, which compiles it with the flag `u`. What
    /// is one without the flag only (Annex B) is written anew; none if it is none at all.
    pub(super) fn ecma(&mut self, pattern: &str) -> Option<String> {
        if let Some(known) = self.known.get(pattern) {
            return known.clone();
        }
        let is_one = |pattern: &str, flags| regress::Regex::with_flags(pattern, flags).is_ok();
        let found = if is_one(pattern, "u") {
            Some(pattern.to_owned())
        } else if is_one(pattern, "") {
            Some(strict(pattern)).filter(|strict| is_one(strict, "u"))
        } else {
            None
        };
        self.known.insert(pattern.to_owned(), found.clone());
        found
    }
}

/// The characters that have a meaning in patterns, and may be escaped.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// A pattern without what Annex B of ECMA-262 adds: escapes of characters that need none, `-`
/// beside a class of characters in a set, and braces that stand for themselves. What other dialects
/// read in another way (`\A`, `[[:alpha:]]`) is left, and so is no pattern with the flag.
fn strict(pattern: &str) -> String {
    let characters: Vec<char> = pattern.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let is_class = |index: usize| at(index) == Some('\\') && at(index + 1).is_some_and(names_class);
    let mut strict = String::new();
    let mut in_set = false;
    let mut index = 0;
    while let Some(c) = at(index) {
        let after_class = index >= 2 && is_class(index - 2);
        let needs_escape = match c {
            '-' => in_set && (after_class || is_class(index + 1)),
            '}' => !in_set,
            '{' => !in_set && quantifier(&characters, index).is_none(),
            _ => false,
        };
        match c {
            '\\' => {
                let Some(escaped) = at(index + 1) else { break };
                let stays = escaped.is_ascii_alphanumeric()
                    || SYNTAX.contains(escaped)
                    || in_set && escaped == '-';
                if stays {
                    strict.push('\\');
                }
                strict.push(escaped);
                index += 2;
                continue;
            }
            '{' if !in_set && !needs_escape => {
                let end = quantifier(&characters, index).unwrap_or(index);
                strict.extend(characters.get(index..=end).unwrap_or_default());
                index = end + 1;
                continue;
            }
            ']' if in_set => in_set = false,
            '[' if !in_set => in_set = true,
            _ if needs_escape => strict.push('\\'),
            _ => {}
        }
        strict.push(c);
        index += 1;
    }
    strict
}

fn names_class(c: char) -> bool {
    matches!(c, 'd' | 'D' | 'w' | 'W' | 's' | 'S')
}

/// The end of the quantifier that begins at `start` (`{2}`, `{2,}`, `{2,3}`), if it is one.
fn quantifier(characters: &[char], start: usize) -> Option<usize> {
    let inside = characters.get(start + 1..)?;
    let length = inside.iter().position(|c| *c == '}')?;
    let inside: String = inside.get(..length)?.iter().collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(start + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_dialects_are_told_apart() {
        let mut patterns = Patterns::default();
        for own in [r"^[a-z]+\d(?=x)$", r"^\p{L}+$"] {
            assert_eq!(patterns.ecma(own).as_deref(), Some(own));
        }
        for other in ["(?i)a", r"\A[a]\z", "[[:alpha:]]", "a++", "("] {
            assert_eq!(patterns.ecma(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_one_without_the_flag_is_written_so_that_it_is_one_with_it() {
        let mut patterns = Patterns::default();
        for (loose, strict) in [
            (r"^\@\-\_a\/b$", r"^@-_a\/b$"),
            (r"^[\w-.]+$", r"^[\w\-.]+$"),
            (r"[.-\d]", r"[.\-\d]"),
            (r"^{a}{2,3}$", r"^\{a\}{2,3}$"),
            (r"[\_\-{]\_", r"[_\-{]_"),
        ] {
            assert_eq!(patterns.ecma(loose).as_deref(), Some(strict));
            let matches = |pattern: &str, flags, text| {
                let pattern = regress::Regex::with_flags(pattern, flags).unwrap();
                pattern.find(text).is_some()
            };
            for text in ["@-_a/b", "a.b", "-", "{a}}", "_", "x y", "{a}"] {
                assert_eq!(
                    matches(loose, "", text),
                    matches(strict, "u", text),
                    "{text}"
                );
            }
        }
    }
}
