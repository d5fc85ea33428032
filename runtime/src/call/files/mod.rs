//! Files beside the assistant.
//!
//! Links to files: an answer that a client cannot show, or not as a whole, is fetched by the URL of a link,
//! which sends the request of the call once more and passes the answer on as it comes. Uploads: a
//! file is received at a URL, and kept until the call that names it sends it.

mod download;
mod file;
mod link;
mod name;
mod passage;
mod receive;
mod recorded;
mod upload;

pub(crate) use download::{Download, FileError};
pub(super) use file::{Described, Repeated};
pub(crate) use file::{FileLink, FileLinks};
pub(crate) use receive::UploadError;
pub(crate) use upload::RequestedUpload;
