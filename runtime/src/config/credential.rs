//! A credential of the service itself, as configuration writes it.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::secret::{Secret, Source};

/// A configured credential for one security scheme.
///
/// A key or token is written as a [`Source`]; the credential of HTTP Basic authentication as
/// `{ username = "…", password = … }`, its password again a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key, a bearer token, or the credentials of another HTTP authentication scheme.
    Token(Source),
    /// User name and password (RFC 7617).
    Basic {
        /// The user-id; it may not contain a colon.
        username: String,
        /// The password.
        password: Source,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    file: Option<PathBuf>,
    username: Option<String>,
    password: Option<Source>,
}

impl Credential {
    /// The user name of Basic authentication.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Credential::Token(_) => None,
            Credential::Basic { username, .. } => Some(username),
        }
    }

    /// Fetches its secret part.
    pub(crate) fn secret(&self) -> Result<Secret, String> {
        match self {
            Credential::Token(source) => source.read().map_err(|error| error.to_string()),
            Credential::Basic { password, .. } => password
                .read()
                .map_err(|error| format!("password: {error}")),
        }
    }
}

impl Serialize for Credential {
    /// Writes where the secret comes from, and never the secret.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Basic<'a> {
            username: &'a str,
            password: &'a Source,
        }
        match self {
            Credential::Token(source) => source.serialize(serializer),
            Credential::Basic { username, password } => {
                Basic { username, password }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Credential, D::Error> {
        struct CredentialVisitor;

        impl<'de> Visitor<'de> for CredentialVisitor {
            type Value = Credential;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    r#"a text, { env = "NAME" }, { file = "PATH" } or { username = "…", password = … }"#,
                )
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Credential, E> {
                Ok(Credential::Token(Source::Literal(Secret::new(text))))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Credential, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                match (table.env, table.file, table.username, table.password) {
                    (Some(name), None, None, None) => Ok(Credential::Token(Source::Env(name))),
                    (None, Some(path), None, None) => Ok(Credential::Token(Source::File(path))),
                    (None, None, Some(username), Some(password)) => {
                        Ok(Credential::Basic { username, password })
                    }
                    _ => Err(A::Error::custom(
                        "give `env`, or `file`, or `username` with `password`",
                    )),
                }
            }
        }

        deserializer.deserialize_any(CredentialVisitor)
    }
}
