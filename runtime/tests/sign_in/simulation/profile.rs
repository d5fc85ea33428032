//! The clients of the simulation: what they publish or register, word for word where that is known,
//! and when and how they refresh.
//!
//! Documents and registrations are as their authors published them, or as servers recorded them, in
//! 2026. Of the habits, those of mcp-remote and the Inspector are in their sources; Claude's are
//! documented; the others are variants of these.

use serde_json::Value;

/// How a client introduces itself.
pub(super) enum Registration {
    /// By the URL of a document (Client ID Metadata Document).
    Document(&'static str),
    /// By a registration (RFC 7591).
    Dynamic(&'static str),
}

impl Registration {
    pub(super) fn json(&self) -> Value {
        let (Registration::Document(text) | Registration::Dynamic(text)) = self;
        serde_json::from_str(text).unwrap()
    }
}

/// When and how a client refreshes.
pub(super) struct Habits {
    /// Minutes between two uses.
    pub(super) every: u64,
    /// Days on which it is not used.
    pub(super) pause: std::ops::Range<u64>,
    /// How many minutes before the end of the access token it refreshes; otherwise it does when a
    /// call is refused.
    pub(super) ahead: Option<u64>,
    /// How many of its processes refresh at once.
    pub(super) together: usize,
    /// One of so many refreshes is sent again, since its answer was lost.
    pub(super) loses_one_of: Option<usize>,
    /// The server starts again before a lost refresh is sent again.
    pub(super) loses_it_by_a_restart: bool,
    /// A process that was not there sends the former refresh token seconds later.
    pub(super) has_latecomer: bool,
    /// A refresh names the resource.
    pub(super) names_resource: bool,
    /// A refresh repeats the scopes of the authorization request.
    pub(super) repeats_scope: bool,
}

const HABITS: Habits = Habits {
    every: 7 * 60,
    pause: 0..0,
    ahead: None,
    together: 1,
    loses_one_of: None,
    loses_it_by_a_restart: false,
    has_latecomer: false,
    names_resource: true,
    repeats_scope: false,
};

/// A client.
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) registration: Registration,
    /// Where it is answered, which may be another port than the one that it registered.
    pub(super) redirect_uri: &'static str,
    pub(super) scope: &'static str,
    pub(super) level: &'static str,
    pub(super) habits: Habits,
}

const CLAUDE: &str = r#"{
    "client_id": "https://claude.ai/oauth/mcp-oauth-client-metadata",
    "client_name": "Claude",
    "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none"
}"#;

const CLAUDE_CODE: &str = r#"{
    "client_id": "https://claude.ai/oauth/claude-code-client-metadata",
    "client_name": "Claude Code",
    "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none"
}"#;

const CHATGPT: &str = r#"{
    "client_id": "https://chatgpt.com/oauth/client.json",
    "client_uri": "https://chatgpt.com/",
    "redirect_uris": ["https://chatgpt.com/connector_platform_oauth_redirect"],
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "client_name": "ChatGPT",
    "logo_uri": "https://persistent.oaistatic.com/sonic/misc/openai-logo.png",
    "token_endpoint_auth_signing_alg": "RS256",
    "jwks_uri": "https://chatgpt.com/oauth/jwks.json"
}"#;

const CURSOR: &str = r#"{
    "client_name": "Cursor",
    "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "web"
}"#;

const VS_CODE: &str = r#"{
    "client_id": "https://vscode.dev/oauth/client-metadata.json",
    "client_name": "Visual Studio Code",
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "response_types": ["code"],
    "redirect_uris": ["https://vscode.dev/redirect", "https://insiders.vscode.dev/redirect",
        "http://127.0.0.1:33418/", "http://localhost/"],
    "token_endpoint_auth_method": "none"
}"#;

const COPILOT: &str = r#"{
    "client_name": "GitHub Copilot CLI",
    "redirect_uris": ["http://127.0.0.1:41777/"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "native"
}"#;

const INSPECTOR: &str = r#"{
    "redirect_uris": ["http://localhost:6274/oauth/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "client_name": "MCP Inspector",
    "client_uri": "https://github.com/modelcontextprotocol/inspector",
    "scope": "",
    "application_type": "native"
}"#;

const MCP_REMOTE: &str = r#"{
    "redirect_uris": ["http://localhost:3334/oauth/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "client_name": "MCP CLI Proxy",
    "client_uri": "https://github.com/geelen/mcp-remote",
    "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
    "software_version": "0.15.0",
    "application_type": "native"
}"#;

/// All of them.
pub(super) static PROFILES: [Profile; 9] = [
    // Several machines of its publisher serve one person.
    Profile {
        name: "Claude web",
        registration: Registration::Document(CLAUDE),
        redirect_uri: "https://claude.ai/api/mcp/auth_callback",
        scope: "mcp:read mcp:write offline_access",
        level: "full",
        habits: Habits {
            ahead: Some(5),
            together: 3,
            ..HABITS
        },
    },
    // The same client as Claude on the web, and a connection of its own.
    Profile {
        name: "Claude Desktop",
        registration: Registration::Document(CLAUDE),
        redirect_uri: "https://claude.ai/api/mcp/auth_callback",
        scope: "mcp:read offline_access",
        level: "read-only",
        habits: Habits {
            every: 11 * 60,
            loses_one_of: Some(3),
            ..HABITS
        },
    },
    // In several terminals, one of which has the former token in memory.
    Profile {
        name: "Claude Code",
        registration: Registration::Document(CLAUDE_CODE),
        redirect_uri: "http://localhost:3118/callback",
        scope: "mcp:read mcp:write offline_access",
        level: "full",
        habits: Habits {
            every: 5 * 60,
            together: 2,
            has_latecomer: true,
            ..HABITS
        },
    },
    Profile {
        name: "ChatGPT",
        registration: Registration::Document(CHATGPT),
        redirect_uri: "https://chatgpt.com/connector_platform_oauth_redirect",
        scope: "mcp:read mcp:write openid profile email offline_access",
        level: "full",
        habits: Habits {
            every: 13 * 60,
            repeats_scope: true,
            ..HABITS
        },
    },
    // It asks for the scopes of the resource, without offline_access.
    Profile {
        name: "Cursor",
        registration: Registration::Dynamic(CURSOR),
        redirect_uri: "https://www.cursor.com/agents/mcp/oauth/callback",
        scope: "mcp:read mcp:write",
        level: "full",
        habits: Habits {
            every: 6 * 60,
            together: 4,
            ..HABITS
        },
    },
    Profile {
        name: "VS Code",
        registration: Registration::Document(VS_CODE),
        redirect_uri: "http://127.0.0.1:51234/",
        scope: "mcp:read mcp:write",
        level: "full",
        habits: Habits {
            every: 9 * 60,
            has_latecomer: true,
            repeats_scope: true,
            ..HABITS
        },
    },
    Profile {
        name: "Copilot",
        registration: Registration::Dynamic(COPILOT),
        redirect_uri: "http://127.0.0.1:52888/",
        scope: "mcp:read",
        level: "read-only",
        habits: Habits {
            every: 26 * 60,
            names_resource: false,
            loses_one_of: Some(5),
            loses_it_by_a_restart: true,
            ..HABITS
        },
    },
    // Used by a developer, and then not for weeks.
    Profile {
        name: "MCP Inspector",
        registration: Registration::Dynamic(INSPECTOR),
        redirect_uri: "http://localhost:6274/oauth/callback",
        scope: "mcp:read mcp:write",
        level: "full",
        habits: Habits {
            every: 8 * 60,
            pause: 15..60,
            ..HABITS
        },
    },
    Profile {
        name: "mcp-remote",
        registration: Registration::Dynamic(MCP_REMOTE),
        redirect_uri: "http://localhost:3334/oauth/callback",
        scope: "mcp:read mcp:write offline_access",
        level: "full",
        habits: Habits {
            every: 4 * 60,
            ahead: Some(5),
            loses_one_of: Some(4),
            ..HABITS
        },
    },
];
