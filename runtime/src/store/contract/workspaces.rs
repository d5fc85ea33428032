//! Workspaces, their members, invitations and links to tenants.

use super::Fixture;
use super::samples::{ada, approve, at, cause, digest, person, tokens};
use crate::model::{Answered, Authentication, Cause, InvitationId, PersonId, Role, WorkspaceId};
use crate::store::{Entry, MembersChanged, SignedUp};

pub(super) async fn invitation_is_used_once_and_workspace_keeps_an_owner(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by_ada = cause(0).by(&ada);
    let id = InvitationId::stored("invitation");
    let link = digest("invitation", 0);
    let made = store
        .invite(&id, link, &studio, Role::Member, at(100), &by_ada)
        .await
        .unwrap();
    assert_eq!(made, MembersChanged::Done);
    let joined = store
        .sign_up(Entry::Invitation(link), person("grace"), None, &cause(1))
        .await;
    assert_eq!(joined.unwrap(), SignedUp::Done);
    let again = store
        .sign_up(Entry::Invitation(link), person("eve"), None, &cause(1))
        .await;
    assert_eq!(again.unwrap(), SignedUp::DeadLink);
    let grace = PersonId::stored("grace");
    let by_grace = cause(2).by(&grace);
    let refused = MembersChanged::Refused;
    assert_eq!(
        store
            .change_role(&studio, &grace, Role::Owner, &by_grace)
            .await
            .unwrap(),
        refused
    );
    assert_eq!(
        store.remove_member(&studio, &ada, &by_grace).await.unwrap(),
        refused
    );
    let other = InvitationId::stored("other");
    let link = digest("invitation", 1);
    store
        .invite(&other, link, &studio, Role::Member, at(100), &by_ada)
        .await
        .unwrap();
    assert_eq!(
        store
            .withdraw_invitation(&studio, &other, &by_grace)
            .await
            .unwrap(),
        refused
    );
    assert!(store.invitation(link, at(2)).await.unwrap().is_some());
    assert_eq!(
        store
            .withdraw_invitation(&studio, &other, &by_ada)
            .await
            .unwrap(),
        MembersChanged::Done
    );
    assert!(store.invitation(link, at(2)).await.unwrap().is_none());
    let last = MembersChanged::LastOwner;
    assert_eq!(
        store.remove_member(&studio, &ada, &by_ada).await.unwrap(),
        last
    );
    assert_eq!(
        store
            .change_role(&studio, &ada, Role::Member, &by_ada)
            .await
            .unwrap(),
        last
    );
    assert_eq!(store.members(&studio).await.unwrap().len(), 2);
    let done = MembersChanged::Done;
    assert_eq!(
        store
            .remove_member(&studio, &grace, &by_grace)
            .await
            .unwrap(),
        done
    );
}

pub(super) async fn workspace_is_linked_by_its_owner_and_the_operator_only(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let linked = async || {
        store.memberships(&ada).await.unwrap()[0]
            .workspace
            .upstream_id
            .clone()
    };
    let eve = cause(1).by(&PersonId::stored("eve"));
    assert!(!store.link_workspace(&studio, "theirs", &eve).await.unwrap());
    assert_eq!(linked().await, None);
    assert!(
        store
            .link_workspace(&studio, "ours", &cause(1).by(&ada))
            .await
            .unwrap()
    );
    assert_eq!(linked().await.as_deref(), Some("ours"));
    assert!(store.link_workspace(&studio, "", &cause(2)).await.unwrap());
    assert_eq!(linked().await, None);
}

pub(super) async fn grants_end_when_their_workspace_is_linked_to_another_tenant(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    approve(store, 0, at(600)).await;
    store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await
        .unwrap();
    let lives = async || {
        let found = store
            .authenticate(digest("access", 0), at(3))
            .await
            .unwrap();
        matches!(found, Authentication::Active(_))
    };
    for same in ["ours", "ours", "", "ours", ""] {
        assert!(
            store
                .link_workspace(&studio, same, &cause(2))
                .await
                .unwrap()
        );
        assert!(lives().await);
    }
    assert!(
        store
            .link_workspace(&studio, "another", &cause(2))
            .await
            .unwrap()
    );
    assert!(!lives().await);
}

pub(super) async fn suspended_workspace_keeps_its_grants_and_gains_none(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    assert_eq!(store.last_workspace(&ada).await.unwrap(), None);
    approve(store, 0, at(600)).await;
    assert_eq!(
        store.last_workspace(&ada).await.unwrap(),
        Some(studio.clone())
    );
    store
        .redeem(digest("code", 0), &tokens(0, at(1)), &cause(1))
        .await
        .unwrap();
    for (suspended, answered) in [(true, Answered::NotAMember), (false, Answered::Done)] {
        assert!(
            store
                .suspend_workspace(&studio, suspended, &cause(2))
                .await
                .unwrap()
        );
        let found = store
            .authenticate(digest("access", 0), at(3))
            .await
            .unwrap();
        assert!(
            matches!(found, Authentication::Active(key) if key.workspace.suspended == suspended)
        );
        let refresh = store
            .refresh_token(digest("refresh", 0))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(refresh.suspended, suspended);
        assert_eq!(
            approve(store, 1 + usize::from(suspended), at(600)).await,
            answered
        );
    }
    let nowhere = WorkspaceId::stored("nowhere");
    assert!(
        !store
            .suspend_workspace(&nowhere, true, &cause(3))
            .await
            .unwrap()
    );
}

pub(super) async fn invitations_end_when_their_inviter_is_no_longer_an_owner(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by_ada = cause(0).by(&ada);
    let invite = async |number, by: &Cause| {
        let id = InvitationId::stored(format!("invitation {number}"));
        let link = digest("invitation", number);
        store
            .invite(&id, link, &studio, Role::Owner, at(100), by)
            .await
            .unwrap();
    };
    invite(0, &by_ada).await;
    let entry = Entry::Invitation(digest("invitation", 0));
    store
        .sign_up(entry, person("grace"), None, &cause(1))
        .await
        .unwrap();
    let grace = PersonId::stored("grace");
    let by_grace = cause(1).by(&grace);
    invite(1, &by_grace).await;
    invite(2, &by_ada).await;
    store
        .change_role(&studio, &grace, Role::Member, &by_ada)
        .await
        .unwrap();
    let there = async |number| {
        let link = digest("invitation", number);
        store.invitation(link, at(2)).await.unwrap().is_some()
    };
    assert_eq!((there(1).await, there(2).await), (false, true));
    store
        .change_role(&studio, &grace, Role::Owner, &by_ada)
        .await
        .unwrap();
    invite(3, &by_grace).await;
    store.remove_member(&studio, &grace, &by_ada).await.unwrap();
    assert_eq!((there(3).await, there(2).await), (false, true));
}
