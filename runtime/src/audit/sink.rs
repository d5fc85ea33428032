//! Where rows are sent: a file, or a URL.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::http::{self as client, Client, Failure, Limits, Outgoing};
use crate::secret::Secret;
use crate::token::Digest;

/// What secrets of Standard Webhooks begin with.
const SECRET_PREFIX: &str = "whsec_";
/// How many bytes a secret has.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// JSON, one value a line.
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// How long a sink may take for a batch: less than a server sends alone.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most of an answer that is read.
const ANSWER: usize = 4096;

/// Where rows are sent.
#[derive(Debug)]
pub(crate) enum Destination {
    /// Lines are appended to a file.
    File(PathBuf),
    /// Lines are posted to a URL, signed.
    Webhook(Box<Webhook>),
}

/// A URL that receives signed batches, as Standard Webhooks describes.
#[derive(Debug)]
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    key: hmac::Key,
}

impl Destination {
    /// Sends lines. They have arrived where this succeeds: in the file on its disk, or by an answer
    /// of the class 2xx.
    ///
    /// # Errors
    /// Where some may not have arrived, as a sentence for the log.
    pub(super) async fn send(&self, lines: Vec<u8>, now: SystemTime) -> Result<(), String> {
        match self {
            Destination::File(path) => {
                let (path, shown) = (path.clone(), path.display().to_string());
                let appended = tokio::task::spawn_blocking(move || append(&path, &lines)).await;
                let appended = appended.unwrap_or_else(|error| Err(io::Error::other(error)));
                appended.map_err(|error| format!("{shown}: {error}"))
            }
            Destination::Webhook(webhook) => webhook.post(lines, now).await,
        }
    }
}

/// Appends lines to a file that others may have moved away since.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let is_new = file.metadata()?.len() == 0;
    // A process may have ended in the middle of a line: its rows are sent again.
    if !ends_with_a_line(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(lines)?;
    file.sync_data()?;
    match is_new {
        true => sync_directory_of(path),
        false => Ok(()),
    }
}

/// Has the name of a new file survive a crash of the machine, too.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Webhook {
    /// Prepares to send to a URL, signed by a secret in the form of Standard Webhooks.
    ///
    /// # Errors
    /// Where the secret is none, or no client can be made. The message repeats no part of the secret.
    pub(crate) fn new(url: Url, secret: &Secret) -> Result<Webhook, String> {
        let limits = Limits {
            total: PATIENCE,
            connect: Duration::from_secs(5),
            body: ANSWER,
            stream: PATIENCE,
            may_be_endless: |_| false,
        };
        Ok(Webhook {
            client: Client::new(limits, true)?,
            url,
            key: key(secret)?,
        })
    }

    async fn post(&self, lines: Vec<u8>, now: SystemTime) -> Result<(), String> {
        // The same lines have the same id: what repeats them may be recognised by it.
        let id = format!("msg_{}", Digest::of_bytes(&lines).hex(16));
        let sent = Outgoing {
            method: Method::POST,
            url: self.url.clone(),
            headers: self.headers(&id, now, &lines)?,
            body: Bytes::from(lines),
            pieces: Vec::new(),
            room: None,
            account: None,
        };
        let answer = self.client.send(sent).await;
        let answer = answer.map_err(reason)?;
        match answer.status.is_success() {
            true => Ok(()),
            false => Err(format!("it answered {}", answer.status)),
        }
    }

    /// The header fields of a batch.
    fn headers(&self, id: &str, now: SystemTime, lines: &[u8]) -> Result<HeaderMap, String> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(lines);
        let signature = format!("v1,{}", STANDARD.encode(context.sign()));
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
        let fields = [
            (CONTENT_TYPE, LINES),
            (USER_AGENT, HeaderValue::from_static(client::USER_AGENT)),
            (HeaderName::from_static("webhook-id"), value(id)?),
            (
                HeaderName::from_static("webhook-timestamp"),
                value(&seconds.to_string())?,
            ),
            (
                HeaderName::from_static("webhook-signature"),
                value(&signature)?,
            ),
        ];
        Ok(fields.into_iter().collect())
    }
}

/// Says why there is no answer.
fn reason(failure: Failure) -> String {
    match failure {
        Failure::Unreachable(reason)
        | Failure::Unhandled(reason)
        | Failure::Broken(reason)
        | Failure::Garbage(reason)
        | Failure::Request(reason) => reason,
        Failure::Timeout => "it did not answer in time".to_owned(),
        Failure::Redirect { target, reason, .. } => {
            format!("it redirects to {target}, which is not followed: {reason}")
        }
    }
}

fn key(secret: &Secret) -> Result<hmac::Key, String> {
    let encoded = secret.expose().strip_prefix(SECRET_PREFIX);
    let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
    let message = "is not a secret for signatures; write `whsec_` and 24 to 64 random bytes in \
                   base64, as `echo whsec_$(openssl rand -base64 32)` prints them";
    let bytes = bytes.ok_or(message)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn batch_is_signed_as_standard_webhooks_describes() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let url = "https://example.com/".parse().unwrap();
        let webhook = Webhook::new(url, &secret).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let now = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let headers = webhook.headers(id, now, body).unwrap();
        assert_eq!(headers["webhook-id"], id);
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers["webhook-signature"], expected);
    }

    #[test]
    fn secret_of_another_form_is_refused_without_being_repeated() {
        for wrong in ["hunter2", "whsec_", "whsec_aHVudGVyMg==", "whsec_hunter2!"] {
            let error = key(&Secret::new(wrong)).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn line_that_was_cut_off_is_ended_before_others_follow() {
        let name = format!("drawbridge-sink-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "{\"id\":1}\n{\"id\"").unwrap();
        append(&path, b"{\"id\":2}\n").unwrap();
        append(&path, b"{\"id\":3}\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text, "{\"id\":1}\n{\"id\"\n{\"id\":2}\n{\"id\":3}\n");
    }
}
