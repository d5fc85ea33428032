//! Takes secrets out of what an API says, in every form in which it may repeat them.
//!
//! An answer is searched once, as bytes, for all secrets in all their spellings at the same time. Only
//! where it has escapes, the same search is made once more without them.

mod escape;
mod secrets;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use memchr::memmem::{self, Finder};
use serde_json::{Map, Value};

use self::escape::Plain;
pub(crate) use self::secrets::{SHORTEST, Secrets};
use self::secrets::{Spelling, spellings};
pub(crate) use self::stream::RedactedStream;
use crate::secret::Secret;

/// The shortest beginning of a secret that is taken out where an answer was cut within it.
const SHORTEST_PART: usize = 4;
/// The text that replaces a secret.
const MARK: &str = "[secret]";
/// How many times escapes within escapes are undone.
const ROUNDS: usize = 3;
/// How much of an answer is looked at without its escapes at a time, in bytes.
const WINDOW: usize = 64 * 1024;

/// Takes secrets out of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Redactor {
    secrets: Arc<Secrets>,
    /// The secrets of this call alone, in their spellings.
    own: Vec<Finder<'static>>,
    /// The length of the longest spelling.
    longest: usize,
}

/// How an answer lies in what it is a part of: whether it may begin, and end, within a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edges {
    pub(crate) begins_within: bool,
    pub(crate) ends_within: bool,
}

impl Redactor {
    /// Looks for `secrets`.
    pub(crate) fn new(secrets: Arc<Secrets>) -> Redactor {
        Redactor {
            longest: secrets.longest,
            secrets,
            own: Vec::new(),
        }
    }

    /// Adds a secret of this call alone.
    pub(crate) fn add(&mut self, secret: &Secret) {
        for spelling in spellings(secret.expose()) {
            self.add_spelling(&spelling);
        }
    }

    /// Adds a part of a token of this call alone, which is looked for as it is.
    pub(crate) fn add_token(&mut self, part: &str) {
        self.add_spelling(part.as_bytes());
    }

    fn add_spelling(&mut self, spelling: &[u8]) {
        self.longest = self.longest.max(spelling.len());
        self.own.push(Finder::new(spelling).into_owned());
    }

    /// Whether there is a secret in a text.
    pub(crate) fn finds(&self, text: &[u8]) -> bool {
        !self.find(text, Edges::default()).is_empty()
    }

    /// Marks the secrets in a text.
    pub(crate) fn text<'t>(&self, text: Cow<'t, str>, edges: Edges) -> Cow<'t, str> {
        let found = self.find(text.as_bytes(), edges);
        if found.is_empty() {
            return text;
        }
        let mut marked = String::with_capacity(text.len());
        let mut done = 0;
        for part in found {
            let start = text.floor_char_boundary(part.start).max(done);
            marked.push_str(text.get(done..start).unwrap_or_default());
            marked.push_str(MARK);
            done = text.ceil_char_boundary(part.end);
        }
        marked.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(marked)
    }

    /// Blanks the secrets in what is no text, so that all else stays at its place.
    pub(crate) fn bytes(&self, bytes: &Bytes, edges: Edges) -> Bytes {
        let found = self.find(bytes, edges);
        if found.is_empty() {
            return bytes.clone();
        }
        let mut blanked = bytes.to_vec();
        for part in found {
            if let Some(part) = blanked.get_mut(part) {
                part.fill(b'*');
            }
        }
        Bytes::from(blanked)
    }

    /// Marks the secrets in the strings, numbers and names of a JSON value.
    pub(crate) fn value(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if self.finds(number.as_str().as_bytes()) {
                    *value = Value::from(MARK);
                }
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.value(member));
                if members.keys().any(|name| self.finds(name.as_bytes())) {
                    *members = self.names(std::mem::take(members));
                }
            }
        }
    }

    /// Marks the secrets in a text, in place.
    pub(crate) fn string(&self, text: &mut String) {
        if let Cow::Owned(marked) = self.text(Cow::Borrowed(text), Edges::default()) {
            *text = marked;
        }
    }

    /// Marks the secrets in names. Two that become the same are numbered, so that none is lost.
    fn names(&self, members: Map<String, Value>) -> Map<String, Value> {
        let mut marked = Map::with_capacity(members.len());
        for (mut name, value) in members {
            self.string(&mut name);
            let mut unused = name.clone();
            let mut number = 2;
            while marked.contains_key(&unused) {
                unused = format!("{name} {number}");
                number += 1;
            }
            marked.insert(unused, value);
        }
        marked
    }

    /// Marks the secrets in the values of header fields.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        if self.is_idle() {
            return;
        }
        for value in headers.values_mut() {
            if value.len() < SHORTEST || !self.finds(value.as_bytes()) {
                continue;
            }
            let text = String::from_utf8_lossy(value.as_bytes());
            let text = self.text(text, Edges::default());
            *value =
                HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(MARK));
        }
    }

    /// Whether the name of a header field, which is always in lower case, has a secret in it.
    pub(crate) fn is_in_name(&self, name: &str) -> bool {
        let is_in = |spelling: Vec<u8>| memmem::find(name.as_bytes(), &spelling).is_some();
        let mut spellings = self.spellings().map(<[u8]>::to_ascii_lowercase);
        name.len() >= SHORTEST && spellings.any(is_in)
    }

    /// Whether there is nothing to look for.
    fn is_idle(&self) -> bool {
        self.longest == 0
    }

    /// Where secrets are: parts that neither overlap nor touch, in order.
    fn find(&self, text: &[u8], edges: Edges) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.is_idle() {
            return found;
        }
        self.find_spelled(text, |part| add(&mut found, part));
        for start in (0..text.len()).step_by(WINDOW) {
            let end = text.len().min(start + WINDOW + self.reach());
            let window = text.get(start..end).unwrap_or_default();
            // Where each byte came from is kept only where there is something to mark.
            if !self.is_behind_escapes(window) {
                continue;
            }
            each_plain(window, |plain| {
                self.find_spelled(&plain.bytes, |part| {
                    let place = plain.place(&part);
                    add(&mut found, start + place.start..start + place.end);
                });
            });
        }
        if edges.begins_within {
            found.extend(self.find_end_of_secret(text));
        }
        if edges.ends_within {
            found.extend(self.find_beginning_of_secret(text));
        }
        merged(found)
    }

    /// Whether there is a secret in a text without its escapes, or without those within them.
    fn is_behind_escapes(&self, text: &[u8]) -> bool {
        let mut plain = escape::undone(text);
        for _ in 0..ROUNDS {
            let Some(bytes) = plain else { break };
            if self.has_spelling(&bytes) {
                return true;
            }
            plain = escape::undone(&bytes);
        }
        false
    }

    /// Whether a spelling is in a text as it is.
    fn has_spelling(&self, text: &[u8]) -> bool {
        let own = || self.own.iter().any(|finder| finder.find(text).is_some());
        let common = match &self.secrets.any {
            Some(any) => any.is_match(text),
            None => {
                let mut spellings = self.secrets.spellings.iter();
                spellings.any(|it| memmem::find(text, &it.bytes).is_some())
            }
        };
        common || own()
    }

    /// How many bytes the longest spelling may take with its escapes.
    fn reach(&self) -> usize {
        2 * escape::LONGEST * self.longest
    }

    fn spellings(&self) -> impl Iterator<Item = &[u8]> {
        let common = self.secrets.spellings.iter().map(|it| it.bytes.as_slice());
        common.chain(self.own.iter().map(Finder::needle))
    }

    /// Reports where spellings are as they are.
    fn find_spelled(&self, text: &[u8], mut report: impl FnMut(Range<usize>)) {
        for finder in &self.own {
            let length = finder.needle().len();
            every(finder, text, |at| report(at..at + length));
        }
        let any = self.secrets.any.as_ref();
        if any.is_some_and(|any| !any.is_match(text)) {
            return;
        }
        for Spelling { bytes, begins } in &self.secrets.spellings {
            let mut done = 0;
            every(&Finder::new(bytes), text, |at| {
                let mut end = at + bytes.len();
                if *begins && at >= done {
                    let rest = text.get(end..).unwrap_or_default();
                    end += rest.iter().take_while(|byte| is_of_token(**byte)).count();
                    done = end;
                }
                report(at..end);
            });
        }
    }

    /// Where a text that was cut ends in the beginning of a secret.
    fn find_beginning_of_secret(&self, text: &[u8]) -> Option<Range<usize>> {
        let start = text.len().saturating_sub(self.reach());
        let tail = text.get(start..)?;
        let mut first = tail.len();
        let mut look = |bytes: &[u8], place: &dyn Fn(usize) -> usize| {
            for end in ends(bytes) {
                let end = bytes.get(..end).unwrap_or_default();
                for spelling in self.spellings() {
                    let lengths = SHORTEST_PART..spelling.len().min(end.len() + 1);
                    let length = lengths.rev().find(|it| end.ends_with(&spelling[..*it]));
                    if let Some(length) = length {
                        first = first.min(place(end.len() - length));
                    }
                }
            }
        };
        look(tail, &|at| at);
        each_plain(tail, |plain| {
            look(&plain.bytes, &|at| plain.place(&(at..at)).start);
        });
        (first < tail.len()).then(|| start + first..text.len())
    }

    /// Where a text that begins elsewhere begins with the end of a secret.
    fn find_end_of_secret(&self, text: &[u8]) -> Option<Range<usize>> {
        let head = text.get(..text.len().min(self.reach()))?;
        let mut last = 0;
        let mut look = |bytes: &[u8], place: &dyn Fn(usize) -> usize| {
            for spelling in self.spellings() {
                let starts = 1..(spelling.len() + 1).saturating_sub(SHORTEST_PART);
                let start = starts
                    .into_iter()
                    .find(|it| bytes.starts_with(&spelling[*it..]));
                if let Some(start) = start {
                    last = last.max(place(spelling.len() - start));
                }
            }
        };
        look(head, &|at| at);
        each_plain(head, |plain| {
            look(&plain.bytes, &|at| plain.place(&(0..at)).end);
        });
        (last > 0).then_some(0..last)
    }
}

/// Calls `see` with a text without its escapes, then without those within them.
fn each_plain(text: &[u8], mut see: impl FnMut(&Plain)) {
    let mut plain = escape::undo(text);
    for _ in 0..ROUNDS {
        let Some(view) = plain else { break };
        see(&view);
        plain = view.again();
    }
}

/// Where a text that was cut may really end: before what the cut left of an escape or a character.
fn ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let broken = bytes.strip_suffix("\u{fffd}".as_bytes()).map(<[u8]>::len);
    [Some(bytes.len()), escape::broken_end(bytes), broken]
        .into_iter()
        .flatten()
}

/// Reports every place at which something is found, those that overlap included.
fn every(finder: &Finder<'_>, text: &[u8], mut report: impl FnMut(usize)) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
        report(from + at);
        from += at + 1;
    }
}

/// Adds a part to others, as one with the last of them where it can be.
fn add(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if (last.start..=last.end).contains(&part.start) => {
            last.end = last.end.max(part.end);
        }
        _ => parts.push(part),
    }
}

/// What a token goes on with: base64 in either alphabet, and the dots of a JWT.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.+/=".contains(&byte)
}

/// Parts in order, those that overlap or touch as one.
fn merged(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.sort_unstable_by_key(|part| part.start);
    let mut merged = Vec::with_capacity(parts.len());
    for part in parts {
        add(&mut merged, part);
    }
    merged
}
