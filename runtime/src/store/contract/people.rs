//! Accounts and browser sessions.

use super::Fixture;
use super::samples::{RETENTION, ada, at, cause, device, digest, new_session, person};
use crate::model::{PersonId, Recognised, SessionId};
use crate::store::{Entry, SignedUp};

pub(super) async fn setup_link_makes_one_account(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let link = digest("link", 0);
    assert!(
        store
            .put_setup_link(link, at(100), &cause(0))
            .await
            .unwrap()
    );
    assert!(store.is_setup_link(link, at(99)).await.unwrap());
    assert!(!store.is_setup_link(link, at(100)).await.unwrap());
    let entry = || Entry::SetupLink(link);
    let made = store.sign_up(entry(), person("ada"), None, &cause(1)).await;
    assert_eq!(made.unwrap(), SignedUp::Done);
    let again = store
        .sign_up(entry(), person("grace"), None, &cause(1))
        .await;
    assert_eq!(again.unwrap(), SignedUp::DeadLink);
    assert!(
        !store
            .put_setup_link(link, at(100), &cause(2))
            .await
            .unwrap()
    );
}

pub(super) async fn email_address_has_one_account_in_any_letter_case(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let mut other = person("other");
    other.email = "ADA@example.COM".to_owned();
    let made = store
        .sign_up(Entry::Open, other, None, &cause(0))
        .await
        .unwrap();
    assert_eq!(made, SignedUp::EmailTaken);
    let known = store.credentials("aDa@example.com").await.unwrap().unwrap();
    let (found, hash) = (known.person, known.password_hash);
    assert_eq!(
        (found.email.as_str(), hash.as_deref()),
        ("ada@Example.com", Some("hash"))
    );
}

pub(super) async fn session_ends_by_time_by_idleness_and_by_request(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let by = cause(10).by(&ada);
    for number in 0..2 {
        let session = new_session(number, device(0));
        store.open_session(&session, &by).await.unwrap();
    }
    for (number, now, idle_since, there) in [
        (0, 15, 1, true),
        (0, 1000, 1, false),
        (0, 15, 10, false),
        (1, 15, 1, true),
    ] {
        let found = store
            .session(digest("session", number), at(now), at(idle_since))
            .await;
        assert_eq!(found.unwrap().is_some(), there);
    }
    let first = SessionId::stored("session 0");
    assert_eq!(
        store.close_other_sessions(&ada, &first, &by).await.unwrap(),
        1
    );
    assert!(
        store
            .session(digest("session", 1), at(15), at(1))
            .await
            .unwrap()
            .is_none()
    );
    let eve = PersonId::stored("eve");
    assert!(!store.close_session(&eve, &first, &by).await.unwrap());
    assert!(store.close_session(&ada, &first, &by).await.unwrap());
    assert!(!store.close_session(&ada, &first, &by).await.unwrap());
}

pub(super) async fn session_is_found_as_it_was_opened(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let opened = new_session(0, device(0));
    let by = cause(10).by(&ada);
    store.open_session(&opened, &by).await.unwrap();
    let found = store.session(opened.secret, at(11), at(1)).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.id, found.person.id), (opened.id, ada));
    assert_eq!(
        (found.method, found.browser),
        (opened.method, opened.browser)
    );
    assert_eq!((found.created, found.last_seen), (at(10), at(10)));
}

pub(super) async fn session_reports_when_the_password_was_last_given(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let session = new_session(0, device(0));
    let (id, secret) = (session.id.clone(), session.secret);
    let opened = store.open_session(&session, &cause(10).by(&ada)).await;
    opened.unwrap();
    let confirmed = async || {
        store
            .session(secret, at(20), at(1))
            .await
            .unwrap()
            .unwrap()
            .confirmed
    };
    assert_eq!(confirmed().await, at(10));
    store
        .confirm_session(&id, &cause(15).by(&ada))
        .await
        .unwrap();
    assert_eq!(confirmed().await, at(15));
}

pub(super) async fn sessions_are_listed_until_they_are_idle(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    for number in 0..3 {
        let opened = 10 * u64::try_from(number).unwrap();
        let by = cause(opened).by(&ada);
        let session = new_session(number, device(0));
        store.open_session(&session, &by).await.unwrap();
    }
    let listed = async |now, idle_since| {
        let sessions = store.sessions(&ada, at(now), at(idle_since)).await.unwrap();
        sessions
            .iter()
            .map(|it| it.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(100, 5).await, ["session 2", "session 1"]);
    store
        .session(digest("session", 1), at(200), at(5))
        .await
        .unwrap();
    assert_eq!(listed(200, 20).await, ["session 1"]);
    assert!(listed(1000, 5).await.is_empty());
}

pub(super) async fn browser_and_network_are_recognised_after_a_sign_in(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let by = cause(10).by(&ada);
    let open = async |number: usize| {
        let session = new_session(number, device(number));
        store.open_session(&session, &by).await.unwrap();
    };
    let recognise = async |email: &str, browser: usize, network: usize| {
        let (device, network) = (digest("device", browser), digest("network", network));
        store.recognise(email, Some(device), network).await.unwrap()
    };
    let ada_s = "ADA@example.com";
    assert_eq!(recognise(ada_s, 1, 1).await, Recognised::No);
    open(1).await;
    let known = Recognised::Browser(digest("device", 1));
    assert_eq!(recognise(ada_s, 1, 1).await, known);
    assert_eq!(recognise(ada_s, 1, 2).await, known);
    assert_eq!(recognise(ada_s, 2, 1).await, Recognised::Network);
    assert_eq!(recognise(ada_s, 2, 2).await, Recognised::No);
    assert_eq!(recognise("grace@example.com", 1, 1).await, Recognised::No);
    assert_eq!(
        store.last_person(digest("device", 1)).await.unwrap(),
        Some(ada.clone())
    );
    assert_eq!(store.last_person(digest("device", 2)).await.unwrap(), None);
    // Of very many, those that were used last are kept.
    for number in 2..60 {
        open(number).await;
    }
    assert_eq!(recognise(ada_s, 1, 1).await, Recognised::No);
    assert_eq!(
        recognise(ada_s, 58, 0).await,
        Recognised::Browser(digest("device", 58))
    );
    // A changed password ends the sessions of anyone who knew it.
    let keep = SessionId::stored("session 59");
    let here = Some(digest("device", 59));
    store
        .set_password(&ada, "hash", &keep, here, &by)
        .await
        .unwrap();
    assert_eq!(recognise(ada_s, 58, 0).await, Recognised::No);
    assert_eq!(
        recognise(ada_s, 59, 0).await,
        Recognised::Browser(digest("device", 59))
    );
    store
        .purge(at(366 * 24 * 60 * 60), RETENTION)
        .await
        .unwrap();
    assert_eq!(recognise(ada_s, 59, 0).await, Recognised::No);
}

pub(super) async fn session_that_is_opened_after_the_clock_was_set_back_is_kept(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let open = async |number: usize, seconds: u64| {
        let session = new_session(number, device(number));
        let by = cause(seconds).by(&ada);
        assert!(store.open_session(&session, &by).await.unwrap());
    };
    let is_open = async |number: usize| {
        let found = store.session(digest("session", number), at(500), at(0));
        found.await.unwrap().is_some()
    };
    // As many as a person may have.
    for number in 0..50 {
        open(number, 400).await;
    }
    open(50, 100).await;
    assert!(is_open(50).await && is_open(49).await && !is_open(0).await);
    let device = Some(digest("device", 50));
    let network = digest("network", 99);
    assert_eq!(
        store
            .recognise("ada@example.com", device, network)
            .await
            .unwrap(),
        Recognised::Browser(digest("device", 50))
    );
}
