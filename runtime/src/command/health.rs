//! `health`: whether the server on this machine is ready.

use super::common::{Failure, Serve};
use crate::app;

/// Runs the command.
pub(super) async fn run(serve: Serve) -> Result<(), Failure> {
    let config = serve.settle()?;
    Ok(app::check_health(&config).await?)
}
