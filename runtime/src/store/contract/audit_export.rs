//! Rows of the audit on their way to a sink.

use super::Fixture;
use super::audit::call;
use super::samples::{RETENTION, ada, approve, at, cause, client};
use crate::model::{AuditFilter, AuditRow, GrantId, Sink, ToolCall};
use crate::store::Store;

/// What waits for a sink, where calls that began before 1000 s have ended.
async fn waiting(store: &dyn Store, sink: Sink) -> Vec<AuditRow> {
    store.waiting(sink, at(0), 100).await.unwrap()
}

fn subjects(rows: &[AuditRow]) -> Vec<&str> {
    let subjects = rows.iter().map(|row| row.subject.as_deref());
    subjects.map(Option::unwrap_or_default).collect()
}

pub(super) async fn rows_wait_for_the_sinks_that_are_configured_until_received(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    store
        .tools_called(&[call(1, "before", "studio", "a")])
        .await
        .unwrap();
    assert!(waiting(store, Sink::Audit).await.is_empty());
    store
        .export_to(&[Sink::Audit, Sink::Metering])
        .await
        .unwrap();
    approve(store, 0, at(600)).await;
    let calls = [call(2, "one", "studio", "a"), call(3, "two", "studio", "a")];
    store.tools_called(&calls).await.unwrap();
    let audit = waiting(store, Sink::Audit).await;
    let actions: Vec<_> = audit.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["consent.approved", "tool.called", "tool.called"]);
    let metered = waiting(store, Sink::Metering).await;
    assert_eq!(subjects(&metered), ["one", "two"]);
    // Each sink has its own rows.
    store.received(Sink::Metering, &metered[..1]).await.unwrap();
    assert_eq!(subjects(&waiting(store, Sink::Metering).await), ["two"]);
    assert_eq!(waiting(store, Sink::Audit).await, audit);
    store.received(Sink::Audit, &audit).await.unwrap();
    assert!(waiting(store, Sink::Audit).await.is_empty());
    assert_eq!(store.waiting(Sink::Metering, at(0), 0).await.unwrap(), []);
    // What is not configured any more is not waited for.
    assert_eq!(store.export_to(&[Sink::Audit]).await.unwrap(), 1);
    assert!(waiting(store, Sink::Metering).await.is_empty());
    store
        .tools_called(&[call(4, "three", "studio", "a")])
        .await
        .unwrap();
    assert!(waiting(store, Sink::Metering).await.is_empty());
    assert_eq!(subjects(&waiting(store, Sink::Audit).await), ["three"]);
    // Rows that wait go with their age only.
    store.purge(at(10), RETENTION).await.unwrap();
    assert_eq!(subjects(&waiting(store, Sink::Audit).await), ["three"]);
    store.purge(at(40 * 86_400), RETENTION).await.unwrap();
    assert!(waiting(store, Sink::Audit).await.is_empty());
}

pub(super) async fn id_of_a_row_that_was_removed_is_not_used_again(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    approve(store, 0, at(600)).await;
    let ids = async || -> Vec<String> {
        let page = store.audit(&AuditFilter::default(), 100).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect()
    };
    let before = ids().await;
    store.purge(at(40 * 86_400), RETENTION).await.unwrap();
    let kept = ids().await;
    assert!(kept.len() < 2, "{kept:?}");
    approve(store, 1, at(600)).await;
    let after = ids().await;
    let new: Vec<_> = after.iter().filter(|id| !kept.contains(id)).collect();
    assert_eq!(new.len(), 1);
    assert!(!before.contains(new[0]), "{before:?} {after:?}");
}

pub(super) async fn row_that_changes_while_it_is_sent_waits_again(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    approve(store, 0, at(600)).await;
    store.export_to(&[Sink::Audit]).await.unwrap();
    let (grant, thief) = (
        GrantId::stored("grant 0"),
        cause(3).through(&client("thief")),
    );
    store.token_refused(&grant, &thief).await.unwrap();
    let sent = waiting(store, Sink::Audit).await;
    assert_eq!(sent.len(), 1);
    store.token_refused(&grant, &thief).await.unwrap();
    store.received(Sink::Audit, &sent).await.unwrap();
    let again = waiting(store, Sink::Audit).await;
    assert_eq!((again.len(), again[0].count), (1, 2));
    assert_eq!(again[0].id, sent[0].id);
    store.received(Sink::Audit, &again).await.unwrap();
    assert!(waiting(store, Sink::Audit).await.is_empty());
    // Also where it was sent before.
    store.token_refused(&grant, &thief).await.unwrap();
    assert_eq!(waiting(store, Sink::Audit).await[0].count, 3);
}

pub(super) async fn call_waits_for_its_end_before_it_is_sent(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    store.export_to(&[Sink::Metering]).await.unwrap();
    let begun = ToolCall {
        outcome: None,
        ..call(7, "get", "lab", "other")
    };
    store.tools_called(&[begun]).await.unwrap();
    assert!(
        store
            .waiting(Sink::Metering, at(7), 9)
            .await
            .unwrap()
            .is_empty()
    );
    // One whose end is not known after a while is sent without it …
    let sent = store.waiting(Sink::Metering, at(8), 9).await.unwrap();
    assert_eq!(sent[0].outcome.as_deref(), Some("unknown"));
    let metered = serde_json::to_value(sent[0].metered()).unwrap();
    assert_eq!(metered.get("cost"), Some(&serde_json::Value::Null));
    store.received(Sink::Metering, &sent).await.unwrap();
    assert!(
        store
            .waiting(Sink::Metering, at(8), 9)
            .await
            .unwrap()
            .is_empty()
    );
    // … and again once it is.
    store
        .tools_called(&[call(7, "get", "lab", "other")])
        .await
        .unwrap();
    let again = waiting(store, Sink::Metering).await;
    assert_eq!(again[0].outcome.as_deref(), Some("ok"));
    assert_eq!(again[0].id, sent[0].id);
    // The end that was sent meanwhile is not the beginning.
    store.received(Sink::Metering, &sent).await.unwrap();
    assert_eq!(waiting(store, Sink::Metering).await.len(), 1);
}

pub(super) async fn one_server_sends_to_a_sink_at_a_time(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let lease = async |sink, holder, now, until| {
        let leased = store.lease_sink(sink, holder, at(now), at(until));
        leased.await.unwrap()
    };
    assert!(lease(Sink::Audit, "one", 0, 30).await);
    assert!(!lease(Sink::Audit, "two", 29, 60).await);
    assert!(lease(Sink::Metering, "two", 29, 60).await);
    assert!(lease(Sink::Audit, "one", 29, 60).await);
    assert!(lease(Sink::Audit, "two", 60, 90).await);
    store.release_sink(Sink::Audit, "one").await.unwrap();
    assert!(!lease(Sink::Audit, "one", 61, 90).await);
    store.release_sink(Sink::Audit, "two").await.unwrap();
    assert!(lease(Sink::Audit, "one", 61, 90).await);
}
