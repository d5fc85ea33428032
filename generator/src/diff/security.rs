//! The credentials that calls need.

use std::collections::BTreeSet;

use super::change::{Change, Kind};
use super::value::{code, joined};
use crate::ir::{Api, In, Operation, SecurityKind};

/// A credential: its scheme, the form in which it is sent, and the scopes that it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Credential {
    scheme: String,
    form: String,
    scopes: BTreeSet<String>,
}

/// The difference in the credentials that a tool needs, if there is one. Calls go on where each set
/// of credentials that was enough before still is.
pub(super) fn compare(
    (old_api, old): (&Api, &Operation),
    (new_api, new): (&Api, &Operation),
) -> Option<Change> {
    let (before, after) = (alternatives(old_api, old), alternatives(new_api, new));
    if before == after {
        return None;
    }
    let free = BTreeSet::from([BTreeSet::new()]);
    let enough = |all: &BTreeSet<BTreeSet<Credential>>| match all.is_empty() {
        true => free.clone(),
        false => all.clone(),
    };
    let (was, is) = (enough(&before), enough(&after));
    if was == is {
        return None;
    }
    let breaking = !was
        .iter()
        .all(|had| is.iter().any(|needs| covers(had, needs)));
    let message = format!("needed {}, and needs {} now", shown(&was), shown(&is));
    Some(Change::new(Kind::SecurityChanged, &new.name, message).breaking(breaking))
}

/// Returns true where the credentials `had` are enough for `needs`.
fn covers(had: &BTreeSet<Credential>, needs: &BTreeSet<Credential>) -> bool {
    needs.iter().all(|needed| {
        had.iter().any(|one| {
            let is_same = one.scheme == needed.scheme && one.form == needed.form;
            is_same && one.scopes.is_superset(&needed.scopes)
        })
    })
}

fn alternatives(api: &Api, operation: &Operation) -> BTreeSet<BTreeSet<Credential>> {
    let none = Vec::new();
    let form = |scheme: &str| {
        let declared = api.security_schemes.iter();
        let kind = declared
            .filter(|one| one.name == scheme)
            .map(|one| &one.kind);
        kind.map(form).next().unwrap_or_default()
    };
    let all = operation.security.iter().enumerate();
    all.map(|(index, schemes)| {
        let scopes = operation.scopes.get(index).unwrap_or(&none);
        let schemes = schemes.iter().enumerate();
        schemes
            .map(|(place, scheme)| Credential {
                scheme: scheme.clone(),
                form: form(scheme),
                scopes: scopes.get(place).into_iter().flatten().cloned().collect(),
            })
            .collect()
    })
    .collect()
}

/// The form in which a credential is sent, in words.
fn form(kind: &SecurityKind) -> String {
    match kind {
        SecurityKind::ApiKey { location, name } => {
            let place = match location {
                In::Header => "header field",
                In::Cookie => "cookie",
                _ => "query parameter",
            };
            format!("{place} {}", code(name))
        }
        SecurityKind::Basic => "HTTP Basic".to_owned(),
        SecurityKind::Bearer => "bearer token".to_owned(),
        SecurityKind::Http(scheme) => format!("HTTP {}", code(scheme)),
        SecurityKind::MutualTls => "client certificate".to_owned(),
    }
}

fn shown(alternatives: &BTreeSet<BTreeSet<Credential>>) -> String {
    let all = alternatives.iter().map(|credentials| {
        let all: Vec<String> = credentials.iter().map(one).collect();
        match all.is_empty() {
            true => "no credential".to_owned(),
            false => all.join(" with "),
        }
    });
    all.collect::<Vec<_>>().join(" or ")
}

fn one(credential: &Credential) -> String {
    let mut text = code(&credential.scheme);
    if !credential.form.is_empty() {
        text.push_str(&format!(" ({})", credential.form));
    }
    if !credential.scopes.is_empty() {
        let scopes: Vec<String> = credential.scopes.iter().map(|one| code(one)).collect();
        text.push_str(&format!(" for {}", joined(&scopes)));
    }
    text
}
