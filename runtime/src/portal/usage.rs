//! How much the calls of a workspace came to, and how much of its quota is used, for its members.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::members::membership;
use super::state::Here;
use super::visitor::Visitor;
use crate::account::Answer;
use crate::limit::{QuotaState, QuotaUsed};
use crate::model::{QuotaPeriod, UsageDay};
use crate::page::{Chart, QuotaFacts, UsageRow, WorkspaceUsage};
use crate::text::grouped;

/// How many days are shown.
const DAYS: u32 = 30;
/// The length of a day.
const DAY: Duration = Duration::from_hours(24);

pub(super) async fn show(
    State(portal): Here,
    visitor: Visitor,
    Path(workspace): Path<String>,
) -> Answer {
    let membership = membership(&portal, &visitor, &workspace).await?;
    let workspace = membership.workspace;
    let state = portal.limits.quotas.state(&workspace.id).await?;
    let quota = match state {
        QuotaState::Limited(used) => Some(used),
        QuotaState::Unlimited | QuotaState::NotAsked => None,
    };
    let now = portal.services.clock.now();
    let today = QuotaPeriod::Day.at(now).starts;
    let shown: Vec<_> = (0..DAYS)
        .rev()
        .map(|ago| today.checked_sub(DAY * ago).unwrap_or(today))
        .collect();
    let first = shown.first().copied().unwrap_or(today);
    // What was used before the first day counts in its period, too.
    let since = quota.map_or(first, |it| it.quota.period.at(first).starts);
    let counted = portal.services.store.usage(&workspace.id, since).await?;
    let counted: BTreeMap<SystemTime, UsageDay> =
        counted.into_iter().map(|day| (day.day, day)).collect();
    let days: Vec<_> = shown.iter().map(|day| of_day(&counted, *day)).collect();
    let sum = |value: fn(&UsageDay) -> u64| grouped(days.iter().map(value).sum::<u64>());
    let bars: Vec<_> = days
        .iter()
        .map(|it| (it.calls - it.failed, it.failed))
        .collect();
    let page = WorkspaceUsage {
        visit: visitor.visit(),
        workspace_id: workspace.id.to_string(),
        workspace: workspace.name,
        quota: quota.map(|it| facts(it, &days, &counted)),
        is_asked_for: state == QuotaState::NotAsked,
        upgrade_url: portal.limits.upgrade_url.as_deref().map(str::to_owned),
        calls: sum(|it| it.calls),
        failed: sum(|it| it.failed),
        cost: sum(|it| it.cost),
        days: days.iter().map(row).collect(),
        chart: Chart::new(&bars, None),
    };
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

/// What calls came to on a day; nothing where there was none.
fn of_day(counted: &BTreeMap<SystemTime, UsageDay>, day: SystemTime) -> UsageDay {
    let none = UsageDay {
        day,
        calls: 0,
        failed: 0,
        cost: 0,
    };
    let found = counted.get(&day).copied().unwrap_or(none);
    UsageDay {
        failed: found.failed.min(found.calls),
        ..found
    }
}

fn facts(
    QuotaUsed {
        quota,
        period,
        used,
    }: QuotaUsed,
    days: &[UsageDay],
    counted: &BTreeMap<SystemTime, UsageDay>,
) -> QuotaFacts {
    let bar = |day: &UsageDay| {
        let starts = quota.period.at(day.day).starts;
        let in_period = counted.range(starts..=day.day);
        (in_period.map(|(_, it)| it.cost).sum(), 0)
    };
    let bars: Vec<_> = days.iter().map(bar).collect();
    QuotaFacts {
        limit: grouped(quota.limit),
        period: match quota.period {
            QuotaPeriod::Day => "day",
            QuotaPeriod::Month => "month",
        },
        used: grouped(used),
        left: grouped(quota.limit.saturating_sub(used)),
        is_used_up: used >= quota.limit,
        resets: period.ends.into(),
        chart: Chart::new(&bars, Some(quota.limit)),
    }
}

fn row(day: &UsageDay) -> UsageRow {
    let date = DateTime::<Utc>::from(day.day);
    UsageRow {
        date: date.format("%Y-%m-%d").to_string(),
        text: date.format("%-d %b %Y").to_string(),
        calls: grouped(day.calls),
        failed: grouped(day.failed),
        cost: grouped(day.cost),
    }
}
