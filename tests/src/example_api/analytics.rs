//! `/analytics`: figures that follow from a bundle and a day, so that they are always the same.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::call::Call;
use super::problem::{Part, Problem, Violation};
use super::{Api, bundles};

const METRICS: [&str; 4] = ["views", "likes", "shares", "comments"];
const MOST_DAYS: i32 = 92;

/// What is counted, in the order of [`METRICS`].
type Figures = [u64; 4];

/// The days that were asked for.
struct Days {
    from: Date,
    to: Date,
}

impl Days {
    fn of_query(call: &Call) -> Result<Self, Problem> {
        Self::between(call.text("from"), call.text("to")).map_err(|detail| {
            Problem::bad_request(vec![Violation::new(Part::Query, "/to", detail)])
        })
    }

    fn between(from: &str, to: &str) -> Result<Self, &'static str> {
        let (Ok(from), Ok(to)) = (from.parse::<Date>(), to.parse::<Date>()) else {
            return Err("value is not a day");
        };
        match from.until(to).map(|span| span.get_days()) {
            Ok(days) if days < 0 => Err("the last day is before the first"),
            Ok(days) if days <= MOST_DAYS => Ok(Self { from, to }),
            _ => Err("the last day is more than 92 days after the first"),
        }
    }

    fn each(&self) -> impl Iterator<Item = Date> {
        let to = self.to;
        self.from
            .series(jiff::Span::new().days(1))
            .take_while(move |day| *day <= to)
    }
}

/// The figures of a bundle on a day: none before it was published, none in the future.
fn figures(bundle: &Value, day: Date, today: Date) -> Figures {
    let published = bundle["published_at"]
        .as_str()
        .and_then(|time| time.parse::<jiff::Timestamp>().ok())
        .map(|time| time.to_zoned(TimeZone::UTC).date());
    if published.is_none_or(|published| day < published) || day > today {
        return [0; 4];
    }
    let hash = Sha256::digest(format!("{} {day}", bundle["id"]));
    let [a, b, c, d, ..] = hash.as_slice() else {
        return [0; 4];
    };
    let [a, b, c, d] = [*a, *b, *c, *d].map(u64::from);
    let views = 1_500 + a * 10;
    [
        views,
        views * (40 + b % 60) / 1_000,
        views * (5 + c % 15) / 1_000,
        views * (2 + d % 8) / 1_000,
    ]
}

fn sum<'a>(all: impl IntoIterator<Item = &'a Figures>) -> Figures {
    all.into_iter().fold([0; 4], |mut total, figures| {
        total
            .iter_mut()
            .zip(figures)
            .for_each(|(total, figure)| *total += figure);
        total
    })
}

fn document(figures: &Figures) -> Map<String, Value> {
    METRICS
        .iter()
        .zip(figures)
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn today(api: &Api) -> Date {
    api.clock.now().to_zoned(TimeZone::UTC).date()
}

/// `GET /bundles/{bundle_id}/analytics`
pub(super) async fn of_bundle(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let days = Days::of_query(&call)?;
    let mut db = api.store.begin().await?;
    let bundle = bundles::one(&api, &mut db, call.workspace()?, call.text("bundle_id")).await?;
    db.commit().await?;
    let today = today(&api);
    let daily: Vec<(Date, Figures)> = days
        .each()
        .map(|day| (day, figures(&bundle, day, today)))
        .collect();
    let totals = sum(daily.iter().map(|(_, figures)| figures));
    let [views, reactions @ ..] = totals;
    let rate = (views > 0).then(|| {
        let rate = reactions.iter().sum::<u64>() as f64 / views as f64;
        (rate * 10_000.0).round() / 10_000.0
    });
    let series = daily.iter().map(|(day, figures)| {
        let mut entry = Map::from_iter([("date".into(), day.to_string().into())]);
        entry.extend(document(figures));
        Value::Object(entry)
    });
    Ok(Json(json!({
        "bundle_id": bundle["id"],
        "from": call.text("from"),
        "to": call.text("to"),
        "totals": document(&totals),
        "engagement_rate": rate,
        "series": series.collect::<Vec<_>>(),
    })))
}

/// `POST /analytics/query`
pub(super) async fn query(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let question = call.json();
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    let list = |name: &str| -> Option<Vec<&str>> {
        Some(
            question[name]
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .collect(),
        )
    };
    let days =
        Days::between(text("from"), text("to")).map_err(|detail| Problem::body("/to", detail))?;
    let metrics = list("metrics").unwrap_or_default();
    let groups = list("group_by").unwrap_or_default();
    let only = list("bundle_ids");

    let mut rows: BTreeMap<Vec<String>, Vec<Figures>> = BTreeMap::new();
    for (bundle, day, figures) in all_days(&api, &call, &days).await? {
        if only
            .as_ref()
            .is_some_and(|only| !only.contains(&bundle.as_str()))
        {
            continue;
        }
        let key = groups.iter().map(|group| match *group {
            "bundle" => bundle.clone(),
            _ => day.to_string(),
        });
        rows.entry(key.collect()).or_default().push(figures);
    }
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(key, all)| {
            let mut values = document(&sum(&all));
            values.retain(|name, _| metrics.contains(&name.as_str()));
            let dimensions: Map<String, Value> = groups
                .iter()
                .map(|group| (*group).to_owned())
                .zip(key.into_iter().map(Value::from))
                .collect();
            json!({ "dimensions": dimensions, "values": values })
        })
        .collect();
    Ok(Json(json!({ "rows": rows })))
}

/// `GET /analytics/export`
pub(super) async fn export(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let days = Days::of_query(&call)?;
    let mut text = String::new();
    if call.parameter("header") != Some(&Value::Bool(false)) {
        text.push_str("date,bundle_id,views,likes,shares,comments\r\n");
    }
    for (bundle, day, [views, likes, shares, comments]) in all_days(&api, &call, &days).await? {
        text.push_str(&format!(
            "{day},{bundle},{views},{likes},{shares},{comments}\r\n"
        ));
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

/// Every published bundle on every day, bundles oldest first.
async fn all_days(
    api: &Api,
    call: &Call,
    days: &Days,
) -> Result<Vec<(String, Date, Figures)>, Problem> {
    let mut db = api.store.begin().await?;
    let bundles = bundles::all(api, &mut db, call.workspace()?).await?;
    db.commit().await?;
    let today = today(api);
    let mut all = Vec::new();
    for bundle in bundles.iter().map(|bundle| &bundle.document) {
        if bundle["published_at"].is_null() {
            continue;
        }
        let id = bundle["id"].as_str().unwrap_or_default();
        all.extend(
            days.each()
                .map(|day| (id.to_owned(), day, figures(bundle, day, today))),
        );
    }
    Ok(all)
}
