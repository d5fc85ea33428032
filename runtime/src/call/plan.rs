//! The plan of a workspace, as the API says it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::hand_written::{Counts, Operations};
use crate::limit::{PlanAnswer, Quota};
use crate::model::{AccessContext, QuotaPeriod};
use crate::operation::{Access, Operation};
use crate::request_id::RequestId;
use crate::upstream::Body;

/// How long a call waits for the API to answer.
const LONGEST: Duration = Duration::from_secs(5);
/// The most characters of a plan's name that the log repeats.
const REPEATED: usize = 60;

/// The request that asks for a plan.
#[derive(Clone, Debug)]
pub(crate) struct PlanRequest {
    /// An operation that only reads.
    pub(crate) operation: &'static Operation,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) place: PlanPlace,
    /// The largest limit.
    pub(crate) most: u64,
}

/// Where the answer has the plan, each time as a JSON Pointer.
#[derive(Clone, Debug)]
pub(crate) enum PlanPlace {
    /// The name of one of these plans.
    Name(String, BTreeMap<String, Quota>),
    /// The number of calls in a period of this length.
    Limit(String, QuotaPeriod),
}

impl PlanRequest {
    /// Checks that the request can be made.
    ///
    /// # Errors
    /// Where its operation may change something, or its arguments do not fit: the key, and what is
    /// wrong.
    pub(super) fn check(&self, operations: &Operations) -> Result<(), (&'static str, String)> {
        let callable = operations.callable(self.operation);
        if callable.tool().access() != Access::Read {
            let message = "may change something; name an operation that only reads";
            return Err(("operation", message.to_owned()));
        }
        let checked = callable.input().check(self.arguments.clone());
        checked.map_err(|violations| ("arguments", violations.to_string()))?;
        Ok(())
    }

    /// Asks the API for the plan of the workspace of a caller, with the caller's credentials. The
    /// request is neither counted nor recorded.
    pub(super) async fn ask(
        &self,
        operations: &Operations,
        caller: &AccessContext,
        id: &RequestId,
    ) -> PlanAnswer {
        let callable = operations.callable(self.operation);
        let (arguments, counts) = (self.arguments.clone(), Counts::apart());
        let asked = operations.call(&callable, arguments, (caller, id), &counts);
        let read = match tokio::time::timeout(LONGEST, asked).await {
            Ok(Ok(answer)) => self.read(&answer.body),
            Ok(Err(error)) => Err(format!("it is answered with an error: {}", error.kind)),
            Err(_) => Err("it takes too long".to_owned()),
        };
        read.map_or_else(
            |reason| {
                let operation = self.operation.name;
                tracing::warn!(
                    request_id = %id, operation, reason,
                    "the plan of a workspace is not known: the last known one counts, or the default"
                );
                PlanAnswer::Unknown
            },
            PlanAnswer::Plan,
        )
    }

    /// Reads the plan in an answer.
    ///
    /// # Errors
    /// Where there is none.
    fn read(&self, body: &Body) -> Result<Option<Quota>, String> {
        let Body::Json(answer) = body else {
            return Err("the answer is no JSON".to_owned());
        };
        let found = |pointer: &str| {
            let found = answer.pointer(pointer);
            found.ok_or_else(|| format!("the answer has nothing at {pointer}"))
        };
        match &self.place {
            PlanPlace::Name(pointer, plans) => {
                let name = found(pointer)?.as_str();
                let name = name.ok_or_else(|| format!("the answer has no text at {pointer}"))?;
                let plan = plans.get(name).copied().map(Some);
                plan.ok_or_else(|| {
                    let name: String = name.chars().take(REPEATED).collect();
                    format!("no plan `{name}` is configured")
                })
            }
            PlanPlace::Limit(pointer, period) => match found(pointer)? {
                Value::Null => Ok(None),
                limit => {
                    let limit = limit.as_u64();
                    let limit =
                        limit.ok_or_else(|| format!("the answer has no number at {pointer}"))?;
                    Ok(Some(Quota {
                        limit: limit.min(self.most),
                        period: *period,
                    }))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(place: PlanPlace, answer: Value) -> Result<Option<Quota>, String> {
        let request = PlanRequest {
            operation: &Operation::BASE,
            arguments: Map::new(),
            place,
            most: 1000,
        };
        request.read(&Body::Json(answer))
    }

    #[test]
    fn plan_is_read_by_its_name_or_its_limit() {
        let pro = Quota {
            limit: 7,
            period: QuotaPeriod::Month,
        };
        let name = || {
            let plans = BTreeMap::from([("pro".to_owned(), pro)]);
            PlanPlace::Name("/plan/name".to_owned(), plans)
        };
        let limit = || PlanPlace::Limit("/calls".to_owned(), QuotaPeriod::Day);
        let a_day = |limit| {
            let period = QuotaPeriod::Day;
            Ok(Some(Quota { limit, period }))
        };
        assert_eq!(
            read(name(), json!({"plan": {"name": "pro"}})),
            Ok(Some(pro))
        );
        assert_eq!(read(limit(), json!({"calls": 12})), a_day(12));
        assert_eq!(read(limit(), json!({"calls": 5000})), a_day(1000));
        assert_eq!(read(limit(), json!({"calls": null})), Ok(None));
        for (place, answer, reason) in [
            (name(), json!({"plan": {"name": "gold"}}), "no plan `gold`"),
            (
                name(),
                json!({"plan": {"name": 1}}),
                "no text at /plan/name",
            ),
            (name(), json!({}), "nothing at /plan/name"),
            (limit(), json!({"calls": "12"}), "no number at /calls"),
            (limit(), json!({"calls": -1}), "no number at /calls"),
            (limit(), json!([]), "nothing at /calls"),
        ] {
            let error = read(place, answer).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
