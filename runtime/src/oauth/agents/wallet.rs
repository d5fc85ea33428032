//! The sign-in of a wallet: it signed a challenge of this server (EIP-4361, EIP-191).

use super::challenge::{Challenge, LASTS, LONGEST_MESSAGE, nonce};
use super::proof::{Proved, Refusal, not_linked, too_often};
use super::state::Agents;
use crate::form::Pairs;
use crate::jwt::SKEW;
use crate::model::{AgentCredential, Cause, ClientId};
use crate::oauth::authority::Authority;
use crate::oauth::error::OAuthError;
use crate::token::Digest;
use crate::wallet::{SignatureError, WalletAddress};

/// Finds out which agent signed the challenge of a request. The nonce is used up by it, whatever else is
/// wrong.
///
/// # Errors
/// Where no agent that may sign in signed a challenge that can still be answered.
pub(super) async fn prove(
    authority: &Authority,
    agents: &Agents,
    form: &Pairs,
    cause: &Cause,
) -> Result<Proved, Refusal> {
    let missing = |name| OAuthError::invalid_request(&format!("{name} is missing"));
    let message = form.one("message")?.ok_or_else(|| missing("message"))?;
    let signature = form.one("signature")?.ok_or_else(|| missing("signature"))?;
    let client = form.one("client_id")?.and_then(ClientId::parse);
    let client = client.filter(ClientId::is_agent).ok_or_else(not_linked)?;
    let store = &authority.services.store;
    let agent = store.agent(&client).await?.ok_or_else(not_linked)?;
    let AgentCredential::Wallet(address) = agent.credential else {
        return Err(Refusal::of(&agent, "no_wallet", not_linked()));
    };
    agents.take_of(&client, cause.at).map_err(too_often)?;
    let refuse = |reason, message| Refusal::of(&agent, reason, OAuthError::invalid_grant(message));
    let short = Some(message).filter(|it| it.len() <= LONGEST_MESSAGE);
    let Some(nonce) = short.and_then(nonce) else {
        let message = "the message is not one that this server wrote: ask for a challenge, and sign it \
                       as it is";
        return Err(refuse("unknown_challenge", message));
    };
    let used = Digest::of(&format!("challenge\n{nonce}"));
    if !store.use_assertion(used, cause.at + LASTS + SKEW).await? {
        let message = "the challenge was answered before; ask for another one";
        return Err(refuse("replayed", message));
    }
    match check(authority, agents, (message, signature), address, cause) {
        Ok(challenge) => Ok(Proved {
            // CAIP-10.
            subject: format!("eip155:{}:{address}", challenge.chain_id),
            agent,
            assertion: None,
        }),
        Err((reason, message)) => Err(refuse(reason, &message)),
    }
}

/// Checks a message and its signature.
fn check(
    authority: &Authority,
    agents: &Agents,
    (message, signature): (&str, &str),
    address: WalletAddress,
    cause: &Cause,
) -> Result<Challenge, (&'static str, String)> {
    let unknown = || {
        let message = "the message is not one that this server wrote: ask for a challenge, and sign it \
                       as it is";
        ("unknown_challenge", message.to_owned())
    };
    let challenge = Challenge::read(message).ok_or_else(unknown)?;
    let resource = authority.agent_resource();
    // What is signed is what this server would write, byte for byte.
    if challenge.write(&authority.domain(), resource.as_str()) != message
        || !challenge.is_proved(&agents.nonce_key)
        || !agents.settings.chain_ids.contains(&challenge.chain_id)
    {
        return Err(unknown());
    }
    if !challenge.is_valid_at(cause.at) {
        let message = "the challenge has expired; ask for another one";
        return Err(("expired", message.to_owned()));
    }
    if challenge.address != address {
        let message = "the challenge is for another wallet than that of the agent";
        return Err(("other_wallet", message.to_owned()));
    }
    match WalletAddress::signer(message, signature) {
        Ok(signer) if signer == address => Ok(challenge),
        Ok(_) => {
            let message = "the wallet of the agent did not sign the message: send the signature of a \
                           personal message (EIP-191); wallets that are contracts cannot sign in";
            Err(("signature", message.to_owned()))
        }
        Err(error @ SignatureError::HighS) => Err(("high_s", error.to_string())),
        Err(error) => Err(("signature", error.to_string())),
    }
}
