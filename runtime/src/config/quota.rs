//! `[quota]`: how much workspaces may use in a day or a month.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::ConfigError;
use super::mint::{self, Pointer};
use super::value::{self, within};
use crate::model::QuotaPeriod;

/// How much workspaces may use in a day or a month. Without a plan, a workspace may use as much as its
/// rate allows. A call of a tool counts as 1, or as what `x-mcp: {cost: …}` says of its operation.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaSettings {
    /// The plan of every workspace that `workspaces` does not name.
    pub default_plan: Option<String>,
    /// The plans, by their names. `limit` is 1 to 1,000,000,000,000. A period begins at midnight UTC, and
    /// that of a month on its first day.
    pub plans: BTreeMap<String, QuotaPlan>,
    /// The plans of single workspaces, by the ids that `workspaces` prints.
    pub workspaces: BTreeMap<String, String>,
    /// The operation of the API that is asked for the plans of all workspaces that `workspaces` does not
    /// name. The answer is believed for a minute. While the API does not answer, its last answer counts,
    /// and before the first one `default_plan`.
    pub plan_from: Option<PlanFrom>,
    /// The page on which a person gets a larger quota. The error of a call beyond the quota names it.
    #[serde(
        deserialize_with = "value::link",
        serialize_with = "value::url_as_text"
    )]
    pub upgrade_url: Option<Url>,
}

/// How much a workspace may use in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaPlan {
    /// The calls that are allowed in a period.
    pub limit: u64,
    /// How long a period is.
    pub period: QuotaPeriod,
}

/// How the API is asked for the plan of a workspace: by one request, with the credentials of the call
/// that waits for the answer. One of `plan` and `limit` says where the plan is in the answer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFrom {
    /// The tool whose operation is asked. It only reads.
    pub operation: String,
    /// The arguments that it is called with, as its tool takes them.
    #[serde(default, serialize_with = "mint::body")]
    pub arguments: Option<Value>,
    /// Where the answer has the name of one of the `plans`.
    pub plan: Option<Pointer>,
    /// Where the answer has the number of calls that are allowed in a period; `null` there means that
    /// there is no limit.
    pub limit: Option<Pointer>,
    /// How long a period is, with `limit`.
    pub period: Option<QuotaPeriod>,
}

/// The largest quota: rows of the store hold all that may be added to it.
pub(crate) const MOST_OF_A_QUOTA: u64 = 1_000_000_000_000;

impl QuotaSettings {
    /// Reports whether any workspace has a plan.
    pub(crate) fn is_set(&self) -> bool {
        self.default_plan.is_some() || self.plan_from.is_some() || !self.workspaces.is_empty()
    }

    /// Checks the bounds of numbers, and that plans that are named exist.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (name, plan) in &self.plans {
            within(
                &format!("quota.plans.{name}.limit"),
                plan.limit,
                1..=MOST_OF_A_QUOTA,
            )?;
        }
        if let Some(name) = &self.default_plan {
            self.check_plan("quota.default_plan", name)?;
        }
        if let Some(request) = &self.plan_from {
            request.check()?;
        }
        self.workspaces.iter().try_for_each(|(workspace, name)| {
            self.check_plan(&format!("quota.workspaces.{workspace}"), name)
        })
    }

    fn check_plan(&self, key: &str, name: &str) -> Result<(), ConfigError> {
        if self.plans.contains_key(name) {
            return Ok(());
        }
        let message = format!("there is no plan `{name}`; write it under [quota.plans.{name}]");
        Err(ConfigError::new(key, message))
    }

    /// Returns the plan of this name.
    pub(crate) fn plan(&self, name: &str) -> Option<QuotaPlan> {
        self.plans.get(name).copied()
    }
}

impl PlanFrom {
    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |key: &str, message: &str| {
            Err(ConfigError::new(format!("quota.plan_from{key}"), message))
        };
        match (&self.plan, &self.limit, self.period) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            (None, Some(_), None) => {
                return invalid(
                    ".period",
                    "is missing: write `day` or `month` beside `limit`",
                );
            }
            (Some(_), None, Some(_)) => {
                return invalid(
                    ".period",
                    "has no effect beside `plan`: each plan has its own",
                );
            }
            (Some(_), Some(_), _) | (None, None, _) => {
                return invalid("", "has to have one of `plan` and `limit`");
            }
        }
        match &self.arguments {
            Some(arguments) if !arguments.is_object() => invalid(
                ".arguments",
                "is no table; write one like `{ include = \"plan\" }`",
            ),
            _ => Ok(()),
        }
    }
}
