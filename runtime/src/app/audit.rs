//! The operator's search in the audit.

use super::error::StartError;
use super::operator::{find, with_store};
use crate::config::Config;
use crate::model::{AuditFilter, AuditPage, Workspace};
use crate::store::{Store, StoreError};

/// The most rows that are read at once.
const PAGE: u32 = 500;

/// Finds rows of the audit of the configured store, the latest first: at most `most`. A workspace is
/// named by its id or its name, a person by id or e-mail address.
///
/// # Errors
/// Where the store cannot be read, or has no such workspace or person.
pub async fn audit(
    config: &Config,
    filter: AuditFilter,
    most: u64,
) -> Result<AuditPage, StartError> {
    let found = with_store(&config.store, async |store| {
        let filter = match resolve(store, filter.clone()).await? {
            Ok(filter) => filter,
            Err(unknown) => return Ok(Err(unknown)),
        };
        read(store, filter, most).await.map(Ok)
    });
    found.await?.map_err(StartError::Argument)
}

/// Reads page after page.
async fn read(
    store: &dyn Store,
    mut filter: AuditFilter,
    most: u64,
) -> Result<AuditPage, StoreError> {
    let mut all = AuditPage::default();
    loop {
        let left = most.saturating_sub(all.rows.len() as u64);
        let page = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let found = store.audit(&filter, page).await?;
        all.rows.extend(found.rows);
        all.next = found.next;
        filter.after = found.next;
        if filter.after.is_none() || all.rows.len() as u64 >= most {
            return Ok(all);
        }
    }
}

/// Replaces names by ids. What is no longer there is found by its id.
async fn resolve(
    store: &dyn Store,
    mut filter: AuditFilter,
) -> Result<Result<AuditFilter, String>, StoreError> {
    if let Some(named) = &filter.workspace {
        let all = store.all_workspaces().await?;
        let has_name = |it: &&Workspace| it.name.to_lowercase() == named.to_lowercase();
        let of_name: Vec<_> = all.iter().filter(has_name).collect();
        filter.workspace = match of_name[..] {
            _ if named.starts_with("wsp_") => Some(named.clone()),
            [one] => Some(one.id.to_string()),
            [] => return Ok(Err(format!("there is no workspace `{named}`"))),
            [..] => {
                let ids: Vec<_> = of_name.iter().map(|it| it.id.as_str()).collect();
                let ids = ids.join(", ");
                return Ok(Err(format!(
                    "several workspaces are called `{named}`; use an id: {ids}"
                )));
            }
        };
    }
    if let Some(named) = &filter.person {
        filter.person = match find(store, named).await? {
            Some(id) => Some(id.to_string()),
            None if named.starts_with("usr_") => Some(named.clone()),
            None => return Ok(Err(format!("there is no account `{named}`"))),
        };
    }
    Ok(Ok(filter))
}
