//! SQLite, in memory unless a file is named.
//!
//! One connection, and one transaction for each request: a request that fails leaves nothing behind.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};

use super::problem::Problem;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Workspace,
    Profile,
    Account,
    Bundle,
    Comment,
    Media,
    Webhook,
    PublishableKey,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Profile => "profile",
            Self::Account => "account",
            Self::Bundle => "bundle",
            Self::Comment => "comment",
            Self::Media => "media",
            Self::Webhook => "webhook",
            Self::PublishableKey => "publishable_key",
        }
    }
}

/// An object with its place in the order of creation.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) position: i64,
    pub(super) document: Value,
}

/// The database.
pub(super) struct Store {
    pool: SqlitePool,
}

impl Store {
    pub(super) async fn open(file: Option<&Path>) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new();
        let options = match file {
            Some(file) => options.filename(file).create_if_missing(true),
            None => options.in_memory(true),
        };
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(include_str!("schema.sql"))
            .execute(&pool)
            .await?;
        Ok(Self { pool })
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Problem> {
        Ok(self.pool.begin().await?)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Adds an object; its document says its `id`.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    kind: Kind,
    workspace: &str,
    document: &Value,
) -> Result<(), Problem> {
    let Some(id) = document["id"].as_str() else {
        return Err(Problem::internal("an object without an id"));
    };
    insert_as(db, kind, workspace, id, document).await
}

/// Adds an object whose document does not say its id.
pub(super) async fn insert_as(
    db: &mut SqliteConnection,
    kind: Kind,
    workspace: &str,
    id: &str,
    document: &Value,
) -> Result<(), Problem> {
    sqlx::query("INSERT INTO object (id, kind, workspace_id, document) VALUES (?, ?, ?, ?)")
        .bind(id)
        .bind(kind.name())
        .bind(workspace)
        .bind(document.to_string())
        .execute(db)
        .await?;
    Ok(())
}

/// One object, if the workspace has it.
pub(super) async fn get(
    db: &mut SqliteConnection,
    kind: Kind,
    workspace: &str,
    id: &str,
) -> Result<Value, Problem> {
    let query = "SELECT document FROM object WHERE kind = ? AND workspace_id = ? AND id = ?";
    let row = sqlx::query_scalar::<_, String>(query)
        .bind(kind.name())
        .bind(workspace)
        .bind(id)
        .fetch_optional(db)
        .await?;
    match row {
        Some(document) => parse(&document),
        None => Err(Problem::not_found(kind.name(), id)),
    }
}

/// All objects of a kind that the workspace has, or that there are, oldest first.
pub(super) async fn all(
    db: &mut SqliteConnection,
    kind: Kind,
    workspace: Option<&str>,
) -> Result<Vec<Stored>, Problem> {
    let query = "SELECT position, document FROM object \
                 WHERE kind = ?1 AND (?2 IS NULL OR workspace_id = ?2) ORDER BY position";
    let rows = sqlx::query(query)
        .bind(kind.name())
        .bind(workspace)
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let document: String = row.try_get("document")?;
            Ok(Stored {
                position: row.try_get("position")?,
                document: parse(&document)?,
            })
        })
        .collect()
}

/// Replaces an object's document.
pub(super) async fn put(
    db: &mut SqliteConnection,
    id: &str,
    document: &Value,
) -> Result<(), Problem> {
    sqlx::query("UPDATE object SET document = ? WHERE id = ?")
        .bind(document.to_string())
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes an object.
pub(super) async fn delete(db: &mut SqliteConnection, id: &str) -> Result<(), Problem> {
    sqlx::query("DELETE FROM object WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Keeps the bytes that belong to an object.
pub(super) async fn put_content(
    db: &mut SqliteConnection,
    id: &str,
    media_type: &str,
    bytes: &[u8],
) -> Result<(), Problem> {
    sqlx::query("INSERT OR REPLACE INTO content (object_id, media_type, bytes) VALUES (?, ?, ?)")
        .bind(id)
        .bind(media_type)
        .bind(bytes)
        .execute(db)
        .await?;
    Ok(())
}

/// The media type and the bytes that belong to an object, if there are any.
pub(super) async fn content(
    db: &mut SqliteConnection,
    id: &str,
) -> Result<Option<(String, Vec<u8>)>, Problem> {
    let query = "SELECT media_type, bytes FROM content WHERE object_id = ?";
    Ok(sqlx::query_as(query).bind(id).fetch_optional(db).await?)
}

pub(super) fn parse(document: &str) -> Result<Value, Problem> {
    serde_json::from_str(document).map_err(Problem::internal)
}
