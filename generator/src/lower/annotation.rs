//! `x-mcp`: what the owner of the connector wants to be different.

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{Access, Binding};
use crate::openapi::join;

/// What `x-mcp` says of an operation, nearer places before farther ones.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Annotation {
    pub(super) hidden: bool,
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) access: Option<Access>,
    pub(super) destructive: Option<bool>,
    pub(super) idempotent: Option<bool>,
    pub(super) bind: IndexMap<String, Binding>,
}

/// Reads the extensions that apply to one operation, the nearest first.
pub(super) fn read<'v>(
    extensions: impl IntoIterator<Item = (&'v Value, String)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Annotation {
    let mut merged = Annotation::default();
    let mut decided = false;
    for (value, at) in extensions {
        match value {
            // A nearer place that says anything but `false` shows what a farther one hides.
            Value::Bool(false) => {
                merged.hidden |= !decided;
                decided = true;
            }
            Value::Bool(true) => decided = true,
            Value::Object(object) => {
                decided = true;
                for (key, value) in object {
                    field(&mut merged, key, value, &join(&at, key), diagnostics);
                }
            }
            _ => diagnostics.push(Diagnostic::warning(
                at,
                "`x-mcp` is neither false nor an object and is ignored",
                "write false to hide, or an object with what is to be different",
            )),
        }
    }
    merged
}

fn field(
    merged: &mut Annotation,
    key: &str,
    value: &Value,
    at: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut refuse = |message: String, help: &str| {
        diagnostics.push(Diagnostic::warning(at, message, help));
    };
    let text = || {
        value
            .as_str()
            .map(str::to_owned)
            .filter(|text| !text.trim().is_empty())
    };
    let flag = || value.as_bool();
    let understood = match key {
        "name" => set(&mut merged.name, text()),
        "title" => set(&mut merged.title, text()),
        "description" => set(&mut merged.description, text()),
        "destructive" => set(&mut merged.destructive, flag()),
        "idempotent" => set(&mut merged.idempotent, flag()),
        "access" => set(
            &mut merged.access,
            match value.as_str() {
                Some("read") => Some(Access::Read),
                Some("write") => Some(Access::Write),
                _ => None,
            },
        ),
        "bind" => match value.as_object() {
            Some(bindings) => {
                for (argument, source) in bindings {
                    if source == "workspace" {
                        merged
                            .bind
                            .entry(argument.clone())
                            .or_insert(Binding::Workspace);
                    } else {
                        refuse(
                            format!("`{argument}` is bound to {source}, which there is not"),
                            "an argument can be bound to `workspace`",
                        );
                    }
                }
                true
            }
            None => false,
        },
        _ => {
            refuse(
                format!("`x-mcp` knows no `{key}`; it is ignored"),
                "the keys are: name, title, description, access, destructive, idempotent, bind",
            );
            return;
        }
    };
    if !understood {
        let help = match key {
            "access" => "write read or write",
            "bind" => "write an object: ARGUMENT: workspace",
            "destructive" | "idempotent" => "write true or false",
            _ => "write text",
        };
        refuse(
            format!("`x-mcp.{key}` cannot be {value}; it is ignored"),
            help,
        );
    }
}

/// Takes a value unless a nearer place gave one; false if there is none to take.
fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let understood = value.is_some();
    if slot.is_none() {
        *slot = value;
    }
    understood
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(nearest_first: &[Value]) -> (Annotation, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let places = nearest_first
            .iter()
            .map(|value| (value, "/here".to_owned()));
        (read(places, &mut diagnostics), diagnostics)
    }

    #[test]
    fn the_nearer_place_wins() {
        let (annotation, _) = merged(&[json!({"name": "a"}), json!({"name": "b", "title": "B"})]);
        assert_eq!(annotation.name.as_deref(), Some("a"));
        assert_eq!(annotation.title.as_deref(), Some("B"));
    }

    #[test]
    fn a_nearer_place_shows_what_a_farther_one_hides() {
        assert!(merged(&[json!(false), json!({"name": "a"})]).0.hidden);
        assert!(!merged(&[json!({"name": "a"}), json!(false)]).0.hidden);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let (annotation, diagnostics) =
            merged(&[json!({"acess": "read", "access": "admin", "bind": {"id": "moon"}})]);
        assert_eq!(annotation, Annotation::default());
        assert_eq!(diagnostics.len(), 3);
    }
}
