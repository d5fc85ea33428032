//! `/media`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Api;
use super::call::Call;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind};

const FILE_LIMIT: usize = 8 * 1024 * 1024;

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let wanted = call.parameter("content_type");
    let mut db = api.store.begin().await?;
    let mut media = store::all(&mut db, Kind::Media, call.confined_to()).await?;
    media.retain(|one| wanted.is_none_or(|wanted| one.document["content_type"] == *wanted));
    page(&call, media, Order::NewestFirst)
}

pub(super) async fn upload(
    State(api): State<Api>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Some(file) = call.body.files.get("file") else {
        return Err(Problem::body("/file", "the part is required"));
    };
    if file.bytes.len() > FILE_LIMIT {
        return Err(Problem::too_large(FILE_LIMIT));
    }
    let metadata = &call.json()["metadata"];
    let media = json!({
        "id": api.fresh_id("med"),
        "filename": file.filename,
        "content_type": file.media_type,
        "size": file.bytes.len(),
        "title": metadata["title"],
        "alt_text": metadata["alt_text"],
        "tags": metadata.get("tags").unwrap_or(&json!([])),
        "created_at": api.now(),
    });
    let mut db = api.store.begin().await?;
    store::insert(&mut db, Kind::Media, call.workspace()?, &media).await?;
    let id = media["id"].as_str().unwrap_or_default();
    store::put_content(&mut db, id, &file.media_type, &file.bytes).await?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(media)))
}

pub(super) async fn content(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let id = call.text("media_id");
    let mut db = api.store.begin().await?;
    store::get(&mut db, Kind::Media, call.workspace()?, id).await?;
    match store::content(&mut db, id).await? {
        Some((media_type, bytes)) => {
            Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response())
        }
        None => Err(Problem::not_found("media", id)),
    }
}
