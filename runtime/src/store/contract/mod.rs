//! What every store has to do, whatever it keeps things in: one suite, run against each.

mod model;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Entry, MembersChanged, Retention, Share, SignedUp, Sqlite, Store};
use crate::model::{
    Answered, Approval, Authentication, CachedMetadata, Cause, ClientId, ClientMetadata, Device,
    GrantId, InvitationId, NewPerson, NewRefreshToken, NewTokens, Pending, PersonId, Recognised,
    Redemption, RevocationReason, Role, Rotation, Scopes, SealedKey, Seen, SessionId, Successor,
    Transaction, Workspace, WorkspaceId,
};
use crate::operation::Access;
use crate::token::Digest;

const RETENTION: Retention = Retention {
    audit: Duration::from_hours(24 * 30),
    ended_grants: Duration::from_hours(24 * 30),
};
const START: SystemTime = SystemTime::UNIX_EPOCH;
const OVERLAP: Duration = Duration::from_secs(30);
const ACCESS: Duration = Duration::from_mins(60);
const REFRESH: Duration = Duration::from_mins(300);
const CODE: Duration = Duration::from_mins(10);

fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(seconds)
}

fn cause(seconds: u64) -> Cause {
    Cause::new(at(seconds), "test")
}

fn digest(name: &str, number: usize) -> Digest {
    Digest::of(&format!("{name} {number}"))
}

fn person(name: &str) -> NewPerson {
    NewPerson {
        id: PersonId::stored(name),
        email: format!("{name}@Example.com"),
        name: name.to_owned(),
        password_hash: "hash".to_owned(),
    }
}

/// A share that nothing here reaches.
fn share() -> Share {
    Share {
        source: digest("network", 0),
        most: 100,
    }
}

/// A browser that signs in.
fn device(number: usize) -> Device {
    Device {
        secret: digest("device", number),
        network: digest("network", number),
    }
}

fn workspace(name: &str) -> Workspace {
    Workspace {
        id: WorkspaceId::stored(name),
        name: name.to_owned(),
        upstream_id: None,
        suspended: false,
    }
}

fn client(name: &str) -> ClientId {
    ClientId::stored(name.to_owned())
}

fn metadata() -> ClientMetadata {
    let uris = ["https://a.example/cb".to_owned()];
    ClientMetadata::configured(None, &uris).unwrap()
}

/// Ada, who owns a workspace.
async fn ada(store: &dyn Store) -> (PersonId, WorkspaceId) {
    let made = store
        .sign_up(
            Entry::Open,
            person("ada"),
            Some(workspace("studio")),
            &cause(0),
        )
        .await
        .unwrap();
    assert_eq!(made, SignedUp::Done);
    (PersonId::stored("ada"), WorkspaceId::stored("studio"))
}

/// A transaction that waits in browser 0, and a grant made of it, with its code.
async fn approve(store: &dyn Store, number: usize, expires: SystemTime) -> Answered {
    approve_with(store, number, expires, None).await
}

async fn approve_with(
    store: &dyn Store,
    number: usize,
    expires: SystemTime,
    upstream_key: Option<SealedKey>,
) -> Answered {
    let handle = digest("handle", number);
    let browser = digest("browser", 0);
    let transaction = Transaction::example();
    store
        .begin(handle, browser, &transaction, at(600), share(), &cause(0))
        .await
        .unwrap();
    if upstream_key.is_some() {
        upstream_keys::intend(store, number, at(600)).await;
    }
    let approval = approval(store, number, expires, upstream_key).await;
    store
        .approve(handle, browser, &approval, &cause(0))
        .await
        .unwrap()
}

/// Ada's approval for the studio as it is now.
async fn approval(
    store: &dyn Store,
    number: usize,
    code_expires: SystemTime,
    upstream_key: Option<SealedKey>,
) -> Approval {
    let (ada, studio) = (PersonId::stored("ada"), WorkspaceId::stored("studio"));
    let all = store.all_workspaces().await.unwrap();
    let found = all.into_iter().find(|it| it.id == studio);
    Approval {
        grant: GrantId::stored(format!("grant {number}")),
        person: ada,
        workspace: studio,
        upstream_id: found.and_then(|it| it.upstream_id),
        scopes: Scopes::of(Access::Write),
        refreshes: true,
        key_name: "Claude (MCP connector)".to_owned(),
        redirect_host: "claude.ai".to_owned(),
        code: digest("code", number),
        code_expires,
        upstream_key,
    }
}

fn tokens(number: usize, now: SystemTime) -> NewTokens {
    NewTokens {
        access: digest("access", number),
        access_expires: Some(now + ACCESS),
        refresh: Some(NewRefreshToken {
            digest: digest("refresh", number),
            expires: now + REFRESH,
        }),
    }
}

async fn is_active(store: &dyn Store, token: usize, now: SystemTime) -> bool {
    let found = store
        .authenticate(digest("access", token), now)
        .await
        .unwrap();
    matches!(found, Authentication::Active(_))
}

/// Runs a case against each store.
macro_rules! contract {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident: &dyn Store) $body:block)*) => {
        $(
            $(#[$doc])*
            #[tokio::test]
            async fn $name() {
                async fn case($store: &dyn Store) $body
                case(&Sqlite::in_memory().await.unwrap()).await;
                case(&crate::store::Cached::new(Sqlite::in_memory().await.unwrap())).await;
            }
        )*
    };
}

mod upstream_keys;

contract! {
    async fn the_setup_link_makes_one_account(store: &dyn Store) {
        let link = digest("link", 0);
        assert!(store.put_setup_link(link, at(100), &cause(0)).await.unwrap());
        assert!(store.is_setup_link(link, at(99)).await.unwrap());
        assert!(!store.is_setup_link(link, at(100)).await.unwrap());
        let entry = || Entry::SetupLink(link);
        let made = store.sign_up(entry(), person("ada"), None, &cause(1)).await;
        assert_eq!(made.unwrap(), SignedUp::Done);
        let again = store.sign_up(entry(), person("grace"), None, &cause(1)).await;
        assert_eq!(again.unwrap(), SignedUp::DeadLink);
        assert!(!store.put_setup_link(link, at(100), &cause(2)).await.unwrap());
    }

    async fn an_address_has_one_account_in_whatever_letters(store: &dyn Store) {
        ada(store).await;
        let mut other = person("other");
        other.email = "ADA@example.COM".to_owned();
        let made = store.sign_up(Entry::Open, other, None, &cause(0)).await.unwrap();
        assert_eq!(made, SignedUp::EmailTaken);
        let (found, hash) = store.credentials("aDa@example.com").await.unwrap().unwrap();
        assert_eq!((found.email.as_str(), hash.as_str()), ("ada@Example.com", "hash"));
    }

    async fn a_session_ends_by_time_by_idling_and_by_hand(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let by = cause(10).by(&ada);
        for number in 0..2 {
            let id = SessionId::stored(format!("session {number}"));
            let secret = digest("session", number);
            store.open_session(&id, secret, "Firefox", &device(0), at(1000), &by).await.unwrap();
        }
        for (number, now, idle_since, there) in
            [(0, 15, 1, true), (0, 1000, 1, false), (0, 15, 10, false), (1, 15, 1, true)]
        {
            let found = store.session(digest("session", number), at(now), at(idle_since)).await;
            assert_eq!(found.unwrap().is_some(), there);
        }
        let first = SessionId::stored("session 0");
        assert_eq!(store.close_other_sessions(&ada, &first, &by).await.unwrap(), 1);
        assert!(store.session(digest("session", 1), at(15), at(1)).await.unwrap().is_none());
        let eve = PersonId::stored("eve");
        assert!(!store.close_session(&eve, &first, &by).await.unwrap());
        assert!(store.close_session(&ada, &first, &by).await.unwrap());
        assert!(!store.close_session(&ada, &first, &by).await.unwrap());
    }

    async fn an_invitation_is_used_once_and_a_workspace_keeps_an_owner(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        let by_ada = cause(0).by(&ada);
        let id = InvitationId::stored("invitation");
        let link = digest("invitation", 0);
        let made = store.invite(&id, link, &studio, Role::Member, at(100), &by_ada).await.unwrap();
        assert_eq!(made, MembersChanged::Done);
        let joined = store.sign_up(Entry::Invitation(link), person("grace"), None, &cause(1)).await;
        assert_eq!(joined.unwrap(), SignedUp::Done);
        let again = store.sign_up(Entry::Invitation(link), person("eve"), None, &cause(1)).await;
        assert_eq!(again.unwrap(), SignedUp::DeadLink);
        let grace = PersonId::stored("grace");
        let by_grace = cause(2).by(&grace);
        let refused = MembersChanged::Refused;
        assert_eq!(store.change_role(&studio, &grace, Role::Owner, &by_grace).await.unwrap(), refused);
        assert_eq!(store.remove_member(&studio, &ada, &by_grace).await.unwrap(), refused);
        let other = InvitationId::stored("other");
        let link = digest("invitation", 1);
        store.invite(&other, link, &studio, Role::Member, at(100), &by_ada).await.unwrap();
        assert_eq!(store.withdraw_invitation(&studio, &other, &by_grace).await.unwrap(), refused);
        assert!(store.invitation(link, at(2)).await.unwrap().is_some());
        assert_eq!(
            store.withdraw_invitation(&studio, &other, &by_ada).await.unwrap(),
            MembersChanged::Done
        );
        assert!(store.invitation(link, at(2)).await.unwrap().is_none());
        let last = MembersChanged::LastOwner;
        assert_eq!(store.remove_member(&studio, &ada, &by_ada).await.unwrap(), last);
        assert_eq!(store.change_role(&studio, &ada, Role::Member, &by_ada).await.unwrap(), last);
        assert_eq!(store.members(&studio).await.unwrap().len(), 2);
        let done = MembersChanged::Done;
        assert_eq!(store.remove_member(&studio, &grace, &by_grace).await.unwrap(), done);
    }

    async fn a_session_tells_when_the_password_was_last_given(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let (id, secret) = (SessionId::stored("session"), digest("session", 0));
        store.open_session(&id, secret, "Firefox", &device(0), at(1000), &cause(10).by(&ada)).await.unwrap();
        let confirmed = async || store.session(secret, at(20), at(1)).await.unwrap().unwrap().confirmed;
        assert_eq!(confirmed().await, at(10));
        store.confirm_session(&id, &cause(15).by(&ada)).await.unwrap();
        assert_eq!(confirmed().await, at(15));
    }

    async fn a_workspace_is_linked_by_its_owner_and_the_operator_only(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        let linked = async || store.memberships(&ada).await.unwrap()[0].workspace.upstream_id.clone();
        let eve = cause(1).by(&PersonId::stored("eve"));
        assert!(!store.link_workspace(&studio, "theirs", &eve).await.unwrap());
        assert_eq!(linked().await, None);
        assert!(store.link_workspace(&studio, "ours", &cause(1).by(&ada)).await.unwrap());
        assert_eq!(linked().await.as_deref(), Some("ours"));
        assert!(store.link_workspace(&studio, "", &cause(2)).await.unwrap());
        assert_eq!(linked().await, None);
    }

    async fn what_was_granted_for_one_tenant_is_never_used_for_another(store: &dyn Store) {
        let (_, studio) = ada(store).await;
        approve(store, 0, at(600)).await;
        store.redeem(digest("code", 0), &tokens(0, at(1)), &cause(1)).await.unwrap();
        let lives = async || {
            let found = store.authenticate(digest("access", 0), at(3)).await.unwrap();
            matches!(found, Authentication::Active(_))
        };
        for same in ["ours", "ours", "", "ours", ""] {
            assert!(store.link_workspace(&studio, same, &cause(2)).await.unwrap());
            assert!(lives().await);
        }
        assert!(store.link_workspace(&studio, "another", &cause(2)).await.unwrap());
        assert!(!lives().await);
    }

    async fn an_approval_for_one_tenant_makes_no_grant_for_another(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        assert!(store.link_workspace(&studio, "ours", &cause(0)).await.unwrap());
        let (handle, browser) = (digest("handle", 0), digest("browser", 0));
        let transaction = Transaction::example();
        store.begin(handle, browser, &transaction, at(600), share(), &cause(0)).await.unwrap();
        let approval = approval(store, 0, at(600), None).await;
        assert!(store.link_workspace(&studio, "another", &cause(1)).await.unwrap());
        let answered = store.approve(handle, browser, &approval, &cause(2)).await.unwrap();
        assert_eq!(answered, Answered::NotAMember);
        assert!(store.keys(&ada, at(3), 9).await.unwrap().is_empty());
        assert_eq!(store.code(digest("code", 0)).await.unwrap(), None);
    }

    async fn who_is_no_member_any_more_is_refused_at_once(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        let by_ada = cause(0).by(&ada);
        let id = InvitationId::stored("invitation");
        let link = digest("invitation", 0);
        store.invite(&id, link, &studio, Role::Owner, at(100), &by_ada).await.unwrap();
        store.sign_up(Entry::Invitation(link), person("grace"), None, &cause(1)).await.unwrap();
        for number in 0..2 {
            approve(store, number, at(600)).await;
        }
        store.redeem(digest("code", 0), &tokens(0, at(1)), &cause(1)).await.unwrap();
        // What was found a moment ago is remembered, but not longer than it is so.
        assert!(is_active(store, 0, at(2)).await);
        store.remove_member(&studio, &ada, &by_ada).await.unwrap();
        assert!(!is_active(store, 0, at(2)).await);
        assert_eq!(store.refresh_token(digest("refresh", 0)).await.unwrap(), None);
        assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
        let redeemed = store.redeem(digest("code", 1), &tokens(1, at(2)), &cause(2)).await;
        assert_eq!(redeemed.unwrap(), Redemption::Expired);
    }

    async fn a_suspended_workspace_keeps_its_grants_and_gets_no_new_ones(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        assert_eq!(store.last_workspace(&ada).await.unwrap(), None);
        approve(store, 0, at(600)).await;
        assert_eq!(store.last_workspace(&ada).await.unwrap(), Some(studio.clone()));
        store.redeem(digest("code", 0), &tokens(0, at(1)), &cause(1)).await.unwrap();
        for (suspended, answered) in [(true, Answered::NotAMember), (false, Answered::Done)] {
            assert!(store.suspend_workspace(&studio, suspended, &cause(2)).await.unwrap());
            let found = store.authenticate(digest("access", 0), at(3)).await.unwrap();
            assert!(matches!(found, Authentication::Active(key) if key.workspace.suspended == suspended));
            let refresh = store.refresh_token(digest("refresh", 0)).await.unwrap().unwrap();
            assert_eq!(refresh.suspended, suspended);
            assert_eq!(approve(store, 1 + usize::from(suspended), at(600)).await, answered);
        }
        let nowhere = WorkspaceId::stored("nowhere");
        assert!(!store.suspend_workspace(&nowhere, true, &cause(3)).await.unwrap());
    }

    async fn a_transaction_is_one_browsers_and_answered_once(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        let (handle, browser, other) = (digest("handle", 9), digest("browser", 0), digest("browser", 1));
        let by = cause(1).by(&ada);
        let transaction = Transaction::example();
        store.begin(handle, browser, &transaction, at(600), share(), &cause(0)).await.unwrap();
        assert!(matches!(store.pending(handle, browser, at(1)).await.unwrap(), Pending::Found(_)));
        assert_eq!(store.pending(handle, other, at(1)).await.unwrap(), Pending::OtherBrowser);
        assert_eq!(store.pending(handle, browser, at(600)).await.unwrap(), Pending::Over);
        let foreign = WorkspaceId::stored("foreign");
        let chosen = store.choose_workspace(handle, browser, &foreign, &by).await.unwrap();
        assert_eq!(chosen, Answered::NotAMember);
        let chosen = store.choose_workspace(handle, other, &studio, &by).await.unwrap();
        assert_eq!(chosen, Answered::Over);
        assert_eq!(store.deny(handle, other, &by).await.unwrap(), Answered::Over);
        assert_eq!(store.deny(handle, browser, &by).await.unwrap(), Answered::Done);
        assert_eq!(store.deny(handle, browser, &by).await.unwrap(), Answered::Over);
    }

    async fn a_key_is_ended_by_its_person_its_owner_and_its_client_only(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        store.sign_up(Entry::Open, person("eve"), None, &cause(0)).await.unwrap();
        for number in 0..2 {
            assert_eq!(approve(store, number, at(600)).await, Answered::Done);
            let redeemed = store.redeem(digest("code", number), &tokens(number, at(1)), &cause(1)).await;
            assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
        }
        let eve = cause(2).by(&PersonId::stored("eve"));
        let grant = GrantId::stored("grant 0");
        let person = RevocationReason::Person;
        assert!(!store.revoke(&grant, person, &eve).await.unwrap());
        let other = cause(2).through(&ClientId::stored("other".to_owned()));
        assert!(!store.revoke_token(digest("access", 0), &other).await.unwrap());
        let client = cause(2).through(&Transaction::example().request.client_id);
        assert!(store.revoke_token(digest("refresh", 0), &client).await.unwrap());
        assert!(!is_active(store, 0, at(3)).await);
        assert!(is_active(store, 1, at(3)).await);
        assert_eq!(store.revoke_all(&cause(3).by(&ada)).await.unwrap(), 1);
        assert!(!is_active(store, 1, at(4)).await);
        let keys = store.keys(&ada, at(4), 9).await.unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| key.revoked.is_some()));
        assert!(store.keys(&PersonId::stored("eve"), at(4), 9).await.unwrap().is_empty());
    }

    async fn revocation_is_seen_at_once_although_its_caller_goes_away(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let by = cause(2).by(&ada);
        for polls in 1..=16 {
            approve(store, polls, at(600)).await;
            let redeemed = store.redeem(digest("code", polls), &tokens(polls, at(1)), &cause(1)).await;
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
                    assert!(!is_active(store, polls, at(2)).await, "{polls}: {was_active}");
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }

    async fn sessions_are_listed_as_long_as_something_is_asked_in_them(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        for number in 0..3 {
            let id = SessionId::stored(format!("session {number}"));
            let opened = 10 * u64::try_from(number).unwrap();
            let by = cause(opened).by(&ada);
            store.open_session(&id, digest("session", number), "Firefox", &device(0), at(1000), &by).await.unwrap();
        }
        let listed = async |now, idle_since| {
            let sessions = store.sessions(&ada, at(now), at(idle_since)).await.unwrap();
            sessions.iter().map(|it| it.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(listed(100, 5).await, ["session 2", "session 1"]);
        store.session(digest("session", 1), at(200), at(5)).await.unwrap();
        assert_eq!(listed(200, 20).await, ["session 1"]);
        assert!(listed(1000, 5).await.is_empty());
    }

    async fn a_client_in_use_stays_and_another_gives_way(store: &dyn Store) {
        ada(store).await;
        let used = Transaction::example().request.client_id;
        let (old, new) = (client("old"), client("new"));
        let register = async |client: &ClientId, now| {
            store.register(client, &metadata(), 2, share(), at(now)).await.unwrap()
        };
        assert_eq!(register(&used, 1).await, Some(at(1)));
        assert_eq!(register(&used, 2).await, Some(at(1)));
        approve(store, 0, at(600)).await;
        assert_eq!(register(&old, 3).await, Some(at(3)));
        assert_eq!(register(&new, 4).await, Some(at(4)));
        assert_eq!(store.client(&old).await.unwrap(), None);
        assert_eq!(store.client(&used).await.unwrap(), Some(metadata()));
        let most = store.register(&old, &metadata(), 0, share(), at(5)).await.unwrap();
        assert_eq!(most, Some(at(5)));
        assert_eq!(store.client(&new).await.unwrap(), None);
        store.redeem(digest("code", 0), &tokens(0, at(1)), &cause(1)).await.unwrap();
        let (lasts, over) = (at(299 * 60), at(91 * 24 * 60 * 60));
        store.purge(lasts, RETENTION).await.unwrap();
        assert!(store.client(&used).await.unwrap().is_some());
        store.purge(over, RETENTION).await.unwrap();
        assert_eq!(store.client(&used).await.unwrap(), None);
        assert_eq!(store.client(&old).await.unwrap(), None);
    }

    async fn no_more_clients_fit_than_are_in_use(store: &dyn Store) {
        ada(store).await;
        let used = Transaction::example().request.client_id;
        store.register(&used, &metadata(), 1, share(), at(1)).await.unwrap();
        approve(store, 0, at(600)).await;
        let refused = store.register(&client("new"), &metadata(), 1, share(), at(2)).await.unwrap();
        assert_eq!(refused, None);
    }

    async fn a_browser_is_recognised_where_its_person_signed_in_and_so_is_its_network(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let by = cause(10).by(&ada);
        let open = async |number: usize| {
            let id = SessionId::stored(format!("session {number}"));
            let secret = digest("session", number);
            store.open_session(&id, secret, "Firefox", &device(number), at(1000), &by).await.unwrap();
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
        assert_eq!(store.last_person(digest("device", 1)).await.unwrap(), Some(ada.clone()));
        assert_eq!(store.last_person(digest("device", 2)).await.unwrap(), None);
        // Of very many, those that were used last are kept.
        for number in 2..60 {
            open(number).await;
        }
        assert_eq!(recognise(ada_s, 1, 1).await, Recognised::No);
        assert_eq!(recognise(ada_s, 58, 0).await, Recognised::Browser(digest("device", 58)));
        // Who changes the password wants to be rid of whoever knew it.
        let keep = SessionId::stored("session 59");
        let here = Some(digest("device", 59));
        store.set_password(&ada, "hash", &keep, here, &by).await.unwrap();
        assert_eq!(recognise(ada_s, 58, 0).await, Recognised::No);
        assert_eq!(recognise(ada_s, 59, 0).await, Recognised::Browser(digest("device", 59)));
        store.purge(at(366 * 24 * 60 * 60), RETENTION).await.unwrap();
        assert_eq!(recognise(ada_s, 59, 0).await, Recognised::No);
    }

    async fn requests_of_one_network_give_way_to_each_other_those_that_nobody_looks_at_first(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let browser = digest("browser", 0);
        let begin = async |number: usize, network: usize| {
            let share = Share { source: digest("network", network), most: 3 };
            let expires = at(600 + u64::try_from(number).unwrap());
            let (handle, example) = (digest("handle", number), Transaction::example());
            store.begin(handle, browser, &example, expires, share, &cause(0)).await.unwrap();
        };
        let waits = async |number: usize| {
            let found = store.pending(digest("handle", number), browser, at(1)).await.unwrap();
            matches!(found, Pending::Found(_))
        };
        begin(0, 1).await;
        begin(1, 0).await;
        begin(2, 0).await;
        let person = Seen::By(ada.clone());
        for (number, seen) in [(1, &person), (2, &Seen::BySomebody)] {
            store.seen(digest("handle", number), browser, seen).await.unwrap();
        }
        store.seen(digest("handle", 0), digest("browser", 1), &person).await.unwrap();
        let found = store.pending(digest("handle", 0), browser, at(1)).await.unwrap();
        assert!(matches!(found, Pending::Found(it) if it.seen == Seen::No));
        for number in 3..10 {
            begin(number, 0).await;
        }
        assert!(waits(0).await && waits(1).await && waits(2).await && waits(9).await);
        assert!(!waits(8).await && !waits(3).await);
        // One that is looked at gives way to others that are, and not to a person's.
        for number in 10..13 {
            begin(number, 0).await;
            store.seen(digest("handle", number), browser, &Seen::BySomebody).await.unwrap();
        }
        assert!(waits(1).await && !waits(2).await && waits(12).await);
    }

    async fn requests_of_one_person_give_way_to_each_other(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        let (browser, by) = (digest("browser", 0), cause(0).by(&ada));
        for number in 0..50 {
            let expires = at(600 + u64::try_from(number).unwrap());
            let (handle, example) = (digest("handle", number), Transaction::example());
            store.begin(handle, browser, &example, expires, share(), &by).await.unwrap();
        }
        let mut waiting = Vec::new();
        for number in 0..50 {
            let found = store.pending(digest("handle", number), browser, at(1)).await.unwrap();
            if matches!(found, Pending::Found(_)) {
                waiting.push(number);
            }
        }
        assert_eq!(waiting, (30..50).collect::<Vec<_>>());
    }

    async fn clients_of_one_network_give_way_to_each_other_and_to_nobody_else(store: &dyn Store) {
        ada(store).await;
        let register = async |name: &str, network: usize, now| {
            let share = Share { source: digest("network", network), most: 2 };
            let most = 5;
            store.register(&client(name), &metadata(), most, share, at(now)).await.unwrap()
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

    async fn documents_are_kept_as_last_fetched_and_those_in_use_the_longest(store: &dyn Store) {
        ada(store).await;
        let used = Transaction::example().request.client_id;
        approve(store, 0, at(600)).await;
        let document = |fetched| CachedMetadata {
            metadata: metadata(),
            fetched: at(fetched),
            fresh_until: at(fetched + 60),
        };
        let cache = async |client: &ClientId, fetched| {
            store.cache_metadata(client, &document(fetched), 2, share()).await.unwrap();
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

    async fn the_links_of_one_who_is_no_owner_any_more_lead_nowhere(store: &dyn Store) {
        let (ada, studio) = ada(store).await;
        let by_ada = cause(0).by(&ada);
        let invite = async |number, by: &Cause| {
            let id = InvitationId::stored(format!("invitation {number}"));
            let link = digest("invitation", number);
            store.invite(&id, link, &studio, Role::Owner, at(100), by).await.unwrap();
        };
        invite(0, &by_ada).await;
        let entry = Entry::Invitation(digest("invitation", 0));
        store.sign_up(entry, person("grace"), None, &cause(1)).await.unwrap();
        let grace = PersonId::stored("grace");
        let by_grace = cause(1).by(&grace);
        invite(1, &by_grace).await;
        invite(2, &by_ada).await;
        store.change_role(&studio, &grace, Role::Member, &by_ada).await.unwrap();
        let there = async |number| {
            let link = digest("invitation", number);
            store.invitation(link, at(2)).await.unwrap().is_some()
        };
        assert_eq!((there(1).await, there(2).await), (false, true));
        store.change_role(&studio, &grace, Role::Owner, &by_ada).await.unwrap();
        invite(3, &by_grace).await;
        store.remove_member(&studio, &grace, &by_ada).await.unwrap();
        assert_eq!((there(3).await, there(2).await), (false, true));
    }

    async fn what_has_expired_is_forgotten_and_keys_are_not(store: &dyn Store) {
        let (ada, _) = ada(store).await;
        approve(store, 0, at(600)).await;
        store.redeem(digest("code", 0), &tokens(0, at(1)), &cause(1)).await.unwrap();
        approve(store, 1, at(600)).await;
        store.purge(at(48 * 60 * 60), RETENTION).await.unwrap();
        assert_eq!(store.code(digest("code", 0)).await.unwrap(), None);
        assert_eq!(store.code(digest("code", 1)).await.unwrap(), None);
        assert_eq!(store.refresh_token(digest("refresh", 0)).await.unwrap(), None);
        assert_eq!(store.keys(&ada, at(1), 9).await.unwrap().len(), 1);
        store.purge(at(60 * 24 * 60 * 60), RETENTION).await.unwrap();
        assert!(store.keys(&ada, at(1), 9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn of_two_hundred_at_once_one_redeems_and_one_rotates() {
    let directory = std::env::temp_dir().join(format!("contract-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let store = Sqlite::open(&directory.join("connector.db")).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
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
    let told = |rotation: &Rotation| matches!(rotation, Rotation::Repeated { salt, .. } if *salt == [winner; 32]);
    assert_eq!(
        all.iter().filter(|(_, rotation)| told(rotation)).count(),
        199
    );
    store.close().await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}
