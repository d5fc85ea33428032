//! The sign-in of a wallet: it signed a challenge of this server (EIP-4361, EIP-191).

use super::challenge::{Challenge, LASTS, LONGEST_MESSAGE};
use super::proof::{Proved, Refusal, not_linked, too_often};
use super::state::Agents;
use crate::form::Pairs;
use crate::jwt::SKEW;
use crate::limit::Source;
use crate::model::{Agent, AgentCredential, Cause, ClientId};
use crate::oauth::authority::Authority;
use crate::oauth::error::OAuthError;
use crate::token::Digest;
use crate::wallet::{SignatureError, WalletAddress};

/// Finds out which agent signed the challenge of a request. A challenge that this server wrote is used up
/// by its first answer, whether it is right or wrong; anything else is refused without a read or a write.
///
/// # Errors
/// Where no agent that may sign in signed a challenge that can still be answered.
pub(super) async fn prove(
    authority: &Authority,
    agents: &Agents,
    form: &Pairs,
    source: &Source,
    cause: &Cause,
) -> Result<Proved, Refusal> {
    let missing = |name| OAuthError::invalid_request(&format!("{name} is missing"));
    let message = form.one("message")?.ok_or_else(|| missing("message"))?;
    let signature = form.one("signature")?.ok_or_else(|| missing("signature"))?;
    let client = form.one("client_id")?.and_then(ClientId::parse);
    let client = client.filter(ClientId::is_agent).ok_or_else(not_linked)?;
    let challenge = written_here(authority, agents, message).ok_or_else(|| {
        let message = "the message is not one that this server wrote: ask for a challenge, and sign it \
                       as it is";
        OAuthError::invalid_grant(message)
    })?;
    let store = &authority.services.store;
    let agent = store.agent(&client).await?.ok_or_else(not_linked)?;
    let taken = agents.take_attempt(&client, source, cause.at);
    taken.map_err(too_often)?;
    let AgentCredential::Wallet(address) = agent.credential else {
        return Err(Refusal::of(&agent, "no_wallet", not_linked()));
    };
    let refuse = |reason, message: &str| {
        let error = OAuthError::invalid_grant(message);
        Refusal::of(&agent, reason, error)
    };
    let used = Digest::of(&format!("challenge\n{}", challenge.nonce));
    if !store.use_assertion(used, cause.at + LASTS + SKEW).await? {
        let message = "the challenge was answered before; ask for another one";
        return Err(refuse("replayed", message));
    }
    let checked = check(&challenge, (message, signature), (&agent, address), cause);
    checked.map_err(|(reason, message)| refuse(reason, &message))?;
    Ok(Proved {
        // CAIP-10.
        subject: format!("eip155:{}:{address}", challenge.chain_id),
        agent,
        assertion: None,
    })
}

/// Reads a message. `None` where it is not, byte for byte, what this server wrote.
fn written_here(authority: &Authority, agents: &Agents, message: &str) -> Option<Challenge> {
    let short = Some(message).filter(|it| it.len() <= LONGEST_MESSAGE)?;
    let challenge = Challenge::read(short)?;
    let resource = authority.agent_resource();
    let is_ours = challenge.write(&authority.domain(), resource.as_str()) == message
        && challenge.is_proved(&agents.nonce_key)
        && agents.settings.chain_ids.contains(&challenge.chain_id);
    is_ours.then_some(challenge)
}

/// Checks for which agent a challenge is, until when, and who signed it.
fn check(
    challenge: &Challenge,
    (message, signature): (&str, &str),
    (agent, address): (&Agent, WalletAddress),
    cause: &Cause,
) -> Result<(), (&'static str, String)> {
    if !challenge.is_valid_at(cause.at) {
        let message = "the challenge has expired; ask for another one";
        return Err(("expired", message.to_owned()));
    }
    if challenge.client != agent.client_id {
        let message = "the challenge is for another client_id";
        return Err(("other_agent", message.to_owned()));
    }
    if challenge.address != address {
        let message = "the challenge is for another wallet than that of the agent";
        return Err(("other_wallet", message.to_owned()));
    }
    match WalletAddress::signer(message, signature) {
        Ok(signer) if signer == address => Ok(()),
        Ok(_) => {
            let message = "the wallet of the agent did not sign the message: send the signature of a \
                           personal message (EIP-191); wallets that are contracts cannot sign in";
            Err(("signature", message.to_owned()))
        }
        Err(error @ SignatureError::HighS) => Err(("high_s", error.to_string())),
        Err(error) => Err(("signature", error.to_string())),
    }
}
