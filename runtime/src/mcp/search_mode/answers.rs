//! Searches and descriptions, which search mode answers itself.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::describe::describe;
use super::tools::OwnTool;
use crate::call::{CallError, Content, ErrorKind, Outcome, Structured, quote};
use crate::mcp::gateway::Gateway;
use crate::model::AccessContext;
use crate::nearest::nearest;
use crate::offload;
use crate::operation::Access;
use crate::request_id::RequestId;
use crate::tool::Listing;

/// The most tools that are described at once.
const DESCRIBED: usize = 10;
/// The longest request that is searched for, in characters.
const QUERY: usize = 2_000;
/// The longest reason why arguments are wrong, in characters.
const LONGEST_REASON: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribeArguments {
    names: Vec<String>,
    #[serde(default)]
    part: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UploadArguments {
    #[serde(default)]
    filename: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

impl Gateway {
    /// Finds tools that the caller may use.
    pub(super) fn search_tools(
        &self,
        arguments: Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Outcome, Box<CallError>> {
        let SearchArguments { query } = read(OwnTool::SearchTools, arguments, id)?;
        let query = match query.char_indices().nth(QUERY) {
            Some((end, _)) => query.get(..end).unwrap_or_default(),
            None => &query,
        };
        let index = offload::run(!self.is_indexed(), || self.index());
        let found = index.search(query, |operation| {
            let entry = self.find(operation.name);
            entry.is_some_and(|entry| entry.tool().access() <= caller.access)
        });
        Ok(text(found.text, None))
    }

    /// Returns the definitions of tools, whole, as far as an answer has room for them.
    pub(super) fn describe_tools(
        &self,
        arguments: Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Outcome, Box<CallError>> {
        let DescribeArguments { names, part } = read(OwnTool::DescribeTools, arguments, id)?;
        let refuse = |message: String| {
            let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
            Err(Box::new(error))
        };
        if names.len() > DESCRIBED {
            let number = names.len();
            return refuse(format!(
                "{number} tools are too many: name at most {DESCRIBED}."
            ));
        }
        if part.is_some() && names.len() != 1 {
            return refuse("A part is of one tool: name one with `part`.".to_owned());
        }
        let mut tools = Vec::new();
        let mut described = BTreeSet::new();
        for name in names.iter().filter(|name| described.insert(name.as_str())) {
            let entry = self.find(name);
            let entry = entry.filter(|entry| entry.tool().access() <= caller.access);
            let Some(entry) = entry else {
                return Err(Box::new(self.unknown_inner(name, caller, id)));
            };
            tools.push(entry.tool());
        }
        match describe(&tools, part, (self.listing(), self.longest_text())) {
            Ok(described) => {
                let structured = Some(Structured::Text(described.clone()));
                Ok(text(described.to_string(), structured))
            }
            Err(parts) => refuse(format!("The definition has {parts} parts, counted from 1.")),
        }
    }

    /// Returns who is connected, for which workspace and with which access.
    pub(super) async fn who_am_i(
        &self,
        arguments: Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Outcome, CallError> {
        let NoArguments {} = read(OwnTool::WhoAmI, arguments, id).map_err(|error| *error)?;
        let identity = self.identity(caller, id).await?;
        let access = match caller.access {
            Access::Read => "read",
            Access::Write => "read and write",
        };
        let answer = match identity {
            Some(identity) => json!({
                "person": { "name": identity.person.name },
                "workspace": { "name": identity.workspace, "id": caller.workspace.as_deref() },
                "access": access,
            }),
            None => json!({
                "person": "the operator of this server",
                "workspace": { "id": caller.workspace.as_deref() },
                "access": access,
            }),
        };
        Ok(text(answer.to_string(), Some(Structured::Text(answer))))
    }

    /// Has an upload wait for its file.
    pub(super) async fn request_upload(
        &self,
        arguments: Map<String, Value>,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Outcome, Box<CallError>> {
        let UploadArguments {
            filename,
            content_type,
        } = read(OwnTool::RequestUpload, arguments, id)?;
        let described = (filename.as_deref(), content_type.as_deref());
        let upload = self.upload(described, caller, id).await?;
        let answer = json!({
            "upload": upload.argument,
            "put_to": upload.uri,
            "max_bytes": upload.most,
            "expires": upload.expires,
            "how": "Send the bytes of the file, once, by HTTP PUT to `put_to`, such as with curl -T FILE URL. \
                    Then pass the text in `upload` as the file argument of one call, within ten minutes. \
                    Both are secrets.",
        });
        Ok(text(answer.to_string(), Some(Structured::Text(answer))))
    }

    /// The error for the name of a tool that is not there, or that the caller may not use.
    pub(super) fn unknown_inner(
        &self,
        name: &str,
        caller: &AccessContext,
        id: &RequestId,
    ) -> CallError {
        let visible = self.visible_names(caller.access);
        let mut message = format!("There is no tool {} for this connection", quote(name));
        match nearest(name, visible) {
            Some(meant) => message.push_str(&format!("; did you mean `{meant}`?")),
            None => message.push('.'),
        }
        let mut error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
        let hint = "search_tools returns the names of tools.";
        error.hint = (self.listing() == Listing::Search).then(|| hint.to_owned());
        error
    }
}

/// Reads the arguments of a tool of our own.
///
/// # Errors
/// Where they are not those of the tool: the error says which it takes.
pub(super) fn read<T: DeserializeOwned>(
    own: OwnTool,
    arguments: Map<String, Value>,
    id: &RequestId,
) -> Result<T, Box<CallError>> {
    serde_json::from_value(Value::Object(arguments)).map_err(|wrong| {
        let form = match own {
            OwnTool::SearchTools => r#"{"query": "rename a channel"}"#,
            OwnTool::DescribeTools => r#"{"names": ["NAME"]}"#,
            OwnTool::WhoAmI => "{}",
            OwnTool::RequestUpload => {
                r#"{"filename": "report.pdf", "content_type": "application/pdf"}"#
            }
            _ => r#"{"name": "NAME", "arguments": {}}"#,
        };
        // The reason may repeat a name from the arguments.
        let wrong: String = wrong.to_string().chars().take(LONGEST_REASON).collect();
        let message = format!(
            "The arguments of `{}` are of the form {form}: {wrong}.",
            own.name()
        );
        let error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
        Box::new(error)
    })
}

fn text(text: String, structured: Option<Structured>) -> Outcome {
    Outcome {
        status: 200,
        content: Some(Content::Text(text)),
        notes: String::new(),
        structured,
        link: None,
    }
}
