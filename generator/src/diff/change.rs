//! One change, its kind, and its cost to those who call the tool.

use std::fmt;

use serde::Serialize;

/// One change as the user of a tool sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The kind of the change.
    pub kind: Kind,
    /// The tool: by its new name, where it has one. [`ALL_TOOLS`] for what concerns each of them.
    pub tool: String,
    /// The argument, with the path to a part of it: `filter.tags[]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// True where calls that worked may fail, or answers lack a part that callers read.
    pub breaking: bool,
    /// The change in words, without a period.
    pub message: String,
}

/// The name in place of a tool's for a change of all tools.
pub const ALL_TOOLS: &str = "*";

/// The kinds of changes. `docs/changes.md` describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There is a new tool.
    ToolAdded,
    /// A tool is gone.
    ToolRemoved,
    /// A tool has another name.
    ToolRenamed,
    /// There is a new argument, which calls may leave out.
    ArgumentAddedOptional,
    /// There is a new argument, which every call needs.
    ArgumentAddedRequired,
    /// An argument is gone.
    ArgumentRemoved,
    /// An argument has another name.
    ArgumentRenamed,
    /// An argument accepts fewer values.
    ArgumentNarrowed,
    /// An argument accepts more values.
    ArgumentWidened,
    /// An argument travels elsewhere in the request.
    ArgumentMoved,
    /// An argument that calls could leave out is required.
    ArgumentRequired,
    /// A required argument may be left out.
    ArgumentOptional,
    /// An argument accepts one more of its listed values.
    EnumValueAdded,
    /// An argument no longer accepts one of its listed values.
    EnumValueRemoved,
    /// The API assumes another value where an argument is left out.
    DefaultChanged,
    /// A tool that only read may change something, or the reverse.
    AccessChanged,
    /// One of the hints that clients act on: destructive, idempotent, open world.
    HintChanged,
    /// Texts: titles, descriptions, examples, deprecation.
    DescriptionChanged,
    /// Answers have a new part, or are described now.
    OutputAdded,
    /// A part of the answers is gone, or they are no longer described.
    OutputRemoved,
    /// A part of the answers has fewer values.
    OutputNarrowed,
    /// A part of the answers has more values.
    OutputWidened,
    /// Calls need other credentials.
    SecurityChanged,
    /// Calls go to another server.
    ServerChanged,
    /// Bodies or answers are of other media types.
    MediaTypeChanged,
    /// A tool answers to one more name.
    AliasAdded,
    /// A tool no longer answers to an earlier name.
    AliasRemoved,
    /// A choice of an overlay, of `--only` or of `x-mcp` no longer applies to anything.
    CurationUnmatched,
    /// Clients are shown another list: all tools, or those of search mode.
    ModeChanged,
    /// Another part of the contract.
    ContractChanged,
}

/// How a change counts in semantic versioning. Ordered: the verdict on several changes is the
/// greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing changed.
    #[default]
    None,
    /// Texts changed.
    Patch,
    /// Calls that worked still do, and more may be possible.
    Minor,
    /// Calls that worked may fail.
    Major,
}

impl Kind {
    /// The name of the kind in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ToolAdded => "tool_added",
            Kind::ToolRemoved => "tool_removed",
            Kind::ToolRenamed => "tool_renamed",
            Kind::ArgumentAddedOptional => "argument_added_optional",
            Kind::ArgumentAddedRequired => "argument_added_required",
            Kind::ArgumentRemoved => "argument_removed",
            Kind::ArgumentRenamed => "argument_renamed",
            Kind::ArgumentNarrowed => "argument_narrowed",
            Kind::ArgumentWidened => "argument_widened",
            Kind::ArgumentMoved => "argument_moved",
            Kind::ArgumentRequired => "argument_required",
            Kind::ArgumentOptional => "argument_optional",
            Kind::EnumValueAdded => "enum_value_added",
            Kind::EnumValueRemoved => "enum_value_removed",
            Kind::DefaultChanged => "default_changed",
            Kind::AccessChanged => "access_changed",
            Kind::HintChanged => "hint_changed",
            Kind::DescriptionChanged => "description_changed",
            Kind::OutputAdded => "output_added",
            Kind::OutputRemoved => "output_removed",
            Kind::OutputNarrowed => "output_narrowed",
            Kind::OutputWidened => "output_widened",
            Kind::SecurityChanged => "security_changed",
            Kind::ServerChanged => "server_changed",
            Kind::MediaTypeChanged => "media_type_changed",
            Kind::AliasAdded => "alias_added",
            Kind::AliasRemoved => "alias_removed",
            Kind::CurationUnmatched => "curation_unmatched",
            Kind::ModeChanged => "mode_changed",
            Kind::ContractChanged => "contract_changed",
        }
    }

    /// Returns true for a kind whose changes break callers, unless a change says otherwise.
    fn is_breaking(self) -> bool {
        matches!(
            self,
            Kind::ToolRemoved
                | Kind::ToolRenamed
                | Kind::ArgumentAddedRequired
                | Kind::ArgumentRemoved
                | Kind::ArgumentRenamed
                | Kind::ArgumentNarrowed
                | Kind::ArgumentRequired
                | Kind::EnumValueRemoved
                | Kind::OutputRemoved
                | Kind::AliasRemoved
                | Kind::ContractChanged
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::None => "none",
            Verdict::Patch => "patch",
            Verdict::Minor => "minor",
            Verdict::Major => "major",
        })
    }
}

impl Change {
    /// A change of a tool, breaking as its kind is.
    pub(super) fn new(kind: Kind, tool: &str, message: impl Into<String>) -> Change {
        Change {
            kind,
            tool: tool.to_owned(),
            argument: None,
            breaking: kind.is_breaking(),
            message: message.into(),
        }
    }

    /// The same change of one argument.
    pub(super) fn of(self, argument: &str) -> Change {
        Change {
            argument: Some(argument.to_owned()),
            ..self
        }
    }

    /// The same change, breaking or not.
    pub(super) fn breaking(self, breaking: bool) -> Change {
        Change { breaking, ..self }
    }

    /// How the change counts in semantic versioning.
    pub fn verdict(&self) -> Verdict {
        match self.kind {
            _ if self.breaking => Verdict::Major,
            Kind::DescriptionChanged | Kind::CurationUnmatched => Verdict::Patch,
            _ => Verdict::Minor,
        }
    }
}
