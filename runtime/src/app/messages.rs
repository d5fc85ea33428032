//! The paths that messages of MCP are sent to.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use http::header::CACHE_CONTROL;

use super::rate_headers;
use crate::limit::CallRates;
use crate::mcp::{self, Endpoint};
use crate::model::AccessContext;
use crate::oauth::{self, Authority, BearerError, Resource};

/// One path that messages are sent to.
#[derive(Clone)]
pub(super) struct MessageRoute {
    pub(super) path: String,
    endpoint: Endpoint,
    /// What checks who calls, and for which resource, where people sign in.
    protection: Option<Protection>,
}

#[derive(Clone)]
struct Protection {
    authority: Arc<Authority>,
    resource: Resource,
    rates: Arc<CallRates>,
}

impl MessageRoute {
    /// The routes of a server without sign-in.
    pub(super) fn open(path: &str, endpoint: &Endpoint) -> Vec<MessageRoute> {
        let base = path.trim_end_matches('/');
        let lists = oauth::LISTINGS.into_iter();
        let lists = lists.map(|(suffix, listing)| (format!("{base}{suffix}"), Some(listing)));
        let all = [(path.to_owned(), None)].into_iter().chain(lists);
        let routes = all.flat_map(|(path, listing)| {
            let endpoint = endpoint.listing(listing);
            let spellings = [oauth::other_spelling(&path), Some(path)];
            let spellings = spellings.into_iter().flatten();
            spellings.map(move |path| MessageRoute {
                path,
                endpoint: endpoint.clone(),
                protection: None,
            })
        });
        routes.collect()
    }

    /// The routes of a server with sign-in: one for each resource that `authority` protects.
    pub(super) fn protected(
        authority: &Arc<Authority>,
        endpoint: &Endpoint,
        rates: &Arc<CallRates>,
    ) -> Vec<MessageRoute> {
        let route = |resource: Resource| MessageRoute {
            path: resource.path.clone(),
            endpoint: endpoint.listing(resource.listing),
            protection: Some(Protection {
                authority: Arc::clone(authority),
                resource,
                rates: Arc::clone(rates),
            }),
        };
        authority.resources().spellings().map(route).collect()
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let Some(protection) = &self.protection else {
            return self.endpoint.answer_anybody(request).await;
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
