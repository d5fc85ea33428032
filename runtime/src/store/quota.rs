//! How much of their quotas workspaces have used.

use async_trait::async_trait;

use super::Result;
use crate::model::{Period, QuotaRequest, WorkspaceId};

/// What servers took of the quotas of workspaces, in portions.
#[async_trait]
pub(crate) trait QuotaUse: Send + Sync {
    /// Takes a portion of the quota of a workspace in a period, which no other server gets. Returns
    /// how much it is ([`QuotaRequest::granted`]): at least what is needed now, or nothing.
    async fn take_quota(
        &self,
        workspace: &WorkspaceId,
        period: Period,
        request: QuotaRequest,
    ) -> Result<u64>;

    /// Returns how much servers took of the quota of a workspace in a period.
    async fn quota_taken(&self, workspace: &WorkspaceId, period: Period) -> Result<u64>;

    /// Returns what was taken and not used.
    async fn give_back_quota(
        &self,
        workspace: &WorkspaceId,
        period: Period,
        unused: u64,
    ) -> Result<()>;
}
