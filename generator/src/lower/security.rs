//! Security schemes and what operations require of them.

use serde_json::Value;

use super::context::Context;
use crate::ir::{In, SecurityKind, SecurityRequirement, SecurityScheme};
use crate::openapi::Node;

/// The schemes that a description declares, by name.
pub(super) fn schemes(cx: &mut Context, root: &Node) -> Vec<SecurityScheme> {
    let declared = root
        .get("components")
        .map(|node| node.members("securitySchemes"));
    let mut schemes = Vec::new();
    for (name, node) in declared.unwrap_or_default() {
        let node = match cx.document.resolve(node) {
            Ok(node) => node,
            Err(found) => {
                cx.report(found);
                continue;
            }
        };
        match kind(&node) {
            Some(kind) => schemes.push(SecurityScheme {
                name: name.to_owned(),
                kind,
            }),
            None => cx.warn(
                node.at,
                format!("the security scheme `{name}` is of no known type; it is not used"),
                "use apiKey, http, oauth2, openIdConnect or mutualTLS, with what each needs",
            ),
        }
    }
    schemes.sort_by(|a, b| a.name.cmp(&b.name));
    schemes
}

fn kind(node: &Node) -> Option<SecurityKind> {
    match node.text("type")? {
        "apiKey" => {
            let location = match node.text("in")? {
                "header" => In::Header,
                "query" => In::Query,
                "cookie" => In::Cookie,
                _ => return None,
            };
            let name = node
                .text("name")
                .filter(|name| !name.is_empty())?
                .to_owned();
            Some(SecurityKind::ApiKey { location, name })
        }
        "http" => {
            let scheme = node.text("scheme")?;
            Some(match scheme.to_ascii_lowercase().as_str() {
                "basic" => SecurityKind::Basic,
                "bearer" => SecurityKind::Bearer,
                _ => SecurityKind::Http(scheme.to_owned()),
            })
        }
        "oauth2" | "openIdConnect" => Some(SecurityKind::Bearer),
        "mutualTLS" => Some(SecurityKind::MutualTls),
        _ => None,
    }
}

/// The alternatives that `owner` requires; none if it says nothing about security.
pub(super) fn requirements(
    cx: &mut Context,
    owner: &Node,
    schemes: &[SecurityScheme],
) -> Option<Vec<Vec<SecurityRequirement>>> {
    owner.get("security")?;
    let mut alternatives = Vec::new();
    for node in owner.items("security") {
        let mut alternative = Vec::new();
        let mut known = node.object().is_some();
        for (name, scopes) in node.entries() {
            if !schemes.iter().any(|scheme| scheme.name == name) {
                cx.warn(
                    scopes.at.as_str(),
                    format!(
                        "the security scheme `{name}` is not declared; what needs it is dropped"
                    ),
                    "declare it under `components.securitySchemes`",
                );
                known = false;
            }
            let scopes = scopes.value.as_array().into_iter().flatten();
            alternative.push(SecurityRequirement {
                scheme: name.to_owned(),
                scopes: scopes
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            });
        }
        if known {
            alternatives.push(alternative);
        }
    }
    Some(alternatives)
}
