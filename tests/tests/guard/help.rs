use std::path::Path;
use std::{env, fs};

use tests::harness::help::help;

use crate::UPDATE;

#[test]
fn help_of_the_generator_is_as_recorded() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guard/help-generator.txt");
    let found = help(env!("CARGO_BIN_EXE_describe"));
    if env::var_os(UPDATE).is_some() {
        fs::write(&record, found).unwrap();
        return;
    }
    let recorded = fs::read_to_string(&record).unwrap_or_default();
    assert_eq!(
        found,
        recorded,
        "the help is not what {} records; record with {UPDATE}=1 what is intended",
        record.display()
    );
}
