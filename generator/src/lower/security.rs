//! Security schemes and requirements.

use indexmap::IndexMap;
use openapiv3 as v3;
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{In, SecurityKind, SecurityRequirement, SecurityScheme};
use crate::openapi::join;

/// The schemes that calls can satisfy.
pub(super) fn schemes(
    declared: &IndexMap<String, Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<SecurityScheme> {
    let mut schemes = Vec::new();
    for (name, scheme) in declared {
        match kind(scheme) {
            Some(kind) => schemes.push(SecurityScheme { name: name.clone(), kind }),
            None => diagnostics.push(Diagnostic::warning(
                join("/components/securitySchemes", name),
                "the security scheme is of no known type and is ignored",
                "`type` is apiKey, http, oauth2, openIdConnect or mutualTLS, with the fields it needs",
            )),
        }
    }
    schemes
}

fn kind(scheme: &Value) -> Option<SecurityKind> {
    let text = |field: &str| scheme.get(field).and_then(Value::as_str);
    match text("type")? {
        "apiKey" => {
            let location = match text("in")? {
                "header" => In::Header,
                "query" => In::Query,
                "cookie" => In::Cookie,
                _ => return None,
            };
            Some(SecurityKind::ApiKey {
                location,
                name: text("name")?.to_owned(),
            })
        }
        "http" => Some(match text("scheme")?.to_ascii_lowercase().as_str() {
            "basic" => SecurityKind::Basic,
            "bearer" => SecurityKind::Bearer,
            _ => SecurityKind::Http(text("scheme")?.to_owned()),
        }),
        "oauth2" | "openIdConnect" => Some(SecurityKind::Bearer),
        "mutualTLS" => Some(SecurityKind::MutualTls),
        _ => None,
    }
}

/// The alternatives that hold for an operation. One that names a scheme nobody declared could
/// never be satisfied and is left out.
pub(super) fn requirements(
    alternatives: &[v3::SecurityRequirement],
    schemes: &[SecurityScheme],
    at: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Vec<SecurityRequirement>> {
    let known = |name: &str| schemes.iter().any(|scheme| scheme.name == name);
    let mut kept = Vec::new();
    for alternative in alternatives {
        match alternative.keys().find(|name| !known(name)) {
            Some(unknown) => diagnostics.push(Diagnostic::warning(
                at,
                format!("the security requirement `{unknown}` names no declared scheme; the alternative is left out"),
                "declare it under components.securitySchemes",
            )),
            None => kept.push(
                alternative
                    .iter()
                    .map(|(scheme, scopes)| SecurityRequirement {
                        scheme: scheme.clone(),
                        scopes: scopes.clone(),
                    })
                    .collect(),
            ),
        }
    }
    kept
}
