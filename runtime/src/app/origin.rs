//! Which names the server answers to (Host), and which web pages may talk to it (Origin).
//!
//! Both stop a web page from reaching a server on its visitor's machine by making its own name
//! point there (DNS rebinding).

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Request;
use http::header::{HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use url::Url;

use crate::config::ServerSettings;
use crate::http::is_loopback_host;
use crate::request_id;

/// The hosts and origins that are let in.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    hosts: Vec<Name>,
    origins: Vec<Url>,
    loopback: bool,
}

/// A host name, in lower case, with a port where only that port is meant.
#[derive(Clone, Debug, PartialEq)]
struct Name {
    host: String,
    port: Option<u16>,
}

impl Guard {
    /// Lets in what `settings` name; on a loopback address also the names of this machine.
    ///
    /// # Errors
    /// Where a configured host or origin is none.
    pub(super) fn new(settings: &ServerSettings, addr: SocketAddr) -> Result<Guard, String> {
        let mut hosts = Vec::new();
        let mut origins = Vec::new();
        for host in &settings.allowed_hosts {
            let authority: Authority = host.parse().map_err(|_| {
                format!("server.allowed_hosts: `{host}` is no host; write `name` or `name:port`")
            })?;
            hosts.push(Name::of(&authority));
        }
        for origin in &settings.allowed_origins {
            origins.push(parse_origin(origin).ok_or_else(|| {
                format!(
                    "server.allowed_origins: `{origin}` is no origin; write `https://name` or \
                     `https://name:port`"
                )
            })?);
        }
        if let Some(url) = &settings.public_url {
            if let Some(host) = url.host_str() {
                hosts.push(Name {
                    host: host.to_ascii_lowercase(),
                    port: None,
                });
            }
            origins.push(url.clone());
        }
        Ok(Guard {
            hosts,
            origins,
            loopback: addr.ip().is_loopback(),
        })
    }

    /// Says why a request is refused that came to another host, if it did.
    pub(super) fn refuse_host(&self, request: &Request) -> Result<(), &'static str> {
        let host = match request.headers().get(HOST) {
            Some(host) => host.to_str().ok().and_then(|host| host.parse().ok()),
            None => request.uri().authority().cloned(),
        };
        if !host.is_some_and(|host: Authority| self.knows(&Name::of(&host))) {
            return Err("the Host of the request is not one of this server's; \
                        see `server.public_url` and `server.allowed_hosts`");
        }
        Ok(())
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
        listed || self.loopback && is_loopback_host(&name.host)
    }

    fn admits(&self, origin: &HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().and_then(parse_origin) else {
            return false;
        };
        let listed = self.origins.iter().any(|it| it.origin() == origin.origin());
        listed || self.loopback && origin.host_str().is_some_and(is_loopback_host)
    }

    /// What the pages of admitted origins may do (Fetch, "CORS protocol").
    pub(super) fn cors(&self) -> CorsLayer {
        let guard = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                guard.admits(origin)
            }))
            .allow_methods([Method::POST])
            // `Mcp-Param-*` can have any name, so that no list could hold them.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([
                WWW_AUTHENTICATE,
                RETRY_AFTER,
                HeaderName::from_static(request_id::HEADER),
            ])
            .max_age(Duration::from_secs(7200))
    }
}

impl Name {
    fn of(authority: &Authority) -> Name {
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'))
            .unwrap_or(host);
        Name {
            host: host.to_ascii_lowercase(),
            port: authority.port_u16(),
        }
    }
}

fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_origin = url.origin().is_tuple() && url.path() == "/" && url.query().is_none();
    is_origin.then_some(url)
}
