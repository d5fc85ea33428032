//! The database's file removed: while the server runs, and before it starts.

use crate::world::World;

/// What the database is made of.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Moves the files of the database aside, or back.
fn move_files(world: &World, from: &str, to: &str) {
    for suffix in FILES {
        let path = |place: &str| world.deployment.beside(&format!("{place}{suffix}"));
        std::fs::rename(path(from), path(to)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_is_removed_while_the_server_runs_signs_no_person_out() {
    let world = World::prepare("removed").await;
    let server = world.start().await;
    move_files(&world, "", "-aside");
    let during = world.during().await;
    assert!(during.ready.contains("503"), "it was no fault: {during}");
    assert!(!world.deployment.database().exists(), "a database was made");
    move_files(&world, "-aside", "");
    let after = world.after().await;
    let row = world.conclude(
        "database removed while running, then put back",
        server,
        during,
        after,
    );
    row.await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_is_removed_before_a_start_is_an_error_that_says_what_to_do() {
    let world = World::prepare("missing").await;
    let server = world.start().await;
    let before = world.during().await;
    assert!(before.are_good(), "{before}");
    server.kill().await.unwrap();
    move_files(&world, "", "-aside");
    let said = world.deployment.refusal().await.unwrap();
    for part in [
        "is missing",
        ".marker",
        "Put the file back",
        "restore a backup",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!world.deployment.database().exists(), "a database was made");
    move_files(&world, "-aside", "");
    let server = world.start().await;
    let (between, after) = world.after().await;
    assert!(between.are_good() && after.are_good(), "{between} {after}");
    server.kill().await.unwrap();
    let during = format!("no start: {}", said.trim());
    let row = world.row(
        "database removed before a start, then put back",
        during,
        after.to_string(),
    );
    row.await.check();
}
