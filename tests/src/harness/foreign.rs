//! Programs of other people: MCP clients and the conformance suite, as `.ci/stages/tools` installs
//! them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

use super::requirement::repository;

/// Node.js with the packages of `tests/clients/package.json`.
#[derive(Clone, Debug)]
pub struct Node {
    directory: PathBuf,
}

impl Node {
    /// Finds it.
    ///
    /// # Errors
    /// Where it is not installed.
    pub fn find() -> Result<Node, String> {
        let directory = clients();
        installed(&directory.join("node_modules/.bin/node"))?;
        Ok(Node { directory })
    }

    /// A program of one of the packages.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        self.script(&self.directory.join("node_modules/.bin").join(name))
    }

    /// The TypeScript SDKs' session script.
    #[must_use]
    pub fn typescript(&self) -> Command {
        self.script(&self.directory.join("typescript.mjs"))
    }

    /// The agent of `specs/profiles/agent`, in an empty directory of its own where it finds its packages.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn agent(&self, directory: &Path) -> std::io::Result<Command> {
        let script = directory.join("agent.mjs");
        std::fs::copy(repository().join("specs/profiles/agent/agent.mjs"), &script)?;
        let packages = self.directory.join("node_modules");
        std::os::unix::fs::symlink(packages, directory.join("node_modules"))?;
        Ok(self.script(&script))
    }

    /// The environment of a program that opens a browser: `person` answers there, and what it
    /// keeps is kept under `home`. There is nothing else in it, so that no real browser is found.
    #[must_use]
    pub fn environment(&self, person: &Url, home: &Path) -> BTreeMap<&'static str, OsString> {
        let browser = self.directory.join("person.mjs");
        BTreeMap::from([
            ("PATH", self.path()),
            ("HOME", home.into()),
            ("BROWSER", browser.into()),
            ("PERSON", person.as_str().into()),
        ])
    }

    fn script(&self, script: &Path) -> Command {
        let mut command = self.node();
        command.arg(script);
        command
    }

    fn node(&self) -> Command {
        let mut command = Command::new(self.binaries().join("node"));
        command.env("PATH", self.path()).kill_on_drop(true);
        command
    }

    fn binaries(&self) -> PathBuf {
        self.directory.join("node_modules/.bin")
    }

    /// Programs that start Node.js again get the same one.
    fn path(&self) -> OsString {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.binaries()).chain(std::env::split_paths(&inherited));
        std::env::join_paths(path).unwrap_or(inherited.clone())
    }
}

/// Chromium, and what drives it: Node.js with the packages of `tests/browser/package.json`.
#[derive(Clone, Debug)]
pub struct Browser {
    node: Node,
}

impl Browser {
    /// Finds it.
    ///
    /// # Errors
    /// Where a part of it is not installed.
    pub fn find() -> Result<Browser, String> {
        let chromium = std::env::var_os("CHROMIUM").unwrap_or("/usr/bin/chromium".into());
        installed(Path::new(&chromium))?;
        for package in ["axe-core", "playwright-core"] {
            installed(&Browser::directory().join("node_modules").join(package))?;
        }
        Ok(Browser {
            node: Node::find()?,
        })
    }

    /// Reports whether a further package of `tests/browser/package.json` is installed.
    ///
    /// # Errors
    /// Where it is not.
    pub fn with(self, package: &str) -> Result<Browser, String> {
        installed(&Browser::directory().join("node_modules").join(package))?;
        Ok(self)
    }

    /// Node.js in the directory of the browser's suites; what it is to do is still to be added.
    #[must_use]
    pub fn node(&self) -> Command {
        let mut command = self.node.node();
        command.current_dir(Browser::directory());
        command
    }

    fn directory() -> PathBuf {
        repository().join("tests/browser")
    }
}

/// An OpenID provider, which runs until this is dropped: `tests/browser/provider.mjs`.
#[derive(Debug)]
pub struct Provider {
    /// Its issuer identifier.
    pub issuer: Url,
    child: Child,
    /// Kept open, so that the provider can go on printing.
    _printed: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    /// Starts it at a free port. It serves nothing until a client is registered.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start(browser: &Browser) -> anyhow::Result<Provider> {
        let mut node = browser.node();
        node.arg("provider.mjs");
        let node = node.stdin(Stdio::piped()).stdout(Stdio::piped());
        // It warns, at each start, that it is for development.
        let mut child = node.stderr(Stdio::null()).spawn()?;
        let printed = child.stdout.take().context("no output")?;
        let mut printed = BufReader::new(printed).lines();
        let line = printed.next_line().await?;
        Ok(Provider {
            issuer: Url::parse(&line.context("it printed no issuer")?)?,
            child,
            _printed: printed,
        })
    }

    /// Registers the server under the id and the secret of the profile `team-session`.
    ///
    /// # Errors
    /// Where the provider has ended.
    pub async fn register(&mut self, callback: &Url) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("no input")?;
        input.write_all(format!("{callback}\n").as_bytes()).await?;
        Ok(())
    }
}

/// Prism: Node.js with the packages of `tests/judge/package.json`.
#[derive(Clone, Debug)]
pub struct Judge {
    node: Node,
}

impl Judge {
    /// Finds it.
    ///
    /// # Errors
    /// Where a part of it is not installed.
    pub fn find() -> Result<Judge, String> {
        installed(&Judge::directory().join("node_modules/@stoplight/prism-http"))?;
        Ok(Judge {
            node: Node::find()?,
        })
    }

    /// Its program; the description is still to be added.
    #[must_use]
    pub fn program(&self) -> Command {
        self.node.script(&Judge::directory().join("judge.mjs"))
    }

    fn directory() -> PathBuf {
        repository().join("tests/judge")
    }
}

/// Python with the packages of `tests/clients/requirements.txt`.
#[derive(Clone, Debug)]
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Finds it.
    ///
    /// # Errors
    /// Where it is not installed.
    pub fn find() -> Result<Python, String> {
        let interpreter = clients().join(".venv/bin/python");
        installed(&interpreter)?;
        Ok(Python { interpreter })
    }

    /// The SDK's session script.
    #[must_use]
    pub fn session(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command
            .arg(clients().join("python_client.py"))
            .kill_on_drop(true);
        command
    }
}

/// Runs a program that prints JSON, and reads it.
///
/// # Errors
/// Where it cannot be run, fails, or prints something else: with all that it said.
pub async fn json<A: AsRef<OsStr>>(
    mut command: Command,
    arguments: impl IntoIterator<Item = A>,
) -> anyhow::Result<Value> {
    let output = command.args(arguments).output().await?;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    anyhow::ensure!(
        output.status.success(),
        "{}\n{stdout}\n{stderr}",
        output.status
    );
    serde_json::from_slice(&output.stdout)
        .map_err(|error| anyhow::anyhow!("{error}\n{stdout}\n{stderr}"))
}

fn clients() -> PathBuf {
    repository().join("tests/clients")
}

fn installed(program: &Path) -> Result<(), String> {
    match program.exists() {
        true => Ok(()),
        false => Err(format!(
            "{} is not there; `.ci/stages/tools` installs it",
            program.display()
        )),
    }
}
