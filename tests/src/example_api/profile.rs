//! `/profile`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;

use super::Api;
use super::call::Call;
use super::problem::Problem;
use super::store::{self, Kind};

const AVATAR_LIMIT: usize = 1024 * 1024;
pub(super) const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The id under which a workspace's profile is kept; it is not shown.
pub(super) fn id_of(workspace: &str) -> String {
    format!("profile of {workspace}")
}

pub(super) async fn get(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let workspace = call.workspace()?;
    let mut db = api.store.begin().await?;
    Ok(Json(
        store::get(&mut db, Kind::Profile, workspace, &id_of(workspace)).await?,
    ))
}

pub(super) async fn get_avatar(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let mut db = api.store.begin().await?;
    match store::content(&mut db, &id_of(call.workspace()?)).await? {
        Some((media_type, bytes)) => {
            Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response())
        }
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "The profile has no avatar.",
        )),
    }
}

pub(super) async fn put_avatar(State(api): State<Api>, call: Call) -> Result<StatusCode, Problem> {
    let bytes = call.body.bytes.as_deref().unwrap_or_default();
    if bytes.len() > AVATAR_LIMIT {
        return Err(Problem::too_large(AVATAR_LIMIT));
    }
    if !bytes.starts_with(PNG_SIGNATURE) {
        return Err(Problem::body("", "the bytes are no PNG"));
    }
    let workspace = call.workspace()?;
    let id = id_of(workspace);
    let mut db = api.store.begin().await?;
    let mut profile = store::get(&mut db, Kind::Profile, workspace, &id).await?;
    profile["avatar_updated_at"] = api.now().into();
    store::put(&mut db, &id, &profile).await?;
    store::put_content(&mut db, &id, "image/png", bytes).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
