//! Who is known to be behind a redirect URI or a metadata document: the publishers file. All
//! decisions to trust a client are made here.

mod identity;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

pub(crate) use self::identity::ClientIdentity;
use crate::page::Publisher;

/// The file itself, looked at again with every release.
const FILE: &str = include_str!("publishers.toml");

/// Redirect URIs and whose they are.
#[derive(Debug)]
pub(crate) struct Publishers {
    by_redirect_uri: BTreeMap<String, (String, Publisher)>,
    /// Beginnings of redirect URIs that one segment of a path completes.
    by_prefix: Vec<(String, (String, Publisher))>,
    documents: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    checked: toml::value::Date,
    client: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    publisher: String,
    redirect_uris: Vec<String>,
    #[serde(default)]
    redirect_uri_prefixes: Vec<String>,
    #[serde(default)]
    documents: Vec<String>,
}

impl Publishers {
    /// The publishers this build knows. A file that cannot be read has no publisher, so that no client
    /// gets a badge; a test keeps it readable.
    pub(crate) fn embedded() -> &'static Publishers {
        static PUBLISHERS: LazyLock<Publishers> =
            LazyLock::new(|| Publishers::read(FILE).unwrap_or_else(|_| Publishers::none()));
        &PUBLISHERS
    }

    fn none() -> Publishers {
        Publishers {
            by_redirect_uri: BTreeMap::new(),
            by_prefix: Vec::new(),
            documents: BTreeSet::new(),
        }
    }

    fn read(file: &str) -> Result<Publishers, toml::de::Error> {
        let file: File = toml::from_str(file)?;
        let checked = file.checked.to_string();
        let mut publishers = Publishers::none();
        for entry in file.client {
            publishers.documents.extend(entry.documents);
            let client = |by_prefix| {
                let publisher = Publisher {
                    name: entry.publisher.clone(),
                    checked: checked.clone(),
                    by_prefix,
                };
                (entry.name.clone(), publisher)
            };
            let uris = entry.redirect_uris.into_iter();
            publishers
                .by_redirect_uri
                .extend(uris.map(|uri| (uri, client(false))));
            let prefixes = entry.redirect_uri_prefixes.into_iter();
            publishers
                .by_prefix
                .extend(prefixes.map(|prefix| (prefix, client(true))));
        }
        Ok(publishers)
    }

    /// The client and its publisher whose redirect URI this is: character for character, or up to a
    /// last segment of letters, digits, `-` and `_` where the publisher has one for each connection.
    pub(crate) fn find(&self, redirect_uri: &str) -> Option<(String, Publisher)> {
        let completed = || {
            let mut prefixes = self.by_prefix.iter();
            let (_, client) = prefixes.find(|(prefix, _)| {
                let rest = redirect_uri.strip_prefix(prefix.as_str());
                rest.is_some_and(is_segment)
            })?;
            Some(client)
        };
        let exact = self.by_redirect_uri.get(redirect_uri);
        exact.or_else(completed).cloned()
    }

    /// Whether a metadata document of an assistant is at this URL, character for character.
    pub(crate) fn publish(&self, url: &str) -> bool {
        self.documents.contains(url)
    }
}

/// Whether a text is one segment of a path that no reader of URLs takes for anything else.
fn is_segment(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_sites_that_only_their_publisher_can_answer_at() {
        let publishers = Publishers::read(FILE).unwrap();
        assert!(!publishers.by_redirect_uri.is_empty());
        let uris = publishers.by_redirect_uri.keys();
        let prefixes = publishers.by_prefix.iter().map(|(prefix, _)| prefix);
        for prefix in prefixes.clone() {
            let url = url::Url::parse(prefix).unwrap();
            assert!(prefix.ends_with('/') && url.path().len() > 1, "{prefix}");
            assert!(
                url.query().is_none() && url.fragment().is_none(),
                "{prefix}"
            );
        }
        for uri in uris.chain(&publishers.documents).chain(prefixes) {
            let url = url::Url::parse(uri).unwrap();
            assert_eq!(url.scheme(), "https", "{uri}");
            assert!(psl::domain_str(url.domain().unwrap()).is_some(), "{uri}");
        }
    }
}
