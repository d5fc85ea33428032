//! What goes on the wire, byte by byte. The cases are data, in the files beside this one: a small
//! description, arguments, and the request that has to come of them. Each is lowered by the
//! generator, called through a server, and recorded by an API that keeps what it is sent.
//!
//! ```yaml
//! - case: the idea
//!   spec: {}            # an OpenAPI document; `openapi` and `info` may be left out
//!   calls:              # of its one operation
//!     - arguments: {}   # or a JSON text, where the spelling of a number counts
//!       request: |      # method and target, the headers that not every request has alike in
//!         GET /         # the order of their names, an empty line, the body
//!     - arguments: {}
//!       refused: text   # or a part of the message, where no request may be sent
//! ```
//!
//! A body is shown as it is, but for a multipart body, whose lines end with CRLF on the wire and
//! whose boundary is the one announced, and bytes that are no UTF-8, which are as in Rust's byte
//! strings.

#[cfg(test)]
mod case;

#[cfg(test)]
macro_rules! cases {
    ($($file:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $file() {
                crate::case::check(include_str!(concat!(stringify!($file), ".yaml"))).await;
            }
        )*

        #[test]
        fn every_file_of_cases_is_run() {
            let mut files = vec![$(concat!(stringify!($file), ".yaml")),*];
            files.sort_unstable();
            assert_eq!(crate::case::files(), files);
        }
    };
}

#[cfg(test)]
cases!(
    bodies,
    cookies,
    field,
    forms,
    headers,
    multipart,
    paths,
    queries,
    query_strings,
    values,
);
