//! `doctor`: examines a deployment from outside, as clients reach it, and from inside, as the server
//! reaches its store, its identity provider and the API. Each fault is reported with its remedy.

mod clock;
mod finding;
mod health;
mod inside;
mod outside;

use self::clock::Dates;
use self::finding::LIMITS;
pub use self::finding::{Finding, Subject, Verdict};
pub use self::health::check_health;
use super::environment::Environment;
use super::identity::ServerIdentity;
use super::prepare::check;
use crate::call::Connector;
use crate::config::{Auth, Config};
use crate::http::Client;

/// Examines the deployment of a configuration. The server runs meanwhile; nothing is changed.
pub async fn examine(
    connector: &Connector,
    config: &Config,
    environment: &Environment,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = match Client::new(LIMITS, true) {
        Ok(client) => client,
        Err(reason) => {
            let remedy = "install the certificates of public authorities (ca-certificates)";
            findings.push(Finding::faulty(Subject::Configuration, reason, remedy));
            return findings;
        }
    };
    findings.push(configuration(connector, config));
    let mut dates = Dates::default();
    let settings = &config.server;
    if let Ok(endpoint) = settings.endpoint(settings.listen) {
        let identity = match settings.auth {
            Auth::Oauth => ServerIdentity::decide(config, &endpoint).ok(),
            Auth::None => None,
        };
        let issuer = identity.map(|it| it.issuer);
        let outside = outside::Outside {
            client: &client,
            endpoint: &endpoint,
            issuer: issuer.as_deref(),
        };
        findings.extend(outside.examine(&mut dates).await);
        let provider = inside::provider(config, issuer.as_deref(), environment, &mut dates);
        findings.extend(provider.await);
    }
    findings.push(inside::store(config).await);
    findings.extend(
        inside::api(
            connector.catalog(),
            config,
            environment,
            &client,
            &mut dates,
        )
        .await,
    );
    findings.push(dates.finding());
    findings
}

fn configuration(connector: &Connector, config: &Config) -> Finding {
    let subject = Subject::Configuration;
    match check(connector.clone(), config) {
        Ok(warnings) if warnings.is_empty() => Finding::sound(subject, "can be served"),
        Ok(warnings) => Finding::sound(subject, format!("can be served; {}", warnings.join("; "))),
        Err(error) => Finding::faulty(
            subject,
            error.to_string(),
            "correct the setting, or supply the file or the environment variable that it names; \
             `config check` prints the settings in force",
        ),
    }
}
