//! People with accounts here, and the workspaces they share.

mod model;

pub(crate) use model::{
    Invitation, InvitationId, Member, Membership, NewPerson, Person, PersonId, Role, Session,
    SessionId, Workspace, WorkspaceId, id,
};
