//! The consent page, and the answer to it.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::grant::{self, Approved};
use super::{ConsentRequest, Next, PendingAuthorization, next};
use crate::account::{Answer, Browser, PageError, Posted};
use crate::form::Pairs;
use crate::model::{Answered, Approval, Cause, GrantId, Membership, Scope, Scopes, Session};
use crate::oauth::authority::Authority;
use crate::oauth::error::ErrorCode;
use crate::oauth::response::AuthorizationResponse;
use crate::oauth::transaction::CODE;
use crate::operation::Access;
use crate::page::{self, Consent, Outcome, ScopeChoice, ScopeKind};
use crate::token::{self, Digest};

type Here = State<Arc<Authority>>;

/// The access that can be granted, and the preselected one.
struct Offer {
    highest: Access,
    level: Access,
    /// Whether the client can stay connected without asking again.
    offline: bool,
    offline_checked: bool,
    /// The scopes of OpenID Connect that are asked for, and whether each is granted.
    openid: Vec<(Scope, bool)>,
}

impl Offer {
    fn new(authority: &Authority, pending: &PendingAuthorization) -> Offer {
        let request = &pending.transaction.request;
        let resource = pending.resource(authority);
        let highest = resource.map_or(Access::Read, |it| authority.highest(&it));
        let offline = pending.transaction.refreshes && authority.policy.access_lifetime.is_some();
        Offer {
            highest,
            // What asks for more without being known gets more only where the person chooses it.
            level: match pending.identity().is_verified() {
                true => request.scopes.access().min(highest),
                false => Access::Read,
            },
            offline,
            offline_checked: offline,
            openid: Scope::OPENID
                .into_iter()
                .filter(|scope| request.scopes.contains(*scope))
                .map(|scope| (scope, true))
                .collect(),
        }
    }

    fn scopes(&self) -> Vec<ScopeChoice> {
        let choice = |scope: Scope, kind, checked| ScopeChoice {
            name: scope.as_str().to_owned(),
            description: scope.description().to_owned(),
            kind,
            checked,
        };
        let mut scopes = vec![choice(Scope::Read, ScopeKind::Required, true)];
        if self.highest == Access::Write {
            let full = self.level == Access::Write;
            scopes.push(choice(Scope::Write, ScopeKind::Full, full));
        }
        for (scope, checked) in &self.openid {
            let kind = match scope {
                Scope::OpenId => ScopeKind::Required,
                _ => ScopeKind::Optional,
            };
            scopes.push(choice(*scope, kind, *checked));
        }
        if self.offline {
            let checked = self.offline_checked;
            scopes.push(choice(Scope::OfflineAccess, ScopeKind::Optional, checked));
        }
        scopes
    }

    /// Takes the form's choices; `None` where it asks for what is not offered, or leaves out what
    /// nothing works without.
    fn take(&mut self, form: &Pairs) -> Option<()> {
        let level = page::level_from_word(form.one("level").ok()??)?;
        let offered = self.scopes();
        let posted: Vec<&str> = form.all("scope").collect();
        let has = |scope: &ScopeChoice| posted.contains(&scope.name.as_str());
        let all_offered = posted.iter().all(|name| {
            let offer = offered.iter().find(|scope| scope.name == *name);
            offer.is_some_and(|it| it.kind != ScopeKind::Full || level == Access::Write)
        });
        let required = offered
            .iter()
            .filter(|scope| scope.kind == ScopeKind::Required);
        let mut required = required.collect::<Vec<_>>().into_iter();
        if level > self.highest || !all_offered || !required.all(has) {
            return None;
        }
        self.level = level;
        self.offline_checked = posted.contains(&Scope::OfflineAccess.as_str());
        for (scope, checked) in &mut self.openid {
            *checked = posted.contains(&scope.as_str());
        }
        Some(())
    }
}

pub(super) async fn show(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
) -> Answer {
    let (session, memberships) = match next(&authority, &browser, &pending).await? {
        Next::Ready(session, memberships) => (session, memberships),
        Next::Go(location) => return authority.accounts.send_to(&location),
    };
    let Some(membership) = chosen(&pending, &memberships) else {
        return authority.accounts.send_to(&pending.path("/workspace"));
    };
    let offer = Offer::new(&authority, &pending);
    let page = consent(&authority, &browser, &pending, &session, membership, &offer);
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

/// The workspace chosen so far: the only one, or the one picked.
fn chosen<'a>(
    pending: &PendingAuthorization,
    memberships: &'a [Membership],
) -> Option<&'a Membership> {
    match (&pending.transaction.workspace, memberships) {
        (Some(chosen), _) => memberships.iter().find(|it| it.workspace.id == *chosen),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn consent(
    authority: &Authority,
    browser: &Browser,
    pending: &PendingAuthorization,
    session: &Session,
    membership: &Membership,
    offer: &Offer,
) -> Consent {
    let resource = pending.resource(authority);
    Consent {
        csrf_token: browser.csrf_token(),
        client: pending.client(),
        account: session.person.email.clone(),
        other_account_url: Some(pending.path("/sign-in")),
        workspace_id: membership.workspace.id.to_string(),
        workspace: membership.workspace.name.clone(),
        switch_url: Some(pending.path("/workspace")),
        not_linked: authority.accounts.not_linked(membership),
        highest: offer.highest,
        level: offer.level,
        scopes: offer.scopes(),
        tools: resource
            .as_ref()
            .map(|it| authority.tools(it, offer.highest))
            .unwrap_or_default(),
        connection: resource
            .as_ref()
            .and_then(|it| it.connection.as_deref())
            .map(str::to_owned),
        tags: resource
            .and_then(|it| it.toolset)
            .map(|it| it.names().to_vec())
            .unwrap_or_default(),
        resource: pending.transaction.request.resource.to_string(),
    }
}

pub(super) async fn answer(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(form): Posted,
) -> Answer {
    let (session, memberships) = match next(&authority, &browser, &pending).await? {
        Next::Ready(session, memberships) => (session, memberships),
        Next::Go(location) => return authority.accounts.send_to(&location),
    };
    match form.field("decision") {
        "approve" => {
            approve(
                &authority,
                &browser,
                &pending,
                &session,
                &memberships,
                &form,
            )
            .await
        }
        "deny" => deny(&authority, &pending, browser.cause().by(&session.person.id)).await,
        _ => Err(PageError::Forbidden),
    }
}

/// Cancels on one of the pages before the consent page, where the person may not be known yet.
pub(super) async fn cancel(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(_): Posted,
) -> Answer {
    let session = authority.accounts.session(&browser).await?;
    let cause = match &session {
        Some(session) => browser.cause().by(&session.person.id),
        None => browser.cause(),
    };
    deny(&authority, &pending, cause).await
}

async fn deny(authority: &Authority, pending: &PendingAuthorization, cause: Cause) -> Answer {
    let store = &authority.services.store;
    match store.deny(pending.digest, pending.browser, &cause).await? {
        Answered::Done => {}
        Answered::Over | Answered::NotAMember | Answered::KeyTakenBack => {
            return Err(PageError::Expired);
        }
    }
    let code = ErrorCode::AccessDenied.as_str();
    let description = "the person did not approve";
    let parameters = [("error", code), ("error_description", description)];
    back(authority, pending).send(&parameters, Outcome::Denied)
}

async fn approve(
    authority: &Arc<Authority>,
    browser: &Browser,
    pending: &PendingAuthorization,
    session: &Session,
    memberships: &[Membership],
    form: &Pairs,
) -> Answer {
    let accounts = &authority.accounts;
    let request = &pending.transaction.request;
    let cause = browser
        .cause()
        .by(&session.person.id)
        .through(&request.client_id);
    let mut offer = Offer::new(authority, pending);
    // What is approved is what was shown, even where another tab has chosen otherwise since.
    let shown = chosen(pending, memberships)
        .filter(|membership| membership.workspace.id.as_str() == form.field("workspace"));
    let (Some(membership), Some(())) = (shown, offer.take(form)) else {
        accounts.services.store.consent_refused(&cause).await?;
        return Err(PageError::Forbidden);
    };
    if let Some(command) = accounts.link_command(&membership.workspace) {
        accounts.services.store.consent_refused(&cause).await?;
        return Err(PageError::WorkspaceNotLinked {
            workspace: membership.workspace.name.clone(),
            command,
        });
    }
    let mut scopes = Scopes::of(offer.level);
    // Sent only to clients that asked for it: some take a scope they did not ask for as an error.
    if offer.offline_checked && request.scopes.contains(Scope::OfflineAccess) {
        scopes.insert(Scope::OfflineAccess);
    }
    let openid = offer.openid.iter().filter(|(_, checked)| *checked);
    scopes.extend(openid.map(|(scope, _)| *scope).collect());
    let client = pending.identity();
    let code = token::random_text(&*accounts.services.random);
    let approval = Approval {
        grant: GrantId::new(&*accounts.services.random),
        person: session.person.id.clone(),
        workspace: membership.workspace.id.clone(),
        upstream_id: membership.workspace.upstream_id.clone(),
        scopes,
        refreshes: offer.offline_checked,
        signed_in: session.confirmed,
        key_name: client.key_name(),
        redirect_host: client.host().to_owned(),
        code: Digest::of(&code),
        code_expires: browser.at + CODE,
        upstream_key: None,
    };
    let approved = Approved {
        handle: pending.digest,
        browser: pending.browser,
        approval,
        membership: membership.clone(),
        cause,
    };
    match grant::make(authority, approved).await? {
        Answered::Done => {}
        Answered::Over => return Err(PageError::Expired),
        Answered::NotAMember => return Err(PageError::Forbidden),
        Answered::KeyTakenBack => return Err(PageError::KeyNotMade(authority.name.clone())),
    }
    back(authority, pending).send(&[("code", &code)], Outcome::Approved)
}

fn back<'a>(
    authority: &'a Authority,
    pending: &'a PendingAuthorization,
) -> AuthorizationResponse<'a> {
    let request = &pending.transaction.request;
    AuthorizationResponse {
        authority,
        client_id: &request.client_id,
        client: pending.identity(),
        redirect_uri: &request.redirect_uri,
        state: request.state.as_deref(),
    }
}
