//! A request that may be fulfilled: known, allowed, and fit for the description.

use axum::extract::{FromRequest, MatchedPath, RawPathParams, Request};
use http::Method;
use serde_json::{Map, Value};

use super::body::{self, Body};
use super::keys::{Caller, Level};
use super::openapi;
use super::parameters;
use super::problem::{Part, Problem};
use super::{Api, BASE_PATH};

/// What a handler gets to see of a request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) path: String,
    /// The workspace of the key; none for the operator.
    workspace: Option<String>,
    parameters: Map<String, Value>,
    pub(super) body: Body,
}

impl Call {
    /// The workspace that the call acts for.
    pub(super) fn workspace(&self) -> Result<&str, Problem> {
        self.workspace
            .as_deref()
            .ok_or_else(|| Problem::internal("a call without a workspace"))
    }

    /// The workspace that the call is confined to; none for the operator.
    pub(super) fn confined_to(&self) -> Option<&str> {
        self.workspace.as_deref()
    }

    /// A parameter, or its default.
    pub(super) fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }

    /// A parameter that is a text; empty if it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.parameter(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A parameter that is a list of texts, if it is given.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        let items = self.parameter(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).collect())
    }

    /// The JSON body, or null.
    pub(super) fn json(&self) -> &Value {
        self.body.json.as_ref().unwrap_or(&Value::Null)
    }
}

impl FromRequest<Api> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Api) -> Result<Self, Problem> {
        let (mut parts, raw_body) = request.into_parts();
        let template = parts
            .extensions
            .get::<MatchedPath>()
            .and_then(|path| path.as_str().strip_prefix(BASE_PATH))
            .map(str::to_owned)
            .ok_or_else(|| Problem::internal("a call without a path"))?;
        let method = if parts.method == Method::HEAD {
            &Method::GET
        } else {
            &parts.method
        };
        let description = openapi::description().map_err(Problem::internal)?;
        let operation = description
            .operation(method.as_str(), &template)
            .ok_or_else(|| Problem::internal(format!("{method} {template} is not described")))?;

        let caller = parts
            .extensions
            .get::<Caller>()
            .cloned()
            .unwrap_or_default();
        let key = caller
            .key
            .filter(|_| operation.schemes.iter().any(|name| name == "api_key"));
        let operator =
            caller.operator && operation.schemes.iter().any(|name| name == "operator_key");
        let workspace = match key {
            Some(key) if key.level == Level::Read && !operation.reads => {
                return Err(Problem::read_only_key());
            }
            Some(key) => Some(key.workspace_id),
            None if operator => None,
            None if caller.known => {
                return Err(Problem::forbidden("This key does not open this operation."));
            }
            None => return Err(Problem::unauthorized("The request carries no key.")),
        };

        let path = <RawPathParams as axum::extract::FromRequestParts<()>>::from_request_parts(
            &mut parts,
            &(),
        )
        .await
        .map_err(|_| Problem::new(http::StatusCode::BAD_REQUEST, "The path is not UTF-8."))?;
        let query = parts.uri.query().unwrap_or_default();
        let parameters = parameters::read(description, operation, &path, query, &parts.headers)?;
        let named = operation
            .parameters
            .iter()
            .any(|one| one.name == "workspace_id" && one.part == Part::Path)
            .then(|| parameters.get("workspace_id").and_then(Value::as_str))
            .flatten();
        if let (Some(named), Some(own)) = (named, workspace.as_deref())
            && named != own
        {
            return Err(Problem::new(
                http::StatusCode::NOT_FOUND,
                format!("There is no workspace {named} for this key."),
            ));
        }
        let body = body::read(operation, &parts.headers, raw_body).await?;
        Ok(Self {
            operation: operation.id.clone(),
            path: parts.uri.path().to_owned(),
            workspace,
            parameters,
            body,
        })
    }
}
