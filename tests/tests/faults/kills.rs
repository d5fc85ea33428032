//! A server that is killed while a person approves a connection for which a key is made at the API.

use std::path::PathBuf;
use std::time::Duration;

use tests::harness::browser::Form;
use tests::harness::relay::Stop;
use tests::harness::requirement::require;
use tests::harness::store_connection::StoreConnection;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::answers;
use crate::world::{Place, World};

/// How often the server is killed at each step, unless `FAULTS_KILLS` says otherwise.
const KILLS: u32 = 10;
/// The same with the store in PostgreSQL.
const KILLS_ON_POSTGRESQL: u32 = 5;

/// A step of an approval.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Before it is noted that a key is asked for.
    BeforeIntent,
    /// Before the API hears of the request for a key.
    BeforeRequest,
    /// After the API has made the key, and before its answer.
    BeforeAnswer,
    /// After the API's answer, and before the grant is committed.
    BeforeCommit,
    /// After the grant is committed, and before the person is sent back to the client.
    BeforeRedirect,
    /// Some milliseconds after the approval.
    AtRandom(u64),
}

fn kills(place: Place) -> u32 {
    let wanted = std::env::var("FAULTS_KILLS").ok();
    let usual = match place {
        Place::File => KILLS,
        Place::Postgres(_) => KILLS_ON_POSTGRESQL,
    };
    wanted.map_or(usual, |wanted| wanted.parse().unwrap())
}

fn approve(world: &World, form: Form) -> JoinHandle<String> {
    let person = world.deployment.person.clone();
    tokio::spawn(async move { answers::approve(&person, &form).await })
}

/// How many connections have a key.
async fn grants(store: &mut StoreConnection) -> i64 {
    let grants = "SELECT count(*) FROM upstream_keys";
    store.number(grants).await.unwrap()
}

/// Has the server hear nothing of the end of its next commit. Returns a file that was put aside for it.
async fn hold_next_commit(world: &World) -> Option<[PathBuf; 2]> {
    if let Some(database) = &world.database {
        database.relay.hold_commits(true);
        return None;
    }
    // A commit is followed by its number in the marker, which here waits for a reader.
    let [marker, aside] = [".marker", ".aside"].map(|it| world.deployment.beside(it));
    std::fs::rename(&marker, &aside).unwrap();
    let made = Command::new("mkfifo").arg(&marker).status().await.unwrap();
    assert!(made.success());
    Some([aside, marker])
}

/// Kills the server at a step; what the person saw.
async fn kill_at(world: &World, step: Step) -> String {
    let server = world.start().await;
    let form = world.approval().await;
    let mut store = world.deployment.open_store().await.unwrap();
    let before = grants(&mut store).await;
    let mut aside = None;
    let stop = match step {
        Step::BeforeRequest => Stop::Request,
        _ => Stop::Answer,
    };
    let mut held = world.relay.hold("POST", "/api-keys", stop);
    let approving;
    match step {
        Step::BeforeIntent => {
            store.hold_changes().await.unwrap();
            approving = approve(world, form);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Step::BeforeRequest | Step::BeforeAnswer => {
            approving = approve(world, form);
            held.reached().await.unwrap();
        }
        Step::BeforeCommit => {
            approving = approve(world, form);
            held.reached().await.unwrap();
            store.hold_changes().await.unwrap();
            held.release();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Step::BeforeRedirect => {
            approving = approve(world, form);
            held.reached().await.unwrap();
            aside = hold_next_commit(world).await;
            held.release();
            while before == grants(&mut store).await {}
        }
        Step::AtRandom(milliseconds) => {
            held.release();
            approving = approve(world, form);
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }
    server.kill().await.unwrap();
    if let Some([aside, marker]) = aside {
        std::fs::rename(aside, marker).unwrap();
    }
    if let Some(database) = &world.database {
        database.relay.hold_commits(false);
    }
    drop(store);
    approving.await.unwrap()
}

/// What each person saw, and how often.
fn counted(mut seen: Vec<String>) -> String {
    seen.sort();
    let groups = seen.chunk_by(|a, b| a == b);
    let groups = groups.map(|group| format!("{} {}×", group[0], group.len()));
    groups.collect::<Vec<_>>().join(", ")
}

async fn no_key_is_left_behind(name: &str, step: impl Fn(u32) -> Step) {
    no_key_is_left_behind_in(Place::File, name, step).await;
}

/// The same with the store in PostgreSQL.
async fn no_key_is_left_behind_on_postgresql(name: &str, step: impl Fn(u32) -> Step) {
    if let Some(server) = require(postgres_server::shared()) {
        let name = format!("{name}, on PostgreSQL");
        no_key_is_left_behind_in(Place::Postgres(server), &name, step).await;
    }
}

async fn no_key_is_left_behind_in(place: Place, name: &str, step: impl Fn(u32) -> Step) {
    let directory = name.replace([' ', ',', '\''], "-");
    let world = World::prepare_on(&format!("kill-{directory}"), place).await;
    let (kills, before) = (kills(place), world.minted_keys().await);
    let mut seen = Vec::new();
    for kill in 0..kills {
        let saw = kill_at(&world, step(kill)).await;
        assert!(!saw.contains("401"), "{saw}");
        seen.push(saw);
        world.make_overdue().await;
    }
    let fault = format!("kill -9, {kills} times, {name}");
    let during = format!("the person saw: {}", counted(seen));
    let mut row = world.row(&fault, during, String::new()).await;
    let after = world.minted_keys().await;
    let made = after.made - before.made;
    let kept = after.good - before.good;
    row.after(&format!(
        "the API made {made} keys, of which {kept} are good, all of them known"
    ));
    row.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_a_key_is_noted_leaves_no_unknown_key() {
    no_key_is_left_behind("before the intent", |_| Step::BeforeIntent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_a_key_is_asked_for_leaves_no_unknown_key() {
    no_key_is_left_behind("before the request to the API", |_| Step::BeforeRequest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_the_api_answers_leaves_no_unknown_key() {
    no_key_is_left_behind("before the API's answer", |_| Step::BeforeAnswer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_the_grant_is_committed_leaves_no_unknown_key() {
    no_key_is_left_behind("before the commit", |_| Step::BeforeCommit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_the_redirect_leaves_no_unknown_key() {
    no_key_is_left_behind("before the redirect", |_| Step::BeforeRedirect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_moment_of_an_approval_leaves_no_unknown_key() {
    let at = |kill| Step::AtRandom(u64::from(kill * 7 % 40));
    no_key_is_left_behind("at some moment of an approval", at).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_a_key_is_noted_in_postgresql_leaves_no_unknown_key() {
    no_key_is_left_behind_on_postgresql("before the intent", |_| Step::BeforeIntent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_a_key_is_asked_for_leaves_no_unknown_key_with_postgresql() {
    let name = "before the request to the API";
    no_key_is_left_behind_on_postgresql(name, |_| Step::BeforeRequest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_the_api_answers_leaves_no_unknown_key_with_postgresql() {
    let name = "before the API's answer";
    no_key_is_left_behind_on_postgresql(name, |_| Step::BeforeAnswer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_the_grant_is_committed_in_postgresql_leaves_no_unknown_key() {
    no_key_is_left_behind_on_postgresql("before the commit", |_| Step::BeforeCommit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_before_postgresql_reports_the_commit_leaves_no_unknown_key() {
    no_key_is_left_behind_on_postgresql("before the redirect", |_| Step::BeforeRedirect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_moment_of_an_approval_leaves_no_unknown_key_with_postgresql() {
    let at = |kill| Step::AtRandom(u64::from(kill * 7 % 40));
    no_key_is_left_behind_on_postgresql("at some moment of an approval", at).await;
}
