//! Accounts of people at the identity provider, and sign-ins that are under way there.

use super::Fixture;
use super::samples::{
    ada, approve, at, cause, device, digest, is_active, new_session, person, share, tokens,
    workspace,
};
use crate::model::{
    Answered, AssignedMembership, Identified, InvitationId, NewPerson, PendingSignIn, PersonId,
    ProviderAccount, Redemption, RevocationReason, Role, SessionId,
};
use crate::store::{MembersChanged, Share, Store};

pub(super) fn account(subject: &str, may_link: bool) -> ProviderAccount {
    ProviderAccount {
        issuer: "https://id.example.com".to_owned(),
        subject: subject.to_owned(),
        may_link,
    }
}

fn without_password(name: &str) -> NewPerson {
    NewPerson {
        password_hash: None,
        ..person(name)
    }
}

fn assigned(name: &str, role: Role) -> AssignedMembership {
    let mut workspace = workspace(name);
    workspace.upstream_id = Some(format!("{name} of the API"));
    AssignedMembership { workspace, role }
}

async fn memberships(store: &dyn Store, person: &str) -> Vec<(String, Role)> {
    let person = PersonId::stored(person);
    let memberships = store.memberships(&person).await.unwrap();
    let pairs = memberships.into_iter();
    let mut pairs: Vec<_> = pairs
        .map(|it| (it.workspace.id.to_string(), it.role))
        .collect();
    pairs.sort();
    pairs
}

pub(super) async fn sign_in_at_the_provider_is_taken_once_by_its_browser(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (state, browser, other) = (
        digest("state", 0),
        digest("browser", 0),
        digest("browser", 1),
    );
    let session = SessionId::stored("session 0");
    let begun = store.begin_sign_in(state, browser, Some(&session), at(100), share());
    begun.await.unwrap();
    let take = async |browser, now| store.take_sign_in(state, browser, at(now)).await.unwrap();
    assert_eq!(take(other, 10).await, PendingSignIn::OtherBrowser);
    assert_eq!(take(browser, 100).await, PendingSignIn::Over);
    let confirms = Some(session.clone());
    assert_eq!(take(browser, 10).await, PendingSignIn::Found { confirms });
    assert_eq!(take(browser, 10).await, PendingSignIn::Over);
    assert_eq!(take(other, 10).await, PendingSignIn::Over);
}

pub(super) async fn sign_ins_of_one_network_replace_each_other(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let begin = async |number, network| {
        let share = Share {
            source: digest("network", network),
            most: 2,
        };
        let expires = at(100 + u64::try_from(number).unwrap());
        let (state, browser) = (digest("state", number), digest("browser", 0));
        store
            .begin_sign_in(state, browser, None, expires, share)
            .await
            .unwrap();
    };
    begin(0, 1).await;
    for number in 1..4 {
        begin(number, 0).await;
    }
    for (number, there) in [(0, true), (1, false), (2, true), (3, true)] {
        let (state, browser) = (digest("state", number), digest("browser", 0));
        let taken = store.take_sign_in(state, browser, at(1)).await.unwrap();
        assert_eq!(taken != PendingSignIn::Over, there, "{number}");
    }
}

pub(super) async fn account_of_the_provider_has_one_person(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let identify = async |subject, name| {
        let account = account(subject, false);
        store
            .identify(&account, without_password(name), None, &cause(1))
            .await
            .unwrap()
    };
    let grace = PersonId::stored("grace");
    assert_eq!(
        identify("1", "grace").await,
        Identified::Person(grace.clone())
    );
    // Whatever address is reported later, the subject decides.
    assert_eq!(
        identify("1", "other").await,
        Identified::Person(grace.clone())
    );
    assert_eq!(identify("2", "grace").await, Identified::EmailTaken);
    let known = async |issuer, subject| store.person_of(issuer, subject).await.unwrap();
    assert_eq!(known("https://id.example.com", "1").await, Some(grace));
    assert_eq!(known("https://id.example.com", "2").await, None);
    assert_eq!(known("https://other.example.com", "1").await, None);
    let credentials = store.credentials("grace@example.com").await.unwrap();
    assert_eq!(credentials.unwrap().password_hash, None);
}

pub(super) async fn account_with_a_password_is_linked_once_where_that_is_allowed(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let identify = async |subject, may_link| {
        let account = account(subject, may_link);
        store
            .identify(&account, without_password("ada"), None, &cause(1))
            .await
            .unwrap()
    };
    assert_eq!(identify("1", false).await, Identified::EmailTaken);
    assert_eq!(identify("1", true).await, Identified::Person(ada.clone()));
    assert_eq!(identify("1", false).await, Identified::Person(ada));
    assert_eq!(identify("2", true).await, Identified::EmailTaken);
}

pub(super) async fn linking_an_account_ends_what_its_former_person_has(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by = cause(0).by(&ada);
    assert_eq!(approve(store, 0, at(1000)).await, Answered::Done);
    let redeemed = store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await;
    assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
    // A second connection is approved, and its code not redeemed.
    assert_eq!(approve(store, 1, at(1000)).await, Answered::Done);
    let session = new_session(0, device(0));
    assert!(
        store
            .open_session(&session, &cause(1).by(&ada))
            .await
            .unwrap()
    );
    let found = store.session(digest("session", 0), at(11), at(0)).await;
    assert!(found.unwrap().is_some());
    let reset = digest("reset", 0);
    let kept = store.put_reset_link(&ada, reset, at(1000), &by).await;
    assert!(kept.unwrap());
    let (id, link) = (InvitationId::stored("invitation"), digest("invitation", 0));
    let invited = store
        .invite(&id, link, &studio, Role::Owner, at(1000), &by)
        .await;
    assert_eq!(invited.unwrap(), MembersChanged::Done);

    let linked = store
        .identify(
            &account("1", true),
            without_password("ada"),
            None,
            &cause(3),
        )
        .await;
    assert_eq!(linked.unwrap(), Identified::Person(ada.clone()));
    let credentials = store.credentials("ada@example.com").await.unwrap();
    assert_eq!(credentials.unwrap().password_hash, None);
    let found = store.session(digest("session", 0), at(11), at(0)).await;
    assert!(found.unwrap().is_none());
    assert!(!is_active(store, 0, at(4)).await);
    let refresh = store.refresh_token(digest("refresh", 0)).await.unwrap();
    assert_eq!(refresh, None);
    assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
    assert_eq!(store.reset_link(reset, at(4)).await.unwrap(), None);
    assert_eq!(store.invitation(link, at(4)).await.unwrap(), None);
    let keys = store.keys(&ada, at(4), 9).await.unwrap();
    assert_eq!(keys.len(), 1);
    for key in keys {
        let reason = key.revoked.map(|(_, reason)| reason);
        assert_eq!(reason, Some(RevocationReason::AccountLinked));
    }
    // A later sign-in ends nothing.
    let session = new_session(1, device(1));
    assert!(
        store
            .open_session(&session, &cause(1).by(&ada))
            .await
            .unwrap()
    );
    let again = store
        .identify(
            &account("1", true),
            without_password("ada"),
            None,
            &cause(5),
        )
        .await;
    assert_eq!(again.unwrap(), Identified::Person(ada));
    let found = store.session(digest("session", 1), at(11), at(0)).await;
    assert!(found.unwrap().is_some());
}

pub(super) async fn account_is_linked_again_after_a_change_of_issuer_or_an_unlinking(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let identify = async |issuer: &str, subject: &str| {
        let mut account = account(subject, true);
        account.issuer = issuer.to_owned();
        store
            .identify(&account, without_password("ada"), None, &cause(1))
            .await
            .unwrap()
    };
    let (old, new) = ("https://id.example.com", "https://new.example.com");
    assert!(!store.unlink(&ada, &cause(1)).await.unwrap());
    assert_eq!(identify(old, "1").await, Identified::Person(ada.clone()));
    assert_eq!(identify(old, "2").await, Identified::EmailTaken);
    assert_eq!(identify(new, "2").await, Identified::Person(ada.clone()));
    // The account at the issuer before is none of hers any more.
    assert_eq!(store.person_of(old, "1").await.unwrap(), None);
    assert_eq!(identify(new, "3").await, Identified::EmailTaken);
    let session = new_session(0, device(0));
    let opened = store.open_session(&session, &cause(1).by(&ada)).await;
    assert!(opened.unwrap());
    assert!(store.unlink(&ada, &cause(2)).await.unwrap());
    let found = store.session(digest("session", 0), at(11), at(0)).await;
    assert!(found.unwrap().is_none());
    assert_eq!(identify(new, "3").await, Identified::Person(ada));
}

pub(super) async fn memberships_that_claims_assign_end_with_them(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let identify = async |assigned: &[AssignedMembership], seconds| {
        let (account, person) = (account("1", true), without_password("ada"));
        store
            .identify(&account, person, Some(assigned), &cause(seconds))
            .await
            .unwrap()
    };
    let (member, owner) = (Role::Member, Role::Owner);
    let unknown = store
        .identify(
            &account("9", true),
            without_password("new"),
            Some(&[]),
            &cause(1),
        )
        .await;
    assert_eq!(unknown.unwrap(), Identified::Unassigned);
    assert!(
        store
            .credentials("new@example.com")
            .await
            .unwrap()
            .is_none()
    );
    let first = [assigned("eng", member), assigned("studio", member)];
    assert_eq!(identify(&first, 1).await, Identified::Person(ada.clone()));
    // Her own workspace is hers, whatever claims say.
    let expected = [("eng".to_owned(), member), ("studio".to_owned(), owner)];
    assert_eq!(memberships(store, "ada").await, expected);
    let raised = [assigned("eng", owner)];
    identify(&raised, 2).await;
    let expected = [("eng".to_owned(), owner), ("studio".to_owned(), owner)];
    assert_eq!(memberships(store, "ada").await, expected);
    // The only owner goes too: the claims decide.
    assert_eq!(identify(&[], 3).await, Identified::Unassigned);
    assert_eq!(
        memberships(store, "ada").await,
        [("studio".to_owned(), owner)]
    );
    let all = store.all_workspaces().await.unwrap();
    let linked = all.into_iter().find(|it| it.id.as_str() == "eng").unwrap();
    assert_eq!(linked.upstream_id.as_deref(), Some("eng of the API"));
}

pub(super) async fn grants_end_with_the_membership_that_claims_assigned(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let ada = PersonId::stored("ada");
    let identify = async |assigned: &[AssignedMembership]| {
        let (account, person) = (account("1", false), without_password("ada"));
        store
            .identify(&account, person, Some(assigned), &cause(1))
            .await
            .unwrap()
    };
    identify(&[assigned("studio", Role::Member)]).await;
    let session = new_session(0, device(0));
    assert!(
        store
            .open_session(&session, &cause(10).by(&ada))
            .await
            .unwrap()
    );
    let approved = approve(store, 0, at(1000)).await;
    assert_eq!(approved, Answered::Done);
    let redeemed = store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await;
    assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
    assert!(is_active(store, 0, at(2)).await);
    identify(&[]).await;
    assert!(!is_active(store, 0, at(2)).await);
}

pub(super) async fn membership_that_is_given_or_taken_otherwise_is_not_assigned_any_more(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (owner, studio) = ada(store).await;
    let grace = PersonId::stored("grace");
    let identify = async |assigned: &[AssignedMembership]| {
        let (account, person) = (account("1", false), without_password("grace"));
        store
            .identify(&account, person, Some(assigned), &cause(1))
            .await
            .unwrap()
    };
    let invite = async |number: usize| {
        let id = InvitationId::stored(format!("invitation {number}"));
        let link = digest("invitation", number);
        let by = cause(0).by(&owner);
        let invited = store
            .invite(&id, link, &studio, Role::Member, at(1000), &by)
            .await;
        assert_eq!(invited.unwrap(), MembersChanged::Done);
        let joined = store.accept_invitation(link, &cause(2).by(&grace)).await;
        assert_eq!(joined.unwrap().as_ref(), Some(&studio));
    };
    let by_group = [assigned("studio", Role::Member)];
    let member = [("studio".to_owned(), Role::Member)];
    // Who is invited stays without the group.
    identify(&by_group).await;
    invite(0).await;
    identify(&[]).await;
    assert_eq!(memberships(store, "grace").await, member);
    // Who is removed and invited again does not lose it by a group of before.
    let remove = async || {
        let removed = store
            .remove_member(&studio, &grace, &cause(3).by(&owner))
            .await;
        assert_eq!(removed.unwrap(), MembersChanged::Done);
    };
    remove().await;
    identify(&by_group).await;
    remove().await;
    assert_eq!(memberships(store, "grace").await, []);
    invite(1).await;
    identify(&[]).await;
    assert_eq!(memberships(store, "grace").await, member);
    // A group that the person is in makes them a member again.
    remove().await;
    identify(&by_group).await;
    assert_eq!(memberships(store, "grace").await, member);
}

pub(super) async fn assigned_memberships_end_when_no_group_is_configured(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let identify = async |assigned: Option<&[AssignedMembership]>| {
        let (account, person) = (account("1", false), without_password("ada"));
        store
            .identify(&account, person, assigned, &cause(1))
            .await
            .unwrap()
    };
    let ada = PersonId::stored("ada");
    identify(Some(&[assigned("eng", Role::Member)])).await;
    assert_eq!(memberships(store, "ada").await.len(), 1);
    assert_eq!(identify(None).await, Identified::Person(ada));
    assert_eq!(memberships(store, "ada").await, []);
}

pub(super) async fn sessions_end_when_no_group_is_left(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let identify = async |assigned: &[AssignedMembership]| {
        let (account, person) = (account("1", false), without_password("ada"));
        store
            .identify(&account, person, Some(assigned), &cause(1))
            .await
            .unwrap()
    };
    let ada = PersonId::stored("ada");
    identify(&[assigned("eng", Role::Member)]).await;
    let session = new_session(0, device(0));
    let opened = store.open_session(&session, &cause(1).by(&ada)).await;
    assert!(opened.unwrap());
    let find = async || store.session(digest("session", 0), at(11), at(0)).await;
    assert!(find().await.unwrap().is_some());
    assert_eq!(identify(&[]).await, Identified::Unassigned);
    assert!(find().await.unwrap().is_none());
}
