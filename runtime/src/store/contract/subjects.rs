//! Tokens of the identity provider that are exchanged for tokens of the API.

use std::time::Duration;

use super::Fixture;
use super::identities::account;
use super::rechecks::{ada_of_provider, sealed};
use super::samples::{approve, at, cause, digest, tokens};
use crate::model::{
    Answered, GrantId, KeptSignIn, KeptSubject, LogoutRequest, PersonId, Recheck, RecheckRequest,
    RecheckTurn, Rechecked, Renewal, RevocationReason, SubjectToken,
};
use crate::store::{Retention, Store};

const ISSUER: &str = "https://id.example.com";

fn subject(text: &str, until: u64) -> SubjectToken {
    SubjectToken {
        sealed: Some(sealed(text)),
        until: at(until),
    }
}

/// Signs Ada in, with a refresh token and a token to be exchanged.
async fn sign_in(store: &dyn Store, seconds: u64, subject: Option<SubjectToken>) {
    let kept = KeptSignIn {
        at: at(seconds),
        token: Some(sealed("refresh")),
        keeps_former: true,
        check: at(seconds + 1000),
        end: at(seconds + 5000),
        subject,
    };
    let account = account("1", true);
    store.keep_sign_in(&account, &kept).await.unwrap();
}

/// Signs Ada in at a server that keeps no tokens.
async fn sign_in_without_tokens(store: &dyn Store, seconds: u64) {
    let kept = KeptSignIn {
        at: at(seconds),
        token: None,
        keeps_former: false,
        check: at(seconds + 1000),
        end: at(seconds + 5000),
        subject: None,
    };
    let account = account("1", true);
    store.keep_sign_in(&account, &kept).await.unwrap();
}

/// The token of a person that is exchanged.
async fn kept(store: &dyn Store, person: &PersonId) -> Option<SubjectToken> {
    let kept = store.kept_subject(person, ISSUER).await.unwrap();
    kept.unwrap().token
}

async fn begin(
    store: &dyn Store,
    person: &PersonId,
    seconds: u64,
    renewal: Renewal,
) -> RecheckTurn {
    let request = RecheckRequest {
        at: at(seconds),
        tried_before: None,
        until: at(seconds + 60),
        renewal: Some(renewal),
    };
    store.begin_recheck(person, &request).await.unwrap()
}

fn renewal(used_until: u64, tried_before: u64) -> Renewal {
    Renewal {
        used_until: at(used_until),
        tried_before: at(tried_before),
    }
}

async fn end(store: &dyn Store, recheck: &Recheck, outcome: Rechecked, seconds: u64) {
    let ended = store.end_recheck(recheck, &outcome, &cause(seconds)).await;
    assert!(ended.unwrap());
}

async fn end_sessions(store: &dyn Store, request: &LogoutRequest) {
    let ended = store.end_provider_sessions(request, &cause(20)).await;
    ended.unwrap();
}

fn admitted(subject: Option<SubjectToken>) -> Rechecked {
    Rechecked::Admitted {
        token: None,
        assigned: None,
        subject,
        next: at(9000),
    }
}

pub(super) async fn token_that_is_exchanged_is_kept_until_the_next_one_or_the_end_of_the_sign_in(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    let nothing = KeptSubject {
        subject: "1".to_owned(),
        token: None,
        is_renewable: false,
    };
    let found = store.kept_subject(&ada, ISSUER).await.unwrap();
    assert_eq!(found, Some(nothing));
    let elsewhere = store.kept_subject(&ada, "https://other.example.com").await;
    assert_eq!(elsewhere.unwrap(), None);
    sign_in(store, 0, Some(subject("first", 300))).await;
    let found = store.kept_subject(&ada, ISSUER).await.unwrap().unwrap();
    assert_eq!(found.token, Some(subject("first", 300)));
    assert!(found.is_renewable);
    let keys = store.provider_tokens_sealed_with().await.unwrap();
    assert_eq!(keys, ["1"]);
    // An answer without one leaves it as it is, and one with another one replaces it.
    for (answer, expected) in [(None, "first"), (Some(subject("second", 600)), "second")] {
        let turn = begin(store, &ada, 400, renewal(600, 400)).await;
        let RecheckTurn::Own(recheck) = turn else {
            panic!("{turn:?}");
        };
        end(store, &recheck, admitted(answer), 400).await;
        let sealed_token = kept(store, &ada).await.unwrap().sealed;
        assert_eq!(sealed_token, Some(sealed(expected)));
    }
    // A sign-in that brings none leaves it as it is, where tokens are kept at all.
    sign_in(store, 10, None).await;
    assert_eq!(kept(store, &ada).await, Some(subject("second", 600)));
    sign_in_without_tokens(store, 10).await;
    assert_eq!(kept(store, &ada).await, None);
    // One that could not be had is remembered as such.
    let none = SubjectToken {
        sealed: None,
        until: at(700),
    };
    sign_in(store, 10, Some(none.clone())).await;
    assert_eq!(kept(store, &ada).await, Some(none));
    // It ends with the sign-in, also by a logout that ends grants.
    let logout = |number, ends_grants| LogoutRequest {
        token: digest("logout", number),
        expires: at(200),
        issuer: ISSUER.to_owned(),
        subject: Some("1".to_owned()),
        provider_session: None,
        ends_grants,
    };
    sign_in(store, 10, Some(subject("third", 700))).await;
    end_sessions(store, &logout(0, false)).await;
    assert_eq!(kept(store, &ada).await, Some(subject("third", 700)));
    end_sessions(store, &logout(1, true)).await;
    assert_eq!(kept(store, &ada).await, None);
    sign_in(store, 10, Some(subject("third", 700))).await;
    store.disable_account(&ada, true, &cause(30)).await.unwrap();
    assert_eq!(kept(store, &ada).await, None);
    store
        .disable_account(&ada, false, &cause(30))
        .await
        .unwrap();
    sign_in(store, 10, Some(subject("third", 700))).await;
    let turn = begin(store, &ada, 800, renewal(800, 800)).await;
    let RecheckTurn::Own(recheck) = turn else {
        panic!("{turn:?}");
    };
    let ended = Rechecked::Ended {
        reason: RevocationReason::ProviderRefused,
        assigned: None,
    };
    end(store, &recheck, ended, 800).await;
    assert_eq!(kept(store, &ada).await, None);
}

pub(super) async fn person_is_asked_about_once_where_another_token_is_needed(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 0, Some(subject("first", 300))).await;
    // The token is still good, and no check is due.
    let turn = begin(store, &ada, 299, renewal(299, 297)).await;
    assert_eq!(turn, RecheckTurn::None);
    let needed = || begin(store, &ada, 300, renewal(300, 298));
    let turns = futures_util::future::join_all((0..20).map(|_| needed())).await;
    let mut own = turns.into_iter().filter(|it| *it != RecheckTurn::Other);
    let (Some(RecheckTurn::Own(recheck)), None) = (own.next(), own.next()) else {
        panic!("not one caller has the turn");
    };
    end(store, &recheck, admitted(Some(subject("second", 600))), 300).await;
    // Those who waited find the token of the one who asked.
    assert_eq!(needed().await, RecheckTurn::None);
    // Where no answer came, it is asked again after a pause only.
    let turn = begin(store, &ada, 600, renewal(600, 598)).await;
    let RecheckTurn::Own(recheck) = turn else {
        panic!("{turn:?}");
    };
    let unanswered = Rechecked::Unanswered { next: at(9000) };
    end(store, &recheck, unanswered, 600).await;
    let turn = begin(store, &ada, 601, renewal(601, 599)).await;
    assert_eq!(turn, RecheckTurn::None);
    let turn = begin(store, &ada, 602, renewal(602, 600)).await;
    assert!(matches!(turn, RecheckTurn::Own(_)), "{turn:?}");
    // Nothing waits until a clock that was set back is there again.
    let back = begin(store, &ada, 500, renewal(600, 498)).await;
    assert!(matches!(back, RecheckTurn::Own(_)), "{back:?}");
}

pub(super) async fn expired_token_is_forgotten_and_the_time_of_its_end_is_not(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 0, Some(subject("first", 300))).await;
    let retention = Retention {
        audit: Duration::from_hours(24),
        ended_grants: Duration::from_hours(24),
    };
    store.purge(at(299), retention).await.unwrap();
    assert_eq!(kept(store, &ada).await, Some(subject("first", 300)));
    store.purge(at(300), retention).await.unwrap();
    let forgotten = SubjectToken {
        sealed: None,
        until: at(300),
    };
    assert_eq!(kept(store, &ada).await, Some(forgotten));
}

pub(super) async fn grants_that_ended_are_not_live(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    assert_eq!(approve(store, 0, at(1000)).await, Answered::Done);
    let (code, by) = (digest("code", 0), cause(1));
    store.redeem(code, &tokens(0, at(1000)), &by).await.unwrap();
    let grant = store.keys(&ada, at(2), 10).await.unwrap().remove(0).grant;
    let asked = [grant.clone(), GrantId::stored("key_of_another_store")];
    let live = store.live_grants(&asked).await.unwrap();
    assert_eq!(live, std::slice::from_ref(&grant));
    assert!(store.live_grants(&[]).await.unwrap().is_empty());
    let reason = RevocationReason::Person;
    let revoked = store.revoke(&grant, reason, &cause(3).by(&ada)).await;
    assert!(revoked.unwrap());
    assert!(store.live_grants(&asked).await.unwrap().is_empty());
}
