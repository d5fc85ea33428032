//! Fields that a version of OpenAPI does not have where they are, and such that hold what they
//! cannot: mistakes that would otherwise go by in silence, since no reader looks at such a field.

use std::borrow::Cow;

use serde_json::Value;

use super::keyword::{self, Form};
use super::node::kind;
use super::objects::{DOCUMENT, HEADER, Holds, Object};
use super::pointer::join;
use super::rules;
use super::version::Version;
use crate::diagnostic::Diagnostic;
use crate::text::nearest;

use Holds::{Any, Flag, Headers, List, ListOf, Map, MapOf, MapOfSchemas, One, Schema, Text};

/// Looks through a description of OpenAPI 3.
pub(super) fn check(root: &Value, version: Version) -> Vec<Diagnostic> {
    let mut check = Check {
        root,
        version,
        path: Vec::new(),
        found: Vec::new(),
    };
    check.object(root, &DOCUMENT);
    check.found
}

struct Check<'d> {
    root: &'d Value,
    version: Version,
    path: Vec<Cow<'d, str>>,
    found: Vec<Diagnostic>,
}

impl<'d> Check<'d> {
    fn object(&mut self, value: &'d Value, object: &'static Object) {
        let Some(members) = value.as_object() else {
            // The reader that needs it reports that it is none.
            return;
        };
        if members.contains_key("$ref") {
            return;
        }
        for rule in object.rules {
            for broken in rule.broken(members, self.root, self.version) {
                self.note_below(&broken.at, broken.message, broken.help);
            }
        }
        for (name, value) in members {
            let known = object.fields.iter().find(|field| field.name == name);
            self.path.push(name.into());
            match (known, object.others) {
                _ if name.starts_with("x-") => {}
                (Some(field), _) if field.since > self.version => {
                    let since = if field.since == Version::V3_1 {
                        "3.1"
                    } else {
                        "3.2"
                    };
                    self.note(
                        format!(
                            "`{name}` is a field of OpenAPI {since} and later; it may be ignored"
                        ),
                        "say the version that the description follows",
                    );
                }
                (Some(field), _) => self.value(value, field.holds),
                (None, Some(holds)) => self.value(value, holds),
                (None, None) => self.unknown(name, object),
            }
            self.path.pop();
        }
    }

    fn value(&mut self, value: &'d Value, holds: Holds) {
        let wanted = match (holds, value) {
            (Any, _) | (_, Value::Null) => return,
            (Text, Value::String(_)) | (Flag, Value::Bool(_)) => return,
            (List, Value::Array(_)) | (Map, Value::Object(_)) => return,
            (One(object), Value::Object(_)) => return self.object(value, object),
            (MapOf(object), Value::Object(members)) => {
                for (name, value) in members.iter().filter(|(name, _)| !name.starts_with("x-")) {
                    self.path.push(name.into());
                    self.object(value, object);
                    self.path.pop();
                }
                return;
            }
            (Headers, Value::Object(members)) => {
                for (name, value) in members {
                    self.path.push(name.into());
                    if let Some(broken) = rules::header_name(name) {
                        self.note(broken.message, broken.help);
                    }
                    self.object(value, &HEADER);
                    self.path.pop();
                }
                return;
            }
            (Schema, _) => return self.schema(value),
            (MapOfSchemas, Value::Object(members)) => {
                for (name, value) in members {
                    self.path.push(name.into());
                    self.schema(value);
                    self.path.pop();
                }
                return;
            }
            (ListOf(object), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.path.push(index.to_string().into());
                    self.object(value, object);
                    self.path.pop();
                }
                return;
            }
            (Text, _) => "a text",
            (Flag, _) => "`true` or `false`",
            (List | ListOf(_), _) => "a list",
            (Map | MapOf(_) | MapOfSchemas | Headers | One(_), _) => "an object",
        };
        self.note(
            format!("the field holds {}; it is ignored", kind(value)),
            format!("write {wanted}"),
        );
    }

    /// Looks for what schemas say of XML, as far as there are rules for it.
    fn schema(&mut self, schema: &'d Value) {
        let Some(members) = schema.as_object().filter(|_| self.version >= Version::V3_2) else {
            return;
        };
        for (keyword, value) in members {
            self.path.push(keyword.into());
            match (keyword::of(keyword).map(|keyword| keyword.form), value) {
                (Some(Form::One), Value::Object(_)) => self.schema(value),
                (Some(Form::Named), Value::Object(schemas)) => {
                    for (name, schema) in schemas {
                        self.path.push(name.into());
                        self.schema(schema);
                        self.path.pop();
                    }
                }
                (Some(Form::One | Form::List), Value::Array(schemas)) => {
                    for (index, schema) in schemas.iter().enumerate() {
                        self.path.push(index.to_string().into());
                        self.schema(schema);
                        self.path.pop();
                    }
                }
                (None, Value::Object(xml)) if keyword == "xml" => {
                    for rule in rules::XML {
                        for broken in rule.broken(xml, self.root, self.version) {
                            self.note_below(&broken.at, broken.message, broken.help);
                        }
                    }
                }
                _ => {}
            }
            self.path.pop();
        }
    }

    fn unknown(&mut self, name: &str, object: &'static Object) {
        let names = object
            .fields
            .iter()
            .filter(|field| field.since <= self.version);
        let help = match nearest(name, names.map(|field| field.name)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "leave it out, or begin its name with `x-`".to_owned(),
        };
        self.note(
            format!("there is no field `{name}` here; it is ignored"),
            help,
        );
    }

    fn note(&mut self, message: String, help: impl Into<String>) {
        self.note_below("", message, help);
    }

    /// `below` is a JSON pointer from here on.
    fn note_below(&mut self, below: &str, message: String, help: impl Into<String>) {
        let at = self.path.iter();
        let at = at.fold(String::new(), |at, token| join(&at, token));
        let at = format!("{at}{below}");
        self.found.push(Diagnostic::note(at, message, help));
    }
}
