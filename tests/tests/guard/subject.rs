use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use descriptors::catalogue;
use generator::emit::{self, Package, Runtime};
use generator::inspect::Inspection;
use generator::lower::{Lowered, lower};
use generator::openapi::read;
use generator::report;
use runtime::codegen::Catalog;
use runtime::config::Config;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Descriptions that are recorded under one name.
pub(crate) struct Subject {
    /// The name.
    pub(crate) id: String,
    /// The descriptions, by a name that is a path.
    files: Vec<(String, PathBuf)>,
}

/// What descriptions become, as texts by path: what clients are served, what `inspect` prints, and
/// the sources of the crate.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) definitions: BTreeMap<String, String>,
    pub(crate) inspect: BTreeMap<String, String>,
    pub(crate) sources: BTreeMap<String, String>,
}

/// All descriptions: the one of this repository, those of the corpus each by itself, and the small
/// ones of the corpus together.
pub(crate) fn subjects(corpus: &Path, repository: &Path) -> Vec<Subject> {
    let example = repository.join("specs/api.yaml");
    let mut subjects = vec![Subject::of_one("api.yaml", example)];
    for entry in index(&corpus.join("corpus.dev.json")) {
        let (id, file) = (text(&entry, "id"), text(&entry, "entry"));
        subjects.push(Subject::of_one(
            id,
            corpus.join("corpus").join(id).join(file),
        ));
    }
    let small = index(&corpus.join("micro/index.dev.json"));
    subjects.push(Subject {
        id: "micro".to_owned(),
        files: small
            .iter()
            .map(|entry| text(entry, "file"))
            .map(|file| (file.to_owned(), corpus.join("micro").join(file)))
            .collect(),
    });
    subjects
}

fn index(file: &Path) -> Vec<Value> {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap()
}

impl Subject {
    fn of_one(id: &str, file: PathBuf) -> Subject {
        Subject {
            id: id.to_owned(),
            files: vec![(id.to_owned(), file)],
        }
    }

    /// How much there is to read, in bytes.
    pub(crate) fn size(&self) -> u64 {
        let sizes = self.files.iter().map(|(_, file)| file.metadata());
        sizes.flatten().map(|file| file.len()).sum()
    }

    /// Reads, lowers and emits the descriptions.
    pub(crate) fn texts(&self, corpus: &Path) -> Texts {
        let mut texts = Texts::default();
        // A server for each of many small ones takes long, and their sources say the same.
        let is_served = self.files.len() == 1;
        for (name, file) in &self.files {
            texts.add(name, file, corpus, is_served);
        }
        texts
    }
}

impl Texts {
    fn add(&mut self, name: &str, file: &Path, corpus: &Path, is_served: bool) {
        let Lowered { api, diagnostics } = match read(file) {
            Ok(document) => lower(document),
            Err(error) => {
                let reported = without_paths(&report::error(&error), file, corpus);
                self.inspect.insert(format!("{name}.txt"), reported);
                return;
            }
        };
        let inspection = Inspection::new(&api, diagnostics);
        let mut reported = report::diagnostics(file, &inspection.diagnostics, true);
        reported.push_str(&inspection.table());
        reported.push_str(&serde_json::to_string_pretty(&inspection).unwrap());
        let reported = without_paths(&reported, file, corpus);
        self.inspect.insert(format!("{name}.txt"), reported);

        if is_served {
            let definitions = definitions(catalogue(name, &api));
            self.definitions.insert(format!("{name}.json"), definitions);
        }
        for file in emit::emit(&api, &package()).unwrap() {
            if file.path.starts_with("src/") {
                self.sources
                    .insert(format!("{name}/{}", file.path), file.contents);
            }
        }
    }

    pub(crate) fn hashes(&self) -> [String; 3] {
        [&self.definitions, &self.inspect, &self.sources].map(hash)
    }

    /// Writes all of them below `directory`.
    pub(crate) fn write(&self, directory: &Path) {
        let texts = [
            ("definitions", &self.definitions),
            ("inspect", &self.inspect),
            ("sources", &self.sources),
        ];
        for (kind, texts) in texts {
            for (path, text) in texts {
                let path = directory.join(kind).join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
    }
}

/// `tools/list` as a server without settings answers it.
fn definitions(catalog: &'static Catalog) -> String {
    match runtime::app::definitions(catalog, &Config::default()) {
        Ok(served) => served.iter().map(|tool| format!("{tool:#}\n")).collect(),
        Err(error) => error.to_string(),
    }
}

/// A text that names a checkout's files by their place in the corpus.
fn without_paths(text: &str, file: &Path, corpus: &Path) -> String {
    let file = file.display().to_string();
    let real = corpus.canonicalize().unwrap().display().to_string();
    text.replace(&file, "DESCRIPTION")
        .replace(&corpus.display().to_string(), "CORPUS")
        .replace(&real, "CORPUS")
}

fn package() -> Package {
    Package {
        name: "guarded".to_owned(),
        command: "generator".to_owned(),
        regenerate: String::new(),
        runtime: Runtime::Path("../runtime".into()),
        workspace_root: false,
        build_context: None,
        profiles: String::new(),
        lock: None,
    }
}

/// The first half of the SHA-256 over paths and texts.
fn hash(texts: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (path, text) in texts {
        for part in [path, text] {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
    }
    let digest = hasher.finalize();
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
