//! Sign-ins at the identity provider that are checked again, and their end.

use std::time::SystemTime;

use super::Fixture;
use super::identities::account;
use super::samples::{
    ada, approve, at, cause, device, digest, is_active, new_session, person, tokens,
};
use crate::model::{
    Answered, Authentication, AuthenticationMethod, Identified, KeptSignIn, LogoutRequest,
    NewPerson, PersonId, Recheck, RecheckRequest, RecheckTurn, Rechecked, RevocationReason,
};
use crate::seal::Sealed;
use crate::store::Store;

pub(super) fn sealed(text: &str) -> Sealed {
    Sealed {
        with: "1".to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

/// Signs a person in whose check is due at 100, and who is out at 500 where there is no token.
async fn sign_in(store: &dyn Store, seconds: u64, token: Option<&str>) {
    let kept = KeptSignIn {
        at: at(seconds),
        token: token.map(sealed),
        keeps_former: true,
        check: at(seconds + 100),
        end: at(seconds + 500),
        subject: None,
    };
    let account = account("1", true);
    store.keep_sign_in(&account, &kept).await.unwrap();
}

/// Ada, with a workspace and an account of the provider.
pub(super) async fn ada_of_provider(store: &dyn Store) -> PersonId {
    let (ada, _) = ada(store).await;
    let account = account("1", true);
    let new = NewPerson {
        password_hash: None,
        ..person("ada")
    };
    let identified = store.identify(&account, new, None, &cause(0)).await;
    assert_eq!(identified.unwrap(), Identified::Person(ada.clone()));
    ada
}

async fn begin(
    store: &dyn Store,
    person: &PersonId,
    seconds: u64,
    tried_before: Option<SystemTime>,
) -> RecheckTurn {
    let request = RecheckRequest {
        at: at(seconds),
        tried_before,
        until: at(seconds + 60),
        renewal: None,
    };
    store.begin_recheck(person, &request).await.unwrap()
}

async fn own(store: &dyn Store, person: &PersonId, seconds: u64) -> Recheck {
    match begin(store, person, seconds, None).await {
        RecheckTurn::Own(recheck) => recheck,
        other => panic!("{other:?}"),
    }
}

/// Ends a turn; returns whether anything was changed.
async fn end(store: &dyn Store, recheck: &Recheck, outcome: Rechecked, seconds: u64) -> bool {
    let ended = store.end_recheck(recheck, &outcome, &cause(seconds)).await;
    ended.unwrap()
}

fn admitted(token: Option<&str>, next: u64) -> Rechecked {
    Rechecked::Admitted {
        token: token.map(sealed),
        assigned: None,
        subject: None,
        next: at(next),
    }
}

fn ended() -> Rechecked {
    Rechecked::Ended {
        reason: RevocationReason::ProviderRefused,
        assigned: None,
    }
}

pub(super) async fn person_is_checked_by_one_caller_at_a_time_when_that_is_due(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    // Nothing is known of a sign-in yet.
    assert_eq!(begin(store, &ada, 1000, None).await, RecheckTurn::None);
    sign_in(store, 0, Some("first")).await;
    assert_eq!(begin(store, &ada, 99, None).await, RecheckTurn::None);
    let turns = futures_util::future::join_all((0..20).map(|_| begin(store, &ada, 100, None)));
    let mut turns = turns.await;
    turns.retain(|turn| *turn != RecheckTurn::Other);
    let [RecheckTurn::Own(recheck)] = turns.as_slice() else {
        panic!("{turns:?}");
    };
    assert_eq!(recheck.token, Some(sealed("first")));
    assert_eq!(
        (recheck.person.as_str(), recheck.subject.as_str()),
        ("ada", "1")
    );
    // The turn of a server that died ends by itself.
    assert_eq!(begin(store, &ada, 159, None).await, RecheckTurn::Other);
    let recheck = own(store, &ada, 160).await;
    let done = end(store, &recheck, admitted(None, 260), 160).await;
    assert!(done);
    assert_eq!(begin(store, &ada, 259, None).await, RecheckTurn::None);
    let next = own(store, &ada, 260).await;
    assert_eq!(next.token, Some(sealed("first")));
    let keys = store.provider_tokens_sealed_with().await.unwrap();
    assert_eq!(keys, ["1"]);
}

pub(super) async fn refresh_causes_a_check_only_with_a_token_and_after_a_pause(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 10, None).await;
    assert_eq!(
        begin(store, &ada, 50, Some(at(40))).await,
        RecheckTurn::None
    );
    sign_in(store, 10, Some("first")).await;
    assert_eq!(begin(store, &ada, 19, Some(at(9))).await, RecheckTurn::None);
    let turn = begin(store, &ada, 20, Some(at(10))).await;
    let RecheckTurn::Own(recheck) = turn else {
        panic!("{turn:?}");
    };
    let unanswered = Rechecked::Unanswered { next: at(80) };
    let done = end(store, &recheck, unanswered, 20).await;
    assert!(done);
    // What was tried counts, whether it was answered or not.
    assert_eq!(
        begin(store, &ada, 29, Some(at(19))).await,
        RecheckTurn::None
    );
    assert_eq!(begin(store, &ada, 79, None).await, RecheckTurn::None);
    assert_eq!(own(store, &ada, 80).await.token, Some(sealed("first")));
}

pub(super) async fn token_is_replaced_only_where_the_one_before_was_used(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 0, Some("first")).await;
    let recheck = own(store, &ada, 100).await;
    let done = end(store, &recheck, admitted(Some("second"), 200), 100).await;
    assert!(done);
    // A server that comes late with an answer to the former token changes nothing.
    let late = end(store, &recheck, admitted(Some("third"), 200), 101).await;
    assert!(!late);
    assert_eq!(own(store, &ada, 200).await.token, Some(sealed("second")));
}

pub(super) async fn sign_in_during_a_check_is_not_ended_by_it(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    for (before, token) in [
        (Some("first"), Some("second")),
        (None, None),
        (None, Some("a")),
    ] {
        sign_in(store, 0, before).await;
        let recheck = own(store, &ada, 600).await;
        sign_in(store, 601, token).await;
        let done = end(store, &recheck, ended(), 602).await;
        assert!(!done, "{before:?} {token:?}");
        let due = own(store, &ada, 1101).await;
        let done = end(store, &due, ended(), 1101).await;
        assert!(done);
    }
}

pub(super) async fn end_of_a_sign_in_ends_sessions_and_grants(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 0, Some("first")).await;
    assert_eq!(approve(store, 0, at(1000)).await, Answered::Done);
    let (code, by) = (digest("code", 0), cause(1));
    store.redeem(code, &tokens(0, at(1)), &by).await.unwrap();
    let session = new_session(0, device(0));
    let opened = store.open_session(&session, &cause(10).by(&ada)).await;
    assert!(opened.unwrap());
    assert!(is_active(store, 0, at(100)).await);
    let recheck = own(store, &ada, 100).await;
    let done = end(store, &recheck, ended(), 100).await;
    assert!(done);
    assert!(!is_active(store, 0, at(100)).await);
    let found = store.session(session.secret, at(100), at(0)).await.unwrap();
    assert_eq!(found, None);
    let keys = store.keys(&ada, at(100), 10).await.unwrap();
    let reason = keys[0].revoked.map(|(_, reason)| reason);
    assert_eq!(reason, Some(RevocationReason::ProviderRefused));
    // The token is forgotten, and what is granted before the next sign-in ends as well.
    let sealed_with = store.provider_tokens_sealed_with().await;
    assert!(sealed_with.unwrap().is_empty());
    assert_eq!(own(store, &ada, 101).await.token, None);
}

pub(super) async fn sign_in_of_an_earlier_version_ends_after_thirty_days(fixture: &dyn Fixture) {
    const DAYS: u64 = 30 * 24 * 60 * 60;
    let store = &*fixture.empty_store().await;
    // Nothing is kept of the sign-in, as by a server of that version.
    let ada = ada_of_provider(store).await;
    assert_eq!(approve(store, 0, at(DAYS)).await, Answered::Done);
    let (code, by) = (digest("code", 0), cause(1));
    let issued = tokens(0, at(2 * DAYS));
    store.redeem(code, &issued, &by).await.unwrap();
    let found = store.authenticate(digest("access", 0), at(1)).await;
    let Authentication::Active(token) = found.unwrap() else {
        panic!("the token is not active");
    };
    assert_eq!(token.recheck, Some(at(DAYS)));
    assert_eq!(begin(store, &ada, DAYS - 1, None).await, RecheckTurn::None);
    let recheck = own(store, &ada, DAYS).await;
    assert_eq!(recheck.token, None);
    let done = end(store, &recheck, ended(), DAYS).await;
    assert!(done);
    assert!(!is_active(store, 0, at(DAYS)).await);
}

pub(super) async fn logout_ends_the_sessions_that_it_names_once(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    let open = async |number: usize, method, provider_session| {
        let mut session = new_session(number, device(number));
        session.method = method;
        session.provider_session = provider_session;
        let opened = store.open_session(&session, &cause(10).by(&ada)).await;
        assert!(opened.unwrap());
    };
    let request = |number, subject: Option<&str>, provider_session| LogoutRequest {
        token: digest("logout", number),
        expires: at(200),
        issuer: "https://id.example.com".to_owned(),
        subject: subject.map(ToOwned::to_owned),
        provider_session,
        ends_grants: false,
    };
    let end = async |request: LogoutRequest, seconds| {
        let ended = store.end_provider_sessions(&request, &cause(seconds)).await;
        ended.unwrap()
    };
    let provider = AuthenticationMethod::Provider;
    let sid = |number| Some(digest("sid", number));
    open(0, AuthenticationMethod::Password, None).await;
    open(1, provider, sid(1)).await;
    open(2, provider, sid(2)).await;
    open(3, provider, None).await;
    assert_eq!(end(request(0, None, sid(3)), 20).await, Some(0));
    assert_eq!(end(request(1, None, sid(1)), 20).await, Some(1));
    assert_eq!(end(request(1, None, sid(1)), 20).await, None);
    assert_eq!(end(request(2, Some("2"), sid(2)), 20).await, Some(0));
    assert_eq!(end(request(3, Some("1"), sid(2)), 20).await, Some(1));
    assert_eq!(end(request(4, Some("1"), None), 20).await, Some(1));
    let left = store.sessions(&ada, at(20), at(0)).await.unwrap();
    let left: Vec<_> = left.iter().map(|it| it.method).collect();
    assert_eq!(left, [AuthenticationMethod::Password]);
}

pub(super) async fn turn_of_a_clock_that_was_ahead_ends_at_once(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = ada_of_provider(store).await;
    sign_in(store, 0, Some("first")).await;
    // A server whose clock is an hour ahead has the turn, and never ends it.
    own(store, &ada, 3700).await;
    own(store, &ada, 100).await;
    // A turn of a clock that differs by seconds is another server's.
    assert_eq!(
        begin(store, &ada, 90, Some(at(90))).await,
        RecheckTurn::Other
    );
}
