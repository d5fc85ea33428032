//! The documents that clients discover everything by: RFC 9728 and RFC 8414.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode, Uri};
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::agents::challenge::CHALLENGE;
use super::agents::proof::AgentGrant;
use super::authority::Authority;
use super::client_assertion;
use super::enterprise;
use super::openid;
use super::resource::Resource;
use crate::jwt::Algorithm;
use crate::model::{ResourceIndicator, ResponseType, Scope};

/// RFC 9728 §3.
pub(crate) const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";
/// RFC 8414 §3.
pub(crate) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";

const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

const KEY_SET: &str = "/oauth/jwks";
/// OpenID Connect Core §5.3.
pub(super) const USERINFO: &str = "/oauth/userinfo";

/// How clients authenticate with a key (RFC 7523 §2.2).
const PRIVATE_KEY_JWT: &str = "private_key_jwt";

/// RFC 9728 §2.
#[derive(Serialize)]
struct ProtectedResourceMetadata<'a> {
    resource: ResourceIndicator,
    authorization_servers: [&'a str; 1],
    /// What a client asks for to begin with; more is the person's choice, or a challenge's.
    scopes_supported: [&'static str; 1],
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'a str,
    resource_documentation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tos_uri: Option<&'a str>,
}

/// RFC 8414 §2, with RFC 9207 §3, RFC 9728 §4 and Client ID Metadata Documents.
#[derive(Serialize)]
struct AuthorizationServerMetadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [ResponseType; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    /// Profiles of grant types (draft-ietf-oauth-identity-assertion-authz-grant §7.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_grant_profiles_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_endpoint_auth_signing_alg_values_supported: Vec<Algorithm>,
    /// Where agents ask for what their wallets sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_challenge_endpoint: Option<String>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    client_id_metadata_document_supported: bool,
    service_documentation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_tos_uri: Option<&'a str>,
    protected_resources: Vec<&'a ResourceIndicator>,
}

/// OpenID Connect Discovery 1.0 §3: all of RFC 8414's, and what only OpenID Connect has.
#[derive(Serialize)]
struct OpenIdConfiguration<'a> {
    #[serde(flatten)]
    server: AuthorizationServerMetadata<'a>,
    userinfo_endpoint: String,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

pub(super) fn router(authority: &Arc<Authority>) -> Router {
    let mut router = Router::new()
        .route(AUTHORIZATION_SERVER, get(authorization_server))
        // Clients that know the server's first revision only take its root for the issuer.
        .route(PROTECTED_RESOURCE, get(resource));
    if !authority.public_keys.is_empty() {
        router = router.route(KEY_SET, get(key_set));
    }
    // An incomplete document would be worse than none: clients stop at it.
    if authority.openid.is_some() {
        router = router.route(OPENID_CONFIGURATION, get(openid_configuration));
    }
    let beneath = format!("{PROTECTED_RESOURCE}/{{*path}}");
    router = router.route(&beneath, get(resource_at));
    router.with_state(Arc::clone(authority))
}

impl Resource {
    /// Where the metadata of this resource is (RFC 9728 §3.1: inserted before the path).
    pub(super) fn metadata_url(&self, origin: &str) -> String {
        let path = if self.path == "/" {
            ""
        } else {
            self.path.as_str()
        };
        format!("{origin}{PROTECTED_RESOURCE}{path}")
    }
}

async fn resource(State(authority): State<Arc<Authority>>) -> Response {
    protected_resource(&authority, &authority.resources.main)
}

/// The metadata of the resource whose path follows, in the spelling of that path.
async fn resource_at(State(authority): State<Arc<Authority>>, uri: Uri) -> Response {
    let path = uri.path().strip_prefix(PROTECTED_RESOURCE);
    let resources = &authority.resources;
    let missing = |message: String| {
        let description = json!({ "error": "not_found", "error_description": message });
        (StatusCode::NOT_FOUND, Json(description)).into_response()
    };
    match resources.at(path.unwrap_or_default()) {
        Ok(Some(resource)) => protected_resource(&authority, &resource),
        Ok(None) => missing(format!(
            "there is no resource of this path; the MCP endpoint is {}",
            resources.main.indicator
        )),
        Err(unknown) => missing(unknown.to_string()),
    }
}

fn protected_resource(authority: &Authority, resource: &Resource) -> Response {
    document(&ProtectedResourceMetadata {
        resource: ResourceIndicator::new(&authority.resources.origin, &resource.path),
        authorization_servers: [&authority.issuer],
        scopes_supported: [Scope::Read.as_str()],
        bearer_methods_supported: ["header"],
        resource_name: &authority.name,
        resource_documentation: format!("{}/", authority.resources.origin),
        resource_policy_uri: authority.privacy_url.as_ref().map(Url::as_str),
        resource_tos_uri: authority.terms_url.as_ref().map(Url::as_str),
    })
}

async fn authorization_server(State(authority): State<Arc<Authority>>) -> Response {
    document(&AuthorizationServerMetadata::of(&authority))
}

async fn openid_configuration(State(authority): State<Arc<Authority>>) -> Response {
    document(&OpenIdConfiguration {
        userinfo_endpoint: format!("{}{USERINFO}", authority.issuer),
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        claims_supported: openid::CLAIMS,
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        server: AuthorizationServerMetadata::of(&authority),
    })
}

impl AuthorizationServerMetadata<'_> {
    fn of(authority: &Authority) -> AuthorizationServerMetadata<'_> {
        let at = |path: &str| format!("{}{path}", authority.issuer);
        let policy = &authority.policy;
        let of_agents = authority.agents.iter().flat_map(|it| it.grant_types());
        let of_agents: Vec<AgentGrant> = of_agents.collect();
        let by_keys = of_agents.contains(&AgentGrant::ClientCredentials);
        let by_wallets = of_agents.contains(&AgentGrant::Wallet);
        let mut grant_types = vec!["authorization_code", "refresh_token"];
        grant_types.extend(of_agents.into_iter().map(AgentGrant::as_str));
        let enterprise = authority.enterprise.as_ref();
        grant_types.extend(enterprise.map(|_| enterprise::GRANT_TYPE));
        let mut methods = vec!["none"];
        methods.extend(enterprise.iter().flat_map(|it| it.methods()));
        let of_revocation = methods.clone();
        if by_keys && !methods.contains(&PRIVATE_KEY_JWT) {
            methods.push(PRIVATE_KEY_JWT);
        }
        AuthorizationServerMetadata {
            issuer: &authority.issuer,
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: authority.token_endpoint(),
            registration_endpoint: policy.registration.then(|| at("/oauth/register")),
            revocation_endpoint: at("/oauth/revoke"),
            jwks_uri: (!authority.public_keys.is_empty()).then(|| at(KEY_SET)),
            scopes_supported: authority
                .offered_scopes()
                .iter()
                .map(Scope::as_str)
                .collect(),
            response_types_supported: [ResponseType::Code],
            response_modes_supported: ["query"],
            grant_types_supported: grant_types,
            authorization_grant_profiles_supported: Vec::from_iter(
                enterprise.map(|_| enterprise::PROFILE),
            ),
            token_endpoint_auth_signing_alg_values_supported: match methods
                .contains(&PRIVATE_KEY_JWT)
            {
                true => client_assertion::ALGORITHMS.to_vec(),
                false => Vec::new(),
            },
            token_endpoint_auth_methods_supported: methods,
            agent_challenge_endpoint: by_wallets.then(|| at(CHALLENGE)),
            revocation_endpoint_auth_methods_supported: of_revocation,
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: policy.client_metadata_documents,
            service_documentation: at("/"),
            op_policy_uri: authority.privacy_url.as_ref().map(Url::as_str),
            op_tos_uri: authority.terms_url.as_ref().map(Url::as_str),
            protected_resources: authority
                .resources
                .listed()
                .iter()
                .map(|it| &it.indicator)
                .collect(),
        }
    }
}

async fn key_set(State(authority): State<Arc<Authority>>) -> Response {
    document(&json!({ "keys": authority.public_keys }))
}

fn document(document: &impl Serialize) -> Response {
    let cache = HeaderValue::from_static("public, max-age=300");
    ([(CACHE_CONTROL, cache)], Json(document)).into_response()
}
