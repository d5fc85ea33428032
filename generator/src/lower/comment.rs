//! Comments in texts of descriptions.

/// Removes HTML comments from a text: a renderer does not show them.
pub(crate) fn without_comments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        let Some((_, after)) = comment.split_once("-->") else {
            break;
        };
        shown.push_str(before);
        rest = after;
    }
    shown.push_str(rest);
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_what_is_none_stays() {
        assert_eq!(without_comments("<!-- x -->a <!-- y\n-->b"), "a b");
        assert_eq!(without_comments(" <!-- all --> "), "");
        assert_eq!(without_comments("a <!-- b"), "a <!-- b");
        assert_eq!(without_comments("a --> b"), "a --> b");
    }
}
