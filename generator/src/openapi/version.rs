//! Versions of the OpenAPI Specification.

use serde_json::Value;

use super::node::kind;
use super::other;

/// What version of the OpenAPI Specification a description follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// Swagger 2.0: as 3.0, once it is brought into its shape.
    V2_0,
    /// 3.0: schemas of its own dialect.
    V3_0,
    /// 3.1: schemas of JSON Schema 2020-12.
    V3_1,
    /// 3.2: as 3.1, with more methods and a parameter for the whole query string.
    V3_2,
}

/// What version a text claims to follow, or what it is instead.
pub(super) fn of(root: &Value) -> Result<Version, String> {
    let Some(root) = root.as_object() else {
        return Err(format!(
            "no OpenAPI description: {} where an object with the field `openapi` is expected",
            kind(root)
        ));
    };
    let text = |field: &str| {
        root.get(field).map(|value| match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        })
    };
    if let Some(version) = text("openapi") {
        let is = |minor: &str| {
            let rest = version.strip_prefix(minor);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        };
        return match () {
            () if is("3.0") => Ok(Version::V3_0),
            () if is("3.1") => Ok(Version::V3_1),
            () if is("3.2") => Ok(Version::V3_2),
            () => Err(format!(
                "OpenAPI {version} is not read; 3.0, 3.1 and 3.2 are"
            )),
        };
    }
    if let Some(version) = text("swagger") {
        return match version.as_str() {
            "2.0" | "2" => Ok(Version::V2_0),
            _ => Err(format!(
                "Swagger {version} is not read; 2.0 and OpenAPI 3.0 to 3.2 are"
            )),
        };
    }
    Err(other::object(root).unwrap_or_else(|| {
        "no OpenAPI description: the field `openapi` with the version is missing".to_owned()
    }))
}
