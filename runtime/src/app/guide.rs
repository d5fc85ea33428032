//! The guide: what it says of this server, and where it is served.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;

use super::error::StartError;
use super::sign_in::Parts;
use super::site;
use crate::config::{AgentSettings, Config};
use crate::mcp;
use crate::oauth::Resources;
use crate::operation::Catalog;
use crate::page::{AgentFacts, Chapter, Connect, Guide, GuideFacts, NamedConnection, Pages};
use crate::tool::Listing;

/// Writes the guide, where it is served.
///
/// # Errors
/// Where a chapter cannot be written.
pub(super) fn write(
    parts: &Parts<'_>,
    resources: &Resources,
    connect: &Connect,
) -> Result<Option<Arc<Guide>>, StartError> {
    if !parts.config.site.docs {
        return Ok(None);
    }
    let facts = facts(parts, resources, connect);
    let guide = Guide::new(&facts, parts.tools.clone());
    let guide = guide.map_err(|error| StartError::Catalogue(error.to_string()))?;
    Ok(Some(Arc::new(guide)))
}

fn facts(parts: &Parts<'_>, resources: &Resources, connect: &Connect) -> GuideFacts {
    let Parts {
        catalog,
        config,
        identity,
        signed_in,
        ..
    } = parts;
    let named = |name: &str| NamedConnection {
        name: name.to_owned(),
        url: format!("{}/as/{name}", resources.main.indicator),
    };
    let Config {
        oauth,
        limits,
        quota,
        ..
    } = config;
    GuideFacts {
        site: site::facts(&config.site, catalog),
        resource: connect.resource.clone(),
        read_only_resource: connect.read_only_resource.clone(),
        connections: Vec::from_iter(config.connections.iter().map(|it| named(&it.name))),
        is_local: connect.is_local,
        short_name: connect.short_name.clone(),
        prompt: connect.prompt.clone(),
        read_tools: connect.read_tools,
        write_tools: connect.write_tools,
        search_mode: is_searched(catalog),
        provider: signed_in.provider.as_ref().map(|it| it.name.clone()),
        passwords: config.accounts.passwords,
        mint: signed_in.mint.is_some(),
        until_revoked: oauth.until_revoked,
        token_lifetime: lifetime(oauth.access_token_seconds),
        refresh_lifetime: lifetime(oauth.refresh_token_seconds),
        per_connection: limits.calls_per_minute_per_grant,
        per_workspace: limits.calls_per_minute_per_workspace,
        quota: quota.is_set(),
        upgrade_url: quota.upgrade_url.as_ref().map(ToString::to_string),
        files: config.files.enabled,
        agents: config.agents.as_ref().map(agents),
        metadata: format!("{}/.well-known/oauth-authorization-server", identity.issuer),
    }
}

fn is_searched(catalog: &'static Catalog) -> bool {
    Listing::of(catalog) == Listing::Search
}

fn agents(settings: &AgentSettings) -> AgentFacts {
    AgentFacts {
        wallets: settings.wallets,
        keys: settings.keys,
        token_lifetime: lifetime(settings.token_seconds),
    }
}

/// A time in the largest unit that it is a multiple of; one day is 24 hours.
fn lifetime(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = |(length, name): &&(u64, &str)| {
        let is_one_day = *name == "day" && seconds == *length;
        seconds >= *length && seconds.is_multiple_of(*length) && !is_one_day
    };
    let (length, name) = UNITS.iter().find(fits).copied().unwrap_or((1, "second"));
    match seconds / length {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

/// Serves the guide.
pub(super) fn router(guide: &Arc<Guide>, pages: &Arc<Pages>) -> Router {
    let (guide, pages) = (Arc::clone(guide), Arc::clone(pages));
    let shown = Arc::new(move |path: &str| {
        let (path, as_markdown) = match path.strip_suffix(".md") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let chapter = match path.strip_prefix("/docs/tools/") {
            Some(name) => guide.tool(name),
            None => guide.chapter(path).cloned(),
        };
        match chapter {
            Some(Chapter { markdown, .. }) if as_markdown => pages.markdown(&markdown),
            Some(Chapter { page, .. }) => pages.show(StatusCode::OK, &page),
            None => mcp::plain_error(StatusCode::NOT_FOUND, "there is no such page; see /docs"),
        }
    });
    let at = |path: &'static str| {
        let shown = Arc::clone(&shown);
        get(async move || shown(path))
    };
    let chapter = Arc::clone(&shown);
    let tool = Arc::clone(&shown);
    Router::new()
        .route("/docs", at("/docs"))
        .route("/docs.md", at("/docs.md"))
        .route(
            "/docs/{chapter}",
            get(async move |Path(name): Path<String>| -> Response {
                chapter(&format!("/docs/{name}"))
            }),
        )
        .route(
            "/docs/tools/{tool}",
            get(async move |Path(name): Path<String>| -> Response {
                tool(&format!("/docs/tools/{name}"))
            }),
        )
}

/// Serves the page at the root as Markdown.
pub(super) fn home(guide: &Guide, pages: &Arc<Pages>) -> Router {
    let text = guide
        .chapter("/docs/connect")
        .map(|it| Arc::clone(&it.markdown));
    let pages = Arc::clone(pages);
    match text {
        Some(text) => Router::new().route("/index.md", get(async move || pages.markdown(&text))),
        None => Router::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::lifetime;

    #[test]
    fn lifetime_is_in_the_largest_unit() {
        for (seconds, text) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (3_600, "1 hour"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(lifetime(seconds), text);
        }
    }
}
