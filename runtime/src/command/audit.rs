//! `audit`: finds rows of the audit.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveTime};
use clap::Args;

use super::common::{Common, Failure, Format};
use super::store::StorePlace;
use crate::app::{self, AuditCursor, AuditFilter, AuditRow, Environment};
use crate::text;

#[derive(Args)]
pub(super) struct Audit {
    /// Client: its id, or a part of the name of its connections
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// Workspace: its id or its name
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// Person: the id or the e-mail address
    #[arg(long, value_name = "ACCOUNT")]
    person: Option<String>,
    /// Tool; calls by its earlier names are found, too
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Request id, as an error reports it
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Earliest time: `2026-11-27T09:30:00Z`, `2026-11-27` (UTC), or how long ago: `90m`, `12h`, `7d`
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Latest time, in the same forms; a day is included
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// The most rows that are printed, the latest first
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u64,
    /// Goes on where an earlier page ended
    #[arg(long, value_name = "POSITION")]
    after: Option<AuditCursor>,
    /// How the rows are printed; `json` prints one object a line
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    #[command(flatten)]
    store: StorePlace,
    #[command(flatten)]
    common: Common,
}

/// A time as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    At(SystemTime),
    /// A day, by its midnight UTC.
    Day(SystemTime),
    Ago(Duration),
}

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Time, &'static str> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Time::At(time.into()));
        }
        if let Ok(day) = text.parse::<NaiveDate>() {
            return Ok(Time::Day(day.and_time(NaiveTime::MIN).and_utc().into()));
        }
        let ago = text.char_indices().last().and_then(|(at, unit)| {
            let number: u64 = text.get(..at)?.parse().ok()?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => return None,
            };
            Some(Duration::from_secs(number.checked_mul(seconds)?))
        });
        let form = "write 2026-11-27T09:30:00Z, 2026-11-27, or how long ago: 90m, 12h, 7d";
        ago.map(Time::Ago).ok_or(form)
    }
}

impl Time {
    /// Returns the first moment, seen from `now`.
    fn first(self, now: SystemTime) -> SystemTime {
        match self {
            Time::At(time) | Time::Day(time) => time,
            Time::Ago(ago) => {
                let first = now.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH);
                first.max(SystemTime::UNIX_EPOCH)
            }
        }
    }

    /// Returns the last moment.
    fn last(self, now: SystemTime) -> SystemTime {
        const DAY: Duration = Duration::from_millis(86_400_000 - 1);

        match self {
            Time::Day(midnight) => midnight + DAY,
            other => other.first(now),
        }
    }
}

/// Runs the command.
pub(super) async fn run(audit: Audit) -> Result<(), Failure> {
    let mut config = audit.common.settle()?;
    audit.store.settle(&mut config.store);
    crate::log::start(&config.log);
    let now = Environment::default().clock.now();
    let filter = AuditFilter {
        client: audit.client,
        workspace: audit.workspace,
        person: audit.person,
        tool: audit.tool,
        request_id: audit.request,
        since: audit.since.map(|time| time.first(now)),
        until: audit.until.map(|time| time.last(now)),
        after: audit.after,
    };
    let page = app::audit(&config, filter, audit.limit).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match audit.format {
        Format::Json => json(&mut out, &page.rows),
        Format::Table => table(&mut out, &page.rows),
    };
    match written.and_then(|()| out.flush()) {
        // The reader may stop reading.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        written => written?,
    }
    if let Some(next) = page.next {
        let _ = writeln!(io::stderr(), "there are older rows: add --after {next}");
    }
    Ok(())
}

fn json(out: &mut impl Write, rows: &[AuditRow]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, row)?;
        writeln!(out)?;
    }
    Ok(())
}

/// One line a row: when, what, how it ended, who, with which connection, where, in which request.
fn table(out: &mut impl Write, rows: &[AuditRow]) -> io::Result<()> {
    for row in rows {
        let [email, workspace, connection] = [
            (&row.names.email, &row.person),
            (&row.names.workspace, &row.workspace),
            (&row.names.connection, &row.client_id),
        ]
        .map(|(name, id)| name.as_ref().or(id.as_ref()).map_or("-", String::as_str))
        .map(text::label);
        let (time, action) = (row.time(), &row.action);
        let about = row.subject.as_deref().map_or_else(String::new, text::label);
        let outcome = row.outcome.as_deref().unwrap_or("-");
        let count = match row.count {
            1 => String::new(),
            count => format!("  ({count} times)"),
        };
        let request = &row.request_id;
        writeln!(
            out,
            "{time}  {action}  {about}  {outcome}  {email}  {connection}  {workspace}  \
             {request}{count}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_a_moment_a_day_or_how_long_ago() {
        let seconds = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let now = seconds(1_000_000);
        let first = |text: &str| text.parse::<Time>().unwrap().first(now);
        assert_eq!(first("1970-01-02T00:00:01Z"), seconds(86_401));
        assert_eq!(first("1970-01-02T02:00:00+02:00"), seconds(86_400));
        assert_eq!(first("1970-01-02"), seconds(86_400));
        assert_eq!(first("90m"), seconds(1_000_000 - 5_400));
        assert_eq!(first("7d"), seconds(1_000_000 - 7 * 86_400));
        assert_eq!(first("100000d"), seconds(0));
        let day: Time = "1970-01-02".parse().unwrap();
        let end = seconds(2 * 86_400) - Duration::from_millis(1);
        assert_eq!(day.last(now), end);
        for wrong in [
            "",
            "yesterday",
            "h",
            "1w",
            "1970-02-30",
            "é",
            "99999999999999999999d",
        ] {
            assert!(wrong.parse::<Time>().is_err(), "{wrong}");
        }
    }
}
