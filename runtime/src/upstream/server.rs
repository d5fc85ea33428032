//! Which server a request goes to.

use std::collections::BTreeMap;

use url::Url;

use crate::config::{ConfigError, UpstreamSettings, check_base_url};
use crate::operation::{Catalog, Operation, Server};

/// The base URL of every operation.
#[derive(Debug)]
pub(super) struct Servers {
    common: Url,
    /// Of operations that have servers of their own, by tool name.
    own: BTreeMap<&'static str, Url>,
}

impl Servers {
    /// Decides where each operation goes: to `settings.url`, else to the first server of the
    /// operation that is an absolute http or https URL, else to the first such of the catalogue.
    /// A relative server of an operation is resolved against the catalogue's.
    ///
    /// `fallback` is where the catalogue names no usable server.
    ///
    /// # Errors
    /// Where there is no usable server, or a server variable is given that does not exist or may
    /// not have this value.
    pub(super) fn choose(
        catalog: &'static Catalog,
        settings: &UpstreamSettings,
        fallback: Option<Url>,
    ) -> Result<Servers, ConfigError> {
        check_variables(catalog, settings)?;
        if let Some(url) = &settings.url {
            check_base_url(url).map_err(|message| fail("url", message.to_owned()))?;
            return Ok(Servers {
                common: url.clone(),
                own: BTreeMap::new(),
            });
        }
        let common = first_usable(catalog.servers, settings, None).or(fallback);
        let mut own = BTreeMap::new();
        for operation in catalog.operations.iter().copied().flatten() {
            if let Some(url) = first_usable(operation.servers, settings, common.as_ref()) {
                own.insert(operation.name, url);
            }
        }
        let all_have_their_own = catalog
            .operations
            .iter()
            .copied()
            .flatten()
            .all(|operation| own.contains_key(operation.name));
        let common = match common {
            Some(common) => common,
            None => match own.values().next() {
                Some(any) if all_have_their_own => any.clone(),
                _ => return Err(no_server(catalog)),
            },
        };
        Ok(Servers { common, own })
    }

    /// The base URL of operations that name none of their own.
    pub(super) fn common(&self) -> &Url {
        &self.common
    }

    /// The base URLs of operations that have servers of their own, by tool name.
    pub(super) fn own(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        self.own.iter().map(|(name, url)| (*name, url))
    }

    /// The base URL of an operation.
    pub(super) fn base(&self, operation: &Operation) -> &Url {
        if self.own.is_empty() {
            return &self.common;
        }
        self.own.get(operation.name).unwrap_or(&self.common)
    }
}

fn fail(key: &str, message: String) -> ConfigError {
    ConfigError::new(format!("upstream.{key}"), message)
}

fn no_server(catalog: &Catalog) -> ConfigError {
    let named: Vec<&str> = catalog.servers.iter().map(|server| server.url).collect();
    let named = if named.is_empty() {
        "none".to_owned()
    } else {
        named.join(", ")
    };
    fail(
        "url",
        format!(
            "is missing: the API's description names no absolute http or https server (it names: \
             {named}); give the base URL of the API"
        ),
    )
}

fn first_usable(
    servers: &[Server],
    settings: &UpstreamSettings,
    relative_to: Option<&Url>,
) -> Option<Url> {
    servers.iter().find_map(|server| {
        let text = substitute(server, settings);
        let mut url = match (Url::parse(&text), relative_to) {
            (Ok(url), _) => url,
            (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => base.join(&text).ok()?,
            (Err(_), _) => return None,
        };
        url.set_query(None);
        url.set_fragment(None);
        check_base_url(&url).is_ok().then_some(url)
    })
}

/// The URL template with its variables filled in.
fn substitute(server: &Server, settings: &UpstreamSettings) -> String {
    let mut url = server.url.to_owned();
    for variable in server.variables {
        let value = settings
            .variables
            .get(variable.name)
            .map_or(variable.default, String::as_str);
        url = url.replace(&format!("{{{}}}", variable.name), value);
    }
    url
}

fn check_variables(
    catalog: &'static Catalog,
    settings: &UpstreamSettings,
) -> Result<(), ConfigError> {
    let own = catalog
        .operations
        .iter()
        .copied()
        .flatten()
        .flat_map(|operation| operation.servers);
    let variables: Vec<_> = catalog
        .servers
        .iter()
        .chain(own)
        .flat_map(|server| server.variables)
        .collect();
    for (name, value) in &settings.variables {
        let key = format!("variables.{name}");
        let same_name: Vec<_> = variables
            .iter()
            .filter(|variable| variable.name == name)
            .collect();
        if same_name.is_empty() {
            let mut known: Vec<_> = variables.iter().map(|variable| variable.name).collect();
            known.sort_unstable();
            known.dedup();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            return Err(fail(
                &key,
                format!("no server has this variable (there are: {known})"),
            ));
        }
        for variable in same_name {
            if !variable.allowed.is_empty() && !variable.allowed.contains(&value.as_str()) {
                let allowed = variable.allowed.join(", ");
                return Err(fail(&key, format!("{value:?} is not one of: {allowed}")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::ServerVariable;

    const REGION: &[ServerVariable] = &[ServerVariable {
        name: "region",
        default: "eu",
        allowed: &["eu", "us"],
    }];
    static UPLOAD: Operation = Operation {
        name: "upload",
        servers: &[Server {
            url: "/upload",
            variables: &[],
        }],
        ..Operation::BASE
    };
    static READ: Operation = Operation {
        name: "read",
        ..Operation::BASE
    };

    static CATALOG: Catalog = Catalog {
        name: "c",
        server_name: "c",
        title: "C",
        version: "1",
        summary: "",
        logo: None,
        repeated: &[],
        description: "",
        servers: &[
            Server {
                url: "wss://stream.example",
                variables: &[],
            },
            Server {
                url: "https://{region}.example/v1",
                variables: REGION,
            },
        ],
        tags: &[],
        search_mode: false,
        security_schemes: &[],
        operations: &[&[&READ, &UPLOAD]],
    };

    fn choose(toml: &str) -> Result<Servers, ConfigError> {
        Servers::choose(&CATALOG, &toml::from_str(toml).unwrap(), None)
    }

    #[test]
    fn the_first_usable_server_is_taken_with_its_defaults() {
        assert_eq!(
            choose("").unwrap().base(&READ).as_str(),
            "https://eu.example/v1"
        );
    }

    #[test]
    fn an_operations_server_goes_before() {
        assert_eq!(
            choose("").unwrap().base(&UPLOAD).as_str(),
            "https://eu.example/upload"
        );
    }

    #[test]
    fn a_configured_url_replaces_every_server() {
        let servers = choose("url = 'http://localhost:1/x'").unwrap();
        assert_eq!(servers.base(&UPLOAD).as_str(), "http://localhost:1/x");
    }

    #[test]
    fn variables_are_configured_by_name_and_checked() {
        let servers = choose("variables = { region = 'us' }").unwrap();
        assert_eq!(servers.base(&READ).as_str(), "https://us.example/v1");
        let error = choose("variables = { region = 'mars' }")
            .unwrap_err()
            .to_string();
        assert!(error.contains("eu, us"), "{error}");
        let error = choose("variables = { zone = 'us' }")
            .unwrap_err()
            .to_string();
        assert!(error.contains("region"), "{error}");
    }

    #[test]
    fn an_api_without_a_server_wants_a_url() {
        static RELATIVE: Catalog = Catalog {
            name: "c",
            server_name: "c",
            title: "C",
            version: "1",
            summary: "",
            logo: None,
            repeated: &[],
            description: "",
            servers: &[Server {
                url: "/v1",
                variables: &[],
            }],
            tags: &[],
            search_mode: false,
            security_schemes: &[],
            operations: &[&[&READ]],
        };
        let error = Servers::choose(&RELATIVE, &UpstreamSettings::default(), None).unwrap_err();
        assert_eq!(error.key(), Some("upstream.url"));
    }
}
