//! What openapiv3 says, in the words of the specification, with what would be right.

use super::kind::Kind;
use super::shell::Rejection;
use crate::diagnostic::Diagnostic;
use crate::openapi::join;

/// An object that is rejected, at the pointer `at`.
pub(super) fn rejection(kind: Kind, at: &str, rejection: Rejection) -> Diagnostic {
    let Rejection { field, reason } = rejection;
    let help = help(kind, field.as_deref(), &reason);
    let reason = reason_in_words(reason);
    let name = kind.name();
    match field {
        Some(field) => Diagnostic::error(
            join(at, &field),
            format!("strict readers reject `{field}` of the {name}: {reason}"),
            help,
        ),
        None => Diagnostic::error(
            at,
            format!("strict readers reject the {name}: {reason}"),
            help,
        ),
    }
}

/// A reference where there can be none.
pub(super) fn reference(at: &str, kind: Kind) -> Diagnostic {
    let name = kind.name();
    Diagnostic::error(
        join(at, "$ref"),
        format!("strict readers reject a reference in place of the {name}"),
        "write the object there; only its path item can be a reference",
    )
}

/// A path that openapiv3 passes over.
pub(super) fn unseen_path(at: &str, path: &str) -> Diagnostic {
    Diagnostic::error(
        at,
        format!("strict readers pass over the path `{path}`: it does not begin with `/`"),
        "begin the path with `/`",
    )
}

/// Fields that are flattened into one type are named for that type.
fn reason_in_words(reason: String) -> String {
    if reason.contains("ParameterSchemaOrContent") {
        "neither `schema` nor `content`".to_owned()
    } else if reason.contains("LinkOperation") {
        "neither `operationRef` nor `operationId`".to_owned()
    } else if let Some((is, _)) = reason.split_once("expected struct ") {
        format!("{is}expected an object")
    } else {
        reason
    }
}

fn help(kind: Kind, field: Option<&str>, reason: &str) -> &'static str {
    match (kind, field) {
        (Kind::Schema, Some("type")) => {
            "name one type; OpenAPI 3.0 says null by `nullable: true`, and several types by `anyOf`"
        }
        (Kind::Schema, Some("exclusiveMinimum" | "exclusiveMaximum")) => {
            "write `true`, and the bound as `minimum` or `maximum`; a number is for OpenAPI 3.1"
        }
        (Kind::Schema, Some("required")) => {
            "list the names of the required properties, in the schema of their object"
        }
        (Kind::Schema, None) if reason.starts_with("invalid type: sequence") => {
            "give one schema; several, one for each item, are for later versions"
        }
        (Kind::Schema, Some("discriminator")) => "name the property under `propertyName`",
        (Kind::Parameter | Kind::Header, None) if reason.contains("ParameterSchemaOrContent") => {
            "describe the value by `schema` or `content`"
        }
        (Kind::Link, None) if reason.contains("LinkOperation") => {
            "name the operation by `operationRef` or `operationId`"
        }
        _ if reason.starts_with("missing field") => "add the field, which OpenAPI 3.0 requires",
        _ if reason.starts_with("unknown variant") => {
            "use one of those; OpenAPI 3.0 has no other here"
        }
        _ => "write what OpenAPI 3.0 expects there",
    }
}
