//! `[quota]`: how much workspaces may use in a day or a month.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ConfigError;
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

/// The largest quota: rows of the store hold all that may be added to it.
const MOST: u64 = 1_000_000_000_000;

impl QuotaSettings {
    /// Checks the bounds of numbers, and that plans that are named exist.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (name, plan) in &self.plans {
            within(&format!("quota.plans.{name}.limit"), plan.limit, 1..=MOST)?;
        }
        if let Some(name) = &self.default_plan {
            self.check_plan("quota.default_plan", name)?;
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
