//! Accounts as a whole: disabled, deleted, changed.

use super::Fixture;
use super::samples::{
    ada, approval, approve, at, cause, device, digest, is_active, new_session, person, share,
    tokens, workspace,
};
use crate::model::{
    Answered, GrantId, InvitationId, PersonId, RevocationReason, Role, Transaction, WorkspaceId,
};
use crate::store::{AccountDeleted, Entry, MembersChanged, SignedUp, Store};

/// Grace, who is a member of the studio, or its second owner.
async fn grace(store: &dyn Store, role: Role) -> PersonId {
    let by = cause(0).by(&PersonId::stored("ada"));
    let (id, link) = (InvitationId::stored("grace's"), digest("grace's", 0));
    let studio = WorkspaceId::stored("studio");
    let invited = store.invite(&id, link, &studio, role, at(100), &by).await;
    assert_eq!(invited.unwrap(), MembersChanged::Done);
    let entry = Entry::Invitation(link);
    let joined = store.sign_up(entry, person("grace"), None, &cause(1)).await;
    assert_eq!(joined.unwrap(), SignedUp::Done);
    PersonId::stored("grace")
}

/// Ada's grant with its tokens.
async fn connect(store: &dyn Store, number: usize) {
    assert_eq!(approve(store, number, at(600)).await, Answered::Done);
    let code = digest("code", number);
    store
        .redeem(code, &tokens(number, at(1)), &cause(1))
        .await
        .unwrap();
    assert!(is_active(store, number, at(2)).await);
}

pub(super) async fn disabled_account_opens_no_session_and_gains_no_grant(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    // An approval that was under way: what is asked for is known, the person is about to answer.
    let (handle, browser) = (digest("handle", 0), digest("browser", 0));
    let transaction = Transaction::example();
    store
        .begin(handle, browser, &transaction, at(600), share(), &cause(0))
        .await
        .unwrap();
    let approval = approval(store, 0, at(600), None).await;
    assert!(store.disable_account(&ada, true, &cause(1)).await.unwrap());

    let known = store.credentials("ada@example.com").await.unwrap().unwrap();
    assert!(known.is_disabled);
    let (session, by) = (new_session(1, device(1)), cause(2).by(&ada));
    assert!(!store.open_session(&session, &by).await.unwrap());
    let found = store.session(digest("session", 1), at(3), at(0)).await;
    assert!(found.unwrap().is_none());
    let answered = store.approve(handle, browser, &approval, &by).await;
    assert_eq!(answered.unwrap(), Answered::NotAMember);

    assert!(store.disable_account(&ada, false, &cause(3)).await.unwrap());
    assert!(store.open_session(&session, &by).await.unwrap());
    let unknown = PersonId::stored("eve");
    assert!(
        !store
            .disable_account(&unknown, true, &cause(4))
            .await
            .unwrap()
    );
}

pub(super) async fn disabling_an_account_ends_its_grants_sessions_and_links(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by = cause(0).by(&ada);
    connect(store, 0).await;
    assert_eq!(approve(store, 1, at(600)).await, Answered::Done);
    let session = new_session(1, device(1));
    store.open_session(&session, &by).await.unwrap();
    let (id, link) = (InvitationId::stored("invitation"), digest("invitation", 0));
    let invited = store.invite(&id, link, &studio, Role::Owner, at(100), &by);
    assert_eq!(invited.await.unwrap(), MembersChanged::Done);
    let reset = digest("reset", 0);
    assert!(
        store
            .put_reset_link(&ada, reset, at(100), &cause(0))
            .await
            .unwrap()
    );

    store.disable_account(&ada, true, &cause(3)).await.unwrap();
    assert!(!is_active(store, 0, at(4)).await);
    let refresh = store.refresh_token(digest("refresh", 0)).await.unwrap();
    assert_eq!(refresh, None);
    assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
    let found = store.session(digest("session", 1), at(4), at(0)).await;
    assert!(found.unwrap().is_none());
    assert_eq!(store.invitation(link, at(4)).await.unwrap(), None);
    assert_eq!(store.reset_link(reset, at(4)).await.unwrap(), None);
    for key in store.keys(&ada, at(4), 9).await.unwrap() {
        let reason = key.revoked.map(|(_, reason)| reason);
        assert_eq!(reason, Some(RevocationReason::AccountDisabled));
    }
    // The memberships are there again once the account is enabled, the grants are not.
    store.disable_account(&ada, false, &cause(5)).await.unwrap();
    assert_eq!(store.memberships(&ada).await.unwrap().len(), 1);
    assert!(!is_active(store, 0, at(6)).await);
}

pub(super) async fn reset_link_sets_one_password_once(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let by = cause(0).by(&ada);
    let session = new_session(1, device(1));
    store.open_session(&session, &by).await.unwrap();
    let (first, second) = (digest("reset", 1), digest("reset", 2));
    for link in [first, second] {
        assert!(
            store
                .put_reset_link(&ada, link, at(100), &cause(1))
                .await
                .unwrap()
        );
    }
    assert_eq!(store.reset_link(first, at(2)).await.unwrap(), None);
    let found = store.reset_link(second, at(99)).await.unwrap();
    assert_eq!(found.map(|person| person.id), Some(ada.clone()));
    assert_eq!(store.reset_link(second, at(100)).await.unwrap(), None);

    assert!(!store.reset_password(first, "new", &cause(3)).await.unwrap());
    assert!(
        !store
            .reset_password(second, "new", &cause(100))
            .await
            .unwrap()
    );
    assert!(
        store
            .reset_password(second, "new", &cause(3))
            .await
            .unwrap()
    );
    assert!(
        !store
            .reset_password(second, "other", &cause(4))
            .await
            .unwrap()
    );
    let known = store.credentials("ada@example.com").await.unwrap().unwrap();
    assert_eq!(known.password_hash.as_deref(), Some("new"));
    let found = store.session(digest("session", 1), at(4), at(0)).await;
    assert!(found.unwrap().is_none());
}

pub(super) async fn email_address_of_another_account_is_refused(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let grace = grace(store, Role::Member).await;
    let by = cause(2).by(&ada);
    let change =
        async |email: &str, name: &str| store.change_profile(&ada, email, name, &by).await.unwrap();
    assert!(!change("GRACE@example.com", "Eve").await);
    let reset = digest("reset", 0);
    store
        .put_reset_link(&ada, reset, at(100), &cause(2))
        .await
        .unwrap();
    assert!(change("ADA@example.com", "Ada L.").await);
    assert!(store.reset_link(reset, at(3)).await.unwrap().is_some());
    assert!(change("ada@example.org", "Ada L.").await);
    assert_eq!(store.reset_link(reset, at(3)).await.unwrap(), None);
    let accounts = store.all_accounts().await.unwrap();
    let accounts: Vec<_> = accounts
        .iter()
        .map(|it| (&it.person.id, &*it.person.email))
        .collect();
    assert_eq!(
        accounts,
        [(&ada, "ada@example.org"), (&grace, "grace@Example.com")]
    );
}

pub(super) async fn deletion_forgets_the_person_and_keeps_an_owner(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by_ada = cause(3).by(&ada);
    let own = workspace("own");
    store.create_workspace(&own, &ada, &by_ada).await.unwrap();
    connect(store, 0).await;
    let grace = grace(store, Role::Member).await;
    let deleted = store.delete_account(&ada, &by_ada).await.unwrap();
    assert_eq!(deleted, AccountDeleted::LastOwner);
    assert!(is_active(store, 0, at(4)).await);
    // An owner who cannot sign in is none.
    store
        .change_role(&studio, &grace, Role::Owner, &by_ada)
        .await
        .unwrap();
    store
        .disable_account(&grace, true, &cause(4))
        .await
        .unwrap();
    let deleted = store.delete_account(&ada, &by_ada).await.unwrap();
    assert_eq!(deleted, AccountDeleted::LastOwner);
    store
        .disable_account(&grace, false, &cause(5))
        .await
        .unwrap();

    let deleted = store.delete_account(&ada, &by_ada).await.unwrap();
    assert_eq!(deleted, AccountDeleted::Done);
    assert!(!is_active(store, 0, at(4)).await);
    assert!(
        store
            .credentials("ada@example.com")
            .await
            .unwrap()
            .is_none()
    );
    let left: Vec<_> = store.all_workspaces().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, studio);
    let members = store.members(&studio).await.unwrap();
    assert_eq!(members.len(), 1);
    let session = new_session(1, device(1));
    assert!(!store.open_session(&session, &by_ada).await.unwrap());
}

pub(super) async fn invitation_of_the_operator_needs_no_owner(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let (id, link) = (InvitationId::stored("invitation"), digest("invitation", 0));
    let by_operator = cause(0);
    let invited = store.invite(&id, link, &studio, Role::Owner, at(100), &by_operator);
    assert_eq!(invited.await.unwrap(), MembersChanged::Done);
    let found = store.invitation(link, at(1)).await.unwrap().unwrap();
    assert_eq!((found.inviter, found.role), (None, Role::Owner));
    assert_eq!(store.invitations(&studio, at(1)).await.unwrap().len(), 1);
    let entry = || Entry::Invitation(link);
    let joined = store
        .sign_up(entry(), person("grace"), None, &cause(1))
        .await;
    assert_eq!(joined.unwrap(), SignedUp::Done);
    let again = store.sign_up(entry(), person("eve"), None, &cause(1)).await;
    assert_eq!(again.unwrap(), SignedUp::DeadLink);
}

pub(super) async fn key_is_renamed_by_its_person_only(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let grace = grace(store, Role::Owner).await;
    connect(store, 0).await;
    let grant = GrantId::stored("grant 0");
    let rename = async |label, person: &PersonId| {
        let by = cause(3).by(person);
        store.rename_key(&grant, label, &by).await.unwrap()
    };
    let label = async || store.keys(&ada, at(3), 9).await.unwrap().remove(0).label;
    assert!(!rename(Some("theirs"), &grace).await);
    assert_eq!(label().await, None);
    assert!(rename(Some("mine"), &ada).await);
    assert_eq!(label().await.as_deref(), Some("mine"));
    assert!(rename(None, &ada).await);
    assert_eq!(label().await, None);
}
