//! The paths that messages of MCP are sent to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};

use super::rate_headers;
use crate::limit::CallRates;
use crate::mcp::{self, Endpoint, View};
use crate::model::AccessContext;
use crate::oauth::{Authority, BearerError, Resource, Resources};
use crate::operation::Access;
use crate::tool::UnknownTag;

/// The paths that messages are sent to. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct MessageRoutes(Arc<Inner>);

struct Inner {
    resources: Arc<Resources>,
    endpoint: Endpoint,
    /// What checks who calls, where people sign in.
    guard: Option<(Arc<Authority>, Arc<CallRates>)>,
    /// The routes without a toolset, by their paths.
    listed: HashMap<String, MessageRoute>,
}

/// One path that messages are sent to.
#[derive(Clone)]
pub(super) struct MessageRoute {
    /// Its path, with placeholders for what clients write into it.
    name: Arc<str>,
    endpoint: Endpoint,
    /// The most that a caller may do who does not sign in.
    access: Access,
    /// What checks who calls, and for which resource, where people sign in.
    protection: Option<Protection>,
}

#[derive(Clone)]
struct Protection {
    authority: Arc<Authority>,
    resource: Resource,
    rates: Arc<CallRates>,
}

impl MessageRoutes {
    /// The routes of a server without sign-in.
    pub(super) fn open(resources: Arc<Resources>, endpoint: Endpoint) -> MessageRoutes {
        MessageRoutes::new(resources, endpoint, None)
    }

    /// The routes of a server with sign-in: one for each resource that `authority` protects.
    pub(super) fn protected(
        authority: &Arc<Authority>,
        endpoint: Endpoint,
        rates: &Arc<CallRates>,
    ) -> MessageRoutes {
        let guard = (Arc::clone(authority), Arc::clone(rates));
        MessageRoutes::new(Arc::clone(authority.resources()), endpoint, Some(guard))
    }

    fn new(
        resources: Arc<Resources>,
        endpoint: Endpoint,
        guard: Option<(Arc<Authority>, Arc<CallRates>)>,
    ) -> MessageRoutes {
        let mut inner = Inner {
            resources,
            endpoint,
            guard,
            listed: HashMap::new(),
        };
        let listed = inner.resources.listed().iter();
        let routes = listed.map(|it| (it.path.clone(), inner.route(it.clone())));
        inner.listed = routes.collect();
        MessageRoutes(Arc::new(inner))
    }

    /// Returns the route of a path.
    ///
    /// # Errors
    /// Where the path selects tools by a tag that none has.
    pub(super) fn find(&self, path: &str) -> Result<Option<Cow<'_, MessageRoute>>, UnknownTag> {
        if let Some(route) = self.0.listed.get(path) {
            return Ok(Some(Cow::Borrowed(route)));
        }
        let resource = self.0.resources.at(path)?;
        Ok(resource.map(|resource| Cow::Owned(self.0.route(resource))))
    }

    /// Answers a request for one of the paths.
    pub(super) async fn answer(&self, request: Request) -> Response {
        match self.find(request.uri().path()) {
            Ok(Some(route)) => route.answer(request).await,
            Ok(None) => mcp::plain_error(StatusCode::NOT_FOUND, "there is nothing here"),
            Err(unknown) => mcp::plain_error(StatusCode::NOT_FOUND, &unknown.to_string()),
        }
    }
}

impl Inner {
    fn route(&self, resource: Resource) -> MessageRoute {
        let view = View {
            listing: resource.listing,
            connection: resource.connection.clone(),
            toolset: resource.toolset.clone(),
        };
        MessageRoute {
            name: Arc::clone(&resource.route),
            endpoint: self.endpoint.of(view),
            access: resource.access,
            protection: self.guard.as_ref().map(|(authority, rates)| Protection {
                authority: Arc::clone(authority),
                rates: Arc::clone(rates),
                resource,
            }),
        }
    }
}

impl MessageRoute {
    /// Returns its path, with placeholders for what clients write into it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let Some(protection) = &self.protection else {
            return self.endpoint.answer_anybody(request, self.access).await;
        };
        let answer = protection.answer(&self.endpoint, request).await;
        let mut answer = answer.unwrap_or_else(|refusal| *refusal);
        // What one key may see, another may not.
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

impl Protection {
    /// Answers a message whose token allows it.
    ///
    /// # Errors
    /// The answer to a request that is refused.
    async fn answer(
        &self,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<Response, Box<Response>> {
        let admitted = self.authority.admit(&self.resource, request).await;
        let request = admitted.map_err(|error| refused(*error))?;
        let caller = request.extensions().get::<AccessContext>();
        let grant = caller.and_then(|caller| caller.grant.clone());
        let answer = self.answer_admitted(endpoint, request).await;
        let mut answer = answer.unwrap_or_else(|refusal| *refusal);
        if let Some(grant) = grant {
            rate_headers::add(&self.rates, &grant.workspace, answer.headers_mut());
        }
        Ok(answer)
    }

    /// Answers a message of a caller whose token is good.
    ///
    /// # Errors
    /// The answer to a request that is refused.
    async fn answer_admitted(
        &self,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<Response, Box<Response>> {
        let Protection {
            authority,
            resource,
            ..
        } = self;
        let posted = endpoint.read(request).await?;
        let checked = authority.check_call(resource, posted.parts(), || endpoint.called(&posted));
        checked.map_err(|error| refused(*error))?;
        Ok(endpoint.answer(posted).await)
    }
}

/// The answer to a request that is refused.
fn refused(error: BearerError) -> Box<Response> {
    let mut response = mcp::plain_error(error.status, &error.message);
    response.headers_mut().extend(error.headers);
    Box::new(response)
}
