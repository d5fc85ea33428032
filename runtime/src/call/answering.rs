//! How an answer becomes an outcome: as a whole, or part by part.

use serde_json::{Map, Value};

use super::callable::Callable;
use super::files::{Described, FileLink, Repeated};
use super::notes::Notes;
use super::outcome::Made;
use super::shape::{
    self, Absent, After, Continued, Division, Fields, Part, PartContent, SealedAnswer,
};
use super::{CallError, ErrorKind, Outcome, Runner, report_unfit};
use crate::model::AccessContext;
use crate::offload;
use crate::operation::Operation;
use crate::request_id::RequestId;
use crate::upstream::{Answer, Body, Cause, UpstreamError};

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

/// An answer that is divided.
struct Divided {
    first: Part,
    has_rest: bool,
    /// The parts after the first, sealed, where a cursor can continue them.
    rest: Option<SealedAnswer>,
    next_page: Option<Map<String, Value>>,
    notes: Notes,
    link: Option<FileLink>,
}

impl Runner {
    /// Makes an outcome of the parts of an answer that the call asked for. Of one that is too long for a
    /// client, it is the first part, and the others are kept. Where the call can be made again by a link,
    /// that is what a client receives of a file that it cannot show, and beside the part of a long answer.
    pub(super) async fn outcome(
        &self,
        mut answer: Answer,
        fields: Option<&(Value, Fields)>,
        repeated: Option<Repeated>,
        answered: Answered<'_>,
    ) -> Outcome {
        if let Some(repeated) = &repeated
            && let Some(described) = self.unshown(&answer)
            && let Some(link) = Box::pin(self.link(repeated, described, answered.caller)).await
        {
            let notes = Notes::new(&answer, false, self.limits.view(1) / 4);
            return self.linked(answer.status, link, notes, answered);
        }
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
            Made::Whole(outcome, rules) => (*outcome, rules),
            Made::TooLong(answer, content) => {
                let link = Box::pin(self.whole(&answer, &content, repeated, answered)).await;
                let divided = offload::run(true, || {
                    self.divided(*answer, content, &absent, link, answered)
                });
                Box::pin(self.keep(divided, answered)).await
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
        link: Option<FileLink>,
        answered: Answered<'_>,
    ) -> Divided {
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
        if let Some(link) = &link {
            notes.add_link(link);
        }
        let room = most.saturating_sub(NOTES + notes.length() + next_length);
        let room = room.max(most / 4);
        let divided = shape::divide(content, answer.status, next_page.clone(), room);
        let Division { first, rest } = divided;
        let has_rest = !rest.is_empty();
        let rest = match has_rest && !callable.takes(shape::CURSOR) {
            true => self.keeper.seal(rest, callable.tool().name(), caller),
            false => None,
        };
        Divided {
            first,
            has_rest,
            rest,
            next_page,
            notes,
            link,
        }
    }

    /// Keeps the rest of an answer, and makes an outcome of its first part.
    async fn keep(&self, divided: Divided, answered: Answered<'_>) -> (Outcome, Vec<String>) {
        let Answered {
            callable, caller, ..
        } = answered;
        let Divided {
            mut first,
            has_rest,
            rest,
            next_page,
            notes,
            link,
        } = divided;
        let cursor = match rest {
            Some(rest) => self.keeper.keep(rest, caller, self.store()).await,
            None => None,
        };
        if let (None, true, Some(span)) = (&cursor, has_rest, &first.span) {
            first.after = After::Lost(span.of - span.to, next_page);
        }
        let most = self.limits.view(2);
        let (outcome, rules) = Outcome::of_part(first, cursor, notes, callable.output(), most);
        (Outcome { link, ..outcome }, rules)
    }

    /// Describes an answer that clients cannot show: a file that is neither image nor sound, and a large one
    /// that is.
    fn unshown<'a>(&self, answer: &'a Answer) -> Option<Described<'a>> {
        let (links, _) = self.file_links()?;
        let (media_type, bytes) = match &answer.body {
            Body::Binary { media_type, bytes } => (media_type, bytes),
            Body::Image { media_type, bytes } | Body::Audio { media_type, bytes }
                if bytes.len() > links.link_above =>
            {
                (media_type, bytes)
            }
            _ => return None,
        };
        let bytes = bytes.len() as u64;
        Some(Described {
            media_type,
            bytes: answer.truncated.is_none().then_some(bytes),
        })
    }

    /// Reports why a call failed, or makes a link of the file that is larger than this server reads.
    ///
    /// # Errors
    /// Where no link is made of it.
    pub(super) async fn failed(
        &self,
        error: &UpstreamError,
        operation: &'static Operation,
        repeated: Option<Repeated>,
        answered: Answered<'_>,
    ) -> Result<Outcome, CallError> {
        if let (Cause::TooLarge(file), Some(repeated)) = (error.cause(), repeated) {
            let described = Described {
                media_type: &file.media_type,
                bytes: file.length,
            };
            let link = Box::pin(self.link(&repeated, described, answered.caller)).await;
            if let Some(link) = link {
                let status = file.status.as_u16();
                return Ok(self.linked(status, link, Notes::default(), answered));
            }
        }
        let id = answered.id.as_str();
        Err(CallError::of_upstream(error, operation, id))
    }

    fn linked(
        &self,
        status: u16,
        link: FileLink,
        notes: Notes,
        Answered { callable, id, .. }: Answered<'_>,
    ) -> Outcome {
        let most = self.limits.view(1);
        let (outcome, rules) = Outcome::of_link(status, link, notes, callable.output(), most);
        report_unfit(callable, &rules, id);
        outcome
    }

    /// Makes a link to the whole of an answer that a client receives in parts, where that is long or not
    /// even this server has read it as a whole.
    async fn whole(
        &self,
        answer: &Answer,
        content: &PartContent,
        repeated: Option<Repeated>,
        answered: Answered<'_>,
    ) -> Option<FileLink> {
        let (repeated, (links, _)) = (repeated?, self.file_links()?);
        let (media_type, length) = match content {
            PartContent::Json(value) => {
                let length = offload::run(true, || shape::length(value));
                (mime::APPLICATION_JSON, length)
            }
            PartContent::Text(text) => (mime::TEXT_PLAIN, text.len()),
        };
        if length <= links.link_above && answer.truncated.is_none() {
            return None;
        }
        let described = Described {
            media_type: media_type.as_ref(),
            bytes: None,
        };
        self.link(&repeated, described, answered.caller).await
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
    pub(super) async fn continued(
        &self,
        cursor: &Value,
        answered: Answered<'_>,
    ) -> Result<Outcome, CallError> {
        let Answered {
            callable,
            caller,
            id,
            ..
        } = answered;
        let tool = callable.tool().name();
        let cursor = cursor.as_str().unwrap_or_default();
        let found = self.keeper.part(cursor, tool, caller, self.store()).await;
        let found = found.map_err(|error| {
            tracing::error!(request_id = %id, %error, "the store failed");
            let message = "This server cannot look up the rest of the answer at the moment.";
            CallError {
                retryable: true,
                ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
            }
        })?;
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
            return Err(error);
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
