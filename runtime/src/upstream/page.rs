//! The next page of an answer, as the description says that pages follow each other.

use serde_json::{Map, Value};

use super::link;
use crate::operation::{Operation, Paging, PagingEnd, PagingNext};

/// The arguments of the next page: those of this call, `arguments`, and what selects the page. `None`
/// where there is no next page.
pub(super) fn next_page(
    operation: &Operation,
    arguments: &Map<String, Value>,
    body: &Value,
) -> Option<Map<String, Value>> {
    let paging = operation.paging.as_ref()?;
    let items = paging.items.and_then(|at| body.pointer(at));
    let items = items.and_then(Value::as_array);
    let count = items.map(Vec::len);
    let count = count.and_then(|count| i64::try_from(count).ok());
    if let Some(end) = &paging.end
        && is_last(end, body, paging, arguments, count.unwrap_or(0))
    {
        return None;
    }
    let is_last = paging.end.is_none() && is_short(paging, arguments, count.unwrap_or(0));
    let value = match paging.next {
        PagingNext::Value(at) => {
            return at_pointer(operation, paging, arguments, body.pointer(at)?);
        }
        PagingNext::LastItem(member) => items?.last()?.get(member)?.clone(),
        PagingNext::Offset(_) | PagingNext::Page(_) | PagingNext::PageAfter(_)
            if is_last || count? == 0 =>
        {
            return None;
        }
        PagingNext::Offset(first) => {
            let before = number(arguments.get(paging.argument)).unwrap_or(first);
            Value::from(before.checked_add(count?)?)
        }
        PagingNext::Page(first) => {
            let page = number(arguments.get(paging.argument)).unwrap_or(first);
            Value::from(page.checked_add(1)?)
        }
        PagingNext::PageAfter(at) => {
            let page = this_page(at, paging, arguments, body)?;
            Value::from(page.checked_add(1)?)
        }
    };
    with(arguments, paging.argument, value)
}

/// Returns the number of this page: the one that was asked for, or the one that the answer has.
fn this_page(
    at: Option<&str>,
    paging: &Paging,
    arguments: &Map<String, Value>,
    body: &Value,
) -> Option<i64> {
    match arguments.get(paging.argument) {
        Some(asked) => number(Some(asked)),
        None => number(body.pointer(at?)),
    }
}

/// The arguments where `value` is a cursor, or the URL of the next page.
fn at_pointer(
    operation: &Operation,
    paging: &Paging,
    arguments: &Map<String, Value>,
    value: &Value,
) -> Option<Map<String, Value>> {
    match value {
        Value::String(text) if is_url(text) => link::follow(operation, arguments, text),
        Value::String(text) if !text.is_empty() => with(arguments, paging.argument, value.clone()),
        Value::Number(_) => with(arguments, paging.argument, value.clone()),
        _ => None,
    }
}

fn is_url(text: &str) -> bool {
    let is_relative = text.starts_with('/') && text.contains('?');
    is_relative
        || ["http://", "https://", "?"]
            .iter()
            .any(|it| text.starts_with(it))
}

/// The arguments with another value for one of them; `None` where it has that value already.
fn with(arguments: &Map<String, Value>, name: &str, value: Value) -> Option<Map<String, Value>> {
    if name.is_empty() || arguments.get(name) == Some(&value) {
        return None;
    }
    let mut next = arguments.clone();
    next.insert(name.to_owned(), value);
    Some(next)
}

/// Returns true where a page has fewer items than any full page. An API may return fewer than a call asks
/// for, but not fewer than it returns where the call asks for no number.
fn is_short(paging: &Paging, arguments: &Map<String, Value>, count: i64) -> bool {
    let Some((size, default)) = paging.size.and_then(|size| Some((size, size.default?))) else {
        return false;
    };
    let asked = number(arguments.get(size.argument));
    count < asked.map_or(default, |asked| asked.min(default))
}

/// Returns true where the answer says that no page follows.
fn is_last(
    end: &PagingEnd,
    body: &Value,
    paging: &Paging,
    arguments: &Map<String, Value>,
    count: i64,
) -> bool {
    let number_at = |at: &str| number(body.pointer(at));
    let asked = number(arguments.get(paging.argument));
    // Of pages that may be counted from 0 or 1, the last is the one that is the last either way.
    let (asked, next) = match paging.next {
        PagingNext::PageAfter(at) => match this_page(at, paging, arguments, body) {
            None => (asked, paging.next),
            page => (page, PagingNext::Page(1)),
        },
        next => (asked, next),
    };
    match (end, next) {
        (PagingEnd::More(at), _) => body.pointer(at) == Some(&Value::Bool(false)),
        (PagingEnd::Last(at), _) => body.pointer(at) == Some(&Value::Bool(true)),
        (PagingEnd::Pages(at), PagingNext::Page(first)) => {
            let page = asked.unwrap_or(first).saturating_sub(first);
            number_at(at).is_some_and(|pages| page.saturating_add(1) >= pages)
        }
        (PagingEnd::Total(at), PagingNext::Offset(first)) => {
            let before = asked.unwrap_or(first).saturating_sub(first);
            number_at(at).is_some_and(|total| before.saturating_add(count) >= total)
        }
        (PagingEnd::Total(at), PagingNext::Page(first)) => {
            let pages = asked.unwrap_or(first).saturating_sub(first);
            // The size that a call asks for may be more than a page has.
            let size = paging
                .size
                .filter(|it| !arguments.contains_key(it.argument));
            let size = size.and_then(|size| size.default);
            let exact = size.map(|size| pages.saturating_mul(size).saturating_add(count));
            let least = pages.saturating_add(1).saturating_mul(count);
            number_at(at).is_some_and(|total| exact == Some(total) || least >= total)
        }
        (PagingEnd::Pages(_) | PagingEnd::Total(_), _) => false,
    }
}

/// A number, also one that is written as a text.
fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
