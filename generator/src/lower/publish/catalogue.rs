//! The size of the whole catalogue, which clients pass to a model before the first question.

use std::collections::BTreeMap;

use super::size::Sizes;
use crate::BYTES_OF_A_TOKEN;
use crate::diagnostic::Diagnostic;
use crate::ir::Api;
use crate::lower::context::Context;

/// How many tokens a catalogue may take before it is reported: a quarter of the 200,000 that many
/// models have for everything.
const MAX_TOKENS: usize = 50_000;

/// Reports a catalogue that is too large for models, and how it becomes smaller.
pub(crate) fn report_catalogue(cx: &mut Context, api: &Api) {
    let sizes = Sizes::new(api);
    let mut tags: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut bytes = 0;
    for operation in &api.operations {
        let size = sizes.tool(operation);
        let (tools, of_tag) = tags.entry(&operation.tag).or_default();
        *tools += 1;
        *of_tag += size;
        bytes += size;
    }
    let tokens = bytes / BYTES_OF_A_TOKEN;
    if tokens <= MAX_TOKENS {
        return;
    }
    let fits = |(_, (_, bytes)): &(&&str, &(usize, usize))| bytes / BYTES_OF_A_TOKEN <= MAX_TOKENS;
    let writable = |(tag, _): &(&&str, &(usize, usize))| !tag.contains(['\'', '`', '"', '\\', '<']);
    let example = tags
        .iter()
        .filter(|one| *one.0 != "default" && fits(one) && writable(one))
        .max_by_key(|(_, (tools, _))| *tools);
    let example = example.map_or_else(
        || "--only 'METHOD PATH'".to_owned(),
        |(tag, (tools, bytes))| {
            let tokens = bytes / BYTES_OF_A_TOKEN;
            format!("--only 'tag:{tag}' ({tools} tools, {tokens} tokens)")
        },
    );
    let tools = api.operations.len();
    cx.report(Diagnostic::warning(
        "/paths",
        format!(
            "the catalogue is too large for models: its {tools} tools take about {tokens} tokens, \
             and clients send all of them with each conversation"
        ),
        format!(
            "choose the operations that people need, at most {MAX_TOKENS} tokens of them: \
             {example}, or hide the others with an overlay"
        ),
    ));
}
