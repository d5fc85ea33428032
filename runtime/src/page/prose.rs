//! Markdown of a description as parts that a template writes: no HTML of the description's own, no
//! images, and links to http and https alone.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;

/// The most characters that a page shows of a description.
const LONGEST: usize = 500;
/// The most blocks.
const MOST: usize = 6;

/// A paragraph, or an item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Block {
    /// Whether it is an item of a list.
    item: bool,
    spans: Vec<Span>,
}

/// Text of one look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Span {
    text: String,
    strong: bool,
    code: bool,
    /// An http or https URL.
    href: Option<String>,
}

/// Reads the beginning of a description: at most 500 characters, cut at the end of a sentence.
/// Headings, tables, code blocks and HTML are left out.
pub(crate) fn beginning(markdown: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        reader.take(event);
        if reader.length >= LONGEST || reader.blocks.len() >= MOST {
            break;
        }
    }
    reader.end_block();
    let mut blocks = reader.blocks;
    if reader.length >= LONGEST {
        shorten(&mut blocks, LONGEST);
    }
    blocks
}

/// The state of reading.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    length: usize,
    strong: usize,
    href: Option<String>,
    /// How many parts around this one are left out.
    skipped: usize,
    /// How many lists are around this one.
    lists: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.push(&text, false),
            Event::Code(text) => self.push(&text, true),
            Event::SoftBreak | Event::HardBreak => self.push(" ", false),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. }
            | Tag::Table(_)
            | Tag::HtmlBlock
            | Tag::Image { .. }
            | Tag::CodeBlock(_) => self.skipped += 1,
            Tag::Strong => self.strong += 1,
            Tag::List(_) => {
                self.end_block();
                self.lists += 1;
            }
            Tag::Item => self.end_block(),
            Tag::Link { dest_url, .. } => self.href = link(dest_url),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_)
            | TagEnd::Table
            | TagEnd::HtmlBlock
            | TagEnd::Image
            | TagEnd::CodeBlock => self.skipped = self.skipped.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::List(_) => {
                self.end_block();
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::Item | TagEnd::Paragraph => self.end_block(),
            TagEnd::Link => self.href = None,
            _ => {}
        }
    }

    fn push(&mut self, text: &str, code: bool) {
        if self.skipped > 0 {
            return;
        }
        self.length += text.chars().count();
        let (strong, href) = (self.strong > 0, self.href.clone());
        match self.spans.last_mut() {
            Some(last) if last.strong == strong && last.code == code && last.href == href => {
                last.text.push_str(text);
            }
            _ => self.spans.push(Span {
                text: text.to_owned(),
                strong,
                code,
                href,
            }),
        }
    }

    fn end_block(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if spans.iter().any(|span| !span.text.trim().is_empty()) {
            let item = self.lists > 0;
            self.blocks.push(Block { item, spans });
        }
    }
}

/// A destination that a page may link.
fn link(destination: &str) -> Option<String> {
    let url = url::Url::parse(destination).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    (matches!(url.scheme(), "http" | "https") && !has_user).then(|| url.to_string())
}

/// Cuts blocks at the last sentence that ends within so many characters, or else at the last word.
fn shorten(blocks: &mut Vec<Block>, longest: usize) {
    let whole: String = texts(blocks).collect();
    let within: String = whole.chars().take(longest).collect();
    let ends = [". ", "! ", "? ", ".\n"];
    // The end of a block ends a sentence, too.
    let mut block_ends = Vec::new();
    let mut length = 0;
    for block in blocks.iter() {
        length += block.spans.iter().map(|it| it.text.len()).sum::<usize>();
        block_ends.push(length);
    }
    let block_end = block_ends
        .into_iter()
        .filter(|&end| end <= within.len())
        .max();
    let sentence = ends.iter().filter_map(|end| within.rfind(end)).max();
    let end = block_end.max(sentence.map(|at| at + 1));
    let (keep, mark) = match end {
        Some(end) => (end, ""),
        None => (within.rfind(' ').unwrap_or(within.len()), " …"),
    };
    let mut left = keep;
    for block in blocks.iter_mut() {
        for span in &mut block.spans {
            let kept = left.min(span.text.len());
            span.text.truncate(kept);
            left -= kept;
        }
        block.spans.retain(|span| !span.text.is_empty());
    }
    blocks.retain(|block| !block.spans.is_empty());
    if let Some(span) = blocks.last_mut().and_then(|it| it.spans.last_mut()) {
        span.text.push_str(mark);
    }
}

fn texts(blocks: &[Block]) -> impl Iterator<Item = &str> {
    let spans = blocks.iter().flat_map(|block| &block.spans);
    spans.map(|span| span.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markdown: &str) -> String {
        let blocks = beginning(markdown);
        let blocks = blocks
            .iter()
            .map(|it| texts(std::slice::from_ref(it)).collect::<String>());
        blocks.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn markup_becomes_parts_and_not_text() {
        assert_eq!(
            text("# Title\n\nAn **API** for `pets`.\nTwo lines.\n\n- one\n- *two*\n"),
            "An API for pets. Two lines.|one|two"
        );
        let [block] = beginning("See [the docs](https://a.example/x).")
            .try_into()
            .unwrap();
        assert_eq!(block.spans[1].href.as_deref(), Some("https://a.example/x"));
    }

    #[test]
    fn html_images_code_blocks_and_tables_are_left_out() {
        let hostile = "Text <script>alert(1)</script> on.\n\n<img src=x onerror=alert(1)>\n\n\
                       ![logo](https://a.example/track.png)\n\n```\ncode\n```\n\n|a|b|\n|-|-|\n|c|d|\n";
        assert_eq!(text(hostile), "Text alert(1) on.");
    }

    #[test]
    fn links_lead_to_sites_only() {
        for target in [
            "javascript:alert(1)",
            "/portal",
            "data:text/html,x",
            "https://a@b.example",
        ] {
            let blocks = beginning(&format!("[here]({target})"));
            assert_eq!(blocks[0].spans[0].href, None, "{target}");
        }
    }

    #[test]
    fn long_description_ends_with_a_sentence() {
        let long = "This is a sentence of the kind that descriptions have. ".repeat(40);
        let shown = text(&long);
        assert!(
            shown.chars().count() <= LONGEST && shown.ends_with("have."),
            "{shown}"
        );
        let endless = text(&"é".repeat(2000));
        assert!(endless.ends_with(" …") && endless.chars().count() <= LONGEST + 2);
    }
}
