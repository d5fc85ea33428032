//! Bodies that are sent as they are read.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};

/// What reads a file from its beginning.
type Open = Arc<dyn Fn() -> BoxStream<'static, io::Result<Bytes>> + Send + Sync>;

/// A piece of a body.
#[derive(Clone)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// A file of so many bytes, which is read as it is sent. Each attempt reads it from its beginning.
    File(u64, Open),
}

impl fmt::Debug for Piece {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = length(std::slice::from_ref(self));
        formatter.debug_tuple("Piece").field(&length).finish()
    }
}

/// How many bytes pieces have together.
pub(super) fn length(pieces: &[Piece]) -> u64 {
    let lengths = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::File(length, _) => *length,
    });
    lengths.sum()
}

/// Reads pieces one after the other.
pub(super) fn stream(pieces: Vec<Piece>) -> BoxStream<'static, io::Result<Bytes>> {
    let pieces = stream::iter(pieces).flat_map(|piece| match piece {
        Piece::Bytes(bytes) => stream::iter([Ok(bytes)]).boxed(),
        Piece::File(_, open) => open(),
    });
    pieces.boxed()
}
