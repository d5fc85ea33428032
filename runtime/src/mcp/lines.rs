//! The messages of a stream, one a line, each mended by [`tolerance`](super::tolerance) before the
//! library reads it: it drops those that it cannot read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::tolerance;

/// The longest line that is mended, in bytes. The rest passes as it is.
const MAX_LINE: usize = 1 << 20;
/// How many bytes are read at a time.
const CHUNK: usize = 8192;

/// Reads lines, and mends them.
pub(super) struct MendedLines<R> {
    inner: R,
    /// The beginning of a line.
    line: Vec<u8>,
    /// What can be read, from `taken` on.
    ready: Vec<u8>,
    taken: usize,
    /// Whether the beginning of this line has passed already.
    is_long: bool,
}

impl<R> MendedLines<R> {
    pub(super) fn new(inner: R) -> MendedLines<R> {
        MendedLines {
            inner,
            line: Vec::new(),
            ready: Vec::new(),
            taken: 0,
            is_long: false,
        }
    }

    fn take(&mut self, read: &[u8]) {
        for piece in read.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            let is_ended = piece.ends_with(b"\n");
            if is_ended && !self.is_long {
                match tolerance::mend_line(&self.line) {
                    Some(mended) => {
                        self.ready.extend_from_slice(&mended);
                        self.ready.push(b'\n');
                        self.line.clear();
                    }
                    None => self.ready.append(&mut self.line),
                }
            } else if is_ended || self.is_long || self.line.len() > MAX_LINE {
                self.is_long = !is_ended;
                self.ready.append(&mut self.line);
            }
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for MendedLines<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
            let mut chunk = [0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                // What is left has no end of line.
                let rest = std::mem::take(&mut self.line);
                if rest.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                self.ready = tolerance::mend_line(&rest).unwrap_or(rest);
            } else {
                self.take(read.filled());
            }
        }
        let waiting = self.ready.get(self.taken..).unwrap_or_default();
        let count = waiting.len().min(buffer.remaining());
        buffer.put_slice(&waiting[..count]);
        self.taken += count;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(text: &str) -> String {
        let mut read = String::new();
        let mut lines = MendedLines::new(text.as_bytes());
        lines.read_to_string(&mut read).await.unwrap();
        read
    }

    #[tokio::test]
    async fn lines_that_need_no_mending_pass_byte_by_byte() {
        let long = format!("{{\"a\": [\"{}\"]}}", "x".repeat(MAX_LINE));
        let text = format!("{{ \"jsonrpc\":\"2.0\" }}\r\n\nnothing [ at all\n{long}\n{long}\nend");
        assert_eq!(read(&text).await, text);
    }

    #[tokio::test]
    async fn lines_are_mended_wherever_they_are() {
        let given = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#;
        let mended = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let long = format!("\"{}\"", "x".repeat(MAX_LINE));
        let text = format!("{given}\n{long}\n{given}\n{given}");
        assert_eq!(
            read(&text).await,
            format!("{mended}\n{long}\n{mended}\n{mended}")
        );
    }
}
