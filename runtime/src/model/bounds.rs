//! How much is kept, and for how long, whatever the store is. Where there is more, the oldest goes.

use std::time::Duration;

/// The most authorization requests of one person that wait for an answer.
pub(crate) const REQUESTS_OF_PERSON: u32 = 20;
/// The most sessions of one person, and the most browsers in which one person is recognised.
pub(crate) const BROWSERS_OF_PERSON: u32 = 50;
/// The most invitations of one person that wait to be used.
pub(crate) const INVITATIONS_OF_PERSON: u32 = 50;
/// The most agents of one person in one workspace that have not been revoked.
pub(crate) const AGENTS_OF_PERSON: u32 = 50;
/// The most access tokens and the most refresh tokens of one grant. The reuse of a refresh token is
/// noticed as long as it is kept.
pub(crate) const TOKENS_OF_GRANT: u32 = 100;
/// The most bytes of the parts of answers that are kept for one grant.
pub(crate) const KEPT_BYTES_OF_GRANT: u64 = 16 * 1024 * 1024;
/// The most bytes of the parts of answers that are kept for all grants together.
pub(crate) const KEPT_BYTES: u64 = 512 * 1024 * 1024;
/// The most links to files of one grant.
pub(crate) const FILE_LINKS_OF_GRANT: u32 = 100;
/// The most uploads of one grant that wait, are received, or wait for their call.
pub(crate) const UPLOADS_OF_GRANT: u32 = 3;
/// The most bytes of the uploads of one workspace.
pub(crate) const UPLOADED_BYTES_OF_WORKSPACE: u64 = 1_000_000_000;
/// The most bytes of all uploads.
pub(crate) const UPLOADED_BYTES: u64 = 4_000_000_000;

/// The most access tokens of one agent that are valid. Its client has no other one to go on with, so that
/// none is forgotten: further sign-ins are refused.
pub(crate) const TOKENS_OF_AGENT: u32 = 1000;

/// How long after the last assertion a grant of assertions ends. Until then the next assertion
/// continues it.
pub(crate) const ASSERTED_GRANT: Duration = Duration::from_hours(7 * 24);

/// How long a browser is recognised after a person signed in with it.
pub(crate) const BROWSER_RECOGNISED: Duration = Duration::from_hours(365 * 24);
/// How long a client or its document is kept that no grant is used through.
pub(crate) const UNUSED_CLIENT: Duration = Duration::from_hours(90 * 24);
/// How long an expired code or access token is kept, so that its reuse is noticed.
pub(crate) const EXPIRED_TOKEN: Duration = Duration::from_hours(24);
/// How long it is kept how much of a quota was used, after its period.
pub(crate) const QUOTA_USED: Duration = Duration::from_hours(400 * 24);
/// How long it is kept how many calls a workspace made on a day.
pub(crate) const USAGE: Duration = Duration::from_hours(400 * 24);
/// How long after a session was noted as used it is noted again.
pub(crate) const SESSION_NOTED: Duration = Duration::from_mins(1);
