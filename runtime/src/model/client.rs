//! Clients and what they say of themselves (RFC 7591 §2).

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{AGENT_PREFIX, RedirectUri, RedirectUriError};
use crate::text;

/// A `client_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ClientId(String);

impl ClientId {
    /// Takes what a request says; `None` where no client can have such an id.
    pub(crate) fn parse(text: &str) -> Option<ClientId> {
        let fits = (1..=2048).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        fits.then(|| ClientId(text.to_owned()))
    }

    /// Takes an id that was stored.
    pub(crate) fn stored(text: String) -> ClientId {
        ClientId(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that of an agent.
    pub(crate) fn is_agent(&self) -> bool {
        self.0.starts_with(AGENT_PREFIX)
    }

    /// Whether it is the URL of a Client ID Metadata Document.
    pub(crate) fn is_url(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Grants a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
}

/// Response types a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseType {
    /// An authorization code.
    Code,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenEndpointAuthMethod {
    /// Not at all: a public client, bound by PKCE.
    None,
}

/// Kind of application (OpenID Connect Dynamic Client Registration §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApplicationType {
    /// Runs on a person's machine.
    Native,
    /// Runs on a site.
    Web,
}

/// What is known of a client: what it said, in as far as this server acts on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientMetadata {
    /// `client_name`, as the client says it, without what cannot be seen: not to be believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_name: Option<String>,
    /// `redirect_uris`, sorted, none twice.
    pub(crate) redirect_uris: Vec<RedirectUri>,
    /// `grant_types`.
    pub(crate) grant_types: Vec<GrantType>,
    /// `response_types`.
    pub(crate) response_types: Vec<ResponseType>,
    /// `token_endpoint_auth_method`.
    pub(crate) token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// `application_type`, where the client says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application_type: Option<ApplicationType>,
}

/// Why metadata cannot be taken (RFC 7591 §3.2.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataError {
    /// `invalid_redirect_uri`.
    #[error("redirect_uris[{index}]: {error}")]
    RedirectUri {
        index: usize,
        error: RedirectUriError,
    },
    /// `invalid_redirect_uri`, about the list.
    #[error("redirect_uris: {0}")]
    RedirectUris(&'static str),
    /// `invalid_client_metadata`.
    #[error("{0}")]
    Metadata(String),
    /// `invalid_software_statement`.
    #[error("software statements are not accepted here")]
    SoftwareStatement,
}

/// The most redirect URIs of one client.
const MOST_REDIRECT_URIS: usize = 10;

/// Metadata as it arrives. Members that are not acted upon are not looked at.
#[derive(Deserialize)]
struct Claimed {
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    application_type: Option<String>,
    software_statement: Option<serde_json::Value>,
}

impl ClientMetadata {
    /// Reads metadata that a client sent or published. Where it asks for a shared secret it is
    /// made a public client, as the answer shows (RFC 7591 §2 lets the server replace values).
    ///
    /// # Errors
    /// Where it is not what the RFC says, or asks for what there is not.
    pub(crate) fn read(text: &[u8]) -> Result<ClientMetadata, MetadataError> {
        let fail = |message: &str| Err(MetadataError::Metadata(message.to_owned()));
        let claimed: Claimed = serde_json::from_slice(text)
            .map_err(|error| MetadataError::Metadata(format!("not client metadata: {error}")))?;
        if claimed.software_statement.is_some() {
            return Err(MetadataError::SoftwareStatement);
        }
        let method = claimed.token_endpoint_auth_method.as_deref();
        if !matches!(
            method,
            None | Some("none" | "client_secret_basic" | "client_secret_post")
        ) {
            return fail("token_endpoint_auth_method: clients authenticate with `none`");
        }
        if !includes(claimed.response_types.as_deref(), "code") {
            return fail("response_types: only `code` is supported, and it is not listed");
        }
        if !includes(claimed.grant_types.as_deref(), "authorization_code") {
            return fail("grant_types: `authorization_code` is needed, and it is not listed");
        }
        let mut grant_types = vec![GrantType::AuthorizationCode];
        if includes(claimed.grant_types.as_deref(), "refresh_token") {
            grant_types.push(GrantType::RefreshToken);
        }
        Ok(ClientMetadata {
            client_name: claimed.client_name.as_deref().and_then(name),
            redirect_uris: redirect_uris(
                &claimed.redirect_uris.unwrap_or_default(),
                RedirectUri::register,
            )?,
            grant_types,
            response_types: vec![ResponseType::Code],
            token_endpoint_auth_method: TokenEndpointAuthMethod::None,
            application_type: match claimed.application_type.as_deref() {
                Some("native") => Some(ApplicationType::Native),
                Some("web") => Some(ApplicationType::Web),
                _ => None,
            },
        })
    }

    /// A client that is configured here.
    pub(crate) fn configured(
        claimed_name: Option<&str>,
        uris: &[String],
    ) -> Result<ClientMetadata, MetadataError> {
        Ok(ClientMetadata {
            client_name: claimed_name.and_then(name),
            redirect_uris: redirect_uris(uris, RedirectUri::configure)?,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            response_types: vec![ResponseType::Code],
            token_endpoint_auth_method: TokenEndpointAuthMethod::None,
            application_type: None,
        })
    }

    /// The redirect URI a request means: the one it names, if that matches one of the client's; the
    /// only one there is, if it names none (RFC 6749 §3.1.2.3).
    pub(crate) fn redirect_uri(&self, requested: Option<&str>) -> Option<RedirectUri> {
        match (requested, self.redirect_uris.as_slice()) {
            (Some(requested), registered) => registered
                .iter()
                .any(|uri| uri.admits(requested))
                .then(|| RedirectUri::stored(requested.to_owned())),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    /// Whether the client can use refresh tokens.
    pub(crate) fn refreshes(&self) -> bool {
        self.grant_types.contains(&GrantType::RefreshToken)
    }
}

/// Whether `value` is in a list; a list that is not given holds everything.
fn includes(list: Option<&[String]>, value: &str) -> bool {
    list.is_none_or(|list| list.iter().any(|it| it == value))
}

fn redirect_uris(
    claimed: &[String],
    take: fn(&str) -> Result<RedirectUri, RedirectUriError>,
) -> Result<Vec<RedirectUri>, MetadataError> {
    if claimed.is_empty() {
        return Err(MetadataError::RedirectUris("at least one is needed"));
    }
    if claimed.len() > MOST_REDIRECT_URIS {
        return Err(MetadataError::RedirectUris("there are more than 10"));
    }
    let mut uris = claimed
        .iter()
        .enumerate()
        .map(|(index, uri)| take(uri).map_err(|error| MetadataError::RedirectUri { index, error }))
        .collect::<Result<Vec<_>, _>>()?;
    uris.sort();
    uris.dedup();
    Ok(uris)
}

/// A name as it is kept, where something of it can be seen.
fn name(claimed: &str) -> Option<String> {
    Some(text::label(claimed)).filter(|name| !name.is_empty())
}

/// A Client ID Metadata Document as it was last fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CachedMetadata {
    pub(crate) metadata: ClientMetadata,
    pub(crate) fetched: SystemTime,
    /// Until when it need not be fetched again.
    pub(crate) fresh_until: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ClientMetadata, String> {
        ClientMetadata::read(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn three_kinds_of_redirect_uri_are_taken_in_one_registration() {
        let client = read(
            r#"{"client_name": "Cursor", "token_endpoint_auth_method": "none", "redirect_uris": [
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback"]}"#,
        )
        .unwrap();
        assert_eq!(client.redirect_uris.len(), 3);
        assert!(client.refreshes());
    }

    #[test]
    fn a_wrong_redirect_uri_is_named_by_its_place() {
        let error = read(r#"{"redirect_uris": ["https://a.example/", "data:,"]}"#).unwrap_err();
        assert!(error.starts_with("redirect_uris[1]: "), "{error}");
    }

    #[test]
    fn the_only_redirect_uri_need_not_be_named() {
        let one = read(r#"{"redirect_uris": ["https://a.example/"]}"#).unwrap();
        assert_eq!(
            one.redirect_uri(None).unwrap().as_str(),
            "https://a.example/"
        );
        let two =
            read(r#"{"redirect_uris": ["https://a.example/", "https://b.example/"]}"#).unwrap();
        assert_eq!(two.redirect_uri(None), None);
    }

    #[test]
    fn a_client_that_wants_a_stronger_method_is_not_made_a_public_one() {
        let text = r#"{"redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "private_key_jwt"}"#;
        assert!(read(text).unwrap_err().contains("`none`"));
    }
}
