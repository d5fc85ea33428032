//! A server that is killed while the API carries out a write.

use serde_json::json;
use tests::harness::client::{Client, Revision};
use tests::harness::relay::Stop;
use tests::harness::requirement::require;

use crate::world::{Place, World};

/// What the write sends, and nothing else does.
const TEXT: &str = "written once, whatever happens";

#[tokio::test(flavor = "multi_thread")]
async fn kill_between_a_write_and_its_answer_sends_the_write_once() {
    write_is_sent_once(Place::File, "write").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_between_a_write_and_its_answer_sends_the_write_once_with_postgresql() {
    if let Some(server) = require(postgres_server::shared()) {
        write_is_sent_once(Place::Postgres(server), "write-postgresql").await;
    }
}

async fn write_is_sent_once(place: Place, name: &str) {
    for stop in [Stop::Request, Stop::Answer] {
        let name = format!("{name}-{stop:?}").to_lowercase();
        let world = World::prepare_on(&name, place).await;
        let server = world.start().await;
        let mut held = world.relay.hold("PATCH", "", stop);
        let token = world.deployment.tokens.access.clone();
        let client = Client::new(world.deployment.url.clone(), Revision::V2026_07_28);
        let client = client.with_token(&token);
        let call = json!({"name": "update_workspace", "arguments": {"name": TEXT}});
        let calling = tokio::spawn(async move { client.send("tools/call", call).await });
        held.reached().await.unwrap();
        server.kill().await.unwrap();
        held.release();
        assert!(calling.await.unwrap().is_err(), "it was answered");
        let server = world.start().await;
        let (between, after) = world.after().await;
        assert!(between.are_good() && after.are_good(), "{between} {after}");
        server.stop().await.unwrap();
        let sent = world.relay.take();
        let sent = sent.iter().filter(|request| {
            let body = String::from_utf8_lossy(&request.body);
            body.contains(TEXT)
        });
        assert_eq!(sent.count(), 1, "{stop:?}");
        let recorded = world.deployment.recorded_calls().await.unwrap();
        let unknown = recorded.values().flatten().filter(|it| *it != "ok");
        assert_eq!(
            unknown.count(),
            1,
            "the audit has a call whose end is unknown"
        );
    }
}
