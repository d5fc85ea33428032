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
const FILES: &[(&str, &str)] = &[
    file!("0001_store.sql"),
    file!("0002_identities.sql"),
    file!("0003_quota.sql"),
    file!("0004_rechecks.sql"),
    file!("0005_audit_search.sql"),
    file!("0007_audit_export.sql"),
    file!("0008_files.sql"),
    file!("0009_agents.sql"),
    file!("0010_usage.sql"),
    file!("0011_exchange.sql"),
    file!("0012_identity_assertions.sql"),
];

/// The SQLSTATE of a lock that was not released within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Brings the tables up to date. Of several processes that start together one does, and the others
/// wait for it.
///
/// # Errors
/// Where a statement fails, or a later version made changes that this one does not work with.
pub(super) async fn run(connection: &mut PgConnection) -> Result<()> {
    let migrator = all();
    let latest = latest();
    let migrated = migrator.run_direct(None, &mut *connection, false).await;
    migrated.map_err(|error| match error {
        MigrateError::VersionTooNew(..) => newer(),
        error if waited_in_vain(&error) => StoreError(
            "another server brings its tables up to date and does not finish; end that server, or \
             wait for it"
                .into(),
        ),
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

/// Reports whether a lock of another server was not released in time.
fn waited_in_vain(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

fn newer() -> StoreError {
    let message = "its tables are those of a newer version of this program, which this one does not \
                   work beside; run that one, or restore a backup that was made before it";
    StoreError(message.into())
}

/// Returns the version that the tables have once they are up to date.
pub(super) fn latest() -> i64 {
    all().iter().map(|it| it.version).max().unwrap_or(0)
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
    use sqlx::Connection as _;
    use sqlx::migrate::Migrate as _;

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
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    }

    /// A statement that was prepared for all columns of a table fails once a later version adds one.
    #[test]
    fn statement_names_its_columns_so_that_a_later_version_can_add_one() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/postgres");
        let mut files = 0;
        for file in std::fs::read_dir(directory).unwrap() {
            let file = file.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap();
            let words: Vec<_> = text.split_whitespace().collect();
            for pair in words.windows(2) {
                let all = pair[0].ends_with("SELECT") && pair[1] == "*"
                    || pair[0].ends_with("RETURNING") && pair[1].starts_with('*');
                let of_table = pair[1].trim_end_matches(',').ends_with(".*");
                assert!(!all && !of_table, "{}: {pair:?}", file.display());
            }
            files += 1;
        }
        assert!(files > 10);
    }

    #[tokio::test]
    async fn migration_that_another_server_does_not_finish_is_an_error_that_says_so() {
        let Ok(server) = postgres_server::shared() else {
            assert!(std::env::var_os("REQUIRE_ALL").is_none());
            return;
        };
        let url = server.database().unwrap();
        let mut other = PgConnection::connect(&url).await.unwrap();
        other.lock().await.unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let brief = sqlx::raw_sql("SET lock_timeout = '50ms'");
        brief.execute(&mut connection).await.unwrap();
        let error = run(&mut connection).await.unwrap_err().to_string();
        assert!(error.contains("another server"), "{error}");
        other.unlock().await.unwrap();
        run(&mut connection).await.unwrap();
    }
}
