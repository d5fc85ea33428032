//! Whether memory grows with the number of calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tokio::task::JoinSet;

use super::calls::{Revision, authorized};
use super::load::Connection;
use super::report::megabytes;
use super::sign_in::SignedIn;

const CONNECTIONS: usize = 32;

/// Makes `calls` calls, after a tenth as many that fill what is kept, and prints how much resident
/// memory grew over them.
///
/// # Errors
/// Where an answer is wrong.
pub(super) async fn growth(name: &str, server: &SignedIn, calls: usize) -> anyhow::Result<()> {
    make(server, calls / 10).await?;
    let before = server.server().resident_kib()?;
    make(server, calls).await?;
    let after = server.server().resident_kib()?;
    println!(
        "memory over {calls} calls, {name}: {:.1} MB before, {:.1} MB after",
        megabytes(before),
        megabytes(after)
    );
    Ok(())
}

async fn make(server: &SignedIn, calls: usize) -> anyhow::Result<()> {
    let left = std::sync::Arc::new(AtomicUsize::new(calls));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let left = std::sync::Arc::clone(&left);
        let address = server.server().address;
        let calls = authorized(Revision::Stateless, server.token());
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let one_less = |left: usize| left.checked_sub(1);
            for call in calls.iter().cycle() {
                let counted = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
                if counted.is_err() {
                    break;
                }
                connection.exchange(call).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client.context("a client stopped")??;
    }
    Ok(())
}
