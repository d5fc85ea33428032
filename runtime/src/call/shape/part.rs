//! A part of an answer, as much as a client can read at once.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A part of an answer.
#[derive(Debug)]
pub(in crate::call) struct Part {
    /// HTTP status of the answer.
    pub(in crate::call) status: u16,
    pub(in crate::call) content: PartContent,
    /// Which part of a list or a text it is; none of an answer that was only cut.
    pub(in crate::call) span: Option<Span>,
    /// What in it was cut, as a sentence and as data.
    pub(in crate::call) cuts: Option<(String, Value)>,
    pub(in crate::call) after: After,
}

/// The content of a part.
#[derive(Debug)]
pub(in crate::call) enum PartContent {
    Json(Value),
    Text(String),
}

/// Which part of a list or a text this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::call) struct Span {
    /// The JSON pointer of the list; none where it is a text.
    pub(in crate::call) list: Option<String>,
    /// The place of the first item or character, counted from 1.
    pub(in crate::call) from: usize,
    /// The place of the last one.
    pub(in crate::call) to: usize,
    /// How many there are in all.
    pub(in crate::call) of: usize,
}

/// What follows a part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::call) enum After {
    /// Another part.
    Part,
    /// Nothing more of this answer; the API may have a next page, which takes these arguments.
    #[default]
    Nothing,
    Page(Map<String, Value>),
    /// So many items or characters that are not kept, and the API's next page after them, where
    /// there is one.
    Lost(usize, Option<Map<String, Value>>),
}

/// A part without its content, as it is kept.
#[derive(Serialize, Deserialize)]
struct Frame<'p> {
    status: u16,
    is_text: bool,
    span: Cow<'p, Option<Span>>,
    cuts: Cow<'p, Option<(String, Value)>>,
    after: Cow<'p, After>,
}

/// What is between the frame of a kept part and its content. JSON has no such byte.
const END_OF_FRAME: u8 = b'\n';

impl Part {
    /// Returns the bytes of a part that is to be kept. Those of the content are of its own: within
    /// other JSON, some of it would be nested too deep to be read back, and a text would be longer.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let frame = Frame {
            status: self.status,
            is_text: matches!(self.content, PartContent::Text(_)),
            span: Cow::Borrowed(&self.span),
            cuts: Cow::Borrowed(&self.cuts),
            after: Cow::Borrowed(&self.after),
        };
        let mut bytes = serde_json::to_vec(&frame).ok()?;
        bytes.push(END_OF_FRAME);
        match &self.content {
            PartContent::Json(value) => serde_json::to_writer(&mut bytes, value).ok()?,
            PartContent::Text(text) => bytes.extend_from_slice(text.as_bytes()),
        }
        Some(bytes)
    }

    /// Reads a part that was kept.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Part> {
        let end = bytes.iter().position(|byte| *byte == END_OF_FRAME)?;
        let (frame, content) = bytes.split_at_checked(end)?;
        let content = content.get(1..)?;
        let frame: Frame<'_> = serde_json::from_slice(frame).ok()?;
        Some(Part {
            status: frame.status,
            content: match frame.is_text {
                true => PartContent::Text(std::str::from_utf8(content).ok()?.to_owned()),
                false => PartContent::Json(serde_json::from_slice(content).ok()?),
            },
            span: frame.span.into_owned(),
            cuts: frame.cuts.into_owned(),
            after: frame.after.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(content: PartContent) -> Part {
        Part {
            status: 200,
            content,
            span: Some(Span {
                list: Some("/a\nb".to_owned()),
                from: 1,
                to: 2,
                of: 3,
            }),
            cuts: Some(("Cut.".to_owned(), json!([]))),
            after: After::Lost(1, Some(Map::new())),
        }
    }

    #[test]
    fn kept_part_is_read_back_however_deep_its_content_is() {
        // The deepest JSON that is read of an API.
        let deepest = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let value: Value = serde_json::from_str(&deepest).unwrap();
        let kept = part(PartContent::Json(value.clone()));
        let read = Part::from_bytes(&kept.to_bytes().unwrap()).unwrap();
        assert!(matches!(read.content, PartContent::Json(read) if read == value));
        assert_eq!((read.span, read.cuts), (kept.span, kept.cuts));
        assert!(matches!(read.after, After::Lost(1, Some(_))));
    }

    #[test]
    fn kept_text_has_the_bytes_of_the_text() {
        let text = "\u{1}\n".repeat(5_000);
        let bytes = part(PartContent::Text(text.clone())).to_bytes().unwrap();
        assert!(bytes.len() < text.len() + 500, "{}", bytes.len());
        let read = Part::from_bytes(&bytes).unwrap();
        assert!(matches!(read.content, PartContent::Text(read) if read == text));
    }
}
