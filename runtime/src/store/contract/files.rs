//! Parts of answers that are continued, and links to files.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Fixture;
use super::samples::{RETENTION, ada, approve, at, cause, digest};
use crate::model::{GrantId, PersonId, RevocationReason, bounds};
use crate::store::{SealedPart, Store};

fn grant(number: usize) -> GrantId {
    GrantId::stored(format!("grant {number}"))
}

/// A store with two grants of Ada.
async fn with_grants(fixture: &dyn Fixture) -> Arc<dyn Store> {
    let store = fixture.empty_store().await;
    ada(&*store).await;
    for number in 0..2 {
        approve(&*store, number, at(600)).await;
    }
    store
}

/// The parts of an answer, each of so many bytes.
fn parts(answer: usize, number: usize, bytes: usize) -> Vec<SealedPart> {
    let parts = (0..number).map(|part| SealedPart {
        digest: digest(&format!("part of {answer}"), part),
        bytes: vec![u8::try_from(answer).unwrap(); bytes],
    });
    parts.collect()
}

/// Keeps the parts of an answer for a grant until 100.
async fn keep(store: &dyn Store, of: usize, parts: Vec<SealedPart>) -> bool {
    let grant = grant(of);
    let kept = store.keep_answer(&grant, &parts, at(0), at(100));
    kept.await.unwrap()
}

/// Keeps a link of a grant until 100.
async fn put(store: &dyn Store, number: usize, of: usize) -> bool {
    let link = digest("link", number);
    let grant = grant(of);
    let put = store.put_file_link(link, &grant, b"sealed", at(100));
    put.await.unwrap()
}

async fn is_kept(store: &dyn Store, answer: usize, part: usize, of: usize, now: u64) -> bool {
    let part = digest(&format!("part of {answer}"), part);
    let found = store.kept_part(part, &grant(of), at(now)).await.unwrap();
    found.is_some_and(|bytes| bytes.iter().all(|it| usize::from(*it) == answer))
}

pub(super) async fn part_of_an_answer_is_kept_for_its_grant_until_it_ends(fixture: &dyn Fixture) {
    let store = &*with_grants(fixture).await;
    assert!(keep(store, 0, parts(1, 2, 10)).await);
    for part in 0..2 {
        assert!(is_kept(store, 1, part, 0, 99).await);
        assert!(!is_kept(store, 1, part, 0, 100).await);
        assert!(!is_kept(store, 1, part, 1, 99).await);
    }
    assert!(!is_kept(store, 1, 2, 0, 99).await);
    store.purge(at(100), RETENTION).await.unwrap();
    assert!(!is_kept(store, 1, 0, 0, 99).await);
    assert!(!keep(store, 9, parts(2, 1, 10)).await);
}

pub(super) async fn oldest_answers_of_a_grant_are_removed_where_there_are_too_many_bytes(
    fixture: &dyn Fixture,
) {
    let store = &*with_grants(fixture).await;
    let quarter = usize::try_from(bounds::KEPT_BYTES_OF_GRANT / 4).unwrap();
    for answer in 0..5 {
        assert!(keep(store, 0, parts(answer, 2, quarter / 2)).await);
    }
    assert!(keep(store, 1, parts(9, 2, quarter)).await);
    // What has no room at all removes nothing.
    assert!(!keep(store, 0, parts(8, 5, quarter)).await);
    let mut kept = Vec::new();
    for answer in 0..10 {
        for of in 0..2 {
            if is_kept(store, answer, 1, of, 1).await {
                kept.push((answer, of));
            }
        }
    }
    assert_eq!(kept, [(1, 0), (2, 0), (3, 0), (4, 0), (9, 1)]);
}

pub(super) async fn file_link_is_used_so_many_times_by_parallel_callers(fixture: &dyn Fixture) {
    let store = &*with_grants(fixture).await;
    assert!(put(store, 0, 0).await);
    let link = digest("link", 0);
    let uses = (0..20).map(|_| store.use_file_link(link, 3, at(99)));
    let used = join_all(uses).await;
    let used: Vec<_> = used
        .into_iter()
        .map(Result::unwrap)
        .filter(|used| *used)
        .collect();
    assert_eq!(used.len(), 3);
    let found = store.file_link(link, 4, at(99)).await.unwrap().unwrap();
    assert_eq!((found.sealed, found.grant), (b"sealed".to_vec(), grant(0)));
    assert!(store.file_link(link, 3, at(99)).await.unwrap().is_none());
    let unknown = store.use_file_link(digest("link", 1), 3, at(1)).await;
    assert!(!unknown.unwrap());
}

pub(super) async fn file_link_ends_by_time_and_after_a_hundred_others(fixture: &dyn Fixture) {
    let store = &*with_grants(fixture).await;
    let is_used = async |number, now| {
        let used = store.use_file_link(digest("link", number), 9, at(now));
        used.await.unwrap()
    };
    assert!(put(store, 0, 0).await && put(store, 1, 1).await);
    assert!(is_used(0, 99).await);
    assert!(!is_used(0, 100).await);
    for number in 0..bounds::FILE_LINKS_OF_GRANT as usize {
        assert!(put(store, 10 + number, 0).await);
    }
    assert!(!is_used(0, 1).await);
    assert!(is_used(1, 1).await && is_used(10, 1).await);
    store.purge(at(100), RETENTION).await.unwrap();
    assert!(!is_used(1, 1).await);
}

pub(super) async fn parts_and_links_end_with_their_grant(fixture: &dyn Fixture) {
    let store = &*with_grants(fixture).await;
    for number in 0..2 {
        assert!(keep(store, number, parts(number, 1, 10)).await);
        assert!(put(store, number, number).await);
    }
    let by_ada = cause(1).by(&PersonId::stored("ada"));
    let grant = grant(0);
    let revoked = store.revoke(&grant, RevocationReason::Person, &by_ada);
    assert!(revoked.await.unwrap());
    for number in 0..2 {
        let is_alive = number == 1;
        assert_eq!(is_kept(store, number, 0, number, 2).await, is_alive);
        let used = store.use_file_link(digest("link", number), 3, at(2)).await;
        assert_eq!(used.unwrap(), is_alive);
        let in_force = store.grant_in_force(&self::grant(number), at(2)).await;
        assert_eq!(in_force.unwrap().is_some(), is_alive);
    }
    assert!(!keep(store, 0, parts(5, 1, 1)).await);
    assert!(!put(store, 5, 0).await);
}
