//! The tables of a store, the same in each database.

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Text,
    Number,
    Bytes,
    Flag,
}

/// A table.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// Every column but the one that a row is numbered by.
    pub(in crate::store) columns: &'static [(&'static str, Kind)],
}

use Kind::{Bytes, Flag, Number, Text};

/// Every table, after those that it refers to. Parts of answers, links to files and uploads are not
/// copied: they end within minutes.
pub(in crate::store) const TABLES: &[Table] = &[
    Table {
        name: "people",
        columns: &[
            ("id", Text),
            ("email", Text),
            ("email_key", Text),
            ("name", Text),
            ("password_hash", Text),
            ("created", Number),
            ("disabled", Number),
        ],
    },
    Table {
        name: "workspaces",
        columns: &[
            ("id", Text),
            ("name", Text),
            ("upstream_id", Text),
            ("created", Number),
            ("suspended", Number),
            ("linked_before", Text),
        ],
    },
    Table {
        name: "memberships",
        columns: &[
            ("person", Text),
            ("workspace", Text),
            ("role", Text),
            ("created", Number),
        ],
    },
    Table {
        name: "quota_use",
        columns: &[
            ("workspace", Text),
            ("starts", Number),
            ("ends", Number),
            ("used", Number),
        ],
    },
    Table {
        name: "usage_days",
        columns: &[
            ("workspace", Text),
            ("day", Number),
            ("calls", Number),
            ("failed", Number),
            ("cost", Number),
        ],
    },
    Table {
        name: "setup_links",
        columns: &[("digest", Bytes), ("expires", Number)],
    },
    Table {
        name: "reset_links",
        columns: &[("digest", Bytes), ("person", Text), ("expires", Number)],
    },
    Table {
        name: "invitations",
        columns: &[
            ("id", Text),
            ("digest", Bytes),
            ("workspace", Text),
            ("role", Text),
            ("inviter", Text),
            ("created", Number),
            ("expires", Number),
        ],
    },
    Table {
        name: "sessions",
        columns: &[
            ("id", Text),
            ("digest", Bytes),
            ("person", Text),
            ("method", Text),
            ("browser", Text),
            ("created", Number),
            ("last_seen", Number),
            ("confirmed", Number),
            ("expires", Number),
            ("provider_session", Bytes),
        ],
    },
    Table {
        name: "logout_tokens",
        columns: &[("digest", Bytes), ("expires", Number)],
    },
    Table {
        name: "identities",
        columns: &[
            ("issuer", Text),
            ("subject", Text),
            ("person", Text),
            ("created", Number),
            ("sealed_with", Text),
            ("sealed", Bytes),
            ("due", Number),
            ("tried", Number),
            ("lease", Number),
            ("subject_with", Text),
            ("subject_sealed", Bytes),
            ("subject_until", Number),
        ],
    },
    Table {
        name: "assigned_memberships",
        columns: &[("person", Text), ("workspace", Text)],
    },
    Table {
        name: "provider_sign_ins",
        columns: &[
            ("state", Bytes),
            ("browser", Bytes),
            ("confirms", Text),
            ("expires", Number),
            ("source", Bytes),
        ],
    },
    Table {
        name: "devices",
        columns: &[
            ("digest", Bytes),
            ("person", Text),
            ("network", Bytes),
            ("last_used", Number),
        ],
    },
    Table {
        name: "clients",
        columns: &[
            ("id", Text),
            ("metadata", Text),
            ("registered", Number),
            ("last_used", Number),
            ("source", Bytes),
        ],
    },
    Table {
        name: "client_documents",
        columns: &[
            ("id", Text),
            ("metadata", Text),
            ("fetched", Number),
            ("fresh_until", Number),
            ("source", Bytes),
        ],
    },
    Table {
        name: "transactions",
        columns: &[
            ("handle", Bytes),
            ("browser", Bytes),
            ("request", Text),
            ("client_name", Text),
            ("refreshes", Flag),
            ("workspace", Text),
            ("expires", Number),
            ("source", Bytes),
            ("seen", Flag),
            ("person", Text),
        ],
    },
    Table {
        name: "grants",
        columns: &[
            ("id", Text),
            ("person", Text),
            ("workspace", Text),
            ("client_id", Text),
            ("client_name", Text),
            ("key_name", Text),
            ("label", Text),
            ("redirect_uri", Text),
            ("redirect_host", Text),
            ("resource", Text),
            ("scopes", Text),
            ("refreshes", Flag),
            ("code_challenge", Text),
            ("signed_in", Number),
            ("created", Number),
            ("exchanged", Number),
            ("last_used", Number),
            ("expires", Number),
            ("revoked", Number),
            ("reason", Text),
            ("issuer", Text),
        ],
    },
    Table {
        name: "agents",
        columns: &[
            ("client_id", Text),
            ("grant_id", Text),
            ("kind", Text),
            ("credential", Text),
        ],
    },
    Table {
        name: "used_assertions",
        columns: &[("digest", Bytes), ("expires", Number)],
    },
    Table {
        name: "identity_assertions",
        columns: &[
            ("id", Bytes),
            ("content", Bytes),
            ("client_id", Text),
            ("grant_id", Text),
            ("expires", Number),
        ],
    },
    Table {
        name: "codes",
        columns: &[
            ("digest", Bytes),
            ("grant_id", Text),
            ("expires", Number),
            ("redeemed", Number),
            ("nonce", Text),
        ],
    },
    Table {
        name: "access_tokens",
        columns: &[
            ("digest", Bytes),
            ("grant_id", Text),
            ("expires", Number),
            ("scopes", Text),
        ],
    },
    Table {
        name: "refresh_tokens",
        columns: &[
            ("digest", Bytes),
            ("grant_id", Text),
            ("expires", Number),
            ("rotated", Number),
            ("repeat_until", Number),
            ("salt", Bytes),
            ("access_expires", Number),
            ("access_scopes", Text),
        ],
    },
    Table {
        name: "upstream_keys",
        columns: &[
            ("grant_id", Text),
            ("workspace", Text),
            ("key_id", Text),
            ("sealed_with", Text),
            ("sealed", Bytes),
            ("attempts", Number),
            ("due", Number),
            ("failure", Text),
        ],
    },
    Table {
        name: "upstream_key_intents",
        columns: &[
            ("grant_id", Text),
            ("workspace", Text),
            ("key_name", Text),
            ("upstream_workspace", Text),
            ("access", Text),
            ("asked", Number),
            ("due", Number),
            ("attempts", Number),
            ("failure", Text),
        ],
    },
    Table {
        name: "audit",
        columns: &[
            ("at", Number),
            ("request_id", Text),
            ("action", Text),
            ("person", Text),
            ("client_id", Text),
            ("workspace", Text),
            ("grant_id", Text),
            ("subject", Text),
            ("outcome", Text),
            ("count", Number),
            ("last_at", Number),
            ("repeats", Bytes),
            ("keep", Number),
            ("call_id", Number),
            ("access", Text),
            ("elapsed_ms", Number),
            ("cost", Number),
            ("pending_export", Number),
            ("pending_metering", Number),
        ],
    },
    Table {
        name: "export_leases",
        columns: &[("sink", Text), ("holder", Text), ("until", Number)],
    },
];
