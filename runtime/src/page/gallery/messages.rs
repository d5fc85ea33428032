//! `docs/messages.md`: the messages that people see on pages, read from the samples.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::tests::documents;
use crate::page::document::{Document, Element};

const INTRODUCTION: &str = "\
# Messages on pages

What people read when something does not work, page by page. Names, numbers and host names are examples.
[Troubleshooting](troubleshooting.md) says what an operator does about them.

This page is generated from the samples of the pages:
`UPDATE_DOCS=1 cargo test -p drawbridge-runtime --lib page::gallery::messages`.

| page | message | what it advises |
|---|---|---|
";

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn texts(document: &Document, selector: &str) -> Vec<String> {
    document.all(selector).iter().map(Element::text).collect()
}

/// The rows of one page: a notice is a message itself, other pages have messages in them.
fn rows(name: &str, document: &Document) -> Vec<[String; 3]> {
    let title = texts(document, "h1").concat();
    if name.starts_with("notice/") {
        let message = texts(document, "p.lead").concat();
        let advice = document.all("ul.advice");
        let advice = advice.iter().flat_map(|list| list.all("li"));
        let advice: Vec<_> = advice.map(|line| line.text()).collect();
        return vec![[title, message, advice.join(" ")]];
    }
    let messages = document.all(".note.bad, .wrong");
    let refused = document.all("p.lead").into_iter();
    let refused = refused.filter(|_| name == "hand_over/refused");
    messages
        .into_iter()
        .chain(refused)
        .map(|message| [title.clone(), message.text(), String::new()])
        .collect()
}

#[tokio::test]
async fn messages_of_the_guide_are_those_of_the_pages() {
    let mut all: BTreeMap<[String; 3], ()> = BTreeMap::new();
    for (name, document) in documents().await {
        all.extend(rows(&name, &document).into_iter().map(|row| (row, ())));
    }
    assert!(all.len() > 25, "{}", all.len());
    let mut page = INTRODUCTION.to_owned();
    for [title, message, advice] in all.keys() {
        let [title, message, advice] = [title, message, advice].map(|it| cell(it));
        writeln!(page, "| {title} | {message} | {advice} |").unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/messages.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == page,
        "run UPDATE_DOCS=1 cargo test -p drawbridge-runtime --lib page::gallery::messages"
    );
}
