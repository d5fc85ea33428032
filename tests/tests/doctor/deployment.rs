//! A server with sign-in before an API, and the program that examines it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use runtime::app::{self, Environment, Server};
use runtime::config::Config;
use serde_json::{Value, json};
use tests::harness::recorder::Recorder;
use tokio::process::Command;

/// What was found: the verdict, the message and the remedy of each subject.
pub(crate) type Findings = BTreeMap<String, Value>;

/// Files of a deployment, and the API before which it is.
pub(crate) struct Deployment {
    pub(crate) directory: PathBuf,
    pub(crate) api: Recorder,
    /// The address of the server.
    pub(crate) listen: String,
    /// Tables of the configuration beside those that every deployment has.
    pub(crate) tables: String,
    /// The store, as a line of `[store]`.
    pub(crate) store: String,
    /// The path of the endpoint.
    pub(crate) path: String,
    /// The origin of the URL that people paste.
    pub(crate) public_url: String,
    /// Variables of the program's environment.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// An address that is free for the moment.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

impl Deployment {
    /// A deployment that works.
    pub(crate) async fn new(name: &str) -> Deployment {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor_{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let listen = free_address();
        Deployment {
            store: format!("path = {}", json!(directory.join("connector.db"))),
            public_url: format!("http://{listen}"),
            api: Recorder::start().await.unwrap(),
            tables: "[upstream.credentials]\napi_key = \"key-of-the-operator\"\n".to_owned(),
            environment: Vec::new(),
            path: "/mcp".to_owned(),
            directory,
            listen,
        }
    }

    /// Writes the configuration.
    pub(crate) fn configure(&self) -> PathBuf {
        let Deployment {
            listen,
            store,
            public_url,
            path,
            tables,
            ..
        } = self;
        let upstream = self.api.url();
        let text = format!(
            "[server]\nlisten = \"{listen}\"\npublic_url = \"{public_url}\"\npath = \"{path}\"\n[store]\n{store}\n\
             [upstream]\nurl = \"{upstream}\"\nworkspace = \"wsp_harbor\"\n{tables}"
        );
        let file = self.directory.join("connector.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Starts the server.
    pub(crate) async fn start(&self) -> Server {
        let config = Config::load(Some(&self.configure())).unwrap();
        let environment = Environment::default();
        let started = app::start(&generated::CATALOG, config, environment).await;
        started.unwrap()
    }

    /// Runs the program that examines the deployment. No finding has a secret in it.
    pub(crate) async fn examine(&self) -> Findings {
        self.configure();
        let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
        command
            .args(["doctor", "--format", "json"])
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("key-of-the-operator"), "{text}");
        let lines = text.lines();
        let findings: Findings = lines
            .map(|line| {
                let finding: Value = serde_json::from_str(line).unwrap();
                (finding["subject"].as_str().unwrap().to_owned(), finding)
            })
            .collect();
        let is_faulty = findings.values().any(|it| it["verdict"] == "fault");
        assert_eq!(output.status.success(), !is_faulty, "{text}{said}");
        assert!(!findings.is_empty(), "{said}");
        findings
    }
}

/// Asks the server at an address whether it is ready, as a container does.
pub(crate) async fn health(deployment: &Deployment, listen: &str) -> Output {
    deployment.configure();
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    let command = command.args(["health", "--listen", listen]);
    let command = command.current_dir(&deployment.directory).env_clear();
    // Nothing listens there.
    let command = command.env("HTTP_PROXY", "http://127.0.0.1:9");
    command.output().await.unwrap()
}

/// Asserts that one subject alone is faulty, and what its fault and its remedy name.
pub(crate) fn assert_fault(findings: &Findings, subject: &str, fault: &str, remedy: &str) {
    let faulty = findings.values().filter(|it| it["verdict"] == "fault");
    let faulty: Vec<&Value> = faulty.collect();
    assert_eq!(faulty.len(), 1, "{findings:#?}");
    assert_eq!(faulty[0]["subject"], subject, "{findings:#?}");
    let text = |member: &str| faulty[0][member].as_str().unwrap_or_default();
    assert!(text("message").contains(fault), "{faulty:#?}");
    assert!(text("remedy").contains(remedy), "{faulty:#?}");
}
