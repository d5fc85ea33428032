//! How the API's key service is called, as configuration says it.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, Method};
use serde::Deserialize;
use serde_json::Value;

use super::template;
use crate::credential::Credential;
use crate::credential::seal::SealingKeySettings;
use crate::operation::Access;

/// The table `[upstream.mint]`: each connection that a person approves gets a key of its own at
/// the API, which is revoked with the connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintSettings {
    /// The security scheme of the description that the keys are for.
    pub scheme: String,
    /// How a key is made.
    pub create: CreateSettings,
    /// How a key is revoked.
    pub revoke: RevokeSettings,
    /// How a key is found that was asked for by a server which died before the answer came.
    #[serde(default)]
    pub find: Option<FindSettings>,
    /// What the key service itself is called with, by security scheme. Tools never use these.
    #[serde(default)]
    pub credentials: BTreeMap<String, Credential>,
    /// What the keys are sealed with in the store: the first seals, each opens what it sealed.
    #[serde(default)]
    pub sealing_keys: Vec<SealingKeySettings>,
}

/// The table `[upstream.mint.create]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSettings {
    /// Method and path below the API's base URL: `POST /api-keys`.
    pub request: RequestLine,
    /// The JSON body. `{name}`, `{workspace}`, `{level}` and `{grant}` in its texts stand for the
    /// key's name, the API's id of the workspace, what the API calls the level, and our id.
    #[serde(default)]
    pub body: Option<Value>,
    /// What the API calls the two levels.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// Where the answer has the key's id.
    pub id: Pointer,
    /// Where the answer has the key itself.
    pub secret: Pointer,
    /// The header field with which the API answers a repeated request as it answered the first:
    /// `Idempotency-Key`. Its value is our id of the connection.
    #[serde(default)]
    pub idempotency_header: Option<HeaderField>,
}

/// The table `[upstream.mint.revoke]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeSettings {
    /// Method and path: `DELETE /api-keys/{id}`.
    pub request: RequestLine,
    /// The JSON body, with `{id}` in its texts.
    #[serde(default)]
    pub body: Option<Value>,
}

/// The table `[upstream.mint.find]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindSettings {
    /// Method, path and query that list keys: `GET /api-keys?workspace={workspace}&after={cursor}`.
    /// `{name}`, `{workspace}` and `{grant}` stand for what the key was asked for with, `{cursor}`
    /// for what the page before says at `next`. A parameter whose placeholder has no value is left
    /// out.
    pub request: RequestLine,
    /// Where the answer has the list; nothing where it is the list.
    #[serde(default)]
    pub items: Option<Pointer>,
    /// Where an item has the key's id.
    pub id: Pointer,
    /// Where an item has the text that `{grant}` is a part of in the request that makes a key.
    pub grant: Pointer,
    /// Where the answer has what `{cursor}` stands for on the next page.
    #[serde(default)]
    pub next: Option<Pointer>,
}

/// The name of a header field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderField(pub(super) HeaderName);

impl TryFrom<String> for HeaderField {
    type Error = String;

    fn try_from(text: String) -> Result<HeaderField, String> {
        let name = HeaderName::from_bytes(text.as_bytes());
        name.map(HeaderField)
            .map_err(|_| format!("`{text}` is no name of a header field"))
    }
}

/// What the API calls the levels of a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// One that can only look.
    pub read_only: String,
    /// One that can act.
    pub full: String,
}

impl Levels {
    pub(super) fn name(&self, access: Access) -> &str {
        match access {
            Access::Read => &self.read_only,
            Access::Write => &self.full,
        }
    }
}

/// A method and a path, with a query or without, that may hold placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestLine {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pointer(pub(super) String);

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
    /// Checks what no single value shows: which placeholders are used where. Gives those that
    /// making a key takes; an error names the key below `[upstream.mint]`.
    pub(super) fn check(&self) -> Result<BTreeSet<&str>, (&'static str, String)> {
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
                let message = "is missing: write where the answer has what {cursor} stands for, \
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
