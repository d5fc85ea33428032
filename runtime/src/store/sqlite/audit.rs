//! The audit: one row for each event, or for all events of a minute that anybody could repeat at will;
//! and what goes where there are too many rows.

use sqlx::{Row as _, SqliteConnection};

use super::column::millis;
use super::database::Sqlite;
use crate::model::{Action, Cause, Keep, ToolCall};
use crate::store::{Result, StoreError};
use crate::token::Digest;

/// The most calls that one statement stores.
const CALLS: usize = 1000;

/// How a call ended that has begun, and of whose end nothing is known yet, or ever will be.
const UNKNOWN: &str = "unknown";

/// How many rows the events of one action and person have in a minute, which differ in what they are
/// about. Further ones share a row that says nothing of that.
const ROWS_A_MINUTE: i64 = 50;
/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Which part of the rows what was tried may always have, so that many calls do not erase its traces.
const TRIED: u64 = 10;
/// The most rows that go at once.
const AT_ONCE: u64 = 2000;

/// What an event is about, beside who caused it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    pub(super) person: Option<&'a str>,
    pub(super) workspace: Option<&'a str>,
    pub(super) grant: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
}

/// Writes an event down.
pub(super) async fn record(
    tx: &mut SqliteConnection,
    cause: &Cause,
    action: Action,
    about: About<'_>,
) -> Result<()> {
    let at = millis(cause.at);
    let mut event = Event {
        at,
        request_id: &cause.request_id,
        action,
        person: cause.person.as_ref().map(|it| it.as_str()).or(about.person),
        client: cause.client.as_ref().map(|it| it.as_str()),
        about,
        repeats: None,
    };
    if action.repeats() {
        let group = event.group();
        let key = key(&group, &event.rest());
        if count(tx, at, &key).await? {
            return Ok(());
        }
        event.repeats = match is_full(tx, &group).await? {
            false => Some(key),
            true => {
                event.client = None;
                event.about = About::default();
                Some(key_of_others(&group))
            }
        };
    }
    event.insert(tx).await
}

struct Event<'a> {
    at: i64,
    request_id: &'a str,
    action: Action,
    person: Option<&'a str>,
    client: Option<&'a str>,
    about: About<'a>,
    repeats: Option<[u8; 16]>,
}

impl Event<'_> {
    /// What the events have in common that share the rows of a minute.
    fn group(&self) -> [u8; 8] {
        let minute = self.at / MINUTE;
        half(&format!("{:?}", (minute, self.action, self.person)))
    }

    /// What else they agree in where they share one row.
    fn rest(&self) -> [u8; 8] {
        let About {
            workspace,
            grant,
            subject,
            ..
        } = self.about;
        half(&format!("{:?}", (self.client, workspace, grant, subject)))
    }

    async fn insert(&self, tx: &mut SqliteConnection) -> Result<()> {
        sqlx::query(
            "INSERT INTO audit (at, request_id, action, person, client_id, workspace, grant_id, \
             subject, keep, repeats) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (repeats) WHERE repeats IS NOT NULL \
             DO UPDATE SET count = count + 1, last_at = excluded.at",
        )
        .bind(self.at)
        .bind(self.request_id)
        .bind(self.action.as_str())
        .bind(self.person)
        .bind(self.client)
        .bind(self.about.workspace)
        .bind(self.about.grant)
        .bind(self.about.subject)
        .bind(keep(self.action))
        .bind(self.repeats.as_ref().map(<[u8; 16]>::as_slice))
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Counts an event in the row for its minute. Returns whether there is one.
async fn count(tx: &mut SqliteConnection, at: i64, key: &[u8; 16]) -> Result<bool> {
    let counted = sqlx::query("UPDATE audit SET count = count + 1, last_at = ? WHERE repeats = ?")
        .bind(at)
        .bind(key.as_slice())
        .execute(tx)
        .await?;
    Ok(counted.rows_affected() > 0)
}

/// Whether a group has all the rows that it may have.
async fn is_full(tx: &mut SqliteConnection, group: &[u8; 8]) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT 1 FROM audit WHERE repeats BETWEEN ? AND ? LIMIT ?)",
    )
    .bind(key(group, &[0; 8]).to_vec())
    .bind(key_of_others(group).to_vec())
    .bind(ROWS_A_MINUTE)
    .fetch_one(tx)
    .await?;
    Ok(row.try_get::<i64, _>(0)? >= ROWS_A_MINUTE)
}

fn key(group: &[u8; 8], rest: &[u8; 8]) -> [u8; 16] {
    let mut key = [0; 16];
    let (first, last) = key.split_at_mut(8);
    first.copy_from_slice(group);
    last.copy_from_slice(rest);
    key
}

/// The key of the row for all events of a group that have none of their own.
fn key_of_others(group: &[u8; 8]) -> [u8; 16] {
    key(group, &[0xff; 8])
}

fn half(text: &str) -> [u8; 8] {
    let mut half = [0; 8];
    let digest = Digest::of(text);
    half.iter_mut()
        .zip(digest.as_bytes())
        .for_each(|(to, from)| *to = *from);
    half
}

fn keep(action: Action) -> i64 {
    match action.keep() {
        Keep::Tried => 0,
        Keep::Call => 1,
        Keep::Change => 2,
    }
}

/// Writes calls of tools down.
pub(super) async fn record_calls(tx: &mut SqliteConnection, calls: &[ToolCall<'_>]) -> Result<()> {
    for some in calls.chunks(CALLS) {
        insert_calls(tx, some).await?;
    }
    Ok(())
}

/// The calls are one value in JSON: a statement with a value for each column of each call is parsed anew
/// for each number of calls, which takes longer than storing them.
async fn insert_calls(tx: &mut SqliteConnection, calls: &[ToolCall<'_>]) -> Result<()> {
    let rows = calls.iter().map(|call| {
        let outcome = call.outcome.unwrap_or(UNKNOWN);
        let ids = (&call.person, &call.client_id, &call.workspace, &call.grant);
        (call.id, call.at, &call.request_id, ids, &call.tool, outcome)
    });
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>())
        .map_err(|error| StoreError(error.into()))?;
    sqlx::query(
        "INSERT INTO audit (call_id, at, request_id, person, client_id, workspace, grant_id, subject, \
         outcome, action, keep) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> '$[3][0]', value ->> '$[3][1]', \
         value ->> '$[3][2]', value ->> '$[3][3]', value ->> 4, value ->> 5, ?, ? \
         FROM json_each(?) WHERE TRUE \
         ON CONFLICT (call_id) WHERE call_id IS NOT NULL DO UPDATE \
         SET at = excluded.at, outcome = excluded.outcome WHERE audit.outcome = ?",
    )
    .bind(Action::ToolCalled.as_str())
    .bind(keep(Action::ToolCalled))
    .bind(rows)
    .bind(UNKNOWN)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets events that are older than `before`.
pub(super) async fn purge(tx: &mut SqliteConnection, before: i64) -> Result<()> {
    sqlx::query("DELETE FROM audit WHERE keep IN (0, 1, 2) AND at <= ?")
        .bind(before)
        .execute(tx)
        .await?;
    Ok(())
}

impl Sqlite {
    /// Keeps at most so many rows of the audit.
    #[must_use]
    pub(crate) fn keeping(mut self, audit_rows: u64) -> Sqlite {
        self.audit_rows = audit_rows;
        self
    }

    /// Takes rows of the audit away, of which there are `rows`, where these are too many: some more
    /// than have to go, so that not every event pays for it, and never so many that others wait for
    /// it. First goes what was tried, but for a tenth of all rows, then calls, then the rest of what
    /// was tried, and last what changed something; each the oldest first.
    pub(super) async fn trim_audit(&self, tx: &mut SqliteConnection, rows: u64) -> Result<()> {
        if rows <= self.audit_rows {
            return Ok(());
        }
        let some = (self.audit_rows / 100).min(AT_ONCE / 2);
        let mut left = (rows - self.audit_rows + some).min(AT_ONCE);
        for (keep, spare) in [(0, self.audit_rows / TRIED), (1, 0), (0, 0), (2, 0)] {
            let gone = sqlx::query(
                "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE keep = ?1 AND EXISTS \
                 (SELECT 1 FROM audit WHERE keep = ?1 LIMIT 1 OFFSET ?2) ORDER BY at, id LIMIT ?3)",
            )
            .bind(keep)
            .bind(i64::try_from(spare).unwrap_or(i64::MAX))
            .bind(i64::try_from(left).unwrap_or(i64::MAX))
            .execute(&mut *tx)
            .await?;
            left = left.saturating_sub(gone.rows_affected());
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}
