//! From a description to the files of its crate: whatever the description says, the crate is Rust,
//! its schemas are JSON Schema 2020-12, no text of the description gets out of its literal, and
//! openapiv3 finds the same operations, parameters, media types and security in it.

#![no_main]

use std::path::Path;

use fuzz::{chance, emitted, mutate, words};
use generator::{lower, openapi, report};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use second_opinion::SecondOpinion;

/// In a directory that does not exist, so that no reference leads to a file.
const PATH: &str = "/nowhere/api.json";

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::document(data, size, max_size, seed, &words::DESCRIPTION)
});

fuzz_target!(init: chance::fix(), |data: &[u8]| -> Corpus {
    let path = Path::new(PATH);
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let Ok(document) = openapi::parse(path, text.to_owned()) else {
        return Corpus::Reject;
    };
    let second = SecondOpinion::of(&document);
    let lowered = lower::lower(document);
    if let Some(second) = second {
        let comparison = second.compare(&lowered);
        assert_eq!(comparison.unexplained, <[String; 0]>::default());
    }
    for found in &lowered.diagnostics {
        assert!(!found.message.is_empty());
        assert!(
            found.pointer.is_empty() || found.pointer.starts_with('/'),
            "{found:?}"
        );
    }
    let reported = report::diagnostics(path, &lowered.diagnostics, true);
    assert!(
        !reported.contains(|c: char| c.is_control() && c != '\n'),
        "{reported:?}"
    );
    emitted::check(&lowered.api);
    Corpus::Keep
});
