//! What two readings of an operation differ in.

use std::collections::BTreeMap;
use std::fmt;

use generator::ir::{self, In, Style};
use generator::openapi::strict::{self, Body, Security};

/// What two readings differ in.
pub(super) enum Difference<'a> {
    OperationMissing,
    Path(&'a ir::Operation),
    ParameterMissing(&'a strict::Parameter),
    ParameterAdded(&'a ir::Parameter),
    ParameterOther(&'a strict::Parameter, &'a ir::Parameter),
    Body(&'a Body, Option<&'a ir::RequestBody>),
    Security(&'a Security, Vec<Vec<&'a str>>),
}

/// How a parameter is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    pub(super) required: bool,
    pub(super) form: Form<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// In a style.
    Style {
        style: &'static str,
        explode: bool,
        allow_reserved: bool,
    },
    /// As a media type.
    Content(&'a str),
}

impl<'a> Written<'a> {
    pub(super) fn strictly(parameter: &'a strict::Parameter) -> Written<'a> {
        let media_type = parameter.content.as_ref().and_then(|types| types.first());
        Written {
            required: parameter.required,
            form: match media_type {
                Some(media_type) => Form::Content(media_type),
                None => Form::Style {
                    style: parameter.style,
                    explode: parameter.explode.unwrap_or(parameter.style == "form"),
                    allow_reserved: parameter.allow_reserved,
                },
            },
        }
    }

    pub(super) fn by_us(parameter: &'a ir::Parameter) -> Written<'a> {
        Written {
            required: parameter.required,
            form: match &parameter.content {
                Some(media_type) => Form::Content(media_type),
                None => Form::Style {
                    style: style(parameter.style),
                    explode: parameter.explode,
                    allow_reserved: parameter.allow_reserved,
                },
            },
        }
    }
}

/// As the specification calls it.
pub(super) fn location(location: In) -> &'static str {
    match location {
        In::Path => "path",
        In::Query => "query",
        In::QueryString => "querystring",
        In::Header => "header",
        In::Cookie => "cookie",
    }
}

/// As the specification calls it.
fn style(style: Style) -> &'static str {
    match style {
        Style::Simple => "simple",
        Style::Label => "label",
        Style::Matrix => "matrix",
        Style::Form => "form",
        Style::SpaceDelimited => "spaceDelimited",
        Style::PipeDelimited => "pipeDelimited",
        Style::TabDelimited => "tabDelimited",
        Style::DeepObject => "deepObject",
        Style::Cookie => "cookie",
    }
}

/// What our reading of an operation differs in.
pub(super) fn differences<'a>(
    strict: &'a strict::Operation,
    ours: &'a ir::Operation,
) -> Vec<Difference<'a>> {
    let mut differences = parameters(strict, ours);
    let body = ours.request_body.as_ref();
    let strict_body = &strict.request.body;
    let same = match (strict_body, body) {
        (Body::Absent, None) => true,
        (
            Body::Described {
                required,
                media_types,
            },
            Some(body),
        ) => *required == body.required && *media_types == body.declared_media_types,
        _ => false,
    };
    if !same {
        differences.push(Difference::Body(strict_body, body));
    }
    let security: Vec<Vec<&str>> = ours
        .security
        .iter()
        .map(|schemes| schemes.iter().map(|one| one.as_str()).collect())
        .collect();
    let strict_security: &Security = &strict.request.security;
    let same = strict_security.as_ref().is_some_and(|strict| {
        strict.len() == security.len() && strict.iter().zip(&security).all(|(a, b)| a == b)
    });
    if !same {
        differences.push(Difference::Security(strict_security, security));
    }
    differences
}

fn parameters<'a>(strict: &'a strict::Operation, ours: &'a ir::Operation) -> Vec<Difference<'a>> {
    // Of those with the same name and place the last one counts.
    let lists = [&strict.around, &strict.request.parameters];
    let mut declared: BTreeMap<(&str, &str), &strict::Parameter> = BTreeMap::new();
    for parameter in lists.into_iter().flat_map(|list| &list.read) {
        declared.insert((parameter.location, &parameter.name), parameter);
    }
    let mut differences = Vec::new();
    for parameter in &ours.parameters {
        let key = (location(parameter.location), parameter.name.as_str());
        match declared.remove(&key) {
            Some(strict) if Written::strictly(strict) == Written::by_us(parameter) => {}
            Some(strict) => differences.push(Difference::ParameterOther(strict, parameter)),
            None => differences.push(Difference::ParameterAdded(parameter)),
        }
    }
    let missing = declared.into_values().map(Difference::ParameterMissing);
    differences.extend(missing);
    differences
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::OperationMissing => write!(f, "we have no such operation"),
            Difference::Path(ours) => write!(f, "we read the path as {}", ours.path),
            Difference::ParameterMissing(strict) => {
                write!(
                    f,
                    "we lack the parameter {} `{}`",
                    strict.location, strict.name
                )
            }
            Difference::ParameterAdded(ours) => {
                let location = location(ours.location);
                write!(f, "we add the parameter {location} `{}`", ours.name)
            }
            Difference::ParameterOther(strict, ours) => write!(
                f,
                "the parameter {} `{}` is {:?}, we say {:?}",
                strict.location,
                strict.name,
                Written::strictly(strict),
                Written::by_us(ours)
            ),
            Difference::Body(strict, ours) => {
                let ours = ours.map(|body| (body.required, &body.declared_media_types));
                write!(f, "the body is {strict:?}, we say {ours:?}")
            }
            Difference::Security(strict, ours) => {
                write!(f, "the security is {strict:?}, we say {ours:?}")
            }
        }
    }
}
