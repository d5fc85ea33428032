//! People with accounts.

use std::time::SystemTime;

use super::id;

id!(
    /// Id of a person.
    PersonId,
    "usr"
);

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    /// E-mail address, as typed.
    pub(crate) email: String,
    /// What they call themselves.
    pub(crate) name: String,
    pub(crate) created: SystemTime,
}

/// An account as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) person: Person,
    /// Since when the operator has disabled it.
    pub(crate) disabled: Option<SystemTime>,
    /// How many workspaces the person is a member of.
    pub(crate) workspaces: u64,
}

/// By what a person signs in.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) person: Person,
    /// PHC string; `None`: the account has no password.
    pub(crate) password_hash: Option<String>,
    /// Whether the operator disabled the account, so that the password opens nothing.
    pub(crate) is_disabled: bool,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewPerson {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) name: String,
    /// PHC string; `None`: its person signs in at the identity provider.
    pub(crate) password_hash: Option<String>,
}

/// Returns what an e-mail address has in common with its other spellings: two that differ in letter
/// case are of one account.
pub(crate) fn email_key(email: &str) -> String {
    email.to_lowercase()
}
