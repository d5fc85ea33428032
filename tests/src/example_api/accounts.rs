//! `/accounts`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind};
use super::{Api, credits, idempotency, workspaces};

const COST: i64 = 25;

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let platforms = call.texts("platform");
    let status = call.parameter("status");
    let mut db = api.store.begin().await?;
    let mut accounts = store::all(&mut db, Kind::Account, call.confined_to()).await?;
    accounts.retain(|account| {
        let account = &account.document;
        platforms
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|one| account["platform"] == *one))
            && status.is_none_or(|status| account["status"] == *status)
    });
    page(&call, accounts, Order::OldestFirst)
}

pub(super) async fn create(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let workspace = call.workspace()?;
    let mut db = api.store.begin().await?;
    if let Some(answer) = idempotency::recall(&mut db, &call).await? {
        return Ok(answer);
    }
    let wanted = call.json();
    let accounts = store::all(&mut db, Kind::Account, Some(workspace)).await?;
    let same = |name: &str, account: &Value| account[name] == wanted[name];
    if accounts
        .iter()
        .any(|one| same("platform", &one.document) && same("handle", &one.document))
    {
        return Err(Problem::wrong_state("This account has been added already."));
    }
    let account = json!({
        "id": api.fresh_id("acc"),
        "platform": wanted["platform"],
        "handle": wanted["handle"],
        "country": wanted["country"],
        "status": "active",
        "niche": wanted["niche"],
        "followers": 0,
        "created_at": api.now(),
    });
    let note = format!("Added {}", wanted["handle"].as_str().unwrap_or_default());
    credits::spend(&api, &mut db, workspace, COST, None, &note).await?;
    store::insert(&mut db, Kind::Account, workspace, &account).await?;
    idempotency::remember(&mut db, &call, StatusCode::CREATED, &account).await?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(account)).into_response())
}

pub(super) async fn get(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let id = call.text("account_id");
    Ok(Json(
        store::get(&mut db, Kind::Account, call.workspace()?, id).await?,
    ))
}

pub(super) async fn update(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.text("account_id");
    let mut db = api.store.begin().await?;
    let mut account = store::get(&mut db, Kind::Account, call.workspace()?, id).await?;
    workspaces::merge(&mut account, call.json());
    store::put(&mut db, id, &account).await?;
    db.commit().await?;
    Ok(Json(account))
}
