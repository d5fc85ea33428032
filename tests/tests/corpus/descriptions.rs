use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use generator::lower::{Lowered, lower};
use generator::openapi::read;
use serde_json::Value;

/// The descriptions of the corpus, lowered once for all tests: those of more than one file left
/// out.
pub(crate) fn descriptions(corpus: &Path) -> &'static [(String, Lowered)] {
    static LOWERED: OnceLock<Vec<(String, Lowered)>> = OnceLock::new();
    LOWERED.get_or_init(|| {
        let index = parsed(&corpus.join("corpus.dev.json"));
        let entries = index.as_array().unwrap().iter();
        entries
            .map(|entry| {
                let text = |field: &str| entry[field].as_str().unwrap();
                let id = text("id");
                let file = corpus.join("corpus").join(id).join(text("entry"));
                (id.to_owned(), lowered(&file))
            })
            .collect()
    })
}

pub(crate) fn parsed(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn lowered(file: &Path) -> Lowered {
    lower(read(file).unwrap_or_else(|error| panic!("{error}")))
}
