//! `/workspaces`

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::Api;
use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind};

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let workspaces = store::all(&mut db, Kind::Workspace, call.confined_to()).await?;
    page(&call, workspaces, Order::OldestFirst)
}

pub(super) async fn get(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.workspace()?;
    let mut db = api.store.begin().await?;
    Ok(Json(store::get(&mut db, Kind::Workspace, id, id).await?))
}

pub(super) async fn update(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.workspace()?;
    let mut db = api.store.begin().await?;
    let mut workspace = store::get(&mut db, Kind::Workspace, id, id).await?;
    merge(&mut workspace, call.json());
    store::put(&mut db, id, &workspace).await?;
    db.commit().await?;
    Ok(Json(workspace))
}

/// Changes the members that are given. The documents here say null for what is empty, where JSON Merge
/// Patch (RFC 7396) would take the member out.
pub(super) fn merge(document: &mut Value, change: &Value) {
    for (name, value) in change.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
}
