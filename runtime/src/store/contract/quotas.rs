//! Quotas of workspaces, which servers take in portions.

use futures_util::future::join_all;

use super::Fixture;
use super::samples::{RETENTION, ada, at};
use crate::model::{Period, QuotaRequest, WorkspaceId};

/// The first period, and those that follow.
fn period(number: u64) -> Period {
    Period {
        starts: at(number * 100),
        ends: at(number * 100 + 100),
    }
}

pub(super) async fn portions_of_parallel_callers_add_up_to_the_quota(fixture: &dyn Fixture) {
    let store = fixture.empty_store().await;
    let (_, studio) = ada(&*store).await;
    let request = QuotaRequest {
        limit: 200,
        least: 3,
    };
    let takes = (0..100).map(|_| store.take_quota(&studio, period(0), request));
    let granted: Vec<u64> = join_all(takes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let sum: u64 = granted.iter().sum();
    assert!((198..=200).contains(&sum), "{granted:?}");
    assert!(granted.iter().all(|it| *it == 0 || *it >= 3), "{granted:?}");
    // Another period has all of it again.
    let next = store.take_quota(&studio, period(1), request).await.unwrap();
    assert_eq!(next, 12);
}

pub(super) async fn part_of_a_quota_that_is_given_back_is_granted_again(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let take = async |least| {
        let request = QuotaRequest { limit: 10, least };
        store.take_quota(&studio, period(0), request).await.unwrap()
    };
    let taken = async || store.quota_taken(&studio, period(0)).await.unwrap();
    assert_eq!(taken().await, 0);
    assert_eq!(take(10).await, 10);
    assert_eq!(taken().await, 10);
    assert_eq!(take(1).await, 0);
    store.give_back_quota(&studio, period(0), 4).await.unwrap();
    assert_eq!(taken().await, 6);
    assert_eq!(take(5).await, 0);
    assert_eq!(take(4).await, 4);
    // More than was taken is never given back.
    store.give_back_quota(&studio, period(0), 99).await.unwrap();
    assert_eq!(take(11).await, 0);
    assert_eq!(take(10).await, 10);
    // What is kept of a period goes a while after its end.
    let days = |days: u64| at(days * 24 * 60 * 60);
    store.purge(days(400), RETENTION).await.unwrap();
    assert_eq!(take(1).await, 0);
    store.purge(days(401), RETENTION).await.unwrap();
    assert_eq!(take(1).await, 1);
}

pub(super) async fn unknown_workspace_has_no_quota(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let request = QuotaRequest {
        limit: 10,
        least: 1,
    };
    let unknown = WorkspaceId::stored("unknown");
    assert!(
        store
            .take_quota(&unknown, period(0), request)
            .await
            .is_err()
    );
}
