//! `Idempotency-Key`: a repeat gets the first answer, and nothing is done twice.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::call::Call;
use super::problem::{Part, Problem, Violation};
use super::{keys, store};

const PARAMETER: &str = "Idempotency-Key";

/// The first answer to this call, if it is a repeat.
///
/// # Errors
/// 422 if the key was used for a different request.
pub(super) async fn recall(
    db: &mut SqliteConnection,
    call: &Call,
) -> Result<Option<Response>, Problem> {
    let Some(key) = call.parameter(PARAMETER).and_then(Value::as_str) else {
        return Ok(None);
    };
    let query =
        "SELECT fingerprint, status, document FROM answered WHERE workspace_id = ? AND key = ?";
    let row: Option<(String, u16, String)> = sqlx::query_as(query)
        .bind(call.workspace()?)
        .bind(key)
        .fetch_optional(db)
        .await?;
    let Some((known, status, document)) = row else {
        return Ok(None);
    };
    if known != fingerprint(call) {
        let detail = "this key was used for a different request";
        let pointer = format!("/{PARAMETER}");
        return Err(Problem::unprocessable(vec![Violation::new(
            Part::Header,
            pointer,
            detail,
        )]));
    }
    let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
    let replayed = [("idempotency-replayed", "true")];
    Ok(Some(
        (status, replayed, Json(store::parse(&document)?)).into_response(),
    ))
}

/// Keeps the answer for repeats.
pub(super) async fn remember(
    db: &mut SqliteConnection,
    call: &Call,
    status: StatusCode,
    document: &Value,
) -> Result<(), Problem> {
    let Some(key) = call.parameter(PARAMETER).and_then(Value::as_str) else {
        return Ok(());
    };
    let query = "INSERT INTO answered (workspace_id, key, fingerprint, status, document) \
                 VALUES (?, ?, ?, ?, ?)";
    sqlx::query(query)
        .bind(call.workspace()?)
        .bind(key)
        .bind(fingerprint(call))
        .bind(status.as_u16())
        .bind(document.to_string())
        .execute(db)
        .await?;
    Ok(())
}

fn fingerprint(call: &Call) -> String {
    keys::hash(&format!("{} {} {}", call.operation, call.path, call.json()))
}
