//! The sign-in of a key: a client assertion (RFC 7523 §3) in the client credentials grant (RFC 6749 §4.4).

use super::proof::{Proved, Refusal, too_often};
use super::state::Agents;
use crate::form::Pairs;
use crate::limit::Source;
use crate::model::{AgentCredential, Cause, ClientId};
use crate::oauth::authority::Authority;
use crate::oauth::client_assertion::{self, invalid};
use crate::oauth::error::OAuthError;

/// Finds out which agent signed the assertion of a request. That it is used has still to be noted.
///
/// # Errors
/// Where no agent that may sign in signed it.
pub(super) async fn prove(
    authority: &Authority,
    agents: &Agents,
    form: &Pairs,
    source: &Source,
    cause: &Cause,
) -> Result<Proved, Refusal> {
    if form.one("client_secret")?.is_some() {
        let message = "the client names itself in two ways";
        return Err(OAuthError::invalid_request(message).into());
    }
    let assertion = client_assertion::read(form)?.ok_or_else(|| {
        invalid("client_assertion is missing: agents sign in with private_key_jwt")
    })?;
    let client = client_assertion::client(form, assertion)?;
    let client = client.filter(ClientId::is_agent).ok_or_else(unknown)?;
    let store = &authority.services.store;
    let agent = store.agent(&client).await?.ok_or_else(unknown)?;
    let taken = agents.take_attempt(&client, source, cause.at);
    taken.map_err(too_often)?;
    let refuse = |error| Refusal::of(&agent, "assertion", error);
    let checked = match &agent.credential {
        AgentCredential::Wallet(_) => return Err(Refusal::of(&agent, "no_key", unknown())),
        AgentCredential::Keys(_) => {
            let keys = agent.credential.entered_keys().unwrap_or_default();
            client_assertion::check(authority, &client, assertion, &keys, cause.at)
        }
        AgentCredential::KeysAt(url) => {
            let request = (&client, url, source);
            let checked = client_assertion::check_fetched(
                authority,
                &agents.keys,
                request,
                assertion,
                cause.at,
            );
            let checked = checked.await;
            checked.map_err(|error| Refusal::of(&agent, "keys_unreachable", error))?
        }
    };
    let claims = checked.map_err(|refused| refuse(client_assertion::refused(refused)))?;
    let used = client_assertion::used(&client, &claims, cause.at).map_err(refuse)?;
    Ok(Proved {
        assertion: Some(used),
        subject: client.to_string(),
        agent,
    })
}

/// The one answer where no such agent may sign in.
pub(super) fn unknown() -> OAuthError {
    invalid(
        "no agent of this client_id may sign in: link it to a workspace in the portal, and name the \
         client_id that is shown there as iss and sub",
    )
}
