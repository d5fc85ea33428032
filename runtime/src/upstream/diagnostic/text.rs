//! Shortens texts.

/// Puts a text on one line of at most `limit` characters.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let space = (!line.is_empty()).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if length == limit {
                line.push('…');
                return line;
            }
            line.push(character);
            length += 1;
        }
    }
    line
}

/// Keeps the first `limit` bytes of a text, and says how many are missing.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let beginning = &text[..text.floor_char_boundary(limit)];
    format!("{beginning}… ({} bytes more)", text.len() - beginning.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shortened_within_a_word() {
        assert_eq!(shorten(" a \n b c ", 5), "a b c");
        assert_eq!(shorten("a  b cd", 5), "a b c…");
        assert_eq!(shorten("abc", 2), "ab…");
    }
}
