//! What people see of the server: the pages of the configured site, and how MCP clients show it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use axum::Router;
use axum::routing::get;
use serde_json::json;
use url::Url;

use super::error::StartError;
use super::sign_in::Parts;
use crate::config::{Auth, Config, ConfigError, SiteSettings};
use crate::http::is_loopback;
use crate::mcp::{Icon, Presentation, SecuritySchemes};
use crate::model::{Scope, Scopes};
use crate::oauth::Resources;
use crate::operation::{Access, Catalog};
use crate::page::{Connect, ConnectorFacts, LARGEST_LOGO, Logo, Pages, Site, SiteLink};
use crate::tool::{Tags, Tool};

/// Where OpenAI looks for the token of an app's domain.
const OPENAI_CHALLENGE: &str = "/.well-known/openai-apps-challenge";

/// The name under which people know the connector.
pub(super) fn name<'a>(settings: &'a SiteSettings, catalog: &'static Catalog) -> &'a str {
    settings.name.as_deref().unwrap_or(catalog.title)
}

/// Prepares the pages of a server.
///
/// # Errors
/// Where the logo cannot be served.
pub(super) fn pages(
    settings: &SiteSettings,
    catalog: &'static Catalog,
    https: bool,
) -> Result<Pages, StartError> {
    let (light, dark) = settings.accents();
    let site = Site {
        https,
        logo: settings.logo.as_deref().map(logo).transpose()?,
        light,
        dark,
        ..facts(settings, catalog)
    };
    Pages::new(site).map_err(|error| StartError::Catalogue(error.to_string()))
}

/// What pages say of the site, without its look.
pub(super) fn facts(settings: &SiteSettings, catalog: &'static Catalog) -> Site {
    Site {
        name: name(settings, catalog).to_owned(),
        links: links(settings),
        support_url: settings.support_url.as_ref().map(Url::to_string),
        full: settings.full.clone(),
        read_only: settings.read_only.clone(),
        workspace: settings.workspace.clone(),
        read_only_guarantee: settings.read_only_guarantee.clone(),
        ..Site::default()
    }
}

/// How MCP clients show a server whose pages are at `origin`, and which they reach with this
/// authentication. The icon is the site's logo, or else the one that the description names. Clients
/// that are not reached over HTTP are offered no icon.
pub(super) fn presentation(
    settings: &SiteSettings,
    catalog: &'static Catalog,
    auth: Auth,
    pages: Option<(&Pages, &str)>,
) -> Presentation {
    let icon = pages.and_then(|(pages, origin)| match (pages.logo(), catalog.logo) {
        (Some(logo), _) => Some(Icon {
            url: format!("{origin}{}", pages.icon_path()),
            media_type: Some(logo.media_type()),
            sizes: logo.sizes(),
        }),
        (None, Some(url)) => Some(Icon {
            url: url.to_owned(),
            media_type: None,
            sizes: None,
        }),
        (None, None) => None,
    });
    Presentation {
        title: name(settings, catalog).to_owned(),
        icon,
        security: security_schemes(auth),
    }
}

fn security_schemes(auth: Auth) -> SecuritySchemes {
    let scheme = |access| match auth {
        Auth::None => json!([{ "type": "noauth" }]),
        Auth::Oauth => {
            let scopes = Scopes::of(access);
            let scopes: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
            json!([{ "type": "oauth2", "scopes": scopes }])
        }
    };
    SecuritySchemes {
        read: scheme(Access::Read),
        write: scheme(Access::Write),
    }
}

/// Answers the request by which OpenAI verifies that the domain of an app is the operator's.
pub(super) fn domain_challenge(settings: &SiteSettings) -> Router {
    match settings.openai_challenge.clone() {
        None => Router::new(),
        Some(token) => Router::new().route(OPENAI_CHALLENGE, get(|| async { token })),
    }
}

/// The endpoint at `origin`, and all that its path can be continued with.
pub(super) fn resources(origin: &str, config: &Config, tools: &[Tool]) -> Resources {
    let names = config.connections.iter().map(|it| it.name.as_str());
    Resources::new(origin, config.server.path.as_str(), names, Tags::of(tools))
}

/// The page at the root, which says how to connect.
pub(super) fn connect(parts: &Parts<'_>, resources: &Resources) -> Connect {
    let (settings, catalog) = (&parts.config.site, parts.catalog);
    Connect::new(ConnectorFacts {
        name: catalog.server_name,
        site: name(settings, catalog),
        description: catalog.description,
        resource: resources.main.indicator.as_str(),
        read_only_resource: resources.read_only.indicator.as_str(),
        is_local: is_loopback(&resources.origin),
        has_guide: settings.docs,
        tools: &parts.tools,
    })
}

fn links(settings: &SiteSettings) -> Vec<SiteLink> {
    let links = [
        ("Terms", &settings.terms_url),
        ("Privacy", &settings.privacy_url),
        ("Support", &settings.support_url),
    ];
    let link = |(label, url): (_, &Option<Url>)| {
        let url = url.as_ref()?.to_string();
        Some(SiteLink { label, url })
    };
    links.into_iter().filter_map(link).collect()
}

/// Reads the logo.
fn logo(path: &Path) -> Result<Logo, ConfigError> {
    let error =
        |reason: String| ConfigError::new("site.logo", format!("{}: {reason}", path.display()));
    let mut content = Vec::new();
    let most = LARGEST_LOGO as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut content));
    read.map_err(|io| error(format!("the file cannot be read: {io}")))?;
    Logo::new(content).map_err(|reason| error(reason.to_string()))
}
