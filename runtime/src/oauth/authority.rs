//! The state that the endpoints share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use url::Url;

use super::agents::state::Agents;
use super::budgets::Budgets;
use super::enterprise::state::Enterprise;
use super::fetches::Fetches;
use super::key::KeyFormat;
use super::known_clients::KnownClients;
use super::openid::OpenId;
use super::resource::{Resource, Resources};
use crate::account::Accounts;
use crate::audit::Calls;
use crate::config::{OAuthSettings, SiteSettings};
use crate::credential::Mint;
use crate::http::{Fetch, is_loopback};
use crate::model::{ClientId, ClientMetadata, Scope, Scopes};
use crate::operation::Access;
use crate::page::Tools;
use crate::store::Services;
use crate::tool::Tool;

/// How many keys it is noted of at the same time that they are used.
const NOTING: usize = 16;

/// What is granted for how long.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// `None`: until revoked.
    pub(super) access_lifetime: Option<Duration>,
    pub(super) refresh_lifetime: Duration,
    pub(super) refresh_overlap: Duration,
    pub(super) registration: bool,
    pub(super) registered_clients: u64,
    pub(super) client_metadata_documents: bool,
}

/// What the endpoints share.
pub(crate) struct Authority {
    pub(super) accounts: Arc<Accounts>,
    pub(super) services: Services,
    pub(super) issuer: String,
    pub(super) resources: Arc<Resources>,
    pub(super) policy: Policy,
    pub(super) keys: KeyFormat,
    pub(super) clients: BTreeMap<ClientId, ClientMetadata>,
    pub(super) name: String,
    /// URLs of the terms of service and of the privacy policy.
    pub(super) terms_url: Option<Url>,
    pub(super) privacy_url: Option<Url>,
    pub(super) tools: Vec<Tool>,
    /// The most that this server allows to anybody, as far as it has tools for it.
    pub(super) access: Access,
    pub(super) budgets: Budgets,
    pub(super) fetches: Fetches,
    pub(super) fetch: Arc<dyn Fetch>,
    /// The public keys of what is signed here.
    pub(super) public_keys: Vec<serde_json::Value>,
    pub(super) openid: Option<Arc<OpenId>>,
    pub(super) agents: Option<Arc<Agents>>,
    pub(super) enterprise: Option<Enterprise>,
    pub(super) mint: Option<Arc<Mint>>,
    pub(super) calls: Calls,
    /// For noting that a key was used.
    pub(super) noting: Arc<Semaphore>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// What an [`Authority`] is made of.
pub(crate) struct Parts<'a> {
    pub(crate) settings: &'a OAuthSettings,
    /// The clients that are known beforehand.
    pub(crate) clients: KnownClients,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) resources: Arc<Resources>,
    /// The name under which people know the connector.
    pub(crate) name: String,
    /// The operator's links.
    pub(crate) site: &'a SiteSettings,
    /// The tools that are served.
    pub(crate) tools: Vec<Tool>,
    pub(crate) access: Access,
    pub(crate) fetch: Arc<dyn Fetch>,
    /// The public keys of what else is signed here.
    pub(crate) public_keys: Vec<serde_json::Value>,
    /// What signs ID tokens, where clients may learn who signed in.
    pub(crate) openid: Option<Arc<OpenId>>,
    /// What agents sign in by, where they can.
    pub(crate) agents: Option<Arc<Agents>>,
    /// The clients that connect by assertions of an identity provider, where they can.
    pub(crate) enterprise: Option<Enterprise>,
    /// What makes keys at the API, where grants have one.
    pub(crate) mint: Option<Arc<Mint>>,
    /// Where calls are recorded that are refused.
    pub(crate) calls: Calls,
}

impl Authority {
    /// Makes the server that the settings describe.
    pub(crate) fn new(parts: Parts<'_>) -> Authority {
        let settings = parts.settings;
        let issuer = parts.accounts.origin.to_string();
        let environment = match is_loopback(&issuer) {
            true => "test",
            false => "live",
        };
        let mut public_keys = parts.public_keys;
        public_keys.extend(parts.openid.iter().map(|it| it.public_key()));
        public_keys.extend(parts.agents.iter().map(|it| it.public_key()));
        let needed = parts.tools.iter().map(Tool::access).max();
        Authority {
            issuer,
            services: parts.accounts.services.clone(),
            accounts: parts.accounts,
            resources: parts.resources,
            policy: Policy {
                access_lifetime: (!settings.until_revoked)
                    .then_some(Duration::from_secs(settings.access_token_seconds)),
                refresh_lifetime: Duration::from_secs(settings.refresh_token_seconds),
                refresh_overlap: Duration::from_secs(settings.refresh_overlap_seconds),
                registration: settings.registration,
                registered_clients: settings.registered_clients,
                client_metadata_documents: settings.client_metadata_documents,
            },
            keys: KeyFormat::new(&settings.key_prefix, environment),
            clients: parts.clients.0,
            name: parts.name,
            terms_url: parts.site.terms_url.clone(),
            privacy_url: parts.site.privacy_url.clone(),
            access: parts.access.min(needed.unwrap_or(Access::Read)),
            tools: parts.tools,
            budgets: Budgets::default(),
            fetches: Fetches::default(),
            fetch: parts.fetch,
            public_keys,
            openid: parts.openid,
            agents: parts.agents,
            enterprise: parts.enterprise,
            mint: parts.mint,
            calls: parts.calls,
            noting: Arc::new(Semaphore::new(NOTING)),
        }
    }

    /// The resources that are protected.
    pub(crate) fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }

    /// The URL of the token endpoint.
    pub(super) fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.issuer)
    }

    /// The host of the issuer, with its port where that is not the usual one.
    pub(super) fn domain(&self) -> String {
        let authority = self
            .issuer
            .split_once("://")
            .map(|(_, authority)| authority);
        authority.unwrap_or(&self.issuer).to_owned()
    }

    /// The scopes that clients may ask for.
    pub(super) fn offered_scopes(&self) -> Scopes {
        let all = Scopes::from_iter(Scope::ALL);
        match self.openid {
            Some(_) => all,
            None => all.without_openid(),
        }
    }

    /// The most that can be granted for a resource.
    pub(super) fn highest(&self, resource: &Resource) -> Access {
        resource.access.min(self.access)
    }

    /// The tools of a resource that need at most this access.
    pub(super) fn tools(&self, resource: &Resource, access: Access) -> Tools {
        let toolset = resource.toolset.as_ref();
        let tools = self.tools.iter().filter(|tool| tool.access() <= access);
        Tools::new(tools.filter(|tool| toolset.is_none_or(|it| it.contains(tool))))
    }
}
