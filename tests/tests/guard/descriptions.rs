use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use tests::harness::requirement;

use crate::UPDATE;
use crate::subject::{Subject, subjects};

/// What a line of the record holds beside the name of a description.
const KINDS: [&str; 3] = ["definitions", "inspect", "sources"];

#[test]
fn descriptions_become_what_is_recorded() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let update = env::var_os(UPDATE).is_some();
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guard/descriptions.txt");
    let recorded = read(&record);
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guard");
    let room = room.join(if update { "recorded" } else { "found" });
    let _ = fs::remove_dir_all(&room);

    let subjects = subjects(&corpus, &requirement::repository());
    let found = in_parallel(&subjects, |subject| {
        let texts = subject.texts(&corpus);
        let hashes = texts.hashes();
        if update || recorded.get(&subject.id) != Some(&hashes) {
            texts.write(&room);
        }
        hashes
    });
    if update {
        let lines = subjects.iter().map(|subject| {
            let hashes = found[&subject.id].join(" ");
            format!("{} {hashes}\n", subject.id)
        });
        fs::write(&record, lines.collect::<String>()).unwrap();
        return;
    }
    let mut differences = Vec::new();
    for (id, hashes) in &found {
        let Some(before) = recorded.get(id) else {
            differences.push(format!("{id}: is not recorded"));
            continue;
        };
        let kinds = KINDS.iter().zip(hashes.iter().zip(before));
        for (kind, _) in kinds.filter(|(_, (now, before))| now != before) {
            differences.push(format!("{id}: other {kind}"));
        }
    }
    let gone = recorded.keys().filter(|id| !found.contains_key(*id));
    differences.extend(gone.map(|id| format!("{id}: is not in the corpus")));
    assert!(
        differences.is_empty(),
        "what descriptions become is not what {} records:\n{}\nthe texts are in {}; record with \
         {UPDATE}=1 what is intended",
        record.display(),
        differences.join("\n"),
        room.display(),
    );
}

/// The hashes by description.
fn read(record: &Path) -> BTreeMap<String, [String; 3]> {
    let text = fs::read_to_string(record).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let mut words = line.split(' ').map(str::to_owned);
        let id = words.next().unwrap();
        (id, KINDS.map(|_| words.next().unwrap()))
    });
    lines.collect()
}

/// Works on all subjects, on all processors.
fn in_parallel<T: Send>(
    subjects: &[Subject],
    work: impl Fn(&Subject) -> T + Sync,
) -> BTreeMap<String, T> {
    // The longest first, so that none is left at the end for one processor alone.
    let mut waiting: Vec<&Subject> = subjects.iter().collect();
    waiting.sort_by_key(|subject| std::cmp::Reverse(subject.size()));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let run = || {
        while let Some(subject) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(subject);
            done.lock().unwrap().insert(subject.id.clone(), result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(run);
        }
    });
    done.into_inner().unwrap()
}
