//! A description at a URL: fetched with the files that it refers to, within bounds, and kept in the
//! crate, so that later runs read the same text without a network.
//!
//! The URL is the user's, on the user's own machine, so that a private address is fetched like any
//! other. What a host answers is not trusted to choose addresses: redirects and references stay
//! with TLS, redirects lead into no private network from outside, and references stay on the host.

mod address;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use thiserror::Error;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use url::Url;

use crate::openapi;
use address::{check_redirect, is_loopback, place, resolve};

/// The directory of the crate that keeps what was fetched.
pub(crate) const DIRECTORY: &str = "description";
/// The largest file that is fetched: as large as one that is read.
const MAX_BYTES: u64 = 64 << 20;
/// The most that is fetched in all.
const MAX_TOTAL: u64 = 128 << 20;
/// The most files that are fetched.
const MAX_FILES: usize = 1000;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long all files may take.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(300);
/// How many redirects are followed for one file.
const MAX_REDIRECTS: usize = 5;

/// A description that was fetched: its files by their paths in the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file that the URL names.
    pub entry: String,
    /// Every file, the entry among them.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What a crate records about a description that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The URL, as it was given.
    pub url: String,
    /// The path of its file in the crate.
    pub entry: String,
    /// The SHA-256 over all files, in hexadecimal digits.
    pub digest: String,
}

/// Why a description cannot be fetched.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The URL is none that is fetched.
    #[error("{url}: {message}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// The host cannot be reached, or answers with something else.
    #[error("{url}: cannot be fetched: {message}")]
    Fetch {
        /// The URL.
        url: String,
        /// What happened.
        message: String,
    },
    /// The crate's copy is not the one that was fetched.
    #[error(
        "{path}: is not what was fetched from {url}; restore it, or fetch the description again with \
         --fetch"
    )]
    Changed {
        /// The directory of the copy.
        path: PathBuf,
        /// The URL.
        url: String,
    },
    /// The crate has no copy.
    #[error("{url}: {out} has no copy of it to compare with; run without --check, or add --fetch")]
    NoCopy {
        /// The URL.
        url: String,
        /// The directory of the crate.
        out: PathBuf,
    },
    /// The copy cannot be read or written.
    #[error("{path}: cannot be read or written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// The URL that `spec` is, if it is one.
pub fn url(spec: &Path) -> Option<&str> {
    let text = spec.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    is_http.then_some(text)
}

/// Fetches a description and the files that it refers to.
///
/// # Errors
/// Where the URL is refused, or a file cannot be fetched within the bounds. A file that the
/// description refers to and that is not there is left out; reading reports it.
pub fn fetch(text: &str) -> Result<Fetched, RemoteError> {
    let refuse = |message: &str| RemoteError::Url {
        url: without_credentials(text),
        message: message.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| refuse(&format!("is no URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "has credentials in it, which the crate would record; download the description, and \
             name the file",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(refuse(
            "is not protected by TLS; use https, or download the description and name the file",
        ));
    }
    let mut fetching = Fetching {
        agent: agent(),
        began: Instant::now(),
        left: MAX_TOTAL,
        files: BTreeMap::new(),
    };
    let (bytes, url) = fetching.get(&url)?;
    let entry = format!("{DIRECTORY}/{}", place(&url));
    fetching.follow(&entry, bytes, &url)?;
    Ok(Fetched {
        entry,
        files: fetching.files,
    })
}

impl Fetched {
    /// What the crate records of it.
    pub fn pin(&self, url: &str) -> Pin {
        let mut hasher = Sha256::new();
        for (path, contents) in &self.files {
            for part in [path.as_bytes(), contents] {
                hasher.update(part.len().to_be_bytes());
                hasher.update(part);
            }
        }
        let digest = hasher.finalize();
        Pin {
            url: url.to_owned(),
            entry: self.entry.clone(),
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Reads the copy in the crate `out` that `pin` records.
    ///
    /// # Errors
    /// Where it cannot be read, or is not what was fetched.
    pub fn read(out: &Path, pin: &Pin) -> Result<Fetched, RemoteError> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![DIRECTORY.to_owned()];
        while let Some(directory) = waiting.pop() {
            let path = out.join(&directory);
            let entries = std::fs::read_dir(&path).map_err(at(&path))?;
            for entry in entries {
                let entry = entry.map_err(at(&path))?;
                let key = format!("{directory}/{}", entry.file_name().to_string_lossy());
                if entry.file_type().map_err(at(&path))?.is_dir() {
                    waiting.push(key);
                } else {
                    let contents = std::fs::read(entry.path()).map_err(at(&entry.path()))?;
                    files.insert(key, contents);
                }
            }
        }
        let fetched = Fetched {
            entry: pin.entry.clone(),
            files,
        };
        if fetched.pin(&pin.url) != *pin {
            return Err(RemoteError::Changed {
                path: out.join(DIRECTORY),
                url: pin.url.clone(),
            });
        }
        Ok(fetched)
    }

    /// Writes the files into a directory, and returns the path of the entry there.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, RemoteError> {
        for (path, contents) in &self.files {
            let target = directory.join(path);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(at(parent))?;
            }
            std::fs::write(&target, contents).map_err(at(&target))?;
        }
        Ok(directory.join(&self.entry))
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> RemoteError {
    let path = path.to_owned();
    move |source| RemoteError::Io { path, source }
}

/// The URL without what may be a secret in it.
fn without_credentials(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) => {
            // These fail for URLs that cannot have credentials.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.into()
        }
        Err(_) => "the URL".to_owned(),
    }
}

fn agent() -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // Each is checked before it is followed.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("drawbridge-generator/", env!("CARGO_PKG_VERSION")))
        .accept("application/json, application/yaml;q=0.9, */*;q=0.5")
        .build();
    config.into()
}

struct Fetching {
    agent: Agent,
    began: Instant,
    /// How many bytes may still be fetched.
    left: u64,
    files: BTreeMap<String, Vec<u8>>,
}

impl Fetching {
    /// Fetches a file, and returns it with the URL that redirects led to.
    fn get(&mut self, start: &Url) -> Result<(Vec<u8>, Url), RemoteError> {
        let mut url = start.clone();
        for _ in 0..=MAX_REDIRECTS {
            let failed = |message: String| RemoteError::Fetch {
                url: url.to_string(),
                message,
            };
            if self.began.elapsed() > PATIENCE_IN_ALL {
                return Err(failed("the description takes too long".to_owned()));
            }
            let answer = self.agent.get(url.as_str()).call();
            let mut answer = answer.map_err(|error| failed(error.to_string()))?;
            let status = answer.status();
            if status.is_redirection() {
                let location = answer.headers().get("location");
                let location = location.and_then(|value| value.to_str().ok());
                let next = location.and_then(|location| url.join(location).ok());
                let next = next.ok_or_else(|| failed(format!("{status} leads nowhere")))?;
                check_redirect(start, &next).map_err(failed)?;
                url = next;
                continue;
            }
            if !status.is_success() {
                return Err(failed(format!("the host answers {status}")));
            }
            let limit = MAX_BYTES.min(self.left);
            let body = answer.body_mut().with_config().limit(limit).read_to_vec();
            let body = body.map_err(|error| match error {
                ureq::Error::BodyExceedsLimit(_) => {
                    failed(format!("it is larger than {} MiB", limit >> 20))
                }
                other => failed(other.to_string()),
            })?;
            self.left = self.left.saturating_sub(body.len() as u64);
            return Ok((body, url));
        }
        Err(RemoteError::Fetch {
            url: start.to_string(),
            message: format!("it redirects more than {MAX_REDIRECTS} times"),
        })
    }

    /// Fetches what the entry and its files refer to, each file once.
    fn follow(&mut self, entry: &str, bytes: Vec<u8>, url: &Url) -> Result<(), RemoteError> {
        let mut waiting = VecDeque::from([(entry.to_owned(), bytes, url.clone())]);
        while let Some((path, bytes, base)) = waiting.pop_front() {
            for reference in openapi::references(Path::new(&path), &bytes) {
                let Some((there, target)) = resolve(&path, &base, &reference) else {
                    continue;
                };
                let is_known = self.files.contains_key(&there)
                    || path == there
                    || waiting.iter().any(|(path, ..)| *path == there);
                if is_known {
                    continue;
                }
                if self.files.len() + waiting.len() >= MAX_FILES {
                    return Err(RemoteError::Fetch {
                        url: url.to_string(),
                        message: format!("it refers to more than {MAX_FILES} files"),
                    });
                }
                match self.get(&target) {
                    Ok((bytes, found)) => waiting.push_back((there, bytes, found)),
                    // Reading reports where it is needed.
                    Err(RemoteError::Fetch { .. }) if self.left > 0 => {}
                    Err(error) => return Err(error),
                }
            }
            self.files.insert(path, bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_that_is_not_fetched_is_refused_before_any_request() {
        for (url, reason) in [
            ("http://example.com/openapi.json", "not protected by TLS"),
            ("http://10.0.0.7/openapi.json", "not protected by TLS"),
            ("https://me:SECRET@example.com/openapi.json", "credentials"),
            ("https://", "is no URL"),
        ] {
            let error = fetch(url).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
