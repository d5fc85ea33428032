//! How soon a server answers after its start.

use std::path::Path;

use serde_json::json;

use super::calls::{Revision, post};
use super::load::Call;
use super::process::Server;
use super::report::megabytes;

const STARTS: usize = 9;

/// Starts a server several times and prints how soon it answered `tools/list`. A catalogue that is
/// `large` has several pages, of which the first is asked for.
///
/// # Errors
/// Where it does not start, or the answer is wrong.
pub(super) async fn measure(name: &str, program: &Path, large: bool) -> anyhow::Result<()> {
    let list = Call {
        request: post(Revision::Legacy, "tools/list", json!({})),
        expect: match large {
            true => r#""nextCursor":"#.to_owned(),
            false => r#""tools":["#.to_owned(),
        },
    };
    let mut starts = Vec::new();
    let mut resident = 0;
    for _ in 0..STARTS {
        let server = Server::generated(program, &["--mock"], None)?;
        server.connect().await?.exchange(&list).await?;
        starts.push(server.age());
        resident = server.resident_kib()?;
    }
    starts.sort_unstable();
    let milliseconds = |at: usize| starts[at].as_secs_f64() * 1e3;
    println!(
        "{name}: first tools/list answered {:.1} ms after the start (median of {STARTS}; best {:.1}, worst {:.1}), {:.1} MB",
        milliseconds(STARTS / 2),
        milliseconds(0),
        milliseconds(STARTS - 1),
        megabytes(resident),
    );
    Ok(())
}
