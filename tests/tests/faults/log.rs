//! The write-ahead log garbled: before a start, and while the server runs.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::world::World;

/// What becomes of a file in which the digests of some tokens are.
type Garble = fn(&[u8], &[[u8; 32]]) -> Vec<u8>;

const ZEROS: Garble = |bytes, _| vec![0; bytes.len()];
const OTHER_BYTES: Garble = |bytes, _| bytes.iter().map(|it| !it).collect();
const SOME_BYTES: Garble = |bytes, _| {
    let bytes = bytes.iter().enumerate();
    let garbled = bytes.map(|(at, it)| if at % 100 == 99 { !it } else { *it });
    garbled.collect()
};
const NOTHING: Garble = |_, _| Vec::new();
/// Other digests in the indexes by which tokens are looked up: SQLite finds nothing, and no error.
const DIGESTS: Garble = |bytes, digests| {
    // The log has a header, and one before each page (SQLite, "Database File Format" §4.1).
    let (header, before_page) = match bytes.starts_with(b"SQLite format 3") {
        true => (0, 0),
        false => (32, 24),
    };
    let mut garbled = bytes.to_vec();
    for frame in garbled[header..].chunks_mut(before_page + 4096) {
        let page = &mut frame[before_page..];
        // The leaves of an index (§1.6).
        if page[0] != 0x0a {
            continue;
        }
        for digest in digests {
            let found = page.windows(digest.len()).position(|it| it == digest);
            if let Some(at) = found {
                page[at..at + 4].iter_mut().for_each(|byte| *byte ^= 0xff);
            }
        }
    }
    assert!(garbled != bytes, "the digests are not there");
    garbled
};

#[tokio::test(flavor = "multi_thread")]
async fn log_that_is_garbled_before_a_start_is_an_error_that_says_what_to_do() {
    let world = World::prepare("garbled").await;
    let server = world.start().await;
    let before = world.during().await;
    assert!(before.are_good(), "{before}");
    server.kill().await.unwrap();
    let path = world.deployment.beside("-wal");
    let log = std::fs::read(&path).unwrap();
    let mut said = String::new();
    for garble in [ZEROS, OTHER_BYTES, SOME_BYTES, NOTHING] {
        std::fs::write(&path, garble(&log, &[])).unwrap();
        said = world.deployment.refusal().await.unwrap();
        for part in [
            "the last changes",
            "Put both files back",
            "restore a backup",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
    std::fs::write(&path, &log).unwrap();
    let server = world.start().await;
    let (between, after) = world.after().await;
    assert!(between.are_good() && after.are_good(), "{between} {after}");
    server.kill().await.unwrap();
    let during = format!("no start: {}", said.trim());
    let row = world.row(
        "log garbled before a start, then put back",
        during,
        after.to_string(),
    );
    row.await.check();
}

/// Reads a file of the database, which stays open to be changed in place.
fn contents(path: &Path) -> (File, Vec<u8>) {
    let mut options = File::options();
    let file = options.read(true).write(true).open(path).unwrap();
    let mut bytes = vec![0; file.metadata().unwrap().len().try_into().unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    (file, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_read_while_garbled_sign_no_person_out_once_they_are_repaired() {
    let world = World::prepare("repaired").await;
    let server = world.start().await;
    let (file, bytes) = contents(&world.deployment.beside(""));
    let garbled = DIGESTS(&bytes, &world.digests().await);
    file.write_all_at(&garbled, 0).unwrap();
    // Nothing is written meanwhile, and every connection that reads has its turn.
    for _ in 0..4 {
        assert_eq!(world.call().await, BTreeSet::from(["503".to_owned()]));
    }
    file.write_all_at(&bytes, 0).unwrap();
    for _ in 0..4 {
        assert_eq!(world.call().await, BTreeSet::from(["ok".to_owned()]));
    }
    server.stop().await.unwrap();
}

/// Garbles a file of the database under a server, and puts it back.
async fn garbled(suffix: &str, how: &str, garble: Garble) {
    let name = format!("garbled{suffix}-{}", how.replace(' ', "-"));
    let world = World::prepare(&name).await;
    let server = world.start().await;
    // At a start, SQLite moves what is in the log into the database.
    if suffix == "-wal" {
        let before = world.during().await;
        assert!(before.are_good(), "{before}");
    }
    let (file, bytes) = contents(&world.deployment.beside(suffix));
    let garbled = garble(&bytes, &world.digests().await);
    file.set_len(garbled.len() as u64).unwrap();
    file.write_all_at(&garbled, 0).unwrap();
    let during = world.during().await;
    assert!(!during.are_good(), "it was no fault");
    file.write_all_at(&bytes, 0).unwrap();
    let after = world.after().await;
    let what = match suffix {
        "" => "database",
        _ => "log",
    };
    let fault = format!("{what} garbled while running ({how}), then put back");
    world.conclude(&fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_zeros_under_a_server_signs_no_person_out() {
    garbled("-wal", "zeros", ZEROS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_other_bytes_under_a_server_signs_no_person_out() {
    garbled("-wal", "other bytes", OTHER_BYTES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_with_some_other_bytes_under_a_server_signs_no_person_out() {
    garbled("-wal", "one byte of 100", SOME_BYTES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_that_is_emptied_under_a_server_signs_no_person_out() {
    garbled("-wal", "emptied", NOTHING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_in_which_tokens_are_not_found_under_a_server_signs_no_person_out() {
    garbled("-wal", "digests of tokens", DIGESTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_in_which_tokens_are_not_found_under_a_server_signs_no_person_out() {
    garbled("", "digests of tokens", DIGESTS).await;
}
