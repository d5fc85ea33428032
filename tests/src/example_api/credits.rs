//! `/workspaces/{workspace_id}/credits`: the ledger, and the balance that follows from it.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection};

use super::Api;
use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind, Stored};

/// A line of the ledger that is still to be written.
pub(super) struct Entry<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    /// Negative when credits are spent.
    pub(super) amount: i64,
    pub(super) bundle: Option<&'a str>,
    pub(super) note: &'a str,
    pub(super) created_at: &'a str,
}

/// Takes credits.
///
/// # Errors
/// 402 if there are not enough.
pub(super) async fn spend(
    api: &Api,
    db: &mut SqliteConnection,
    workspace: &str,
    cost: i64,
    bundle: Option<&str>,
    note: &str,
) -> Result<(), Problem> {
    let (balance, _) = balance_of(db, workspace).await?;
    if cost > balance {
        return Err(Problem::insufficient_credits(cost, balance));
    }
    let (id, created_at) = (api.fresh_id("txn"), api.now());
    let entry = Entry {
        id: &id,
        kind: "spend",
        amount: -cost,
        bundle,
        note,
        created_at: &created_at,
    };
    write(db, workspace, &entry).await
}

/// Returns reserved credits.
pub(super) async fn refund(
    api: &Api,
    db: &mut SqliteConnection,
    workspace: &str,
    amount: i64,
    bundle: &str,
    note: &str,
) -> Result<(), Problem> {
    let (id, created_at) = (api.fresh_id("txn"), api.now());
    let bundle = Some(bundle);
    let entry = Entry {
        id: &id,
        kind: "refund",
        amount,
        bundle,
        note,
        created_at: &created_at,
    };
    write(db, workspace, &entry).await
}

/// Writes a line of the ledger.
pub(super) async fn write(
    db: &mut SqliteConnection,
    workspace: &str,
    entry: &Entry<'_>,
) -> Result<(), Problem> {
    let (balance, _) = balance_of(db, workspace).await?;
    let query = "INSERT INTO ledger \
                 (id, workspace_id, kind, amount, balance_after, bundle_id, note, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(query)
        .bind(entry.id)
        .bind(workspace)
        .bind(entry.kind)
        .bind(entry.amount)
        .bind(balance + entry.amount)
        .bind(entry.bundle)
        .bind(entry.note)
        .bind(entry.created_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The balance, and when it last changed.
async fn balance_of(
    db: &mut SqliteConnection,
    workspace: &str,
) -> Result<(i64, Option<String>), Problem> {
    let query = "SELECT balance_after, created_at FROM ledger WHERE workspace_id = ? \
                 ORDER BY position DESC LIMIT 1";
    let last = sqlx::query_as(query)
        .bind(workspace)
        .fetch_optional(db)
        .await?;
    Ok(last.unwrap_or((0, None)))
}

/// `GET /workspaces/{workspace_id}/credits`
pub(super) async fn balance(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.workspace()?;
    let mut db = api.store.begin().await?;
    let workspace = store::get(&mut db, Kind::Workspace, id, id).await?;
    let (balance, updated_at) = balance_of(&mut db, id).await?;
    let bundles = super::bundles::all(&api, &mut db, id).await?;
    let scheduled = bundles
        .iter()
        .filter(|bundle| bundle.document["status"] == "scheduled");
    let held: i64 = scheduled
        .filter_map(|bundle| bundle.document["cost"].as_i64())
        .sum();
    db.commit().await?;
    Ok(Json(json!({
        "workspace_id": id,
        "balance": balance,
        "held": held,
        "updated_at": updated_at.map_or(workspace["created_at"].clone(), Value::from),
    })))
}

/// `GET /workspaces/{workspace_id}/credits/transactions`
pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let kinds = call.texts("kind");
    let mut db = api.store.begin().await?;
    let query = "SELECT * FROM ledger WHERE workspace_id = ? ORDER BY position";
    let rows = sqlx::query(query)
        .bind(call.workspace()?)
        .fetch_all(&mut *db)
        .await?;
    let mut entries = Vec::new();
    for row in &rows {
        let kind: String = row.try_get("kind")?;
        if kinds
            .as_ref()
            .is_some_and(|kinds| !kinds.contains(&kind.as_str()))
        {
            continue;
        }
        let document = json!({
            "id": row.try_get::<String, _>("id")?,
            "kind": kind,
            "amount": row.try_get::<i64, _>("amount")?,
            "balance_after": row.try_get::<i64, _>("balance_after")?,
            "bundle_id": row.try_get::<Option<String>, _>("bundle_id")?,
            "note": row.try_get::<String, _>("note")?,
            "created_at": row.try_get::<String, _>("created_at")?,
        });
        entries.push(Stored {
            position: row.try_get("position")?,
            document,
        });
    }
    page(&call, entries, Order::NewestFirst)
}
