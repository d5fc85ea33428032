//! Scopes (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::operation::Access;

/// A scope this server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// `mcp:read`: the tools that only read.
    Read,
    /// `mcp:write`: the tools that may change something.
    Write,
    /// `openid`: the client learns who signed in (OpenID Connect Core §3.1.2.1).
    OpenId,
    /// `profile`: and the person's name.
    Profile,
    /// `email`: and the person's e-mail address.
    Email,
    /// `offline_access`: tokens are refreshed without asking the person again.
    OfflineAccess,
}

impl Scope {
    /// All of them, in the order in which they are listed.
    pub(crate) const ALL: [Scope; 6] = [
        Scope::Read,
        Scope::Write,
        Scope::OpenId,
        Scope::Profile,
        Scope::Email,
        Scope::OfflineAccess,
    ];

    /// Those of OpenID Connect.
    pub(crate) const OPENID: [Scope; 3] = [Scope::OpenId, Scope::Profile, Scope::Email];

    /// The scope-token.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "mcp:read",
            Scope::Write => "mcp:write",
            Scope::OpenId => "openid",
            Scope::Profile => "profile",
            Scope::Email => "email",
            Scope::OfflineAccess => "offline_access",
        }
    }

    pub(crate) fn parse(token: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == token)
    }

    /// What it allows, in a few words for the person who grants it.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Scope::Read => "Use the tools that only read",
            Scope::Write => "Use the tools that change things",
            Scope::OpenId => "Learn which account you use, by an id",
            Scope::Profile => "Learn your name",
            Scope::Email => "Learn your email address",
            Scope::OfflineAccess => "Stay connected without asking you again",
        }
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeSet<Scope>);

/// The text is no list of scope-tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MalformedScope;

impl Scopes {
    /// Reads a `scope` parameter. Scope-tokens that are not ours are left out: clients ask for
    /// more than there is, and the answer reports what they got.
    ///
    /// # Errors
    /// Where the text has characters that no scope-token can have.
    pub(crate) fn parse(text: &str) -> Result<Scopes, MalformedScope> {
        let fits = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !text.bytes().all(fits) {
            return Err(MalformedScope);
        }
        Ok(text.split(' ').filter_map(Scope::parse).collect())
    }

    /// The scopes that let a caller use tools up to `access`: the hierarchy of levels.
    pub(crate) fn of(access: Access) -> Scopes {
        match access {
            Access::Read => Scopes::from_iter([Scope::Read]),
            Access::Write => Scopes::from_iter([Scope::Read, Scope::Write]),
        }
    }

    /// The most that a holder of these may do.
    pub(crate) fn access(&self) -> Access {
        match self.contains(Scope::Write) {
            true => Access::Write,
            false => Access::Read,
        }
    }

    pub(crate) fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_subset(&self, of: &Scopes) -> bool {
        self.0.is_subset(&of.0)
    }

    pub(crate) fn insert(&mut self, scope: Scope) {
        self.0.insert(scope);
    }

    /// Leaves out the scopes of OpenID Connect.
    pub(crate) fn without_openid(mut self) -> Scopes {
        self.0.retain(|scope| !Scope::OPENID.contains(scope));
        self
    }

    pub(crate) fn extend(&mut self, others: Scopes) {
        self.0.extend(others.0);
    }

    /// Those that are also in `others`.
    pub(crate) fn within(&self, others: &Scopes) -> Scopes {
        self.iter().filter(|it| others.contains(*it)).collect()
    }

    /// Leaves out what goes beyond `highest`.
    pub(crate) fn limit(&mut self, highest: Access) {
        if highest < Access::Write {
            self.0.remove(&Scope::Write);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(formatter, "{blank}{}", scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let text = String::deserialize(deserializer)?;
        Scopes::parse(&text).map_err(|_| serde::de::Error::custom("no list of scope-tokens"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_are_left_out() {
        let scopes = Scopes::parse("address mcp:read  mcp:write *").unwrap();
        assert_eq!(scopes.to_string(), "mcp:read mcp:write");
    }

    #[test]
    fn characters_outside_the_grammar_are_refused() {
        for wrong in ["mcp:read\n", "a\"b", "a\\b", "é", "a\tb"] {
            assert_eq!(Scopes::parse(wrong), Err(MalformedScope), "{wrong:?}");
        }
    }

    #[test]
    fn full_holds_read_and_write() {
        assert_eq!(Scopes::of(Access::Write).to_string(), "mcp:read mcp:write");
        assert_eq!(Scopes::of(Access::Write).access(), Access::Write);
        assert_eq!(Scopes::of(Access::Read).access(), Access::Read);
    }
}
