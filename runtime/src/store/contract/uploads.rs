//! Files that are uploaded, until a call sends them.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Fixture;
use super::samples::{RETENTION, ada, approve, at, cause, digest};
use crate::model::{GrantId, PersonId, RevocationReason, WorkspaceId, bounds};
use crate::store::{Begun, Store};
use crate::token::Digest;

fn grant(number: usize) -> GrantId {
    GrantId::stored(format!("grant {number}"))
}

fn upload(number: usize) -> Digest {
    digest("upload", number)
}

/// A store with two grants of Ada, and an upload of the first that waits until 100.
async fn with_upload(fixture: &dyn Fixture) -> Arc<dyn Store> {
    let store = fixture.empty_store().await;
    ada(&*store).await;
    for number in 0..2 {
        approve(&*store, number, at(600)).await;
    }
    assert!(put(&*store, 0, 0).await);
    store
}

async fn put(store: &dyn Store, number: usize, of: usize) -> bool {
    let grant = grant(of);
    let put = store.put_upload(upload(number), &grant, b"name", at(0), at(100));
    put.await.unwrap()
}

async fn suspend(store: &dyn Store, suspended: bool) {
    let studio = WorkspaceId::stored("studio");
    let done = store.suspend_workspace(&studio, suspended, &cause(1)).await;
    assert!(done.unwrap());
}

async fn begin(store: &dyn Store, number: usize, bytes: u64, now: u64) -> Begun {
    let begun = store.begin_upload(upload(number), bytes, at(now)).await;
    begun.unwrap()
}

/// Receives the file of an upload, in two parts, which is kept until 200.
async fn receive(store: &dyn Store, number: usize) {
    assert_eq!(begin(store, number, 9, 50).await, Begun::Receiving);
    for part in 0..2 {
        let sealed = [u8::try_from(part).unwrap(); 3];
        let put = store.put_upload_chunk(upload(number), part, &sealed);
        assert!(put.await.unwrap());
    }
    let ended = store.end_upload(upload(number), 6, at(200)).await;
    assert!(ended.unwrap());
}

/// Takes an upload and returns it.
async fn is_complete(store: &dyn Store, number: usize, of: usize, now: u64) -> bool {
    let grant = grant(of);
    let taken = store.take_upload(upload(number), &grant, at(now), at(200));
    let taken = taken.await.unwrap();
    if taken.is_some() {
        store.return_upload(upload(number)).await.unwrap();
    }
    taken.is_some_and(|it| (it.sealed.as_slice(), it.bytes) == (b"name".as_slice(), 6))
}

pub(super) async fn upload_is_received_once_and_sent_by_its_grant(fixture: &dyn Fixture) {
    let store = &*with_upload(fixture).await;
    let early = store.put_upload_chunk(upload(0), 0, b"x").await;
    assert!(!early.unwrap());
    let waiting = store.waiting_upload(upload(0), at(50)).await;
    assert_eq!(waiting.unwrap(), Some(grant(0)));
    let begins = (0..10).map(|_| begin(store, 0, 9, 50));
    let begun = join_all(begins).await.into_iter();
    assert_eq!(begun.filter(|it| *it == Begun::Receiving).count(), 1);
    let waiting = store.waiting_upload(upload(0), at(50)).await;
    assert_eq!(waiting.unwrap(), None);
    assert!(store.put_upload_chunk(upload(0), 0, b"abc").await.unwrap());
    assert!(!is_complete(store, 0, 0, 50).await);
    assert!(store.put_upload_chunk(upload(0), 1, b"def").await.unwrap());
    assert!(store.end_upload(upload(0), 6, at(200)).await.unwrap());
    assert!(!store.put_upload_chunk(upload(0), 2, b"x").await.unwrap());
    assert!(!store.end_upload(upload(0), 9, at(900)).await.unwrap());
    assert_eq!(begin(store, 0, 9, 50).await, Begun::Gone);
    assert!(is_complete(store, 0, 0, 199).await);
    assert!(!is_complete(store, 0, 1, 199).await);
    for (number, expected) in [
        (0, Some(b"abc".to_vec())),
        (1, Some(b"def".to_vec())),
        (2, None),
    ] {
        let chunk = store.upload_chunk(upload(0), number).await.unwrap();
        assert_eq!(chunk, expected);
    }
    store.remove_upload(upload(0)).await.unwrap();
    assert!(!is_complete(store, 0, 0, 199).await);
    assert_eq!(store.upload_chunk(upload(0), 0).await.unwrap(), None);
}

pub(super) async fn upload_ends_by_time_with_its_grant_and_after_three_others(
    fixture: &dyn Fixture,
) {
    let store = &*with_upload(fixture).await;
    assert_eq!(begin(store, 0, 9, 100).await, Begun::Gone);
    receive(store, 0).await;
    assert!(is_complete(store, 0, 0, 199).await && !is_complete(store, 0, 0, 200).await);
    for number in [1, 3] {
        assert!(put(store, number, 0).await);
        assert!(is_complete(store, 0, 0, 50).await);
    }
    assert!(put(store, 4, 0).await && put(store, 2, 1).await);
    assert!(!is_complete(store, 0, 0, 50).await);
    receive(store, 1).await;
    receive(store, 2).await;
    let by_ada = cause(60).by(&PersonId::stored("ada"));
    let grant = grant(1);
    let revoked = store.revoke(&grant, RevocationReason::Person, &by_ada);
    assert!(revoked.await.unwrap());
    assert!(!is_complete(store, 2, 1, 61).await);
    assert_eq!(store.upload_chunk(upload(2), 0).await.unwrap(), None);
    assert!(!put(store, 9, 1).await);
    assert!(is_complete(store, 1, 0, 61).await);
    store.purge(at(200), RETENTION).await.unwrap();
    assert_eq!(store.upload_chunk(upload(1), 0).await.unwrap(), None);
}

pub(super) async fn upload_is_taken_by_one_of_parallel_callers_and_no_new_one_replaces_it(
    fixture: &dyn Fixture,
) {
    let store = &*with_upload(fixture).await;
    receive(store, 0).await;
    let grant = grant(0);
    let take = || store.take_upload(upload(0), &grant, at(60), at(300));
    let taken = join_all((0..10).map(|_| take())).await.into_iter();
    assert_eq!(taken.filter_map(Result::unwrap).count(), 1);
    for number in 1..6 {
        assert!(put(store, number, 0).await);
    }
    let chunk = store.upload_chunk(upload(0), 1).await.unwrap();
    assert_eq!(chunk, Some(vec![1; 3]));
    store.return_upload(upload(0)).await.unwrap();
    assert!(take().await.unwrap().is_some());
    assert!(take().await.unwrap().is_none());
}

pub(super) async fn uploads_of_a_workspace_have_a_bound_and_none_begins_where_it_is_suspended(
    fixture: &dyn Fixture,
) {
    let store = &*with_upload(fixture).await;
    let most = bounds::UPLOADED_BYTES_OF_WORKSPACE;
    assert!(put(store, 1, 1).await && put(store, 2, 1).await);
    assert_eq!(begin(store, 0, most + 1, 50).await, Begun::Full);
    assert_eq!(begin(store, 0, most - 10, 50).await, Begun::Receiving);
    assert_eq!(begin(store, 1, 11, 50).await, Begun::Full);
    assert_eq!(begin(store, 1, 10, 50).await, Begun::Receiving);
    // What is received counts with the bytes that it has.
    assert!(store.end_upload(upload(0), 5, at(200)).await.unwrap());
    assert_eq!(begin(store, 2, 11, 50).await, Begun::Receiving);
    assert!(put(store, 3, 0).await);
    suspend(store, true).await;
    assert_eq!(begin(store, 3, 1, 50).await, Begun::Gone);
    assert!(!put(store, 4, 0).await);
    suspend(store, false).await;
    assert_eq!(begin(store, 3, 1, 50).await, Begun::Receiving);
}
