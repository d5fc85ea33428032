//! The example API, a server in a process of its own that makes a key there for each connection,
//! and a person with a client.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use postgres_server::Server;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tests::example_api::{self, Options, Running};
use tests::harness::browser::Form;
use tests::harness::client::{Client, Revision};
use tests::harness::database_relay::DatabaseRelay;
use tests::harness::example::{WORKSPACE, mint_settings};
use tests::harness::oauth::Tokens;
use tests::harness::process::{Deployment, Process};
use tests::harness::relay::Relay;
use tokio::sync::Mutex;

use crate::answers::{self, Answers};
use crate::row::Row;

/// How long a server may take to work again once the cause is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a store is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In a file.
    File,
    /// In a database of this server.
    Postgres(&'static Server),
}

/// A database, and what the server under test reaches it through.
pub(crate) struct Database {
    pub(crate) server: &'static Server,
    pub(crate) name: String,
    pub(crate) relay: DatabaseRelay,
    /// Its URL, without the relay.
    url: String,
}

impl Database {
    async fn make(server: &'static Server) -> Database {
        let url = server.database().unwrap();
        Database {
            server,
            name: url.rsplit('/').next().unwrap_or_default().to_owned(),
            relay: DatabaseRelay::before(server.port()).await.unwrap(),
            url,
        }
    }

    /// Runs statements in it.
    pub(crate) fn run(&self, statements: &str) {
        tokio::task::block_in_place(|| self.server.run(&self.name, statements)).unwrap();
    }
}

/// All of it, without the server's process.
pub(crate) struct World {
    /// Where the store is in PostgreSQL.
    pub(crate) database: Option<Database>,
    pub(crate) relay: Relay,
    pub(crate) deployment: Deployment,
    api: Running,
    /// Ids of the keys that the API has of its own.
    seeded: BTreeSet<String>,
    tokens: Mutex<Tokens>,
    /// The form of a consent page, shown and not sent.
    shown: Mutex<Option<Form>>,
    /// Ids of the calls that were answered with success.
    answered: Mutex<Vec<String>>,
}

impl World {
    /// Prepares everything, with the files in a directory of this name, the store among them.
    pub(crate) async fn prepare(name: &str) -> World {
        World::prepare_on(name, Place::File).await
    }

    /// The same with the store in a place.
    pub(crate) async fn prepare_on(name: &str, place: Place) -> World {
        let database = match place {
            Place::File => None,
            Place::Postgres(server) => Some(Database::make(server).await),
        };
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let options = Options {
            requests_per_minute: 1_000_000,
            ..Options::default()
        };
        let api = example_api::start(options).await.unwrap();
        let relay = Relay::before(&api.url.parse().unwrap()).await.unwrap();
        let seeded = keys(&api).await.into_keys().collect();
        let program = Path::new(env!("CARGO_BIN_EXE_connector"));
        let tables = mint_settings(&api.operator_key);
        let urls = database
            .as_ref()
            .map(|it| [it.relay.url(&it.url), it.url.clone()]);
        let deployment = Deployment::prepare_on(program, &directory, relay.url(), &tables, urls);
        let deployment = deployment.await.unwrap();
        World {
            database,
            relay,
            api,
            seeded,
            tokens: Mutex::new(deployment.tokens.clone()),
            deployment,
            shown: Mutex::default(),
            answered: Mutex::default(),
        }
    }

    /// Starts the server, with a connection to be approved.
    pub(crate) async fn start(&self) -> Process {
        let server = self.deployment.start().await.unwrap();
        self.show_consent().await.unwrap();
        server
    }

    /// Opens a consent page, unless one is open.
    async fn show_consent(&self) -> Result<(), String> {
        let mut shown = self.shown.lock().await;
        if shown.is_none() {
            let address = self.deployment.client.authorization_request().unwrap();
            let form = answers::consent(&self.deployment.person, &address).await?;
            *shown = Some(form);
        }
        Ok(())
    }

    /// The form that approves a new connection.
    pub(crate) async fn approval(&self) -> Form {
        self.show_consent().await.unwrap();
        self.shown.lock().await.take().unwrap()
    }

    /// What the store keeps of the tokens.
    pub(crate) async fn digests(&self) -> [[u8; 32]; 2] {
        let tokens = self.tokens.lock().await;
        [&tokens.access, &tokens.refresh].map(|token| Sha256::digest(token).into())
    }

    /// Calls a tool that reads and one that writes; what came of them.
    pub(crate) async fn call(&self) -> BTreeSet<String> {
        let token = self.tokens.lock().await.access.clone();
        let client = Client::new(self.deployment.url.clone(), Revision::V2026_07_28);
        let client = client.with_token(&token);
        let mut outcomes = BTreeSet::new();
        for call in answers::calls() {
            let (outcome, id) = answers::of_call(client.send("tools/call", call).await);
            outcomes.insert(outcome);
            self.answered.lock().await.extend(id);
        }
        outcomes
    }

    async fn refresh(&self) -> String {
        let token = self.tokens.lock().await.refresh.clone();
        let (outcome, tokens) = answers::refresh(&self.deployment.client, &token).await;
        if let Some(tokens) = tokens {
            *self.tokens.lock().await = tokens;
        }
        outcome
    }

    async fn approve(&self) -> String {
        if let Err(outcome) = self.show_consent().await {
            return outcome;
        }
        let mut shown = self.shown.lock().await;
        let Some(form) = shown.take() else {
            return "no form".to_owned();
        };
        let outcome = answers::approve(&self.deployment.person, &form).await;
        // What was not approved can be once more.
        if outcome == "503" {
            *shown = Some(form);
        }
        outcome
    }

    /// Does everything once, at the same time.
    async fn round(&self) -> Answers {
        let begun = self.deployment.client.authorization_request().unwrap();
        let ready = self.deployment.url.join("/readyz").unwrap();
        let (call, refresh, begin, approve, ready) = tokio::join!(
            self.call(),
            self.refresh(),
            answers::begin(&begun),
            self.approve(),
            answers::ready(ready),
        );
        Answers {
            call,
            refresh: [refresh].into(),
            begin: [begin].into(),
            approve: [approve].into(),
            ready: [ready].into(),
        }
    }

    /// What is answered for some seconds.
    pub(crate) async fn during(&self) -> Answers {
        let mut seen = Answers::default();
        // What `/readyz` found out is repeated for a second.
        for _ in 0..3 {
            seen.add(self.round().await);
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        seen
    }

    /// What is answered from now on: until all is well, and then.
    pub(crate) async fn after(&self) -> (Answers, Answers) {
        let begun = Instant::now();
        let mut between = Answers::default();
        loop {
            let seen = self.round().await;
            if seen.are_good() || begun.elapsed() > PATIENCE {
                return (between, seen);
            }
            between.add(seen);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Kills the server, and starts it again once it is time to look what became of keys that were
    /// asked for and not granted. The row of a fault that is over.
    pub(crate) async fn conclude(
        mut self,
        fault: &str,
        server: Process,
        during: Answers,
        after: (Answers, Answers),
    ) -> Row {
        server.kill().await.unwrap();
        self.deployment.leave_disk().unwrap();
        let (between, after) = after;
        let signed_out = [&during, &between, &after].iter().any(|it| it.sign_out());
        let recovered = after.are_good();
        self.row(fault, during.to_string(), after.to_string())
            .await
            .signed_out(signed_out)
            .recovered(recovered)
    }

    /// The row of a fault after which no server runs.
    pub(crate) async fn row(&self, fault: &str, during: String, after: String) -> Row {
        self.make_overdue().await;
        let server = self.deployment.start().await.unwrap();
        let mut row = Row::new(fault, during, after);
        row.unknown_keys = self.unknown_keys().await;
        row.missing_calls = self.missing_calls().await;
        server.stop().await.unwrap();
        row
    }

    /// Has no time to be waited for before keys are looked for: their leases are over, and the API
    /// has had the time to list them.
    pub(crate) async fn make_overdue(&self) {
        let mut store = self.deployment.open_store().await.unwrap();
        for statement in [
            "UPDATE upstream_key_intents SET due = 0, asked = asked - 600000",
            "UPDATE upstream_keys SET due = 0 WHERE due IS NOT NULL",
        ] {
            store.run(statement).await.unwrap();
        }
    }

    /// Waits until nothing is left to be found or revoked; the good keys at the API of which the
    /// store does not know.
    async fn unknown_keys(&self) -> Vec<String> {
        let mut store = self.deployment.open_store().await.unwrap();
        let left = "SELECT (SELECT count(*) FROM upstream_key_intents) + \
                    (SELECT count(*) FROM upstream_keys WHERE due IS NOT NULL)";
        let begun = Instant::now();
        loop {
            let left = store.number(left).await.unwrap();
            if left == 0 {
                break;
            }
            if begun.elapsed() > PATIENCE {
                let rows = "SELECT grant_id || ' due ' || due || ' attempts ' || attempts || ' ' || \
                            COALESCE(failure, '') FROM upstream_key_intents";
                let rows = store.texts(rows).await.unwrap();
                panic!("{left} keys are not settled: {rows:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let known = "SELECT key_id FROM upstream_keys";
        let known = store.texts(known).await.unwrap();
        let good = keys(&self.api).await.into_iter().filter(|(_, good)| *good);
        let mut unknown: Vec<_> = good.map(|(id, _)| id).collect();
        unknown.retain(|key| !known.contains(key) && !self.seeded.contains(key));
        unknown
    }

    /// The keys that the API made for connections.
    pub(crate) async fn minted_keys(&self) -> Minted {
        let keys = keys(&self.api).await;
        let good = keys.values().filter(|good| **good).count();
        Minted {
            made: keys.len() - self.seeded.len(),
            good: good - self.seeded.len(),
        }
    }

    /// The answered calls that the audit does not have exactly once.
    async fn missing_calls(&self) -> Vec<String> {
        let begun = Instant::now();
        let answered = self.answered.lock().await;
        loop {
            let recorded = self.deployment.recorded_calls().await.unwrap();
            let once = |id: &String| recorded.get(id).is_some_and(|it| it[..] == ["ok"]);
            let missing: Vec<_> = answered.iter().filter(|id| !once(id)).cloned().collect();
            if missing.is_empty() || begun.elapsed() > PATIENCE {
                return missing;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// How many keys the API made, and how many of them open something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Minted {
    pub(crate) made: usize,
    pub(crate) good: usize,
}

/// The ids of all keys at the API, and whether they open something.
async fn keys(api: &Running) -> BTreeMap<String, bool> {
    let (http, mut all, mut cursor) = (reqwest::Client::new(), BTreeMap::new(), String::new());
    loop {
        let mut url: url::Url = format!("{}/api-keys", api.url).parse().unwrap();
        url.query_pairs_mut()
            .append_pair("workspace_id", WORKSPACE)
            .append_pair("limit", "100");
        if !cursor.is_empty() {
            url.query_pairs_mut().append_pair("cursor", &cursor);
        }
        let request = http.get(url).header("X-Operator-Key", &api.operator_key);
        let page = request.send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&page).unwrap();
        for key in page["data"].as_array().unwrap() {
            let id = key["id"].as_str().unwrap().to_owned();
            all.insert(id, key["revoked_at"].is_null());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return all,
        }
    }
}
