//! The sign-in of an agent at the token endpoint: what it proves who it is with becomes an access token.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};

use super::access_token::Issue;
use super::proof::{AgentGrant, Refusal, not_linked, too_many_tokens, too_often};
use super::state::Agents;
use super::{assertion, wallet};
use crate::account::Occasion;
use crate::form::Pairs;
use crate::limit::Source;
use crate::model::{Agent, AgentSignIn, AgentToken, Cause, ResourceIndicator, Scope, Scopes};
use crate::oauth::access_token_response::AccessTokenResponse;
use crate::oauth::authority::Authority;
use crate::oauth::client_assertion;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::secret::Secret;
use crate::token::{self, Digest};

/// Answers a request for a token, by a grant of agents.
///
/// # Errors
/// Where the sign-in is refused.
pub(in crate::oauth) async fn token(
    authority: &Authority,
    grant: AgentGrant,
    form: &Pairs,
    source: &Source,
    cause: &Cause,
) -> Result<Response, OAuthError> {
    let agents = authority.agents.as_ref();
    let agents = agents.filter(|agents| agents.grant_types().any(|it| it == grant));
    let Some(agents) = agents else {
        let message = "agents cannot sign in here in this way";
        return Err(OAuthError::new(ErrorCode::UnsupportedGrantType, message));
    };
    agents.take(source, cause.at).map_err(too_often)?;
    match sign_in(authority, agents, grant, form, source, cause).await {
        Ok(response) => Ok(response.into_response()),
        Err(Refusal {
            agent,
            reason,
            error,
        }) => {
            if let Some(agent) = agent {
                let cause = cause.clone().through(&agent.client_id);
                let store = &authority.services.store;
                store.refuse_agent(&agent.grant, reason, &cause).await?;
            }
            Err(error)
        }
    }
}

async fn sign_in(
    authority: &Authority,
    agents: &Agents,
    grant: AgentGrant,
    form: &Pairs,
    source: &Source,
    cause: &Cause,
) -> Result<AccessTokenResponse, Refusal> {
    let proved = match grant {
        AgentGrant::Wallet => wallet::prove(authority, agents, form, source, cause).await?,
        AgentGrant::ClientCredentials => {
            assertion::prove(authority, agents, form, source, cause).await?
        }
    };
    let agent = &proved.agent;
    let refuse = |reason, error| Refusal::of(agent, reason, error);
    if agent.suspended {
        let message = "the workspace of this agent is suspended";
        return Err(refuse("suspended", OAuthError::invalid_grant(message)));
    }
    let scopes = narrowed(form, &agent.scopes)?;
    let scopes = scopes.map_err(|error| refuse("invalid_scope", error))?;
    let resource = check_resource(authority, form, &agent.resource);
    resource.map_err(|error| refuse("invalid_target", error))?;
    let store = &authority.services.store;
    if let Some((assertion, expires)) = proved.assertion
        && !store.use_assertion(assertion, expires).await?
    {
        return Err(refuse("replayed", client_assertion::replayed()));
    }
    let taken = agents.take_of(&agent.client_id, cause.at);
    taken.map_err(too_often)?;
    // Where the person who linked it has left, the grant ends.
    let accounts = &authority.accounts;
    let checked = accounts.recheck(&agent.person, Occasion::Use, cause);
    checked.await?;
    let lasts = Duration::from_secs(agents.settings.token_seconds);
    let token = agents.signer.sign(Issue {
        issuer: &authority.issuer,
        resource: &agent.resource,
        subject: &proved.subject,
        client: &agent.client_id,
        workspace: &agent.workspace,
        scopes: &scopes,
        id: &token::random_id("at", &*authority.services.random),
        now: cause.at,
        lasts,
    });
    let unavailable = OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        "the server cannot answer just now",
    );
    let token = token.ok_or(unavailable)?;
    keep(authority, (grant, agent), &token, (&scopes, lasts), cause).await?;
    Ok(AccessTokenResponse::new(&token, lasts, &scopes))
}

/// Keeps an access token by its digest, as long as the agent may sign in.
async fn keep(
    authority: &Authority,
    (grant, agent): (AgentGrant, &Agent),
    token: &Secret,
    (scopes, lasts): (&Scopes, Duration),
    cause: &Cause,
) -> Result<(), OAuthError> {
    let kept = AgentToken {
        digest: Digest::of(token.expose()),
        expires: cause.at + lasts,
        scopes: (*scopes != agent.scopes).then(|| scopes.clone()),
    };
    let cause = cause.clone().through(&agent.client_id);
    let store = &authority.services.store;
    match store.sign_in_agent(&agent.grant, &kept, &cause).await? {
        AgentSignIn::Done => Ok(()),
        AgentSignIn::TooMany { until } => Err(too_many_tokens(until, cause.at)),
        AgentSignIn::Ended => Err(match grant {
            AgentGrant::Wallet => not_linked(),
            AgentGrant::ClientCredentials => assertion::unknown(),
        }),
    }
}

/// What the access token is to allow: what the request asks for, and no more than the agent may.
fn narrowed(form: &Pairs, granted: &Scopes) -> Result<Result<Scopes, OAuthError>, OAuthError> {
    let Some(scope) = form.one("scope")? else {
        return Ok(Ok(granted.clone()));
    };
    let asked = Scopes::parse(scope).ok();
    let asked = asked.filter(|asked| !asked.is_empty() && asked.is_subset(granted));
    let Some(mut asked) = asked else {
        let message = "the agent was linked for less than this scope";
        return Ok(Err(OAuthError::new(ErrorCode::InvalidScope, message)));
    };
    asked.insert(Scope::Read);
    Ok(Ok(asked))
}

/// A request may name the resource that the agent was linked for, and no other (RFC 8707 §2.2).
fn check_resource(
    authority: &Authority,
    form: &Pairs,
    granted: &ResourceIndicator,
) -> Result<(), OAuthError> {
    let named = form.all("resource");
    match authority.resources.all_mean(named, granted) {
        true => Ok(()),
        false => {
            let message = "the agent was linked for another resource";
            Err(OAuthError::new(ErrorCode::InvalidTarget, message))
        }
    }
}
