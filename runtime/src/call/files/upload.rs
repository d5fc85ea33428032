//! Files that are uploaded before the call that sends them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::link::PATH;
use super::name;
use crate::call::seal::SecretKey;
use crate::call::{CallError, ErrorKind, Runner};
use crate::http::Piece;
use crate::model::{AccessContext, GrantId};
use crate::request_id::RequestId;
use crate::store::{Services, Store, StoreError, StoredUpload};
use crate::token::{self, Digest};
use crate::tool::Tool;
use crate::upstream::{Upload, Uploads};

/// How long an upload waits for its file, and then for its call.
const LIFETIME: Duration = Duration::from_mins(10);
/// What the keys of uploads are for.
const PURPOSE: &str = "upload";
/// What the text that names an upload begins with.
const SCHEME: &str = "upload:";
/// Bytes of a file that are sealed at once.
const CHUNK: usize = 1024 * 1024;

/// An upload that waits for its file.
#[derive(Debug)]
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

/// Why a file is not received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UploadError {
    /// No such upload waits.
    NotFound,
    /// It has more than so many bytes.
    TooLong(u64),
    /// It did not come as a whole.
    Broken,
    /// The store fails.
    Unavailable,
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> UploadError {
        tracing::error!(%error, "an upload is not kept");
        UploadError::Unavailable
    }
}

/// What a file is called and what it is, as it is sealed.
#[derive(Default, Deserialize, Serialize)]
struct Described<'d> {
    filename: Option<Cow<'d, str>>,
    media_type: Option<Cow<'d, str>>,
}

/// Returns what an upload is sealed for, in a spelling that no two grants share.
fn bound(grant: &GrantId) -> String {
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
        let refuse = |kind, message: &str| Box::new(CallError::new(kind, message, id.as_str()));
        if media_type.is_some_and(|it| it.len() > 200 || HeaderValue::from_str(it).is_err()) {
            let message = "`content_type` has to be a media type, such as application/pdf.";
            return Err(refuse(ErrorKind::InvalidArguments, message));
        }
        self.count(caller, id)?;
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
        let put = services
            .store
            .put_upload(Digest::of(&secret), &grant.id, &sealed, expires);
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

    /// Receives the file of an upload, once. Returns how many bytes it has. No more than a part of it is in
    /// memory at any time.
    ///
    /// # Errors
    /// Where no such upload waits, the file is too long or does not come, or the store fails.
    pub(crate) async fn receive<E>(
        &self,
        secret: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    ) -> Result<u64, UploadError> {
        let (links, services) = self.file_links().ok_or(UploadError::NotFound)?;
        if secret.len() != token::LENGTH {
            return Err(UploadError::NotFound);
        }
        let most = links.max_upload;
        if length.is_some_and(|length| length > most) {
            return Err(UploadError::TooLong(most));
        }
        let (upload, store) = (Digest::of(secret), &*services.store);
        let begun = store.begin_upload(upload, services.clock.now()).await?;
        let grant = begun.ok_or(UploadError::NotFound)?;
        let receiving = Receiving {
            upload,
            key: SecretKey::of(PURPOSE, secret).ok_or(UploadError::Unavailable)?,
            bound: bound(&grant),
            store,
            chunks: 0,
            bytes: 0,
        };
        let received = receiving.all(body, most).await;
        let ended = match received {
            Ok(bytes) => match ends(services) {
                Some(expires) if store.end_upload(upload, bytes, expires).await? => Ok(bytes),
                _ => Err(UploadError::NotFound),
            },
            Err(error) => Err(error),
        };
        if ended.is_err() {
            store.remove_upload(upload).await?;
        }
        ended
    }

    /// Finds the uploads that the arguments of a call name, where its tool takes files.
    ///
    /// # Errors
    /// Where one is not there (any longer), or is of another connection.
    pub(in crate::call) async fn uploads(
        &self,
        tool: &Tool,
        arguments: &Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Uploads, Box<CallError>> {
        let (Some((_, services)), Some(grant)) = (self.file_links(), &caller.grant) else {
            return Ok(Uploads::default());
        };
        if !tool.takes_files() {
            return Ok(Uploads::default());
        }
        let mut names = Vec::new();
        arguments.values().for_each(|it| find(it, &mut names));
        let mut uploads = BTreeMap::new();
        for (text, secret) in names {
            let digest = Digest::of(secret);
            let now = services.clock.now();
            let found = services.store.upload(digest, &grant.id, now).await;
            let found = found.map_err(|error| {
                tracing::error!(request_id = %id, %error, "the store failed");
                let message = "This server cannot look up uploads at the moment; nothing was sent.";
                Box::new(CallError {
                    retryable: true,
                    ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
                })
            })?;
            let upload = found.and_then(|it| opened(secret, &grant.id, &it, &services.store));
            let Some(upload) = upload else {
                let message = "An argument names an upload that is not there: its file has to be sent \
                               first, as a whole, and is kept for ten minutes, for the connection that \
                               asked for it and one call. Nothing was sent.";
                let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
                return Err(Box::new(CallError {
                    hint: Some("Call request_upload again, and have the file sent.".to_owned()),
                    ..error
                }));
            };
            uploads.insert(text.to_owned(), upload);
        }
        Ok(Uploads(uploads))
    }

    /// Removes uploads that a call has sent.
    pub(in crate::call) async fn sent(&self, uploads: &[String], id: &RequestId) {
        let Some((_, services)) = self.file_links() else {
            return;
        };
        for secret in uploads.iter().filter_map(|text| named(text)) {
            let removed = services.store.remove_upload(Digest::of(secret)).await;
            if let Err(error) = removed {
                tracing::warn!(request_id = %id, %error, "an upload that was sent is not removed yet");
            }
        }
    }
}

fn ends(services: &Services) -> Option<SystemTime> {
    services.clock.now().checked_add(LIFETIME)
}

/// Finds the texts in a value that name uploads, each with its secret.
fn find<'v>(value: &'v Value, names: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => names.extend(named(text).map(|secret| (text.as_str(), secret))),
        Value::Array(items) => items.iter().for_each(|item| find(item, names)),
        Value::Object(members) => members.values().for_each(|member| find(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A file that is received.
struct Receiving<'r> {
    upload: Digest,
    key: SecretKey,
    bound: String,
    store: &'r dyn Store,
    chunks: u32,
    bytes: u64,
}

impl Receiving<'_> {
    async fn all<E>(
        mut self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
        most: u64,
    ) -> Result<u64, UploadError> {
        let mut held = BytesMut::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|_| UploadError::Broken)?;
            self.bytes += part.len() as u64;
            if self.bytes > most {
                return Err(UploadError::TooLong(most));
            }
            held.extend_from_slice(&part);
            while held.len() >= CHUNK {
                let chunk = held.split_to(CHUNK);
                self.keep(chunk.to_vec()).await?;
            }
        }
        if !held.is_empty() {
            self.keep(held.to_vec()).await?;
        }
        Ok(self.bytes)
    }

    /// Seals a part under its number, counted from 1, and keeps it.
    async fn keep(&mut self, chunk: Vec<u8>) -> Result<(), UploadError> {
        self.chunks += 1;
        let sealed = self.key.seal(self.chunks, &self.bound, chunk);
        let sealed = sealed.ok_or(UploadError::Unavailable)?;
        let put = self
            .store
            .put_upload_chunk(self.upload, self.chunks, &sealed);
        match put.await? {
            true => Ok(()),
            false => Err(UploadError::NotFound),
        }
    }
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
