//! Text from outside, made safe to show: what cannot be seen or turns other text around is left
//! out. Escaping for HTML is the templates' own work.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The most characters of a name that are shown.
const LONGEST: usize = 64;

/// The most combining marks that may follow one another; more are stacked to cover other lines.
const MARKS: usize = 2;

/// One line of at most 64 visible characters.
pub(crate) fn label(claimed: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut marks = 0;
    for character in claimed.chars() {
        let group = character.general_category_group();
        marks = if group == GeneralCategoryGroup::Mark {
            marks + 1
        } else {
            0
        };
        let blank = group == GeneralCategoryGroup::Separator || character.is_whitespace();
        if blank && (shown.is_empty() || shown.ends_with(' ')) {
            continue;
        }
        if !blank && (group == GeneralCategoryGroup::Other || marks > MARKS) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(label("Cl\u{202e}au\u{200b}de\u{0}\u{feff}"), "Claude");
        assert_eq!(label("\u{2066}a\u{2069}\u{61c}"), "a");
        assert_eq!(label("\u{e0041}\u{e000}"), "");
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
