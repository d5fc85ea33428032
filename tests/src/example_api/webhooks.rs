//! `/webhooks`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::Api;
use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind};

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let mut webhooks = store::all(&mut db, Kind::Webhook, call.confined_to()).await?;
    for webhook in &mut webhooks {
        hide_secret(&mut webhook.document);
    }
    page(&call, webhooks, Order::OldestFirst)
}

pub(super) async fn create(
    State(api): State<Api>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut webhook = json!({ "id": api.fresh_id("whk") });
    set(&mut webhook, call.json(), &api.now());
    let mut db = api.store.begin().await?;
    store::insert(&mut db, Kind::Webhook, call.workspace()?, &webhook).await?;
    db.commit().await?;
    hide_secret(&mut webhook);
    Ok((StatusCode::CREATED, Json(webhook)))
}

pub(super) async fn get(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let id = call.text("webhook_id");
    let mut webhook = store::get(&mut db, Kind::Webhook, call.workspace()?, id).await?;
    hide_secret(&mut webhook);
    Ok(Json(webhook))
}

pub(super) async fn replace(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.text("webhook_id");
    let mut db = api.store.begin().await?;
    let mut webhook = store::get(&mut db, Kind::Webhook, call.workspace()?, id).await?;
    let created_at = webhook["created_at"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    set(&mut webhook, call.json(), &created_at);
    store::put(&mut db, id, &webhook).await?;
    db.commit().await?;
    hide_secret(&mut webhook);
    Ok(Json(webhook))
}

pub(super) async fn delete(State(api): State<Api>, call: Call) -> Result<StatusCode, Problem> {
    let id = call.text("webhook_id");
    let mut db = api.store.begin().await?;
    store::get(&mut db, Kind::Webhook, call.workspace()?, id).await?;
    store::delete(&mut db, id).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets all fields; without a new secret the old one stays.
fn set(webhook: &mut Value, wanted: &Value, created_at: &str) {
    for name in ["name", "events", "target", "active"] {
        webhook[name] = wanted[name].clone();
    }
    if let Some(secret) = wanted.get("secret") {
        webhook["secret"] = secret.clone();
    }
    webhook["created_at"] = created_at.into();
}

fn hide_secret(webhook: &mut Value) {
    if let Value::Object(members) = webhook {
        members.shift_remove("secret");
    }
}
