//! Documents as the tests look at them: headings, links, blocks of code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use tests::harness::requirement::repository;

/// A document of the repository.
pub(crate) struct Document {
    /// Its path below the repository.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// The anchors of its headings.
    pub(crate) anchors: Vec<String>,
    /// The targets of its links, with their lines.
    pub(crate) links: Vec<(usize, String)>,
    /// Its blocks of code.
    pub(crate) blocks: Vec<Block>,
    /// Its code within sentences, with the lines.
    pub(crate) spans: Vec<(usize, String)>,
}

/// A block of code.
pub(crate) struct Block {
    /// The line on which it begins.
    pub(crate) line: usize,
    /// Its language.
    pub(crate) language: String,
    /// What the first line has behind the language.
    pub(crate) note: String,
    /// The lines within it.
    pub(crate) text: String,
}

impl Document {
    /// Reads the document at a path below the repository.
    pub(crate) fn read(path: impl AsRef<Path>) -> Document {
        let path = path.as_ref().to_owned();
        let text = std::fs::read_to_string(repository().join(&path)).unwrap();
        Document::parse(path, text)
    }

    fn parse(path: PathBuf, text: String) -> Document {
        let mut document = Document {
            path,
            anchors: Vec::new(),
            links: Vec::new(),
            blocks: Vec::new(),
            spans: Vec::new(),
            text: String::new(),
        };
        let mut seen = BTreeMap::new();
        let mut heading: Option<String> = None;
        let mut block: Option<Block> = None;
        let parser = Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter();
        for (event, range) in parser {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let count: &mut usize = seen.entry(anchor.clone()).or_default();
                    document.anchors.push(match *count {
                        0 => anchor,
                        count => format!("{anchor}-{count}"),
                    });
                    *count += 1;
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    document.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::CodeBlock(kind)) => block = Some(Block::begin(line, &kind)),
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    document.spans.push((line, code.into_string()));
                }
                Event::Text(part) => match (&mut heading, &mut block) {
                    (Some(heading), _) => heading.push_str(&part),
                    (_, Some(block)) => block.text.push_str(&part),
                    _ => {}
                },
                _ => {}
            }
        }
        document.text = text;
        document
    }

    /// A place in it, for messages.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

impl Block {
    fn begin(line: usize, kind: &CodeBlockKind) -> Block {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.trim(),
            CodeBlockKind::Indented => "",
        };
        let (language, note) = info.split_once(' ').unwrap_or((info, ""));
        Block {
            line,
            language: language.to_owned(),
            note: note.to_owned(),
            text: String::new(),
        }
    }
}

/// The anchor of a heading, as mdBook and GitHub make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|it| match it {
        ' ' => Some('-'),
        it if it.is_alphanumeric() || it == '-' || it == '_' => Some(it.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

/// The documents that the project's people write, by their paths below the repository.
pub(crate) fn all() -> Vec<Document> {
    let mut paths: Vec<PathBuf> = ["", "docs", "tests", "specs"]
        .iter()
        .flat_map(|directory| std::fs::read_dir(repository().join(directory)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .map(|path| path.strip_prefix(repository()).unwrap().to_owned())
        .collect();
    paths.sort();
    paths.into_iter().map(Document::read).collect()
}

/// The chapters of the book.
pub(crate) fn book() -> Vec<Document> {
    let documents = all().into_iter();
    documents.filter(|it| it.path.starts_with("docs")).collect()
}

#[test]
fn document_is_read_with_its_headings_links_and_code() {
    let text = "# A `b`: c?\n\n# A b c\n\n[x](y.md#z) `generator x`\n\n```sh exits: 2\nls\n```\n";
    let document = Document::parse(PathBuf::from("a.md"), text.to_owned());
    assert_eq!(document.anchors, ["a-b-c", "a-b-c-1"]);
    assert_eq!(document.links, [(5, "y.md#z".to_owned())]);
    assert_eq!(document.spans.last().unwrap().1, "generator x");
    let block = &document.blocks[0];
    assert_eq!((block.line, block.text.as_str()), (7, "ls\n"));
    assert_eq!(
        (block.language.as_str(), block.note.as_str()),
        ("sh", "exits: 2")
    );
}
