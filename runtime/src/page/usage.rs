//! How much the calls of a workspace came to, day by day.

use serde::Serialize;

use super::Page;
use super::moment::Moment;
use super::portal::Visit;
use crate::text::grouped;

/// The width of a day in a chart, and of its bar, and the height of a chart. Charts are stretched to
/// the width of the page.
const SLOT: usize = 10;
const BAR: usize = 8;
const HEIGHT: u64 = 100;

/// The calls of a workspace in the last days, and its quota, for its members.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkspaceUsage {
    /// Who looks.
    pub(crate) visit: Visit,
    /// Id of the workspace.
    pub(crate) workspace_id: String,
    /// Its name.
    pub(crate) workspace: String,
    /// Its quota, where it has one.
    pub(crate) quota: Option<QuotaFacts>,
    /// Whether the API is asked for it with the next call.
    pub(crate) is_asked_for: bool,
    /// Where a person gets a larger quota.
    pub(crate) upgrade_url: Option<String>,
    /// The days, oldest first.
    pub(crate) days: Vec<UsageRow>,
    /// Calls of all days.
    pub(crate) calls: String,
    /// Those that did not succeed.
    pub(crate) failed: String,
    /// What they cost of a quota.
    pub(crate) cost: String,
    /// Calls of each day.
    pub(crate) chart: Chart,
}

/// The quota of a workspace, and how much of it is used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct QuotaFacts {
    /// How much may be used in a period.
    pub(crate) limit: String,
    /// `day` or `month`.
    pub(crate) period: &'static str,
    /// How much is used in this one.
    pub(crate) used: String,
    /// How much is left.
    pub(crate) left: String,
    /// Whether nothing is left.
    pub(crate) is_used_up: bool,
    /// When the next period begins.
    pub(crate) resets: Moment,
    /// What was used in the period of each day, up to its end.
    pub(crate) chart: Chart,
}

/// One day.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UsageRow {
    /// `2026-11-27`.
    pub(crate) date: String,
    /// `27 Nov 2026`.
    pub(crate) text: String,
    /// Calls.
    pub(crate) calls: String,
    /// Those that did not succeed.
    pub(crate) failed: String,
    /// What they cost of a quota.
    pub(crate) cost: String,
}

/// Bars, one for each day, and a line.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Chart {
    width: usize,
    height: u64,
    bars: Vec<Bar>,
    /// Where the line is, from the top.
    line: Option<String>,
    /// The value at the top.
    top: String,
}

/// A bar of two parts, the second one on the first.
#[derive(Clone, Debug, Serialize)]
struct Bar {
    x: usize,
    width: usize,
    lower: Option<Part>,
    upper: Option<Part>,
}

/// A part of a bar, from the top of the chart.
#[derive(Clone, Debug, Serialize)]
struct Part {
    y: String,
    height: String,
}

impl Chart {
    /// A chart of bars, each with the values of its lower and its upper part, and of a line.
    pub(crate) fn new(bars: &[(u64, u64)], line: Option<u64>) -> Chart {
        let totals = bars
            .iter()
            .map(|(lower, upper)| lower.saturating_add(*upper));
        let top = totals.chain(line).max().unwrap_or(0).max(1);
        let bar = |(place, (lower, upper)): (usize, &(u64, u64))| Bar {
            x: place * SLOT + (SLOT - BAR) / 2,
            width: BAR,
            lower: part(0, *lower, top),
            upper: part(*lower, *upper, top),
        };
        Chart {
            width: bars.len() * SLOT,
            height: HEIGHT,
            bars: bars.iter().enumerate().map(bar).collect(),
            line: line.map(|line| decimal(tenths(top.saturating_sub(line), top))),
            top: grouped(top),
        }
    }
}

/// A part of a bar that begins at a value. One of a value that is too small to be seen is a tenth of a
/// hundredth high.
fn part(from: u64, value: u64, top: u64) -> Option<Part> {
    let to = tenths(from.saturating_add(value), top);
    let from = tenths(from, top);
    (value > 0).then(|| Part {
        y: decimal((HEIGHT * 10).saturating_sub(to.max(from + 1))),
        height: decimal(to.saturating_sub(from).max(1)),
    })
}

/// How high a value is in a chart, in tenths of its unit.
fn tenths(value: u64, top: u64) -> u64 {
    let tenths = u128::from(value) * u128::from(HEIGHT * 10) / u128::from(top.max(1));
    u64::try_from(tenths).unwrap_or(HEIGHT * 10)
}

/// A number of tenths as a decimal fraction.
fn decimal(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Page for WorkspaceUsage {
    const TEMPLATE: &'static str = "portal/usage.html";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(chart: &Chart, place: usize) -> [Option<(&str, &str)>; 2] {
        let bar = &chart.bars[place];
        [&bar.lower, &bar.upper].map(|part| {
            let part = part.as_ref()?;
            Some((part.y.as_str(), part.height.as_str()))
        })
    }

    #[test]
    fn highest_bar_reaches_the_top_and_a_part_begins_where_the_other_ends() {
        let chart = Chart::new(&[(30, 10), (0, 0), (0, 20), (20, 0)], None);
        assert_eq!((chart.width, chart.line.as_deref()), (40, None));
        let expected = [Some(("25.0", "75.0")), Some(("0.0", "25.0"))];
        assert_eq!(bar(&chart, 0), expected);
        assert_eq!(bar(&chart, 1), [None, None]);
        assert_eq!(bar(&chart, 2), [None, Some(("50.0", "50.0"))]);
        assert_eq!(bar(&chart, 3), [Some(("50.0", "50.0")), None]);
    }

    #[test]
    fn line_is_within_the_chart_whether_or_not_a_bar_exceeds_it() {
        let below = Chart::new(&[(10, 0)], Some(40));
        assert_eq!(
            (below.line.as_deref(), below.top.as_str()),
            (Some("0.0"), "40")
        );
        let beyond = Chart::new(&[(4000, 0)], Some(1000));
        assert_eq!(beyond.line.as_deref(), Some("75.0"));
        assert_eq!(beyond.top, "4,000");
    }

    #[test]
    fn smallest_value_is_seen_and_the_largest_does_not_overflow() {
        let chart = Chart::new(&[(1, 1), (u64::MAX, u64::MAX)], Some(u64::MAX));
        assert_eq!(bar(&chart, 0)[0], Some(("99.9", "0.1")));
        assert_eq!(bar(&chart, 1)[0], Some(("0.0", "100.0")));
        let empty = Chart::new(&[(0, 0); 30], None);
        assert_eq!((empty.width, empty.top.as_str()), (300, "1"));
    }
}
