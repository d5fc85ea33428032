//! Keys that are made at the API for grants.

use super::Fixture;
use super::samples::{ada, approval, approve_with, at, cause, digest, intend, share, tokens};
use crate::model::{
    Answered, Authentication, GrantId, Redemption, RevocationReason, SealedKey, Transaction,
};
use crate::store::{EndedUpstreamKey, Settled, Store, UpstreamKeyIntent};

fn key(number: usize) -> SealedKey {
    SealedKey {
        id: format!("upstream {number}"),
        sealed_with: "1".to_owned(),
        sealed: vec![7],
    }
}

/// Makes a grant with a key at the API, and redeems its code.
async fn connect(store: &dyn Store, number: usize) -> GrantId {
    approve_with(store, number, at(600), Some(key(number))).await;
    let tokens = tokens(number, at(1));
    let redeemed = store
        .redeem(digest("code", number), &tokens, &cause(1))
        .await;
    assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
    GrantId::stored(format!("grant {number}"))
}

pub(super) async fn upstream_key_comes_with_its_grant(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    connect(store, 0).await;
    let found = store.authenticate(digest("access", 0), at(2)).await;
    let Authentication::Active(found) = found.unwrap() else {
        panic!("the access token is not active")
    };
    assert_eq!(found.grant.upstream_key, Some(key(0)));
}

pub(super) async fn ended_upstream_key_is_claimed_by_one_at_a_time(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let grant = connect(store, 0).await;
    let claim = |now, until| store.claim_ended_upstream_keys(9, at(now), at(until));
    assert!(claim(599, 700).await.unwrap().is_empty());
    let by = cause(600).by(&ada);
    let revoked = store.revoke(&grant, RevocationReason::Person, &by).await;
    assert!(revoked.unwrap());
    let ended = |attempt| EndedUpstreamKey {
        grant: grant.clone(),
        id: "upstream 0".to_owned(),
        attempt,
    };
    assert_eq!(claim(600, 700).await.unwrap(), [ended(1)]);
    assert!(claim(699, 700).await.unwrap().is_empty());
    // A claim that is over is left to others.
    assert_eq!(claim(700, 800).await.unwrap(), [ended(2)]);
    let failed = store
        .upstream_key_not_revoked(&grant, "503", at(900), &cause(701))
        .await;
    failed.unwrap();
    assert!(claim(899, 1000).await.unwrap().is_empty());
    assert_eq!(claim(900, 1000).await.unwrap(), [ended(3)]);
    let revoked = store.upstream_key_revoked(&grant, &cause(901)).await;
    revoked.unwrap();
    assert!(claim(9000, 9001).await.unwrap().is_empty());
}

pub(super) async fn upstream_keys_end_when_their_grants_end_by_themselves(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    connect(store, 0).await;
    approve_with(store, 1, at(600), Some(key(1))).await;
    let end = async |now| store.end_unused_upstream_keys(&cause(now)).await.unwrap();
    assert_eq!(end(599).await, 0);
    // The code of the second was never redeemed.
    assert_eq!(end(600).await, 1);
    assert_eq!(end(31_536_000).await, 1);
    let until = at(31_536_001);
    let claimed = store.claim_ended_upstream_keys(9, at(31_536_000), until);
    assert_eq!(claimed.await.unwrap().len(), 2);
    let dropped = GrantId::stored("grant 9");
    let dropped = store
        .drop_upstream_key(&dropped, &studio, "upstream 9", &cause(0))
        .await;
    dropped.unwrap();
    let state = store.upstream_keys().await.unwrap();
    assert_eq!((state.to_revoke, state.sealed_with.len()), (3, 0));
}

pub(super) async fn claimed_intent_becomes_no_grant(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let claim = |now, until| store.claim_upstream_key_intents(9, at(now), at(until));
    let order = intend(store, 0, at(10)).await;
    let grant = GrantId::stored("grant 0");
    assert_eq!(store.upstream_keys().await.unwrap().intended, 1);
    assert!(claim(9, 100).await.unwrap().is_empty());
    store
        .keep_upstream_key_intent(&grant, at(20))
        .await
        .unwrap();
    assert!(claim(19, 100).await.unwrap().is_empty());
    let intent = UpstreamKeyIntent {
        order,
        asked: at(1),
        attempt: 1,
    };
    assert_eq!(claim(20, 100).await.unwrap(), std::slice::from_ref(&intent));
    // The claim comes too late, and no other one gets it.
    store
        .keep_upstream_key_intent(&grant, at(999))
        .await
        .unwrap();
    assert!(claim(99, 200).await.unwrap().is_empty());
    store
        .begin(
            digest("handle", 0),
            digest("browser", 0),
            &Transaction::example(),
            at(600),
            share(),
            &cause(0),
        )
        .await
        .unwrap();
    let approval = approval(store, 0, at(600), Some(key(0))).await;
    let answered = store
        .approve(
            digest("handle", 0),
            digest("browser", 0),
            &approval,
            &cause(0),
        )
        .await;
    assert_eq!(answered.unwrap(), Answered::KeyTakenBack);
    assert!(store.code(digest("code", 0)).await.unwrap().is_none());
    let again = claim(100, 200).await.unwrap();
    assert_eq!(
        again,
        [UpstreamKeyIntent {
            attempt: 2,
            ..intent
        }]
    );
    store
        .postpone_upstream_key_intent(&grant, Some("503"), at(300), &cause(101))
        .await
        .unwrap();
    assert!(claim(299, 400).await.unwrap().is_empty());
    let keys = ["upstream 0".to_owned()];
    store
        .settle_upstream_key_intent(&grant, Settled::Revoked(&keys), &cause(102))
        .await
        .unwrap();
    assert!(claim(300, 400).await.unwrap().is_empty());
    assert_eq!(store.upstream_keys().await.unwrap().intended, 0);
}

pub(super) async fn settled_intent_is_not_claimed(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let claim = |now| store.claim_upstream_key_intents(9, at(now), at(999));
    for (number, look) in [(0, None), (1, Some(at(5)))] {
        intend(store, number, at(20)).await;
        let grant = GrantId::stored(format!("grant {number}"));
        store
            .upstream_key_not_made(&grant, &studio, "503", look, &cause(2))
            .await
            .unwrap();
    }
    intend(store, 2, at(3)).await;
    let grant = GrantId::stored("grant 2");
    store
        .drop_upstream_key(&grant, &studio, "upstream 2", &cause(3))
        .await
        .unwrap();
    assert!(claim(4).await.unwrap().is_empty());
    let left: Vec<_> = claim(5)
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.order.grant)
        .collect();
    assert_eq!(left, ["grant 1"]);
    assert_eq!(
        approve_with(store, 3, at(600), Some(key(3))).await,
        Answered::Done
    );
    assert!(claim(998).await.unwrap().is_empty());
}
