//! The instructions of a connection, which clients put before their model: what the API is, for which
//! workspace and with which access the connection is, and what there is.

use super::search_mode;
use super::view::View;
use crate::call::Identity;
use crate::model::AccessContext;
use crate::operation::{Access, Catalog, Repeated};
use crate::text;
use crate::tool::{Listing, Tool};

/// The longest instructions, in bytes.
const LONGEST: usize = 2_000;
/// The longest name of the API, of a workspace, and list of tags, in bytes.
const NAME: usize = 120;

/// What tools with long answers take beside the arguments of the API.
const LONG_ANSWERS: &str = "_fields keeps parts of an answer, named by paths such as owner.name. \
                            _cursor takes the one in next_page of an answer that was divided.\n";
/// What became of definitions that are too large for a list.
const SHORTENED: &str =
    "Definitions are shortened; describe_tools returns them whole. Said once for many of them:\n";

/// Writes the instructions of a connection whose caller may use `tools`.
pub(super) fn instructions<'t>(
    (catalog, listing, view): (&Catalog, Listing, &View),
    (caller, identity): (&AccessContext, Option<&Identity>),
    tools: impl Iterator<Item = &'t Tool> + Clone,
) -> String {
    let mut text = short(catalog.title).to_owned();
    if !catalog.summary.is_empty() {
        text.push_str(": ");
        text.push_str(catalog.summary);
    }
    text.push_str("\n\nThis connection");
    if let Some(name) = &view.connection {
        text.push_str(&format!(" is named {name} and"));
    }
    let workspace = identity.and_then(|identity| identity.workspace.as_deref());
    let workspace = workspace.map(text::label);
    match (&workspace, &caller.workspace) {
        (Some(name), _) => text.push_str(&format!(" acts for the workspace “{}”", short(name))),
        (None, Some(id)) => text.push_str(&format!(" acts for the workspace {}", short(id))),
        (None, None) => text.push_str(" has"),
    }
    let with = match (&workspace, &caller.workspace) {
        (None, None) => "",
        _ => " with",
    };
    text.push_str(with);
    text.push_str(match caller.access {
        Access::Read => " read access: what changes something is refused.\n",
        Access::Write => " read and write access.\n",
    });
    if let Some(toolset) = &view.toolset {
        let tags = toolset.names().join(", ");
        text.push_str(&format!("It has only the tools of {}.\n", short(&tags)));
    }
    if tools.clone().any(Tool::has_long_answers) {
        text.push_str(LONG_ANSWERS);
    }
    // Definitions that are not listed are only ever read whole.
    let is_listed = |tool: &&Tool| listing == Listing::Tools || tool.is_pinned();
    if tools.clone().filter(is_listed).any(Tool::is_shortened) {
        text.push_str(SHORTENED);
        for Repeated { argument, text: it } in catalog.repeated {
            match argument {
                Some(argument) => text.push_str(&format!("Argument {argument}: {it}\n")),
                None => text.push_str(&format!("Many tools: {it}\n")),
            }
        }
    }
    let room = LONGEST.saturating_sub(text.len());
    text.push_str(&search_mode::outline(tools, room));
    text
}

/// The beginning of a name.
fn short(name: &str) -> &str {
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::operation::Operation;

    fn tools(number: usize) -> Vec<Tool> {
        let tools = (0..number).map(|number| {
            let tag = format!("tag-{number}-{}", "x".repeat(30)).leak();
            let operation = Operation {
                name: tag,
                tags: vec![&*tag].leak(),
                ..Operation::BASE
            };
            Tool::new(Box::leak(Box::new(operation)), Vec::new())
        });
        tools.collect()
    }

    #[test]
    fn instructions_say_that_definitions_are_shortened_where_these_are_listed() {
        let operation = Operation {
            brief: Some("Lists …"),
            ..Operation::BASE
        };
        let tool = Tool::new(Box::leak(Box::new(operation)), Vec::new());
        let catalog = Catalog {
            repeated: &[Repeated {
                argument: Some("owner"),
                text: "The account.",
            }],
            ..Catalog::EMPTY
        };
        let caller = AccessContext {
            access: Access::Read,
            workspace: None,
            grant: None,
        };
        let of = |listing| {
            let shown = (&catalog, listing, &View::default());
            instructions(shown, (&caller, None), [&tool].into_iter())
        };
        let listed = of(Listing::Tools);
        assert!(listed.contains(SHORTENED) && listed.contains("The account."));
        let searched = of(Listing::Search);
        assert!(
            !searched.contains("shortened") && !searched.contains("The account."),
            "{searched}"
        );
    }

    #[test]
    fn instructions_are_bounded_whatever_the_api_has() {
        let catalog = Catalog {
            title: "é".repeat(500).leak(),
            summary: "s".repeat(400).leak(),
            ..Catalog::EMPTY
        };
        let caller = AccessContext {
            access: Access::Read,
            workspace: Some("w".repeat(500).into()),
            grant: None,
        };
        let tools = tools(500);
        let view = View {
            connection: Some(Arc::from("work")),
            ..View::default()
        };
        let text = instructions(
            (&catalog, Listing::Tools, &view),
            (&caller, None),
            tools.iter(),
        );
        assert!(text.len() <= LONGEST, "{}", text.len());
        assert!(
            text.contains("500 tools: tag-0-") && text.ends_with(" more tags."),
            "{text}"
        );
        assert!(
            text.contains("is named work and acts for the workspace www"),
            "{text}"
        );
    }
}
