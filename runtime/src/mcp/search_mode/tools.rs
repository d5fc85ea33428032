//! The tools of search mode.

use crate::operation::Access;
use crate::tool::Tool;

/// A tool of this server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mcp) enum OwnTool {
    /// Finds tools by a request in a person's words.
    SearchTools,
    /// Returns the whole definitions of tools.
    DescribeTools,
    /// Returns who is connected, for which workspace and with which access.
    WhoAmI,
    /// Has a file uploaded, which a call sends afterwards.
    RequestUpload,
    /// Calls a tool that only reads.
    CallRead,
    /// Calls a tool that changes something and destroys nothing.
    CallWrite,
    /// Calls a tool that may destroy something.
    CallDestructive,
}

impl OwnTool {
    /// All of them, in the order of their list.
    pub(in crate::mcp) const ALL: [OwnTool; 7] = [
        OwnTool::SearchTools,
        OwnTool::DescribeTools,
        OwnTool::CallRead,
        OwnTool::CallWrite,
        OwnTool::CallDestructive,
        OwnTool::RequestUpload,
        OwnTool::WhoAmI,
    ];

    /// The tool of this name.
    pub(in crate::mcp) fn named(name: &str) -> Option<OwnTool> {
        OwnTool::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Returns the tool that calls `tool`, where the call needs this access.
    pub(in crate::mcp) fn that_calls(tool: &Tool, access: Access) -> OwnTool {
        match (access, tool.is_destructive()) {
            (Access::Read, _) => OwnTool::CallRead,
            (Access::Write, false) => OwnTool::CallWrite,
            (Access::Write, true) => OwnTool::CallDestructive,
        }
    }

    pub(in crate::mcp) fn name(self) -> &'static str {
        match self {
            OwnTool::SearchTools => "search_tools",
            OwnTool::DescribeTools => "describe_tools",
            OwnTool::WhoAmI => "whoami",
            OwnTool::RequestUpload => "request_upload",
            OwnTool::CallRead => "call_read_tool",
            OwnTool::CallWrite => "call_write_tool",
            OwnTool::CallDestructive => "call_destructive_tool",
        }
    }

    /// Reports that the tool calls another one, which its argument `name` names.
    pub(in crate::mcp) fn is_call(self) -> bool {
        matches!(
            self,
            OwnTool::CallRead | OwnTool::CallWrite | OwnTool::CallDestructive
        )
    }

    /// The access that a call needs, whatever tool is called by it.
    pub(in crate::mcp) fn access(self) -> Access {
        match self {
            OwnTool::CallWrite | OwnTool::CallDestructive | OwnTool::RequestUpload => Access::Write,
            _ => Access::Read,
        }
    }
}
