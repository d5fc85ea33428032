//! Two servers on one database, behind a balancer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use http::StatusCode;
use http::header::HOST;
use postgres_server::Server;
use runtime::app::{self, Environment};
use runtime::config::Config;
use serde_json::{Value, json};
use tests::example_api::{self, Options, Running};
use tests::harness::example::{MANY_CALLS, WORKSPACE, mint_settings};
use tests::harness::oauth::{OAuthClient, Tokens};
use tests::harness::person::Person;
use tests::harness::requirement::require;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::Url;

/// How long a server may take to start, or to answer, on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a server is started whose address is taken.
const STARTS: usize = 5;
const CALLBACK: &str = "http://127.0.0.1/callback";

/// The answer of an endpoint: its status, a note that it has `Retry-After`, and its body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retries: bool,
    pub(crate) request_id: String,
    pub(crate) body: Value,
}

/// A store with an account and a grant in it, and two servers that use it.
pub(crate) struct Cluster {
    pub(crate) person: Person,
    pub(crate) client: OAuthClient,
    pub(crate) tokens: Tokens,
    /// The URL of the endpoint, at the balancer.
    pub(crate) url: Url,
    pub(crate) servers: [One; 2],
    http: reqwest::Client,
    balancer: JoinHandle<()>,
    pub(crate) directory: PathBuf,
    _api: Running,
}

/// One of the servers. It is killed when dropped.
pub(crate) struct One {
    pub(crate) address: SocketAddr,
    pub(crate) process: Child,
}

/// Returns the PostgreSQL server of the tests, unless it is not installed.
pub(crate) fn postgres() -> Option<&'static Server> {
    require(postgres_server::shared())
}

/// Makes an empty directory of this name.
pub(crate) fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("postgres-{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

pub(crate) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

impl Cluster {
    /// Starts two servers on a database, with files in a directory of this name.
    pub(crate) async fn start(name: &str, database: &str) -> anyhow::Result<Cluster> {
        Cluster::start_with(name, database, "").await
    }

    /// The same with further tables of the configuration.
    pub(crate) async fn start_with(
        name: &str,
        database: &str,
        tables: &str,
    ) -> anyhow::Result<Cluster> {
        let directory = directory(name);
        let options = Options {
            requests_per_minute: 1_000_000,
            ..Options::default()
        };
        let api = example_api::start(options).await?;
        let public = free_address().await;
        let text = format!(
            "[server]\nlisten = \"{public}\"\npublic_url = \"http://{public}\"\nauth = \"oauth\"\n\
             shutdown_seconds = 5\n[store]\npath = {}\nurl = {}\n[upstream]\nurl = \"{}\"\n\
             workspace = \"{WORKSPACE}\"\n[oauth]\nrefresh_overlap_seconds = 600\n{MANY_CALLS}{tables}{}",
            json!(directory.join("connector.db")),
            json!(database),
            api.url,
            mint_settings(&api.operator_key),
        );
        let file = directory.join("connector.toml");
        std::fs::write(&file, text)?;
        // The account is made in this process, where the person is at hand.
        let config = Config::load(Some(&file))?;
        let here = app::start(&generated::CATALOG, config, Environment::default()).await?;
        let url = here.url().clone();
        let person = Person::first(&here).await?;
        here.shutdown().await;
        let servers = [One::start(&directory).await?, One::start(&directory).await?];
        let backends = [servers[0].address, servers[1].address];
        let balancer = balance(public, backends).await?;
        let client = OAuthClient::register(&url, CALLBACK).await?;
        let tokens = client.connect(&person).await?;
        Ok(Cluster {
            person,
            client,
            tokens,
            url,
            servers,
            http: reqwest::Client::new(),
            balancer,
            directory,
            _api: api,
        })
    }

    /// Returns a code that the person approved, which is not redeemed.
    pub(crate) async fn code(&self) -> anyhow::Result<String> {
        let request = self.client.authorization_request()?;
        let response = self.person.authorize(request.as_str()).await?;
        let mut pairs = response.query_pairs();
        let code = pairs.find(|(name, _)| name == "code").context("no code")?;
        Ok(code.1.into_owned())
    }

    /// Sends a form to an endpoint of one server.
    pub(crate) async fn post(
        &self,
        server: usize,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.request(server, path);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Answer::of(request.body(body)).await
    }

    /// Sends a form as [`Cluster::post`] does, again and again while the answer is that the server cannot
    /// answer just now, as it is where a slow machine has many requests wait for each other.
    pub(crate) async fn post_until_answered(
        &self,
        server: usize,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        loop {
            let answer = self.post(server, path, form).await?;
            if answer.status != StatusCode::SERVICE_UNAVAILABLE || begun.elapsed() > PATIENCE {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Asks one server for new tokens.
    pub(crate) async fn refresh(&self, server: usize, token: &str) -> anyhow::Result<Answer> {
        let form = self.refresh_form(token);
        self.post(server, "/oauth/token", &form).await
    }

    /// Returns the form that asks for new tokens.
    pub(crate) fn refresh_form<'a>(&'a self, token: &'a str) -> [(&'a str, &'a str); 3] {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.client.id),
        ]
    }

    /// Calls a tool at one server.
    pub(crate) async fn call(&self, server: usize, token: &str) -> anyhow::Result<Answer> {
        Answer::of(call(self.request(server, "/mcp"), token)).await
    }

    /// Calls this tool at one server, and returns the result.
    pub(crate) async fn result(
        &self,
        server: usize,
        tool: &str,
        arguments: Value,
    ) -> anyhow::Result<Value> {
        let (request, token) = (self.request(server, "/mcp"), &self.tokens.access);
        let answer = Answer::of(call_tool(request, token, tool, &arguments)).await?;
        Ok(answer.body["result"].clone())
    }

    /// Sends a file to a link, or fetches that of one, at one server. Returns the status and the bytes.
    pub(crate) async fn file(
        &self,
        server: usize,
        link: &str,
        file: Option<Vec<u8>>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let origin = self.url.origin().ascii_serialization();
        let path = link
            .strip_prefix(&origin)
            .context("a link of another origin")?;
        let url = format!("http://{}{path}", self.servers[server].address);
        let request = match file {
            Some(file) => self.http.put(url).body(file),
            None => self.http.get(url),
        };
        let answer = request.header(HOST, self.url.authority()).send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }

    /// Returns a client that calls through the balancer.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            http: reqwest::Client::new(),
            url: self.url.clone(),
            token: self.tokens.access.clone(),
        }
    }

    /// Returns a client that calls through another balancer.
    pub(crate) fn caller_at(&self, balancer: SocketAddr) -> Caller {
        let url = format!("http://{balancer}{}", self.url.path());
        Caller {
            url: url.parse().expect("an address makes a URL"),
            ..self.caller()
        }
    }

    fn request(&self, server: usize, path: &str) -> reqwest::RequestBuilder {
        let address = self.servers[server].address;
        let public = self.url.authority();
        let request = self.http.post(format!("http://{address}{path}"));
        request.header(HOST, public)
    }

    /// What the servers have logged.
    pub(crate) fn log(&self) -> String {
        let log = |one: &One| std::fs::read_to_string(one.log(&self.directory));
        let logs = self.servers.iter().map(log);
        logs.map(Result::unwrap_or_default).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.balancer.abort();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A client that calls through the balancer.
pub(crate) struct Caller {
    http: reqwest::Client,
    url: Url,
    token: String,
}

impl Caller {
    pub(crate) async fn call(&self) -> anyhow::Result<Answer> {
        Answer::of(call(self.http.post(self.url.clone()), &self.token)).await
    }
}

impl One {
    /// Starts a server with the configuration of a directory, and waits until it is ready. Where another
    /// process took the free address first, another one is used.
    pub(crate) async fn start(directory: &Path) -> anyhow::Result<One> {
        for _ in 1..STARTS {
            match One::start_once(directory).await {
                Err(error) if error.to_string().contains("in use") => {}
                started => return started,
            }
        }
        One::start_once(directory).await
    }

    async fn start_once(directory: &Path) -> anyhow::Result<One> {
        let address = free_address().await;
        let mut one = One {
            address,
            process: Command::new(env!("CARGO_BIN_EXE_connector"))
                .args(["serve", "--listen", &address.to_string(), "--config"])
                .arg(directory.join("connector.toml"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(log_of(directory, address))?)
                .kill_on_drop(true)
                .spawn()?,
        };
        let begun = Instant::now();
        while !one.is_ready().await {
            if let Some(status) = one.process.try_wait()? {
                let log = std::fs::read_to_string(one.log(directory))?;
                anyhow::bail!("the server ended with {status}: {log}");
            }
            ensure!(begun.elapsed() < PATIENCE, "the server is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(one)
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let answer = reqwest::get(format!("http://{}/readyz", self.address)).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    fn log(&self, directory: &Path) -> PathBuf {
        log_of(directory, self.address)
    }
}

fn log_of(directory: &Path, address: SocketAddr) -> PathBuf {
    directory.join(format!("{}.log", address.port()))
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let answer = request.send().await?;
        Ok(Answer {
            status: answer.status(),
            retries: answer.headers().contains_key("Retry-After"),
            request_id: answer
                .headers()
                .get("X-Request-Id")
                .and_then(|id| id.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            body: serde_json::from_str(&answer.text().await?).unwrap_or_default(),
        })
    }

    /// A member of the body that is a text.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// Reports whether a call was answered with success.
    pub(crate) fn is_good_call(&self) -> bool {
        self.status == StatusCode::OK && self.body["result"]["isError"] == false
    }
}

fn call(request: reqwest::RequestBuilder, token: &str) -> reqwest::RequestBuilder {
    call_tool(request, token, "get_workspace", &json!({}))
}

fn call_tool(
    request: reqwest::RequestBuilder,
    token: &str,
    tool: &str,
    arguments: &Value,
) -> reqwest::RequestBuilder {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    request
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
        .header("MCP-Protocol-Version", "2025-06-18")
        .bearer_auth(token)
        .body(message.to_string())
}

/// Sends each connection to the next of the servers, or to the other one where that is gone.
async fn balance(public: SocketAddr, servers: [SocketAddr; 2]) -> anyhow::Result<JoinHandle<()>> {
    let listener = TcpListener::bind(public).await?;
    let next = Arc::new(AtomicUsize::new(0));
    Ok(tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let next = Arc::clone(&next);
            tokio::spawn(async move {
                let first = next.fetch_add(1, Ordering::Relaxed);
                for turn in [first, first + 1] {
                    let server = servers[turn % servers.len()];
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut caller, &mut server).await;
                        return;
                    }
                }
            });
        }
    }))
}
