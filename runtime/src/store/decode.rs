//! The models that rows become. The columns have the same names in each database.

use std::sync::Arc;

use super::rows::{StoredRow, broken};
use super::{EndedUpstreamKey, Result, UpstreamKeyIntent};
use crate::model::{
    AccessToken, Account, Agent, AgentCredential, Assertion, AuthenticationMethod, CachedMetadata,
    ClientId, CodeChallenge, Credentials, Grant, GrantId, Invitation, InvitationId, IssuedCode,
    IssuedRefreshToken, KeptSubject, Key, KnownAssertion, Member, Membership, Order, Person,
    PersonId, Recheck, RedirectUri, ResourceIndicator, RevocationReason, Role, Rotation, Scopes,
    SealedKey, Seen, Session, SessionId, Subject, SubjectToken, Transaction, UsageDay, Workspace,
    WorkspaceId,
};
use crate::operation::Access;
use crate::seal::Sealed;
use crate::token::Digest;

pub(super) fn person(row: &impl StoredRow) -> Result<Person> {
    Ok(Person {
        id: PersonId::stored(row.text("person")?),
        email: row.text("email")?,
        name: row.text("name")?,
        created: row.time("person_created")?,
    })
}

pub(super) fn credentials(row: &impl StoredRow) -> Result<Credentials> {
    Ok(Credentials {
        person: person(row)?,
        password_hash: Some(row.text("password_hash")?).filter(|it| !it.is_empty()),
        is_disabled: row.flag("is_disabled")?,
    })
}

pub(super) fn session(row: &impl StoredRow) -> Result<Session> {
    Ok(Session {
        id: SessionId::stored(row.text("session")?),
        person: person(row)?,
        method: AuthenticationMethod::parse(&row.text("method")?)
            .ok_or_else(|| broken("an authentication method"))?,
        browser: row.text("browser")?,
        created: row.time("created")?,
        last_seen: row.time("last_seen")?,
        confirmed: row.time("confirmed")?,
    })
}

pub(super) fn account(row: &impl StoredRow) -> Result<Account> {
    Ok(Account {
        person: person(row)?,
        disabled: row.optional_time("disabled")?,
        workspaces: row.count("workspaces")?,
    })
}

pub(super) fn role(row: &impl StoredRow) -> Result<Role> {
    Role::parse(&row.text("role")?).ok_or_else(|| broken("a role"))
}

pub(super) fn workspace(row: &impl StoredRow) -> Result<Workspace> {
    Ok(Workspace {
        id: WorkspaceId::stored(row.text("workspace")?),
        name: row.text("workspace_name")?,
        upstream_id: row.optional_text("upstream_id")?,
        suspended: is_suspended(row)?,
    })
}

/// Reports whether the workspace of a row is suspended.
fn is_suspended(row: &impl StoredRow) -> Result<bool> {
    Ok(row.optional_number("suspended")?.is_some())
}

pub(super) fn membership(row: &impl StoredRow) -> Result<Membership> {
    Ok(Membership {
        workspace: workspace(row)?,
        role: role(row)?,
        members: row.count("members")?,
    })
}

pub(super) fn member(row: &impl StoredRow) -> Result<Member> {
    Ok(Member {
        person: person(row)?,
        role: role(row)?,
        joined: row.time("joined")?,
    })
}

pub(super) fn invitation(row: &impl StoredRow) -> Result<Invitation> {
    Ok(Invitation {
        id: InvitationId::stored(row.text("id")?),
        workspace: workspace(row)?,
        role: role(row)?,
        inviter: row.optional_text("email")?,
        expires: row.time("expires")?,
    })
}

pub(super) fn cached_metadata(row: &impl StoredRow) -> Result<CachedMetadata> {
    Ok(CachedMetadata {
        metadata: row.json("metadata")?,
        fetched: row.time("fetched")?,
        fresh_until: row.time("fresh_until")?,
    })
}

pub(super) fn transaction(row: &impl StoredRow) -> Result<Transaction> {
    Ok(Transaction {
        seen: match (row.optional_text("person")?, row.flag("seen")?) {
            (Some(person), _) => Seen::By(PersonId::stored(person)),
            (None, true) => Seen::BySomebody,
            (None, false) => Seen::No,
        },
        request: row.json("request")?,
        client_name: row.optional_text("client_name")?,
        refreshes: row.flag("refreshes")?,
        workspace: row.optional_text("workspace")?.map(WorkspaceId::stored),
    })
}

/// Reads the scopes in a column.
pub(super) fn scopes(row: &impl StoredRow, column: &str) -> Result<Scopes> {
    Scopes::parse(&row.text(column)?).map_err(|_| broken("scopes"))
}

pub(super) fn issued_code(row: &impl StoredRow) -> Result<IssuedCode> {
    let challenge = CodeChallenge::parse(&row.text("code_challenge")?);
    Ok(IssuedCode {
        grant: GrantId::stored(row.text("id")?),
        client_id: ClientId::stored(row.text("client_id")?),
        redirect_uri: RedirectUri::stored(row.text("redirect_uri")?),
        code_challenge: challenge.ok_or_else(|| broken("a code challenge"))?,
        resource: ResourceIndicator::stored(row.text("resource")?),
        scopes: scopes(row, "scopes")?,
        refreshes: row.flag("refreshes")?,
        nonce: row.optional_text("nonce")?,
    })
}

pub(super) fn issued_refresh_token(row: &impl StoredRow) -> Result<IssuedRefreshToken> {
    Ok(IssuedRefreshToken {
        grant: GrantId::stored(row.text("id")?),
        person: PersonId::stored(row.text("person")?),
        client_id: ClientId::stored(row.text("client_id")?),
        resource: ResourceIndicator::stored(row.text("resource")?),
        scopes: scopes(row, "scopes")?,
        suspended: is_suspended(row)?,
    })
}

/// Reads how a refresh token was rotated, where its successor can be repeated at `at`.
pub(super) fn repetition(row: &impl StoredRow, at: i64) -> Result<Option<Rotation>> {
    let Some(salt) = row.optional_bytes("salt")? else {
        return Ok(None);
    };
    if row
        .optional_number("repeat_until")?
        .is_none_or(|until| at >= until)
    {
        return Ok(None);
    }
    let access_scopes = row.optional_text("access_scopes")?;
    let access_scopes = access_scopes
        .map(|scopes| Scopes::parse(&scopes))
        .transpose();
    Ok(Some(Rotation::Repeated {
        salt: salt.as_slice().try_into().map_err(|_| broken("a salt"))?,
        access_expires: row.optional_time("access_expires")?,
        access_scopes: access_scopes.map_err(|_| broken("scopes"))?,
    }))
}

pub(super) fn access_token(row: &impl StoredRow) -> Result<AccessToken> {
    let workspace = workspace(row)?;
    let grant = Grant {
        id: GrantId::stored(row.text("id")?),
        person: PersonId::stored(row.text("person")?),
        workspace: workspace.id.clone(),
        client_id: ClientId::stored(row.text("client_id")?),
        upstream_key: sealed_key(row)?,
    };
    Ok(AccessToken {
        grant: Arc::new(grant),
        workspace,
        resource: ResourceIndicator::stored(row.text("resource")?),
        scopes: scopes(row, "scopes")?,
        expires: row.optional_time("expires")?,
        last_used: row.optional_time("last_used")?,
        recheck: row.optional_time("recheck")?,
    })
}

/// Reads the account of the provider of a row, with its refresh token.
pub(super) fn recheck(row: &impl StoredRow) -> Result<Recheck> {
    let sealed = (
        row.optional_text("sealed_with")?,
        row.optional_bytes("sealed")?,
    );
    Ok(Recheck {
        person: PersonId::stored(row.text("person")?),
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        token: match sealed {
            (Some(with), Some(bytes)) => Some(Sealed { with, bytes }),
            _ => None,
        },
    })
}

/// Reads what is kept of a sign-in that calls are made by.
pub(super) fn kept_subject(row: &impl StoredRow) -> Result<KeptSubject> {
    let sealed = (
        row.optional_text("subject_with")?,
        row.optional_bytes("subject_sealed")?,
    );
    let sealed = match sealed {
        (Some(with), Some(bytes)) => Some(Sealed { with, bytes }),
        _ => None,
    };
    let until = row.optional_time("subject_until")?;
    Ok(KeptSubject {
        subject: row.text("subject")?,
        token: until.map(|until| SubjectToken { sealed, until }),
        is_renewable: row.flag("renewable")?,
    })
}

/// Reads the key of a row, if there is one.
fn sealed_key(row: &impl StoredRow) -> Result<Option<SealedKey>> {
    let (Some(id), Some(sealed_with), Some(sealed)) = (
        row.optional_text("key_id")?,
        row.optional_text("sealed_with")?,
        row.optional_bytes("sealed")?,
    ) else {
        return Ok(None);
    };
    Ok(Some(SealedKey {
        id,
        sealed_with,
        sealed,
    }))
}

pub(super) fn subject(row: &impl StoredRow) -> Result<Subject> {
    Ok(Subject {
        person: person(row)?,
        signed_in: row.optional_time("signed_in")?,
    })
}

pub(super) fn agent(row: &impl StoredRow) -> Result<Agent> {
    Ok(Agent {
        grant: GrantId::stored(row.text("id")?),
        client_id: ClientId::stored(row.text("client_id")?),
        credential: agent_credential(row)?.ok_or_else(|| broken("an agent"))?,
        person: PersonId::stored(row.text("person")?),
        workspace: WorkspaceId::stored(row.text("workspace")?),
        scopes: scopes(row, "scopes")?,
        resource: ResourceIndicator::stored(row.text("resource")?),
        suspended: is_suspended(row)?,
    })
}

/// Reads what the agent of a row signs in with, where the row is about one.
fn agent_credential(row: &impl StoredRow) -> Result<Option<AgentCredential>> {
    let (kind, credential) = (row.optional_text("kind")?, row.optional_text("credential")?);
    let (Some(kind), Some(credential)) = (kind, credential) else {
        return Ok(None);
    };
    let credential = AgentCredential::stored(&kind, credential);
    credential
        .map(Some)
        .ok_or_else(|| broken("the credential of an agent"))
}

/// Reads an assertion that came before.
pub(super) fn known_assertion(id: Digest, row: &impl StoredRow) -> Result<KnownAssertion> {
    let content = <[u8; 32]>::try_from(row.bytes("content")?);
    Ok(KnownAssertion {
        assertion: Assertion {
            id,
            content: Digest::stored(content.map_err(|_| broken("a digest"))?),
            client: ClientId::stored(row.text("client_id")?),
        },
        grant: GrantId::stored(row.text("grant_id")?),
    })
}

pub(super) fn key(row: &impl StoredRow) -> Result<Key> {
    let revoked = match row.optional_time("revoked")? {
        Some(at) => {
            let reason = row.optional_text("reason")?;
            let reason = reason.as_deref().and_then(RevocationReason::parse);
            Some((at, reason.ok_or_else(|| broken("a reason"))?))
        }
        None => None,
    };
    Ok(Key {
        grant: GrantId::stored(row.text("id")?),
        name: row.text("key_name")?,
        label: row.optional_text("label")?,
        client_name: row.optional_text("client_name")?,
        redirect_uri: RedirectUri::stored(row.text("redirect_uri")?),
        redirect_host: row.text("redirect_host")?,
        owner: person(row)?,
        workspace: workspace(row)?,
        scopes: scopes(row, "scopes")?,
        resource: ResourceIndicator::stored(row.text("resource")?),
        created: row.time("created")?,
        last_used: row.optional_time("last_used")?,
        expires: row.optional_time("expires")?,
        revoked,
        last_tools: row
            .optional_text("last_tools")?
            .map(|tools| tools.split(' ').map(str::to_owned).collect())
            .unwrap_or_default(),
        upstream_key_left: row.flag("upstream_key_left")?,
        client_id: ClientId::stored(row.text("client_id")?),
        agent: agent_credential(row)?,
        issuer: row.optional_text("issuer")?,
    })
}

pub(super) fn ended_upstream_key(row: &impl StoredRow) -> Result<EndedUpstreamKey> {
    Ok(EndedUpstreamKey {
        grant: GrantId::stored(row.text("grant_id")?),
        id: row.text("key_id")?,
        attempt: attempt(row)?,
    })
}

pub(super) fn upstream_key_intent(row: &impl StoredRow) -> Result<UpstreamKeyIntent> {
    Ok(UpstreamKeyIntent {
        order: Order {
            name: row.text("key_name")?,
            workspace: row.optional_text("upstream_workspace")?,
            access: match row.text("access")?.as_str() {
                "read" => Access::Read,
                "write" => Access::Write,
                _ => return Err(broken("an access")),
            },
            grant: row.text("grant_id")?,
        },
        asked: row.time("asked")?,
        attempt: attempt(row)?,
    })
}

pub(super) fn usage_day(row: &impl StoredRow) -> Result<UsageDay> {
    Ok(UsageDay {
        day: row.time("day")?,
        calls: row.count("calls")?,
        failed: row.count("failed")?,
        cost: row.count("cost")?,
    })
}

/// The word for an access in the database.
pub(super) fn access_word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

fn attempt(row: &impl StoredRow) -> Result<u32> {
    Ok(row.number("attempts")?.try_into().unwrap_or(u32::MAX))
}
