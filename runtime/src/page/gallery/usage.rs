//! Samples of the page of a workspace's usage.

use std::time::{Duration, SystemTime};

use super::Samples;
use crate::page::moment::Moment;
use crate::page::{Chart, QuotaFacts, UsageRow, Visit, WorkspaceUsage};
use crate::text::grouped;

/// Calls of a day, and those of them that did not succeed.
fn of_day(day: u64) -> (u64, u64) {
    match day % 7 {
        5 | 6 => (0, 0),
        weekday => (180 + weekday * 97 + day * 11, day % 5 * 9),
    }
}

fn row(day: u64, (succeeded, failed): (u64, u64)) -> UsageRow {
    UsageRow {
        date: format!("2026-11-{day:02}"),
        text: format!("{day} Nov 2026"),
        calls: grouped(succeeded + failed),
        failed: grouped(failed),
        cost: grouped(succeeded * 2),
    }
}

/// A workspace whose calls of each day are these, with a quota.
fn usage(bars: &[(u64, u64)], quota: Option<QuotaFacts>) -> WorkspaceUsage {
    let sum = |value: fn(&(u64, u64)) -> u64| grouped(bars.iter().map(value).sum::<u64>());
    WorkspaceUsage {
        visit: Visit::sample(),
        workspace_id: "w1".to_owned(),
        workspace: "Northwind Studio".to_owned(),
        upgrade_url: quota
            .as_ref()
            .map(|_| "https://example.com/plans".to_owned()),
        quota,
        is_asked_for: false,
        days: (1..).zip(bars).map(|(day, it)| row(day, *it)).collect(),
        calls: sum(|(succeeded, failed)| succeeded + failed),
        failed: sum(|(_, failed)| *failed),
        cost: sum(|(succeeded, _)| succeeded * 2),
        chart: Chart::new(bars, None),
    }
}

/// A quota of which so much was used at the end of each day.
fn quota(limit: u64, period: &'static str, used: &[u64]) -> QuotaFacts {
    let bars: Vec<_> = used.iter().map(|used| (*used, 0)).collect();
    let used = used.last().copied().unwrap_or(0);
    QuotaFacts {
        limit: grouped(limit),
        period,
        used: grouped(used),
        left: grouped(limit.saturating_sub(used)),
        is_used_up: used >= limit,
        resets: Moment::from(SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_083_200)),
        chart: Chart::new(&bars, Some(limit)),
    }
}

impl Samples for WorkspaceUsage {
    fn samples() -> Vec<(&'static str, WorkspaceUsage)> {
        let bars: Vec<_> = (1..=30).map(of_day).collect();
        let cost = bars.iter().map(|(succeeded, _)| succeeded * 2);
        let each_day: Vec<u64> = cost.clone().collect();
        let in_month: Vec<u64> = cost
            .scan(0, |sum, it| {
                *sum += it;
                Some(*sum)
            })
            .collect();
        let used_up = in_month.last().copied().unwrap_or(0);
        vec![
            ("a-day", usage(&bars, Some(quota(2_000, "day", &each_day)))),
            (
                "used-up",
                usage(&bars, Some(quota(used_up, "month", &in_month))),
            ),
            ("no-quota", usage(&[(0, 0); 30], None)),
            (
                "not-asked",
                WorkspaceUsage {
                    is_asked_for: true,
                    ..usage(&bars, None)
                },
            ),
        ]
    }
}
