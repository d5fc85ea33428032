//! The files of the store: what a clean stop leaves, and that a start never takes a database that is
//! gone, damaged or older for a new one.

use std::fs;
use std::path::{Path, PathBuf};

use runtime::app::{self, Environment, StartError};
use runtime::config::{Auth, Config};
use serde_json::json;

use crate::browser::Browser;
use crate::support::{Client, EMAIL, PASSWORD, TestServer};

/// An empty directory that no other test has.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(suffix);
    path.into()
}

/// Copies files of a database; returns the path of the copy.
fn copy(from: &Path, to: &Path, suffixes: &[&str]) -> PathBuf {
    let to = to.join("connector.db");
    for suffix in suffixes {
        fs::copy(beside(from, suffix), beside(&to, suffix)).unwrap();
    }
    to
}

/// All files of a directory but the index of the log and an empty log, which hold nothing.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(directory).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| !path.to_string_lossy().ends_with("-shm"));
    files.sort();
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    let files = files.into_iter().map(read);
    files
        .filter(|(path, bytes)| !path.to_string_lossy().ends_with("-wal") || !bytes.is_empty())
        .collect()
}

fn config(database: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen.set_port(0);
    config.server.auth = Auth::Oauth;
    config.server.mock = true;
    config.store.path = database.to_owned();
    config
}

async fn start(database: &Path) -> Result<app::Server, StartError> {
    app::start(
        &crate::support::CATALOG,
        config(database),
        Environment::default(),
    )
    .await
}

/// Asserts that no server starts on a database, that the message names the file and says all of
/// `reported`, and that nothing was changed.
async fn refused(database: &Path, reported: &[&str]) {
    let directory = database.parent().unwrap();
    let before = contents(directory);
    let error = start(database).await.map(|_| ()).unwrap_err().to_string();
    let name = database.display().to_string();
    for part in reported.iter().copied().chain([name.as_str()]) {
        assert!(error.contains(part), "{error}\nnot: {part}");
    }
    assert!(contents(directory) == before, "files were changed");
}

/// Asserts that a server starts with the one account and its workspace.
async fn starts(database: &Path) {
    let server = start(database).await.unwrap();
    assert_eq!(server.setup_link(), None);
    server.shutdown().await;
    let workspaces = app::workspaces(&config(database)).await.unwrap();
    let names: Vec<_> = workspaces.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Studio"]);
}

/// The files of a server that was killed while it ran, after a first account was made, in a
/// directory of their own.
async fn killed(name: &str) -> PathBuf {
    let bench = TestServer::start().await;
    bench.first_person().await;
    copy(&bench.database, &directory(name), &["", "-wal", ".marker"])
}

/// The files of a server that was stopped.
async fn stopped(name: &str) -> PathBuf {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let database = bench.database.clone();
    bench.server.shutdown().await;
    copy(&database, &directory(name), &["", ".marker"])
}

#[tokio::test]
async fn a_clean_stop_leaves_everything_in_the_one_file() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let (database, clock) = (bench.database.clone(), bench.clock.clone());
    bench.server.shutdown().await;
    for suffix in ["-wal", "-shm"] {
        assert!(!beside(&database, suffix).exists(), "{suffix} is left");
    }
    let database = copy(&database, &directory("stop"), &[""]);
    let again = TestServer::again(&database, clock).await;
    assert_eq!(again.server.setup_link(), None);
    assert_eq!(
        again
            .call(&tokens.access, "get_pet", json!({}))
            .await
            .status,
        200
    );
    let mut browser = Browser::new(&again);
    let page = browser.open("/account/sign-in").await.page();
    let landed = browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    assert_eq!(landed.location, "/portal/keys");
}

#[tokio::test]
async fn a_killed_server_starts_again_with_its_log() {
    starts(&killed("killed").await).await;
}

#[tokio::test]
async fn a_command_leaves_everything_in_the_one_file() {
    let database = killed("command").await;
    app::workspaces(&config(&database)).await.unwrap();
    assert!(!beside(&database, "-wal").exists());
    fs::remove_file(beside(&database, ".marker")).unwrap();
    starts(&database).await;
}

#[tokio::test]
async fn a_command_makes_no_store() {
    let database = directory("no-store").join("connector.db");
    let error = app::workspaces(&config(&database)).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no store at"),
        "{error}"
    );
    assert!(!database.exists());
}

#[tokio::test]
async fn a_database_that_is_gone_is_never_replaced_by_an_empty_one() {
    let database = stopped("gone").await;
    fs::remove_file(&database).unwrap();
    refused(&database, &["is missing", ".marker", "restore a backup"]).await;
    fs::write(&database, "").unwrap();
    refused(&database, &["is empty", ".marker", "restore a backup"]).await;
    // What the message says for those who want to start afresh.
    fs::remove_file(beside(&database, ".marker")).unwrap();
    let server = start(&database).await.unwrap();
    assert!(server.setup_link().is_some());
}

#[tokio::test]
async fn a_log_without_its_database_is_no_first_start() {
    let database = killed("log-alone").await;
    fs::remove_file(&database).unwrap();
    fs::remove_file(beside(&database, ".marker")).unwrap();
    refused(&database, &["is missing", "connector.db-wal"]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_nowhere_is_followed_to_the_marker() {
    let database = stopped("link").await;
    let link = directory("link-from").join("connector.db");
    std::os::unix::fs::symlink(&database, &link).unwrap();
    starts(&link).await;
    fs::remove_file(&database).unwrap();
    let error = start(&link).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("is missing"), "{error}");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let database = stopped("foreign").await;
    fs::write(
        &database,
        "a letter to my aunt, which is no database at all",
    )
    .unwrap();
    refused(
        &database,
        &["is not an SQLite database", "restore a backup"],
    )
    .await;
    fs::remove_file(beside(&database, ".marker")).unwrap();
    refused(&database, &["is not an SQLite database"]).await;
}

#[tokio::test]
async fn a_database_that_was_cut_short_is_refused() {
    for with_log in [false, true] {
        let name = format!("short-{with_log}");
        let whole = match with_log {
            true => killed(&name).await,
            false => stopped(&name).await,
        };
        let bytes = fs::read(&whole).unwrap();
        let pages = bytes.len() / 4096;
        for pages in [1, 2, pages / 2, pages - 1] {
            let cut = directory(&format!("{name}-{pages}"));
            let suffixes: &[_] = if with_log {
                &["-wal", ".marker"]
            } else {
                &[".marker"]
            };
            let cut = copy(&whole, &cut, suffixes);
            fs::write(&cut, &bytes[..pages * 4096]).unwrap();
            // Where the log holds all pages that are missing, nothing is.
            match with_log {
                true => drop(
                    start(&cut)
                        .await
                        .map(|server| assert_eq!(server.setup_link(), None)),
                ),
                false => refused(&cut, &["restore a backup"]).await,
            }
        }
        let cut = copy(&whole, &directory(&format!("{name}-odd")), &[".marker"]);
        fs::write(&cut, &bytes[..bytes.len() - 1000]).unwrap();
        refused(&cut, &["connector.db"]).await;
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_noticed() {
    let database = stopped("page").await;
    let mut bytes = fs::read(&database).unwrap();
    let last = bytes.len() - 4096;
    for page in [4096, last] {
        bytes[page..page + 4096].fill(0xa5);
    }
    fs::write(&database, bytes).unwrap();
    refused(&database, &["is damaged", "restore a backup"]).await;
}

#[tokio::test]
async fn a_log_that_lost_changes_is_refused() {
    let whole = killed("log").await;
    let mut log = fs::read(beside(&whole, "-wal")).unwrap();
    let frame = 24 + 4096;
    // Behind the frames that count, which have the salt of the header, there may be older ones.
    let current = log[32..]
        .chunks(frame)
        .take_while(|it| it[8..16] == log[16..24]);
    let frames = current.count();
    assert!(frames > 10, "{frames}");
    log.truncate(32 + frame * frames);
    let mut wrecks = vec![
        ("missing", None),
        ("empty", Some(Vec::new())),
        ("noise", Some(vec![0x5a; log.len()])),
    ];
    for cut in [32, 32 + frame * (frames / 2), log.len() - 1] {
        wrecks.push(("cut", Some(log[..cut].to_vec())));
    }
    for at in [0, 8, 32 + 4, 32 + 24 + 100, 32 + frame * (frames - 1) + 30] {
        let mut garbled = log.clone();
        garbled[at..at + 8]
            .iter_mut()
            .for_each(|byte| *byte ^= 0xff);
        wrecks.push(("garbled", Some(garbled)));
    }
    for (number, (what, wreck)) in wrecks.into_iter().enumerate() {
        let place = directory(&format!("log-{number}-{what}"));
        let database = copy(&whole, &place, &["", ".marker"]);
        if let Some(wreck) = wreck {
            fs::write(beside(&database, "-wal"), wreck).unwrap();
        }
        let reported = [
            "the last changes",
            "are lost",
            "connector.db-wal",
            "connector.db.marker",
        ];
        refused(&database, &reported).await;
        // The message says how to go on without them, and that is what happens then.
        fs::remove_file(beside(&database, ".marker")).unwrap();
        start(&database).await.unwrap().shutdown().await;
    }
}

#[tokio::test]
async fn a_transaction_that_was_under_way_when_the_server_was_killed_is_no_loss() {
    let database = killed("torn").await;
    let log = beside(&database, "-wal");
    let mut bytes = fs::read(&log).unwrap();
    // The beginning of one more frame, as a process leaves it that is killed between two writes.
    let header = bytes[16..24].to_vec();
    bytes.extend([0, 0, 0, 9, 0, 0, 0, 0]);
    bytes.extend(header);
    bytes.extend([7; 3000]);
    fs::write(&log, bytes).unwrap();
    starts(&database).await;
}

#[tokio::test]
async fn an_older_file_is_refused_until_somebody_says_that_it_is_meant() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let database = bench.database.clone();
    let (clock, place) = (bench.clock.clone(), directory("older"));
    bench.server.shutdown().await;
    let backup = copy(&database, &directory("older-backup"), &[""]);
    let again = TestServer::again(&database, clock).await;
    Client::claude(&again).await;
    again.server.shutdown().await;
    let database = copy(&database, &place, &[".marker"]);
    fs::copy(&backup, &database).unwrap();
    refused(
        &database,
        &["is older than", "on purpose", "connector.db.marker"],
    )
    .await;
    fs::remove_file(beside(&database, ".marker")).unwrap();
    starts(&database).await;
}

#[tokio::test]
async fn an_older_file_is_not_mixed_with_the_log_of_a_newer_one() {
    let backup = stopped("mixed-backup").await;
    let bench = TestServer::again(&backup, std::sync::Arc::default()).await;
    Client::claude(&bench).await;
    bench.server.shutdown().await;
    let bench = TestServer::again(&backup, std::sync::Arc::default()).await;
    Client::claude(&bench).await;
    let database = copy(&backup, &directory("mixed"), &["", "-wal", ".marker"]);
    let old = stopped("mixed-old").await;
    fs::copy(&old, &database).unwrap();
    refused(&database, &["is not the store that was here", "-wal"]).await;
}

#[tokio::test]
async fn a_database_without_a_marker_gets_one() {
    let database = stopped("unmarked").await;
    fs::remove_file(beside(&database, ".marker")).unwrap();
    starts(&database).await;
    fs::remove_file(&database).unwrap();
    refused(&database, &["is missing"]).await;
}

#[tokio::test]
async fn a_marker_that_cannot_be_read_represents_a_store() {
    let database = stopped("unreadable").await;
    fs::write(beside(&database, ".marker"), "\0\0\0\0").unwrap();
    starts(&database).await;
    fs::write(beside(&database, ".marker"), "").unwrap();
    fs::remove_file(&database).unwrap();
    refused(&database, &["is missing"]).await;
}
