//! The store that the configuration names.

use std::sync::Arc;
use std::time::Duration;

use super::error::StartError;
use crate::config::StoreSettings;
use crate::store::{Cached, Postgres, Sqlite, Store};

/// How long a database on another machine may take for one request to it.
const LIMIT: Duration = Duration::from_secs(15);

/// Opens the store, made where there is none.
///
/// # Errors
/// Where it cannot be used.
pub(super) async fn open(settings: &StoreSettings) -> Result<Arc<dyn Store>, StartError> {
    let rows = settings.audit_rows;
    if let Some(url) = settings.database()? {
        let store = Postgres::open(&url).await?.keeping(rows);
        return Ok(Arc::new(Cached::new(store).within(LIMIT)));
    }
    let store = match settings.is_in_memory() {
        true => Sqlite::in_memory().await,
        false => Sqlite::open(&settings.path).await,
    };
    Ok(Arc::new(Cached::new(store?.keeping(rows))))
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
