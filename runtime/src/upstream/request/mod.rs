//! The request: an operation and its arguments as what goes on the wire. Pure: nothing is sent.

#[cfg(test)]
mod any_value;
mod body;
mod escape;
mod file;
mod form;
mod header;
mod multipart;
mod path;
#[cfg(test)]
mod round_trip;
mod style;
mod trace;

use std::borrow::Cow;

use http::Method;
use http::header::{self as field, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use self::escape::{Escape, percent};
use self::style::Rule;
use crate::credential::Placed;
use crate::http::Outgoing;
use crate::model::ExchangeError;
use crate::operation::{Binding, Encoding, In, Operation, Parameter};
use crate::upstream::{Uploads, media_type};

/// The header that carries our id of a request to the API.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why arguments do not make a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// An argument cannot be written.
    #[error("argument `{argument}` {message}")]
    Argument { argument: String, message: String },
    /// The operation wants a credential, and none of its alternatives is configured.
    #[error("no credential for the API is configured that this tool takes: {0}")]
    MissingCredential(String),
    /// The caller has no key of its own at the API, or one that no longer opens.
    #[error("this connection has no key for the API")]
    NoUpstreamKey,
    /// The call cannot be made in the name of its person.
    #[error("{0}")]
    Person(ExchangeError),
    /// The operation acts on the caller's workspace, and there is none.
    #[error(
        "this tool acts on the caller's workspace, and the API's id of it is not known: for those \
         who sign in it is given by `workspaces --link`, otherwise by `upstream.workspace`"
    )]
    NoWorkspace,
    /// The caller's workspace is not linked to one of the API's.
    #[error("the workspace of this connection is not linked to one of the API's; nothing was sent")]
    WorkspaceNotLinked {
        /// The command by which the operator links it.
        command: String,
    },
    /// The description of the operation contradicts itself.
    #[error("the operation cannot be called as it is described: {0}")]
    Description(String),
}

impl RequestError {
    fn argument(argument: &str, message: &str) -> RequestError {
        RequestError::Argument {
            argument: argument.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// What a request is built from, beside the operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// The server's URL; its path is a prefix of every request's.
    pub(super) base: &'a Url,
    pub(super) arguments: &'a Map<String, Value>,
    /// The uploads that arguments name.
    pub(super) uploads: &'a Uploads,
    /// The API's id of the caller's workspace.
    pub(super) workspace: Option<&'a str>,
    pub(super) credentials: &'a [&'a Placed],
    /// Fields that the server sets on every call.
    pub(super) given: &'a [HeaderName],
    pub(super) request_id: &'a str,
}

impl<'a> Call<'a> {
    /// The value of an argument, or the caller's workspace where it is bound to that.
    fn value(
        &self,
        argument: &str,
        bind: Option<Binding>,
    ) -> Result<Option<Cow<'a, Value>>, RequestError> {
        match bind {
            None => Ok(self.arguments.get(argument).map(Cow::Borrowed)),
            Some(Binding::Workspace) => {
                let workspace = self.workspace.ok_or(RequestError::NoWorkspace)?;
                Ok(Some(Cow::Owned(Value::from(workspace))))
            }
        }
    }

    /// Whether the server fills the value of the parameter.
    fn fills(&self, parameter: &Parameter) -> bool {
        let in_header = parameter.location == In::Header;
        let mut given = self.given.iter();
        (in_header && given.any(|name| name.as_str().eq_ignore_ascii_case(parameter.name)))
            || self
                .credentials
                .iter()
                .any(|placed| placed.fills(parameter))
    }

    /// The arguments of the operation whose value the server fills.
    pub(super) fn given_arguments(&self, operation: &Operation) -> Vec<&'static str> {
        let given = operation.parameters.iter().filter(|one| self.fills(one));
        given.map(|parameter| parameter.argument).collect()
    }

    fn parameter(&self, parameter: &Parameter) -> Result<Option<Cow<'a, Value>>, RequestError> {
        self.value(parameter.argument, parameter.bind)
    }
}

/// Writes the request of `operation`.
///
/// A credential is stronger than an argument: where both would set the same header, query
/// parameter or cookie, the argument's is left out.
pub(super) fn build(operation: &Operation, call: &Call<'_>) -> Result<Outgoing, RequestError> {
    let method = Method::from_bytes(operation.method.as_bytes())
        .map_err(|_| RequestError::Description(format!("no method {:?}", operation.method)))?;
    let path = path::fill(operation, |parameter| call.parameter(parameter))?;
    let mut wire = Wire::new(operation, call.request_id);
    wire.raw_query.extend(path.query);
    for parameter in operation.parameters {
        if parameter.location == In::Path {
            continue;
        }
        if let Some(value) = call.parameter(parameter)? {
            wire.add(parameter, &value)?;
        } else if parameter.required && !call.fills(parameter) {
            return Err(RequestError::argument(parameter.argument, "is required"));
        }
    }
    let body = body::write(operation, call)?;
    for placed in call.credentials {
        wire.place(placed);
    }
    let (body, pieces) = body.map_or_else(Default::default, |body| {
        wire.headers.insert(field::CONTENT_TYPE, body.content_type);
        (body.bytes, body.pieces)
    });
    if body.is_empty() && pieces.is_empty() && matches!(operation.method, "POST" | "PUT" | "PATCH")
    {
        // RFC 9110 §8.6: a method that anticipates content says that there is none.
        wire.headers
            .insert(field::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    wire.finish_cookies()?;
    let url = url(call.base, &path.path, &wire.query())?;
    Ok(Outgoing {
        method,
        url,
        headers: wire.headers,
        body,
        pieces,
        room: None,
        account: None,
    })
}

/// What parameters add to a request outside path and body.
struct Wire {
    /// Queries that are not made of pairs.
    raw_query: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    cookies: Vec<(String, String)>,
}

impl Wire {
    fn new(operation: &Operation, request_id: &str) -> Wire {
        let mut headers = HeaderMap::new();
        headers.insert(field::ACCEPT, header::accept(operation));
        headers.insert(
            field::USER_AGENT,
            HeaderValue::from_static(crate::http::USER_AGENT),
        );
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(trace) = trace::parent(request_id) {
            headers.insert(trace::PARENT, trace);
        }
        if operation.method == "HEAD" {
            // Its answer has the length of the object itself, not of a compressed form.
            headers.insert(field::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Wire {
            raw_query: Vec::new(),
            query: Vec::new(),
            headers,
            cookies: Vec::new(),
        }
    }

    fn add(&mut self, parameter: &Parameter, value: &Value) -> Result<(), RequestError> {
        match parameter.location {
            In::Path => {}
            In::Query => self.query.extend(query_pairs(parameter, value)?),
            In::QueryString => self.query_string(parameter, value)?,
            In::Header => {
                if let Some((name, value)) = header::field(parameter, value)? {
                    self.headers.insert(name, value);
                }
            }
            In::Cookie => self.cookies.extend(header::cookies(parameter, value)?),
        }
        Ok(())
    }

    fn place(&mut self, placed: &Placed) {
        match placed {
            Placed::Header(name, value) => {
                self.headers.insert(name.clone(), value.clone());
            }
            Placed::Query(name, secret) => replace(&mut self.query, name, secret.expose()),
            Placed::Cookie(name, secret) => {
                let encoded = percent(name);
                self.cookies
                    .retain(|(other, _)| other != name && *other != encoded);
                self.cookies
                    .push(((*name).to_owned(), secret.expose().to_owned()));
            }
        }
    }

    /// The query string as a whole (OpenAPI 3.2): the pairs of a form where its content says so,
    /// otherwise the percent-encoded text. A text given for a form is taken as already encoded.
    fn query_string(&mut self, parameter: &Parameter, value: &Value) -> Result<(), RequestError> {
        let media_type = parameter.content.unwrap_or(form::MEDIA_TYPE);
        let refuse = |message: &str| RequestError::argument(parameter.argument, message);
        match value {
            Value::Null => {}
            other if !media_type.starts_with(form::MEDIA_TYPE) => {
                let text = content_text(media_type, other);
                self.raw_query.push(percent(&text));
            }
            Value::Object(members) => {
                for (name, value) in members {
                    let mut encodings = parameter.encodings.iter();
                    let encoding = encodings.find(|(own, _)| own == name);
                    let encoding = encoding.map_or(&Encoding::DEFAULT, |(_, encoding)| encoding);
                    let pairs = form::query(name, value, encoding);
                    self.query
                        .extend(pairs.map_err(|message| refuse(&message))?);
                }
            }
            Value::String(text) => self.query.extend(
                form_urlencoded::parse(text.as_bytes())
                    .map(|(name, value)| (percent(&name), percent(&value))),
            ),
            _ => return Err(refuse("has to be an object: it is the query of the URL")),
        }
        Ok(())
    }

    /// All cookies are one field (RFC 6265 §5.4): those of a header parameter `Cookie` come first,
    /// without those that a parameter or a credential of their own sets.
    fn finish_cookies(&mut self) -> Result<(), RequestError> {
        if self.cookies.is_empty() {
            return Ok(());
        }
        let given = self.headers.get(field::COOKIE);
        let given = given.and_then(|field| field.to_str().ok()).unwrap_or("");
        let given = given.split(';').map(str::trim).filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !self.cookies.iter().any(|(own, _)| own == name)
        });
        let own = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<String> = given.map(str::to_owned).chain(own).collect();
        let mut value = HeaderValue::from_str(&cookies.join("; "))
            .map_err(|_| RequestError::Description("a cookie cannot be written".to_owned()))?;
        value.set_sensitive(true);
        self.headers.insert(field::COOKIE, value);
        Ok(())
    }

    fn query(&self) -> String {
        let pairs = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let parts: Vec<String> = self.raw_query.iter().cloned().chain(pairs).collect();
        parts.join("&")
    }
}

/// Puts a credential in place of whatever has its name.
fn replace(pairs: &mut Vec<(String, String)>, name: &str, secret: &str) {
    let name = percent(name);
    pairs.retain(|(other, _)| *other != name);
    pairs.push((name, percent(secret)));
}

fn query_pairs(
    parameter: &Parameter,
    value: &Value,
) -> Result<Vec<(String, String)>, RequestError> {
    let escape = if parameter.allow_reserved {
        Escape::KeepReservedInQuery
    } else {
        Escape::Percent
    };
    let name = || percent(parameter.name);
    let pairs = match parameter.content {
        Some(media_type) => vec![(name(), escape.apply(&content_text(media_type, value)))],
        None => Rule {
            name: parameter.name,
            style: parameter.style,
            explode: parameter.explode,
            item_styles: parameter.item_styles,
            escape,
        }
        .pairs(value)
        .map_err(|message| RequestError::argument(parameter.argument, &message))?,
    };
    if pairs.is_empty() && parameter.allow_empty_value {
        return Ok(vec![(name(), String::new())]);
    }
    Ok(pairs)
}

/// The value of a parameter that is described by `content`: a text of another kind than JSON is
/// itself, an object of a form is one, anything else is compact JSON.
fn content_text(media_type: &str, value: &Value) -> String {
    match value {
        Value::String(text) if !media_type::is_json(media_type) => text.clone(),
        Value::Object(members) if media_type.starts_with(form::MEDIA_TYPE) => form::write(members),
        other => other.to_string(),
    }
}

/// Joins server, path and query, and checks that the server and its path prefix are still there.
fn url(base: &Url, path: &str, query: &str) -> Result<Url, RequestError> {
    let prefix = base.path().trim_end_matches('/');
    let mut url = base.clone();
    url.set_path(&[prefix, path].concat());
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    // What a path cannot hold is written otherwise by then, and a segment of dots is gone.
    match url.path().strip_prefix(prefix) == Some(path) {
        true => Ok(url),
        false => {
            let message = "its path leaves the server's".to_owned();
            Err(RequestError::Description(message))
        }
    }
}
