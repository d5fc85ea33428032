//! What the server itself needs: its store, its identity provider, and the API.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Map;
use tokio::time::timeout;

use super::clock::Dates;
use super::finding::{Finding, PATIENCE, Subject};
use super::outside::describe;
use crate::account::{Callback, Provider};
use crate::app::environment::Environment;
use crate::app::prepare::upstream;
use crate::app::store::{is_outdated, open_existing};
use crate::config::Config;
use crate::http::{Client, Outgoing};
use crate::model::AccessContext;
use crate::operation::{Access, Catalog, Operation};
use crate::tool::Tool;
use crate::upstream::{Cause, FailedAnswer, Upstream};

/// Examines the store.
pub(super) async fn store(config: &Config) -> Finding {
    let subject = Subject::Store;
    let settings = &config.store;
    let is_file = settings.url.is_none();
    if is_file && settings.is_in_memory() {
        return Finding::skipped(
            subject,
            "everything is kept in memory, until the server ends",
        );
    }
    if is_file && !settings.path.exists() {
        let path = settings.path.display();
        return Finding::skipped(
            subject,
            format!("{path} does not exist yet; the server makes it"),
        );
    }
    let remedy = match is_file {
        true => {
            "run this command as the user of the server, and check who owns the file and how \
                 much of its disk is free"
        }
        false => {
            "start the database, and check store.url: its host, port, user and password, and \
                  that no firewall is between"
        }
    };
    // Opening an older store would bring it up to date, which the server does.
    let opened = async {
        if is_outdated(settings).await.map_err(|it| it.to_string())? {
            return Ok("is of an older version; the next start of this one brings it up to date");
        }
        let store = open_existing(settings).await.map_err(|it| it.to_string())?;
        let probed = store.probe().await.map_err(|error| error.to_string());
        probed.map(|()| "can be read and written")
    };
    match timeout(PATIENCE, opened).await {
        Ok(Ok(text)) => Finding::sound(subject, text),
        Ok(Err(fault)) if fault.contains("newer version") => Finding::faulty(
            subject,
            fault,
            "install the version of this program that the other servers have",
        ),
        Ok(Err(fault)) => Finding::faulty(subject, fault, remedy),
        Err(_) => Finding::faulty(subject, "does not answer within 10 seconds", remedy),
    }
}

/// Examines the identity provider, where there is one.
pub(super) async fn provider(
    config: &Config,
    issuer: Option<&str>,
    environment: &Environment,
    dates: &mut Dates,
) -> Vec<Finding> {
    let (Some(settings), Some(origin)) = (&config.identity, issuer) else {
        return Vec::new();
    };
    let subject = Subject::IdentityProvider;
    let random = Arc::clone(&environment.random);
    let provider = match Provider::new(settings, origin, random) {
        Ok(provider) => provider,
        // The configuration's finding names it.
        Err(_) => return vec![Finding::skipped(subject, "the configuration is wrong")],
    };
    let now = environment.clock.now();
    let examined = match provider.examine(now).await {
        Ok(examined) => examined,
        Err(fault) => {
            let remedy = "check identity.issuer (or provider and tenant), and that this machine \
                          reaches the provider";
            return vec![Finding::faulty(subject, fault, remedy)];
        }
    };
    dates.note(&provider.name, &examined.headers, SystemTime::now());
    let callback = &provider.redirect_uri;
    vec![
        Finding::sound(subject, "its endpoints and keys can be fetched"),
        match examined.callback {
            Callback::Registered => {
                let text = format!("{} knows {callback}", provider.name);
                Finding::sound(Subject::Callback, text)
            }
            Callback::Unknown => {
                let fault = format!("{} does not come back to {callback}", provider.name);
                let remedy = format!(
                    "register exactly {callback} as a redirect URI (callback URL) of the client \
                     `{}` at the provider, and check identity.client_id",
                    settings.client_id
                );
                Finding::faulty(Subject::Callback, fault, remedy)
            }
            Callback::NotReported => {
                let text = format!(
                    "{} does not report whether it knows {callback}; compare it there",
                    provider.name
                );
                Finding::skipped(Subject::Callback, text)
            }
        },
    ]
}

/// Examines the API, and the credentials of this server there.
pub(super) async fn api(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
    client: &Client,
    dates: &mut Dates,
) -> Vec<Finding> {
    if config.server.mock {
        let reason = "calls are answered from the description's examples";
        return vec![Finding::skipped(Subject::Api, reason)];
    }
    let upstream = match upstream(catalog, config, environment, None) {
        Ok((upstream, _)) => upstream,
        // The configuration's finding names it.
        Err(_) => {
            let reason = "the configuration is wrong";
            return vec![Finding::skipped(Subject::Api, reason)];
        }
    };
    let base = upstream.base_url();
    let origin = base.origin().ascii_serialization();
    let request = Outgoing {
        method: Method::GET,
        url: base.clone(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        pieces: Vec::new(),
        room: None,
        account: None,
    };
    match client.send(request).await {
        // Any answer is one of a server that is there.
        Ok(answer) => dates.note(&origin, &answer.headers, SystemTime::now()),
        Err(crate::http::Failure::Redirect { headers, .. }) => {
            dates.note(&origin, &headers, SystemTime::now());
        }
        Err(failure) => {
            let fault = format!("{origin} cannot be reached: {}", describe(&failure));
            let remedy = "check upstream.url, and that this machine reaches it";
            return vec![Finding::faulty(Subject::Api, fault, remedy)];
        }
    }
    vec![
        Finding::sound(Subject::Api, format!("{origin} answers")),
        credentials(catalog, config, &upstream).await,
    ]
}

/// Calls a read that needs no arguments, and looks whether the API accepts the credentials.
async fn credentials(catalog: &'static Catalog, config: &Config, upstream: &Upstream) -> Finding {
    let subject = Subject::ApiCredentials;
    let settings = &config.upstream;
    let is_of_connection =
        settings.mint.is_some() || settings.on_behalf_of.is_some() || settings.exchange.is_some();
    if is_of_connection {
        let reason = "each connection has its own; call a tool through one";
        return Finding::skipped(subject, reason);
    }
    let Some(operation) = harmless(catalog, upstream) else {
        let reason = "no read wants credentials and no arguments; call a tool";
        return Finding::skipped(subject, reason);
    };
    let caller = AccessContext::operator(Access::Read, settings.workspace.as_deref());
    let called = upstream.call(operation, Map::new(), &caller, "doctor");
    let tool = operation.name;
    let Err(error) = called.await else {
        return Finding::sound(subject, format!("`{tool}` succeeds"));
    };
    match error.cause() {
        Cause::Answer(FailedAnswer { status, .. })
            if matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) =>
        {
            let status = status.as_u16();
            let fault = format!("the API answers {status} to `{tool}`");
            let remedy = "correct upstream.credentials: the credential may have expired, or lack a \
                          permission";
            Finding::faulty(subject, fault, remedy)
        }
        Cause::Answer(FailedAnswer { status, .. }) => {
            let text = format!("`{tool}` is not refused ({})", status.as_u16());
            Finding::sound(subject, text)
        }
        _ => Finding::skipped(subject, format!("`{tool}` has no answer")),
    }
}

/// A read with credentials that needs no arguments.
fn harmless(catalog: &'static Catalog, upstream: &Upstream) -> Option<&'static Operation> {
    let operations = catalog.operations.iter().copied().flatten().copied();
    let mut reads = operations.filter(|operation| {
        operation.access == Access::Read
            && operation.method == "GET"
            && !operation.security.is_empty()
            && upstream.serves(operation)
    });
    reads
        .find(|operation| Tool::new(operation, upstream.given_arguments(operation)).needs_nothing())
}
