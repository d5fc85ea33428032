//! Agents: a person links a program to a workspace, for which it then signs in by itself. Its key is among
//! the others, where it is revoked.

use axum::extract::{RawQuery, State};
use http::StatusCode;
use url::Url;

use super::confirmed::Confirmed;
use super::state::{AGENTS, Here, Portal};
use super::visitor::Visitor;
use crate::account::{Answer, PageError};
use crate::form::Pairs;
use crate::model::{AgentCredential, Workspace};
use crate::oauth::{AgentRequest, LinkError};
use crate::operation::Access;
use crate::page::{AgentWorkspace, LinkAgent, LinkedAgent, level_from_word};
use crate::text;
use crate::wallet::WalletAddress;

/// The longest URL of keys, and the longest set of them, in bytes.
const LONGEST_URL: usize = 2000;
const LONGEST_KEYS: usize = 16 * 1024;

/// The parameter that names the agent that was linked just now.
const LINKED: &str = "linked";
/// The most keys that it is looked for in, the latest first.
const MOST_KEYS: u32 = 200;

impl Portal {
    /// Whether agents can be linked.
    pub(super) fn takes_agents(&self) -> bool {
        let authority = self.authority.as_ref();
        authority.is_some_and(|authority| authority.agent_credentials().is_some())
    }
}

pub(super) async fn show(
    State(portal): Here,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut page = page(&portal, &visitor, &Pairs::default()).await?;
    let query = Pairs::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let linked = query.field(LINKED);
    if !linked.is_empty() {
        page.linked = linked_agent(&portal, &visitor, linked).await?;
    }
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

/// Links an agent. It acts without its person from then on, so that the password is asked for.
pub(super) async fn link(State(portal): Here, Confirmed { visitor, form }: Confirmed) -> Answer {
    let mut page = page(&portal, &visitor, &form).await?;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    if page.name.is_empty() {
        page.name_problem = Some("Give the agent a name.".to_owned());
    }
    let credential = read(&page);
    let credential = match credential {
        Ok(credential) if page.name_problem.is_none() => credential,
        Ok(_) => return Ok(portal.accounts.pages.show(unprocessable, &page)),
        Err(problem) => {
            page.credential_problem = Some(problem);
            return Ok(portal.accounts.pages.show(unprocessable, &page));
        }
    };
    let Some(authority) = &portal.authority else {
        return Err(PageError::NotFound);
    };
    let me = &visitor.session.person.id;
    let memberships = portal.services.store.memberships(me).await?;
    let chosen = form.field("workspace");
    let mut chosen = memberships
        .into_iter()
        .filter(|it| it.workspace.id.as_str() == chosen);
    let level = level_from_word(form.field("level"));
    let (Some(membership), Some(access)) = (chosen.next(), level) else {
        return Err(PageError::Forbidden);
    };
    let request = AgentRequest {
        credential,
        name: page.name.clone(),
        membership,
        access,
    };
    let linked = authority.link_agent(request, &visitor.session, visitor.cause());
    match linked.await {
        // The page that follows can be loaded again: that links no second agent.
        Ok(client_id) => portal
            .accounts
            .send_to(&format!("{AGENTS}?{LINKED}={client_id}")),
        Err(LinkError::TooMany) => {
            let problem =
                "You have 50 agents in this workspace. Revoke one before you link another.";
            page.visit.problem = Some(problem.to_owned());
            Ok(portal.accounts.pages.show(unprocessable, &page))
        }
        Err(LinkError::Refused) => Err(PageError::Forbidden),
        Err(LinkError::Page(error)) => Err(error),
    }
}

/// Finds an agent that this person linked, as it is shown after that. An address can name any
/// `client_id`, and shows no other.
async fn linked_agent(
    portal: &Portal,
    visitor: &Visitor,
    client_id: &str,
) -> Result<Option<LinkedAgent>, PageError> {
    let me = &visitor.session.person.id;
    let keys = portal
        .services
        .store
        .keys(me, visitor.browser.at, MOST_KEYS);
    let mut keys = keys.await?.into_iter();
    let found = keys.find(|key| {
        let is_mine = key.agent.is_some() && key.owner.id == *me && key.revoked.is_none();
        is_mine && key.client_id.as_str() == client_id
    });
    Ok(found.map(|key| LinkedAgent {
        name: key.label.unwrap_or(key.name),
        client_id: key.client_id.to_string(),
        resource: key.resource.to_string(),
    }))
}

/// The page, with what was typed.
async fn page(portal: &Portal, visitor: &Visitor, form: &Pairs) -> Result<LinkAgent, PageError> {
    let authority = portal.authority.as_ref();
    let offered = authority.and_then(|it| Some((it, it.agent_credentials()?)));
    let Some((authority, (wallets, keys))) = offered else {
        return Err(PageError::NotFound);
    };
    let me = &visitor.session.person.id;
    let memberships = portal.services.store.memberships(me).await?;
    let is_open = |it: &Workspace| !it.suspended && portal.accounts.link_command(it).is_none();
    let open = memberships
        .into_iter()
        .map(|it| it.workspace)
        .filter(is_open);
    let mut workspaces: Vec<_> = open
        .map(|workspace| AgentWorkspace {
            selected: workspace.id.as_str() == form.field("workspace"),
            id: workspace.id.to_string(),
            name: workspace.name,
        })
        .collect();
    if let [only] = workspaces.as_mut_slice() {
        only.selected = true;
    }
    Ok(LinkAgent {
        visit: visitor.visit(),
        workspaces,
        wallets,
        keys,
        highest: authority.highest_of_agents(),
        level: level_from_word(form.field("level")).unwrap_or(Access::Read),
        name: text::label(form.field("name")),
        name_problem: None,
        credential: form.field("credential").trim().to_owned(),
        credential_problem: None,
        linked: None,
    })
}

/// Reads what the agent is to sign in with.
///
/// # Errors
/// Where it is none of what can be entered, as a sentence.
fn read(page: &LinkAgent) -> Result<AgentCredential, String> {
    let text = page.credential.as_str();
    match text.get(..1) {
        Some("{") if page.keys => {
            if text.len() > LONGEST_KEYS {
                return Err("This is longer than 16 kB.".to_owned());
            }
            AgentCredential::keys(text).map_err(|error| error.to_string())
        }
        Some("h") if page.keys => match keys_url(text) {
            Some(url) => Ok(AgentCredential::KeysAt(url)),
            None => Err("Enter an https URL with a host name, and without a user name.".to_owned()),
        },
        Some("0") if page.wallets => match WalletAddress::parse(text) {
            Ok(address) => Ok(AgentCredential::Wallet(address)),
            Err(error) => Err(sentence(&error.to_string())),
        },
        _ => Err(match (page.wallets, page.keys) {
            (true, true) => "This is neither an address, nor a key set, nor an https URL.",
            (true, false) => "An address is 0x and 40 hexadecimal digits.",
            (false, _) => "This is neither a key set nor an https URL.",
        }
        .to_owned()),
    }
}

/// Reads the URL of a set of keys. That its address is a public one is checked where it is fetched.
fn keys_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fits = url.scheme() == "https"
        && url.domain().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && text.len() <= LONGEST_URL;
    fits.then_some(url)
}

/// Makes a sentence of what an error says.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase());
    let first: String = first.into_iter().flatten().collect();
    format!("{first}{}.", letters.as_str())
}
