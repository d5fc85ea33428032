//! How an answer becomes an outcome: as a whole, or part by part.

use serde_json::{Map, Value};

use super::callable::Callable;
use super::notes::Notes;
use super::outcome::Made;
use super::shape::{self, Absent, After, Continued, Division, Fields, PartContent};
use super::{CallError, ErrorKind, Outcome, Runner, report_unfit};
use crate::model::AccessContext;
use crate::offload;
use crate::request_id::RequestId;
use crate::upstream::{Answer, Body};

/// Bytes that the notes on a part may have.
const NOTES: usize = 2_500;

/// A call whose answer is shaped.
#[derive(Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) callable: &'a Callable,
    pub(super) caller: &'a AccessContext,
    pub(super) id: &'a RequestId,
    /// Whether the work takes long.
    pub(super) is_large: bool,
}

impl Runner {
    /// Makes an outcome of the parts of an answer that the call asked for. Of one that is too long for a
    /// client, it is the first part, and the others are kept.
    pub(super) fn outcome(
        &self,
        mut answer: Answer,
        fields: Option<&(Value, Fields)>,
        answered: Answered<'_>,
    ) -> Outcome {
        let Answered {
            callable,
            id,
            is_large,
            ..
        } = answered;
        let mut absent = Absent::default();
        let made = offload::run(is_large, || {
            if let (Some((_, fields)), Body::Json(body)) = (fields, &mut answer.body) {
                absent = fields.keep(body);
            }
            let next_page = answer.next_page.take();
            let next_page = next_page.and_then(|it| callable.input().check(it).ok());
            answer.next_page = next_page.map(|checked| checked.arguments);
            if let (Some((argument, _)), Some(next)) = (fields, &mut answer.next_page) {
                next.insert(shape::FIELDS.to_owned(), argument.clone());
            }
            Outcome::make(answer, callable.output(), &absent, self.limits)
        });
        let (outcome, rules) = match made {
            Made::Whole(outcome, rules) => (outcome, rules),
            Made::TooLong(answer, content) => {
                offload::run(true, || self.divided(*answer, content, &absent, answered))
            }
        };
        report_unfit(callable, &rules, id);
        outcome
    }

    fn divided(
        &self,
        mut answer: Answer,
        content: PartContent,
        absent: &Absent,
        answered: Answered<'_>,
    ) -> (Outcome, Vec<String>) {
        let Answered {
            callable, caller, ..
        } = answered;
        let most = self.limits.view(2);
        let next_page = answer.next_page.take();
        let next_length: usize = next_page
            .iter()
            .flat_map(Map::values)
            .map(shape::length)
            .sum();
        let mut notes = Notes::new(&answer, false, most / 4);
        notes.add_absent(absent);
        let room = most.saturating_sub(NOTES + notes.length() + next_length);
        let room = room.max(most / 4);
        let divided = shape::divide(content, answer.status, next_page.clone(), room);
        let Division { mut first, rest } = divided;
        let is_alone = rest.is_empty();
        let cursor = match is_alone || callable.takes(shape::CURSOR) {
            true => None,
            false => self.keeper.keep(rest, callable.tool().name(), caller),
        };
        if let (None, false, Some(span)) = (&cursor, is_alone, &first.span) {
            first.after = After::Lost(span.of - span.to, next_page);
        }
        Outcome::of_part(first, cursor, notes, callable.output(), most)
    }

    /// Takes the cursor out of the arguments of a call that continues an answer. Clients that send
    /// every argument send an empty one where they have none.
    pub(super) fn cursor(callable: &Callable, arguments: &mut Map<String, Value>) -> Option<Value> {
        if !arguments.contains_key(shape::CURSOR) || callable.takes(shape::CURSOR) {
            return None;
        }
        let cursor = arguments.shift_remove(shape::CURSOR);
        cursor.filter(|it| !it.is_null() && it.as_str() != Some(""))
    }

    /// Takes the parts of the answer that a call asks for out of its arguments.
    ///
    /// # Errors
    /// Where they are not names.
    pub(super) fn fields(
        callable: &Callable,
        arguments: &mut Map<String, Value>,
        id: &RequestId,
    ) -> Result<Option<(Value, Fields)>, Box<CallError>> {
        if !arguments.contains_key(shape::FIELDS) || callable.takes(shape::FIELDS) {
            return Ok(None);
        }
        let argument = arguments.shift_remove(shape::FIELDS);
        let Some(argument) = argument.filter(|it| !it.is_null()) else {
            return Ok(None);
        };
        match Fields::read(&argument) {
            Some(fields) => Ok(Some((argument, fields))),
            None => {
                let message = format!(
                    "`{}` has to be a list of at most 100 names of parts of the answer, such as \
                     [\"id\", \"owner.name\"].",
                    shape::FIELDS
                );
                let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
                Err(Box::new(error))
            }
        }
    }

    /// Returns the part of an earlier answer that a cursor names.
    ///
    /// # Errors
    /// Where it is not kept, or is of another tool or caller.
    pub(super) fn continued(
        &self,
        cursor: &Value,
        answered: Answered<'_>,
    ) -> Result<Outcome, Box<CallError>> {
        let Answered {
            callable,
            caller,
            id,
            ..
        } = answered;
        let tool = callable.tool().name();
        let found = cursor
            .as_str()
            .and_then(|cursor| self.keeper.part(cursor, tool, caller));
        let Some(Continued { part, next }) = found else {
            let message = format!(
                "`{}` names no part of an earlier answer of `{tool}`: it is kept for ten minutes, \
                 for the connection that received the answer. Nothing was sent.",
                shape::CURSOR
            );
            let mut error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
            let operation = callable.tool().descriptor();
            error.hint = Some(match super::error::is_repeatable(operation) {
                true => format!("Call the tool again without `{}`.", shape::CURSOR),
                false => format!(
                    "The call whose answer `{}` continues was made: do not repeat it. The rest of \
                     its answer is gone; read what it changed with another tool.",
                    shape::CURSOR
                ),
            });
            return Err(Box::new(error));
        };
        let (outcome, rules) = Outcome::of_part(
            part,
            Some(next),
            Notes::default(),
            callable.output(),
            self.limits.view(2),
        );
        report_unfit(callable, &rules, id);
        Ok(outcome)
    }
}
