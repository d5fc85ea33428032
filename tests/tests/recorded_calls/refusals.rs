//! What becomes of calls while the spool, or the store, cannot be written.

use std::time::{Duration, Instant};

use crate::world::{ARGUMENT, World, error, read, write};

/// That a call is refused before the API hears of it.
async fn is_refused(world: &World) {
    for call in [read(), write()] {
        let begun = Instant::now();
        let answer = world.call(call).await.unwrap();
        let error = error(&answer);
        assert_eq!(answer.status, 200);
        assert_eq!(error["kind"], "unavailable", "{error}");
        assert_eq!(error["retryable"], true, "{error}");
        assert!(error["retry_after_seconds"].as_u64().is_some(), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(world.api.take(), []);
}

/// That calls are made and recorded again, within a moment.
async fn recovers(world: &World) {
    for call in [read(), write()] {
        let mut answer = world.call(call.clone()).await.unwrap();
        for _ in 0..100 {
            if answer.message["result"]["isError"] == false {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = world.call(call.clone()).await.unwrap();
        }
        assert_eq!(
            answer.message["result"]["isError"], false,
            "{}",
            answer.message
        );
        assert_eq!(world.ended(&answer.request_id.unwrap()).await, ["ok"]);
    }
    assert_eq!(world.api.take().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_cannot_grow_refuses_calls_before_the_api_until_it_can() {
    let world = World::prepare("full").await;
    let server = world.start().await;
    recovers(&world).await;
    server.limit_files("0").await.unwrap();
    is_refused(&world).await;
    server.limit_files("unlimited").await.unwrap();
    recovers(&world).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_was_removed_is_made_anew_and_refuses_calls_until_then() {
    let world = World::prepare("removed").await;
    let server = world.start().await;
    recovers(&world).await;
    let spool = world.beside(".calls");
    std::fs::remove_file(&spool).unwrap();
    // Nothing can be made in its place.
    std::fs::create_dir(&spool).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    is_refused(&world).await;
    std::fs::remove_dir(&spool).unwrap();
    recovers(&world).await;
    assert!(spool.is_file());
    server.stop().await.unwrap();
    assert!(!spool.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_answered_while_the_store_is_locked_and_recorded_afterwards() {
    let world = World::prepare("locked").await;
    let server = world.start().await;
    let locked = world.lock_store().await;
    let mut ids = Vec::new();
    for call in [read(), write(), read(), write()] {
        let begun = Instant::now();
        let answer = world.call(call).await.unwrap();
        assert_eq!(
            answer.message["result"]["isError"], false,
            "{}",
            answer.message
        );
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        ids.extend(answer.request_id);
    }
    let spool = world.beside(".calls");
    let text = std::fs::read_to_string(&spool).unwrap();
    for id in &ids {
        assert_eq!(text.matches(id.as_str()).count(), 2, "{text}");
    }
    for kept in [
        ARGUMENT,
        &world.deployment.tokens.access,
        "key-of-the-operator",
    ] {
        assert!(!text.contains(kept), "{text}");
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&spool).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(locked);
    for id in &ids {
        assert_eq!(world.ended(id).await, ["ok"]);
    }
    server.stop().await.unwrap();
}
