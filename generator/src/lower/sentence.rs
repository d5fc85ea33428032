//! Texts of descriptions, shortened between sentences.

/// Words that end in a full stop within a sentence.
const ABBREVIATIONS: [&str; 14] = [
    "e.g.", "i.e.", "eg.", "ie.", "etc.", "vs.", "cf.", "approx.", "incl.", "max.", "min.", "no.",
    "resp.", "ca.",
];

/// What a text that was shortened ends with.
pub(crate) const MARK: char = '…';

/// The first sentences of a text of Markdown, as many as `most` bytes hold, on one line and without what
/// is for a renderer: links, headings, tables and blocks of code. A first sentence that is longer is cut
/// between words. Where more is missing than the target of a link, it ends with [`MARK`].
pub(crate) fn brief(markdown: &str, most: usize) -> String {
    let Plain { text, is_whole } = Plain::of(markdown);
    shortened(&text, is_whole, most)
}

/// The first sentences of a text on one line, which is whole or is marked as one that is not.
pub(crate) fn shortened(text: &str, is_whole: bool, most: usize) -> String {
    if text.is_empty() || text.len() <= most && (is_whole || text.ends_with(MARK)) {
        return text.to_owned();
    }
    let room = most.saturating_sub(MARK.len_utf8() + 1);
    let mut end = 0;
    for next in ends(text) {
        if next > room {
            break;
        }
        end = next;
    }
    let kept = match end {
        0 => words(text, room),
        end => text.get(..end).unwrap_or_default(),
    };
    format!("{} {MARK}", kept.trim_end())
}

/// The first sentences of a text of Markdown: at most `count`, and at most `most` bytes.
pub(crate) fn first(markdown: &str, count: usize, most: usize) -> String {
    let text = plain(markdown);
    let end = ends(&text).nth(count.saturating_sub(1));
    let first = end.and_then(|end| text.get(..end)).unwrap_or(&text);
    brief(first.trim_end(), most)
}

/// The sentences of a text on one line, each with the blanks before it.
pub(crate) fn all(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    ends(text).filter_map(move |end| {
        let sentence = text.get(start..end)?;
        start = end;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// The words of a text that fit.
fn words(text: &str, room: usize) -> &str {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = text.get(..end).unwrap_or_default();
    match whole.rfind(' ') {
        Some(at) if at > end / 2 => whole.get(..at).unwrap_or_default(),
        _ => whole,
    }
}

/// Where the sentences of a text on one line end.
fn ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let marks = text.char_indices().filter_map(move |(at, mark)| {
        let end = at + mark.len_utf8();
        let rest = text.get(end..).unwrap_or_default();
        match mark {
            '。' | '！' | '？' => Some(end),
            '.' | '!' | '?' if rest.is_empty() || rest.starts_with(' ') => {
                let before = text.get(..end).unwrap_or_default();
                let word = before.rsplit([' ', '(']).next().unwrap_or_default();
                let is_abbreviation = ABBREVIATIONS
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(word));
                let goes_on = rest.trim_start().starts_with(char::is_lowercase);
                (!is_abbreviation && !goes_on).then_some(end)
            }
            _ => None,
        }
    });
    marks.chain([text.len()])
}

/// A text of Markdown on one line.
pub(crate) struct Plain {
    /// The text; of one that has nothing but headings, tables and blocks of code, its first line.
    pub(crate) text: String,
    /// False where headings, tables or blocks of code are missing.
    pub(crate) is_whole: bool,
}

impl Plain {
    /// Reads a text of Markdown.
    pub(crate) fn of(markdown: &str) -> Plain {
        let (text, lost) = read(markdown);
        match lost.as_slice() {
            [first, others @ ..] if text.is_empty() => {
                let line = first.trim_start_matches('#').replace('|', " ");
                Plain {
                    text: without_tags(&without_links(&line)),
                    is_whole: others.is_empty() && first.starts_with('#'),
                }
            }
            lost => Plain {
                text,
                is_whole: lost.is_empty(),
            },
        }
    }
}

/// A text of Markdown on one line, without what is for a renderer.
pub(crate) fn plain(markdown: &str) -> String {
    read(markdown).0
}

/// A text of Markdown on one line, and the lines that are missing from it.
fn read(markdown: &str) -> (String, Vec<&str>) {
    let mut text = String::with_capacity(markdown.len());
    let mut lost = Vec::new();
    let mut is_code = false;
    for line in markdown.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            is_code = !is_code;
            continue;
        }
        let is_rule = !line.is_empty()
            && line
                .chars()
                .all(|it| matches!(it, '-' | '=' | '*' | '|' | ':' | ' '));
        if is_rule && !is_code {
            continue;
        }
        if is_code || line.starts_with('#') || line.starts_with('|') {
            if !line.is_empty() {
                lost.push(line);
            }
            continue;
        }
        // GitHub's alerts: `> [!NOTE]`.
        let line = line.trim_start_matches(['>', ' ']);
        if line.starts_with("[!") && line.ends_with(']') {
            continue;
        }
        for word in line.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    let text = without_tags(&without_links(&text)).trim().to_owned();
    (text, lost)
}

/// Replaces `[text](url)` by its text, and removes images.
fn without_links(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        let parts = link.find("](").and_then(|middle| {
            let label = link.get(1..middle)?;
            let target = link.get(middle + 2..)?;
            let end = target.find(')')?;
            let is_link = !label.contains('[') && !target.get(..end)?.contains(' ');
            is_link.then_some((label, target.get(end + 1..)?))
        });
        match parts {
            Some((label, after)) => {
                match before.strip_suffix('!') {
                    Some(before) => shown.push_str(before),
                    None => {
                        shown.push_str(before);
                        shown.push_str(label);
                    }
                }
                rest = after;
            }
            None => {
                shown.push_str(before);
                shown.push('[');
                rest = link.get(1..).unwrap_or_default();
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// Removes tags of HTML such as `<br>` and `<a href="…">`. What looks like a placeholder, such as
/// `<name>`, stays.
fn without_tags(text: &str) -> String {
    const TAGS: [&str; 16] = [
        "a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "i", "li", "ol", "p", "strong",
        "ul", "span",
    ];
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        shown.push_str(before);
        let end = tag.find('>');
        let inner = end.and_then(|end| tag.get(1..end)).unwrap_or_default();
        let name = inner.trim_matches('/').split([' ', '/']).next();
        let is_tag = name.is_some_and(|name| TAGS.iter().any(|it| it.eq_ignore_ascii_case(name)));
        match end.filter(|_| is_tag) {
            Some(end) => rest = tag.get(end + 1..).unwrap_or_default(),
            None => {
                shown.push('<');
                rest = tag.get(1..).unwrap_or_default();
            }
        }
    }
    shown.push_str(rest);
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_sentences_and_marked() {
        let text = "Lists users, e.g. of a team. Sorted by name. Takes long.";
        assert_eq!(brief(text, 100), text);
        assert_eq!(
            brief(text, 50),
            "Lists users, e.g. of a team. Sorted by name. …"
        );
        assert_eq!(brief(text, 40), "Lists users, e.g. of a team. …");
        assert_eq!(brief(text, 20), "Lists users, …");
    }

    #[test]
    fn text_is_never_cut_within_a_character() {
        for most in 0..40 {
            assert!(brief(&"日本語".repeat(20), most).len() <= most.max(4));
        }
        assert_eq!(brief("日本語。日本語。", 16), "日本語。 …");
    }

    #[test]
    fn lost_parts_are_marked() {
        assert_eq!(brief("# Users\n\nLists users.", 40), "Lists users. …");
        assert_eq!(brief("Sorts:\n\n| a | b |\n|---|---|", 40), "Sorts: …");
        assert_eq!(brief("Runs:\n```\ncurl\n```\nAgain.", 40), "Runs: Again. …");
        assert_eq!(
            brief("Lists [users](https://example.com).", 40),
            "Lists users."
        );
        assert_eq!(brief("One.\n\n---\n\nTwo.", 40), "One. Two.");
        for most in 0..60 {
            let brief = brief("# A heading\n\nLists users. Sorted by name.", most);
            assert!(
                brief.len() <= most.max(4) && brief.ends_with('…'),
                "{brief}"
            );
        }
    }

    #[test]
    fn text_of_nothing_else_is_its_first_line() {
        assert_eq!(brief("# Lists [users](x)", 40), "Lists users");
        assert_eq!(brief("## Users\n\n| a | b |", 40), "Users …");
        assert_eq!(brief("| a | b |\n|---|---|\n| c | d |", 40), "a b …");
        assert_eq!(plain("# Users"), "");
    }

    #[test]
    fn sentences_together_are_the_text() {
        for text in ["一。二！三", "One. Two! Three", "One."] {
            assert_eq!(all(text).collect::<String>(), text);
        }
        assert_eq!(all("一。二！三").count(), 3);
    }

    #[test]
    fn first_sentences_are_counted() {
        let text = "One v1.2 api. Two! Three?";
        assert_eq!(first(text, 2, 100), "One v1.2 api. Two!");
        assert_eq!(first(text, 9, 100), text);
        assert_eq!(first("", 2, 100), "");
    }

    #[test]
    fn what_is_for_a_renderer_is_left_out() {
        let text = "# Users\n\nLists [users](https://example.com/a).\n\n> [!NOTE]\n> Slow.\n\
                    ```sh\ncurl\n```\n| a | b |\n|---|---|\nSee <name>.<br>End ![x](y) a[0](b c).";
        assert_eq!(plain(text), "Lists users. Slow. See <name>.End a[0](b c).");
    }
}
