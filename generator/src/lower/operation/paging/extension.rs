//! How pages follow each other, as `x-mcp` says it.

use serde_json::Value;

use crate::ir::{PageSize, Paging, PagingEnd, PagingNext};
use crate::openapi::Node;

/// Reads `paging` of `x-mcp`: `false`, or how the pages follow each other. Returns nothing where it is
/// neither.
pub(in crate::lower::operation) fn read(node: &Node) -> Option<Option<Paging>> {
    if node.value.as_bool() == Some(false) {
        return Some(None);
    }
    let members = node.object()?;
    let known = |name: &String| {
        let ends = ["total", "pages", "more", "end"];
        let nexts = ["next", "last", "offset", "page"];
        ends.contains(&&**name)
            || nexts.contains(&&**name)
            || ["argument", "size", "items"].contains(&&**name)
    };
    if !members.keys().all(known) {
        return None;
    }
    let text = |name: &str| node.text(name).map(str::to_owned);
    let pointer = |name: &str| text(name).filter(|it| it.is_empty() || it.starts_with('/'));
    let first = |name: &str| members.get(name).and_then(Value::as_i64);
    let next = (pointer("next").map(PagingNext::Value))
        .or_else(|| text("last").map(PagingNext::LastItem))
        .or_else(|| first("offset").map(PagingNext::Offset))
        .or_else(|| first("page").map(PagingNext::Page))?;
    let end = (pointer("total").map(PagingEnd::Total))
        .or_else(|| pointer("pages").map(PagingEnd::Pages))
        .or_else(|| pointer("more").map(PagingEnd::More))
        .or_else(|| pointer("end").map(PagingEnd::Last));
    let argument = text("argument").or_else(|| match &next {
        // A URL names its arguments.
        PagingNext::Value(_) => Some(String::new()),
        _ => None,
    });
    Some(Some(Paging {
        argument: argument?,
        next,
        size: text("size").map(|argument| PageSize {
            argument,
            default: None,
        }),
        items: pointer("items"),
        end,
    }))
}
