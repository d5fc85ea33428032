//! Which changes of a workspace a person or the operator is allowed to make.

use super::{Cause, PersonId, Role};

/// The one who asks for a change of a workspace or of a grant in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requester {
    /// The operator, on the command line.
    Operator,
    /// A person, with their role in the workspace where they are a member.
    Person(PersonId, Option<Role>),
}

impl Requester {
    /// Returns the requester of a cause, whose role in the workspace is `role`.
    pub(crate) fn new(cause: &Cause, role: Option<Role>) -> Requester {
        match &cause.person {
            None => Requester::Operator,
            Some(person) => Requester::Person(person.clone(), role),
        }
    }

    /// Returns whether the requester withdraws invitations and changes roles: as an owner.
    pub(crate) fn manages_members(&self) -> bool {
        matches!(self, Requester::Person(_, Some(Role::Owner)))
    }

    /// Returns whether the requester invites people: as the operator or an owner.
    pub(crate) fn invites(&self) -> bool {
        *self == Requester::Operator || self.manages_members()
    }

    /// Returns whether the requester links the workspace to one of the API's: as the operator or an
    /// owner.
    pub(crate) fn links_workspace(&self) -> bool {
        *self == Requester::Operator || self.manages_members()
    }

    /// Returns whether the requester ends a membership: an owner any, a member their own.
    pub(crate) fn removes(&self, member: &PersonId) -> bool {
        self.manages_members() || self.is(member)
    }

    /// Returns whether the requester ends a grant: an owner of its workspace, and the person who
    /// approved it.
    pub(crate) fn revokes_grant_of(&self, person: &PersonId) -> bool {
        self.manages_members() || self.is(person)
    }

    fn is(&self, person: &PersonId) -> bool {
        matches!(self, Requester::Person(requester, _) if requester == person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requester_changes_what_its_role_allows() {
        let (ada, grace) = (PersonId::stored("ada"), PersonId::stored("grace"));
        let ada_as = |role| Requester::Person(ada.clone(), role);
        // manages members, links, ends their own membership, ends another's
        for (requester, allowed) in [
            (Requester::Operator, [false, true, false, false]),
            (ada_as(None), [false, false, true, false]),
            (ada_as(Some(Role::Member)), [false, false, true, false]),
            (ada_as(Some(Role::Owner)), [true, true, true, true]),
        ] {
            let found = [
                requester.manages_members(),
                requester.links_workspace(),
                requester.removes(&ada),
                requester.removes(&grace),
            ];
            assert_eq!(found, allowed, "{requester:?}");
            assert_eq!(requester.invites(), requester.links_workspace());
            assert_eq!(requester.revokes_grant_of(&ada), allowed[2]);
            assert_eq!(requester.revokes_grant_of(&grace), allowed[3]);
        }
    }
}
