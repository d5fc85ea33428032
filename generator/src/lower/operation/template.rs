//! Paths as other tools write them: `{path*}`, `{id:[0-9]+}`, `{+name}`, without a slash at the
//! beginning.

use std::collections::HashSet;

use crate::lower::context::Context;
use crate::openapi::Node;

/// The path of an operation, in which an expression is the name of a parameter that `owners` declare,
/// where it is that and more. What is read in another way than it is written is reported.
pub(crate) fn path<'d>(cx: &mut Context<'d>, path: &str, at: &str, owners: &[&Node<'d>]) -> String {
    let mut sent = String::new();
    if !path.starts_with('/') {
        cx.warn(
            at,
            format!("the path `{path}` does not begin with a slash; it is read as `/{path}`"),
            "begin it with `/`",
        );
        sent.push('/');
    }
    let mut declared: Option<HashSet<&str>> = None;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        sent.push_str(before);
        let Some(end) = closing(after) else {
            cx.warn(
                at,
                format!("a `{{` of the path `{path}` is not closed; it is sent as it is"),
                "close it with `}`, or write it as `%7B`",
            );
            sent.push('{');
            rest = after;
            continue;
        };
        let (inside, behind) = after.split_at(end);
        let name = plain(inside);
        let declared = declared.get_or_insert_with(|| parameters(cx, owners));
        if name != inside && declared.contains(name) && !declared.contains(inside) {
            cx.warn(
                at,
                format!("`{{{inside}}}` is no expression of a path; it is read as `{{{name}}}`"),
                "name the parameter alone, and describe its values by its schema",
            );
            sent.push_str(&format!("{{{name}}}"));
        } else {
            sent.push_str(&format!("{{{inside}}}"));
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    sent.push_str(rest);
    sent
}

/// Where the brace that is open is closed. What is inside may have pairs of its own (`[0-9]{3}`).
fn closing(after: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let end = after.char_indices().find(|(_, c)| match c {
        '{' => {
            depth += 1;
            false
        }
        '}' if depth == 0 => true,
        '}' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    // A slash is no part of a name: the brace is that of another expression.
    let (end, _) = end?;
    let inside = after.get(..end)?;
    let is_one = !plain(inside).contains(['/', '{']);
    match is_one {
        true => Some(end),
        false => after.find('}').filter(|end| {
            let inside = after.get(..*end).unwrap_or_default();
            !inside.contains('{')
        }),
    }
}

/// What is a name in an expression: behind operators (RFC 6570 §2.2), before modifiers, patterns and
/// templates.
fn plain(inside: &str) -> &str {
    let name = inside.trim_start_matches(['+', '#', '.', '/', ';', '?', '&', '*', ':']);
    let name = name.split([':', '=', '<', '(']).next().unwrap_or_default();
    name.trim_end_matches(['*', '+', '?']).trim()
}

/// The names of the path parameters that are declared.
fn parameters<'d>(cx: &Context<'d>, owners: &[&Node<'d>]) -> HashSet<&'d str> {
    let all = owners.iter().flat_map(|owner| owner.items("parameters"));
    let found = all.filter_map(|one| cx.document.resolve(one).ok());
    found
        .filter(|one| one.text("in") == Some("path"))
        .filter_map(|one| one.text("name"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_what_other_tools_write() {
        for (inside, name) in [
            ("path*", "path"),
            ("proxy+", "proxy"),
            ("id:[0-9]+", "id"),
            ("+name", "name"),
            ("name=projects/*", "name"),
            ("*rest", "rest"),
            ("id", "id"),
            ("user-id", "user-id"),
        ] {
            assert_eq!(plain(inside), name);
        }
        assert_eq!(closing("id:[0-9]{3}}/b"), Some(11));
        assert_eq!(closing("id/b{c}"), None);
        assert_eq!(closing("a}"), Some(1));
    }
}
