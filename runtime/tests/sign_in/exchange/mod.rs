//! Calls in a person's own name: the provider exchanges the token of their sign-in for one of the API.

mod api;
mod ends;
mod failures;
mod forms;
mod lifetimes;
mod people;

use std::sync::Arc;
use std::time::Duration;

use runtime::codegen::{
    Access, Catalog, Content, Operation, Property, RequestBody, Schema, SecurityKind,
    SecurityScheme,
};
use runtime::config::Config;
use serde_json::{Value, json};

use self::api::Api;
use crate::browser::Browser;
use crate::identity_provider::{IdentityProvider, to_portal};
use crate::oauth_client::{Client, Tokens};
use crate::support::{ORIGIN, TestServer};

static GET_PET: Operation = Operation {
    name: "get_pet",
    title: "Get a pet",
    description: "Returns one pet.",
    path: "/pets",
    // The first alternative is one that the server has a key for.
    security: &[&["api_key"], &["oauth"]],
    ..Operation::BASE
};

static GET_FILE: Operation = Operation {
    name: "get_file",
    title: "Get a file",
    description: "Returns a file.",
    path: "/file",
    security: &[&["oauth"]],
    ..Operation::BASE
};

static GET_STATUS: Operation = Operation {
    name: "get_status",
    title: "Get the status",
    description: "Returns the status, for which no credential is needed.",
    path: "/status",
    ..Operation::BASE
};

static CREATE_PET: Operation = Operation {
    name: "create_pet",
    title: "Create a pet",
    description: "Creates a pet.",
    method: "POST",
    path: "/pets",
    access: Access::Write,
    idempotent: false,
    security: &[&["oauth"]],
    request_body: Some(RequestBody {
        required: true,
        content: Content::Properties(&[Property::new("name")]),
        media_types: &["application/json"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

/// An API that people call in their own names.
static PETS: Catalog = Catalog {
    name: "pets",
    server_name: "pets",
    title: "Pets",
    version: "1.2.3",
    summary: "",
    logo: None,
    repeated: &[],
    description: "All about pets.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        SecurityScheme {
            name: "api_key",
            kind: SecurityKind::ApiKey {
                location: runtime::codegen::In::Header,
                name: "X-Api-Key",
            },
        },
        SecurityScheme {
            name: "oauth",
            kind: SecurityKind::Bearer,
        },
    ],
    operations: &[&[&GET_PET, &GET_FILE, &GET_STATUS, &CREATE_PET]],
};

/// The provider is asked about a person when that is needed only.
const IDENTITY: &str = r#"
sealing_keys = [{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }]
recheck_seconds = 86400

[[identity.groups]]
group = "engineering"
workspace = "home-eng"
"#;

/// The shared key that no call may carry in place of a token.
const SHARED_KEY: &str = "shared-key-of-the-operator";

/// How long an access token of the provider is good, and how long it is used.
const LASTS: u64 = 600;
const USED: Duration = Duration::from_secs(540);

/// A provider, a server before an API, and the settings of the exchange.
struct World {
    provider: IdentityProvider,
    server: TestServer,
    api: Arc<Api>,
    exchange: String,
}

/// Sets how tokens are exchanged, before an API.
fn configure(config: &mut Config, exchange: &str, api: &Api) {
    let text = format!("[upstream.exchange]\n{exchange}");
    let parsed = Config::parse(&text, "connector.toml".as_ref()).unwrap();
    config.upstream.exchange = parsed.upstream.exchange;
    config.upstream.url = Some(api.url.parse().unwrap());
    let key = toml::from_str(&format!("api_key = \"{SHARED_KEY}\"")).unwrap();
    config.upstream.credentials = key;
    config.upstream.retries.initial_delay_ms = 1;
    config.accounts.passwords = false;
    config.server.mock = false;
}

impl World {
    async fn start() -> World {
        World::with("form = \"token-exchange\"").await
    }

    async fn with(exchange: &str) -> World {
        World::with_identity(exchange, IDENTITY).await
    }

    async fn with_identity(exchange: &str, identity: &str) -> World {
        let provider = IdentityProvider::start().await;
        provider.script(|script| {
            script.issues_refresh_tokens = true;
            script.access_tokens_last = Some(LASTS);
            let groups = json!(["engineering"]);
            script.claims.insert("groups".to_owned(), groups);
        });
        let api = Api::start().await;
        let server = provider
            .server_of(&PETS, identity, |config| configure(config, exchange, &api))
            .await;
        World {
            provider,
            server,
            api,
            exchange: exchange.to_owned(),
        }
    }

    /// Another server on the same store, as behind a load balancer, or after a restart.
    async fn beside(&self) -> TestServer {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.path = self.server.database.clone();
        config.identity = Some(self.provider.settings(IDENTITY));
        configure(&mut config, &self.exchange, &self.api);
        self.server.beside_of(&PETS, config).await
    }

    /// A person who signed in and connected a client.
    async fn connected(&self, subject: &str) -> Connected<'_> {
        let email = format!("{subject}@example.com");
        self.provider.person(subject, &email);
        let mut browser = Browser::new(&self.server);
        to_portal(&self.provider, &mut browser).await;
        let mut client = Client::claude(&self.server).await;
        client.scope = "mcp:read mcp:write offline_access".to_owned();
        let tokens = client.connect(&mut browser, "full").await;
        Connected { browser, tokens }
    }

    /// The tokens that the API was called with since the last time that this was asked.
    fn heard(&self) -> Vec<String> {
        self.api.take()
    }
}

/// A person who signed in and connected a client.
struct Connected<'a> {
    browser: Browser<'a>,
    tokens: Tokens,
}

impl Connected<'_> {
    /// Calls a tool; returns the result of the call.
    async fn call(&self, server: &TestServer, tool: &str) -> Value {
        let arguments = match tool {
            "create_pet" => json!({"name": "Rex"}),
            _ => json!({}),
        };
        let answer = server.call(&self.tokens.access, tool, arguments).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["result"].clone()
    }

    /// Calls a tool that succeeds.
    async fn succeed(&self, server: &TestServer, tool: &str) {
        let result = self.call(server, tool).await;
        assert_ne!(result["isError"], true, "{result}");
    }

    /// Calls a tool that fails; returns its error.
    async fn fail(&self, server: &TestServer, tool: &str) -> Value {
        let result = self.call(server, tool).await;
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let error: Value = serde_json::from_str(text).unwrap();
        error["error"].clone()
    }
}
