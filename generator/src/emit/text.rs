//! Text from descriptions, made safe for the places it is written to: Rust literals, doc
//! comments, Markdown. What a person sees stays the same; what would change the meaning of the
//! code around it cannot.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::text::{is_hidden, one_line};

/// A string literal of `text`, as raw text where that reads better.
pub(super) fn literal(text: &str) -> Literal {
    let reads_better_raw = text.contains(['"', '\n', '\\']);
    let may_be_raw = !text.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t');
    if reads_better_raw && may_be_raw {
        let hashes = "#".repeat(hashes(text));
        if let Ok(raw) = format!("r{hashes}\"{text}\"{hashes}").parse() {
            return raw;
        }
    }
    Literal::string(text)
}

/// How many `#` a raw string needs so that `text` cannot end it.
fn hashes(text: &str) -> usize {
    let mut needed = 0;
    for (at, _) in text.match_indices('"') {
        let run = text.bytes().skip(at + 1).take_while(|&b| b == b'#').count();
        needed = needed.max(run + 1);
    }
    needed
}

/// A doc comment: one line a paragraph, Markdown of the description kept as text.
pub(super) fn doc(text: &str) -> TokenStream {
    let paragraphs = paragraphs(text);
    let lines = paragraphs.iter().enumerate().flat_map(|(at, paragraph)| {
        let blank = (at > 0).then(String::new);
        blank.into_iter().chain([format!(" {paragraph}")])
    });
    quote!(#(#[doc = #lines])*)
}

/// Markdown paragraphs that read like `text` and hold no blocks, no links but those spelled out,
/// no HTML, and no code that rustdoc would run.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let line = one_line(line);
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(&line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs
        .iter()
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| inline(paragraph))
        .collect()
}

/// A cell of a Markdown table: the text as one line.
pub(super) fn cell(text: &str) -> String {
    inline(&one_line(text)).replace('|', "\\|")
}

/// One line of text as Markdown inlines. Code between single backticks and addresses stay.
fn inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    let mut rest = line;
    // What would begin a heading, a list or a rule: `# `, `- `, `1. ` …
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marker = line.get(digits..).and_then(|rest| rest.chars().next());
    if marker.is_some_and(|c| {
        if digits > 0 {
            ".)".contains(c)
        } else {
            "#+-=".contains(c)
        }
    }) {
        let (number, text) = line.split_at(digits);
        let (marker, text) = text.split_at(1);
        out = format!("{number}\\{marker}");
        rest = text;
    }
    while let Some(c) = rest.chars().next() {
        let length = if let Some(length) = code_span(rest) {
            out.push_str(rest.get(..length).unwrap_or_default());
            length
        } else if let Some(length) = address(rest) {
            out.push('<');
            out.push_str(rest.get(..length).unwrap_or_default());
            out.push('>');
            length
        } else {
            if "\\`*[]<>~&".contains(c) {
                out.push('\\');
            }
            out.push(c);
            c.len_utf8()
        };
        let (taken, left) = rest.split_at(length);
        rest = left;
        // A run of backticks is never the start of a span.
        if taken == "`" {
            let run = rest.bytes().take_while(|&b| b == b'`').count();
            out.push_str(&"\\`".repeat(run));
            rest = rest.split_at(run).1;
        }
    }
    out
}

/// The length of the code span that `text` starts with: single backticks around anything.
fn code_span(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('`')?;
    let end = inside.find('`').filter(|&end| end > 0)?;
    let after = inside.get(end + 1..)?;
    (!after.starts_with('`')).then_some(end + 2)
}

/// The length of the web address that `text` starts with.
fn address(text: &str) -> Option<usize> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return None;
    }
    let end = text
        .find(|c: char| c.is_whitespace() || "<>()[]{}\"'`\\|*".contains(c))
        .unwrap_or(text.len());
    let address = text
        .get(..end)?
        .trim_end_matches(['.', ',', ':', ';', '!', '?']);
    (!address.ends_with('/') || address.len() > "https://".len()).then_some(address.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_a_plain_literal() {
        assert_eq!(literal("pets").to_string(), "\"pets\"");
    }

    #[test]
    fn raw_literals_have_more_hashes_than_the_text() {
        assert_eq!(literal("a\"##b").to_string(), "r###\"a\"##b\"###");
        assert_eq!(literal("a\nb").to_string(), "r\"a\nb\"");
    }

    #[test]
    fn hidden_characters_are_escaped_in_literals() {
        let text = literal("a\"\u{202e}b\r\n\0").to_string();
        assert!(text.is_ascii() && !text.contains('\r'), "{text}");
        assert_eq!(
            syn::parse_str::<syn::LitStr>(&text).unwrap().value(),
            "a\"\u{202e}b\r\n\0"
        );
    }

    #[test]
    fn a_paragraph_is_one_line_without_hidden_characters() {
        assert_eq!(paragraphs("a\u{202e}\r\nb\n\n\n    c\0\td"), ["a b", "c d"]);
    }

    #[test]
    fn markdown_that_opens_something_is_escaped() {
        assert_eq!(paragraphs("```rust"), ["\\`\\`\\`rust"]);
        assert_eq!(paragraphs("# [x](y) <b>"), ["\\# \\[x\\](y) \\<b\\>"]);
        assert_eq!(paragraphs("1. a*b"), ["1\\. a\\*b"]);
    }

    #[test]
    fn code_and_addresses_stay() {
        assert_eq!(
            paragraphs("use `a[b]`, see https://e.org/x_y."),
            ["use `a[b]`, see <https://e.org/x_y>."]
        );
    }

    #[test]
    fn a_lone_backtick_is_escaped() {
        assert_eq!(paragraphs("a ` b"), ["a \\` b"]);
    }

    #[test]
    fn a_cell_cannot_end_itself() {
        assert_eq!(cell("a | b\nc"), "a \\| b c");
    }
}
