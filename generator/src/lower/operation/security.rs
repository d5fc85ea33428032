//! Security schemes and what operations require of them.

use super::text;
use crate::ir::{In, SecurityKind, SecurityScheme};
use crate::lower::context::Context;
use crate::openapi::Node;

/// How many schemes an operation's alternatives name at most, together. Every operation has its
/// own list, so without a bound the crate grows with the product of operations and alternatives.
const MAX_NAMED: usize = 64;

/// The schemes that a description declares, by name.
pub(crate) fn schemes(cx: &mut Context, root: &Node) -> Vec<SecurityScheme> {
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

/// Alternatives (OR) of sets of schemes (AND), and the scopes that each of the schemes asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requirements {
    pub(crate) schemes: Vec<Vec<String>>,
    pub(crate) scopes: Vec<Vec<Vec<String>>>,
}

impl Requirements {
    fn push(&mut self, alternative: Vec<(String, Vec<String>)>) {
        let (schemes, scopes) = alternative.into_iter().unzip();
        self.schemes.push(schemes);
        self.scopes.push(scopes);
    }
}

/// The alternatives that `owner` requires; none if it says nothing about security.
///
/// What is written wrongly is kept, as an alternative that nothing can satisfy: dropped, it would
/// make the operation one that needs no credential.
pub(crate) fn requirements(
    cx: &mut Context,
    owner: &Node,
    schemes: &[SecurityScheme],
) -> Option<Requirements> {
    let security = owner.get("security")?;
    let alternatives = if security.value.is_array() {
        owner.items("security")
    } else {
        cx.warn(
            security.at.as_str(),
            "the security requirements are no list; they are taken as the only one",
            "list the alternatives, as in `security: [{key: []}]`",
        );
        vec![security]
    };
    let mut kept = Requirements::default();
    let mut named = 0;
    for node in &alternatives {
        named += node.object().map_or(1, |schemes| schemes.len().max(1));
        if named > MAX_NAMED {
            cx.warn(
                node.at.as_str(),
                format!(
                    "the alternatives name more than {MAX_NAMED} schemes; this one and those behind it cannot be used"
                ),
                "list those first that are used",
            );
            break;
        }
        kept.push(alternative(cx, node, schemes));
    }
    // What is left must not be an operation that needs no credential.
    if kept.schemes.is_empty() && named > 0 {
        kept.push(vec![(format!("more than {MAX_NAMED} schemes"), Vec::new())]);
    }
    Some(kept)
}

/// The schemes of a Security Requirement Object, and their scopes.
fn alternative(
    cx: &mut Context,
    node: &Node,
    schemes: &[SecurityScheme],
) -> Vec<(String, Vec<String>)> {
    if node.object().is_none() {
        cx.warn(
            node.at.as_str(),
            "the security requirement is no object; it is taken as the name of a scheme",
            "map the names of schemes to scopes, as in `{key: []}`",
        );
        return vec![(text::scalar(node.value), Vec::new())];
    }
    let entries = node.entries().into_iter();
    entries
        .map(|(name, scopes)| {
            // Schemes are sorted by name.
            let declared = schemes.binary_search_by(|scheme| scheme.name.as_str().cmp(name));
            if declared.is_err() {
                cx.warn(
                    scopes.at.as_str(),
                    format!(
                        "the security scheme `{name}` is not declared; what needs it cannot be used"
                    ),
                    "declare it under `components.securitySchemes`",
                );
            }
            let listed = scopes.value.as_array().into_iter().flatten();
            (name.to_owned(), listed.map(text::scalar).collect())
        })
        .collect()
}
