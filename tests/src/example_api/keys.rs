//! API keys: who calls, and how the operator issues and revokes them.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::call::Call;
use super::clock::stamp;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind, Stored};
use super::{Api, SECRET_ALPHABET, on_behalf_of, random_text};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Read,
    Full,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Full => "full",
        }
    }

    fn named(name: &str) -> Self {
        if name == "full" {
            Self::Full
        } else {
            Self::Read
        }
    }
}

/// A key that is not revoked.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: String,
    pub(super) workspace_id: String,
    pub(super) level: Level,
}

impl Key {
    /// What a connector may do in one workspace, for one of its connections.
    pub(super) fn of_connector(connection: &str, workspace_id: String, level: Level) -> Self {
        Self {
            id: format!("connection {connection}"),
            workspace_id,
            level,
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// Whether any right key came along.
    pub(super) known: bool,
    pub(super) key: Option<Key>,
    pub(super) operator: bool,
}

impl Caller {
    /// The name of the caller's token bucket.
    pub(super) fn bucket(&self) -> &str {
        match &self.key {
            Some(key) => &key.id,
            None if self.operator => "operator",
            None => "unknown",
        }
    }
}

/// Finds out who calls.
///
/// # Errors
/// 401 if a key is given that is unknown or revoked.
pub(super) async fn identify(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let mut caller = Caller::default();
    if let Some(operator_key) = headers.get("x-operator-key") {
        if hash_bytes(operator_key.as_bytes()) != api.operator_key_hash {
            return Err(Problem::unauthorized("The operator key is wrong."));
        }
        caller.operator = true;
    }
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let (_, secret) = authorization
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .ok_or_else(|| Problem::unauthorized("Send the API key as a bearer token."))?;
        let statement = headers.get(on_behalf_of::HEADER);
        let statement = statement.map(|value| value.to_str().unwrap_or_default());
        let is_connector = hash(secret.trim()) == api.connector_key_hash;
        caller.key = Some(match (is_connector, statement) {
            (true, Some(statement)) => spoken_for(api, statement).await?,
            (false, None) => used(api, secret.trim()).await?,
            (true, None) => {
                let detail = "The connector's key opens nothing without X-On-Behalf-Of.";
                return Err(Problem::unauthorized(detail));
            }
            (false, Some(_)) => {
                let detail = "Only the connector calls on behalf of others.";
                return Err(Problem::unauthorized(detail));
            }
        });
    }
    caller.known = caller.operator || caller.key.is_some();
    Ok(caller)
}

/// What the connector may do for whom it speaks for.
async fn spoken_for(api: &Api, statement: &str) -> Result<Key, Problem> {
    let key = api.statements.accept(statement, api.clock.now()).await?;
    let mut db = api.store.begin().await?;
    let workspace = &key.workspace_id;
    match store::get(&mut db, Kind::Workspace, workspace, workspace).await {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Err(Problem::forbidden(
            "The statement is for a workspace that is not here.",
        )),
        Err(problem) => Err(problem),
        Ok(_) => Ok(key),
    }
}

/// The key of a secret, noted as used now.
async fn used(api: &Api, secret: &str) -> Result<Key, Problem> {
    let mut db = api.store.begin().await?;
    let query = "UPDATE api_key SET last_used_at = ? WHERE secret_hash = ? AND revoked_at IS NULL \
                 RETURNING id, workspace_id, level";
    let row: Option<(String, String, String)> = sqlx::query_as(query)
        .bind(stamp(api.clock.now()))
        .bind(hash(secret))
        .fetch_optional(&mut *db)
        .await?;
    db.commit().await?;
    let (id, workspace_id, level) =
        row.ok_or_else(|| Problem::unauthorized("The API key is unknown or revoked."))?;
    Ok(Key {
        id,
        workspace_id,
        level: Level::named(&level),
    })
}

/// A new key: its id, and the secret, which is stored as a hash only.
pub(super) async fn issue(
    api: &Api,
    db: &mut SqliteConnection,
    id: &str,
    workspace: &str,
    name: &str,
    level: Level,
) -> Result<String, Problem> {
    let random = api.with_rng(|rng| random_text(rng, SECRET_ALPHABET, 40));
    let prefix = format!("mq_{}_", level.name());
    let hint = format!("{prefix}…{}", &random[36..]);
    let secret = format!("{prefix}{random}");
    let query = "INSERT INTO api_key \
                 (id, workspace_id, name, level, hint, secret_hash, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(query)
        .bind(id)
        .bind(workspace)
        .bind(name)
        .bind(level.name())
        .bind(hint)
        .bind(hash(&secret))
        .bind(stamp(api.clock.now()))
        .execute(db)
        .await?;
    Ok(secret)
}

/// `GET /api-keys`
pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let workspace = call.parameter("workspace_id").and_then(Value::as_str);
    let query = "SELECT * FROM api_key WHERE ?1 IS NULL OR workspace_id = ?1 ORDER BY position";
    let rows = sqlx::query(query)
        .bind(workspace)
        .fetch_all(&mut *db)
        .await?;
    let keys = rows
        .iter()
        .map(stored)
        .collect::<Result<_, sqlx::Error>>()?;
    page(&call, keys, Order::OldestFirst)
}

/// `POST /api-keys`
pub(super) async fn create(
    State(api): State<Api>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let wanted = call.json();
    let text = |name: &str| wanted[name].as_str().unwrap_or_default();
    let workspace = text("workspace_id");
    let mut db = api.store.begin().await?;
    store::get(&mut db, Kind::Workspace, workspace, workspace).await?;
    let id = api.fresh_id("key");
    let level = Level::named(text("level"));
    let secret = issue(&api, &mut db, &id, workspace, text("name"), level).await?;
    let query = "SELECT * FROM api_key WHERE id = ?";
    let row = sqlx::query(query).bind(&id).fetch_one(&mut *db).await?;
    let mut key = stored(&row)?.document;
    key["secret"] = secret.into();
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// `DELETE /api-keys/{key_id}`
pub(super) async fn revoke(State(api): State<Api>, call: Call) -> Result<StatusCode, Problem> {
    let id = call.text("key_id");
    let mut db = api.store.begin().await?;
    let query = "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?";
    let now = stamp(api.clock.now());
    let changed = sqlx::query(query)
        .bind(now)
        .bind(id)
        .execute(&mut *db)
        .await?
        .rows_affected();
    db.commit().await?;
    if changed == 0 {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("There is no key {id}."),
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    let document = json!({
        "id": text("id")?,
        "workspace_id": text("workspace_id")?,
        "name": text("name")?,
        "level": text("level")?,
        "hint": text("hint")?,
        "created_at": text("created_at")?,
        "last_used_at": text("last_used_at")?,
        "revoked_at": text("revoked_at")?,
    });
    Ok(Stored {
        position: row.try_get("position")?,
        document,
    })
}

/// SHA-256 in hexadecimal. Secrets here are long and random, so a fast hash does.
pub(super) fn hash(text: &str) -> String {
    hash_bytes(text.as_bytes())
}

fn hash_bytes(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
