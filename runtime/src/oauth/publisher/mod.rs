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
            documents: BTreeSet::new(),
        }
    }

    fn read(file: &str) -> Result<Publishers, toml::de::Error> {
        let file: File = toml::from_str(file)?;
        let checked = file.checked.to_string();
        let mut publishers = Publishers::none();
        for entry in file.client {
            publishers.documents.extend(entry.documents);
            for uri in entry.redirect_uris {
                let publisher = Publisher {
                    name: entry.publisher.clone(),
                    checked: checked.clone(),
                };
                publishers
                    .by_redirect_uri
                    .insert(uri, (entry.name.clone(), publisher));
            }
        }
        Ok(publishers)
    }

    /// The client and its publisher whose redirect URI this is, character for character.
    pub(crate) fn find(&self, redirect_uri: &str) -> Option<(String, Publisher)> {
        self.by_redirect_uri.get(redirect_uri).cloned()
    }

    /// Whether a metadata document of an assistant is at this URL, character for character.
    pub(crate) fn publish(&self, url: &str) -> bool {
        self.documents.contains(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_sites_that_only_their_publisher_can_answer_at() {
        let publishers = Publishers::read(FILE).unwrap();
        assert!(!publishers.by_redirect_uri.is_empty());
        let uris = publishers.by_redirect_uri.keys();
        for uri in uris.chain(&publishers.documents) {
            let url = url::Url::parse(uri).unwrap();
            assert_eq!(url.scheme(), "https", "{uri}");
            assert!(psl::domain_str(url.domain().unwrap()).is_some(), "{uri}");
        }
    }
}
