//! Text that must not be seen: credentials and where configuration finds them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A text that never shows itself: neither `Debug` nor `Display` print it, and it cannot be
/// serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a text as secret.
    #[must_use]
    pub fn new(text: &str) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one place that has to send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Where a secret of the configuration comes from: `"literal"`, `{ env = "NAME" }` or
/// `{ file = "PATH" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is in the configuration itself.
    Literal(Secret),
    /// It is the value of this environment variable.
    Env(String),
    /// It is the content of this file, without the line end that closes it.
    File(PathBuf),
}

/// A secret that configuration points at could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The environment variable is not set, or not text.
    #[error("the environment variable {0} is not set to a text")]
    Env(String),
    /// The file could not be read.
    #[error("cannot read the file {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is a secret, but it is the empty text.
    #[error("the secret is empty")]
    Empty,
}

impl Source {
    /// Fetches the secret.
    ///
    /// # Errors
    /// Where the variable or the file is missing, or the secret is empty.
    pub fn read(&self) -> Result<Secret, SourceError> {
        let secret = match self {
            Source::Literal(secret) => secret.clone(),
            Source::Env(name) => {
                Secret::new(&std::env::var(name).map_err(|_| SourceError::Env(name.clone()))?)
            }
            Source::File(path) => read_file(path)?,
        };
        if secret.expose().is_empty() {
            return Err(SourceError::Empty);
        }
        Ok(secret)
    }
}

fn read_file(path: &Path) -> Result<Secret, SourceError> {
    let text = std::fs::read_to_string(path).map_err(|error| SourceError::File {
        path: path.to_owned(),
        error,
    })?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// The table form of a [`Source`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    file: Option<PathBuf>,
}

impl Serialize for Source {
    /// Writes where the secret comes from, and never the secret.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Source::Literal(secret) => serializer.collect_str(secret),
            Source::Env(name) => BTreeMap::from([("env", name)]).serialize(serializer),
            Source::File(path) => BTreeMap::from([("file", path)]).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
        struct SourceVisitor;

        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = Source;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(r#"a text, { env = "NAME" } or { file = "PATH" }"#)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Source, E> {
                Ok(Source::Literal(Secret::new(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                match Table::deserialize(MapAccessDeserializer::new(map))? {
                    Table {
                        env: Some(name),
                        file: None,
                    } => Ok(Source::Env(name)),
                    Table {
                        env: None,
                        file: Some(path),
                    } => Ok(Source::File(path)),
                    _ => Err(A::Error::custom("give exactly one of `env` and `file`")),
                }
            }
        }

        deserializer.deserialize_any(SourceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Result<Source, String> {
        #[derive(Deserialize)]
        struct Holder {
            key: Source,
        }
        toml::from_str::<Holder>(text)
            .map(|holder| holder.key)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {secret:#?}"),
            "[secret] [secret] [secret]"
        );
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(source("key = 'a'"), Ok(Source::Literal(Secret::new("a"))));
        assert_eq!(
            source("key = { env = 'A' }"),
            Ok(Source::Env("A".to_owned()))
        );
        assert_eq!(
            source("key = { file = '/a' }"),
            Ok(Source::File(PathBuf::from("/a")))
        );
    }

    #[test]
    fn two_places_at_once_are_refused() {
        let error = source("key = { env = 'A', file = 'b' }").unwrap_err();
        assert!(error.contains("exactly one"), "{error}");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Source::Env("NO_SUCH_VARIABLE_HERE".to_owned())
            .read()
            .unwrap_err();
        assert!(error.to_string().contains("NO_SUCH_VARIABLE_HERE"));
    }

    #[test]
    fn an_empty_secret_is_refused() {
        assert!(matches!(
            Source::Literal(Secret::new("")).read(),
            Err(SourceError::Empty)
        ));
    }
}
