//! How much the calls of workspaces came to on each day.

use std::time::Duration;

use super::Fixture;
use super::audit::call;
use super::samples::{RETENTION, START, ada, at};
use crate::model::{ToolCall, UsageDay, WorkspaceId};
use crate::store::Store;
use crate::store::usage::PURGED;

const DAY: u64 = 24 * 60 * 60;

/// The days of a workspace, as the number of the day, calls, failures and cost.
async fn days(store: &dyn Store, workspace: &WorkspaceId, since: u64) -> Vec<[u64; 4]> {
    let days = store.usage(workspace, at(since * DAY)).await.unwrap();
    let number = |it: &UsageDay| it.day.duration_since(START).unwrap().as_secs() / DAY;
    days.iter()
        .map(|it| [number(it), it.calls, it.failed, it.cost])
        .collect()
}

/// A call that ended at so many milliseconds.
fn ended(id: i64, at: i64, outcome: &str) -> ToolCall<'_> {
    ToolCall {
        at,
        outcome: Some(outcome),
        ..call(id, "get", "studio", "claude")
    }
}

pub(super) async fn call_is_counted_once_on_the_day_on_which_it_ended(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let midnight = i64::try_from(DAY).unwrap() * 1000;
    let begun = ToolCall {
        outcome: None,
        cost: None,
        ..ended(1, midnight - 1, "ok")
    };
    store.tools_called(&[begun]).await.unwrap();
    assert_eq!(days(store, &studio, 0).await, [[0; 4]; 0]);
    let first = [
        ended(1, midnight, "ok"),
        ended(2, midnight - 1, "ok"),
        ended(3, midnight + 1, "timeout"),
    ];
    store.tools_called(&first).await.unwrap();
    let expected = [[0, 1, 0, 3], [1, 2, 1, 6]];
    assert_eq!(days(store, &studio, 0).await, expected);
    // A spool that is taken over a second time adds what is new.
    let again = [
        ended(3, midnight + 1, "timeout"),
        ended(4, 2 * midnight, "ok"),
    ];
    store.tools_called(&again).await.unwrap();
    let expected = [[0, 1, 0, 3], [1, 2, 1, 6], [2, 1, 0, 3]];
    assert_eq!(days(store, &studio, 0).await, expected);
    assert_eq!(days(store, &studio, 1).await, expected[1..]);
}

pub(super) async fn days_are_kept_for_a_while_and_unknown_workspaces_have_none(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let unknown = call(2, "get", "unknown", "claude");
    let midnight = i64::try_from(DAY).unwrap() * 1000;
    store
        .tools_called(&[ended(1, midnight, "ok"), unknown])
        .await
        .unwrap();
    assert_eq!(days(store, &studio, 0).await, [[1, 1, 0, 3]]);
    let none = days(store, &WorkspaceId::stored("unknown"), 0).await;
    assert!(none.is_empty(), "{none:?}");
    let kept = at(401 * DAY);
    store
        .purge(kept - Duration::from_secs(1), RETENTION)
        .await
        .unwrap();
    assert_eq!(days(store, &studio, 0).await.len(), 1);
    store.purge(kept, RETENTION).await.unwrap();
    assert!(days(store, &studio, 0).await.is_empty());
}

pub(super) async fn all_days_that_are_old_are_forgotten_however_many(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let number = PURGED + 50;
    let midnight = i64::try_from(DAY).unwrap() * 1000;
    let calls: Vec<_> = (1..=number)
        .map(|day| ended(day, day * midnight, "ok"))
        .collect();
    store.tools_called(&calls).await.unwrap();
    let number = number.unsigned_abs();
    // All but the last one.
    let kept = at((number + 399) * DAY);
    store.purge(kept, RETENTION).await.unwrap();
    assert_eq!(days(store, &studio, 0).await, [[number, 1, 0, 3]]);
}
