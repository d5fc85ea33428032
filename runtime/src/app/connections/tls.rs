//! TLS (RFC 8446) where no proxy ends it: handshakes, and the certificate, which is read again when its
//! files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{ConfigError, TlsSettings};

/// How long a handshake may take at most.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The protocols that a client chooses from (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How this server proves who it is.
#[derive(Clone)]
pub(in crate::app) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    reload: Duration,
}

impl Tls {
    /// Reads the certificate.
    ///
    /// # Errors
    /// Where it or its key cannot be used, with the key of the setting and the file.
    pub(in crate::app) fn load(settings: &TlsSettings) -> Result<Tls, ConfigError> {
        let provider = Arc::new(default_provider());
        let certificate = Arc::new(Certificate::load(settings, Arc::clone(&provider))?);
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| ConfigError::new("tls", error.to_string()))?;
        let mut config = config
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Tls {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
            reload: Duration::from_secs(settings.reload_seconds),
        })
    }

    /// Shakes hands with a client, which may take up to `patience`. Returns nothing where that fails.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        patience: Duration,
    ) -> Option<TlsStream<TcpStream>> {
        let handshake = self.acceptor.accept(stream);
        match tokio::time::timeout(patience.min(HANDSHAKE), handshake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake was not finished in time");
                None
            }
        }
    }

    /// Uses each new certificate that the files hold, for as long as it is polled.
    pub(super) async fn keep_current(self) {
        let mut ticks = interval(self.reload);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is now, and the certificate was just read.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let certificate = Arc::clone(&self.certificate);
            // Files may be on a slow disk or another machine.
            if let Err(error) = tokio::task::spawn_blocking(move || certificate.renew()).await {
                tracing::error!(%error, "the certificate could not be read");
            }
        }
    }
}

/// The certificate of this server and its key, and the files that hold them.
#[derive(Debug)]
struct Certificate {
    certificate_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// The hash of what the files held when they were last read.
    seen: Digest,
}

impl Certificate {
    fn load(settings: &TlsSettings, provider: Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        let (certificate_file, key_file) = (&settings.certificate_file, &settings.key_file);
        let files = Files::read(certificate_file, key_file)?;
        let current = RwLock::new(Current {
            key: Arc::new(files.parse(certificate_file, key_file, &provider)?),
            seen: files.digest(),
        });
        Ok(Certificate {
            certificate_file: certificate_file.clone(),
            key_file: key_file.clone(),
            provider,
            current,
        })
    }

    /// Reads the files again. What cannot be used is logged once, and changes nothing.
    fn renew(&self) {
        let (certificate_file, key_file) = (&self.certificate_file, &self.key_file);
        let files = match Files::read(certificate_file, key_file) {
            Ok(files) => files,
            Err(error) => {
                tracing::warn!(%error, "the certificate stays as it was read before");
                return;
            }
        };
        let seen = files.digest();
        if seen.as_ref() == self.current(|current| current.seen).as_ref() {
            return;
        }
        let parsed = files.parse(certificate_file, key_file, &self.provider);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.seen = seen;
        match parsed {
            Ok(key) => {
                current.key = Arc::new(key);
                tracing::info!(file = %certificate_file.display(), "a new certificate is used");
            }
            Err(error) => tracing::warn!(%error, "the certificate stays as it was read before"),
        }
    }

    fn current<T>(&self, of: impl FnOnce(&Current) -> T) -> T {
        of(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current(|current| Arc::clone(&current.key)))
    }
}

/// What both files hold.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(certificate_file: &Path, key_file: &Path) -> Result<Files, ConfigError> {
        let read = |key: &str, file: &Path| {
            fs::read(file).map_err(|error| {
                ConfigError::new(key, format!("{} cannot be read: {error}", file.display()))
            })
        };
        Ok(Files {
            certificate: read(CERTIFICATE_FILE, certificate_file)?,
            key: read(KEY_FILE, key_file)?,
        })
    }

    fn digest(&self) -> Digest {
        let mut context = Context::new(&SHA256);
        context.update(&self.certificate.len().to_be_bytes());
        context.update(&self.certificate);
        context.update(&self.key);
        context.finish()
    }

    /// Messages repeat no part of the key.
    fn parse(
        &self,
        certificate_file: &Path,
        key_file: &Path,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, ConfigError> {
        let wrong = |key: &str, file: &Path, message: &str| {
            Err(ConfigError::new(
                key,
                format!("{} {message}", file.display()),
            ))
        };
        let chain =
            CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain = match chain {
            Ok(chain) if !chain.is_empty() => chain,
            _ => {
                let message =
                    "holds no certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`";
                return wrong(CERTIFICATE_FILE, certificate_file, message);
            }
        };
        let Ok(key) = PrivateKeyDer::from_pem_slice(&self.key) else {
            let message = "holds no private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----`; \
                           one with a password cannot be used";
            return wrong(KEY_FILE, key_file, message);
        };
        CertifiedKey::from_der(chain, key, provider).or_else(|_| {
            let message = format!(
                "is not the key of the first certificate in {}, or of a kind that TLS does not use",
                certificate_file.display()
            );
            wrong(KEY_FILE, key_file, &message)
        })
    }
}

const CERTIFICATE_FILE: &str = "tls.certificate_file";
const KEY_FILE: &str = "tls.key_file";
