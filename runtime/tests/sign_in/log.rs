//! What the servers of this process log.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// The log. A process has one, so that its tests share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

/// All that this process logs of ours, at the finest level.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let to = log.clone();
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(move || to.clone());
        let ours = Targets::new().with_target("runtime", LevelFilter::TRACE);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(ours));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

impl Log {
    /// What was logged so far.
    pub(crate) fn so_far(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// The warnings that contain a text.
    pub(crate) fn warnings(&self, about: &str) -> Vec<String> {
        let text = String::from_utf8(self.so_far()).unwrap();
        let lines = text.lines().filter(|line| line.contains(" WARN "));
        let lines = lines.filter(|line| line.contains(about));
        lines.map(ToOwned::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
