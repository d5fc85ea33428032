use std::fs;

use generator::openapi::{read, read_with};
use tests::harness::requirement;

#[test]
fn overlays_produce_what_their_sets_say() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let directory = corpus.join("micro/dev/overlay-sets");
    let mut sets = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(set) = name.strip_suffix("__overlay.yaml") else {
            continue;
        };
        let file = |part: &str| directory.join(format!("{set}__{part}.yaml"));
        let found = read_with(&file("openapi"), &[file("overlay")]).unwrap();
        let expected = read(&file("output")).unwrap();
        assert_eq!(found.value(), expected.value(), "{set}");
        sets += 1;
    }
    assert!(sets > 0, "{}", directory.display());
}
