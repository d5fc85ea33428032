//! Credentials of the service itself: one per security scheme, from configuration.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::redaction::SHORTEST;
use crate::config::{ConfigError, Credential};
use crate::nearest::nearest;
use crate::operation::{Catalog, In, Operation, Parameter, SecurityKind};
use crate::secret::Secret;

/// A credential where it goes in a request.
#[derive(Clone, Debug)]
pub(crate) enum Placed {
    /// A header field.
    Header(HeaderName, HeaderValue),
    /// A query parameter.
    Query(&'static str, Secret),
    /// A cookie.
    Cookie(&'static str, Secret),
}

impl Placed {
    /// Whether it travels where the parameter would.
    pub(crate) fn fills(&self, parameter: &Parameter) -> bool {
        match (self, parameter.location) {
            (Placed::Header(name, _), In::Header) => {
                name.as_str().eq_ignore_ascii_case(parameter.name)
            }
            (Placed::Query(name, _), In::Query) | (Placed::Cookie(name, _), In::Cookie) => {
                *name == parameter.name
            }
            _ => false,
        }
    }

    /// The last word of a header field, which is what an authentication scheme sends.
    fn as_sent(&self) -> Option<Secret> {
        match self {
            Placed::Header(_, value) => {
                let text = value.to_str().ok()?;
                Some(Secret::new(text.rsplit(' ').next().unwrap_or(text)))
            }
            Placed::Query(..) | Placed::Cookie(..) => None,
        }
    }
}

/// What a caller has of its own towards the API. It replaces whatever is configured for its security
/// scheme; where it is nothing, so does nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    /// The security scheme that it is for.
    pub(crate) scheme: &'static str,
    /// Where it goes in a request.
    pub(crate) placed: Option<&'a Placed>,
    /// Whether an operation is called with it, or without any credential, and never with that of the
    /// service alone.
    pub(crate) is_required: bool,
}

/// What an operation is called with.
#[derive(Debug)]
pub(crate) enum Chosen<'a> {
    /// These together; none where the operation is open.
    Use(Vec<&'a Placed>),
    /// The operation wants a credential, and none of its alternatives is configured.
    Missing,
}

/// The configured credentials, by security scheme.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    by_scheme: BTreeMap<&'static str, Placed>,
    /// The secrets in them, to be recognised where an API repeats them.
    secrets: Vec<Secret>,
    too_short: Vec<String>,
}

impl Credentials {
    /// Fetches the credentials of a table of the configuration and puts each where its scheme wants
    /// it.
    ///
    /// # Errors
    /// Where a credential is for an unknown scheme, is missing, or does not fit its scheme.
    pub(crate) fn read(
        catalog: &'static Catalog,
        table: &str,
        configured: &BTreeMap<String, Credential>,
    ) -> Result<Credentials, ConfigError> {
        let mut credentials = Credentials::default();
        for (name, credential) in configured {
            let fail = |message: String| ConfigError::new(format!("{table}.{name}"), message);
            let scheme = catalog
                .security_schemes
                .iter()
                .find(|scheme| scheme.name == name)
                .ok_or_else(|| {
                    let known: Vec<_> = catalog.security_schemes.iter().map(|s| s.name).collect();
                    let meant = match nearest(name, known.iter().copied()) {
                        Some(meant) => format!("; did you mean `{meant}`?"),
                        None if known.is_empty() => " (it has none)".to_owned(),
                        None => format!(" (it has: {})", known.join(", ")),
                    };
                    fail(format!(
                        "the API has no security scheme of this name{meant}"
                    ))
                })?;
            let secret = credential.secret().map_err(fail)?;
            let placed = place(scheme.kind, credential.username(), &secret).map_err(fail)?;
            if secret.expose().len() < SHORTEST {
                credentials.too_short.push(name.clone());
            }
            if let Some(encoded) = placed.as_sent() {
                credentials.secrets.push(encoded);
            }
            credentials.by_scheme.insert(scheme.name, placed);
            credentials.secrets.push(secret);
        }
        Ok(credentials)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_scheme.is_empty()
    }

    /// The names of those that are too short to be recognised in an answer.
    pub(crate) fn too_short(&self) -> &[String] {
        &self.too_short
    }

    /// Whether there is one for this scheme.
    pub(crate) fn has(&self, scheme: &str) -> bool {
        self.by_scheme.contains_key(scheme)
    }

    /// All of them, whatever they are for.
    pub(super) fn all(&self) -> impl Iterator<Item = &Placed> {
        self.by_scheme.values()
    }

    /// The secrets in them, to be recognised where an API repeats them; those in headers also as
    /// they are sent.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter()
    }

    /// The first alternative of the operation's security that is there as a whole. The empty
    /// alternative counts only where no other is.
    pub(crate) fn choose<'a>(&'a self, operation: &Operation, own: Option<Own<'a>>) -> Chosen<'a> {
        let find = |scheme| match own {
            Some(own) if own.scheme == scheme => own.placed,
            _ => self.by_scheme.get(scheme),
        };
        let required = own.filter(|own| own.is_required).map(|own| own.scheme);
        let configured = operation
            .security
            .iter()
            .filter(|alternative| !alternative.is_empty())
            .filter(|alternative| required.is_none_or(|scheme| alternative.contains(&scheme)))
            .find_map(|alternative| {
                alternative
                    .iter()
                    .copied()
                    .map(find)
                    .collect::<Option<Vec<_>>>()
            });
        let open = operation.security.is_empty()
            || operation
                .security
                .iter()
                .any(|alternative| alternative.is_empty());
        match configured {
            Some(placed) => Chosen::Use(placed),
            None if open => Chosen::Use(Vec::new()),
            None => Chosen::Missing,
        }
    }
}

/// The alternatives of an operation's security in words: `a, or b with c`.
pub(crate) fn alternatives(operation: &Operation) -> String {
    let alternatives: Vec<String> = operation
        .security
        .iter()
        .map(|alternative| alternative.join(" with "))
        .collect();
    alternatives.join(", or ")
}

/// Puts a secret where a scheme wants it; Basic authentication wants a user name too.
///
/// # Errors
/// Where it does not fit the scheme.
pub(super) fn place(
    kind: SecurityKind,
    username: Option<&str>,
    secret: &Secret,
) -> Result<Placed, String> {
    let token = || match username {
        None => Ok(secret.clone()),
        Some(_) => {
            Err("the scheme wants one token or key, not a user name and password".to_owned())
        }
    };
    match kind {
        SecurityKind::ApiKey { location, name } => match location {
            In::Query => Ok(Placed::Query(name, token()?)),
            In::Cookie => Ok(Placed::Cookie(name, cookie(token()?)?)),
            _ => {
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("the scheme's header name {name:?} is not valid"))?;
                Ok(Placed::Header(name, sensitive(token()?.expose())?))
            }
        },
        SecurityKind::Bearer => {
            let token = token()?;
            if token.expose().contains(char::is_whitespace) {
                return Err("a bearer token has no spaces; leave out the word `Bearer`".to_owned());
            }
            authorization(&format!("Bearer {}", token.expose()))
        }
        SecurityKind::Basic => {
            let Some(username) = username else {
                return Err("the scheme wants { username = \"…\", password = … }".to_owned());
            };
            if username.contains(':') {
                return Err("a user name for Basic authentication has no colon".to_owned());
            }
            let pair = format!("{username}:{}", secret.expose());
            authorization(&format!("Basic {}", STANDARD.encode(pair)))
        }
        SecurityKind::Http(scheme) => authorization(&format!("{scheme} {}", token()?.expose())),
        SecurityKind::MutualTls => Err("client certificates are not supported".to_owned()),
    }
}

fn authorization(value: &str) -> Result<Placed, String> {
    Ok(Placed::Header(AUTHORIZATION, sensitive(value)?))
}

/// A cookie's value travels as it is, so it has to be one (`cookie-octet`, RFC 6265 §4.1.1).
fn cookie(value: Secret) -> Result<Secret, String> {
    let octet = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    match value.expose().bytes().all(octet) {
        true => Ok(value),
        false => Err("it has characters that a cookie cannot hold".to_owned()),
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| "it has characters that a header cannot hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::SecurityScheme;

    static CATALOG: Catalog = Catalog {
        name: "c",
        server_name: "c",
        title: "C",
        version: "1",
        summary: "",
        logo: None,
        repeated: &[],
        description: "",
        servers: &[],
        tags: &[],
        search_mode: false,
        security_schemes: &[
            SecurityScheme {
                name: "key",
                kind: SecurityKind::ApiKey {
                    location: In::Query,
                    name: "key",
                },
            },
            SecurityScheme {
                name: "token",
                kind: SecurityKind::Bearer,
            },
            SecurityScheme {
                name: "login",
                kind: SecurityKind::Basic,
            },
        ],
        operations: &[],
    };

    const EITHER: Operation = Operation {
        security: &[&[], &["key", "token"], &["login"]],
        ..Operation::BASE
    };
    const STRICT: Operation = Operation {
        security: &[&["key", "token"]],
        ..Operation::BASE
    };

    fn read(text: &str) -> Result<Credentials, String> {
        let configured = toml::from_str(text).unwrap();
        Credentials::read(&CATALOG, "upstream.credentials", &configured)
            .map_err(|error| error.to_string())
    }

    fn used(credentials: &Credentials, operation: &Operation) -> Option<usize> {
        match credentials.choose(operation, None) {
            Chosen::Use(placed) => Some(placed.len()),
            Chosen::Missing => None,
        }
    }

    #[test]
    fn an_alternative_counts_only_as_a_whole() {
        assert_eq!(used(&read("key = 'a'").unwrap(), &STRICT), None);
        assert_eq!(
            used(&read("key = 'a'\ntoken = 'b'").unwrap(), &STRICT),
            Some(2)
        );
    }

    #[test]
    fn an_alternative_with_an_undeclared_scheme_is_never_chosen() {
        const MISTAKEN: Operation = Operation {
            security: &[&["kay"], &["key", "tokn"]],
            ..Operation::BASE
        };
        let all = "key = 'a'\ntoken = 'b'\nlogin = { username = 'u', password = 'p' }";
        assert_eq!(used(&read(all).unwrap(), &MISTAKEN), None);
    }

    #[test]
    fn optional_security_is_used_where_it_is_configured() {
        assert_eq!(used(&Credentials::default(), &EITHER), Some(0));
        let login = read("login = { username = 'u', password = 'p' }").unwrap();
        assert_eq!(used(&login, &EITHER), Some(1));
    }

    #[test]
    fn credential_of_the_service_never_replaces_one_that_is_required_of_the_caller() {
        const EITHER: Operation = Operation {
            security: &[&["login"], &["key", "token"]],
            ..Operation::BASE
        };
        const LOGIN: Operation = Operation {
            security: &[&["login"]],
            ..Operation::BASE
        };
        const OPEN: Operation = Operation {
            security: &[&["login"], &[]],
            ..Operation::BASE
        };
        let service = read("key = 'a'\nlogin = { username = 'u', password = 'p' }").unwrap();
        let placed = Placed::Query("own", Secret::new("own"));
        let used = |operation, placed, is_required| {
            let own = Own {
                scheme: "token",
                placed,
                is_required,
            };
            match service.choose(operation, Some(own)) {
                Chosen::Use(all) => Some(all.len()),
                Chosen::Missing => None,
            }
        };
        assert_eq!(used(&EITHER, Some(&placed), false), Some(1));
        assert_eq!(used(&EITHER, Some(&placed), true), Some(2));
        assert_eq!(used(&EITHER, None, true), None);
        assert_eq!(used(&LOGIN, Some(&placed), true), None);
        assert_eq!(used(&OPEN, Some(&placed), true), Some(0));
    }

    #[test]
    fn basic_authentication_is_that_of_rfc_7617() {
        let configured = "login = { username = 'Aladdin', password = 'open sesame' }";
        let credentials = read(configured).unwrap();
        let Some(Placed::Header(name, value)) = credentials.by_scheme.get("login") else {
            unreachable!("basic authentication is a header");
        };
        assert_eq!(
            (name, value.to_str().unwrap()),
            (&AUTHORIZATION, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
    }

    #[test]
    fn an_unknown_scheme_is_named_beside_the_one_meant_or_the_known() {
        let meant = read("kay = 'a'").unwrap_err();
        assert!(meant.ends_with("did you mean `key`?"), "{meant}");
        let unknown = read("password = 'a'").unwrap_err();
        assert!(
            unknown.ends_with("(it has: key, token, login)"),
            "{unknown}"
        );
    }

    #[test]
    fn credentials_that_do_not_fit_are_refused_without_being_shown() {
        for text in [
            "token = 'Bearer hunter2'",
            "token = \"hunter2\\n\"",
            "login = 'hunter2'",
            "token = { username = 'u', password = 'hunter2' }",
        ] {
            let error = read(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
