//! The two views of an answer, the text and the structured content, each with all of it. Some MCP
//! clients show their model the one alone, others the other alone.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod view;
