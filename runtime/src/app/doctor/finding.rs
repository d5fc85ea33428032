//! What is examined of a deployment, and what is found.

use std::fmt;
use std::time::Duration;

use crate::http::Limits;

/// How long a server that is examined has for its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The limits of a request that examines something.
pub(super) const LIMITS: Limits = Limits {
    total: PATIENCE,
    connect: Duration::from_secs(5),
    body: 256 * 1024,
    stream: Duration::from_secs(2),
    may_be_endless: |_| false,
};

/// What was examined, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was examined.
    pub subject: Subject,
    /// What was found.
    pub verdict: Verdict,
}

/// A part of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The configuration file, with the secrets that it names.
    Configuration,
    /// The URL that people paste: its name, its port, its scheme.
    PublicUrl,
    /// The TLS certificate of that URL.
    Certificate,
    /// What the proxy before the server makes of `Host`.
    Host,
    /// The challenge to a client without a token (RFC 9728 §5.1).
    Challenge,
    /// What the proxy before the server makes of `Authorization`.
    Authorization,
    /// The metadata of the MCP endpoint (RFC 9728).
    ResourceMetadata,
    /// The metadata of the authorization server (RFC 8414).
    ServerMetadata,
    /// The database.
    Store,
    /// The endpoints and keys of the identity provider.
    IdentityProvider,
    /// The callback URL that the identity provider knows.
    Callback,
    /// The API.
    Api,
    /// The credentials of this server at the API.
    ApiCredentials,
    /// The clock of this machine.
    Clock,
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Subject::Configuration => "configuration",
            Subject::PublicUrl => "public URL",
            Subject::Certificate => "certificate",
            Subject::Host => "Host",
            Subject::Challenge => "challenge",
            Subject::Authorization => "Authorization",
            Subject::ResourceMetadata => "resource metadata",
            Subject::ServerMetadata => "server metadata",
            Subject::Store => "store",
            Subject::IdentityProvider => "identity provider",
            Subject::Callback => "callback",
            Subject::Api => "API",
            Subject::ApiCredentials => "API credentials",
            Subject::Clock => "clock",
        })
    }
}

/// What was found about a part of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Sound(String),
    /// It does not.
    Faulty {
        /// What is wrong.
        fault: String,
        /// What makes it right.
        remedy: String,
    },
    /// It could not be examined, for this reason.
    Skipped(String),
}

impl Finding {
    /// Whether something is wrong.
    pub fn is_faulty(&self) -> bool {
        matches!(self.verdict, Verdict::Faulty { .. })
    }

    pub(super) fn sound(subject: Subject, text: impl Into<String>) -> Finding {
        Finding {
            subject,
            verdict: Verdict::Sound(text.into()),
        }
    }

    pub(super) fn faulty(
        subject: Subject,
        fault: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            subject,
            verdict: Verdict::Faulty {
                fault: fault.into(),
                remedy: remedy.into(),
            },
        }
    }

    pub(super) fn skipped(subject: Subject, reason: impl Into<String>) -> Finding {
        Finding {
            subject,
            verdict: Verdict::Skipped(reason.into()),
        }
    }
}
