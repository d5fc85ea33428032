//! An operation and arguments for it, as a document, and the descriptor that generated code would
//! hold for it.

use bumpalo::Bump;
use descriptors::Room;
use generator::ir::{
    self, Access, Binding, Content, Encoding, In, Parameter, Property, RequestBody, Style,
};
use runtime::codegen::Operation;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One call. What is left out is as the OpenAPI specification has it.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Descriptor {
    /// Which of the target's base URLs it is sent to, by number.
    pub base: usize,
    /// Method, path template and parameters.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Parameters outside the body.
    pub parameters: Vec<DescribedParameter>,
    /// The body, if there is one.
    pub body: Option<DescribedBody>,
    /// Names of the security schemes that go together.
    pub security: Vec<String>,
    /// The arguments.
    pub arguments: Map<String, Value>,
}

impl Default for Descriptor {
    fn default() -> Descriptor {
        Descriptor {
            base: 0,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            parameters: Vec::new(),
            body: None,
            security: Vec::new(),
            arguments: Map::new(),
        }
    }
}

/// A parameter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DescribedParameter {
    /// Name on the wire.
    pub name: String,
    /// Name of the argument, if it is another.
    pub argument: Option<String>,
    /// Where it travels.
    #[serde(rename = "in")]
    pub location: Location,
    /// Whether it is required.
    pub required: bool,
    /// How it is written; by location if not given.
    pub style: Option<DescribedStyle>,
    /// By location if not given.
    pub explode: Option<bool>,
    /// `allowReserved`.
    pub allow_reserved: bool,
    /// `allowEmptyValue`.
    pub allow_empty_value: bool,
    /// Media type of its `content`.
    pub content: Option<String>,
    /// Whether it is the caller's workspace.
    pub bind: bool,
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// In the path.
    Path,
    /// In the query.
    #[default]
    Query,
    /// As the query.
    QueryString,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DescribedStyle {
    /// `a,b`
    Simple,
    /// `.a.b`
    Label,
    /// `;name=a`
    Matrix,
    /// `name=a`
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a|b`
    PipeDelimited,
    /// `name[key]=a`
    DeepObject,
}

/// A body: of properties, or of one argument.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DescribedBody {
    /// Whether it is required.
    pub required: bool,
    /// Its media types.
    pub media_types: Vec<String>,
    /// The argument that selects one.
    pub media_type_argument: Option<String>,
    /// The argument that is the body.
    pub argument: Option<String>,
    /// Whether that is a file.
    pub binary: bool,
    /// The arguments that are its members, if it is not one argument.
    pub properties: Vec<DescribedProperty>,
}

/// A member of a body.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DescribedProperty {
    /// Name on the wire.
    pub name: String,
    /// Name of the argument, if it is another.
    pub argument: Option<String>,
    /// Whether it is a file.
    pub binary: bool,
    /// Encoding Object: `contentType`.
    pub content_type: Option<String>,
    /// Encoding Object: `style`.
    pub style: Option<DescribedStyle>,
    /// Encoding Object: `explode`.
    pub explode: bool,
    /// Encoding Object: `allowReserved`.
    pub allow_reserved: bool,
    /// Whether it is the caller's workspace.
    pub bind: bool,
}

impl Descriptor {
    /// Calls `with` on the descriptor that generated code would hold, which lives in `room` until
    /// then.
    pub fn with<R>(&self, room: &Bump, with: impl FnOnce(&'static Operation) -> R) -> R {
        let security = Some(&self.security).filter(|schemes| !schemes.is_empty());
        let operation = ir::Operation {
            name: "call".to_owned(),
            method: self.method.clone(),
            path: self.path.clone(),
            access: Access::Write,
            parameters: self
                .parameters
                .iter()
                .map(DescribedParameter::lower)
                .collect(),
            request_body: self.body.as_ref().map(DescribedBody::lower),
            security: security.into_iter().cloned().collect(),
            ..ir::Operation::default()
        };
        let operation = descriptors::operation(&operation, Lent(room));
        with(forever(room.alloc(operation)))
    }
}

impl DescribedParameter {
    fn lower(&self) -> Parameter {
        let location = match self.location {
            Location::Path => In::Path,
            Location::Query => In::Query,
            Location::QueryString => In::QueryString,
            Location::Header => In::Header,
            Location::Cookie => In::Cookie,
        };
        let base = Parameter::new(location, &self.name);
        Parameter {
            argument: self.argument.clone().unwrap_or_else(|| self.name.clone()),
            required: self.required || base.required,
            style: self.style.map_or(base.style, DescribedStyle::style),
            explode: self.explode.unwrap_or(base.explode),
            allow_reserved: self.allow_reserved,
            allow_empty_value: self.allow_empty_value,
            content: self.content.clone(),
            bind: self.bind.then_some(Binding::Workspace),
            ..base
        }
    }
}

impl DescribedBody {
    fn lower(&self) -> RequestBody {
        let content = match &self.argument {
            Some(argument) => {
                let encoding = Encoding {
                    binary: self.binary,
                    ..Encoding::default()
                };
                Content::Argument(argument.clone(), encoding)
            }
            None => Content::Properties(
                self.properties
                    .iter()
                    .map(DescribedProperty::lower)
                    .collect(),
            ),
        };
        let media_types = self.media_types.clone();
        RequestBody {
            required: self.required,
            content,
            declared_media_types: media_types.clone(),
            media_types,
            media_type_argument: self.media_type_argument.clone(),
        }
    }
}

impl DescribedProperty {
    fn lower(&self) -> Property {
        Property {
            argument: self.argument.clone().unwrap_or_else(|| self.name.clone()),
            name: self.name.clone(),
            required: false,
            encoding: Encoding {
                binary: self.binary,
                content_type: self.content_type.clone(),
                style: self.style.map(DescribedStyle::style),
                explode: self.explode,
                allow_reserved: self.allow_reserved,
                ..Encoding::default()
            },
            bind: self.bind.then_some(Binding::Workspace),
        }
    }
}

impl DescribedStyle {
    fn style(self) -> Style {
        match self {
            DescribedStyle::Simple => Style::Simple,
            DescribedStyle::Label => Style::Label,
            DescribedStyle::Matrix => Style::Matrix,
            DescribedStyle::Form => Style::Form,
            DescribedStyle::SpaceDelimited => Style::SpaceDelimited,
            DescribedStyle::PipeDelimited => Style::PipeDelimited,
            DescribedStyle::DeepObject => Style::DeepObject,
        }
    }
}

/// Room that is given back after each input.
struct Lent<'b>(&'b Bump);

impl Room for Lent<'_> {
    fn text(&self, text: &str) -> &'static str {
        forever(self.0.alloc_str(text))
    }

    fn list<T: 'static>(&self, items: impl Iterator<Item = T>) -> &'static [T] {
        forever(bumpalo::collections::Vec::from_iter_in(items, self.0).into_bump_slice())
    }
}

/// Descriptors are constants of a program, so their type knows no other lifetime. Those of the
/// targets are made for one input; leaked, they would fill the memory within minutes.
fn forever<T: ?Sized>(short: &T) -> &'static T {
    // SAFETY: only `Descriptor::with` hands the result out, for as long as `room` is borrowed;
    // neither the operation nor a reference into it is in what the targets keep.
    unsafe { &*std::ptr::from_ref(short) }
}
