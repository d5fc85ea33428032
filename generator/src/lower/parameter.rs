//! Parameters.

use openapiv3 as v3;
use serde_json::{Map, Value};

use super::schema::{Direction, Lowering};
use crate::diagnostic::Diagnostic;
use crate::ir::{In, Parameter, Style};
use crate::openapi::{PathOperation, join};

/// Headers that belong to the HTTP client or to credentials.
const RESERVED_HEADERS: [&str; 14] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A parameter whose argument has no name yet, and the schema of its value.
pub(super) struct Lowered {
    pub(super) parameter: Parameter,
    pub(super) schema: Value,
}

/// The parameters of an operation, in the description's order.
pub(super) fn parameters(operation: &PathOperation, lowering: &mut Lowering<'_>) -> Vec<Lowered> {
    let mut lowered = Vec::new();
    let in_path = template_names(&operation.path);
    for (parameter, at) in &operation.parameters {
        let data = parameter.parameter_data_ref();
        let is_header = matches!(parameter, v3::Parameter::Header { .. });
        if is_header && RESERVED_HEADERS.contains(&data.name.to_ascii_lowercase().as_str()) {
            lowering.diagnostics.push(Diagnostic::note(
                at,
                format!(
                    "the header `{}` is not for the caller to set; the parameter is dropped",
                    data.name
                ),
                "leave it out: media types and security schemes say what these headers hold",
            ));
            continue;
        }
        let is_path = matches!(parameter, v3::Parameter::Path { .. });
        if is_path && !in_path.contains(&data.name.as_str()) {
            lowering.diagnostics.push(Diagnostic::warning(
                at,
                format!(
                    "the path has no `{{{}}}`; the parameter is dropped",
                    data.name
                ),
                "name it in the path, or leave it out",
            ));
            continue;
        }
        lowered.push(one(parameter, at, lowering));
    }
    for name in in_path {
        let is_it =
            |one: &Lowered| one.parameter.location == In::Path && one.parameter.name == name;
        if !lowered.iter().any(is_it) {
            lowering.diagnostics.push(Diagnostic::warning(
                &operation.pointer,
                format!("`{{{name}}}` of the path has no parameter; it becomes required text"),
                "declare it as a parameter with `in: path`",
            ));
            let parameter = blank(name, In::Path, Style::Simple, false);
            lowered.push(Lowered {
                parameter,
                schema: serde_json::json!({"type": "string"}),
            });
        }
    }
    lowered
}

/// The names in a path template, each once.
fn template_names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in path.split('{').skip(1) {
        if let Some((name, _)) = piece.split_once('}')
            && !name.is_empty()
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

fn blank(name: &str, location: In, style: Style, explode: bool) -> Parameter {
    Parameter {
        argument: String::new(),
        name: name.to_owned(),
        location,
        required: location == In::Path,
        style,
        explode,
        allow_reserved: false,
        allow_empty_value: false,
        content: None,
        bind: None,
    }
}

fn one(parameter: &v3::Parameter, at: &str, lowering: &mut Lowering<'_>) -> Lowered {
    let data = parameter.parameter_data_ref();
    let explodes = |style: Style| data.explode.unwrap_or(style == Style::Form);
    let make = |location, style| blank(&data.name, location, style, explodes(style));
    let mut lowered = match parameter {
        v3::Parameter::Path { style, .. } => make(
            In::Path,
            match style {
                v3::PathStyle::Simple => Style::Simple,
                v3::PathStyle::Label => Style::Label,
                v3::PathStyle::Matrix => Style::Matrix,
            },
        ),
        v3::Parameter::Query {
            style,
            allow_reserved,
            allow_empty_value,
            ..
        } => {
            let whole = data
                .extensions
                .get("x-in")
                .is_some_and(|location| location == "querystring");
            let location = if whole { In::QueryString } else { In::Query };
            Parameter {
                allow_reserved: *allow_reserved,
                allow_empty_value: allow_empty_value.unwrap_or_default(),
                ..make(location, query_style(style))
            }
        }
        v3::Parameter::Header { .. } => make(In::Header, Style::Simple),
        v3::Parameter::Cookie { .. } => make(In::Cookie, Style::Form),
    };
    lowered.required |= data.required;
    let mut schema = match &data.format {
        v3::ParameterSchemaOrContent::Schema(schema) => {
            lower_reference(schema, &join(at, "schema"), lowering)
        }
        v3::ParameterSchemaOrContent::Content(content) => match content.first() {
            Some((media_type, value)) => {
                lowered.content = Some(media_type.clone());
                match &value.schema {
                    Some(schema) => lower_reference(schema, at, lowering),
                    None => Value::Object(Map::new()),
                }
            }
            None => Value::Object(Map::new()),
        },
    };
    if let Value::Object(object) = &mut schema {
        if let Some(text) = data
            .description
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            object.insert("description".to_owned(), text.into());
        }
        if data.deprecated == Some(true) {
            object.insert("deprecated".to_owned(), true.into());
        }
        if let Some(header) = data
            .extensions
            .get("x-mcp-header")
            .filter(|name| name.is_string())
        {
            object.insert("x-mcp-header".to_owned(), header.clone());
        }
    }
    Lowered {
        parameter: lowered,
        schema,
    }
}

pub(super) fn query_style(style: &v3::QueryStyle) -> Style {
    match style {
        v3::QueryStyle::Form => Style::Form,
        v3::QueryStyle::SpaceDelimited => Style::SpaceDelimited,
        v3::QueryStyle::PipeDelimited => Style::PipeDelimited,
        v3::QueryStyle::DeepObject => Style::DeepObject,
    }
}

/// Lowers the schema that stands behind a hollow reference.
fn lower_reference(
    schema: &v3::ReferenceOr<v3::Schema>,
    at: &str,
    lowering: &mut Lowering<'_>,
) -> Value {
    lowering.lower(&hollow_reference(schema), at, Direction::Input)
}

/// The reference as a schema of its own.
pub(super) fn hollow_reference(schema: &v3::ReferenceOr<v3::Schema>) -> Value {
    match schema {
        v3::ReferenceOr::Reference { reference } => serde_json::json!({"$ref": reference}),
        // Every schema was set aside, and what has no schema got an empty one.
        v3::ReferenceOr::Item(_) => Value::Object(Map::new()),
    }
}
