//! Which workspace has which plan, as the configuration says.

use serde_json::{Map, Value};

use crate::call::{PlanPlace, PlanRequest};
use crate::config::{ConfigError, MOST_OF_A_QUOTA, PlanFrom, QuotaPlan, QuotaSettings};
use crate::limit::{Quota, QuotaRules};
use crate::operation::Catalog;

fn quota(plan: QuotaPlan) -> Quota {
    let QuotaPlan { limit, period } = plan;
    Quota { limit, period }
}

/// The plans that the configuration names. `asks`: the API is asked for all others.
pub(super) fn rules(settings: &QuotaSettings, asks: bool) -> QuotaRules {
    let plan = |name: &String| settings.plan(name).map(quota);
    let named = settings.workspaces.iter();
    QuotaRules {
        named: named.map(|(id, name)| (id.clone(), plan(name))).collect(),
        others: settings.default_plan.as_ref().and_then(plan),
        asks,
    }
}

/// The request that asks for plans, where one is configured.
///
/// # Errors
/// Where its operation does not exist.
pub(super) fn request(
    catalog: &'static Catalog,
    settings: &QuotaSettings,
) -> Result<Option<PlanRequest>, ConfigError> {
    let Some(from) = &settings.plan_from else {
        return Ok(None);
    };
    let mut operations = catalog.operations.iter().copied().flatten().copied();
    let operation = operations.find(|it| it.name == from.operation);
    let operation = operation.ok_or_else(|| {
        let message = format!("there is no tool `{}` of an operation", from.operation);
        ConfigError::new("quota.plan_from.operation", message)
    })?;
    Ok(place(from, settings).map(|place| PlanRequest {
        operation,
        arguments: match &from.arguments {
            Some(Value::Object(arguments)) => arguments.clone(),
            _ => Map::new(),
        },
        place,
        most: MOST_OF_A_QUOTA,
    }))
}

fn place(from: &PlanFrom, settings: &QuotaSettings) -> Option<PlanPlace> {
    if let Some(pointer) = &from.plan {
        let plans = settings.plans.iter();
        let plans = plans.map(|(name, plan)| (name.clone(), quota(*plan)));
        return Some(PlanPlace::Name(pointer.0.clone(), plans.collect()));
    }
    let pointer = from.limit.as_ref()?;
    Some(PlanPlace::Limit(pointer.0.clone(), from.period?))
}
