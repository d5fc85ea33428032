//! The store that the configuration names.

use std::sync::Arc;
use std::time::Duration;

use super::error::StartError;
use crate::config::StoreSettings;
use crate::metrics::Metrics;
use crate::store::{Backend, Cached, Postgres, Sqlite, Store, StoreFailures};

/// How long a database on another machine may take for one request to it.
const LIMIT: Duration = Duration::from_secs(15);

/// Opens the store, made where there is none. A test has it fail by `failures`.
///
/// # Errors
/// Where it cannot be used.
pub(super) async fn open(
    settings: &StoreSettings,
    metrics: &Metrics,
    failures: Option<Arc<dyn StoreFailures>>,
) -> Result<Arc<dyn Store>, StartError> {
    let rows = settings.audit_rows;
    if let Some(url) = settings.database()? {
        let store = Postgres::open(&url).await?.keeping(rows);
        let store = Cached::new(store).within(LIMIT).failing(failures);
        return Ok(Arc::new(store.counting(metrics.clone())));
    }
    let store = match settings.is_in_memory() {
        true => Sqlite::in_memory().await,
        false => Sqlite::open(&settings.path).await,
    };
    let store = Cached::new(store?.keeping(rows)).failing(failures);
    Ok(Arc::new(store.counting(metrics.clone())))
}

/// Opens the store for a command of the operator, which makes none.
///
/// # Errors
/// Where there is none, or it cannot be used.
pub(super) async fn open_existing(settings: &StoreSettings) -> Result<Arc<dyn Store>, StartError> {
    if let Some(url) = settings.database()? {
        return Ok(Arc::new(Postgres::open_existing(&url).await?));
    }
    Ok(Arc::new(match settings.is_in_memory() {
        true => Sqlite::in_memory().await?,
        false => Sqlite::open_existing(&settings.path).await?,
    }))
}

/// Reports whether an existing store is that of an older version, which the next start of a server
/// brings up to date. Nothing is changed.
///
/// # Errors
/// Where it cannot be read.
pub(super) async fn is_outdated(settings: &StoreSettings) -> Result<bool, StartError> {
    Ok(match settings.database()? {
        Some(url) => Postgres::is_outdated(&url).await?,
        None => Sqlite::is_outdated(&settings.path).await?,
    })
}

/// Copies everything from one store to another, which is made where it is missing: each is a file or
/// the URL of a PostgreSQL database. Returns how many rows each table has. No server may use either.
///
/// # Errors
/// Where there is nothing to copy, the store to copy to is not empty, or one of them cannot be used.
/// No row is written then.
pub async fn copy_store(from: &str, to: &str) -> Result<Vec<(&'static str, u64)>, StartError> {
    let [from, to] = [from, to].map(StoreSettings::at);
    if from.is_in_memory() || to.is_in_memory() {
        let message = "a store in memory is gone with its server; name a file or a database";
        return Err(StartError::Argument(message.to_owned()));
    }
    let (from_key, to_key) = ("the store to copy", "the store to copy to");
    let source = match from.database().map_err(|error| of(from_key, &error))? {
        Some(url) => Postgres::open_existing(&url).await.map(Backend::Postgres),
        None => Sqlite::open_existing(&from.path).await.map(Backend::Sqlite),
    };
    let source = source.map_err(|error| of(from_key, &error.0))?;
    let target = match to.database().map_err(|error| of(to_key, &error))? {
        Some(url) => Postgres::open(&url).await.map(Backend::Postgres),
        None => Sqlite::open(&to.path).await.map(Backend::Sqlite),
    };
    let target = target.map_err(|error| of(to_key, &error.0))?;
    let copied = source.copy_to(&target).await;
    let closed = (source.close().await, target.close().await);
    // An error of the copy says more than one of closing.
    let copied = copied?.into_iter();
    closed.0.and(closed.1)?;
    Ok(copied.map(|it| (it.table, it.rows)).collect())
}

/// Names the store that an error is about.
fn of(store: &str, error: &impl std::fmt::Display) -> StartError {
    StartError::Argument(format!("{store}: {error}"))
}
