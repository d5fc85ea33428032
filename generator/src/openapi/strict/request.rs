//! How an operation is requested, as openapiv3 reads it.

use std::sync::Arc;

use openapiv3::{
    Parameter as Read, ParameterSchemaOrContent, PathStyle, QueryStyle, RequestBody,
    SecurityRequirement,
};

/// How an operation is requested, as far as a strict reader reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Its parameters; those of its path item come before them.
    pub parameters: Parameters,
    /// The body.
    pub body: Body,
    /// What has to be satisfied, by the description's own word where the operation says nothing.
    pub security: Arc<Security>,
}

/// Alternatives (OR) of scheme names (AND), empty where nothing is required; none where what says
/// so is rejected.
pub type Security = Option<Vec<Vec<String>>>;

/// A list of parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// As they are written: where two have the same name and place, the last one counts.
    pub read: Vec<Parameter>,
    /// `name` and `in` of those that are rejected.
    pub rejected: Vec<(String, String)>,
}

/// A request body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    #[default]
    Absent,
    /// What describes it is rejected.
    Rejected,
    /// One that is described.
    Described {
        /// Whether it must be sent.
        required: bool,
        /// Its media types, in the order of the description.
        media_types: Vec<String>,
    },
}

/// A parameter, in the words of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its JSON pointer.
    pub pointer: String,
    /// `name`.
    pub name: String,
    /// `in`.
    pub location: &'static str,
    /// `required`.
    pub required: bool,
    /// `style`, or the default of its place.
    pub style: &'static str,
    /// `explode`, where it says so.
    pub explode: Option<bool>,
    /// `allowReserved`.
    pub allow_reserved: bool,
    /// Media types of its `content`, if it has no `schema`.
    pub content: Option<Vec<String>>,
}

impl Parameter {
    pub(super) fn new(read: Read, pointer: String) -> Parameter {
        let (location, style, allow_reserved) = match &read {
            Read::Query {
                style,
                allow_reserved,
                ..
            } => ("query", query_style(style), *allow_reserved),
            Read::Header { .. } => ("header", "simple", false),
            Read::Path { style, .. } => ("path", path_style(style), false),
            Read::Cookie { .. } => ("cookie", "form", false),
        };
        let data = read.parameter_data();
        Parameter {
            pointer,
            name: data.name,
            location,
            required: data.required,
            style,
            explode: data.explode,
            allow_reserved,
            content: match data.format {
                ParameterSchemaOrContent::Schema(_) => None,
                ParameterSchemaOrContent::Content(content) => Some(content.into_keys().collect()),
            },
        }
    }
}

fn query_style(style: &QueryStyle) -> &'static str {
    match style {
        QueryStyle::Form => "form",
        QueryStyle::SpaceDelimited => "spaceDelimited",
        QueryStyle::PipeDelimited => "pipeDelimited",
        QueryStyle::DeepObject => "deepObject",
    }
}

fn path_style(style: &PathStyle) -> &'static str {
    match style {
        PathStyle::Matrix => "matrix",
        PathStyle::Label => "label",
        PathStyle::Simple => "simple",
    }
}

impl Body {
    pub(super) fn new(read: RequestBody) -> Body {
        Body::Described {
            required: read.required,
            media_types: read.content.into_keys().collect(),
        }
    }
}

/// The alternatives that are required, as [`Security`] has them.
pub(super) fn alternatives(security: &[SecurityRequirement]) -> Vec<Vec<String>> {
    let schemes = |one: &SecurityRequirement| one.keys().cloned().collect();
    security.iter().map(schemes).collect()
}
