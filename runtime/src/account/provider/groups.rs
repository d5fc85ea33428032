//! The memberships that the groups of a person assign.

use serde_json::{Map, Value};

use super::error::ProviderError;
use crate::config::GroupSettings;
use crate::model::{AssignedMembership, Role, Workspace, WorkspaceId};
use crate::text;
use crate::token::Digest;

/// Groups whose people are members of a workspace, and the claim that lists a person's groups.
#[derive(Clone, Debug)]
pub(super) struct GroupRules {
    pub(super) claim: String,
    groups: Vec<GroupSettings>,
}

impl GroupRules {
    pub(super) fn new(claim: &str, groups: &[GroupSettings]) -> GroupRules {
        GroupRules {
            claim: claim.to_owned(),
            groups: groups.to_vec(),
        }
    }

    /// Reports that no group assigns anything.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Reports whether claims list the groups of their person, in themselves or elsewhere.
    pub(super) fn are_in(&self, claims: &Map<String, Value>) -> bool {
        claims.contains_key(&self.claim) || self.are_elsewhere(claims)
    }

    /// Returns the memberships that the groups of a person assign, in the order of the rules. Where two
    /// groups are of one workspace, the higher role counts.
    ///
    /// # Errors
    /// Where the claims do not list the groups, because there are too many.
    pub(super) fn assigned(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<Vec<AssignedMembership>, ProviderError> {
        let groups = match claims.get(&self.claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(group)) => vec![group.as_str()],
            // Entra lists no groups where they are too many (group overage), but where to ask.
            _ if self.are_elsewhere(claims) => return Err(ProviderError::TooManyGroups),
            _ => Vec::new(),
        };
        let mut assigned: Vec<AssignedMembership> = Vec::new();
        let rules = self.groups.iter();
        for rule in rules.filter(|it| groups.contains(&it.group.as_str())) {
            let id = workspace_id(&rule.workspace);
            let role = Role::from(rule.role);
            if let Some(known) = assigned.iter_mut().find(|it| it.workspace.id == id) {
                if known.role < role {
                    known.role = role;
                    known.workspace.name = name(rule);
                }
                continue;
            }
            assigned.push(AssignedMembership {
                workspace: Workspace {
                    id,
                    name: name(rule),
                    upstream_id: Some(rule.workspace.clone()),
                    suspended: false,
                },
                role,
            });
        }
        Ok(assigned)
    }

    fn are_elsewhere(&self, claims: &Map<String, Value>) -> bool {
        let names = claims.get("_claim_names").and_then(Value::as_object);
        let has_groups = claims.get("hasgroups").and_then(Value::as_bool) == Some(true);
        // `hasgroups` is about the claim `groups`, and about no other one, as of app roles.
        names.is_some_and(|names| names.contains_key(&self.claim))
            || (has_groups && self.claim == "groups")
    }
}

/// Returns the name of the workspace of a rule.
fn name(rule: &GroupSettings) -> String {
    text::label(rule.name.as_deref().unwrap_or(&rule.workspace))
}

/// Returns the id of the workspace of a group: the same one for all people, on every server, and
/// after a change of the issuer.
fn workspace_id(workspace: &str) -> WorkspaceId {
    let digest = Digest::of(&format!("group workspace\n{workspace}"));
    WorkspaceId::stored(format!("wsp_{}", digest.hex(11)))
}
