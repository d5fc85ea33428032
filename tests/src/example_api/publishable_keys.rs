//! `/publishable-keys`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind};
use super::{Api, SECRET_ALPHABET, idempotency, random_text};

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let keys = store::all(&mut db, Kind::PublishableKey, call.confined_to()).await?;
    page(&call, keys, Order::OldestFirst)
}

pub(super) async fn create(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let mut db = api.store.begin().await?;
    if let Some(answer) = idempotency::recall(&mut db, &call).await? {
        return Ok(answer);
    }
    let random = api.with_rng(|rng| random_text(rng, SECRET_ALPHABET, 16));
    let key = json!({
        "id": api.fresh_id("pbk"),
        "key": format!("mq_pub_{random}"),
        "created_at": api.now(),
    });
    store::insert(&mut db, Kind::PublishableKey, call.workspace()?, &key).await?;
    idempotency::remember(&mut db, &call, StatusCode::CREATED, &key).await?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(key)).into_response())
}
