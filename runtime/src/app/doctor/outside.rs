//! The deployment as clients reach it: over its public URL, through whatever is before the server.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::clock::Dates;
use super::finding::{Finding, Subject};
use crate::http::{Client, Failure, Incoming, Outgoing};
use crate::model::ResourceIndicator;
use crate::oauth::{AUTHORIZATION_SERVER, PROTECTED_RESOURCE};

/// A token that no server issued. A server that receives it answers otherwise than without any (RFC 6750
/// §3.1).
const NO_TOKEN: &str = "Bearer doctor";
/// A message that a client may begin with.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const HOST_REMEDY: &str = "have the proxy pass the Host that clients send (nginx: `proxy_set_header \
                           Host $host`), or add the name that it sends to server.allowed_hosts";

/// What is examined from outside.
pub(super) struct Outside<'a> {
    pub(super) client: &'a Client,
    /// The URL of the MCP endpoint.
    pub(super) endpoint: &'a Url,
    /// The issuer, where people sign in.
    pub(super) issuer: Option<&'a str>,
}

impl Outside<'_> {
    /// Examines all that clients need, in their order. What depends on something that failed is
    /// left out.
    pub(super) async fn examine(&self, dates: &mut Dates) -> Vec<Finding> {
        let mut findings = self.reach(dates).await;
        let is_reached = findings.iter().all(|it| !it.is_faulty());
        let Some(issuer) = self.issuer.filter(|_| is_reached) else {
            return findings;
        };
        let (challenged, is_host_right) = self.challenge().await;
        findings.extend(challenged);
        if is_host_right {
            findings.push(self.resource_metadata(issuer).await);
            findings.push(self.server_metadata(issuer).await);
        }
        findings
    }

    /// Asks whether the server is alive.
    async fn reach(&self, dates: &mut Dates) -> Vec<Finding> {
        let origin = self.endpoint.origin().ascii_serialization();
        let answer = self.get(&format!("{origin}/healthz")).await;
        match answer {
            Err(failure) => vec![unreachable(self.endpoint, &origin, &failure)],
            Ok(answer) if answer.status != StatusCode::OK => {
                let fault = format!("answers {} at {origin}/healthz", answer.status.as_u16());
                let remedy = "start the server, and have the proxy pass every path of this host to \
                              it; another server may have answered";
                vec![Finding::faulty(Subject::PublicUrl, fault, remedy)]
            }
            Ok(answer) => {
                dates.note(&origin, &answer.headers, SystemTime::now());
                let mut findings = vec![Finding::sound(Subject::PublicUrl, origin)];
                if self.endpoint.scheme() == "https" {
                    let text = "is valid for the host of the public URL";
                    findings.push(Finding::sound(Subject::Certificate, text));
                }
                findings
            }
        }
    }

    /// Sends a message without a token, and one with a token that no server issued. The second part of the answer
    /// says whether the server takes the host for its own.
    async fn challenge(&self) -> (Vec<Finding>, bool) {
        let bare = match self.post(None).await {
            Ok(answer) => answer,
            Err(failure) => {
                let fault = format!("the endpoint has no answer: {}", describe(&failure));
                let remedy = "have the proxy pass POST requests to the server";
                return (
                    vec![Finding::faulty(Subject::Challenge, fault, remedy)],
                    true,
                );
            }
        };
        let text = String::from_utf8_lossy(&bare.body);
        if bare.status == StatusCode::FORBIDDEN && text.contains("Host of the request") {
            let fault = "the server receives another Host than clients send, and refuses it";
            return (
                vec![Finding::faulty(Subject::Host, fault, HOST_REMEDY)],
                false,
            );
        }
        let mut findings = vec![Finding::sound(
            Subject::Host,
            "reaches the server unchanged",
        )];
        let expected = self.metadata_url();
        let challenge = challenge(&bare.headers);
        findings.push(match challenge {
            _ if bare.status != StatusCode::UNAUTHORIZED => Finding::faulty(
                Subject::Challenge,
                format!(
                    "the endpoint answers {} to a client without a token, in place of 401",
                    bare.status.as_u16()
                ),
                "have the proxy pass the path of the endpoint to the server, without a sign-in of \
                 its own before it",
            ),
            "" => Finding::faulty(
                Subject::Challenge,
                "the 401 has no WWW-Authenticate, by which clients find the sign-in",
                "have the proxy pass the header field WWW-Authenticate of answers",
            ),
            challenge if !challenge.contains(&expected) => Finding::faulty(
                Subject::Challenge,
                format!("the challenge does not name {expected}"),
                "set server.public_url to the URL that clients use, and restart the server",
            ),
            _ => Finding::sound(Subject::Challenge, format!("names {expected}")),
        });
        let received = self.post(Some(NO_TOKEN)).await.ok();
        let is_received = received.is_some_and(|answer| {
            self::challenge(&answer.headers).contains("error=\"invalid_token\"")
        });
        findings.push(match is_received {
            true => Finding::sound(Subject::Authorization, "reaches the server"),
            false => Finding::faulty(
                Subject::Authorization,
                "the server does not receive the token that clients send",
                "have the proxy pass the header field Authorization (Apache: `CGIPassAuth On`; \
                 nginx passes it unless `proxy_set_header Authorization` empties it)",
            ),
        });
        (findings, true)
    }

    async fn resource_metadata(&self, issuer: &str) -> Finding {
        let url = self.metadata_url();
        let subject = Subject::ResourceMetadata;
        let document = match self.document(subject, &url).await {
            Ok(document) => document,
            Err(finding) => return *finding,
        };
        let resource = document.get("resource").and_then(Value::as_str);
        let servers = document.pointer("/authorization_servers/0");
        let server = servers.and_then(Value::as_str);
        let origin = self.endpoint.origin().ascii_serialization();
        let expected = ResourceIndicator::new(&origin, self.endpoint.path());
        if !resource.is_some_and(|text| expected.is_meant_by(text)) {
            return differs(subject, "resource", resource, self.endpoint.as_str());
        }
        match server == Some(issuer) {
            true => Finding::sound(subject, format!("at {url}")),
            false => differs(subject, "authorization_servers", server, issuer),
        }
    }

    async fn server_metadata(&self, issuer: &str) -> Finding {
        let url = format!("{issuer}{AUTHORIZATION_SERVER}");
        let subject = Subject::ServerMetadata;
        let document = match self.document(subject, &url).await {
            Ok(document) => document,
            Err(finding) => return *finding,
        };
        let found = document.get("issuer").and_then(Value::as_str);
        match found == Some(issuer) {
            true => Finding::sound(subject, format!("at {url}")),
            false => differs(subject, "issuer", found, issuer),
        }
    }

    /// Fetches a document of JSON.
    async fn document(&self, subject: Subject, url: &str) -> Result<Value, Box<Finding>> {
        let remedy =
            "have the proxy pass every path below /.well-known/ of this host to the server";
        let fail = |fault: String| Box::new(Finding::faulty(subject, fault, remedy));
        let answer = self.get(url).await;
        let answer = answer.map_err(|failure| fail(format!("{url}: {}", describe(&failure))))?;
        if answer.status != StatusCode::OK {
            return Err(fail(format!("{url} answers {}", answer.status.as_u16())));
        }
        serde_json::from_slice(&answer.body).map_err(|_| fail(format!("{url} is no JSON")))
    }

    /// Where the metadata of the endpoint is (RFC 9728 §3.1: inserted before the path).
    fn metadata_url(&self) -> String {
        let origin = self.endpoint.origin().ascii_serialization();
        let path = self.endpoint.path().trim_end_matches('/');
        format!("{origin}{PROTECTED_RESOURCE}{path}")
    }

    async fn get(&self, url: &str) -> Result<Incoming, Failure> {
        get(self.client, url).await
    }

    async fn post(&self, token: Option<&'static str>) -> Result<Incoming, Failure> {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
        headers.extend(token.map(|token| (AUTHORIZATION, HeaderValue::from_static(token))));
        let request = outgoing(Method::POST, self.endpoint.clone(), headers, PING);
        self.client.send(request).await
    }
}

pub(super) async fn get(client: &Client, url: &str) -> Result<Incoming, Failure> {
    let url = Url::parse(url).map_err(|error| Failure::Request(error.to_string()))?;
    let headers = HeaderMap::new();
    client.send(outgoing(Method::GET, url, headers, "")).await
}

fn outgoing(method: Method, url: Url, headers: HeaderMap, body: &'static str) -> Outgoing {
    Outgoing {
        method,
        url,
        headers,
        body: Bytes::from_static(body.as_bytes()),
        pieces: Vec::new(),
        room: None,
        account: None,
    }
}

/// The challenge of an answer, or nothing.
fn challenge(headers: &HeaderMap) -> &str {
    let value = headers.get(WWW_AUTHENTICATE);
    value.and_then(|it| it.to_str().ok()).unwrap_or_default()
}

fn differs(subject: Subject, member: &str, found: Option<&str>, expected: &str) -> Finding {
    let found = found.unwrap_or("nothing");
    Finding::faulty(
        subject,
        format!("`{member}` is {found} where this configuration has {expected}"),
        "restart the server with this configuration, and have the proxy pass this host to it; \
         another server may have answered",
    )
}

/// Says why the public URL cannot be reached, as far as the failure shows it.
fn unreachable(endpoint: &Url, origin: &str, failure: &Failure) -> Finding {
    let reason = describe(failure);
    if reason.contains("certificate") {
        let (fault, remedy) = certificate(origin, &reason);
        return Finding::faulty(Subject::Certificate, fault, remedy);
    }
    let is_other_scheme = match failure {
        Failure::Redirect { target, .. } => {
            endpoint.scheme() == "http" && target.starts_with("https://")
        }
        // A server without TLS answered a client that began with TLS.
        _ => endpoint.scheme() == "https" && reason.contains("InvalidContentType"),
    };
    if is_other_scheme {
        let (used, other) = match endpoint.scheme() {
            "http" => ("http", "https"),
            _ => ("https", "http"),
        };
        let fault = format!("{origin} says {used}, and the server there speaks {other}");
        let remedy =
            "set server.public_url to the https URL, and end TLS at the proxy before the server";
        return Finding::faulty(Subject::PublicUrl, fault, remedy);
    }
    let remedy = "start the server, and check that the name leads to this machine or its proxy and \
                  that no firewall is between";
    Finding::faulty(Subject::PublicUrl, format!("{origin}: {reason}"), remedy)
}

fn certificate(origin: &str, reason: &str) -> (String, &'static str) {
    if reason.contains("xpired") {
        let remedy = "renew the certificate, and have the proxy read it again";
        return (format!("the certificate of {origin} has expired"), remedy);
    }
    if reason.contains("valid for name") || reason.contains("NotValidForName") {
        let remedy = "have the proxy serve a certificate for the host of server.public_url";
        let fault = format!("the certificate of {origin} is for another name");
        return (fault, remedy);
    }
    let remedy = "serve a certificate of a public authority with its whole chain; clients of others \
                  do not trust private authorities";
    let fault = format!("the certificate of {origin} is not trusted: {reason}");
    (fault, remedy)
}

pub(super) fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Unreachable(reason)
        | Failure::Unhandled(reason)
        | Failure::Broken(reason)
        | Failure::Garbage(reason)
        | Failure::Request(reason) => reason.clone(),
        Failure::Timeout => "no answer in time".to_owned(),
        Failure::Redirect { target, .. } => format!("it redirects to {target}"),
    }
}
