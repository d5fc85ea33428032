//! `[upstream.mint]`: how the API's key service is called.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, Method};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{ConfigError, Credential};
use crate::operation::Access;
use crate::seal::SealingKeySettings;
use crate::template;

/// A key of the API for each connection that a person approves; it is revoked with the connection.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MintSettings {
    /// The security scheme of the description that the keys are for.
    pub scheme: String,
    /// How a key is made.
    pub create: CreateSettings,
    /// How a key is revoked.
    pub revoke: RevokeSettings,
    /// How a key is found that was requested by a server that ended before the answer came.
    #[serde(default)]
    pub find: Option<FindSettings>,
    /// Credentials of the requests that make, find and revoke keys, by security scheme. Tools never
    /// use them.
    #[serde(default)]
    pub credentials: BTreeMap<String, Credential>,
    /// The keys that encrypt the API's keys in the store. The first one encrypts; each decrypts what
    /// it encrypted.
    #[serde(default)]
    pub sealing_keys: Vec<SealingKeySettings>,
}

/// How a key is made.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSettings {
    /// The method, and the path below the base URL of the API.
    pub request: RequestLine,
    /// The JSON body. In its texts, `{name}` is the name of the key, `{workspace}` the API's id of the
    /// workspace, `{level}` a name of `levels`, and `{grant}` the id of the connection.
    #[serde(default, serialize_with = "body")]
    pub body: Option<Value>,
    /// The API's names of the two levels of access.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// Where the answer has the id of the key.
    pub id: Pointer,
    /// Where the answer has the key itself.
    pub secret: Pointer,
    /// The header field that makes a repeated request safe, as `Idempotency-Key`. Its value is the id
    /// of the connection.
    #[serde(default)]
    pub idempotency_header: Option<HeaderField>,
}

/// How a key is revoked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeSettings {
    /// The method, and the path below the base URL of the API. `{id}` is the id of the key.
    pub request: RequestLine,
    /// The JSON body. In its texts, `{id}` is the id of the key.
    #[serde(default, serialize_with = "body")]
    pub body: Option<Value>,
}

/// How a key is found in a list of keys.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FindSettings {
    /// The method, path and query that list keys. `{name}`, `{workspace}` and `{grant}` are those of
    /// the request that makes a key, and `{cursor}` is the text that the page before has at `next`.
    /// A query parameter whose placeholder has no value is left out.
    pub request: RequestLine,
    /// Where the answer has the list. Leave it out where the answer is the list.
    #[serde(default)]
    pub items: Option<Pointer>,
    /// Where an item has the id of the key.
    pub id: Pointer,
    /// Where an item has the text that contained `{grant}` when the key was made.
    pub grant: Pointer,
    /// Where the answer has the `{cursor}` of the next page.
    #[serde(default)]
    pub next: Option<Pointer>,
}

/// The name of a header field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderField(pub(crate) HeaderName);

impl From<HeaderField> for String {
    fn from(field: HeaderField) -> String {
        field.0.to_string()
    }
}

impl TryFrom<String> for HeaderField {
    type Error = String;

    fn try_from(text: String) -> Result<HeaderField, String> {
        let name = HeaderName::from_bytes(text.as_bytes());
        name.map(HeaderField)
            .map_err(|_| format!("`{text}` is no name of a header field"))
    }
}

/// The API's names of the two levels of access.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// The level that can only read.
    pub read_only: String,
    /// The level that can read and write.
    pub full: String,
}

impl Levels {
    pub(crate) fn name(&self, access: Access) -> &str {
        match access {
            Access::Read => &self.read_only,
            Access::Write => &self.full,
        }
    }
}

/// A method and a path, with a query or without, that may hold placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestLine {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
}

impl TryFrom<String> for RequestLine {
    type Error = String;

    fn try_from(text: String) -> Result<RequestLine, String> {
        let wrong = || {
            format!(
                "`{text}` is no request; write a method and a path below the API's base URL, like \
                 `POST /api-keys`"
            )
        };
        let (method, path) = text.split_once(' ').ok_or_else(wrong)?;
        let plain = path.starts_with('/') && !path.contains([' ', '#']);
        let capitals = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| wrong())?;
        match plain && capitals {
            true => {
                let (path, query) = match path.split_once('?') {
                    Some((path, query)) => (path, Some(query.to_owned())),
                    None => (path, None),
                };
                Ok(RequestLine {
                    method,
                    path: path.to_owned(),
                    query,
                })
            }
            false => Err(wrong()),
        }
    }
}

impl From<RequestLine> for String {
    fn from(line: RequestLine) -> String {
        let query = line.query.map(|query| format!("?{query}"));
        format!("{} {}{}", line.method, line.path, query.unwrap_or_default())
    }
}

impl RequestLine {
    /// The placeholders used, of those that are known.
    fn used(&self, known: &[&str]) -> Result<BTreeSet<&str>, String> {
        let mut used = template::used(&self.path, known)?;
        used.extend(template::used(
            self.query.as_deref().unwrap_or_default(),
            known,
        )?);
        Ok(used)
    }
}

/// A JSON Pointer (RFC 6901) into an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct Pointer(pub(crate) String);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Pointer, String> {
        match text.starts_with('/') {
            true => Ok(Pointer(text)),
            false => Err(format!(
                "`{text}` is no JSON Pointer; write one like `/data/id`"
            )),
        }
    }
}

impl MintSettings {
    /// Checks which placeholders are used where. Returns those of the request that makes a key.
    ///
    /// # Errors
    /// Where one is unknown or missing.
    pub(crate) fn placeholders(&self) -> Result<BTreeSet<&str>, ConfigError> {
        self.used()
            .map_err(|(key, message)| ConfigError::new(format!("upstream.mint.{key}"), message))
    }

    fn used(&self) -> Result<BTreeSet<&str>, (&'static str, String)> {
        let create = &self.create;
        let known = ["name", "workspace", "level", "grant"];
        let used = create.request.used(&known);
        let mut used = used.map_err(|message| ("create.request", message))?;
        if let Some(body) = &create.body {
            let more = template::used_in_json(body, &known);
            used.extend(more.map_err(|message| ("create.body", message))?);
        }
        if used.contains("level") && create.levels.is_none() {
            let message = "is missing: write what the API calls the two levels, like { read_only = \
                           \"read\", full = \"write\" }";
            return Err(("create.levels", message.to_owned()));
        }
        let revoke = &self.revoke;
        let names = revoke.request.used(&["id"]);
        let mut names = names.map_err(|message| ("revoke.request", message))?;
        if let Some(body) = &revoke.body {
            let more = template::used_in_json(body, &["id"]);
            names.extend(more.map_err(|message| ("revoke.body", message))?);
        }
        if !names.contains("id") {
            let message = "does not say which key: write {id} into the path or the body, like \
                           `DELETE /api-keys/{id}`";
            return Err(("revoke.request", message.to_owned()));
        }
        if let Some(find) = &self.find {
            find.check(&used)?;
        }
        Ok(used)
    }
}

impl FindSettings {
    fn check(&self, create: &BTreeSet<&str>) -> Result<(), (&'static str, String)> {
        if !create.contains("grant") {
            let message = "the request that makes a key says nothing that its key could be found \
                           by: write {grant} into the body of `create`, where a list of keys shows \
                           it, like name = \"{name} ({grant})\"";
            return Err(("find", message.to_owned()));
        }
        let used = self.request.used(&["name", "workspace", "grant", "cursor"]);
        let used = used.map_err(|message| ("find.request", message))?;
        match (used.contains("cursor"), &self.next) {
            (true, None) => {
                let message = "is missing: write where the answer has what {cursor} represents, \
                               like `/next_cursor`";
                Err(("find.next", message.to_owned()))
            }
            (false, Some(_)) => {
                let message = "does not say where the next page begins: write {cursor} into the \
                               query, like `&cursor={cursor}`";
                Err(("find.request", message.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a body as TOML has it, whatever `serde_json` keeps numbers as.
pub(super) fn body<S: Serializer>(body: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    body.as_ref().map(plain).serialize(serializer)
}

fn plain(value: &Value) -> toml::Value {
    match value {
        Value::Null => toml::Value::String("null".to_owned()),
        Value::Bool(value) => toml::Value::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => toml::Value::Integer(number),
            None => toml::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(items) => toml::Value::Array(items.iter().map(plain).collect()),
        Value::Object(members) => {
            let members = members.iter();
            toml::Value::Table(
                members
                    .map(|(name, it)| (name.clone(), plain(it)))
                    .collect(),
            )
        }
    }
}
