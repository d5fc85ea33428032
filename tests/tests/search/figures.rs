use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tests::harness::requirement::repository;

/// How many pairs a set may lose.
const TOLERANCE: f64 = 2.0;
/// The names of the columns, in order.
const COLUMNS: [&str; 5] = ["R@1", "R@5", "R@10", "families 5", "families 8"];

/// The figures of all sets, by name.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Figures(BTreeMap<String, Figure>);

/// The figures of one set.
#[derive(Default, Deserialize, Serialize)]
struct Figure {
    pairs: usize,
    /// How many pairs were found, in the order of the columns.
    found: [f64; 5],
}

impl Figures {
    pub(crate) fn add(&mut self, set: &str, found: [f64; 5]) {
        let figure = self.0.entry(set.to_owned()).or_default();
        figure.pairs += 1;
        for (sum, one) in figure.found.iter_mut().zip(found) {
            *sum += one;
        }
    }

    /// The shares in percent.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:24} {:>6}", "set", "pairs");
        for column in COLUMNS {
            let _ = write!(table, " {column:>10}");
        }
        for (set, figure) in &self.0 {
            let _ = write!(table, "\n{set:24} {:>6}", figure.pairs);
            for found in figure.found {
                let share = 100.0 * found / figure.pairs as f64;
                let _ = write!(table, " {share:>10.1}");
            }
        }
        table
    }
}

fn recorded() -> PathBuf {
    repository().join("tests/tests/search/figures.json")
}

/// Compares figures with those that are recorded, or records them.
pub(crate) fn compare(figures: &Figures) {
    let path = recorded();
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        let text = serde_json::to_string_pretty(figures).unwrap();
        fs::write(path, text + "\n").unwrap();
        return;
    }
    let recorded: Figures = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut lost = String::new();
    let sets = |figures: &Figures| figures.0.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        sets(figures),
        sets(&recorded),
        "UPDATE_FIGURES=1 records the sets that are measured"
    );
    for (set, before) in &recorded.0 {
        let now = &figures.0[set];
        assert_eq!(now.pairs, before.pairs, "{set}: pairs measured, recorded");
        for ((column, before), now) in COLUMNS.iter().zip(before.found).zip(now.found) {
            if now < before - TOLERANCE {
                let _ = writeln!(
                    lost,
                    "{set}: {column}: {now:.1} pairs, {before:.1} recorded"
                );
            }
        }
    }
    assert!(lost.is_empty(), "{lost}UPDATE_FIGURES=1 records them anew");
}
