//! A server with sign-in as a process of its own, which can be killed and started again.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use runtime::app::{self, Environment};
use runtime::config::Config;
use serde_json::json;
use tokio::process::{Child, Command};
use url::Url;

use super::example::{MANY_CALLS, WORKSPACE};
use super::oauth::{OAuthClient, Tokens};
use super::person::Person;
use super::small_disk::SmallDisk;
use super::store_connection::StoreConnection;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the client would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";
/// Calls carry the operator's key.
const OPERATORS_KEY: &str = "[upstream.credentials]\napi_key = \"key-of-the-operator\"\n";

/// What a server needs beside its program: a configuration, and a store with an account and a grant
/// in it. Its address stays the same however often it is started.
#[derive(Debug)]
pub struct Deployment {
    /// Where its files are, for the server.
    pub directory: PathBuf,
    /// The URL of its endpoint.
    pub url: Url,
    /// Tokens of the one grant, which is for reading and writing.
    pub tokens: Tokens,
    /// The client that they belong to.
    pub client: OAuthClient,
    /// The person with the one account.
    pub person: Person,
    program: PathBuf,
    disk: Option<SmallDisk>,
    /// The URL of the database, where the store is in PostgreSQL.
    postgres: Option<String>,
}

impl Deployment {
    /// Prepares to serve the API at `upstream` with the files of `directory`, which is empty. Calls
    /// carry the operator's key.
    ///
    /// # Errors
    /// Where no account or grant can be made.
    pub async fn prepare(
        program: &Path,
        directory: &Path,
        upstream: &Url,
    ) -> anyhow::Result<Deployment> {
        Deployment::prepare_with(program, directory, upstream, OPERATORS_KEY).await
    }

    /// The same with other tables of the configuration in place of the operator's key.
    ///
    /// # Errors
    /// Where no account or grant can be made.
    pub async fn prepare_with(
        program: &Path,
        directory: &Path,
        upstream: &Url,
        tables: &str,
    ) -> anyhow::Result<Deployment> {
        Deployment::prepare_on(program, directory, upstream, tables, None).await
    }

    /// The same with the store in a PostgreSQL database: its URL for the server, and for everybody else.
    ///
    /// # Errors
    /// Where no account or grant can be made.
    pub async fn prepare_on(
        program: &Path,
        directory: &Path,
        upstream: &Url,
        tables: &str,
        postgres: Option<[String; 2]>,
    ) -> anyhow::Result<Deployment> {
        let url = postgres
            .as_ref()
            .map(|[url, _]| format!("url = {}\n", json!(url)));
        let url = url.unwrap_or_default();
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let text = format!(
            "[server]\nlisten = \"{address}\"\nauth = \"oauth\"\nshutdown_seconds = 10\n\
             [store]\npath = {}\n{url}[upstream]\nurl = \"{upstream}\"\nworkspace = \"{WORKSPACE}\"\n\
             {MANY_CALLS}{tables}",
            json!(directory.join("connector.db")),
        );
        let file = directory.join("connector.toml");
        std::fs::write(&file, text)?;
        // The account is made in this process, where the person is at hand.
        let config = Config::load(Some(&file))?;
        let here = app::start(&generated::CATALOG, config, Environment::default()).await?;
        let url = here.url().clone();
        let person = Person::first(&here).await?;
        let client = OAuthClient::register(&url, CALLBACK).await?;
        let tokens = client.connect(&person).await?;
        here.shutdown().await;
        Ok(Deployment {
            directory: directory.to_owned(),
            url,
            tokens,
            client,
            person,
            program: program.to_owned(),
            disk: None,
            postgres: postgres.map(|[_, url]| url),
        })
    }

    /// Moves its files onto a disk of `bytes`, which only this server has, and which is gone with
    /// this.
    ///
    /// # Errors
    /// Where no such disk can be had.
    pub async fn move_to_disk(&mut self, bytes: u64) -> anyhow::Result<()> {
        self.disk = Some(SmallDisk::over(&self.directory, bytes).await?);
        Ok(())
    }

    /// Moves its files back from that disk, which is gone then. No server may run.
    ///
    /// # Errors
    /// Where they cannot be copied.
    pub fn leave_disk(&mut self) -> anyhow::Result<()> {
        for file in std::fs::read_dir(self.seen())? {
            let file = file?.path();
            let name = file.file_name().context("no name")?;
            let to = self.directory.join(name);
            if file != to {
                std::fs::copy(&file, to)?;
            }
        }
        self.disk = None;
        Ok(())
    }

    /// Where its files are, for everybody else. SQLite does not find them there while they are on
    /// a disk of their own.
    #[must_use]
    pub fn seen(&self) -> PathBuf {
        match &self.disk {
            Some(disk) => disk.seen(&self.directory),
            None => self.directory.clone(),
        }
    }

    /// The file of the store.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.seen().join("connector.db")
    }

    /// A file beside the store.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.database().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Opens the store beside the server.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub async fn open_store(&self) -> anyhow::Result<StoreConnection> {
        match &self.postgres {
            Some(url) => StoreConnection::open(url).await,
            None => StoreConnection::open(&format!("sqlite:{}", self.database().display())).await,
        }
    }

    /// The calls in the audit: how each ended, by the id of its request.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn recorded_calls(&self) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
        let mut store = self.open_store().await?;
        let rows = "SELECT request_id || ' ' || outcome FROM audit WHERE action = 'tool.called'";
        let mut calls = BTreeMap::<String, Vec<String>>::new();
        for row in store.texts(rows).await? {
            let (id, outcome) = row.split_once(' ').context("no outcome")?;
            let outcomes = calls.entry(id.to_owned()).or_default();
            outcomes.push(outcome.to_owned());
        }
        Ok(calls)
    }

    /// The command that runs the server.
    fn command(&self) -> Command {
        let mut command = match &self.disk {
            Some(disk) => disk.command("sh"),
            None => Command::new("sh"),
        };
        // A file that would be too large is an error of its write, and not the end of the process.
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
        command
    }

    /// Starts a server that is to end by itself, since it cannot serve; returns what it says.
    ///
    /// # Errors
    /// Where it goes on, or ends well.
    pub async fn refusal(&self) -> anyhow::Result<String> {
        let running = self.command().stderr(Stdio::piped()).output();
        let output = tokio::time::timeout(PATIENCE / 3, running).await;
        let output = output.context("the server goes on")??;
        ensure!(!output.status.success(), "it ended well");
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Starts the server, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn start(&self) -> anyhow::Result<Process> {
        let mut process = Process(self.command().spawn()?);
        let ready = self.url.join("/readyz")?;
        let begun = Instant::now();
        loop {
            let answer = reqwest::get(ready.clone()).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(process);
            }
            if let Some(status) = process.0.try_wait()? {
                let said = self.refusal().await?;
                anyhow::bail!("the server ended with {status}: {said}");
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

    /// Sets the size that its files can grow to, in bytes, or `unlimited`.
    ///
    /// # Errors
    /// Where that cannot be set.
    pub async fn limit_files(&self, bytes: &str) -> anyhow::Result<()> {
        let limit = format!("--fsize={bytes}:unlimited");
        let id = self.id()?.to_string();
        let mut command = Command::new("prlimit");
        let done = command.args(["--pid", &id, &limit]).status().await?;
        ensure!(done.success(), "prlimit ended with {done}");
        Ok(())
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
