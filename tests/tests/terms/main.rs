//! The words of sources and documents: terms that the project no longer uses, each with the one to
//! use instead.

mod rules;

use std::path::{Path, PathBuf};

use regex::Regex;
use tests::harness::requirement::repository;

/// A term that is not used, and the words for it.
struct Term {
    pattern: Regex,
    instead: &'static str,
}

/// Reads the rules. Words may be joined by `_`, as in identifiers.
fn terms() -> Vec<Term> {
    let words = rules::WORDS.iter().map(|(word, instead)| Term {
        pattern: Regex::new(&format!(r"(?i)(?:^|[^a-z])({word})(?:[^a-z]|$)")).unwrap(),
        instead,
    });
    let types = rules::TYPES.iter().map(|(name, instead)| Term {
        pattern: Regex::new(&format!(r"\b({name})\b")).unwrap(),
        instead,
    });
    words.chain(types).collect()
}

/// The files of a directory and those below it, by their paths below the repository.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(repository().join(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = directory.join(entry.file_name());
        let text = path.to_str().unwrap();
        if rules::LEFT_OUT.iter().any(|(part, _)| text.contains(part)) {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// All files that people read.
fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(Path::new(""), &mut found);
    found.retain(|path| {
        let extension = path.extension().and_then(|it| it.to_str());
        let is_script = path.starts_with(".ci");
        is_script || extension.is_some_and(|it| rules::EXTENSIONS.contains(&it))
    });
    found.sort();
    found
}

/// The uses of a term in a text: line, word, and what to use.
fn uses<'t>(terms: &'t [Term], text: &str) -> Vec<(usize, String, &'t str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for term in terms {
            if let Some(word) = term.pattern.captures(line) {
                found.push((number + 1, word[1].to_owned(), term.instead));
            }
        }
    }
    found
}

#[test]
fn sources_and_documents_use_the_terms_of_the_field() {
    let terms = terms();
    let (mut found, mut used) = (Vec::new(), vec![false; rules::ALLOWED.len()]);
    let files = all();
    assert!(files.len() > 500, "{} files", files.len());
    for path in files {
        let name = path.to_str().unwrap().to_owned();
        let Ok(text) = std::fs::read_to_string(repository().join(&path)) else {
            continue;
        };
        for (line, word, instead) in uses(&terms, &text) {
            let content = text.lines().nth(line - 1).unwrap_or_default();
            let allowed = rules::ALLOWED
                .iter()
                .position(|(file, part, _)| name.starts_with(file) && content.contains(part));
            match allowed {
                Some(place) => used[place] = true,
                None => found.push(format!("{name}:{line}: `{word}`: {instead}")),
            }
        }
    }
    assert!(
        found.is_empty(),
        "{}\n{} uses",
        found.join("\n"),
        found.len()
    );
    for ((file, part, reason), used) in rules::ALLOWED.iter().zip(used) {
        println!("allowed: {file}: `{part}`: {reason}");
        assert!(used, "{file}: `{part}` is no longer used: remove it");
    }
}

#[test]
fn term_is_found_in_prose_names_and_literals() {
    let terms = terms();
    for text in [
        "// The client is told.",
        "fn signs_nobody_out() {}",
        "let told = 1;",
        "\"whoever reads\"",
        "struct Fault;",
        "what is left of it",
    ] {
        assert_eq!(uses(&terms, text).len(), 1, "{text}");
    }
    for text in [
        "// A stand-alone server",
        "standard",
        "intolds",
        "defaults",
        "outdoors",
    ] {
        let found = uses(&terms, text);
        assert!(found.is_empty() || text.contains("stand-"), "{text}");
    }
}
