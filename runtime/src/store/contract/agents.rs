//! Agents and their sign-ins.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Fixture;
use super::samples::{RETENTION, START, ada, at, cause, digest, person};
use crate::model::{
    Agent, AgentCredential, AgentSignIn, AgentToken, AuditFilter, Authentication, ClientId,
    GrantId, Linked, NewAgent, PersonId, ResourceIndicator, RevocationReason, Role, Scopes,
    WorkspaceId, bounds,
};
use crate::operation::Access;
use crate::store::{Entry, Store};
use crate::wallet::WalletAddress;

/// An agent that Ada links to the studio.
fn agent(number: usize) -> NewAgent {
    let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
    NewAgent {
        grant: GrantId::stored(format!("grant {number}")),
        client_id: ClientId::stored(format!("agt_{number}")),
        credential: AgentCredential::Wallet(WalletAddress::parse(address).unwrap()),
        person: PersonId::stored("ada"),
        workspace: WorkspaceId::stored("studio"),
        upstream_id: None,
        name: "Night reports".to_owned(),
        scopes: Scopes::of(Access::Write),
        resource: ResourceIndicator::new("https://mcp.example.com", "/mcp"),
        signed_in: START,
        upstream_key: None,
    }
}

fn token(number: usize, scopes: Option<Scopes>) -> AgentToken {
    AgentToken {
        digest: digest("access", number),
        expires: at(100),
        scopes,
    }
}

async fn link(store: &dyn Store, agent: &NewAgent) -> Linked {
    let by = cause(1).by(&agent.person);
    store.link_agent(agent, &by).await.unwrap()
}

async fn sign_in(store: &dyn Store, number: usize, token: &AgentToken) -> bool {
    let agent = agent(number);
    let cause = cause(2).through(&agent.client_id);
    let signed_in = store.sign_in_agent(&agent.grant, token, &cause);
    signed_in.await.unwrap() == AgentSignIn::Done
}

async fn find(store: &dyn Store, number: usize) -> Option<Agent> {
    store.agent(&agent(number).client_id).await.unwrap()
}

async fn access(store: &dyn Store, number: usize) -> Option<Access> {
    let found = store.authenticate(digest("access", number), at(3)).await;
    match found.unwrap() {
        Authentication::Active(found) => Some(found.scopes.access()),
        Authentication::Invalid => None,
    }
}

/// What was done, the latest last.
async fn actions(store: &dyn Store) -> Vec<(String, Option<&'static str>)> {
    let filter = AuditFilter {
        workspace: Some("studio".to_owned()),
        ..AuditFilter::default()
    };
    let page = store.audit(&filter, 99).await.unwrap();
    let rows = page.rows.into_iter().rev();
    rows.filter(|row| row.action.starts_with("agent") || row.action.starts_with("grant"))
        .map(|row| (row.action, row.kind))
        .collect()
}

pub(super) async fn agent_signs_in_until_its_grant_ends(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    assert_eq!(find(store, 0).await, None);
    assert!(!sign_in(store, 0, &token(0, None)).await);
    assert_eq!(link(store, &agent(0)).await, Linked::Done);
    let found = find(store, 0).await.unwrap();
    assert_eq!(found.credential, agent(0).credential);
    assert_eq!(found.scopes, Scopes::of(Access::Write));
    assert!(sign_in(store, 0, &token(0, None)).await);
    assert!(sign_in(store, 0, &token(1, Some(Scopes::of(Access::Read)))).await);
    assert_eq!(access(store, 0).await, Some(Access::Write));
    assert_eq!(access(store, 1).await, Some(Access::Read));
    let keys = store.keys(&ada, at(3), 9).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].agent, Some(agent(0).credential));
    assert_eq!(keys[0].expires, None);
    let by = cause(4).by(&ada);
    let reason = RevocationReason::Person;
    assert!(store.revoke(&agent(0).grant, reason, &by).await.unwrap());
    assert_eq!(access(store, 0).await, None);
    assert_eq!(access(store, 1).await, None);
    assert_eq!(find(store, 0).await, None);
    assert!(!sign_in(store, 0, &token(2, None)).await);
    let all = ["agent.linked", "agent.signed_in", "grant.revoked"];
    let all = all.map(|action| (action.to_owned(), Some("agent")));
    assert_eq!(actions(store).await, all);
}

pub(super) async fn agent_ends_with_the_membership_of_its_person(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, studio) = ada(store).await;
    let by_ada = cause(0).by(&ada);
    let id = crate::model::InvitationId::stored("invitation");
    let invitation = digest("invitation", 0);
    let invited = store.invite(&id, invitation, &studio, Role::Owner, at(100), &by_ada);
    invited.await.unwrap();
    let at_once = cause(1);
    let grace = store.sign_up(
        Entry::Invitation(invitation),
        person("grace"),
        None,
        &at_once,
    );
    grace.await.unwrap();
    // Who is no member links none.
    let eve = store.sign_up(Entry::Open, person("eve"), None, &at_once);
    eve.await.unwrap();
    let of_eve = NewAgent {
        person: PersonId::stored("eve"),
        ..agent(9)
    };
    assert_eq!(link(store, &of_eve).await, Linked::Refused);
    assert_eq!(link(store, &agent(0)).await, Linked::Done);
    assert!(sign_in(store, 0, &token(0, None)).await);
    store.remove_member(&studio, &ada, &by_ada).await.unwrap();
    assert_eq!(access(store, 0).await, None);
    assert_eq!(find(store, 0).await, None);
    assert!(!sign_in(store, 0, &token(1, None)).await);
}

pub(super) async fn agent_of_a_workspace_that_was_linked_anew_or_suspended_is_not_linked(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    let (_, studio) = ada(store).await;
    let linked = store.link_workspace(&studio, "tenant", &cause(1)).await;
    assert!(linked.unwrap());
    assert_eq!(link(store, &agent(0)).await, Linked::Refused);
    let now = NewAgent {
        upstream_id: Some("tenant".to_owned()),
        ..agent(0)
    };
    let suspend = async |suspended| {
        let done = store.suspend_workspace(&studio, suspended, &cause(1)).await;
        assert!(done.unwrap());
    };
    suspend(true).await;
    assert_eq!(link(store, &now).await, Linked::Refused);
    suspend(false).await;
    assert_eq!(link(store, &now).await, Linked::Done);
    suspend(true).await;
    assert!(find(store, 0).await.unwrap().suspended);
}

pub(super) async fn person_has_a_bounded_number_of_agents(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    let most = bounds::AGENTS_OF_PERSON as usize;
    for number in 0..most {
        assert_eq!(link(store, &agent(number)).await, Linked::Done);
    }
    assert_eq!(link(store, &agent(most)).await, Linked::TooMany);
    let by = cause(2).by(&ada);
    let reason = RevocationReason::Person;
    assert!(store.revoke(&agent(0).grant, reason, &by).await.unwrap());
    assert_eq!(link(store, &agent(most)).await, Linked::Done);
}

pub(super) async fn agent_keeps_its_tokens_until_they_expire(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    assert_eq!(link(store, &agent(0)).await, Linked::Done);
    let most = bounds::TOKENS_OF_AGENT as usize;
    let cause = |seconds| cause(seconds).through(&agent(0).client_id);
    for number in 0..most {
        let token = AgentToken {
            expires: at(if number == 7 { 50 } else { 100 }),
            ..token(number, None)
        };
        assert!(sign_in(store, 0, &token).await, "{number}");
    }
    // The first of them is as good as the last.
    for number in [0, most - 1] {
        assert_eq!(access(store, number).await, Some(Access::Write));
    }
    let grant = agent(0).grant;
    let one_more = token(most, None);
    let refused = store.sign_in_agent(&grant, &one_more, &cause(49)).await;
    assert_eq!(refused.unwrap(), AgentSignIn::TooMany { until: at(50) });
    assert_eq!(access(store, most).await, None);
    let done = store.sign_in_agent(&grant, &one_more, &cause(50)).await;
    assert_eq!(done.unwrap(), AgentSignIn::Done);
    assert_eq!(access(store, most).await, Some(Access::Write));
}

pub(super) async fn assertion_is_used_once_by_one_of_many_callers(fixture: &dyn Fixture) {
    let store = fixture.empty_store().await;
    let uses = (0..50).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.use_assertion(digest("jti", 0), at(10)).await.unwrap() })
    });
    let uses = join_all(uses).await;
    assert_eq!(
        uses.into_iter().filter(|it| *it.as_ref().unwrap()).count(),
        1
    );
    store.purge(at(9), RETENTION).await.unwrap();
    assert!(!store.use_assertion(digest("jti", 0), at(10)).await.unwrap());
    assert!(store.use_assertion(digest("jti", 1), at(10)).await.unwrap());
    // After its end it is refused by its own time.
    store.purge(at(10), RETENTION).await.unwrap();
    assert!(store.use_assertion(digest("jti", 0), at(20)).await.unwrap());
}

pub(super) async fn refused_sign_ins_are_counted(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    assert_eq!(link(store, &agent(0)).await, Linked::Done);
    let NewAgent {
        grant, client_id, ..
    } = agent(0);
    let cause = cause(2).through(&client_id);
    for _ in 0..3 {
        let refused = store.refuse_agent(&grant, "replayed", &cause);
        refused.await.unwrap();
    }
    let filter = AuditFilter {
        client: Some("agt_0".to_owned()),
        ..AuditFilter::default()
    };
    let page = store.audit(&filter, 9).await.unwrap();
    let refused = &page.rows[0];
    assert_eq!(refused.action, "agent.refused");
    assert_eq!(refused.subject.as_deref(), Some("replayed"));
    assert_eq!(refused.count, 3);
}
