//! The end of a grant.

use sqlx::{Row, SqliteConnection};

use super::audit::record;
use super::upstream_keys;
use crate::model::{Action, Cause, GrantId, RevocationReason};
use crate::store::Result;
use crate::store::event::About;
use crate::store::rows::millis;

/// Ends a grant and forgets its secrets. Returns whether it had not ended before.
pub(super) async fn end_grant(
    tx: &mut SqliteConnection,
    grant: &GrantId,
    reason: RevocationReason,
    cause: &Cause,
) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE grants SET revoked = ?, reason = ? WHERE id = ? AND revoked IS NULL \
         RETURNING person, workspace",
    )
    .bind(millis(cause.at))
    .bind(reason.as_str())
    .bind(grant.as_str())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(ended) = ended else {
        return Ok(false);
    };
    for statement in [
        "DELETE FROM access_tokens WHERE grant_id = ?",
        "DELETE FROM refresh_tokens WHERE grant_id = ?",
        "DELETE FROM codes WHERE grant_id = ? AND redeemed IS NULL",
        "DELETE FROM kept_parts WHERE grant_id = ?",
        "DELETE FROM file_links WHERE grant_id = ?",
        "DELETE FROM uploads WHERE grant_id = ?",
    ] {
        sqlx::query(statement)
            .bind(grant.as_str())
            .execute(&mut *tx)
            .await?;
    }
    upstream_keys::end(tx, grant, cause).await?;
    let about = About {
        person: Some(ended.try_get("person")?),
        workspace: Some(ended.try_get("workspace")?),
        grant: Some(grant.as_str()),
        subject: Some(reason.as_str()),
    };
    record(tx, cause, Action::GrantRevoked, about).await?;
    Ok(true)
}
