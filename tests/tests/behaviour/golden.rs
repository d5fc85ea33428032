//! Recorded texts.

use std::fs;

use similar::TextDiff;
use tests::harness::requirement::repository;

/// The variable under which texts are recorded instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Compares `text` with the recorded text of this name.
///
/// # Panics
/// Where they differ: the message is the difference.
pub(crate) fn assert_unchanged(name: &str, text: &str) {
    let file = repository().join("tests/tests/behaviour/golden").join(name);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, text).unwrap();
        return;
    }
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    if recorded == text {
        return;
    }
    let diff = TextDiff::from_lines(recorded.as_str(), text);
    let diff = diff.unified_diff().header("recorded", "now").to_string();
    panic!("{name} differs; if that is intended, record it with {UPDATE}=1:\n{diff}");
}
