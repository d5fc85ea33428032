//! Regular expressions: only those that every client can read are published.

use std::collections::{HashMap, HashSet};

use super::regex::{self, Split, Token};

/// The patterns that have been met.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: HashMap<String, Readable>,
    /// Those that are checked and not published, as they are in lowered schemas.
    checked: HashSet<String>,
}

/// What becomes of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readable {
    /// It is published, written so that all clients can read it.
    Published(String),
    /// It is published as several: some clients refuse patterns that look ahead or behind.
    Split(Split),
    /// Calls are checked against it; it is not published.
    Checked(String),
    /// It is no regular expression of ECMA-262 (JSON Schema 2020-12 §6.3.3).
    NotEcma,
}

impl Patterns {
    /// A pattern as clients in JavaScript, which compile it with the flag `u`, in Python and in Rust
    /// can use it. What is one without the flag only (Annex B) is written anew.
    pub(crate) fn readable(&mut self, pattern: &str) -> Readable {
        if let Some(known) = self.known.get(pattern) {
            return known.clone();
        }
        let found = readable(pattern);
        if let Readable::Checked(pattern) = &found {
            self.checked.insert(pattern.clone());
        }
        self.known.insert(pattern.to_owned(), found.clone());
        found
    }

    /// The patterns that are checked and not published.
    pub(crate) fn checked(&self) -> &HashSet<String> {
        &self.checked
    }
}

fn readable(pattern: &str) -> Readable {
    let is_one = |pattern: &str, flags| regress::Regex::with_flags(pattern, flags).is_ok();
    let ecma = if is_one(pattern, "u") {
        pattern.to_owned()
    } else {
        let strict = strict(pattern);
        match is_one(pattern, "") && is_one(&strict, "u") {
            true => strict,
            false => return Readable::NotEcma,
        }
    };
    let Some(tokens) = regex::tokens(&ecma) else {
        return Readable::Checked(ecma);
    };
    // What is read alike by both is read by Python, too, as long as it is made of these tokens.
    let is_portable = |text: &str| is_one(text, "u") && ::regex::Regex::new(text).is_ok();
    if !tokens.iter().any(Token::looks_around) {
        let text = regex::text(&tokens);
        return match is_portable(&text) {
            true => Readable::Published(text),
            false => Readable::Checked(ecma),
        };
    }
    match regex::split(&tokens) {
        Some(split)
            if split
                .all
                .iter()
                .chain(&split.none)
                .all(|one| is_portable(one)) =>
        {
            Readable::Split(split)
        }
        _ => Readable::Checked(ecma),
    }
}

/// The characters that have a meaning in patterns, and may be escaped.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// A pattern without what Annex B of ECMA-262 adds: escapes of characters that need none, `-`
/// beside a class of characters in a set, and braces that are literal. What other dialects
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

    fn published(pattern: &str) -> String {
        match readable(pattern) {
            Readable::Published(pattern) => pattern,
            other => panic!("{pattern}: {other:?}"),
        }
    }

    fn matches(pattern: &str, flags: &str, text: &str) -> bool {
        let pattern = regress::Regex::with_flags(pattern, flags).unwrap();
        pattern.find(text).is_some()
    }

    #[test]
    fn what_all_clients_read_stays() {
        for own in [
            r"^[a-z]+\d$",
            r"^[(?<]\\p\/\u00e9$",
            r"^(?:\[\])$",
            r"^.{1,10}?(a|b)*$",
            r"^[^\s,]+$",
        ] {
            assert_eq!(published(own), own);
        }
    }

    #[test]
    fn other_dialects_are_no_patterns() {
        for other in ["(?i)a", r"\A[a]\z", "[[:alpha:]]", "a++", "("] {
            assert_eq!(readable(other), Readable::NotEcma, "{other}");
        }
    }

    #[test]
    fn what_some_clients_cannot_read_is_checked_and_not_published() {
        for own in [
            r"^\p{L}+$",
            r"[^\P{C}]",
            "[]",
            r"(?<a>b)\k<a>",
            r"(a)\1",
            r"^.{1,2097152}$",
            "(?<=a+)b",
            "^[a-z]+(?!b)c",
            "^(?!a)b|c$",
            "^(?!a(?=b))c$",
        ] {
            assert_eq!(readable(own), Readable::Checked(own.to_owned()), "{own}");
        }
    }

    #[test]
    fn what_has_an_equal_form_is_written_in_it() {
        for (own, portable) in [
            (r"^[a-z@#=[\]{}]*$", r"^[a-z@#=\[\]{}]*$"),
            (r"[[a]", r"[\[a]"),
            (r"[^[]", r"[^\[]"),
            ("^[a&&b]$", r"^[a&\x26b]$"),
            ("^[a~~]$", r"^[a~\x7e]$"),
            ("[!--]", r"[!-\-]"),
            ("[^]", r"[\s\S]"),
            (r"\u{1f600}", "\u{1f600}"),
            (r"[\ud83d\ude00]", "[\u{1f600}]"),
            (r"\cA[\b]\0", r"\x01[\x08]\x00"),
            ("(?<year>a)", "(a)"),
        ] {
            assert_eq!(published(own), portable, "{own}");
            for text in [
                "a[b",
                "&",
                "~",
                "-",
                "!",
                "",
                "\u{1f600}",
                "\x01\x08\0",
                "a",
                ",",
                ".",
            ] {
                assert_eq!(
                    matches(own, "u", text),
                    matches(portable, "u", text),
                    "{own} {text}"
                );
            }
        }
    }

    #[test]
    fn what_looks_around_from_a_fixed_place_is_several_patterns() {
        for (own, all, none) in [
            (
                r"^(?![0-9]+$)[a-z0-9_\-]+$",
                vec![r"^[a-z0-9_\-]+$"],
                vec!["^[0-9]+$"],
            ),
            (
                r"^(?=.*[a-z])(?=.*\d).{8,}$",
                vec!["^.{8,}$", "^.*[a-z]", r"^.*\d"],
                vec![],
            ),
            (
                "^a[bc](?!xn|-)[a-z-]*$",
                vec!["^a[bc][a-z-]*$"],
                vec!["^a[bc](?:xn|-)"],
            ),
            ("^[a-z-]+(?<!-)$", vec!["^[a-z-]+$"], vec!["-$"]),
            (
                "^(?!-)[a-z-]+(?<![-_])$",
                vec!["^[a-z-]+$"],
                vec!["^-", "[-_]$"],
            ),
        ] {
            let Readable::Split(split) = readable(own) else {
                panic!("{own}: {:?}", readable(own));
            };
            assert_eq!(
                (&split.all, &split.none),
                (
                    &all.iter().map(|one| (*one).to_owned()).collect(),
                    &none.iter().map(|one| (*one).to_owned()).collect()
                ),
                "{own}"
            );
            for text in [
                "123",
                "abc1",
                "12345678a",
                "aaaaaaaa",
                "abxn",
                "ac-a",
                "ab",
                "-a",
                "a-",
                "a_",
                "a-b",
                "",
            ] {
                let by_parts = split.all.iter().all(|one| matches(one, "u", text))
                    && !split.none.iter().any(|one| matches(one, "u", text));
                assert_eq!(matches(own, "u", text), by_parts, "{own} {text}");
            }
        }
    }

    #[test]
    fn what_is_one_without_the_flag_is_written_so_that_it_is_one_with_it() {
        for (loose, strict) in [
            (r"^\@\-\_a\/b$", r"^@-_a\/b$"),
            (r"^[\w-.]+$", r"^[\w\-.]+$"),
            (r"[.-\d]", r"[.\-\d]"),
            (r"^{a}{2,3}$", r"^\{a\}{2,3}$"),
            (r"[\_\-{]\_", r"[_\-{]_"),
        ] {
            assert_eq!(published(loose), strict);
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
