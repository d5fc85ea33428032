//! `rmcp` with its feature `auth`.

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationManager, AuthorizationRequest, CredentialStore,
    InMemoryCredentialStore, OAuthState,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;
use tests::harness::signed_in::SignedIn;

use crate::story::{self, Client};

const REDIRECT_URI: &str = "http://127.0.0.1:33420/callback";

/// A program that keeps its credentials between sessions.
struct Rmcp<'a> {
    world: &'a SignedIn,
    credentials: InMemoryCredentialStore,
}

impl Rmcp<'_> {
    async fn sign_in(&self) -> anyhow::Result<()> {
        let mut state = OAuthState::new(self.world.server.url().as_str(), None).await?;
        if let OAuthState::Unauthorized(manager) = &mut state {
            manager.set_credential_store(self.credentials.clone());
        }
        let request = AuthorizationRequest::new(REDIRECT_URI).with_client_name("rmcp");
        state.start_authorization(request).await?;
        let address = state.get_authorization_url().await?;
        let response = self.world.person.authorize(&address).await?;
        state.handle_callback_url(response.as_str()).await?;
        Ok(())
    }

    async fn session(&self, call: &CallToolRequestParams) -> anyhow::Result<Value> {
        let url = self.world.server.url().as_str();
        let mut manager = AuthorizationManager::new(url).await?;
        manager.set_credential_store(self.credentials.clone());
        manager.initialize_from_store().await?;
        let client = AuthClient::new(reqwest::Client::new(), manager);
        let config = StreamableHttpClientTransportConfig::with_uri(url);
        let transport = StreamableHttpClientTransport::with_client(client, config);
        let session = ().serve(transport).await?;
        let result = session.call_tool(call.clone()).await?;
        session.cancel().await?;
        Ok(serde_json::to_value(result)?)
    }
}

impl Client for Rmcp<'_> {
    async fn call(&mut self, call: &Value, _elapsed: u64) -> Result<Value, String> {
        let call: CallToolRequestParams = serde_json::from_value(call.clone()).unwrap();
        match self.session(&call).await {
            Ok(result) => Ok(result),
            Err(error) if format!("{error:#}").to_lowercase().contains("auth") => {
                self.credentials.clear().await.unwrap();
                self.sign_in().await.map_err(|error| format!("{error:#}"))?;
                let outcome = self.session(&call).await;
                outcome.map_err(|error| format!("{error:#}"))
            }
            Err(error) => Err(format!("{error:#}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rmcp_signs_in() {
    let world = SignedIn::start().await.unwrap();
    let (world, credentials) = (&world, InMemoryCredentialStore::default());
    story::is_lived(world, &mut Rmcp { world, credentials }).await;
}
