//! What the cases begin with: people, workspaces, grants, and times.

use std::time::{Duration, SystemTime};

use crate::model::{
    Answered, Approval, Authentication, AuthenticationMethod, Cause, ClientId, ClientMetadata,
    Device, GrantId, NewPerson, NewRefreshToken, NewSession, NewTokens, Order, PersonId, Scopes,
    SealedKey, SessionId, Transaction, Workspace, WorkspaceId,
};
use crate::operation::Access;
use crate::store::{Entry, Retention, Share, SignedUp, Store};
use crate::token::Digest;

pub(super) const RETENTION: Retention = Retention {
    audit: Duration::from_hours(24 * 30),
    ended_grants: Duration::from_hours(24 * 30),
};
pub(super) const START: SystemTime = SystemTime::UNIX_EPOCH;
pub(super) const OVERLAP: Duration = Duration::from_secs(30);
pub(super) const ACCESS: Duration = Duration::from_mins(60);
pub(super) const REFRESH: Duration = Duration::from_mins(300);
pub(super) const CODE: Duration = Duration::from_mins(10);

pub(super) fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(seconds)
}

pub(super) fn cause(seconds: u64) -> Cause {
    Cause::new(at(seconds), "test")
}

pub(super) fn digest(name: &str, number: usize) -> Digest {
    Digest::of(&format!("{name} {number}"))
}

pub(super) fn person(name: &str) -> NewPerson {
    NewPerson {
        id: PersonId::stored(name),
        email: format!("{name}@Example.com"),
        name: name.to_owned(),
        password_hash: Some("hash".to_owned()),
    }
}

/// A share that nothing here reaches.
pub(super) fn share() -> Share {
    Share {
        source: digest("network", 0),
        most: 100,
    }
}

/// A browser that signs in.
pub(super) fn device(number: usize) -> Device {
    Device {
        secret: digest("device", number),
        network: digest("network", number),
    }
}

/// A session that a person opens by their password.
pub(super) fn new_session(number: usize, device: Device) -> NewSession {
    NewSession {
        id: SessionId::stored(format!("session {number}")),
        secret: digest("session", number),
        method: AuthenticationMethod::Password,
        browser: "Firefox".to_owned(),
        device,
        confirmed: at(10),
        expires: at(1000),
        provider_session: None,
    }
}

pub(super) fn workspace(name: &str) -> Workspace {
    Workspace {
        id: WorkspaceId::stored(name),
        name: name.to_owned(),
        upstream_id: None,
        suspended: false,
    }
}

pub(super) fn client(name: &str) -> ClientId {
    ClientId::stored(name.to_owned())
}

pub(super) fn metadata() -> ClientMetadata {
    let uris = ["https://a.example/cb".to_owned()];
    ClientMetadata::configured(None, &uris).unwrap()
}

/// Ada, who owns a workspace.
pub(super) async fn ada(store: &dyn Store) -> (PersonId, WorkspaceId) {
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
pub(super) async fn approve(store: &dyn Store, number: usize, expires: SystemTime) -> Answered {
    approve_with(store, number, expires, None).await
}

pub(super) async fn approve_with(
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
        intend(store, number, at(600)).await;
    }
    let approval = approval(store, number, expires, upstream_key).await;
    store
        .approve(handle, browser, &approval, &cause(0))
        .await
        .unwrap()
}

/// Ada's approval for the studio as it is now.
pub(super) async fn approval(
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
        signed_in: START,
        key_name: "Claude (MCP connector)".to_owned(),
        redirect_host: "claude.ai".to_owned(),
        code: digest("code", number),
        code_expires,
        upstream_key,
    }
}

pub(super) fn tokens(number: usize, now: SystemTime) -> NewTokens {
    NewTokens {
        access: digest("access", number),
        access_expires: Some(now + ACCESS),
        refresh: Some(NewRefreshToken {
            digest: digest("refresh", number),
            expires: now + REFRESH,
        }),
    }
}

pub(super) async fn is_active(store: &dyn Store, token: usize, now: SystemTime) -> bool {
    let found = store
        .authenticate(digest("access", token), now)
        .await
        .unwrap();
    matches!(found, Authentication::Active(_))
}

/// Notes that a key is asked for, which others leave alone until `until`.
pub(super) async fn intend(store: &dyn Store, number: usize, until: SystemTime) -> Order {
    let order = Order {
        name: "Claude (MCP connector)".to_owned(),
        workspace: Some("tenant".to_owned()),
        access: Access::Write,
        grant: format!("grant {number}"),
    };
    let studio = WorkspaceId::stored("studio");
    let intended = store.intend_upstream_key(&studio, &order, at(1), until);
    intended.await.unwrap();
    order
}
