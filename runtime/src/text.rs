//! Text from outside, made safe to keep and to show: what cannot be seen or turns other text around
//! is left out. Escaping for HTML is the templates' own work.

use std::borrow::Cow;
use std::fmt::Display;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The most characters of a name that are shown.
const LONGEST: usize = 64;

/// The most combining marks that may follow one another; more are stacked to cover other lines.
const MARKS: usize = 2;

/// Whether a character is rendered as nothing, or only changes how others are: control and format
/// characters, bidirectional controls and zero-width characters among them, what Unicode has not
/// assigned, and the letters and marks among `Default_Ignorable_Code_Point` (UAX #44 §5.11), which
/// its general category does not give away.
fn is_hidden(character: char) -> bool {
    character.general_category_group() == GeneralCategoryGroup::Other
        || matches!(character,
            '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a character is a blank. U+2800 is a symbol that looks like one.
fn is_blank(character: char) -> bool {
    let group = character.general_category_group();
    group == GeneralCategoryGroup::Separator || character.is_whitespace() || character == '\u{2800}'
}

/// Whether each character of a text can be seen: none is hidden or a blank, and combining marks do
/// not pile up.
pub(crate) fn is_visible(text: &str) -> bool {
    let mut marks = 0;
    text.chars().all(|character| {
        marks = match character.general_category_group() {
            GeneralCategoryGroup::Mark => marks + 1,
            _ => 0,
        };
        !is_hidden(character) && !is_blank(character) && marks <= MARKS
    })
}

/// Whether some of a text cannot be seen; blanks can.
pub(crate) fn hides(text: &str) -> bool {
    text.chars().any(is_hidden)
}

/// The text without what cannot be seen; line breaks and tabs stay.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    let stays = |it: char| !is_hidden(it) || matches!(it, '\n' | '\t');
    match text.chars().all(stays) {
        true => Cow::Borrowed(text),
        false => text.chars().filter(|it| stays(*it)).collect(),
    }
}

/// One line of at most 64 visible characters.
pub(crate) fn label(claimed: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut marks = 0;
    for character in claimed.chars() {
        let blank = is_blank(character);
        if blank && (shown.is_empty() || shown.ends_with(' ')) {
            continue;
        }
        if !blank && is_hidden(character) {
            continue;
        }
        marks = match character.general_category_group() {
            GeneralCategoryGroup::Mark => marks + 1,
            _ => 0,
        };
        if marks > MARKS {
            continue;
        }
        if length == LONGEST {
            shown.pop();
            shown.truncate(shown.trim_end().len());
            shown.push('…');
            return shown;
        }
        shown.push(if blank { ' ' } else { character });
        length += 1;
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// What a URI may not show as it is: blanks, and all that is not ASCII (RFC 3986 §2 has no place
/// for either).
const INVISIBLE: &AsciiSet = &CONTROLS.add(b' ');

/// A URI as ASCII text, its other characters percent-encoded.
pub(crate) fn uri(uri: &str) -> String {
    utf8_percent_encode(uri, INVISIBLE).to_string()
}

/// A number with a comma after each group of three digits.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_grouped_by_three_digits() {
        let grouped = [7, 284, 1284, 1_000_000].map(grouped);
        assert_eq!(grouped, ["7", "284", "1,284", "1,000,000"]);
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(label("Cl\u{202e}au\u{200b}de\u{0}\u{feff}"), "Claude");
        assert_eq!(label("\u{2066}a\u{2069}\u{61c}"), "a");
        assert_eq!(label("\u{e0041}\u{e000}"), "");
        // Letters and marks that are rendered as nothing.
        assert_eq!(
            label("A\u{34f}d\u{fe0f}a\u{3164}\u{115f}\u{ffa0}\u{e0101}"),
            "Ada"
        );
        assert_eq!(
            label("e\u{301}\u{200b}\u{301}\u{200b}\u{301}"),
            "e\u{301}\u{301}"
        );
    }

    #[test]
    fn blanks_that_are_no_separators_are_blanks() {
        assert_eq!(label("\u{2800}a\u{2800}\u{2800}b\u{2800}"), "a b");
    }

    #[test]
    fn what_cannot_be_seen_is_not_shown() {
        assert_eq!(
            shown("a\u{202e}b\u{200d}\u{fe0f}\u{7f}c\u{1b}[1m\nd"),
            "abc[1m\nd"
        );
        assert!(matches!(shown("助手 é"), Cow::Borrowed("助手 é")));
    }

    #[test]
    fn only_what_can_be_seen_is_visible() {
        for text in ["ada@example.com", "用户@例子.公司", "e\u{301}"] {
            assert!(is_visible(text), "{text:?}");
        }
        let hidden = [
            "a b",
            "a\u{a0}b",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{ad}b",
            "a\u{3164}b",
        ];
        let more = [
            "a\tb",
            "a\u{85}b",
            "a\u{2800}b",
            "a\u{fe0f}b",
            "e\u{301}\u{301}\u{301}",
        ];
        for text in hidden.iter().chain(&more) {
            assert!(!is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn blanks_are_one_space() {
        assert_eq!(label(" a \r\n\t b\u{2028}c\u{3000} "), "a b c");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_says_so() {
        assert_eq!(label(&"é".repeat(64)), "é".repeat(64));
        let cut = label(&"é".repeat(10_000));
        assert_eq!(cut.chars().count(), 64);
        assert!(cut.ends_with("é…"));
    }

    #[test]
    fn marks_do_not_pile_up() {
        assert_eq!(
            label(&format!("e{}", "\u{301}".repeat(50))),
            "e\u{301}\u{301}"
        );
    }

    #[test]
    fn other_scripts_are_kept() {
        assert_eq!(label("助手 Ассистент مساعد"), "助手 Ассистент مساعد");
    }

    #[test]
    fn a_uri_shows_every_character_it_has() {
        assert_eq!(uri("https://a/\u{202e}x y"), "https://a/%E2%80%AEx%20y");
    }
}
