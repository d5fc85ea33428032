//! `/bundles/{bundle_id}/comments`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::Api;
use super::call::Call;
use super::problem::Problem;
use super::store::{self, Kind};

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let (workspace, bundle) = (call.workspace()?, call.text("bundle_id"));
    let mut db = api.store.begin().await?;
    store::get(&mut db, Kind::Bundle, workspace, bundle).await?;
    let comments = of_bundle(&mut db, workspace, bundle).await?;
    Ok(Json(tree(&comments, &Value::Null)))
}

pub(super) async fn create(
    State(api): State<Api>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (workspace, bundle) = (call.workspace()?, call.text("bundle_id"));
    let wanted = call.json();
    let mut db = api.store.begin().await?;
    store::get(&mut db, Kind::Bundle, workspace, bundle).await?;
    let parent = &wanted["parent_id"];
    let comments = of_bundle(&mut db, workspace, bundle).await?;
    if !parent.is_null() && !comments.iter().any(|comment| comment["id"] == *parent) {
        return Err(Problem::body(
            "/parent_id",
            "there is no such comment on this bundle",
        ));
    }
    let comment = json!({
        "id": api.fresh_id("cmt"),
        "bundle_id": bundle,
        "parent_id": parent,
        "author": wanted["author"],
        "text": wanted["text"],
        "created_at": api.now(),
    });
    store::insert(&mut db, Kind::Comment, workspace, &comment).await?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(shown(&comment, &json!([])))))
}

async fn of_bundle(
    db: &mut SqliteConnection,
    workspace: &str,
    bundle: &str,
) -> Result<Vec<Value>, Problem> {
    let comments = store::all(db, Kind::Comment, Some(workspace))
        .await?
        .into_iter();
    let comments = comments.map(|comment| comment.document);
    Ok(comments
        .filter(|comment| comment["bundle_id"] == bundle)
        .collect())
}

fn tree(comments: &[Value], parent: &Value) -> Value {
    let children = comments
        .iter()
        .filter(|comment| comment["parent_id"] == *parent);
    children
        .map(|comment| shown(comment, &tree(comments, &comment["id"])))
        .collect()
}

fn shown(comment: &Value, replies: &Value) -> Value {
    json!({
        "id": comment["id"],
        "author": comment["author"],
        "text": comment["text"],
        "created_at": comment["created_at"],
        "replies": replies,
    })
}
