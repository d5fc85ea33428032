//! The changes of the tables, in order. One that was released never changes.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Name and text of a file of `migrations/sqlite`.
macro_rules! file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/sqlite/",
                $name
            )),
        )
    };
}

/// Every migration. Its file name begins with its version and goes on with its description.
const FILES: &[(&str, &str)] = &[
    file!("0001_sign_in.sql"),
    file!("0002_upstream_keys.sql"),
    file!("0003_grants_of_client.sql"),
    file!("0004_people.sql"),
    file!("0005_audit_outcome.sql"),
    file!("0006_linked_before.sql"),
    file!("0007_store_state.sql"),
    file!("0008_strangers.sql"),
    file!("0009_upstream_key_intents.sql"),
    file!("0010_audit_size.sql"),
    file!("0011_calls.sql"),
    file!("0012_session_method.sql"),
    file!("0013_accounts.sql"),
    file!("0014_openid.sql"),
    file!("0015_identities.sql"),
    file!("0016_quota.sql"),
    file!("0017_rechecks.sql"),
    file!("0018_audit_search.sql"),
    file!("0020_audit_export.sql"),
    file!("0021_files.sql"),
    file!("0022_agents.sql"),
    file!("0023_usage.sql"),
    file!("0024_exchange.sql"),
    file!("0025_identity_assertions.sql"),
];

/// Returns the version that the tables have once they are up to date.
pub(super) fn latest() -> i64 {
    all().iter().map(|it| it.version).max().unwrap_or(0)
}

/// All migrations.
///
/// `sqlx::migrate!` reads them at compile time, and has SQLite compiled a second time for that.
pub(super) fn all() -> Migrator {
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
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_directory_is_a_migration() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
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
}
