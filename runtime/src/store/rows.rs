//! Rows of a database, read the same way from each.
//!
//! Both databases hold a time as milliseconds since 1970, a secret as its digest, and structured
//! values as JSON, so that one reading serves both, and a copy between them changes no value.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::{Result, StoreError};

/// The values of a row by their columns.
///
/// # Errors
/// Each method fails where there is no such column, or its value is of another type.
pub(super) trait StoredRow {
    fn text(&self, column: &str) -> Result<String>;
    fn optional_text(&self, column: &str) -> Result<Option<String>>;
    fn number(&self, column: &str) -> Result<i64>;
    fn optional_number(&self, column: &str) -> Result<Option<i64>>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>>;
    fn optional_bytes(&self, column: &str) -> Result<Option<Vec<u8>>>;
    fn flag(&self, column: &str) -> Result<bool>;

    /// Returns a number that counts something; none that is negative was ever stored.
    fn count(&self, column: &str) -> Result<u64> {
        Ok(self.number(column)?.try_into().unwrap_or(0))
    }

    fn time(&self, column: &str) -> Result<SystemTime> {
        Ok(time(self.number(column)?))
    }

    fn optional_time(&self, column: &str) -> Result<Option<SystemTime>> {
        Ok(self.optional_number(column)?.map(time))
    }

    /// Reads what was stored as JSON.
    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|error| StoreError(Box::new(error)))
    }
}

macro_rules! stored_row {
    ($row:ty) => {
        impl StoredRow for $row {
            fn text(&self, column: &str) -> Result<String> {
                Ok(self.try_get(column)?)
            }

            fn optional_text(&self, column: &str) -> Result<Option<String>> {
                Ok(self.try_get(column)?)
            }

            fn number(&self, column: &str) -> Result<i64> {
                Ok(self.try_get(column)?)
            }

            fn optional_number(&self, column: &str) -> Result<Option<i64>> {
                Ok(self.try_get(column)?)
            }

            fn bytes(&self, column: &str) -> Result<Vec<u8>> {
                Ok(self.try_get(column)?)
            }

            fn optional_bytes(&self, column: &str) -> Result<Option<Vec<u8>>> {
                Ok(self.try_get(column)?)
            }

            fn flag(&self, column: &str) -> Result<bool> {
                Ok(self.try_get(column)?)
            }
        }
    };
}

stored_row!(SqliteRow);
stored_row!(PgRow);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        StoreError(Box::new(error))
    }
}

/// A time as the store has it. One before 1970 counts as 1970, one that no number holds as never.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap_or(0))
}

/// The store holds something that no version of this program wrote.
pub(super) fn broken(what: &str) -> StoreError {
    StoreError(format!("the database holds {what} that cannot be read").into())
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError(Box::new(error)))
}
