//! Assertions of identity providers, and the grants that come of them.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Fixture;
use super::samples::{RETENTION, START, ada, at, cause, digest, intend};
use crate::model::{
    Asserted, AssertedGrant, AssertedToken, Assertion, AuditFilter, Authentication, ClientId,
    GrantId, PersonId, ResourceIndicator, RevocationReason, Scopes, SealedKey, WorkspaceId, bounds,
};
use crate::operation::Access;
use crate::store::Store;

const ISSUER: &str = "https://id.example.com";

/// What an assertion about Ada allows, which was made and came at this time.
fn grant(number: usize, issued: u64) -> AssertedGrant {
    AssertedGrant {
        assertion: Assertion {
            id: digest("assertion", number),
            content: digest("content", number),
            client: ClientId::stored("assistant".to_owned()),
        },
        expires: at(issued + 360),
        issued: at(issued),
        issuer: ISSUER.to_owned(),
        grant: GrantId::stored(format!("grant {number}")),
        person: PersonId::stored("ada"),
        workspace: WorkspaceId::stored("studio"),
        upstream_id: None,
        client_name: "Assistant".to_owned(),
        key_name: "Assistant (MCP connector)".to_owned(),
        resource: ResourceIndicator::new("https://mcp.example.com", "/mcp"),
        scopes: Scopes::of(Access::Write),
        has_key: false,
        upstream_key: None,
    }
}

fn token(number: usize, access: Access, now: u64) -> AssertedToken {
    AssertedToken {
        digest: digest("access", number),
        expires: at(now + 60),
        scopes: Scopes::of(access),
    }
}

/// Exchanges an assertion of this number.
async fn exchange(store: &dyn Store, grant: &AssertedGrant, number: usize, now: u64) -> Asserted {
    let cause = cause(now).by(&grant.person);
    let cause = cause.through(&grant.assertion.client);
    let token = token(number, Access::Write, now);
    store.grant_assertion(grant, &token, &cause).await.unwrap()
}

/// Exchanges an assertion once more.
async fn again(
    store: &dyn Store,
    grant: usize,
    number: usize,
    access: Access,
    now: u64,
) -> Asserted {
    let ada = PersonId::stored("ada");
    let id = GrantId::stored(format!("grant {grant}"));
    let cause = cause(now).by(&ada);
    let token = token(number, access, now);
    store
        .continue_grant(&id, &ada, &token, &cause)
        .await
        .unwrap()
}

fn granted(grant: usize, access: Access) -> Asserted {
    Asserted::Granted {
        grant: GrantId::stored(format!("grant {grant}")),
        scopes: Scopes::of(access),
    }
}

async fn access(store: &dyn Store, number: usize, now: u64) -> Option<Access> {
    let found = store.authenticate(digest("access", number), at(now)).await;
    match found.unwrap() {
        Authentication::Active(found) => Some(found.scopes.access()),
        Authentication::Invalid => None,
    }
}

async fn keys(store: &dyn Store, now: u64) -> usize {
    let ada = PersonId::stored("ada");
    store.keys(&ada, at(now), 9).await.unwrap().len()
}

pub(super) async fn assertion_makes_a_grant_that_the_next_one_continues(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    assert_eq!(
        store
            .assertion(digest("assertion", 0), at(1))
            .await
            .unwrap(),
        None
    );
    let first = grant(0, 1);
    assert_eq!(
        exchange(store, &first, 0, 1).await,
        granted(0, Access::Write)
    );
    let known = store
        .assertion(first.assertion.id, at(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.assertion, first.assertion);
    assert_eq!(known.grant, first.grant);
    // The next assertion continues the grant; one for less, or for another resource, has its own.
    assert_eq!(
        exchange(store, &grant(1, 2), 1, 2).await,
        granted(0, Access::Write)
    );
    let reads = AssertedGrant {
        scopes: Scopes::of(Access::Read),
        ..grant(2, 2)
    };
    assert_eq!(
        exchange(store, &reads, 2, 2).await,
        granted(2, Access::Read)
    );
    let elsewhere = AssertedGrant {
        resource: ResourceIndicator::new("https://mcp.example.com", "/mcp/readonly"),
        ..grant(3, 2)
    };
    assert_eq!(
        exchange(store, &elsewhere, 3, 2).await,
        granted(3, Access::Write)
    );
    assert_eq!(access(store, 0, 3).await, Some(Access::Write));
    assert_eq!(access(store, 2, 3).await, Some(Access::Read));
    let keys = store.keys(&ada, at(3), 9).await.unwrap();
    assert_eq!(keys.len(), 3);
    let key = keys.iter().find(|it| it.grant == first.grant).unwrap();
    assert_eq!(key.issuer.as_deref(), Some(ISSUER));
    assert_eq!(key.name, "Assistant (MCP connector)");
    assert_eq!(key.expires, Some(at(2) + bounds::ASSERTED_GRANT));
    let page = store.audit(&AuditFilter::default(), 99).await.unwrap();
    let rows = page.rows.iter().rev();
    let rows: Vec<_> = rows
        .filter(|row| row.grant.as_deref() == Some("grant 0"))
        .map(|row| (row.action.as_str(), row.count, row.workspace.as_deref()))
        .collect();
    let studio = Some("studio");
    assert_eq!(
        rows,
        [
            ("assertion.granted", 1, studio),
            ("assertion.exchanged", 2, studio)
        ]
    );
}

pub(super) async fn assertion_is_exchanged_by_one_of_many_callers(fixture: &dyn Fixture) {
    let store = fixture.empty_store().await;
    ada(&*store).await;
    let callers = (0..20).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let grant = AssertedGrant {
                grant: GrantId::stored(format!("grant {number}")),
                ..grant(0, 1)
            };
            exchange(&*store, &grant, number, 1).await
        })
    });
    let outcomes = join_all(callers).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    let known = outcomes.iter().filter(|it| **it == Asserted::Known);
    assert_eq!(known.count(), 19);
    assert_eq!(keys(&*store, 2).await, 1);
}

pub(super) async fn assertion_continues_its_grant_and_never_widens_it(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let reads = AssertedGrant {
        scopes: Scopes::of(Access::Read),
        ..grant(0, 1)
    };
    exchange(store, &reads, 0, 1).await;
    assert_eq!(
        again(store, 0, 1, Access::Write, 2).await,
        granted(0, Access::Read)
    );
    assert_eq!(access(store, 1, 3).await, Some(Access::Read));
    exchange(store, &grant(2, 1), 2, 1).await;
    assert_eq!(
        again(store, 2, 3, Access::Read, 2).await,
        granted(2, Access::Read)
    );
    assert_eq!(access(store, 3, 3).await, Some(Access::Read));
    assert_eq!(
        again(store, 2, 4, Access::Write, 2).await,
        granted(2, Access::Write)
    );
    // Another person has no such grant.
    let eve = PersonId::stored("eve");
    let token = token(5, Access::Read, 2);
    let cause = cause(2);
    let other = store.continue_grant(&reads.grant, &eve, &token, &cause);
    assert_eq!(other.await.unwrap(), Asserted::Ended);
}

pub(super) async fn revoked_grant_takes_no_assertion_of_before(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    exchange(store, &grant(0, 1), 0, 1).await;
    let by = cause(5).by(&ada);
    let reason = RevocationReason::Person;
    assert!(store.revoke(&grant(0, 1).grant, reason, &by).await.unwrap());
    assert_eq!(access(store, 0, 5).await, None);
    assert_eq!(again(store, 0, 1, Access::Write, 6).await, Asserted::Ended);
    // One that was made before the revocation makes no other grant, one that was made after it does.
    assert_eq!(exchange(store, &grant(1, 4), 1, 6).await, Asserted::Ended);
    assert_eq!(exchange(store, &grant(2, 5), 2, 6).await, Asserted::Ended);
    assert_eq!(access(store, 1, 6).await, None);
    assert_eq!(
        store
            .assertion(digest("assertion", 1), at(6))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        exchange(store, &grant(3, 6), 3, 6).await,
        granted(3, Access::Write)
    );
    // A week after the last assertion, the grant has ended by itself.
    let late = 6 + bounds::ASSERTED_GRANT.as_secs();
    assert_eq!(
        again(store, 3, 4, Access::Write, late).await,
        Asserted::Ended
    );
    assert_eq!(
        exchange(store, &grant(4, late), 5, late).await,
        granted(4, Access::Write)
    );
}

pub(super) async fn assertion_needs_an_open_workspace_and_an_enabled_person(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let linked = AssertedGrant {
        upstream_id: Some("other".to_owned()),
        ..grant(0, 1)
    };
    assert_eq!(exchange(store, &linked, 0, 1).await, Asserted::NotAMember);
    let of_eve = AssertedGrant {
        person: PersonId::stored("eve"),
        ..grant(0, 1)
    };
    assert_eq!(exchange(store, &of_eve, 0, 1).await, Asserted::NotAMember);
    exchange(store, &grant(0, 1), 0, 1).await;
    store
        .suspend_workspace(&studio, true, &cause(2))
        .await
        .unwrap();
    assert_eq!(
        exchange(store, &grant(1, 3), 1, 3).await,
        Asserted::NotAMember
    );
    assert_eq!(
        again(store, 0, 1, Access::Read, 3).await,
        Asserted::NotAMember
    );
    store
        .suspend_workspace(&studio, false, &cause(4))
        .await
        .unwrap();
    assert_eq!(
        again(store, 0, 1, Access::Read, 5).await,
        granted(0, Access::Read)
    );
    store.disable_account(&ada, true, &cause(6)).await.unwrap();
    assert_eq!(
        exchange(store, &grant(2, 7), 2, 7).await,
        Asserted::NotAMember
    );
    assert_eq!(access(store, 2, 7).await, None);
}

pub(super) async fn assertion_is_forgotten_when_it_has_expired(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let first = grant(0, 1);
    exchange(store, &first, 0, 1).await;
    assert_eq!(exchange(store, &first, 1, 2).await, Asserted::Known);
    assert!(
        store
            .assertion(first.assertion.id, at(360))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .assertion(first.assertion.id, at(361))
            .await
            .unwrap()
            .is_none()
    );
    store.purge(at(361), RETENTION).await.unwrap();
    // The grant lasts, and so does what the next assertion makes of it.
    assert_eq!(
        exchange(store, &grant(1, 362), 2, 362).await,
        granted(0, Access::Write)
    );
}

pub(super) async fn key_at_the_api_is_made_once_and_lasts_as_the_grant(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    let needs = AssertedGrant {
        has_key: true,
        ..grant(0, 1)
    };
    assert_eq!(exchange(store, &needs, 0, 1).await, Asserted::KeyNeeded);
    assert_eq!(
        store.assertion(needs.assertion.id, at(1)).await.unwrap(),
        None
    );
    let with = AssertedGrant {
        upstream_key: Some(SealedKey {
            id: "key".to_owned(),
            sealed_with: "2026".to_owned(),
            sealed: vec![1],
        }),
        ..needs
    };
    // Without a note that the key was asked for, another server has taken it back.
    assert_eq!(exchange(store, &with, 0, 1).await, Asserted::KeyTakenBack);
    assert_eq!(keys(store, 1).await, 0);
    intend(store, 0, at(600)).await;
    assert_eq!(
        exchange(store, &with, 0, 1).await,
        granted(0, Access::Write)
    );
    // Its access token has expired, and the next assertion still finds the key.
    assert_eq!(
        store.end_unused_upstream_keys(&cause(100)).await.unwrap(),
        0
    );
    let next = AssertedGrant {
        has_key: true,
        ..grant(1, 101)
    };
    assert_eq!(
        exchange(store, &next, 1, 101).await,
        granted(0, Access::Write)
    );
    let late = 101 + bounds::ASSERTED_GRANT.as_secs();
    assert_eq!(
        store.end_unused_upstream_keys(&cause(late)).await.unwrap(),
        1
    );
    let last = AssertedGrant {
        has_key: true,
        ..grant(2, late)
    };
    assert_eq!(exchange(store, &last, 2, late).await, Asserted::KeyNeeded);
}

pub(super) async fn refused_assertions_are_counted(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let client = ClientId::stored("assistant".to_owned());
    for _ in 0..3 {
        let cause = cause(1).through(&client);
        store.refuse_assertion("replayed", &cause).await.unwrap();
    }
    let page = store.audit(&AuditFilter::default(), 9).await.unwrap();
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.action.as_str(), row.subject.as_deref(), row.count))
        .collect();
    assert_eq!(rows, [("assertion.refused", Some("replayed"), 3)]);
    assert_eq!(page.rows[0].at, START + std::time::Duration::from_secs(1));
}
