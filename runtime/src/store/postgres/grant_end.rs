//! The end of a grant.

use sqlx::{PgConnection, Row};

use super::audit::record;
use super::upstream_keys;
use crate::model::{Action, Cause, GrantId, RevocationReason};
use crate::store::Result;
use crate::store::event::About;
use crate::store::rows::millis;

/// Ends a grant and forgets its secrets. Returns whether it had not ended before.
pub(super) async fn end_grant(
    tx: &mut PgConnection,
    grant: &GrantId,
    reason: RevocationReason,
    cause: &Cause,
) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE grants SET revoked = $1, reason = $2 WHERE id = $3 AND revoked IS NULL \
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
        "DELETE FROM access_tokens WHERE grant_id = $1",
        "DELETE FROM refresh_tokens WHERE grant_id = $1",
        "DELETE FROM codes WHERE grant_id = $1 AND redeemed IS NULL",
        "DELETE FROM kept_parts WHERE grant_id = $1",
        "DELETE FROM file_links WHERE grant_id = $1",
        "DELETE FROM uploads WHERE grant_id = $1",
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
