use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use generator::lower::lower;
use generator::openapi::read;
use runtime::codegen::{Catalog, Operation};
use runtime::search::{Found, Index};
use serde::Deserialize;
use serde_json::Value;
use tests::harness::requirement::{self, repository};

use crate::figures::{Figures, compare};

/// A request, and the operations that it means.
#[derive(Deserialize)]
struct Pair {
    id: String,
    /// The description: an id of the corpus, or a path beside the set. One that ends in `/` is all
    /// descriptions of that directory as one catalogue.
    spec: String,
    query: String,
    /// One of these is the answer.
    #[serde(default)]
    any_of: Vec<String>,
    /// All of these are needed.
    #[serde(default)]
    all_of: Vec<String>,
}

/// The indexes of descriptions by their names, each made once.
struct Indexes {
    sets: PathBuf,
    corpus: PathBuf,
    entries: HashMap<String, String>,
    made: HashMap<String, Index>,
}

impl Indexes {
    fn new(sets: PathBuf, corpus: PathBuf) -> Indexes {
        let index = fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
        let index: Vec<Value> = serde_json::from_str(&index).unwrap();
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
        let entries = index.iter().map(|it| (text(it, "id"), text(it, "entry")));
        Indexes {
            sets,
            entries: entries.collect(),
            corpus,
            made: HashMap::new(),
        }
    }

    fn get(&mut self, spec: &str) -> &Index {
        if !self.made.contains_key(spec) {
            let index = Index::new(catalogue(&self.files(spec)));
            self.made.insert(spec.to_owned(), index);
        }
        &self.made[spec]
    }

    fn files(&self, spec: &str) -> Vec<PathBuf> {
        match self.entries.get(spec) {
            Some(entry) => vec![self.corpus.join("corpus").join(spec).join(entry)],
            None if spec.ends_with('/') => json_files(&self.sets.join(spec)),
            None => vec![self.sets.join(spec)],
        }
    }
}

/// The files of a directory with this ending, sorted.
fn with_ending(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|it| it.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|it| it == ending))
        .collect();
    files.sort();
    files
}

fn json_files(directory: &Path) -> Vec<PathBuf> {
    with_ending(directory, "json")
}

/// The descriptions as one catalogue, which lives as long as the tests.
fn catalogue(files: &[PathBuf]) -> &'static Catalog {
    let mut catalogs = files.iter().map(|file| {
        let document = read(file).unwrap_or_else(|error| panic!("{error}"));
        descriptors::catalogue("search", &lower(document).api)
    });
    let first = catalogs.next().unwrap();
    let rest: Vec<&Catalog> = catalogs.collect();
    if rest.is_empty() {
        return first;
    }
    let all = [first].into_iter().chain(rest);
    let operations: Vec<&'static [&'static Operation]> =
        all.flat_map(|it| it.operations).copied().collect();
    Box::leak(Box::new(Catalog {
        operations: operations.leak(),
        ..*first
    }))
}

fn route(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// Which share of what a pair needs is among these operations.
fn share(pair: &Pair, found: &[String]) -> f64 {
    if pair.all_of.is_empty() {
        return f64::from(u8::from(pair.any_of.iter().any(|it| found.contains(it))));
    }
    let hits = pair.all_of.iter().filter(|it| found.contains(it)).count();
    hits as f64 / pair.all_of.len() as f64
}

fn measure(pair: &Pair, found: &Found) -> [f64; 5] {
    let tools = |bound: usize| -> Vec<String> {
        let tools = found.tools.iter().take(bound);
        tools.map(|hit| route(hit.operation)).collect()
    };
    let families = |bound: usize| -> Vec<String> {
        let families = found.families.iter().take(bound);
        families
            .flat_map(|family| &family.tools)
            .map(|it| route(it))
            .collect()
    };
    [
        share(pair, &tools(1)),
        share(pair, &tools(5)),
        share(pair, &tools(10)),
        share(pair, &families(5)),
        share(pair, &families(8)),
    ]
}

fn pairs(file: &Path) -> Vec<Pair> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Set `SHOW_MISSED` to a part of a set's name to print what it misses.
fn report_missed(set: &str, pair: &Pair, found: &Found) {
    let shown = std::env::var("SHOW_MISSED").is_ok_and(|part| set.contains(&part));
    if !shown {
        return;
    }
    let best: Vec<_> = found
        .tools
        .iter()
        .take(5)
        .map(|it| it.operation.name)
        .collect();
    let meant = pair.any_of.iter().chain(&pair.all_of);
    let meant: Vec<_> = meant
        .map(|route| {
            let place = found
                .tools
                .iter()
                .position(|it| self::route(it.operation) == *route);
            format!("{route} ({})", place.map_or(0, |place| place + 1))
        })
        .collect();
    println!(
        "missed {}: {}\n   {}\n   found {}",
        pair.id,
        pair.query,
        meant.join(", "),
        best.join(", ")
    );
}

#[test]
fn search_finds_what_requests_mean_as_often_as_recorded() {
    let (Some(sets), Some(corpus)) = (
        requirement::require(requirement::search_eval()),
        requirement::require(requirement::corpus()),
    ) else {
        return;
    };
    let mut files = with_ending(&sets, "jsonl");
    files.extend(with_ending(
        &repository().join("tests/tests/search/people"),
        "jsonl",
    ));
    let mut indexes = Indexes::new(sets, corpus);
    let only = std::env::var("ONLY_SET").unwrap_or_default();
    let mut figures = Figures::default();
    for file in files {
        let set = file.file_stem().unwrap().to_str().unwrap();
        if !set.contains(&only) {
            continue;
        }
        for pair in pairs(&file) {
            let found = indexes.get(&pair.spec).search(&pair.query, |_| true);
            let measured = measure(&pair, &found);
            if measured[1] < 1.0 {
                report_missed(set, &pair, &found);
            }
            figures.add(set, measured);
        }
    }
    println!("{}", figures.table());
    if only.is_empty() {
        compare(&figures);
    }
}

#[test]
fn answer_fits_its_budget_over_every_request() {
    let (Some(sets), Some(corpus)) = (
        requirement::require(requirement::search_eval()),
        requirement::require(requirement::corpus()),
    ) else {
        return;
    };
    let requests = pairs(&sets.join("github-client.jsonl"));
    let mut indexes = Indexes::new(sets, corpus);
    let mut longest = 0;
    for pair in requests.iter().step_by(7) {
        let found = indexes.get(&pair.spec).search(&pair.query, |_| true);
        longest = longest.max(found.text.len());
        assert!(found.text.len() <= 10_000, "{}: {}", pair.id, found.text);
        assert!(found.families.len() <= 8, "{}", pair.id);
        for family in &found.families {
            assert!(family.tools.len() <= 40, "{}: {}", pair.id, family.name);
            for tool in &family.tools {
                assert!(found.text.contains(tool.name), "{}: {}", pair.id, tool.name);
            }
        }
    }
    println!("the longest answer has {} tokens", longest.div_ceil(4));
}
