//! The reference page is what the source says, and its examples are read.

use std::path::Path;

use runtime::config::Config;

use crate::page;

const EXAMPLE: &str = "../generator/templates/connector.example.toml";

/// Compares a file of the repository with its text, or writes it where that is asked for.
fn assert_is(file: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap() == text,
        "{}: run UPDATE_DOCS=1 cargo test -p tests --test configuration",
        file.display()
    );
}

#[test]
fn reference_page_is_what_the_source_says() {
    assert_is("../docs/configuration.md", &page::page());
}

#[test]
fn example_file_is_what_the_source_says_and_its_settings_are_read() {
    let example = page::example();
    assert_is(EXAMPLE, &example);
    let settings = example.lines().filter_map(|line| line.strip_prefix('#'));
    let settings: Vec<_> = settings.filter(|it| !it.starts_with(' ')).collect();
    Config::parse(&settings.join("\n"), Path::new("connector.example.toml")).unwrap();
}

#[test]
fn examples_of_the_reference_page_are_read() {
    Config::parse(page::EXAMPLES, Path::new("every_key.toml")).unwrap();
}

#[test]
fn emitted_file_names_every_section() {
    let template = include_str!("../../../generator/templates/connector.toml");
    let config: toml::Table = Config::default().effective().unwrap().parse().unwrap();
    for section in config.keys() {
        let headings = [format!("[{section}]"), format!("[[{section}]]")];
        let mut lines = template.lines().map(|line| line.trim_start_matches("# "));
        let is_there = lines.any(|line| headings.iter().any(|heading| line == heading));
        assert!(is_there, "[{section}] is missing");
    }
}

#[test]
fn effective_settings_show_where_a_secret_comes_from_and_never_the_secret() {
    let text = "[upstream.credentials]\na = \"hunter2\"\nb = { env = \"B\" }\n\
                c = { username = \"u\", password = \"hunter2\" }\n\
                [upstream.headers]\nX-Key = \"hunter2\"\nX-Plain = { public = \"seen\" }\n";
    let config = Config::parse(text, Path::new("connector.toml")).unwrap();
    let effective = config.effective().unwrap();
    assert!(!effective.contains("hunter2"), "{effective}");
    for line in [
        "a = \"[secret]\"",
        "env = \"B\"",
        "username = \"u\"",
        "public = \"seen\"",
    ] {
        assert!(effective.contains(line), "{line}\n{effective}");
    }
}

#[test]
fn effective_settings_of_a_file_are_those_of_the_file() {
    let config = Config::parse(page::EXAMPLES, Path::new("connector.toml")).unwrap();
    let effective: toml::Table = config.effective().unwrap().parse().unwrap();
    let examples: toml::Table = page::EXAMPLES.parse().unwrap();
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    page::keys(&examples, "", &mut expected);
    page::keys(&effective, "", &mut found);
    let missing: Vec<_> = expected.iter().filter(|key| !found.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
