//! Authorization requests and their approval.

use super::Fixture;
use super::samples::{ada, approval, at, cause, digest, share};
use crate::model::{Answered, Pending, Seen, Transaction, WorkspaceId};
use crate::store::Share;

pub(super) async fn approval_makes_no_grant_when_the_workspace_was_linked_meanwhile(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    assert!(
        store
            .link_workspace(&studio, "ours", &cause(0))
            .await
            .unwrap()
    );
    let (handle, browser) = (digest("handle", 0), digest("browser", 0));
    let transaction = Transaction::example();
    store
        .begin(handle, browser, &transaction, at(600), share(), &cause(0))
        .await
        .unwrap();
    let approval = approval(store, 0, at(600), None).await;
    assert!(
        store
            .link_workspace(&studio, "another", &cause(1))
            .await
            .unwrap()
    );
    let answered = store
        .approve(handle, browser, &approval, &cause(2))
        .await
        .unwrap();
    assert_eq!(answered, Answered::NotAMember);
    assert!(store.keys(&ada, at(3), 9).await.unwrap().is_empty());
    assert_eq!(store.code(digest("code", 0)).await.unwrap(), None);
}

pub(super) async fn authorization_request_is_answered_once_by_its_own_browser(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let (handle, browser, other) = (
        digest("handle", 9),
        digest("browser", 0),
        digest("browser", 1),
    );
    let by = cause(1).by(&ada);
    let transaction = Transaction::example();
    store
        .begin(handle, browser, &transaction, at(600), share(), &cause(0))
        .await
        .unwrap();
    assert!(matches!(
        store.pending(handle, browser, at(1)).await.unwrap(),
        Pending::Found(_)
    ));
    assert_eq!(
        store.pending(handle, other, at(1)).await.unwrap(),
        Pending::OtherBrowser
    );
    assert_eq!(
        store.pending(handle, browser, at(600)).await.unwrap(),
        Pending::Over
    );
    let foreign = WorkspaceId::stored("foreign");
    let chosen = store
        .choose_workspace(handle, browser, &foreign, &by)
        .await
        .unwrap();
    assert_eq!(chosen, Answered::NotAMember);
    let chosen = store
        .choose_workspace(handle, other, &studio, &by)
        .await
        .unwrap();
    assert_eq!(chosen, Answered::Over);
    assert_eq!(
        store.deny(handle, other, &by).await.unwrap(),
        Answered::Over
    );
    assert_eq!(
        store.deny(handle, browser, &by).await.unwrap(),
        Answered::Done
    );
    assert_eq!(
        store.deny(handle, browser, &by).await.unwrap(),
        Answered::Over
    );
}

pub(super) async fn requests_of_one_network_replace_each_other_unseen_ones_first(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let browser = digest("browser", 0);
    let begin = async |number: usize, network: usize| {
        let share = Share {
            source: digest("network", network),
            most: 3,
        };
        let expires = at(600 + u64::try_from(number).unwrap());
        let (handle, example) = (digest("handle", number), Transaction::example());
        store
            .begin(handle, browser, &example, expires, share, &cause(0))
            .await
            .unwrap();
    };
    let waits = async |number: usize| {
        let found = store
            .pending(digest("handle", number), browser, at(1))
            .await
            .unwrap();
        matches!(found, Pending::Found(_))
    };
    begin(0, 1).await;
    begin(1, 0).await;
    begin(2, 0).await;
    let person = Seen::By(ada.clone());
    for (number, seen) in [(1, &person), (2, &Seen::BySomebody)] {
        store
            .seen(digest("handle", number), browser, seen)
            .await
            .unwrap();
    }
    store
        .seen(digest("handle", 0), digest("browser", 1), &person)
        .await
        .unwrap();
    let found = store
        .pending(digest("handle", 0), browser, at(1))
        .await
        .unwrap();
    assert!(matches!(found, Pending::Found(it) if it.seen == Seen::No));
    for number in 3..10 {
        begin(number, 0).await;
    }
    assert!(waits(0).await && waits(1).await && waits(2).await && waits(9).await);
    assert!(!waits(8).await && !waits(3).await);
    // One that is looked at makes room for others that are, and not for a person's.
    for number in 10..13 {
        begin(number, 0).await;
        store
            .seen(digest("handle", number), browser, &Seen::BySomebody)
            .await
            .unwrap();
    }
    assert!(waits(1).await && !waits(2).await && waits(12).await);
}

pub(super) async fn requests_of_one_person_replace_the_oldest(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let (browser, by) = (digest("browser", 0), cause(0).by(&ada));
    for number in 0..50 {
        let expires = at(600 + u64::try_from(number).unwrap());
        let (handle, example) = (digest("handle", number), Transaction::example());
        store
            .begin(handle, browser, &example, expires, share(), &by)
            .await
            .unwrap();
    }
    let mut waiting = Vec::new();
    for number in 0..50 {
        let found = store
            .pending(digest("handle", number), browser, at(1))
            .await
            .unwrap();
        if matches!(found, Pending::Found(_)) {
            waiting.push(number);
        }
    }
    assert_eq!(waiting, (30..50).collect::<Vec<_>>());
}

pub(super) async fn request_that_is_made_after_the_clock_was_set_back_is_kept(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let (browser, by) = (digest("browser", 0), cause(0).by(&ada));
    let begin = async |number: usize, expires: u64| {
        let (handle, example) = (digest("handle", number), Transaction::example());
        store
            .begin(handle, browser, &example, at(expires), share(), &by)
            .await
            .unwrap();
    };
    // As many as a person may have.
    for number in 0..20 {
        begin(number, 4000).await;
    }
    begin(20, 600).await;
    let found = store.pending(digest("handle", 20), browser, at(1)).await;
    assert!(matches!(found.unwrap(), Pending::Found(_)));
}
