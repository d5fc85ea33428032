//! API keys: what was approved, and ending it.

use std::time::SystemTime;

use axum::extract::State;
use http::StatusCode;

use super::confirmed::Confirmed;
use super::state::{AGENTS, Here, KEYS, Portal};
use super::visitor::{Flash, Visitor};
use crate::account::{Answer, Posted};
use crate::model::{AgentCredential, GrantId, Key, PersonId, RevocationReason};
use crate::oauth::publisher::ClientIdentity;
use crate::page::{Agent, ApiKey, ApiKeys, Ended};
use crate::text;

/// The most keys on one page.
const MOST: u32 = 200;

pub(super) async fn show(State(portal): Here, visitor: Visitor) -> Answer {
    let now = visitor.browser.at;
    let me = &visitor.session.person.id;
    let keys = portal.services.store.keys(me, now, MOST).await?;
    let more = keys.len() >= MOST as usize;
    let shown = keys.into_iter().map(|key| api_key(&portal, key, me, now));
    let (active, ended) = shown.partition(|key: &ApiKey| key.ended.is_none());
    let page = ApiKeys {
        visit: visitor.visit(),
        active,
        ended,
        more,
        resource: portal.resources.main.indicator.to_string(),
        agents_url: portal.takes_agents().then_some(AGENTS),
    };
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn revoke(State(portal): Here, Confirmed { visitor, form }: Confirmed) -> Answer {
    let grant = GrantId::stored(form.field("key"));
    let cause = visitor.cause();
    let reason = RevocationReason::Person;
    let ended = portal.services.store.revoke(&grant, reason, &cause).await?;
    let flash = if ended {
        Flash::KeyRevoked
    } else {
        Flash::KeyGone
    };
    portal.show(KEYS, flash)
}

pub(super) async fn revoke_all(
    State(portal): Here,
    Confirmed { visitor, .. }: Confirmed,
) -> Answer {
    portal.services.store.revoke_all(&visitor.cause()).await?;
    portal.show(KEYS, Flash::KeysRevoked)
}

/// Renames a key. Nothing ends by it, so that no password is asked for.
pub(super) async fn rename(State(portal): Here, visitor: Visitor, Posted(form): Posted) -> Answer {
    let grant = GrantId::stored(form.field("key"));
    let name = text::label(form.field("name"));
    let label = Some(name.as_str()).filter(|name| !name.is_empty());
    let store = &portal.services.store;
    match store.rename_key(&grant, label, &visitor.cause()).await? {
        true => portal.show(KEYS, Flash::KeyRenamed),
        false => portal.show(KEYS, Flash::KeyGone),
    }
}

/// A key as its page shows it to `me`.
fn api_key(portal: &Portal, key: Key, me: &PersonId, now: SystemTime) -> ApiKey {
    let claimed_name = match (&key.agent, &key.issuer) {
        (Some(_), _) | (_, Some(_)) => None,
        (None, None) => {
            let name = key.client_name.as_deref();
            let client = ClientIdentity::new(name, key.redirect_uri.as_str());
            client.claimed_name().map(str::to_owned)
        }
    };
    let level = key.level();
    let expired = key.expires.filter(|&expires| expires <= now);
    let ended = match (key.revoked, expired) {
        (Some((at, reason)), _) => Some((at, how(reason))),
        (None, Some(at)) => Some((at, "expired")),
        (None, None) => None,
    };
    let left = match key.upstream_key_left {
        true => "; the API has not revoked its own key for it yet, which is tried again",
        false => "",
    };
    let ended = ended.map(|(at, how)| Ended {
        at: at.into(),
        how: format!("{how}{left}"),
    });
    let (name, made_as) = match key.label {
        Some(label) => (label, Some(key.name)),
        None => (key.name, None),
    };
    let resource = portal.resources.find(key.resource.as_str());
    let (connection, toolset) = match resource {
        Some(resource) => (resource.connection, resource.toolset),
        None => (None, None),
    };
    ApiKey {
        id: key.grant.to_string(),
        name,
        made_as,
        claimed_name,
        agent: key.agent.map(|credential| Agent {
            client_id: key.client_id.to_string(),
            credential: match credential {
                AgentCredential::Wallet(address) => format!("Wallet {address}"),
                AgentCredential::Keys(_) => "Public key".to_owned(),
                AgentCredential::KeysAt(url) => format!("Public keys at {url}"),
            },
        }),
        issuer: key.issuer,
        host: key.redirect_host,
        owner: (key.owner.id != *me).then_some(key.owner.email),
        workspace: key.workspace.name,
        connection: connection.map(|name| name.to_string()),
        tags: toolset.map(|it| it.names().to_vec()).unwrap_or_default(),
        level,
        scopes: key
            .scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        created: key.created.into(),
        last_used: key.last_used.map(Into::into),
        last_tools: key.last_tools,
        expires: key.expires.map(Into::into),
        ended,
    }
}

fn how(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Person => "revoked here",
        RevocationReason::Client => "disconnected by the assistant",
        RevocationReason::CodeReplayed | RevocationReason::RefreshTokenReused => {
            "ended for safety: a one-time secret was used twice"
        }
        RevocationReason::MemberLeft => "ended with the membership",
        RevocationReason::AccountDisabled => "ended when the operator disabled the account",
        RevocationReason::AccountDeleted => "ended with the account",
        RevocationReason::AccountLinked => {
            "ended when the account was linked to one at the identity provider"
        }
        RevocationReason::ProviderRefused => {
            "ended when the identity provider no longer admitted the account"
        }
        RevocationReason::NoGroup => "ended when the account was in no group any more",
        RevocationReason::SignInExpired => "ended when the last sign-in was too long ago",
        RevocationReason::ProviderLogout => "ended with the sign-out at the identity provider",
        RevocationReason::WorkspaceLinked => "ended when the workspace was linked anew",
    }
}
