//! Operations that cannot be called, since no credential is configured that they would take.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::MissingCredentials;
use crate::credential;
use crate::operation::{Catalog, Operation, SecurityKind, SecurityScheme};

/// How many tools a message names for each credential.
const NAMED: usize = 5;

/// The operations that cannot be called, by what they would take.
#[derive(Debug)]
pub(super) struct Missing {
    by_credential: BTreeMap<String, Vec<&'static Operation>>,
    schemes: Vec<&'static SecurityScheme>,
}

impl Missing {
    /// Looks for operations of `catalog` that are `missing` a credential. `configured` are the
    /// schemes that there is a credential for.
    pub(super) fn find(
        catalog: &'static Catalog,
        missing: impl Fn(&'static Operation) -> bool,
        configured: impl Fn(&str) -> bool,
    ) -> Missing {
        let mut by_credential: BTreeMap<String, Vec<&'static Operation>> = BTreeMap::new();
        let mut wanted = BTreeSet::new();
        for operation in catalog.operations.iter().copied().flatten().copied() {
            if missing(operation) {
                wanted.extend(operation.security.iter().copied().flatten().copied());
                let credential = credential::alternatives(operation);
                by_credential.entry(credential).or_default().push(operation);
            }
        }
        let schemes = catalog.security_schemes.iter();
        Missing {
            by_credential,
            schemes: schemes
                .filter(|scheme| wanted.contains(scheme.name) && !configured(scheme.name))
                .collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_credential.is_empty()
    }

    /// The names of the tools.
    pub(super) fn tools(&self) -> BTreeSet<&'static str> {
        let operations = self.by_credential.values().flatten();
        operations.map(|operation| operation.name).collect()
    }

    /// Which tools want what, a line for each credential.
    fn table(&self) -> String {
        let mut table = String::new();
        for (credential, operations) in &self.by_credential {
            let mut names: Vec<_> = operations.iter().map(|operation| operation.name).collect();
            names.sort_unstable();
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            table.push_str(&format!("\n  {credential}: for {}", names.join(", ")));
            if more > 0 {
                table.push_str(&format!(" and {more} more"));
            }
        }
        table
    }

    /// Why the server does not start, and what would let it. `required` is the scheme that every operation
    /// has to take, where there is one.
    pub(super) fn refusal(&self, required: Option<&str>) -> String {
        let table = self.table();
        if let Some(scheme) = required {
            return format!(
                "upstream.exchange has each call carry a token of its person, as `{scheme}`, and the API \
                 wants another credential, or one more:{table}\n\
                 Write the further one into [upstream.credentials]. Tools whose operations do not take \
                 `{scheme}` are not called with the server's own credential: missing_credentials = \
                 \"hide\" under [upstream] leaves them out, \"send\" calls the API without a credential."
            );
        }
        let mut lines = String::new();
        for scheme in &self.schemes {
            lines.push_str("\n  ");
            lines.push_str(&line(scheme));
        }
        let write = match lines.is_empty() {
            true => String::new(),
            false => format!(
                "\nWrite what there is into connector.toml:\n\n  [upstream.credentials]{lines}\n"
            ),
        };
        format!(
            "the API wants a credential that is not configured:{table}\n{write}\n\
             To go on without, write under [upstream]: missing_credentials = \"hide\" leaves these \
             tools out, \"send\" calls the API without a credential."
        )
    }

    /// The warning for the operator if the server starts all the same.
    pub(super) fn warning(&self, policy: MissingCredentials) -> String {
        let what = match policy {
            MissingCredentials::Hide => "tools are left out",
            MissingCredentials::Refuse | MissingCredentials::Send => "the API is called without",
        };
        format!(
            "upstream.missing_credentials: {what}, where the API wants a credential that is not \
             configured:{}",
            self.table()
        )
    }
}

/// The line of configuration that a credential for this scheme is.
fn line(scheme: &SecurityScheme) -> String {
    let variable: String = scheme
        .name
        .chars()
        .map(|it| match it.is_ascii_alphanumeric() {
            true => it.to_ascii_uppercase(),
            false => '_',
        })
        .collect();
    let key = key(scheme.name);
    match scheme.kind {
        SecurityKind::Basic => {
            format!("{key} = {{ username = \"…\", password = {{ env = \"{variable}\" }} }}")
        }
        SecurityKind::MutualTls => format!("# {key}: client certificates are not supported"),
        _ => format!("{key} = {{ env = \"{variable}\" }}"),
    }
}

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        // What is a string in JSON is the same string in TOML.
        false => serde_json::Value::from(name).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(name: &'static str, kind: SecurityKind) -> String {
        line(&SecurityScheme { name, kind })
    }

    #[test]
    fn a_line_is_one_of_configuration() {
        assert_eq!(
            line_of("my key", SecurityKind::Bearer),
            r#""my key" = { env = "MY_KEY" }"#
        );
        assert_eq!(
            line_of("login", SecurityKind::Basic),
            r#"login = { username = "…", password = { env = "LOGIN" } }"#
        );
        let certificate = line_of("tls", SecurityKind::MutualTls);
        assert_eq!(certificate, "# tls: client certificates are not supported");
    }
}
