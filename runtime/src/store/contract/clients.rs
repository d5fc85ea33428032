//! Registered clients and fetched client documents.

use super::Fixture;
use super::samples::{RETENTION, ada, approve, at, cause, client, digest, metadata, share, tokens};
use crate::model::{CachedMetadata, ClientId, Transaction};
use crate::store::Share;

pub(super) async fn client_in_use_stays_when_another_needs_room(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let used = Transaction::example().request.client_id;
    let (old, new) = (client("old"), client("new"));
    let register = async |client: &ClientId, now| {
        store
            .register(client, &metadata(), 2, share(), at(now))
            .await
            .unwrap()
    };
    assert_eq!(register(&used, 1).await, Some(at(1)));
    assert_eq!(register(&used, 2).await, Some(at(1)));
    approve(store, 0, at(600)).await;
    assert_eq!(register(&old, 3).await, Some(at(3)));
    assert_eq!(register(&new, 4).await, Some(at(4)));
    assert_eq!(store.client(&old).await.unwrap(), None);
    assert!(!store.is_registered(&old).await.unwrap());
    assert_eq!(store.client(&used).await.unwrap(), Some(metadata()));
    assert!(store.is_registered(&used).await.unwrap());
    let most = store
        .register(&old, &metadata(), 0, share(), at(5))
        .await
        .unwrap();
    assert_eq!(most, Some(at(5)));
    assert_eq!(store.client(&new).await.unwrap(), None);
    store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await
        .unwrap();
    let (lasts, over) = (at(299 * 60), at(91 * 24 * 60 * 60));
    store.purge(lasts, RETENTION).await.unwrap();
    assert!(store.client(&used).await.unwrap().is_some());
    store.purge(over, RETENTION).await.unwrap();
    assert_eq!(store.client(&used).await.unwrap(), None);
    assert_eq!(store.client(&old).await.unwrap(), None);
}

pub(super) async fn registration_is_refused_when_all_clients_are_in_use(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let used = Transaction::example().request.client_id;
    store
        .register(&used, &metadata(), 1, share(), at(1))
        .await
        .unwrap();
    approve(store, 0, at(600)).await;
    let refused = store
        .register(&client("new"), &metadata(), 1, share(), at(2))
        .await
        .unwrap();
    assert_eq!(refused, None);
}

pub(super) async fn clients_of_one_network_replace_only_each_other(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let register = async |name: &str, network: usize, now| {
        let share = Share {
            source: digest("network", network),
            most: 2,
        };
        let most = 5;
        store
            .register(&client(name), &metadata(), most, share, at(now))
            .await
            .unwrap()
    };
    let known = async |name: &str| store.client(&client(name)).await.unwrap().is_some();
    let used = Transaction::example().request.client_id;
    register(used.as_str(), 0, 1).await;
    approve(store, 0, at(600)).await;
    register("theirs", 1, 2).await;
    register("both", 0, 3).await;
    register("both", 1, 4).await;
    for number in 0..10 {
        register(&format!("flood {number}"), 0, 5 + number).await;
    }
    assert!(known("theirs").await && known("both").await && known(used.as_str()).await);
    assert!(known("flood 9").await && known("flood 8").await && !known("flood 7").await);
    // Where all places are taken, the network with the most clients makes room.
    register("new", 2, 20).await;
    assert!(known("new").await && !known("flood 8").await && known("flood 9").await);
    assert!(known("theirs").await && known("both").await && known(used.as_str()).await);
}

pub(super) async fn client_documents_in_use_are_kept_the_longest(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let used = Transaction::example().request.client_id;
    approve(store, 0, at(600)).await;
    let document = |fetched| CachedMetadata {
        metadata: metadata(),
        fetched: at(fetched),
        fresh_until: at(fetched + 60),
    };
    let cache = async |client: &ClientId, fetched| {
        store
            .cache_metadata(client, &document(fetched), 2, share())
            .await
            .unwrap();
    };
    let cached = async |client: &ClientId| store.cached_metadata(client).await.unwrap();
    cache(&used, 1).await;
    cache(&used, 2).await;
    assert_eq!(cached(&used).await, Some(document(2)));
    cache(&client("a"), 3).await;
    cache(&client("b"), 4).await;
    assert_eq!(cached(&client("a")).await, None);
    assert_eq!(cached(&client("b")).await, Some(document(4)));
    assert_eq!(cached(&used).await, Some(document(2)));
}
