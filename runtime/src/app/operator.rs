//! The operator's commands on the store: workspaces and accounts.

use std::time::{Duration, SystemTime};

use super::environment::Environment;
use super::error::StartError;
use super::identity::ServerIdentity;
use super::sign_in::close;
use super::store;
use crate::config::{Config, ConfigError, StoreSettings};
use crate::model::{Account, Cause, InvitationId, PersonId, Role, WorkspaceId, email_key};
use crate::store::{MembersChanged, Store, StoreError};
use crate::text;
use crate::token::{self, Digest};

/// How long a link that sets a new password works.
const RESET_LINK: Duration = Duration::from_hours(24);
/// How long a link into a workspace works.
const INVITATION: Duration = Duration::from_hours(7 * 24);

/// Has a command work on the configured store, which is not made for it.
pub(super) async fn with_store<T>(
    settings: &StoreSettings,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, StoreError>,
) -> Result<T, StartError> {
    let place = |error| match error {
        StartError::Store(message) => ConfigError::new(settings.key(), message).into(),
        error => error,
    };
    let store = store::open_existing(settings).await.map_err(place)?;
    let done = work(&*store).await;
    close(&*store).await;
    done.map_err(|error| place(error.into()))
}

/// A workspace as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedWorkspace {
    /// Our id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id under which the API knows it.
    pub upstream_id: Option<String>,
    /// Whether calls for it are refused.
    pub suspended: bool,
}

/// All workspaces of the configured store.
///
/// # Errors
/// Where the store cannot be read.
pub async fn workspaces(config: &Config) -> Result<Vec<LinkedWorkspace>, StartError> {
    let workspaces = with_store(&config.store, async |store| store.all_workspaces().await);
    let workspaces = workspaces.await?.into_iter();
    let workspaces = workspaces.map(|workspace| LinkedWorkspace {
        id: workspace.id.to_string(),
        name: text::label(&workspace.name),
        upstream_id: workspace
            .upstream_id
            .map(|id| text::shown(&id).into_owned()),
        suspended: workspace.suspended,
    });
    Ok(workspaces.collect())
}

/// Links a workspace of the configured store to the one that the API knows by this id, or unlinks
/// it where the id is blank. Returns whether there is such a workspace. A server that runs on the
/// same store knows it within a second.
///
/// # Errors
/// Where the id hides characters, or the store cannot be changed.
pub async fn link_workspace(
    config: &Config,
    environment: &Environment,
    workspace: &str,
    upstream_id: &str,
) -> Result<bool, StartError> {
    if text::hides(upstream_id) {
        return Err(StartError::Argument(format!(
            "`{}` hides characters that cannot be seen; type the API's id of the workspace, \
             without what was copied along with it",
            text::shown(upstream_id)
        )));
    }
    let cause = Cause::new(environment.clock.now(), "command");
    let workspace = WorkspaceId::stored(workspace);
    let upstream_id = upstream_id.trim();
    with_store(&config.store, async |store| {
        store.link_workspace(&workspace, upstream_id, &cause).await
    })
    .await
}

/// Suspends a workspace of the configured store, or resumes it. Its connections stay,
/// and are refused as long as it is suspended. Returns whether there is such a workspace. A server
/// that runs on the same store knows it within a second.
///
/// # Errors
/// Where the store cannot be changed.
pub async fn suspend_workspace(
    config: &Config,
    environment: &Environment,
    workspace: &str,
    suspended: bool,
) -> Result<bool, StartError> {
    let cause = Cause::new(environment.clock.now(), "command");
    let workspace = WorkspaceId::stored(workspace);
    with_store(&config.store, async |store| {
        store.suspend_workspace(&workspace, suspended, &cause).await
    })
    .await
}

/// An account as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// Our id of the person.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// The name that the person goes by.
    pub name: String,
    /// Since when it is disabled.
    pub disabled: Option<SystemTime>,
    /// How many workspaces the person is a member of.
    pub workspaces: u64,
}

/// Returns all accounts of the configured store, oldest first.
///
/// # Errors
/// Where the store cannot be read.
pub async fn accounts(config: &Config) -> Result<Vec<ListedAccount>, StartError> {
    let accounts = with_store(&config.store, async |store| store.all_accounts().await).await?;
    let accounts = accounts.into_iter().map(|account| ListedAccount {
        id: account.person.id.to_string(),
        email: text::label(&account.person.email),
        name: text::label(&account.person.name),
        disabled: account.disabled,
        workspaces: account.workspaces,
    });
    Ok(accounts.collect())
}

/// Disables an account of the configured store, or enables it again. Disabling ends the person's
/// sessions and connections; a server that runs on the same store refuses them within a second.
/// `account` is the id or the e-mail address of the person. Returns whether there is such an account.
///
/// # Errors
/// Where the store cannot be changed.
pub async fn disable_account(
    config: &Config,
    environment: &Environment,
    account: &str,
    disabled: bool,
) -> Result<bool, StartError> {
    let cause = Cause::new(environment.clock.now(), "command");
    with_store(&config.store, async |store| {
        match find(store, account).await? {
            Some(person) => store.disable_account(&person, disabled, &cause).await,
            None => Ok(false),
        }
    })
    .await
}

/// Forgets which account of the identity provider a person of the configured store has, and ends
/// the person's sessions. `account` is the id or the e-mail address of the person. Returns `None`
/// where there is no such account, and otherwise whether it had one at the provider.
///
/// # Errors
/// Where the store cannot be changed.
pub async fn unlink_account(
    config: &Config,
    environment: &Environment,
    account: &str,
) -> Result<Option<bool>, StartError> {
    let cause = Cause::new(environment.clock.now(), "command");
    with_store(&config.store, async |store| {
        match find(store, account).await? {
            Some(person) => store.unlink(&person, &cause).await.map(Some),
            None => Ok(None),
        }
    })
    .await
}

/// Makes a link by which a person sets a new password once, within a day. It replaces an earlier one.
/// `account` is the id or the e-mail address of the person. Returns `None` where there is no such
/// account, or it is disabled.
///
/// # Errors
/// Where the store cannot be changed, or the configuration does not say where people reach the
/// server.
pub async fn reset_link(
    config: &Config,
    environment: &Environment,
    account: &str,
) -> Result<Option<String>, StartError> {
    let issuer = issuer(config)?;
    let now = environment.clock.now();
    let cause = Cause::new(now, "command");
    let secret = token::random_text(&*environment.random);
    let made = with_store(&config.store, async |store| {
        let Some(person) = find(store, account).await? else {
            return Ok(false);
        };
        let (link, expires) = (Digest::of(&secret), now + RESET_LINK);
        store.put_reset_link(&person, link, expires, &cause).await
    });
    Ok(made
        .await?
        .then(|| format!("{issuer}/account/reset/{secret}")))
}

/// Makes a link by which one person joins a workspace within a week, with a new account or an
/// existing one. `owner` makes the person an owner. Returns `None` where there is no such workspace.
///
/// # Errors
/// Where the store cannot be changed, or the configuration does not say where people reach the
/// server.
pub async fn invitation_link(
    config: &Config,
    environment: &Environment,
    workspace: &str,
    owner: bool,
) -> Result<Option<String>, StartError> {
    let issuer = issuer(config)?;
    let now = environment.clock.now();
    let cause = Cause::new(now, "command");
    let secret = token::random_text(&*environment.random);
    let id = InvitationId::new(&*environment.random);
    let workspace = WorkspaceId::stored(workspace);
    let role = match owner {
        true => Role::Owner,
        false => Role::Member,
    };
    let made = with_store(&config.store, async |store| {
        let all = store.all_workspaces().await?;
        if !all.iter().any(|it| it.id == workspace) {
            return Ok(MembersChanged::Refused);
        }
        let (link, expires) = (Digest::of(&secret), now + INVITATION);
        store
            .invite(&id, link, &workspace, role, expires, &cause)
            .await
    });
    let made = made.await? == MembersChanged::Done;
    Ok(made.then(|| format!("{issuer}/account/join/{secret}")))
}

/// Finds a person by id or e-mail address.
pub(super) async fn find(store: &dyn Store, account: &str) -> Result<Option<PersonId>, StoreError> {
    let key = email_key(account.trim());
    let is_meant =
        |it: &Account| it.person.id.as_str() == account || email_key(&it.person.email) == key;
    let accounts = store.all_accounts().await?;
    let found = accounts.into_iter().find(is_meant);
    Ok(found.map(|account| account.person.id))
}

/// Returns the origin at which people reach the pages of a server that has not started here.
fn issuer(config: &Config) -> Result<String, StartError> {
    let settings = &config.server;
    if settings.public_url.is_none() && config.oauth.issuer.is_none() && settings.listen.port() == 0
    {
        let message = "is not set, so that the address of the link is not known; set it, or \
                       `listen` with a port, as for `serve`";
        return Err(ConfigError::new("server.public_url", message).into());
    }
    let url = settings
        .endpoint(settings.listen)
        .map_err(|error| ConfigError::new("server.path", error.to_string()))?;
    Ok(ServerIdentity::decide(config, &url)?.issuer)
}
