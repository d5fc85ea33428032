//! Passwords that attackers try first.
//!
//! `list.txt` has the 19,640 most frequent passwords of those that were found in breaches, in lower
//! case, one a line. It is `common-passwords.txt.gz` of Django 5.2.19, sorted; Django took it from
//! Royce Williams's list of the most frequent entries of Pwned Passwords. `LICENSE` is Django's.

const LIST: &str = include_str!("list.txt");

/// The most characters that are not letters around a listed word for which it still counts as one.
const MOST_AROUND: usize = 6;

/// Returns whether a password is a common one or `own`, in any letter case, alone or with up to six
/// digits and signs before and after it.
///
/// `own` is what an attacker knows of the person: the part of the e-mail address before the `@`.
pub(super) fn is_common(password: &str, own: &str) -> bool {
    let password = password.to_lowercase();
    let word = password.trim_matches(|it: char| !it.is_alphabetic());
    let around = password.chars().count() - word.chars().count();
    let is_listed = |text: &str| LIST.lines().any(|line| line == text);
    let is_word = || !word.is_empty() && (word == own.to_lowercase() || is_listed(word));
    is_listed(&password) || around <= MOST_AROUND && is_word()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_password_is_recognised_in_any_case_and_with_digits_around_it() {
        for common in [
            "1234567890",
            "qwertyuiop",
            "Password123",
            "PASSWORD2026!",
            "!!sunshine99",
            "ada.lovelace1",
            "Пароль123456",
        ] {
            assert!(is_common(common, "Ada.Lovelace"), "{common}");
        }
        for other in [
            "correct horse battery staple",
            "password of the day",
            "8153 password 0974",
            "qjx!vlmsotkepw",
            "",
            "@",
        ] {
            assert!(!is_common(other, "Ada.Lovelace"), "{other}");
        }
    }

    #[test]
    fn list_is_in_lower_case_and_has_no_blank_line() {
        assert_eq!(LIST.lines().count(), 19_640);
        for line in LIST.lines() {
            assert_eq!(line, line.to_lowercase().trim());
            assert_ne!(line, "");
        }
    }
}
