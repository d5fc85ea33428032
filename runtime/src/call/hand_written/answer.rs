//! What handlers return.

use serde::Serialize;
use serde_json::Value;

use crate::upstream::{Answer, Body};

/// A value as the JSON answer of a tool.
///
/// ```
/// use runtime::codegen::{IntoAnswer, Json};
///
/// let answer = Json(vec![1, 2, 3]).into_answer().unwrap();
/// assert_eq!(answer.status, 200);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// What a handler of a tool can return: JSON, a text, nothing, or the [`Answer`] of an operation as
/// it came.
pub trait IntoAnswer {
    /// Makes the answer.
    ///
    /// # Errors
    /// Where a value has no JSON form, such as a map with keys that are no text.
    fn into_answer(self) -> Result<Answer, serde_json::Error>;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(self)
    }
}

impl<T: Serialize> IntoAnswer for Json<T> {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(of(Body::Json(serde_json::to_value(self.0)?)))
    }
}

impl IntoAnswer for Value {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(of(Body::Json(self)))
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(of(Body::Text(self)))
    }
}

impl IntoAnswer for &'static str {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        self.to_owned().into_answer()
    }
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(of(Body::Empty))
    }
}

fn of(body: Body) -> Answer {
    Answer {
        status: 200,
        body,
        fields: Vec::new(),
        next_page: None,
        upstream_request_id: None,
        truncated: None,
    }
}
