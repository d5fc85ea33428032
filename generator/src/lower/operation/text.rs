//! Text for people and models.

use std::ops::Range;

use serde_json::Value;

/// The text of a value that should be a text: YAML makes a number of an unquoted `1.0`.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

/// A token in the sense of RFC 9110 §5.6.2.
pub(crate) fn is_token(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// `text`, or its beginning with a note where it is longer than `limit` bytes. Cuts between words.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    const NOTE: &str = " … (cut)";
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(NOTE.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = text.get(..end).unwrap_or_default();
    let cut = match whole.rfind(char::is_whitespace) {
        Some(at) if at > end / 2 => whole.get(..at).unwrap_or_default(),
        _ => whole,
    };
    format!("{}{NOTE}", cut.trim_end())
}

/// The words of a name: parts between characters that are neither letters nor digits, and parts
/// that begin with a capital (`listBundles`, `HTTPServer`).
pub(crate) fn words(name: &str) -> Vec<&str> {
    word_ranges(name)
        .into_iter()
        .filter_map(|range| name.get(range))
        .collect()
}

/// The places of the words of a name.
pub(crate) fn word_ranges(name: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = None;
    let mut before = ' ';
    let mut characters = name.char_indices().peekable();
    while let Some((at, current)) = characters.next() {
        let after = characters.peek().map(|&(_, next)| next);
        let begins = current.is_uppercase()
            && (!before.is_uppercase() || after.is_some_and(char::is_lowercase));
        if (begins || !current.is_alphanumeric())
            && let Some(start) = start.take()
        {
            ranges.push(start..at);
        }
        if current.is_alphanumeric() {
            start.get_or_insert(at);
        }
        before = current;
    }
    ranges.extend(start.map(|start| start..name.len()));
    ranges
}

/// The longest name of a server, in bytes.
const MAX_SERVER_NAME: usize = 40;

/// A title as the name of a server: `Marquee API` → `marquee-api`. Empty where the title has neither
/// a letter nor a digit of ASCII.
pub(crate) fn server_name(title: &str) -> String {
    let mut name = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let separator = usize::from(!name.is_empty());
        if name.len() + separator + word.len() > MAX_SERVER_NAME && !name.is_empty() {
            break;
        }
        if separator > 0 {
            name.push('-');
        }
        name.push_str(&word.to_ascii_lowercase());
    }
    name.truncate(MAX_SERVER_NAME);
    name
}

/// A name as a phrase: `listBundles` → `List bundles`.
pub(crate) fn humanise(name: &str) -> String {
    let mut phrase = String::new();
    for word in words(name) {
        if !phrase.is_empty() {
            phrase.push(' ');
        }
        let capitals = word.chars().all(|c| !c.is_lowercase());
        if phrase.is_empty() {
            let mut characters = word.chars();
            phrase.extend(characters.next().into_iter().flat_map(char::to_uppercase));
            phrase.push_str(characters.as_str());
        } else if capitals && word.chars().count() > 1 {
            phrase.push_str(word);
        } else {
            phrase.push_str(&word.to_lowercase());
        }
    }
    phrase
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_name_is_the_title_in_lower_case_with_dashes() {
        for (title, name) in [
            ("Marquee API", "marquee-api"),
            ("GitHub v3 REST API", "github-v3-rest-api"),
            (
                "  Swagger Petstore - OpenAPI 3.0 ",
                "swagger-petstore-openapi-3-0",
            ),
            ("\u{540d}", ""),
            ("", ""),
            (
                "A service with a title that goes on and on and on",
                "a-service-with-a-title-that-goes-on-and",
            ),
            (&"x".repeat(99), &"x".repeat(40)),
        ] {
            assert_eq!(server_name(title), name);
        }
    }

    #[test]
    fn long_text_is_cut_between_words_and_says_so() {
        assert_eq!(shorten("one two three four five", 22), "one two … (cut)");
    }

    #[test]
    fn text_is_never_cut_within_a_character() {
        assert!(shorten(&"日本語".repeat(100), 100).len() <= 100);
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("listHTTPServers"), ["list", "HTTP", "Servers"]);
        assert_eq!(
            words("repos/list-for_org2"),
            ["repos", "list", "for", "org2"]
        );
    }

    #[test]
    fn names_become_phrases() {
        assert_eq!(humanise("listBundles"), "List bundles");
        assert_eq!(humanise("get_URL_of-user"), "Get URL of user");
    }
}
