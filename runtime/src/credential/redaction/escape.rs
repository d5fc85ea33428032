//! Undoes the escapes that a text may be written with, and keeps where each byte came from.

use std::ops::Range;

use memchr::{memchr, memchr3};

/// The longest escape, in bytes: a pair of surrogates (`\ud83d\ude00`).
pub(super) const LONGEST: usize = 12;

/// A text without its escapes.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins in the text that it came from, and where that text ends.
    places: Vec<usize>,
}

impl Plain {
    /// The part of the original text that a part of this one came from.
    pub(super) fn place(&self, part: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.places.get(index).copied().unwrap_or_default();
        at(part.start)..at(part.end)
    }

    /// This text without the escapes that appeared when the first ones were undone, as those of a
    /// URL within a URL do.
    pub(super) fn again(&self) -> Option<Plain> {
        let mut plain = undo(&self.bytes)?;
        for place in &mut plain.places {
            *place = self.places.get(*place).copied().unwrap_or_default();
        }
        Some(plain)
    }

    fn copy(&mut self, source: &[u8], part: Range<usize>) {
        if let Some(bytes) = source.get(part.clone()) {
            self.bytes.extend_from_slice(bytes);
            self.places.extend(part);
        }
    }
}

/// Undoes the escapes of JSON and JavaScript (`\/`, `\u002f`, `\x2f`), of URLs (`%2F`, RFC 3986
/// §2.1), and of HTML and XML (`&amp;`, `&#47;`), and leaves out NUL bytes, which UTF-16 and UTF-32
/// write between ASCII characters. Returns `None` where there is nothing to undo.
pub(super) fn undo(source: &[u8]) -> Option<Plain> {
    let mut plain: Option<Plain> = None;
    let copied = each(source, |before, at, escape| {
        let plain = plain.get_or_insert_with(|| Plain {
            bytes: Vec::with_capacity(source.len()),
            places: Vec::with_capacity(source.len() + 1),
        });
        plain.copy(source, before);
        plain.bytes.extend_from_slice(escape.bytes());
        plain.places.extend(escape.bytes().iter().map(|_| at));
    });
    let mut plain = plain?;
    plain.copy(source, copied..source.len());
    plain.places.push(source.len());
    Some(plain)
}

/// As [`undo`], without the places.
pub(super) fn undone(source: &[u8]) -> Option<Vec<u8>> {
    let mut plain: Option<Vec<u8>> = None;
    let copied = each(source, |before, _, escape| {
        let plain = plain.get_or_insert_with(|| Vec::with_capacity(source.len()));
        plain.extend_from_slice(source.get(before).unwrap_or_default());
        plain.extend_from_slice(escape.bytes());
    });
    let mut plain = plain?;
    plain.extend_from_slice(source.get(copied..).unwrap_or_default());
    Some(plain)
}

/// Reports each escape: the part before it from the last one on, where it begins, and itself. Returns
/// where the last one ends.
fn each(source: &[u8], mut report: impl FnMut(Range<usize>, usize, Escape)) -> usize {
    let mut candidates = Candidates::new(source);
    let (mut from, mut copied) = (0, 0);
    while let Some(at) = candidates.next(from) {
        from = at + 1;
        if let Some(escape) = Escape::read(source.get(at..).unwrap_or_default()) {
            from = at + escape.length;
            report(copied..at, at, escape);
            copied = from;
        }
    }
    copied
}

/// Where an escape that was cut off by the end of a text begins: `…\u00`, `…%2`, `…&am`.
pub(super) fn broken_end(source: &[u8]) -> Option<usize> {
    let near_end = source.len().saturating_sub(LONGEST);
    let at = near_end + memchr::memrchr3(b'\\', b'%', b'&', source.get(near_end..)?)?;
    Escape::read(source.get(at..)?).is_none().then_some(at)
}

/// The places at which an escape may begin.
struct Candidates<'s> {
    source: &'s [u8],
    /// The next NUL. It is kept, since most texts have none and each search would go to the end.
    nul: Option<usize>,
}

impl<'s> Candidates<'s> {
    fn new(source: &'s [u8]) -> Candidates<'s> {
        Candidates {
            source,
            nul: memchr(0, source),
        }
    }

    fn next(&mut self, from: usize) -> Option<usize> {
        let rest = self.source.get(from..)?;
        if self.nul.is_some_and(|nul| nul < from) {
            self.nul = memchr(0, rest).map(|at| from + at);
        }
        let before_nul = self.nul.map_or(rest.len(), |nul| nul - from);
        memchr3(b'\\', b'%', b'&', rest.get(..before_nul)?)
            .map(|at| from + at)
            .or(self.nul)
    }
}

/// One escape.
struct Escape {
    /// How many bytes it takes.
    length: usize,
    /// What it represents, in UTF-8.
    bytes: [u8; 4],
    /// How many of these there are.
    count: usize,
}

impl Escape {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }

    fn byte(length: usize, byte: u8) -> Escape {
        Escape {
            length,
            bytes: [byte, 0, 0, 0],
            count: 1,
        }
    }

    fn character(length: usize, character: char) -> Escape {
        let mut bytes = [0; 4];
        let count = character.encode_utf8(&mut bytes).len();
        Escape {
            length,
            bytes,
            count,
        }
    }

    /// Reads the escape that `rest` begins with.
    fn read(rest: &[u8]) -> Option<Escape> {
        match rest {
            [0, ..] => Some(Escape {
                length: 1,
                bytes: [0; 4],
                count: 0,
            }),
            [b'%', ..] => Some(Escape::byte(3, hex(rest.get(1..3)?)? as u8)),
            [b'&', rest @ ..] => Escape::reference(rest),
            [b'\\', b'u', ..] => Escape::unit(rest),
            [b'\\', b'x', ..] => Some(Escape::character(4, char_of(hex(rest.get(2..4)?)?))),
            [b'\\', byte, ..] if byte.is_ascii_punctuation() => Some(Escape::byte(2, *byte)),
            [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => Some(Escape::byte(2, b'\n')),
            _ => None,
        }
    }

    /// `\u0041`, or a pair of surrogates (RFC 8259 §7).
    fn unit(rest: &[u8]) -> Option<Escape> {
        let high = hex(rest.get(2..6)?)?;
        if let Some([b'\\', b'u', low @ ..]) = rest.get(6..12)
            && let Some(low @ 0xdc00..=0xdfff) = hex(low)
            && (0xd800..=0xdbff).contains(&high)
        {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return Some(Escape::character(12, char_of(code)));
        }
        Some(Escape::character(6, char_of(high)))
    }

    /// A character reference, without its ampersand.
    fn reference(rest: &[u8]) -> Option<Escape> {
        let end = memchr(b';', rest.get(..LONGEST - 2).unwrap_or(rest))?;
        let character = match rest.get(..end)? {
            b"amp" => '&',
            b"lt" => '<',
            b"gt" => '>',
            b"quot" => '"',
            b"apos" => '\'',
            [b'#', b'x' | b'X', digits @ ..] => char_of(hex(digits)?),
            [b'#', digits @ ..] => char_of(std::str::from_utf8(digits).ok()?.parse().ok()?),
            _ => return None,
        };
        Some(Escape::character(end + 2, character))
    }
}

fn char_of(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The number that one to eight hexadecimal digits are.
fn hex(digits: &[u8]) -> Option<u32> {
    let all_are_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok()?;
    all_are_digits.then(|| u32::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_escapes(text: &str) -> String {
        let plain = undo(text.as_bytes()).unwrap();
        String::from_utf8(plain.bytes).unwrap()
    }

    #[test]
    fn every_escape_becomes_its_character() {
        for (text, expected) in [
            (r"a\/b\u002Fc\x2fd", "a/b/c/d"),
            (r#"\"\\ \ud83d\ude00"#, "\"\\ 😀"),
            ("%2fa%2Fb", "/a/b"),
            ("&amp;&lt;&#47;&#x2F;&quot;&apos;", "&<//\"'"),
            ("s\0k\0\0\0-", "sk-"),
        ] {
            assert_eq!(without_escapes(text), expected);
            let bytes = undone(text.as_bytes()).unwrap();
            assert_eq!(bytes, expected.as_bytes());
        }
    }

    #[test]
    fn text_that_only_looks_like_an_escape_is_left_alone() {
        for text in ["a & b; 5% of \\q \\u12", "&copy;", "%zz", "\\", "&#;", ""] {
            assert!(undo(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_part_is_found_again_in_the_original() {
        let text = br"a%252Fb";
        let plain = undo(text).unwrap().again().unwrap();
        assert_eq!(plain.bytes, b"a/b");
        assert_eq!(plain.place(&(1..2)), 1..6);
        assert_eq!(plain.place(&(1..3)), 1..7);
    }

    #[test]
    fn an_escape_that_the_end_cuts_off_is_recognised() {
        for (text, expected) in [
            (&br"ab\u00"[..], Some(2)),
            (b"ab%2", Some(2)),
            (b"ab&am", Some(2)),
            (b"ab%2F", None),
            (b"ab", None),
        ] {
            assert_eq!(broken_end(text), expected);
        }
    }
}
