//! The request that exchanges a token: OAuth 2.0 Token Exchange (RFC 8693 §2.1), or the on-behalf-of flow of
//! Microsoft Entra ID.

use crate::config::{ConfigError, ExchangeForm, ExchangeSettings};
use crate::secret::Secret;

/// How tokens are exchanged.
pub(super) struct TokenExchange {
    pub(super) settings: ExchangeSettings,
    /// The id and the secret at the token endpoint, where they are not those of sign-ins.
    pub(super) client: Option<(String, Secret)>,
}

impl TokenExchange {
    /// Reads the secret of the settings. `client_id` and `client_secret` are those of sign-ins.
    ///
    /// # Errors
    /// Where the secret cannot be had.
    pub(super) fn new(
        settings: &ExchangeSettings,
        client_id: &str,
        client_secret: Option<&Secret>,
    ) -> Result<TokenExchange, ConfigError> {
        let fail = |message: String| ConfigError::new("upstream.exchange.client_secret", message);
        let secret = settings.client_secret.as_ref().map(|source| source.read());
        let secret = secret
            .transpose()
            .map_err(|error| fail(error.to_string()))?;
        let client = match (&settings.client_id, secret) {
            (None, None) => None,
            (id, secret) => {
                let id = id.as_deref().unwrap_or(client_id);
                let secret = secret.or_else(|| client_secret.cloned());
                let secret = secret.ok_or_else(|| fail("is not set".to_owned()))?;
                Some((id.to_owned(), secret))
            }
        };
        Ok(TokenExchange {
            settings: settings.clone(),
            client,
        })
    }

    /// Returns the form that exchanges a token, without what authenticates this server.
    pub(super) fn form(&self, subject: &Secret) -> Vec<(&'static str, String)> {
        let settings = &self.settings;
        let subject = subject.expose().to_owned();
        let mut form = match settings.form {
            ExchangeForm::TokenExchange => vec![
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
                ),
                ("subject_token", subject),
                (
                    "subject_token_type",
                    settings.subject_token_type().to_owned(),
                ),
                (
                    "requested_token_type",
                    settings.requested_token_type().to_owned(),
                ),
            ],
            ExchangeForm::OnBehalfOf => vec![
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned(),
                ),
                ("assertion", subject),
                ("requested_token_use", "on_behalf_of".to_owned()),
            ],
        };
        form.extend(settings.audience.clone().map(|it| ("audience", it)));
        form.extend(settings.resource.clone().map(|it| ("resource", it)));
        if !settings.scopes.is_empty() {
            form.push(("scope", settings.scopes.join(" ")));
        }
        form
    }
}
