//! Rows of the audit as they are found and exported.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer};

/// What receives rows of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    /// What keeps or watches all rows.
    Audit,
    /// What counts and bills calls.
    Metering,
}

impl fmt::Display for Sink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Sink::Audit => "audit",
            Sink::Metering => "metering",
        })
    }
}

/// A call as it is metered.
#[derive(Debug, Serialize)]
pub(crate) struct MeteredCall<'a> {
    id: &'a str,
    at: String,
    workspace: Option<&'a str>,
    /// Id under which the API knows the workspace now.
    upstream_workspace: Option<&'a str>,
    tool: &'a str,
    /// `None` where it is not known how the call ended.
    cost: Option<u64>,
    outcome: &'a str,
    access: Option<&'a str>,
    request_id: &'a str,
}

/// Which rows of the audit are looked for. A field that is `None` matches every row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Id of a client, or a part of the name of its connections.
    pub client: Option<String>,
    /// Id of a workspace.
    pub workspace: Option<String>,
    /// Id of a person.
    pub person: Option<String>,
    /// Name of a tool; calls by its earlier names are found, too.
    pub tool: Option<String>,
    /// Id of a request.
    pub request_id: Option<String>,
    /// The earliest time.
    pub since: Option<SystemTime>,
    /// The latest time.
    pub until: Option<SystemTime>,
    /// The row after which a page begins.
    pub after: Option<AuditCursor>,
}

/// Where a page of rows ended: the next one begins with the row before it in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditCursor {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// The number of the row in its store.
    pub(crate) row: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at, self.row)
    }
}

impl FromStr for AuditCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<AuditCursor, &'static str> {
        let parts = text.split_once('.').and_then(|(at, row)| {
            Some(AuditCursor {
                at: at.parse().ok()?,
                row: row.parse().ok()?,
            })
        });
        parts.ok_or("not a position that a page of the audit ended with")
    }
}

/// A row of the audit. As JSON it is what is exported: ids, times and outcomes, and no token, code,
/// argument or answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Id of the event, the same each time that the row is exported.
    pub id: String,
    /// When: for a call of a tool, when it ended.
    #[serde(serialize_with = "rfc_3339")]
    pub at: SystemTime,
    /// What was done, or tried.
    pub action: String,
    /// The request.
    pub request_id: String,
    /// Id of the person who did it, or whose connection it is about.
    pub person: Option<String>,
    /// Id of the client.
    pub client_id: Option<String>,
    /// `agent` where the row is about an agent or what it did, `user` where it is about a person or
    /// a client that acts for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Id of the workspace.
    pub workspace: Option<String>,
    /// Id of the connection.
    pub grant: Option<String>,
    /// The tool, or what else it is about.
    pub subject: Option<String>,
    /// How a call ended: `ok`, `unknown`, or the kind of its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What access a call needed: `read` or `write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// How long a call took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// What a call costs of a quota; 0 where nothing was sent to the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// How many events of one minute the row is for.
    pub count: u64,
    /// When the last of several was.
    #[serde(
        serialize_with = "optional_rfc_3339",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_at: Option<SystemTime>,
    /// What people know the ids by. It is not exported.
    #[serde(skip)]
    pub names: AuditNames,
    /// The number of the row in its store.
    #[serde(skip)]
    pub(crate) row: i64,
}

/// What people know the ids of a row by, as long as there is such a person, workspace or connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditNames {
    /// E-mail address of the person.
    pub email: Option<String>,
    /// Name of the workspace.
    pub workspace: Option<String>,
    /// Id under which the API knows the workspace.
    pub upstream_workspace: Option<String>,
    /// Name of the connection.
    pub connection: Option<String>,
}

/// Rows of the audit, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Where the next page begins, where there are older rows.
    pub next: Option<AuditCursor>,
}

impl AuditPage {
    /// Makes a page of at most `most` rows of what was found, which is one row more where there are
    /// older ones.
    pub(crate) fn of(mut rows: Vec<AuditRow>, most: u32) -> AuditPage {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).map(AuditRow::cursor);
        AuditPage { rows, next }
    }
}

impl AuditRow {
    /// Returns the row of a call as it is metered.
    pub(crate) fn metered(&self) -> MeteredCall<'_> {
        let subject = self.subject.as_deref().unwrap_or_default();
        let outcome = self.outcome.as_deref().unwrap_or("unknown");
        MeteredCall {
            id: &self.id,
            at: self.time(),
            workspace: self.workspace.as_deref(),
            upstream_workspace: self.names.upstream_workspace.as_deref(),
            // Without the earlier name that it was called by.
            tool: subject
                .split_once(" (as ")
                .map_or(subject, |(tool, _)| tool),
            cost: (outcome != "unknown").then(|| self.cost.unwrap_or(0)),
            outcome,
            access: self.access.as_deref(),
            request_id: &self.request_id,
        }
    }

    fn cursor(&self) -> AuditCursor {
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        AuditCursor {
            at: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            row: self.row,
        }
    }

    /// Returns the time in RFC 3339, in UTC and with milliseconds.
    #[must_use]
    pub fn time(&self) -> String {
        to_rfc_3339(self.at)
    }
}

fn to_rfc_3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let millis = i64::try_from(since.as_millis()).ok();
    let time = millis.and_then(DateTime::from_timestamp_millis);
    let time = time.unwrap_or(DateTime::UNIX_EPOCH);
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn rfc_3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_rfc_3339(*time))
}

fn optional_rfc_3339<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(to_rfc_3339).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_read_as_it_is_written() {
        let cursor = AuditCursor { at: 1_795, row: 7 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "1", "1.", ".1", "1.x", "1.2.3"] {
            assert!(wrong.parse::<AuditCursor>().is_err(), "{wrong}");
        }
    }
}
