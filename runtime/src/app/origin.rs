//! Which names the server answers to (Host), and which web pages may talk to it (Origin).
//!
//! Both stop a web page from reaching a server on its visitor's machine by making its own name
//! point there (DNS rebinding). A request that could be read as addressed to two hosts is refused:
//! a proxy before this server may have checked the other one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Request;
use http::header::{HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use url::Url;

use super::rate_headers;
use crate::config::{ConfigError, ServerSettings};
use crate::http::is_loopback_host;
use crate::request_id;

/// The hosts and origins that are let in.
#[derive(Clone, Debug)]
pub(super) struct HostPolicy {
    hosts: Vec<Name>,
    origins: Vec<Url>,
    /// Whether requests may be addressed to any name of this machine.
    loopback_hosts: bool,
    /// Whether pages of any server on this machine may send messages.
    loopback_origins: bool,
}

/// Status and message of the answer to a request that is addressed to no host of this server.
pub(super) type Refusal = (StatusCode, &'static str);

/// A host name, in lower case, with a port where only that port is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    host: String,
    port: Option<u16>,
}

impl HostPolicy {
    /// Lets in what `settings` name. A server that listens on a loopback address also answers to
    /// the names of this machine, which a proxy beside it may use. Pages of other servers on this
    /// machine are let in as long as there is no public URL: with one, the server is not only the
    /// person's own, and a page served there is as foreign as any.
    ///
    /// # Errors
    /// Where a configured host or origin is none.
    pub(super) fn new(
        settings: &ServerSettings,
        addr: SocketAddr,
    ) -> Result<HostPolicy, ConfigError> {
        let mut hosts = Vec::new();
        let mut origins = Vec::new();
        for host in &settings.allowed_hosts {
            hosts.push(Name::parse(host).ok_or_else(|| {
                let message = format!("`{host}` is no host; write `name` or `name:port`");
                ConfigError::new("server.allowed_hosts", message)
            })?);
        }
        for origin in &settings.allowed_origins {
            origins.push(parse_origin(origin).ok_or_else(|| {
                let message =
                    format!("`{origin}` is no origin; write `https://name` or `https://name:port`");
                ConfigError::new("server.allowed_origins", message)
            })?);
        }
        if let Some(url) = &settings.public_url {
            hosts.extend(url.host_str().and_then(Name::parse));
            origins.push(url.clone());
        }
        let loopback = addr.ip().is_loopback();
        let public = settings.public_url.as_ref().and_then(Url::host_str);
        Ok(HostPolicy {
            hosts,
            origins,
            loopback_hosts: loopback,
            loopback_origins: loopback && public.is_none_or(is_loopback_host),
        })
    }

    /// Checks that a request is addressed to one host, and to one of this server's. A probe may
    /// name any host or none: probes come by address.
    ///
    /// # Errors
    /// The answer to a request that is not.
    pub(super) fn check_host(&self, request: &Request, is_probe: bool) -> Result<(), Refusal> {
        if request.method() == Method::CONNECT {
            let message = "this server is no proxy";
            return Err((StatusCode::METHOD_NOT_ALLOWED, message));
        }
        let named = host(request.headers())?;
        let target = request.uri().authority();
        let target = target
            .map(|it| Name::of(it).ok_or(MALFORMED_HOST))
            .transpose()?;
        if let (Some(named), Some(target)) = (&named, &target)
            && named != target
        {
            let message = "the Host of the request is another than its target names";
            return Err((StatusCode::BAD_REQUEST, message));
        }
        // HTTP/2 names the host in the target always; HTTP/1.1 does when it asks a proxy.
        let as_of_a_proxy = target.is_some() && request.version() <= Version::HTTP_11;
        match named.or(target) {
            _ if is_probe => Ok(()),
            Some(name) if self.knows(&name) => Ok(()),
            Some(_) if as_of_a_proxy => {
                let message = "the target of the request is at another host";
                Err((StatusCode::MISDIRECTED_REQUEST, message))
            }
            Some(_) => Err((
                StatusCode::FORBIDDEN,
                "the Host of the request is not one of this server's; \
                 see `server.public_url` and `server.allowed_hosts`",
            )),
            None => Err((StatusCode::BAD_REQUEST, "the request has no Host")),
        }
    }

    /// Says why a message is refused that another site's page sends, if one does. It is for the
    /// endpoint only: the pages look for themselves, and the authorization server's endpoints for
    /// programs are open to any origin.
    pub(super) fn refuse_origin(&self, request: &Request) -> Result<(), &'static str> {
        match request.headers().get(ORIGIN) {
            Some(origin) if !self.admits(origin) => {
                Err("the Origin of the request is not allowed; \
                                                         see `server.allowed_origins`")
            }
            _ => Ok(()),
        }
    }

    fn knows(&self, name: &Name) -> bool {
        let listed = self
            .hosts
            .iter()
            .any(|it| it.host == name.host && (it.port.is_none() || it.port == name.port));
        listed || self.loopback_hosts && is_loopback_host(&name.host)
    }

    fn admits(&self, origin: &HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().and_then(parse_origin) else {
            return false;
        };
        let listed = self.origins.iter().any(|it| it.origin() == origin.origin());
        listed || self.loopback_origins && origin.host_str().is_some_and(is_loopback_host)
    }

    /// What the pages of admitted origins may do (Fetch, "CORS protocol").
    pub(super) fn cors(&self) -> CorsLayer {
        let policy = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                policy.admits(origin)
            }))
            .allow_methods([Method::POST])
            // `Mcp-Param-*` can have any name, so that no list could hold them.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(
                EXPOSED
                    .into_iter()
                    .chain(rate_headers::NAMES)
                    .collect::<Vec<_>>(),
            )
            .max_age(Duration::from_secs(7200))
    }
}

/// Header fields of answers that pages of admitted origins may read, beside those of the rate.
const EXPOSED: [HeaderName; 3] = [
    WWW_AUTHENTICATE,
    RETRY_AFTER,
    HeaderName::from_static(request_id::HEADER),
];

const MALFORMED_HOST: Refusal = (
    StatusCode::BAD_REQUEST,
    "the Host of the request is none; it has to be `name` or `name:port`",
);

/// The host that the `Host` header names (RFC 9110 §7.2).
///
/// # Errors
/// Where there is more than one such header (RFC 9112 §3.2), or it names no host.
fn host(headers: &HeaderMap) -> Result<Option<Name>, Refusal> {
    let mut all = headers.get_all(HOST).iter();
    let Some(host) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        let message = "the request has more than one Host header";
        return Err((StatusCode::BAD_REQUEST, message));
    }
    let name = host.to_str().ok().and_then(Name::parse);
    name.map(Some).ok_or(MALFORMED_HOST)
}

impl Name {
    fn parse(text: &str) -> Option<Name> {
        Name::of(&text.parse().ok()?)
    }

    /// The host and port of an authority. `None`: it has user information, no host, or a port that
    /// is none, which the parser lets pass.
    fn of(authority: &Authority) -> Option<Name> {
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host)? {
            "" => None,
            rest => {
                let digits = rest.strip_prefix(':')?;
                let plain = digits.bytes().all(|it| it.is_ascii_digit());
                Some(digits.parse().ok().filter(|_| plain)?)
            }
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'))
            .unwrap_or(host);
        (!bare.is_empty()).then(|| Name {
            host: bare.to_ascii_lowercase(),
            port,
        })
    }
}

fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_origin = url.origin().is_tuple() && url.path() == "/" && url.query().is_none();
    is_origin.then_some(url)
}
