//! Agents and their sign-ins.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::audit::record;
use super::authorizations::may_connect;
use super::database::Postgres;
use super::{upstream_key_intents, upstream_keys};
use crate::model::{
    Action, Agent, AgentSignIn, AgentToken, Cause, ClientId, GrantId, Linked, NewAgent, Scopes,
    bounds,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Agents, Result, decode};
use crate::token::Digest;

/// Finds the agents that may sign in.
const ACTIVE: &str = "SELECT a.client_id, a.kind, a.credential, g.id, g.person, g.workspace, \
     g.resource, g.scopes, w.suspended FROM agents a JOIN grants g ON g.id = a.grant_id \
     JOIN workspaces w ON w.id = g.workspace \
     JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
     WHERE g.revoked IS NULL AND a.client_id = $1";

#[async_trait]
impl Agents for Postgres {
    async fn link_agent(&self, agent: &NewAgent, cause: &Cause) -> Result<Linked> {
        let mut tx = self.begin().await?;
        // A key that was made for one of the API's workspaces never serves another.
        let found = may_connect(&mut tx, Some(&agent.person), &agent.workspace);
        if found
            .await?
            .is_none_or(|upstream| upstream != agent.upstream_id)
        {
            return Ok(Linked::Refused);
        }
        if count(&mut tx, agent).await? >= bounds::AGENTS_OF_PERSON.into() {
            return Ok(Linked::TooMany);
        }
        insert(&mut tx, agent, cause).await?;
        let about = About {
            workspace: Some(agent.workspace.as_str()),
            grant: Some(agent.grant.as_str()),
            subject: Some(agent.credential.kind()),
            ..About::default()
        };
        let cause = cause.clone().through(&agent.client_id);
        record(&mut tx, &cause, Action::AgentLinked, about).await?;
        if let Some(key) = &agent.upstream_key {
            if !upstream_key_intents::fulfil(&mut tx, &agent.grant).await? {
                return Ok(Linked::KeyTakenBack);
            }
            let (grant, workspace) = (&agent.grant, &agent.workspace);
            upstream_keys::put(&mut tx, grant, workspace, key, &cause).await?;
        }
        self.commit(tx).await?;
        Ok(Linked::Done)
    }

    async fn agent(&self, client: &ClientId) -> Result<Option<Agent>> {
        let row = sqlx::query(ACTIVE)
            .bind(client.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(decode::agent).transpose()
    }

    async fn use_assertion(&self, assertion: Digest, expires: SystemTime) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        let noted = sqlx::query(
            "INSERT INTO used_assertions (digest, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(assertion.as_bytes())
        .bind(millis(expires))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(noted.rows_affected() == 1)
    }

    async fn sign_in_agent(
        &self,
        grant: &GrantId,
        token: &AgentToken,
        cause: &Cause,
    ) -> Result<AgentSignIn> {
        let mut tx = self.begin_beside().await?;
        sqlx::query("SELECT 1 FROM grants WHERE id = $1 FOR UPDATE")
            .bind(grant.as_str())
            .execute(&mut *tx)
            .await?;
        if let Some(until) = full_until(&mut tx, grant, cause).await? {
            return Ok(AgentSignIn::TooMany { until });
        }
        let kept = sqlx::query(
            "INSERT INTO access_tokens (digest, grant_id, expires, scopes) \
             SELECT $1, g.id, $2, $3 FROM grants g JOIN agents a ON a.grant_id = g.id \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE g.id = $4 AND g.revoked IS NULL",
        )
        .bind(token.digest.as_bytes())
        .bind(millis(token.expires))
        .bind(token.scopes.as_ref().map(Scopes::to_string))
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return Ok(AgentSignIn::Ended);
        }
        let about = About {
            grant: Some(grant.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::AgentSignedIn, about).await?;
        self.commit(tx).await?;
        Ok(AgentSignIn::Done)
    }

    async fn refuse_agent(&self, grant: &GrantId, reason: &str, cause: &Cause) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        let about = About {
            grant: Some(grant.as_str()),
            subject: Some(reason),
            ..About::default()
        };
        record(&mut tx, cause, Action::AgentRefused, about).await?;
        self.finish(tx).await
    }
}

/// Forgets the expired access tokens of an agent. Where it has as many others as it may have, returns when
/// the first of them expires.
async fn full_until(
    tx: &mut PgConnection,
    grant: &GrantId,
    cause: &Cause,
) -> Result<Option<SystemTime>> {
    sqlx::query("DELETE FROM access_tokens WHERE grant_id = $1 AND expires <= $2")
        .bind(grant.as_str())
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(
        "SELECT COUNT(*) AS tokens, MIN(expires) AS first FROM access_tokens WHERE grant_id = $1",
    )
    .bind(grant.as_str())
    .fetch_one(&mut *tx)
    .await?;
    let is_full = row.count("tokens")? >= bounds::TOKENS_OF_AGENT.into();
    Ok(row.optional_time("first")?.filter(|_| is_full))
}

/// How many agents the person has in the workspace.
async fn count(tx: &mut PgConnection, agent: &NewAgent) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS agents FROM agents a JOIN grants g ON g.id = a.grant_id \
         WHERE g.person = $1 AND g.workspace = $2 AND g.revoked IS NULL",
    )
    .bind(agent.person.as_str())
    .bind(agent.workspace.as_str())
    .fetch_one(tx)
    .await?;
    row.number("agents")
}

/// Makes the grant of an agent. It is used at once, and lasts until it is revoked.
async fn insert(tx: &mut PgConnection, agent: &NewAgent, cause: &Cause) -> Result<()> {
    sqlx::query(
        "INSERT INTO grants (id, person, workspace, client_id, key_name, label, redirect_uri, \
         redirect_host, resource, scopes, refreshes, code_challenge, signed_in, created, exchanged) \
         VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, $8, FALSE, '', $9, $10, $10)",
    )
    .bind(agent.grant.as_str())
    .bind(agent.person.as_str())
    .bind(agent.workspace.as_str())
    .bind(agent.client_id.as_str())
    .bind(agent.key_name())
    .bind(&agent.name)
    .bind(agent.resource.as_str())
    .bind(agent.scopes.to_string())
    .bind(millis(agent.signed_in))
    .bind(millis(cause.at))
    .execute(&mut *tx)
    .await?;
    let (kind, credential) = agent.credential.as_stored();
    sqlx::query(
        "INSERT INTO agents (client_id, grant_id, kind, credential) VALUES ($1, $2, $3, $4)",
    )
    .bind(agent.client_id.as_str())
    .bind(agent.grant.as_str())
    .bind(kind)
    .bind(credential)
    .execute(tx)
    .await?;
    Ok(())
}
