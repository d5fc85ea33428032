//! The changes of the tables, in order. One that was released never changes.
//!
//! Versions beside each other: a migration is additive, so that the version before it works with its
//! tables (a new table, a new column with a default, a new index). One that is not sets
//! `store_state.needs` to its own number, and from then on no version starts that does not know it.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr as _};

use crate::store::{Result, StoreError};

/// Name and text of a file of `migrations/postgres`.
macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/postgres/",
                $name
            )),
        )
    };
}

/// Every migration. Its file name begins with its version and goes on with its description.
const FILES: &[(&str, &str)] = &[file!("0001_store.sql")];

/// Brings the tables up to date. Of several processes that start together one does, and the others
/// wait for it.
///
/// # Errors
/// Where a statement fails, or a later version made changes that this one does not work with.
pub(super) async fn run(connection: &mut PgConnection) -> Result<()> {
    let migrator = all();
    let latest = migrator.iter().map(|it| it.version).max().unwrap_or(0);
    let migrated = migrator.run_direct(None, &mut *connection, false).await;
    migrated.map_err(|error| match error {
        MigrateError::VersionTooNew(..) => newer(),
        error => StoreError(Box::new(error)),
    })?;
    let needs: i64 = sqlx::query_scalar("SELECT needs FROM store_state")
        .fetch_one(connection)
        .await?;
    match needs > latest {
        true => Err(newer()),
        false => Ok(()),
    }
}

fn newer() -> StoreError {
    let message = "its tables are those of a newer version of this program, which this one does not \
                   work beside; run that one, or restore a backup that was made before it";
    StoreError(message.into())
}

fn all() -> Migrator {
    let migrations = FILES.iter().filter_map(|(name, text)| {
        let (version, description) = name.strip_suffix(".sql")?.split_once('_')?;
        Some(Migration::new(
            version.parse().ok()?,
            description.replace('_', " ").into(),
            MigrationType::Simple,
            text.into_sql_str(),
            false,
        ))
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_directory_is_a_migration() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, files);
        let versions = all();
        let versions: Vec<_> = versions.iter().map(|it| it.version).collect();
        assert_eq!(versions, (1..=files.len() as i64).collect::<Vec<_>>());
    }
}
