//! How a link is made, and what of it is kept.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::file::{Described, FileLink, Repeated};
use super::name;
use crate::call::Runner;
use crate::call::seal::SecretKey;
use crate::model::{AccessContext, Grant};
use crate::operation::{Access, Operation};
use crate::store::StoreError;
use crate::token::{self, Digest};

/// How long a link works.
const LIFETIME: Duration = Duration::from_mins(10);
/// How many requests a link answers.
pub(super) const USES: u32 = 3;
/// What the keys of links are for.
pub(super) const PURPOSE: &str = "file link";
/// The path of links.
pub(super) const PATH: &str = "/files/";

/// What a link is for, as it is sealed.
#[derive(Deserialize, Serialize)]
pub(super) struct Linked<'l> {
    pub(super) tool: Cow<'l, str>,
    pub(super) arguments: Cow<'l, Map<String, Value>>,
    /// Whether the caller was allowed to change something.
    pub(super) writes: bool,
    pub(super) name: Cow<'l, str>,
}

/// Returns what a link is sealed for, in a spelling that no two grants share.
pub(super) fn bound(grant: &Grant) -> String {
    json!([PURPOSE, grant.id.as_str()]).to_string()
}

impl Runner {
    /// Keeps what it takes to make a call again by a link, where links are made of it: of operations that
    /// are sent with GET, for people who signed in.
    pub(in crate::call) fn repeated(
        &self,
        operation: &'static Operation,
        arguments: &Map<String, Value>,
        caller: &AccessContext,
    ) -> Option<Repeated> {
        let is_linked =
            operation.method == "GET" && caller.grant.is_some() && self.file_links().is_some();
        is_linked.then(|| Repeated {
            tool: operation.name,
            arguments: arguments.clone(),
        })
    }

    /// Makes a link to the answer of a call. Returns nothing where that is not possible.
    pub(in crate::call) async fn link(
        &self,
        call: &Repeated,
        described: Described<'_>,
        caller: &AccessContext,
    ) -> Option<FileLink> {
        let made = self.keep_link(call, described, caller).await;
        made.unwrap_or_else(|error| {
            tracing::error!(tool = call.tool, %error, "a link to a file is not kept");
            None
        })
    }

    async fn keep_link(
        &self,
        call: &Repeated,
        Described { media_type, bytes }: Described<'_>,
        caller: &AccessContext,
    ) -> Result<Option<FileLink>, StoreError> {
        let (Some((links, services)), Some(grant)) = (self.file_links(), &caller.grant) else {
            return Ok(None);
        };
        let secret = token::random_text(&*services.random);
        let name = name::of(call.tool, media_type);
        let linked = Linked {
            tool: Cow::Borrowed(call.tool),
            arguments: Cow::Borrowed(&call.arguments),
            writes: caller.access == Access::Write,
            name: Cow::Borrowed(&name),
        };
        let sealed = serde_json::to_vec(&linked).ok();
        let key = SecretKey::of(PURPOSE, &secret);
        let sealed = sealed.and_then(|text| key?.seal(0, &bound(grant), text));
        let expires = services.clock.now().checked_add(LIFETIME);
        let (Some(sealed), Some(expires)) = (sealed, expires) else {
            return Ok(None);
        };
        let digest = Digest::of(&secret);
        let store = &services.store;
        if !store
            .put_file_link(digest, &grant.id, &sealed, expires)
            .await?
        {
            return Ok(None);
        }
        let expires = DateTime::<Utc>::from(expires);
        Ok(Some(FileLink {
            uri: format!("{}{PATH}{secret}", links.origin),
            name,
            media_type: media_type.to_owned(),
            bytes,
            expires: expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        }))
    }
}
