//! Every description of the corpus that is of 3.0, or was brought into its shape.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use generator::lower::lower;
use generator::openapi::{Document, read, strict};
use second_opinion::{Comparison, SecondOpinion};
use serde_json::Value;
use tests::harness::requirement;

/// The descriptions, the large ones and the small ones, by name.
fn descriptions(corpus: &Path) -> Vec<(String, PathBuf)> {
    let index = |file: &str| -> Vec<Value> {
        serde_json::from_str(&fs::read_to_string(corpus.join(file)).unwrap()).unwrap()
    };
    let large = index("corpus.dev.json").into_iter().map(|entry| {
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        let id = text("id");
        let file = corpus.join("corpus").join(&id).join(text("entry"));
        (id, file)
    });
    let small = index("micro/index.dev.json").into_iter().map(|entry| {
        let file = entry["file"].as_str().unwrap().to_owned();
        let path = corpus.join("micro").join(&file);
        (file, path)
    });
    let mut all: Vec<_> = large.chain(small).collect();
    // The longest first, so that none is left at the end for one processor alone.
    let size = |(_, path): &(String, PathBuf)| path.metadata().map_or(0, |file| file.len());
    all.sort_by_key(|one| std::cmp::Reverse(size(one)));
    all
}

/// What becomes of each description that a strict reader of 3.0 is for.
fn each<T: Send>(corpus: &Path, of: impl Fn(Document) -> Option<T> + Sync) -> BTreeMap<String, T> {
    let descriptions = descriptions(corpus);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((name, path)) = descriptions.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(found) = read(path).ok().and_then(&of) {
                done.lock().unwrap().insert(name.clone(), found);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap()
}

/// With `--nocapture` the figures are printed.
#[test]
fn readings_of_the_corpus_agree() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let compared = each(&corpus, |document| {
        let opinion = SecondOpinion::of(&document)?;
        Some(opinion.compare(&lower(document)))
    });
    let mut all = Comparison::default();
    for (name, comparison) in &compared {
        println!(
            "{name}: {} operations, {:?}",
            comparison.operations, comparison.explained
        );
        all.operations += comparison.operations;
        for (reason, count) in &comparison.explained {
            *all.explained.entry(reason).or_default() += count;
        }
        let named = comparison
            .unexplained
            .iter()
            .map(|it| format!("{name}: {it}"));
        all.unexplained.extend(named);
    }
    println!(
        "{} descriptions, {} operations; differences by reason: {:#?}",
        compared.len(),
        all.operations,
        all.explained
    );
    assert!(compared.len() > 50 && all.operations > 5000, "{all:?}");
    let differences = all.unexplained.join("\n");
    assert!(all.unexplained.is_empty(), "{differences}");
}

/// Objects one by one come to what openapiv3 says of all of them at once. It follows no references
/// and passes over some paths in silence, which `check` reports too.
#[test]
fn verdict_of_the_objects_is_that_of_the_whole() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let compared = each(&corpus, |document| {
        document.value().get("openapi")?;
        let rejections = strict::check(&document)?.rejections.into_iter();
        let by_objects: Vec<String> = rejections
            .map(|found| format!("{}: {}", found.pointer, found.message))
            .filter(|found| found.contains(": strict readers reject "))
            .collect();
        let whole = serde_json::from_value::<openapiv3::OpenAPI>(document.value().clone());
        Some((by_objects, whole.err().map(|error| error.to_string())))
    });
    let differences: Vec<_> = compared
        .iter()
        .filter(|(_, (by_objects, whole))| by_objects.is_empty() != whole.is_none())
        .collect();
    let rejected = compared.values().filter(|(_, whole)| whole.is_some());
    println!("{} of {} are rejected", rejected.count(), compared.len());
    assert!(compared.len() > 50);
    assert!(differences.is_empty(), "{differences:#?}");
}
