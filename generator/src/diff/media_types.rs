//! The media types of bodies and answers.

use std::collections::BTreeSet;

use super::change::{Change, Kind};
use super::value::names;
use crate::ir::Operation;

/// The difference in the media types that a body can be sent in, if there is one. The server writes
/// the body, so that only the loss of a choice breaks calls.
pub(super) fn of_body(old: &Operation, new: &Operation) -> Option<Change> {
    let (before, after) = (old.request_body.as_ref()?, new.request_body.as_ref()?);
    let is_same_set = |one: &[String], other: &[String]| {
        one.iter().all(|name| other.contains(name)) && other.iter().all(|name| one.contains(name))
    };
    let is_same_default = before.media_types.first() == after.media_types.first();
    if is_same_default && is_same_set(&before.media_types, &after.media_types) {
        return None;
    }
    let is_gone = |name: &String| !after.media_types.contains(name);
    let breaking = before.media_type_argument.is_some() && before.media_types.iter().any(is_gone);
    let message = changed(
        "the body",
        before.media_types.iter().map(String::as_str),
        after.media_types.iter().map(String::as_str),
    );
    Some(Change::new(Kind::MediaTypeChanged, &new.name, message).breaking(breaking))
}

/// The difference in the media types of answers, if both sides have some. The loss of one breaks
/// what reads it.
pub(super) fn of_answers(old: &Operation, new: &Operation) -> Option<Change> {
    let (before, after) = (answers(old), answers(new));
    if before == after || before.is_empty() || after.is_empty() {
        return None;
    }
    let breaking = !before.is_subset(&after);
    let message = changed("the answer", before, after);
    Some(Change::new(Kind::MediaTypeChanged, &new.name, message).breaking(breaking))
}

fn changed<'n>(
    part: &str,
    before: impl IntoIterator<Item = &'n str>,
    after: impl IntoIterator<Item = &'n str>,
) -> String {
    format!("{part} was {}, and is {} now", names(before), names(after))
}

/// The media types of answers that mean success.
pub(super) fn answers(operation: &Operation) -> BTreeSet<&str> {
    let all = || operation.responses.iter();
    let is_success = |status: &str| status.starts_with('2');
    let has_success = all().any(|one| is_success(&one.status));
    all()
        .filter(|one| is_success(&one.status) || !has_success && one.status == "default")
        .flat_map(|one| one.media_types.iter().map(String::as_str))
        .collect()
}
