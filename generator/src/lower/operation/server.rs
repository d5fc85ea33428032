//! Server Objects.

use super::text::scalar;
use crate::ir;
use crate::lower::context::Context;
use crate::openapi::Node;

/// The servers of a document, path item or operation.
pub(crate) fn servers(cx: &mut Context, owner: &Node) -> Vec<ir::Server> {
    let mut servers = Vec::new();
    for node in owner.items("servers") {
        let Some(url) = node.text("url") else {
            cx.warn(
                node.at,
                "the server has no URL; it is not used",
                "give it a `url`",
            );
            continue;
        };
        servers.push(ir::Server {
            url: url.trim().to_owned(),
            variables: variables(cx, &node, url),
        });
    }
    servers
}

/// The servers of an operation, or else of its path item.
pub(super) fn own_servers(cx: &mut Context, operation: &Node, item: &Node) -> Vec<ir::Server> {
    let servers = servers(cx, operation);
    match servers.is_empty() {
        true => self::servers(cx, item),
        false => servers,
    }
}

fn variables(cx: &mut Context, server: &Node, url: &str) -> Vec<ir::ServerVariable> {
    let declared = server.members("variables");
    let mut variables = Vec::new();
    for name in expressions(url) {
        if variables
            .iter()
            .any(|known: &ir::ServerVariable| known.name == name)
        {
            continue;
        }
        let node = declared
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, node)| node);
        let Some(node) = node else {
            cx.warn(
                server.at.as_str(),
                format!("the variable `{name}` of the server's URL is not declared"),
                "declare it under `variables`, or configure the API's URL",
            );
            continue;
        };
        let allowed: Vec<String> = node
            .items("enum")
            .iter()
            .map(|item| scalar(item.value))
            .collect();
        let default = match node.get("default") {
            Some(default) => scalar(default.value),
            None => {
                cx.warn(
                    node.at.as_str(),
                    format!("the server variable `{name}` has no default"),
                    "give it a `default`",
                );
                allowed.first().cloned().unwrap_or_default()
            }
        };
        variables.push(ir::ServerVariable {
            name: name.to_owned(),
            default,
            allowed,
        });
    }
    variables
}

/// The names in braces of a template, in its order.
pub(crate) fn expressions(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        match after.split_once('}') {
            Some((name, after)) if !name.contains('{') => {
                names.push(name);
                rest = after;
            }
            _ => rest = after,
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_in_braces() {
        assert_eq!(expressions("/a/{b}{c}.x/{d"), ["b", "c"]);
        assert_eq!(expressions("/Fn(x='{x}',y={y})"), ["x", "y"]);
    }
}
