//! The rules, and the exceptions to them.

/// What every module of the runtime may import.
pub(crate) const BASE: &[&str] = &[
    "address",
    "capacity",
    "clock",
    "color",
    "form",
    "json",
    "jwt",
    "log",
    "media_type",
    "metrics",
    "model",
    "nearest",
    "offload",
    "operation",
    "random",
    "request_body",
    "request_id",
    "seal",
    "secret",
    "template",
    "text",
    "token",
    "tool",
    "trace",
    "wallet",
];

/// Each module of the runtime and what it may import beside [`BASE`].
pub(crate) const MODULES: &[(&str, &[&str])] = &[
    ("codegen", &["command", "call", "upstream"]),
    (
        "command",
        &[
            "app", "mcp", "call", "account", "audit", "search", "store", "http", "config",
        ],
    ),
    (
        "app",
        &[
            "mcp",
            "oauth",
            "portal",
            "account",
            "call",
            "upstream",
            "credential",
            "limit",
            "audit",
            "page",
            "store",
            "http",
            "config",
        ],
    ),
    ("mcp", &["call", "search"]),
    (
        "call",
        &[
            "upstream",
            "credential",
            "limit",
            "audit",
            "store",
            "http",
            "typed",
        ],
    ),
    (
        "oauth",
        &[
            "account",
            "credential",
            "limit",
            "page",
            "store",
            "http",
            "audit",
            "config",
        ],
    ),
    (
        "portal",
        &["oauth", "account", "limit", "page", "store", "audit"],
    ),
    (
        "account",
        &["limit", "page", "store", "http", "audit", "config"],
    ),
    ("upstream", &["credential", "limit", "http", "config"]),
    ("credential", &["store", "http", "audit", "config"]),
    ("limit", &["credential", "store", "http"]),
    ("search", &[]),
    ("audit", &["store", "http"]),
];

/// Imports that the table does not allow.
pub(crate) const IMPORTS: &[(&str, &str)] = &[];

/// Libraries that only some modules may name.
pub(crate) const LIBRARIES: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp"]),
    ("jsonschema", &["call"]),
    ("snowball_stemmers_rs", &["search"]),
    ("jsonwebtoken", &["jwt"]),
    ("k256", &["wallet"]),
    ("sha3", &["wallet"]),
    ("reqwest", &["http"]),
    ("rustls", &["app"]),
    ("h2", &["http"]),
    ("schemars", &["call", "codegen"]),
    ("sqlx", &["store"]),
    ("prometheus_client", &["metrics"]),
    (
        "axum",
        &["app", "mcp", "oauth", "account", "portal", "page"],
    ),
    ("clap", &["command"]),
];

/// Uses of libraries that the table does not allow.
pub(crate) const LIBRARY_USES: &[(&str, &str)] = &[(
    "axum in request_body",
    "bodies of requests are read in one place",
)];

/// Modules that import each other.
pub(crate) const MODULE_CYCLES: &[(&str, &str)] = &[];

/// Modules in which more files import each other in a circle.
pub(crate) const FILE_CYCLES: &[(&str, &str)] = &[];

/// Files and functions that are longer.
pub(crate) const LENGTHS: &[(&str, &str)] = &[
    (
        "generator/src/openapi/yaml.rs: take",
        "one match over the events of a parser",
    ),
    (
        "runtime/src/oauth/authorize.rs: authorize",
        "the checks of a request, in order",
    ),
    (
        "runtime/src/page/gallery/consent.rs: samples",
        "made-up content",
    ),
    ("runtime/src/portal/tests.rs", "tests"),
    (
        "runtime/src/upstream/request/style.rs",
        "every style of a parameter, with its tests",
    ),
];
