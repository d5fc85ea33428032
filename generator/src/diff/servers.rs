//! The servers that calls go to.

use super::change::{Change, Kind};
use super::value::code;
use crate::ir::{Api, Operation, Server};

/// The difference in the servers of a tool, if there is one. Calls go to the first server, so that
/// another one there breaks what is configured for it: credentials are sent to another place.
pub(super) fn compare(
    (old_api, old): (&Api, &Operation),
    (new_api, new): (&Api, &Operation),
) -> Option<Change> {
    let (before, after) = (servers(old_api, old), servers(new_api, new));
    if before == after {
        return None;
    }
    let (first, now) = (before.first().map(url), after.first().map(url));
    let change = |message: String| Change::new(Kind::ServerChanged, &new.name, message);
    if first != now {
        let message = match (first, now) {
            (Some(before), Some(after)) => {
                format!(
                    "calls went to {}, and go to {} now",
                    code(&before),
                    code(&after)
                )
            }
            (None, Some(after)) => format!("calls go to {} now", code(&after)),
            (_, None) => "no server is named any more, so that one has to be configured".to_owned(),
        };
        return Some(change(message).breaking(true));
    }
    let is_there = |one: &&Server| !after.contains(one);
    let gone: Vec<&Server> = before.iter().filter(is_there).collect();
    Some(match gone.is_empty() {
        true => change("there are more servers to choose from".to_owned()),
        false => {
            let urls: Vec<String> = gone.iter().map(|one| code(&one.url)).collect();
            let message = format!("{} can no longer be chosen as it was", urls.join(", "));
            change(message).breaking(true)
        }
    })
}

/// The servers of a tool. A slash at the end of a URL makes no difference.
fn servers(api: &Api, operation: &Operation) -> Vec<Server> {
    let servers = match operation.servers.as_slice() {
        [] => api.servers.iter(),
        own => own.iter(),
    };
    servers
        .map(|server| Server {
            url: server.url.trim_end_matches('/').to_owned(),
            variables: server.variables.clone(),
        })
        .collect()
}

/// The URL of a server with the defaults of its variables.
fn url(server: &Server) -> String {
    let variables = server.variables.iter();
    variables.fold(server.url.clone(), |url, variable| {
        url.replace(&format!("{{{}}}", variable.name), &variable.default)
    })
}
