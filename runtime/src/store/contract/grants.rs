//! Grants and their tokens.

use std::sync::Arc;

use super::Fixture;
use super::samples::{
    OVERLAP, RETENTION, ada, approve, at, cause, digest, is_active, person, tokens,
};
use crate::model::{
    Answered, ClientId, GrantId, InvitationId, PersonId, Redemption, RevocationReason, Role,
    Rotation, Successor, Transaction,
};
use crate::store::Entry;

pub(super) async fn grant_is_refused_at_once_when_its_person_left_the_workspace(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by_ada = cause(0).by(&ada);
    let id = InvitationId::stored("invitation");
    let link = digest("invitation", 0);
    store
        .invite(&id, link, &studio, Role::Owner, at(100), &by_ada)
        .await
        .unwrap();
    store
        .sign_up(Entry::Invitation(link), person("grace"), None, &cause(1))
        .await
        .unwrap();
    for number in 0..2 {
        approve(store, number, at(600)).await;
    }
    store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await
        .unwrap();
    // What was found a moment ago is remembered, but not longer than it is so.
    assert!(is_active(store, 0, at(2)).await);
    store.remove_member(&studio, &ada, &by_ada).await.unwrap();
    assert!(!is_active(store, 0, at(2)).await);
    assert_eq!(
        store.refresh_token(digest("refresh", 0)).await.unwrap(),
        None
    );
    assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
    let redeemed = store
        .redeem(digest("code", 1), &tokens(1, at(2)), &cause(2))
        .await;
    assert_eq!(redeemed.unwrap(), Redemption::Expired);
}

pub(super) async fn grant_is_revoked_by_its_person_its_owner_and_its_client_only(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    store
        .sign_up(Entry::Open, person("eve"), None, &cause(0))
        .await
        .unwrap();
    for number in 0..2 {
        assert_eq!(approve(store, number, at(600)).await, Answered::Done);
        let redeemed = store
            .redeem(digest("code", number), &tokens(number, at(1)), &cause(1))
            .await;
        assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
    }
    let eve = cause(2).by(&PersonId::stored("eve"));
    let grant = GrantId::stored("grant 0");
    let person = RevocationReason::Person;
    assert!(!store.revoke(&grant, person, &eve).await.unwrap());
    let other = cause(2).through(&ClientId::stored("other".to_owned()));
    assert!(
        !store
            .revoke_token(digest("access", 0), &other)
            .await
            .unwrap()
    );
    let client = cause(2).through(&Transaction::example().request.client_id);
    assert!(
        store
            .revoke_token(digest("refresh", 0), &client)
            .await
            .unwrap()
    );
    assert!(!is_active(store, 0, at(3)).await);
    assert!(is_active(store, 1, at(3)).await);
    assert_eq!(store.revoke_all(&cause(3).by(&ada)).await.unwrap(), 1);
    assert!(!is_active(store, 1, at(4)).await);
    let keys = store.keys(&ada, at(4), 9).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.revoked.is_some()));
    assert!(
        store
            .keys(&PersonId::stored("eve"), at(4), 9)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn revocation_is_seen_at_once_although_its_caller_goes_away(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let by = cause(2).by(&ada);
    for polls in 1..=16 {
        approve(store, polls, at(600)).await;
        let redeemed = store
            .redeem(digest("code", polls), &tokens(polls, at(1)), &cause(1))
            .await;
        assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
        assert!(is_active(store, polls, at(2)).await);
        let grant = GrantId::stored(format!("grant {polls}"));
        let mut revoking = store.revoke(&grant, RevocationReason::Person, &by);
        for _ in 0..polls {
            if futures_util::poll!(&mut revoking).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(revoking);
        for _ in 0..50 {
            // A lookup in between, whose answer may be kept.
            let was_active = is_active(store, polls, at(2)).await;
            let keys = store.keys(&ada, at(2), 99).await.unwrap();
            let key = keys.iter().find(|key| key.grant == grant).unwrap();
            if key.revoked.is_some() {
                assert!(
                    !is_active(store, polls, at(2)).await,
                    "{polls}: {was_active}"
                );
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

pub(super) async fn purge_forgets_expired_tokens_and_keeps_keys(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    approve(store, 0, at(600)).await;
    store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await
        .unwrap();
    approve(store, 1, at(600)).await;
    store.purge(at(48 * 60 * 60), RETENTION).await.unwrap();
    assert_eq!(store.code(digest("code", 0)).await.unwrap(), None);
    assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
    assert_eq!(
        store.refresh_token(digest("refresh", 0)).await.unwrap(),
        None
    );
    assert_eq!(store.keys(&ada, at(1), 9).await.unwrap().len(), 1);
    store.purge(at(60 * 24 * 60 * 60), RETENTION).await.unwrap();
    assert!(store.keys(&ada, at(1), 9).await.unwrap().is_empty());
}

pub(super) async fn one_of_two_hundred_callers_redeems_and_one_rotates(fixture: &dyn Fixture) {
    let store = fixture.empty_store().await;
    ada(&*store).await;
    approve(&*store, 0, at(600)).await;
    let redemptions = (0..200).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store
                .redeem(digest("code", 0), &tokens(number, at(1)), &cause(1))
                .await
                .unwrap()
        })
    });
    let all = futures_util::future::join_all(redemptions).await;
    let won = all
        .iter()
        .filter(|it| *it.as_ref().unwrap() == Redemption::Redeemed);
    assert_eq!(won.count(), 1);
    approve(&*store, 1, at(600)).await;
    store
        .redeem(digest("code", 1), &tokens(1000, at(1)), &cause(1))
        .await
        .unwrap();
    let rotations = (0..200_u8).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let successor = Successor {
                salt: [number; 32],
                tokens: tokens(2000 + usize::from(number), at(2)),
                access_scopes: None,
                overlap: OVERLAP,
            };
            let token = digest("refresh", 1000);
            let rotation = store.rotate(token, &successor, &cause(2)).await.unwrap();
            (number, rotation)
        })
    });
    let all = futures_util::future::join_all(rotations).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    let mut winners = all
        .iter()
        .filter(|(_, rotation)| *rotation == Rotation::Rotated);
    let winner = winners.next().unwrap().0;
    assert!(winners.next().is_none());
    let is_repeated = |rotation: &Rotation| matches!(rotation, Rotation::Repeated { salt, .. } if *salt == [winner; 32]);
    assert_eq!(
        all.iter()
            .filter(|(_, rotation)| is_repeated(rotation))
            .count(),
        199
    );
}
