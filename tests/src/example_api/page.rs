//! Lists, cut into pages by a cursor.

use axum::Json;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::call::Call;
use super::problem::{Part, Problem, Violation};
use super::store::Stored;

/// The order of creation in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
}

/// The page that the call asks for. `items` are oldest first, filtered already.
pub(super) fn page(call: &Call, items: Vec<Stored>, order: Order) -> Result<Json<Value>, Problem> {
    let after = call
        .parameter("cursor")
        .and_then(Value::as_str)
        .map(decode)
        .transpose()?;
    let limit = call
        .parameter("limit")
        .and_then(Value::as_u64)
        .unwrap_or(20) as usize;
    let mut items = items;
    if order == Order::NewestFirst {
        items.reverse();
    }
    let mut rest = items.into_iter().filter(|item| match (after, order) {
        (None, _) => true,
        (Some(after), Order::OldestFirst) => item.position > after,
        (Some(after), Order::NewestFirst) => item.position < after,
    });
    let mut last = 0;
    let data: Vec<Value> = rest
        .by_ref()
        .take(limit)
        .map(|item| {
            last = item.position;
            item.document
        })
        .collect();
    let next_cursor = rest.next().map(|_| encode(last));
    Ok(Json(json!({ "data": data, "next_cursor": next_cursor })))
}

fn encode(position: i64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("after:{position}"))
}

fn decode(cursor: &str) -> Result<i64, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("after:")?.parse().ok())
        .ok_or_else(|| {
            let detail = "value is not a cursor of this service";
            Problem::bad_request(vec![Violation::new(Part::Query, "/cursor", detail)])
        })
}
