//! A store that answers from memory what it was just asked, in front of any other store.

mod access_tokens;
mod failures;
mod limited;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use self::access_tokens::AccessTokens;
pub use self::failures::{StoreFailure, StoreFailures};
use super::{
    AccountChanges, AccountDeleted, Agents, Assertions, AuditExport, AuditLog, Authorizations,
    Begun, Changes, Clients, EndedUpstreamKey, Entry, FileLink, Files, Identities, Keys,
    MembersChanged, People, QuotaUse, Rechecks, Result, Retention, SealedPart, Settled, Share,
    SignedUp, Store, StoredUpload, Uploads, UpstreamKeyIntent, UpstreamKeyIntents,
    UpstreamKeyState, UpstreamKeys, Usage, Workspaces,
};
use crate::metrics::Metrics;
use crate::model::{
    AccessToken, Account, Agent, AgentSignIn, AgentToken, Answered, Approval, Asserted,
    AssertedGrant, AssertedToken, AssignedMembership, AuditFilter, AuditPage, AuditRow,
    Authentication, CachedMetadata, Cause, ClientId, ClientMetadata, Credentials, GrantId,
    Identified, Invitation, InvitationId, IssuedCode, IssuedRefreshToken, KeptSignIn, KeptSubject,
    Key, KnownAssertion, Linked, LogoutRequest, Member, Membership, NewAgent, NewPerson,
    NewSession, NewTokens, Order, Pending, PendingSignIn, Period, Person, PersonId,
    ProviderAccount, QuotaRequest, Recheck, RecheckRequest, RecheckTurn, Rechecked, Recognised,
    Redemption, RevocationReason, Role, Rotation, Seen, Session, SessionId, Sink, Subject,
    Successor, ToolCall, Transaction, UsageDay, Workspace, WorkspaceId,
};
use crate::token::Digest;

/// A store in front of another one, which looks up an access token once for a burst of calls.
///
/// A change that the other store counts ([`Store::changes`]) is seen by the next call. A change that
/// another process makes and the other store does not count is seen within half a second.
#[derive(Debug)]
pub(crate) struct Cached<S> {
    store: S,
    access_tokens: AccessTokens,
    /// How long a method may take.
    limit: Option<Duration>,
    /// What has methods fail, in a test.
    failures: Option<Arc<dyn StoreFailures>>,
    /// What failures and sign-ins are counted in.
    metrics: Metrics,
}

impl<S: Store> Cached<S> {
    /// Wraps a store.
    pub(crate) fn new(store: S) -> Cached<S> {
        Cached {
            store,
            access_tokens: AccessTokens::default(),
            limit: None,
            failures: None,
            metrics: Metrics::default(),
        }
    }

    /// Has a method fail that takes longer than `limit`, as where the connection to a database is
    /// dead and the system has not noticed yet.
    pub(crate) fn within(self, limit: Duration) -> Cached<S> {
        Cached {
            limit: Some(limit),
            ..self
        }
    }

    /// Has methods fail where a test wants that.
    pub(crate) fn failing(self, failures: Option<Arc<dyn StoreFailures>>) -> Cached<S> {
        Cached { failures, ..self }
    }

    /// Counts methods that fail, and sign-ins.
    pub(crate) fn counting(self, metrics: Metrics) -> Cached<S> {
        Cached { metrics, ..self }
    }
}

#[async_trait]
impl<S: Store> Store for Cached<S> {
    fn changes(&self) -> &Changes {
        self.store.changes()
    }

    async fn probe(&self) -> Result<()> {
        self.limited(self.store.probe()).await
    }

    async fn close(&self) -> Result<()> {
        self.store.close().await
    }

    async fn purge(&self, now: SystemTime, retention: Retention) -> Result<()> {
        self.store.purge(now, retention).await
    }
}

/// Implements a trait of the store with the methods in braces, and has the other store do the rest.
macro_rules! delegate {
    ($trait:ident {
        $({ $($own:tt)* })?
        $($name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*
    }) => {
        #[async_trait]
        impl<S: Store> $trait for Cached<S> {
            $($($own)*)?
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result> {
                self.limited(self.store.$name($($argument),*)).await
            })*
        }
    };
}

delegate! {
    People {
        {
            async fn open_session(&self, session: &NewSession, cause: &Cause) -> Result<bool> {
                let opened = self.limited(self.store.open_session(session, cause)).await?;
                if opened {
                    self.metrics.signed_in();
                }
                Ok(opened)
            }

            async fn sign_in_failed(&self, email: &str, cause: &Cause) -> Result<()> {
                self.metrics.sign_in_failed();
                self.limited(self.store.sign_in_failed(email, cause)).await
            }
        }

        put_setup_link(link: Digest, expires: SystemTime, cause: &Cause) -> bool;
        is_setup_link(link: Digest, now: SystemTime) -> bool;
        sign_up(
            entry: Entry,
            person: NewPerson,
            workspace: Option<Workspace>,
            cause: &Cause,
        ) -> SignedUp;
        credentials(email: &str) -> Option<Credentials>;
        set_password(
            person: &PersonId,
            password_hash: &str,
            keep: &SessionId,
            device: Option<Digest>,
            cause: &Cause,
        ) -> ();
        recognise(email: &str, device: Option<Digest>, network: Digest) -> Recognised;
        last_person(device: Digest) -> Option<PersonId>;
        session(secret: Digest, now: SystemTime, idle_since: SystemTime) -> Option<Session>;
        confirm_session(session: &SessionId, cause: &Cause) -> ();
        sessions(person: &PersonId, now: SystemTime, idle_since: SystemTime) -> Vec<Session>;
        close_session(person: &PersonId, session: &SessionId, cause: &Cause) -> bool;
        close_other_sessions(person: &PersonId, keep: &SessionId, cause: &Cause) -> u64;
    }
}

delegate! {
    Identities {
        begin_sign_in(
            state: Digest,
            browser: Digest,
            confirms: Option<&SessionId>,
            expires: SystemTime,
            share: Share,
        ) -> ();
        take_sign_in(state: Digest, browser: Digest, now: SystemTime) -> PendingSignIn;
        identify(
            account: &ProviderAccount,
            person: NewPerson,
            assigned: Option<&[AssignedMembership]>,
            cause: &Cause,
        ) -> Identified;
        person_of(issuer: &str, subject: &str) -> Option<PersonId>;
        unlink(person: &PersonId, cause: &Cause) -> bool;
    }
}

delegate! {
    Rechecks {
        keep_sign_in(account: &ProviderAccount, kept: &KeptSignIn) -> ();
        begin_recheck(person: &PersonId, request: &RecheckRequest) -> RecheckTurn;
        end_recheck(recheck: &Recheck, outcome: &Rechecked, cause: &Cause) -> bool;
        end_provider_sessions(request: &LogoutRequest, cause: &Cause) -> Option<u64>;
        reported(issuer: &str, subject: &str) -> Option<SystemTime>;
        kept_subject(person: &PersonId, issuer: &str) -> Option<KeptSubject>;
        live_grants(grants: &[GrantId]) -> Vec<GrantId>;
        provider_tokens_sealed_with() -> Vec<String>;
    }
}

delegate! {
    AccountChanges {
        all_accounts() -> Vec<Account>;
        disable_account(person: &PersonId, disabled: bool, cause: &Cause) -> bool;
        put_reset_link(
            person: &PersonId,
            link: Digest,
            expires: SystemTime,
            cause: &Cause,
        ) -> bool;
        reset_link(link: Digest, now: SystemTime) -> Option<Person>;
        reset_password(link: Digest, password_hash: &str, cause: &Cause) -> bool;
        change_profile(person: &PersonId, email: &str, name: &str, cause: &Cause) -> bool;
        delete_account(person: &PersonId, cause: &Cause) -> AccountDeleted;
    }
}

delegate! {
    Workspaces {
        create_workspace(workspace: &Workspace, owner: &PersonId, cause: &Cause) -> ();
        all_workspaces() -> Vec<Workspace>;
        link_workspace(workspace: &WorkspaceId, upstream_id: &str, cause: &Cause) -> bool;
        suspend_workspace(workspace: &WorkspaceId, suspended: bool, cause: &Cause) -> bool;
        last_workspace(person: &PersonId) -> Option<WorkspaceId>;
        memberships(person: &PersonId) -> Vec<Membership>;
        members(workspace: &WorkspaceId) -> Vec<Member>;
        invitations(workspace: &WorkspaceId, now: SystemTime) -> Vec<Invitation>;
        invite(
            id: &InvitationId,
            link: Digest,
            workspace: &WorkspaceId,
            role: Role,
            expires: SystemTime,
            cause: &Cause,
        ) -> MembersChanged;
        invitation(link: Digest, now: SystemTime) -> Option<Invitation>;
        accept_invitation(link: Digest, cause: &Cause) -> Option<WorkspaceId>;
        withdraw_invitation(
            workspace: &WorkspaceId,
            invitation: &InvitationId,
            cause: &Cause,
        ) -> MembersChanged;
        change_role(
            workspace: &WorkspaceId,
            member: &PersonId,
            role: Role,
            cause: &Cause,
        ) -> MembersChanged;
        remove_member(workspace: &WorkspaceId, member: &PersonId, cause: &Cause) -> MembersChanged;
    }
}

delegate! {
    Clients {
        register(
            client: &ClientId,
            metadata: &ClientMetadata,
            most: u64,
            share: Share,
            now: SystemTime,
        ) -> Option<SystemTime>;
        is_registered(client: &ClientId) -> bool;
        client(client: &ClientId) -> Option<ClientMetadata>;
        cached_metadata(client: &ClientId) -> Option<CachedMetadata>;
        cache_metadata(client: &ClientId, document: &CachedMetadata, most: u64, share: Share) -> ();
    }
}

delegate! {
    Authorizations {
        begin(
            handle: Digest,
            browser: Digest,
            transaction: &Transaction,
            expires: SystemTime,
            share: Share,
            cause: &Cause,
        ) -> ();
        seen(handle: Digest, browser: Digest, seen: &Seen) -> ();
        pending(handle: Digest, browser: Digest, now: SystemTime) -> Pending;
        choose_workspace(
            handle: Digest,
            browser: Digest,
            workspace: &WorkspaceId,
            cause: &Cause,
        ) -> Answered;
        deny(handle: Digest, browser: Digest, cause: &Cause) -> Answered;
        approve(handle: Digest, browser: Digest, approval: &Approval, cause: &Cause) -> Answered;
        consent_refused(cause: &Cause) -> ();
        code(code: Digest) -> Option<IssuedCode>;
        redeem(code: Digest, tokens: &NewTokens, cause: &Cause) -> Redemption;
    }
}

delegate! {
    Keys {
        {
            async fn authenticate(&self, token: Digest, now: SystemTime) -> Result<Authentication> {
                let changes = self.store.changes().count();
                if let Some(found) = self.access_tokens.get(changes, token, now) {
                    return Ok(Authentication::Active(found));
                }
                let found = self.limited(self.store.authenticate(token, now)).await?;
                if let Authentication::Active(found) = &found {
                    // What was read is as old as the count before it.
                    self.access_tokens.put(changes, token, Arc::clone(found), now);
                }
                Ok(found)
            }
        }

        refresh_token(token: Digest) -> Option<IssuedRefreshToken>;
        rotate(token: Digest, successor: &Successor, cause: &Cause) -> Rotation;
        token_refused(grant: &GrantId, cause: &Cause) -> ();
        subject(grant: &GrantId) -> Option<Subject>;
        used(grant: &GrantId, at: SystemTime) -> ();
        tools_called(calls: &[ToolCall<'_>]) -> ();
        revoke_token(token: Digest, cause: &Cause) -> bool;
        revoke(grant: &GrantId, reason: RevocationReason, cause: &Cause) -> bool;
        revoke_all(cause: &Cause) -> u64;
        rename_key(grant: &GrantId, label: Option<&str>, cause: &Cause) -> bool;
        keys(person: &PersonId, now: SystemTime, most: u32) -> Vec<Key>;
    }
}

delegate! {
    Agents {
        link_agent(agent: &NewAgent, cause: &Cause) -> Linked;
        agent(client: &ClientId) -> Option<Agent>;
        use_assertion(assertion: Digest, expires: SystemTime) -> bool;
        sign_in_agent(grant: &GrantId, token: &AgentToken, cause: &Cause) -> AgentSignIn;
        refuse_agent(grant: &GrantId, reason: &str, cause: &Cause) -> ();
    }
}

delegate! {
    Assertions {
        assertion(id: Digest, now: SystemTime) -> Option<KnownAssertion>;
        grant_assertion(
            grant: &AssertedGrant,
            token: &AssertedToken,
            cause: &Cause,
        ) -> Asserted;
        continue_grant(
            grant: &GrantId,
            person: &PersonId,
            token: &AssertedToken,
            cause: &Cause,
        ) -> Asserted;
        refuse_assertion(reason: &str, cause: &Cause) -> ();
    }
}

delegate! {
    UpstreamKeys {
        drop_upstream_key(grant: &GrantId, workspace: &WorkspaceId, key: &str, cause: &Cause) -> ();
        end_unused_upstream_keys(cause: &Cause) -> u64;
        claim_ended_upstream_keys(
            most: u32,
            now: SystemTime,
            until: SystemTime,
        ) -> Vec<EndedUpstreamKey>;
        upstream_key_revoked(grant: &GrantId, cause: &Cause) -> ();
        upstream_key_not_revoked(
            grant: &GrantId,
            reason: &str,
            retry: SystemTime,
            cause: &Cause,
        ) -> ();
        upstream_keys() -> UpstreamKeyState;
    }
}

delegate! {
    UpstreamKeyIntents {
        intend_upstream_key(
            workspace: &WorkspaceId,
            order: &Order,
            asked: SystemTime,
            until: SystemTime,
        ) -> ();
        keep_upstream_key_intent(grant: &GrantId, until: SystemTime) -> ();
        upstream_key_not_made(
            grant: &GrantId,
            workspace: &WorkspaceId,
            reason: &str,
            look: Option<SystemTime>,
            cause: &Cause,
        ) -> ();
        claim_upstream_key_intents(
            most: u32,
            now: SystemTime,
            until: SystemTime,
        ) -> Vec<UpstreamKeyIntent>;
        settle_upstream_key_intent(grant: &GrantId, settled: Settled<'_>, cause: &Cause) -> ();
        postpone_upstream_key_intent(
            grant: &GrantId,
            failure: Option<&str>,
            retry: SystemTime,
            cause: &Cause,
        ) -> ();
    }
}

delegate! {
    AuditLog {
        audit(filter: &AuditFilter, most: u32) -> AuditPage;
    }
}

delegate! {
    AuditExport {
        export_to(sinks: &[Sink]) -> u64;
        waiting(sink: Sink, begun: SystemTime, most: u32) -> Vec<AuditRow>;
        received(sink: Sink, rows: &[AuditRow]) -> ();
        release_sink(sink: Sink, holder: &str) -> ();
        lease_sink(sink: Sink, holder: &str, now: SystemTime, until: SystemTime) -> bool;
    }
}

delegate! {
    Files {
        keep_answer(
            grant: &GrantId,
            parts: &[SealedPart],
            now: SystemTime,
            expires: SystemTime,
        ) -> bool;
        kept_part(part: Digest, grant: &GrantId, now: SystemTime) -> Option<Vec<u8>>;
        put_file_link(
            link: Digest,
            grant: &GrantId,
            sealed: &[u8],
            expires: SystemTime,
        ) -> bool;
        file_link(link: Digest, most: u32, now: SystemTime) -> Option<FileLink>;
        use_file_link(link: Digest, most: u32, now: SystemTime) -> bool;
        grant_in_force(grant: &GrantId, now: SystemTime) -> Option<Arc<AccessToken>>;
    }
}

delegate! {
    Uploads {
        put_upload(
            upload: Digest,
            grant: &GrantId,
            sealed: &[u8],
            now: SystemTime,
            expires: SystemTime,
        ) -> bool;
        waiting_upload(upload: Digest, now: SystemTime) -> Option<GrantId>;
        begin_upload(upload: Digest, bytes: u64, now: SystemTime) -> Begun;
        put_upload_chunk(upload: Digest, number: u32, sealed: &[u8]) -> bool;
        end_upload(upload: Digest, bytes: u64, expires: SystemTime) -> bool;
        take_upload(
            upload: Digest,
            grant: &GrantId,
            now: SystemTime,
            expires: SystemTime,
        ) -> Option<StoredUpload>;
        return_upload(upload: Digest) -> ();
        upload_chunk(upload: Digest, number: u32) -> Option<Vec<u8>>;
        remove_upload(upload: Digest) -> ();
    }
}

delegate! {
    QuotaUse {
        take_quota(workspace: &WorkspaceId, period: Period, request: QuotaRequest) -> u64;
        quota_taken(workspace: &WorkspaceId, period: Period) -> u64;
        give_back_quota(workspace: &WorkspaceId, period: Period, unused: u64) -> ();
    }
}

delegate! {
    Usage {
        usage(workspace: &WorkspaceId, since: SystemTime) -> Vec<UsageDay>;
    }
}
