//! A server with sign-in as a process of its own, which can be killed and started again.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use runtime::app::{self, Seams};
use runtime::config::Config;
use serde_json::json;
use tokio::process::{Child, Command};
use url::Url;

use super::example::WORKSPACE;
use super::oauth::{OAuthClient, Tokens};
use super::person::Person;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the client would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";

/// What a server needs beside its program: a configuration, and a store with an account and a grant
/// in it. Its address stays the same however often it is started.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Where its files are.
    pub directory: PathBuf,
    /// The URL of its endpoint.
    pub url: Url,
    /// Tokens of the one grant, which is for reading and writing.
    pub tokens: Tokens,
    program: PathBuf,
}

impl Deployment {
    /// Prepares to serve the API at `upstream` with the files of `directory`, which is empty.
    ///
    /// # Errors
    /// Where no account or grant can be made.
    pub async fn prepare(
        program: &Path,
        directory: &Path,
        upstream: &Url,
    ) -> anyhow::Result<Deployment> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let text = format!(
            "[server]\nlisten = \"{address}\"\nauth = \"oauth\"\nshutdown_seconds = 10\n\
             [store]\npath = {}\n[upstream]\nurl = \"{upstream}\"\nworkspace = \"{WORKSPACE}\"\n\
             [upstream.credentials]\napi_key = \"key-of-the-operator\"\n",
            json!(directory.join("connector.db")),
        );
        let file = directory.join("connector.toml");
        std::fs::write(&file, text)?;
        // The account is made in this process, where the person is at hand.
        let config = Config::load(Some(&file))?;
        let here = app::start(&generated::CATALOG, config, Seams::default()).await?;
        let url = here.url().clone();
        let person = Person::first(&here).await?;
        let client = OAuthClient::register(&url, CALLBACK).await?;
        let tokens = client.connect(&person).await?;
        here.shutdown().await;
        Ok(Deployment {
            directory: directory.to_owned(),
            url,
            tokens,
            program: program.to_owned(),
        })
    }

    /// The file of the store.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.directory.join("connector.db")
    }

    /// Starts the server, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn start(&self) -> anyhow::Result<Process> {
        // A file that would be too large is an error of its write, and not the end of the process.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(&self.program)
            .args(["serve", "--config"])
            .arg(self.directory.join("connector.toml"))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = Process(command.spawn()?);
        let ready = self.url.join("/readyz")?;
        let begun = Instant::now();
        loop {
            let answer = reqwest::get(ready.clone()).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(process);
            }
            if let Some(status) = process.0.try_wait()? {
                anyhow::bail!("the server ended with {status}");
            }
            ensure!(begun.elapsed() < PATIENCE, "the server is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A running server. It is killed when dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Its id.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn id(&self) -> anyhow::Result<u32> {
        self.0.id().context("the server has ended")
    }

    /// Ends it in the middle of whatever it does.
    ///
    /// # Errors
    /// Where it cannot be ended.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.0.kill().await?)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// Where it does not end, or not well.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.id()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await?;
        ensure!(asked.success(), "it cannot be asked to end");
        let ended = tokio::time::timeout(PATIENCE, self.0.wait()).await??;
        ensure!(ended.success(), "it ended with {ended}");
        Ok(())
    }
}
