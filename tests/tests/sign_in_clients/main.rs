//! MCP clients of other people sign in: each starts with nothing but the URL, and a person who
//! answers when a browser is opened.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod program;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod rust;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod search;
#[cfg(test)]
mod story;
