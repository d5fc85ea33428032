//! Calls of the tools of search mode.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answers::read;
use super::tools::OwnTool;
use crate::call::{Call, CallError, ErrorKind, Outcome};
use crate::mcp::gateway::{Ended, Gateway, Request};
use crate::operation::Access;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallArguments {
    name: String,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
}

impl Gateway {
    /// Calls a tool of search mode.
    pub(in crate::mcp) async fn call_own(&self, own: OwnTool, request: Request<'_>) -> Ended {
        let outcome = match own.is_call() {
            true => self.call_inner(own, request).await,
            false => self.answer_own(own, request).await,
        };
        Ended {
            outcome,
            is_structured: false,
        }
    }

    /// Answers a call of a tool that calls no other. It counts among the calls that run.
    async fn answer_own(&self, own: OwnTool, request: Request<'_>) -> Result<Outcome, CallError> {
        let Request { caller, id, .. } = request;
        let _running = self.enter(caller, id).map_err(|error| *error)?;
        let arguments = request.params.arguments.unwrap_or_default();
        match own {
            OwnTool::SearchTools => {
                let found = self.search_tools(arguments, caller, id);
                found.map_err(|error| *error)
            }
            OwnTool::WhoAmI => self.who_am_i(arguments, caller, id).await,
            OwnTool::RequestUpload => {
                let requested = self.request_upload(arguments, caller, id).await;
                requested.map_err(|error| *error)
            }
            _ => {
                let described = self.describe_tools(arguments, caller, id);
                described.map_err(|error| *error)
            }
        }
    }

    /// Calls the tool that the arguments name, as if it had been called itself.
    async fn call_inner(&self, own: OwnTool, request: Request<'_>) -> Result<Outcome, CallError> {
        let Request {
            params,
            caller,
            load,
            id,
        } = request;
        let arguments = params.arguments.unwrap_or_default();
        let CallArguments { name, arguments } = read(own, arguments, id).map_err(|error| *error)?;
        let Some(found) = self.look_up(&name) else {
            return Err(self.unknown_inner(&name, caller, id));
        };
        let entry = found.entry;
        let arguments = arguments.unwrap_or_default();
        let needed = entry.tool().access_of_call(Some(&arguments));
        let right = OwnTool::that_calls(entry.tool(), needed);
        // A call that the caller's access does not cover goes on: it is refused and recorded as the
        // same call by the tool's own name.
        if right != own && needed <= caller.access {
            let effect = match (needed, right) {
                (Access::Read, _) => "only reads",
                (_, OwnTool::CallDestructive) => "may destroy something",
                _ => "changes something",
            };
            let right = right.name();
            let message = format!("`{name}` {effect}: call it with `{right}`. Nothing was sent.");
            let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
            return Err(error);
        }
        let call = Call {
            tool: entry.callable(),
            alias: found.alias,
            arguments,
            caller,
            load,
            id,
        };
        self.run(call).await
    }
}
