//! Events as rows of the audit: one for each event, or one for all events of a minute that anybody
//! could repeat at will.

use super::Result;
use super::rows::{StoredRow, millis};
use crate::model::{Action, Cause, Keep};
use crate::token::Digest;

/// How a call ended that has begun, and of whose end nothing is known yet, or ever will be.
pub(super) const UNKNOWN: &str = "unknown";

/// How many rows the events of one action and person have in a minute, which differ in what they are
/// about. Further ones share a row that says nothing of that.
pub(super) const ROWS_A_MINUTE: i64 = 50;
/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Which part of the rows what was tried may always have, so that many calls do not erase its traces.
const TRIED: u64 = 10;
/// Counts the rows that wait for a sink, each once. Each part has an index.
pub(super) const WAITING: &str = "SELECT (SELECT COUNT(*) FROM audit WHERE pending_export = 1) \
    + (SELECT COUNT(*) FROM audit WHERE pending_metering = 1 AND pending_export = 0)";
/// The most rows that go at once.
const AT_ONCE: u64 = 2000;

/// The subjects of an event, apart from its cause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    pub(super) person: Option<&'a str>,
    pub(super) workspace: Option<&'a str>,
    pub(super) grant: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
}

impl About<'_> {
    /// Reports whether the grant of an event knows more than the event says.
    pub(super) fn is_incomplete(&self, cause: &Cause) -> bool {
        let has_person = self.person.is_some() || cause.person.is_some();
        !has_person || self.workspace.is_none() || cause.client.is_none()
    }
}

/// Whose a grant is.
#[derive(Debug)]
pub(super) struct OwnerOfGrant {
    person: String,
    workspace: String,
    client: String,
}

impl OwnerOfGrant {
    /// Reads a row of `grants`.
    pub(super) fn decode(row: &impl StoredRow) -> Result<OwnerOfGrant> {
        Ok(OwnerOfGrant {
            person: row.text("person")?,
            workspace: row.text("workspace")?,
            client: row.text("client_id")?,
        })
    }
}

/// A row of the audit.
pub(super) struct Event<'a> {
    /// In milliseconds.
    pub(super) at: i64,
    pub(super) request_id: &'a str,
    pub(super) action: Action,
    pub(super) person: Option<&'a str>,
    pub(super) client: Option<&'a str>,
    pub(super) about: About<'a>,
    /// The key of the row that counts the event, where it shares one.
    pub(super) repeats: Option<[u8; 16]>,
}

impl<'a> Event<'a> {
    /// Returns an event that has a row of its own. What neither its cause nor its subject says is
    /// that of its grant: who, in which workspace, and through which client.
    pub(super) fn new(
        cause: &'a Cause,
        action: Action,
        about: About<'a>,
        grant: Option<&'a OwnerOfGrant>,
    ) -> Event<'a> {
        let person = cause.person.as_ref().map(|it| it.as_str());
        let client = cause.client.as_ref().map(|it| it.as_str());
        let of_grant = |of: fn(&OwnerOfGrant) -> &str| grant.map(of);
        let about = About {
            workspace: about.workspace.or(of_grant(|it| &it.workspace)),
            ..about
        };
        Event {
            at: millis(cause.at),
            request_id: &cause.request_id,
            action,
            person: person.or(about.person).or(of_grant(|it| &it.person)),
            client: client.or(of_grant(|it| &it.client)),
            about,
            repeats: None,
        }
    }

    /// Returns the keys of the rows that an event may share, where it is one of those that anybody
    /// could repeat.
    pub(super) fn shared(&self) -> Option<SharedRows> {
        self.action.repeats().then(|| {
            let group = self.group();
            SharedRows {
                own: key(group, self.rest()),
                first: key(group, [0; 8]),
                others: key(group, [0xff; 8]),
            }
        })
    }

    /// Has the event share the row for all events of its group that have none of their own.
    pub(super) fn anonymous(self, rows: &SharedRows) -> Event<'a> {
        Event {
            client: None,
            about: About::default(),
            repeats: Some(rows.others),
            ..self
        }
    }

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
}

/// The keys of the rows that an event may share.
pub(super) struct SharedRows {
    /// The row for events that agree in all that it says of them.
    pub(super) own: [u8; 16],
    /// The lowest key of a row of its group.
    pub(super) first: [u8; 16],
    /// The row for all events of its group that have none of their own, which is the highest key.
    pub(super) others: [u8; 16],
}

fn key(group: [u8; 8], rest: [u8; 8]) -> [u8; 16] {
    let mut key = [0; 16];
    let (first, last) = key.split_at_mut(8);
    first.copy_from_slice(&group);
    last.copy_from_slice(&rest);
    key
}

fn half(text: &str) -> [u8; 8] {
    let mut half = [0; 8];
    let digest = Digest::of(text);
    half.iter_mut()
        .zip(digest.as_bytes())
        .for_each(|(to, from)| *to = *from);
    half
}

/// The number that says which rows go first where there are too many.
pub(super) fn keep(action: Action) -> i64 {
    match action.keep() {
        Keep::Tried => 0,
        Keep::Call => 1,
        Keep::Change => 2,
    }
}

/// Which rows go where there are too many.
pub(super) struct Trim {
    /// How many go.
    pub(super) rows: u64,
    /// The kinds of rows in the order in which they go, each with how many of them stay.
    pub(super) kinds: [(i64, i64); 4],
}

impl Trim {
    /// Returns which rows go of `rows` that wait for no sink, where these are more than `most`: some
    /// more than have to, so that not every event pays for it, and never so many that others wait for
    /// it. First goes what was tried, but for a tenth of all rows, then calls, then the rest of what
    /// was tried, and last what changed something; each the oldest first.
    pub(super) fn of(rows: u64, most: u64) -> Option<Trim> {
        let beyond = rows.checked_sub(most).filter(|beyond| *beyond > 0)?;
        let some = (most / 100).min(AT_ONCE / 2);
        let spare = i64::try_from(most / TRIED).unwrap_or(i64::MAX);
        Some(Trim {
            rows: beyond.saturating_add(some).min(AT_ONCE),
            kinds: [(0, spare), (1, 0), (0, 0), (2, 0)],
        })
    }
}
