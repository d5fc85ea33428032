//! Rules between the fields of one object, and between such objects, that no other module checks.

use serde_json::{Map, Value};

use super::pointer::join;
use super::version::Version;

type Members = Map<String, Value>;

/// A rule that the fields of an object follow.
pub(super) enum Rule {
    /// One of the two at most is there.
    Apart(&'static str, &'static str),
    /// What else holds of the members of an object of the document.
    Holds(fn(&Members, &Value, Version) -> Vec<Broken>),
}

/// How a rule is broken.
pub(super) struct Broken {
    /// JSON pointer from the object on.
    pub(super) at: String,
    pub(super) message: String,
    pub(super) help: &'static str,
}

impl Rule {
    /// How the rule is broken by an object of the document `root`.
    pub(super) fn broken(&self, members: &Members, root: &Value, version: Version) -> Vec<Broken> {
        match self {
            Rule::Apart(one, other) => {
                let both = members.contains_key(*one) && members.contains_key(*other);
                let message = format!("`{one}` and `{other}` exclude each other");
                let broken = both.then(|| broken("", message, "leave one of them out"));
                broken.into_iter().collect()
            }
            Rule::Holds(rule) => rule(members, root, version),
        }
    }
}

fn broken(at: &str, message: impl Into<String>, help: &'static str) -> Broken {
    Broken {
        at: at.to_owned(),
        message: message.into(),
        help,
    }
}

/// XML Object (3.2): `nodeType` says what the older two said.
pub(super) const XML: &[Rule] = &[
    Rule::Apart("nodeType", "attribute"),
    Rule::Apart("nodeType", "wrapped"),
];

/// Server Variable Object, `enum`.
pub(super) fn server_variable(variable: &Members, _: &Value, _: Version) -> Vec<Broken> {
    let values = variable.get("enum").and_then(Value::as_array);
    if values.is_none_or(|values| !values.is_empty()) {
        return Vec::new();
    }
    let message = "the list of values is empty; it is ignored";
    vec![broken(
        "/enum",
        message,
        "list the values, or leave `enum` out",
    )]
}

/// Parameter Object.
pub(super) fn parameter(parameter: &Members, _: &Value, version: Version) -> Vec<Broken> {
    let text = |field: &str| parameter.get(field).and_then(Value::as_str);
    let location = text("in").unwrap_or_default();
    let mut found = Vec::new();
    if location == "querystring" {
        for field in ["schema", "style", "explode", "allowReserved"] {
            if parameter.contains_key(field) {
                found.push(broken(
                    &join("", field),
                    format!("`{field}` is not for a parameter that is the whole query string"),
                    "describe it by `content`",
                ));
            }
        }
    }
    if let (Some(name), "header") = (text("name"), location) {
        found.extend(header_name(name).map(|found| Broken {
            at: "/name".to_owned(),
            ..found
        }));
    }
    let escapes = match (location, text("style")) {
        ("query", _) => true,
        ("cookie", style) => version >= Version::V3_2 && style != Some("cookie"),
        ("path", _) => version >= Version::V3_2,
        ("header", _) => false,
        // `querystring` is reported above, anything else where it is read.
        _ => return found,
    };
    if parameter.get("allowReserved") == Some(&Value::Bool(true)) && !escapes {
        found.push(broken(
            "/allowReserved",
            "`allowReserved` has no effect here",
            "leave it out; it is for values that are percent-encoded: those of the query, since \
             3.2 also those of the path and of cookies in the style `form`",
        ));
    }
    found
}

/// A name that no header can have (RFC 9110 §5.6.2).
pub(super) fn header_name(name: &str) -> Option<Broken> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let message = || format!("`{name}` cannot be the name of a header");
    (!name.chars().all(is_token)).then(|| broken("", message(), "use letters, digits and `-`"))
}

/// Path Item Object and the operations in it: a query string that is one parameter leaves no room
/// for another (Parameter Object, `in`).
pub(super) fn path_item(item: &Members, root: &Value, _: Version) -> Vec<Broken> {
    let shared = Queries::of(item, root);
    if let Some(message) = shared.conflict() {
        return vec![broken("/parameters", message, ONE_QUERY)];
    }
    let own = item.iter().map(|(name, value)| (join("", name), value));
    let additional = item.get("additionalOperations").and_then(Value::as_object);
    let at = |name: &String| join("/additionalOperations", name);
    let additional = additional.into_iter().flatten();
    let additional = additional.map(|(name, value)| (at(name), value));
    let operations = own.chain(additional);
    let found = operations.filter_map(|(at, operation)| {
        let message = shared
            .with(&Queries::of(operation.as_object()?, root))
            .conflict()?;
        Some(broken(&format!("{at}/parameters"), message, ONE_QUERY))
    });
    found.collect()
}

const ONE_QUERY: &str = "describe the query as one `querystring`, or by parameters `in: query`";

/// How many parameters there are in the query.
#[derive(Default)]
struct Queries {
    whole: usize,
    parts: usize,
}

impl Queries {
    fn of(owner: &Members, root: &Value) -> Queries {
        let parameters = owner.get("parameters").and_then(Value::as_array);
        let mut queries = Queries::default();
        for parameter in parameters.into_iter().flatten() {
            let reference = parameter.get("$ref").and_then(Value::as_str);
            let target = reference.and_then(|reference| root.pointer(reference.strip_prefix('#')?));
            match target
                .unwrap_or(parameter)
                .get("in")
                .and_then(Value::as_str)
            {
                Some("querystring") => queries.whole += 1,
                Some("query") => queries.parts += 1,
                _ => {}
            }
        }
        queries
    }

    fn with(&self, other: &Queries) -> Queries {
        Queries {
            whole: self.whole + other.whole,
            parts: self.parts + other.parts,
        }
    }

    fn conflict(&self) -> Option<&'static str> {
        match self {
            Queries { whole: 2.., .. } => {
                Some("more than one parameter is the whole query string; all of them are sent")
            }
            Queries {
                whole: 1,
                parts: 1..,
            } => {
                Some("one parameter is the whole query string, and others are in it; all are sent")
            }
            _ => None,
        }
    }
}
