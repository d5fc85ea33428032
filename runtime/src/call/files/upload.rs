//! Files that are uploaded before the call that sends them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::link::PATH;
use super::name;
use super::recorded::Recorded;
use crate::call::refusals::read_only;
use crate::call::seal::SecretKey;
use crate::call::{CallError, ErrorKind, Runner};
use crate::http::Piece;
use crate::limit::Charge;
use crate::model::{AccessContext, GrantId};
use crate::operation::{Access, Content};
use crate::request_id::RequestId;
use crate::store::{Services, Store, StoreError, StoredUpload};
use crate::token::{self, Digest};
use crate::tool::{Tool, ToolKind};
use crate::upstream::{Taken, Upload, Uploads};

/// How long an upload waits for its file, and then for its call.
const LIFETIME: Duration = Duration::from_mins(10);
/// What the keys of uploads are for.
pub(super) const PURPOSE: &str = "upload";
/// What the text that names an upload begins with.
const SCHEME: &str = "upload:";
/// The name under which requests for uploads are recorded.
const REQUEST: &str = "request_upload";

/// An upload that waits for its file.
pub(crate) struct RequestedUpload {
    /// The argument that names it.
    pub(crate) argument: String,
    /// The URL to which the file is sent.
    pub(crate) uri: String,
    /// When that ends (RFC 3339).
    pub(crate) expires: String,
    /// The most bytes that it takes.
    pub(crate) most: u64,
}

impl fmt::Debug for RequestedUpload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The argument and the URL are secrets.
        let mut debug = formatter.debug_struct("RequestedUpload");
        debug.field("most", &self.most).finish_non_exhaustive()
    }
}

/// What a file is called and what it is, as it is sealed.
#[derive(Default, Deserialize, Serialize)]
struct Described<'d> {
    filename: Option<Cow<'d, str>>,
    media_type: Option<Cow<'d, str>>,
}

/// Returns what an upload is sealed for, in a spelling that no two grants share.
pub(super) fn bound(grant: &GrantId) -> String {
    json!([PURPOSE, grant.as_str()]).to_string()
}

/// Returns the secret of a text that names an upload.
fn named(text: &str) -> Option<&str> {
    let secret = text.strip_prefix(SCHEME)?;
    let is_secret = |byte: u8| byte.is_ascii_alphanumeric();
    (secret.len() == token::LENGTH && secret.bytes().all(is_secret)).then_some(secret)
}

impl Runner {
    /// The most bytes that a file of an upload has; none where there are no uploads.
    pub(crate) fn longest_upload(&self) -> Option<u64> {
        let (links, _) = self.file_links()?;
        Some(links.max_upload)
    }

    /// Has an upload wait for its file.
    ///
    /// # Errors
    /// Where it cannot be kept, or its type is none.
    pub(crate) async fn request_upload(
        &self,
        (filename, media_type): (Option<&str>, Option<&str>),
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<RequestedUpload, Box<CallError>> {
        let recorded = Recorded {
            name: REQUEST,
            access: Access::Write,
            caller,
            id,
        };
        let admitted = match caller.allows(Access::Write) {
            true => self.count(caller, id),
            false => Err(Box::new(read_only(REQUEST, id))),
        };
        if let Err(refused) = admitted {
            self.refuse(recorded, &refused);
            return Err(refused);
        }
        let begun = self.begin(recorded)?;
        let requested = self.requested((filename, media_type), caller, id).await;
        begun.end(requested.as_ref().err().map(|error| error.kind));
        requested
    }

    async fn requested(
        &self,
        (filename, media_type): (Option<&str>, Option<&str>),
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<RequestedUpload, Box<CallError>> {
        let refuse = |kind, message: &str| Box::new(CallError::new(kind, message, id.as_str()));
        if media_type.is_some_and(|it| it.len() > 200 || HeaderValue::from_str(it).is_err()) {
            let message = "`content_type` has to be a media type, such as application/pdf.";
            return Err(refuse(ErrorKind::InvalidArguments, message));
        }
        let described = Described {
            filename: filename.and_then(name::safe).map(Cow::Owned),
            media_type: media_type.map(Cow::Borrowed),
        };
        let kept = self.keep_upload(&described, caller).await;
        let kept = kept.unwrap_or_else(|error| {
            tracing::error!(request_id = %id, %error, "an upload is not kept");
            None
        });
        kept.ok_or_else(|| {
            let message = "This server cannot take an upload at the moment.";
            refuse(ErrorKind::Unavailable, message)
        })
    }

    async fn keep_upload(
        &self,
        described: &Described<'_>,
        caller: &AccessContext,
    ) -> Result<Option<RequestedUpload>, StoreError> {
        let (Some((links, services)), Some(grant)) = (self.file_links(), &caller.grant) else {
            return Ok(None);
        };
        let secret = token::random_text(&*services.random);
        let key = SecretKey::of(PURPOSE, &secret);
        let text = serde_json::to_vec(described).ok();
        let sealed = text.and_then(|text| key?.seal(0, &bound(&grant.id), text));
        let (Some(sealed), Some(expires)) = (sealed, ends(services)) else {
            return Ok(None);
        };
        let (upload, now) = (Digest::of(&secret), services.clock.now());
        let store = &services.store;
        let put = store.put_upload(upload, &grant.id, &sealed, now, expires);
        if !put.await? {
            return Ok(None);
        }
        let expires = DateTime::<Utc>::from(expires);
        Ok(Some(RequestedUpload {
            argument: format!("{SCHEME}{secret}"),
            uri: format!("{}{PATH}{secret}", links.origin),
            expires: expires.to_rfc3339_opts(SecondsFormat::Secs, true),
            most: links.max_upload,
        }))
    }

    /// Takes what a call uses: its cost of the quota, and the uploads that its arguments name.
    ///
    /// # Errors
    /// Where one of them cannot be taken. None is then.
    pub(in crate::call) async fn take(
        &self,
        tool: &Tool,
        arguments: &Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<(Option<Charge>, Uploads), Box<CallError>> {
        let charge = self.charge(tool.descriptor(), caller, id).await?;
        let uploads = self.uploads(tool, arguments, caller, id).await;
        let uploads = uploads.inspect_err(|_| self.refund(charge, caller))?;
        Ok((charge, uploads))
    }

    /// Takes the uploads that the file arguments of a call name, so that no other call sends them.
    ///
    /// # Errors
    /// Where one is not there (any longer), is of another connection, is sent by another call, or is named
    /// twice.
    async fn uploads(
        &self,
        tool: &Tool,
        arguments: &Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Uploads, Box<CallError>> {
        let (Some((_, services)), Some(grant)) = (self.file_links(), &caller.grant) else {
            return Ok(Uploads::default());
        };
        let mut secrets = BTreeSet::new();
        for secret in find(tool, arguments) {
            if !secrets.insert(secret) {
                let message =
                    "The arguments name an upload twice: it is sent once. Nothing was sent.";
                let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
                return Err(Box::new(error));
            }
        }
        let mut uploads = Uploads::default();
        let mut taken = Vec::new();
        for secret in secrets {
            let upload = match take(secret, &grant.id, services).await {
                Ok(Some(upload)) => upload,
                failed => {
                    release(taken, Arc::clone(&services.store), false).await;
                    return Err(Box::new(not_taken(failed.err(), id)));
                }
            };
            taken.push(Digest::of(secret));
            uploads.files.insert(format!("{SCHEME}{secret}"), upload);
        }
        if !taken.is_empty() {
            let store = Arc::clone(&services.store);
            let settle =
                move |was_sent| release(taken.clone(), Arc::clone(&store), was_sent).boxed();
            uploads.taken = Some(Arc::new(Taken::new(settle)));
        }
        Ok(uploads)
    }
}

/// Takes an upload of a grant; none where it is not there.
async fn take(
    secret: &str,
    grant: &GrantId,
    services: &Services,
) -> Result<Option<Upload>, StoreError> {
    let (store, now) = (&services.store, services.clock.now());
    let Some(expires) = ends(services) else {
        return Ok(None);
    };
    let taken = store.take_upload(Digest::of(secret), grant, now, expires);
    let taken = taken.await?;
    Ok(taken.and_then(|it| opened(secret, grant, &it, store)))
}

/// Removes uploads that were sent. Others are there for another call.
async fn release(uploads: Vec<Digest>, store: Arc<dyn Store>, was_sent: bool) {
    for upload in uploads {
        let released = match was_sent {
            true => store.remove_upload(upload).await,
            false => store.return_upload(upload).await,
        };
        if let Err(error) = released {
            tracing::warn!(%error, was_sent, "an upload is not released; it ends by time");
        }
    }
}

/// Returns the error of a call whose uploads are not all there, or cannot be looked up.
fn not_taken(failed: Option<StoreError>, id: &RequestId) -> CallError {
    if let Some(error) = failed {
        tracing::error!(request_id = %id, %error, "the store failed");
        let message = "This server cannot look up uploads at the moment; nothing was sent.";
        return CallError {
            retryable: true,
            ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
        };
    }
    let message = "An argument names an upload that is not there: its file has to be sent first, as a whole, \
                   and is kept for ten minutes, for the connection that asked for it and one call. Nothing \
                   was sent.";
    CallError {
        hint: Some("Call request_upload again, and have the file sent.".to_owned()),
        ..CallError::new(ErrorKind::InvalidArguments, message, id.as_str())
    }
}

/// Finds the secrets of uploads in the file arguments of a call.
fn find<'a>(tool: &Tool, arguments: &'a Map<String, Value>) -> Vec<&'a str> {
    let ToolKind::Operation(operation) = tool.kind() else {
        return Vec::new();
    };
    if !tool.takes_files() {
        return Vec::new();
    }
    let mut secrets = Vec::new();
    match operation.request_body.as_ref().map(|body| &body.content) {
        Some(Content::Properties(properties)) => {
            let files = properties.iter().filter(|it| it.encoding.binary);
            let files = files.filter_map(|it| arguments.get(it.argument));
            files.for_each(|file| find_in(file, &mut secrets));
        }
        // The body is a file, or each of its members may be one.
        Some(Content::Argument(argument, _) | Content::Members(argument, _)) => {
            match arguments.get(*argument) {
                Some(Value::Object(members)) => {
                    members.values().for_each(|it| find_in(it, &mut secrets));
                }
                Some(file) => find_in(file, &mut secrets),
                None => {}
            }
        }
        None => {}
    }
    secrets
}

/// Finds the secrets of uploads in a file argument, or a list of them.
fn find_in<'v>(value: &'v Value, secrets: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => secrets.extend(named(text)),
        Value::Array(items) => {
            secrets.extend(items.iter().filter_map(|item| named(item.as_str()?)));
        }
        _ => {}
    }
}

pub(super) fn ends(services: &Services) -> Option<SystemTime> {
    services.clock.now().checked_add(LIFETIME)
}

/// Opens an upload of a grant. Its file is read as it is sent.
fn opened(
    secret: &str,
    grant: &GrantId,
    stored: &StoredUpload,
    store: &Arc<dyn Store>,
) -> Option<Upload> {
    let (upload, bound) = (Digest::of(secret), bound(grant));
    let text = SecretKey::of(PURPOSE, secret)?.open(0, &bound, stored.sealed.clone())?;
    let described: Described<'_> = serde_json::from_slice(&text).ok()?;
    let (store, secret, length) = (Arc::clone(store), secret.to_owned(), stored.bytes);
    let open = move || {
        let key = SecretKey::of(PURPOSE, &secret);
        let file = File {
            upload,
            key,
            bound: bound.clone(),
            store: Arc::clone(&store),
            chunks: 0,
            left: length,
        };
        file.read()
    };
    Some(Upload {
        filename: described.filename.map(Cow::into_owned),
        media_type: described.media_type.map(Cow::into_owned),
        content: Piece::File(length, Arc::new(open)),
    })
}

/// A file that is read.
struct File {
    upload: Digest,
    key: Option<SecretKey>,
    bound: String,
    store: Arc<dyn Store>,
    chunks: u32,
    left: u64,
}

impl File {
    fn read(self) -> BoxStream<'static, io::Result<Bytes>> {
        let parts = stream::unfold(Some(self), |file| async move {
            let mut file = file.filter(|file| file.left > 0)?;
            match file.next().await {
                Some(part) => Some((Ok(part), Some(file))),
                None => Some((Err(io::Error::other("an upload is gone")), None)),
            }
        });
        parts.boxed()
    }

    /// The next part; none where it is gone, or is not what was received.
    async fn next(&mut self) -> Option<Bytes> {
        self.chunks += 1;
        let sealed = self.store.upload_chunk(self.upload, self.chunks).await;
        let sealed = sealed.inspect_err(|error| tracing::error!(%error, "the store failed"));
        let part = self
            .key
            .as_ref()?
            .open(self.chunks, &self.bound, sealed.ok()??)?;
        self.left = self.left.checked_sub(part.len() as u64)?;
        Some(Bytes::from(part))
    }
}
