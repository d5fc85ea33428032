//! Values as columns hold them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::store::{Result, StoreError};

/// A time as the store has it. One before 1970 counts as 1970, one that no number holds as never.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap_or(0))
}

pub(super) fn time_of(row: &SqliteRow, column: &str) -> Result<SystemTime> {
    Ok(time(row.try_get(column)?))
}

pub(super) fn optional_time_of(row: &SqliteRow, column: &str) -> Result<Option<SystemTime>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(time))
}

/// The store holds something that no version of this program wrote.
pub(super) fn broken(what: &str) -> StoreError {
    StoreError(format!("the database holds {what} that cannot be read").into())
}

/// Reads what was stored as JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| StoreError(Box::new(error)))
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError(Box::new(error)))
}
