//! Regular expressions: only those that every client can read are published.

use std::collections::HashMap;

/// The patterns that have been met.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: HashMap<String, Result<String, Unreadable>>,
}

/// Why a pattern cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no regular expression of ECMA-262 (JSON Schema 2020-12 §6.3.3).
    NotEcma,
    /// It is one, of a kind that clients in Python take for an error.
    NotPython,
}

impl Patterns {
    /// A pattern as clients in JavaScript, which compile it with the flag `u`, and in Python can
    /// use it. What is one without the flag only (Annex B) is written anew.
    pub(crate) fn readable(&mut self, pattern: &str) -> Result<String, Unreadable> {
        if let Some(known) = self.known.get(pattern) {
            return known.clone();
        }
        let is_one = |pattern: &str, flags| regress::Regex::with_flags(pattern, flags).is_ok();
        let ecma = if is_one(pattern, "u") {
            Some(pattern.to_owned())
        } else if is_one(pattern, "") {
            Some(strict(pattern)).filter(|strict| is_one(strict, "u"))
        } else {
            None
        };
        let found =
            ecma.ok_or(Unreadable::NotEcma).and_then(|pattern| {
                match is_for_javascript_only(&pattern) {
                    true => Err(Unreadable::NotPython),
                    false => Ok(pattern),
                }
            });
        self.known.insert(pattern.to_owned(), found.clone());
        found
    }
}

/// Whether a pattern of ECMA-262 has a part that Python's `re` does not know: Unicode properties,
/// code points in braces, control characters, empty sets, JavaScript's named groups, and what looks
/// behind, which Python wants of a fixed width.
fn is_for_javascript_only(pattern: &str) -> bool {
    let mut rest = pattern;
    let mut in_set = false;
    while let Some(c) = rest.chars().next() {
        let own = match c {
            '\\' => [r"\p", r"\P", r"\u{", r"\c", r"\k"].as_slice(),
            '[' if !in_set => &["[]", "[^]"],
            '(' if !in_set => &["(?<"],
            _ => &[],
        };
        if own.iter().any(|own| rest.starts_with(own)) {
            return true;
        }
        in_set = match c {
            '[' => true,
            ']' => false,
            _ => in_set,
        };
        let mut characters = rest.chars();
        characters.next();
        if c == '\\' {
            characters.next();
        }
        rest = characters.as_str();
    }
    false
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
        for own in [r"^[a-z]+\d(?=x)$", r"^[(?<]\\p\/\u00e9$", r"^(?:\[\])$"] {
            assert_eq!(patterns.readable(own).as_deref(), Ok(own));
        }
        for other in ["(?i)a", r"\A[a]\z", "[[:alpha:]]", "a++", "("] {
            let found = patterns.readable(other);
            assert_eq!(found, Err(Unreadable::NotEcma), "{other}");
        }
        for other in [
            r"^\p{L}+$",
            r"[^\P{C}]",
            r"\u{1f600}",
            r"\cA",
            "[^]",
            "[]",
            r"(?<a>b)\k<a>",
            "(?<=a+)b",
        ] {
            let found = patterns.readable(other);
            assert_eq!(found, Err(Unreadable::NotPython), "{other}");
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
            assert_eq!(patterns.readable(loose).as_deref(), Ok(strict));
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
