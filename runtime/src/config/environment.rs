//! Environment variables that take the place of a setting. The command line takes the place of both.

/// The configuration file.
pub(crate) const CONFIG: &str = "DRAWBRIDGE_CONFIG";
/// `server.listen`
pub(crate) const LISTEN: &str = "DRAWBRIDGE_LISTEN";
/// `server.public_url`
pub(crate) const PUBLIC_URL: &str = "DRAWBRIDGE_PUBLIC_URL";
/// `server.path`
pub(crate) const PATH: &str = "DRAWBRIDGE_PATH";
/// `server.auth`
pub(crate) const AUTH: &str = "DRAWBRIDGE_AUTH";
/// `server.mock`
pub(crate) const MOCK: &str = "DRAWBRIDGE_MOCK";
/// `server.read_only`
pub(crate) const READ_ONLY: &str = "DRAWBRIDGE_READ_ONLY";
/// `store.path`
pub(crate) const STORE: &str = "DRAWBRIDGE_STORE";
/// `store.url`
pub(crate) const STORE_URL: &str = "DRAWBRIDGE_STORE_URL";
/// `upstream.url`
pub(crate) const UPSTREAM_URL: &str = "DRAWBRIDGE_UPSTREAM_URL";
/// `log.format`
pub(crate) const LOG: &str = "DRAWBRIDGE_LOG";
/// `log.level`
pub(crate) const LOG_LEVEL: &str = "DRAWBRIDGE_LOG_LEVEL";
