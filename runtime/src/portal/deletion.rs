//! The end of a person's account, at their own request.

use axum::extract::State;
use http::StatusCode;

use super::confirmed::Confirmed;
use super::state::{DELETE_ACCOUNT, Here, Portal};
use super::visitor::{Flash, Visitor};
use crate::account::{Answer, PageError};
use crate::model::Role;
use crate::page::{DeleteAccount, Notice, OwnedWorkspace};
use crate::store::AccountDeleted;

/// The most connections that are counted.
const MOST: u32 = 1000;

pub(super) async fn show(State(portal): Here, visitor: Visitor) -> Answer {
    let page = page(&portal, &visitor).await?;
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn delete(State(portal): Here, Confirmed { visitor, .. }: Confirmed) -> Answer {
    let (person, cause) = (&visitor.session.person.id, visitor.cause());
    match portal.services.store.delete_account(person, &cause).await? {
        AccountDeleted::LastOwner => portal.show(DELETE_ACCOUNT, Flash::LastOwner),
        AccountDeleted::Done => {
            let accounts = &portal.accounts;
            let page = Notice::account_deleted();
            let mut response = accounts.pages.show(StatusCode::OK, &page);
            accounts.forget_session(&visitor.browser, &mut response);
            Ok(response)
        }
    }
}

/// Returns the page that names what ends with the account.
async fn page(portal: &Portal, visitor: &Visitor) -> Result<DeleteAccount, PageError> {
    let store = &portal.services.store;
    let (me, now) = (&visitor.session.person.id, visitor.browser.at);
    let keys = store.keys(me, now, MOST).await?;
    let own = keys.iter().filter(|key| {
        let expired = key.expires.is_some_and(|expires| expires <= now);
        key.owner.id == *me && key.revoked.is_none() && !expired
    });
    let mut page = DeleteAccount {
        visit: visitor.visit(),
        connections: own.count(),
        deleted: Vec::new(),
        left: Vec::new(),
        ownerless: Vec::new(),
    };
    for membership in store.memberships(me).await? {
        let (id, name) = (membership.workspace.id, membership.workspace.name);
        let members = store.members(&id).await?;
        let mut others = members.iter().filter(|member| member.person.id != *me);
        let has_owner = others.clone().any(|member| member.role == Role::Owner);
        if others.next().is_none() {
            page.deleted.push(name);
        } else if membership.role == Role::Owner && !has_owner {
            let id = id.to_string();
            page.ownerless.push(OwnedWorkspace { id, name });
        } else {
            page.left.push(name);
        }
    }
    Ok(page)
}
