//! What every backend of the store has to do: plain functions, and a list that runs them against
//! each backend.
//!
//! A further backend adds a [`Fixture`] and one line at the end.

mod accounts;
mod agents;
mod assertions;
mod audit;
mod audit_export;
mod authorizations;
mod clients;
mod copy;
mod files;
mod fixtures;
mod grants;
mod identities;
mod model;
mod people;
mod quotas;
mod rechecks;
mod samples;
mod subjects;
mod uploads;
mod upstream_keys;
mod usage;
mod workspaces;

use std::sync::Arc;

use async_trait::async_trait;

use super::Store;

/// Opens stores of one backend.
#[async_trait]
pub(super) trait Fixture: Send + Sync {
    /// Returns a store that holds nothing.
    async fn empty_store(&self) -> Arc<dyn Store>;

    /// Returns how many stores the model of a grant is compared with: fewer where opening one takes
    /// long.
    fn models(&self) -> u32 {
        100
    }
}

/// Makes a module with a test for each case, which runs against the stores of a fixture, or is
/// skipped where there is none.
macro_rules! contract {
    ($backend:ident, $fixture:expr) => {
        contract! {
            $backend, $fixture,
            people {
                setup_link_makes_one_account,
                email_address_has_one_account_in_any_letter_case,
                session_ends_by_time_by_idleness_and_by_request,
                session_is_found_as_it_was_opened,
                session_reports_when_the_password_was_last_given,
                sessions_are_listed_until_they_are_idle,
                browser_and_network_are_recognised_after_a_sign_in,
                session_that_is_opened_after_the_clock_was_set_back_is_kept,
            }
            accounts {
                disabled_account_opens_no_session_and_gains_no_grant,
                disabling_an_account_ends_its_grants_sessions_and_links,
                reset_link_sets_one_password_once,
                email_address_of_another_account_is_refused,
                deletion_forgets_the_person_and_keeps_an_owner,
                invitation_of_the_operator_needs_no_owner,
                key_is_renamed_by_its_person_only,
            }
            identities {
                sign_in_at_the_provider_is_taken_once_by_its_browser,
                sign_ins_of_one_network_replace_each_other,
                account_of_the_provider_has_one_person,
                account_with_a_password_is_linked_once_where_that_is_allowed,
                linking_an_account_ends_what_its_former_person_has,
                account_is_linked_again_after_a_change_of_issuer_or_an_unlinking,
                memberships_that_claims_assign_end_with_them,
                membership_that_is_given_or_taken_otherwise_is_not_assigned_any_more,
                assigned_memberships_end_when_no_group_is_configured,
                sessions_end_when_no_group_is_left,
                grants_end_with_the_membership_that_claims_assigned,
            }
            rechecks {
                person_is_checked_by_one_caller_at_a_time_when_that_is_due,
                refresh_causes_a_check_only_with_a_token_and_after_a_pause,
                token_is_replaced_only_where_the_one_before_was_used,
                sign_in_during_a_check_is_not_ended_by_it,
                end_of_a_sign_in_ends_sessions_and_grants,
                sign_in_of_an_earlier_version_ends_after_thirty_days,
                logout_ends_the_sessions_that_it_names_once,
                turn_of_a_clock_that_was_ahead_ends_at_once,
            }
            subjects {
                token_that_is_exchanged_is_kept_until_the_next_one_or_the_end_of_the_sign_in,
                person_is_asked_about_once_where_another_token_is_needed,
                expired_token_is_forgotten_and_the_time_of_its_end_is_not,
                grants_that_ended_are_not_live,
            }
            workspaces {
                invitation_is_used_once_and_workspace_keeps_an_owner,
                workspace_is_linked_by_its_owner_and_the_operator_only,
                grants_end_when_their_workspace_is_linked_to_another_tenant,
                suspended_workspace_keeps_its_grants_and_gains_none,
                invitations_end_when_their_inviter_is_no_longer_an_owner,
            }
            authorizations {
                approval_makes_no_grant_when_the_workspace_was_linked_meanwhile,
                authorization_request_is_answered_once_by_its_own_browser,
                requests_of_one_network_replace_each_other_unseen_ones_first,
                requests_of_one_person_replace_the_oldest,
                request_that_is_made_after_the_clock_was_set_back_is_kept,
            }
            grants {
                grant_is_refused_at_once_when_its_person_left_the_workspace,
                grant_is_revoked_by_its_person_its_owner_and_its_client_only,
                revocation_is_seen_at_once_although_its_caller_goes_away,
                purge_forgets_expired_tokens_and_keeps_keys,
                one_of_two_hundred_callers_redeems_and_one_rotates,
            }
            agents {
                agent_signs_in_until_its_grant_ends,
                agent_ends_with_the_membership_of_its_person,
                agent_of_a_workspace_that_was_linked_anew_or_suspended_is_not_linked,
                person_has_a_bounded_number_of_agents,
                agent_keeps_its_tokens_until_they_expire,
                assertion_is_used_once_by_one_of_many_callers,
                refused_sign_ins_are_counted,
            }
            assertions {
                assertion_makes_a_grant_that_the_next_one_continues,
                assertion_is_exchanged_by_one_of_many_callers,
                assertion_continues_its_grant_and_never_widens_it,
                revoked_grant_takes_no_assertion_of_before,
                assertion_needs_an_open_workspace_and_an_enabled_person,
                assertion_is_forgotten_when_it_has_expired,
                key_at_the_api_is_made_once_and_lasts_as_the_grant,
                refused_assertions_are_counted,
            }
            clients {
                client_in_use_stays_when_another_needs_room,
                registration_is_refused_when_all_clients_are_in_use,
                clients_of_one_network_replace_only_each_other,
                client_documents_in_use_are_kept_the_longest,
            }
            audit {
                events_of_a_grant_have_its_person_its_workspace_and_its_client,
                rows_are_found_by_each_part_of_a_filter,
                name_of_a_connection_finds_rows_of_its_workspace_only,
                pages_follow_each_other_without_a_gap,
                end_of_a_call_replaces_its_beginning,
            }
            audit_export {
                rows_wait_for_the_sinks_that_are_configured_until_received,
                row_that_changes_while_it_is_sent_waits_again,
                call_waits_for_its_end_before_it_is_sent,
                one_server_sends_to_a_sink_at_a_time,
                id_of_a_row_that_was_removed_is_not_used_again,
            }
            files {
                part_of_an_answer_is_kept_for_its_grant_until_it_ends,
                oldest_answers_of_a_grant_are_removed_where_there_are_too_many_bytes,
                file_link_is_used_so_many_times_by_parallel_callers,
                file_link_ends_by_time_and_after_a_hundred_others,
                parts_and_links_end_with_their_grant,
            }
            uploads {
                upload_is_received_once_and_sent_by_its_grant,
                upload_ends_by_time_with_its_grant_and_after_three_others,
                upload_is_taken_by_one_of_parallel_callers_and_no_new_one_replaces_it,
                uploads_of_a_workspace_have_a_bound_and_none_begins_where_it_is_suspended,
            }
            quotas {
                portions_of_parallel_callers_add_up_to_the_quota,
                part_of_a_quota_that_is_given_back_is_granted_again,
                unknown_workspace_has_no_quota,
            }
            usage {
                call_is_counted_once_on_the_day_on_which_it_ended,
                days_are_kept_for_a_while_and_unknown_workspaces_have_none,
                all_days_that_are_old_are_forgotten_however_many,
            }
            upstream_keys {
                upstream_key_comes_with_its_grant,
                ended_upstream_key_is_claimed_by_one_at_a_time,
                upstream_keys_end_when_their_grants_end_by_themselves,
                claimed_intent_becomes_no_grant,
                settled_intent_is_not_claimed,
            }
        }
    };
    ($backend:ident, $fixture:expr, $($subject:ident { $($case:ident,)* })*) => {
        mod $backend {
            $(mod $subject {
                use crate::store::contract::{fixtures, $subject};

                $(#[tokio::test]
                async fn $case() {
                    if let Some(fixture) = $fixture {
                        $subject::$case(&fixture).await;
                    }
                })*
            })*

            #[test]
            fn grant_follows_the_model() {
                use crate::store::contract::{fixtures, model};

                if let Some(fixture) = $fixture {
                    model::grant_follows_the_model(&fixture);
                }
            }
        }
    };
}

contract!(sqlite, Some(fixtures::SqliteFile::default()));
contract!(cached, Some(fixtures::Cached));
contract!(postgres, fixtures::PostgresDatabase::find());
