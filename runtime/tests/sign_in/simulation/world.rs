//! The server of the simulation, what becomes of it in ninety days, and its clients.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use runtime::app::{StoreFailure, StoreFailures};
use runtime::config::{Auth, Config, OpenIdSettings};
use serde_json::{Value, json};

use super::Mutation;
use super::profile::{PROFILES, Profile, Registration};
use crate::browser::Browser;
use crate::identity_provider::{IdentityProvider, to_portal};
use crate::leaving;
use crate::openid::verified;
use crate::support::{
    Client, Documents, ORIGIN, Parts, Response, TestClock, TestServer, Tokens, scratch,
};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;
/// How long it lasts, in days.
const DAYS: u64 = 90;
/// What an outage of the database lasts: longer than an access token.
const OUTAGE: u64 = 30 * HOUR;

const FIRST_KEY: &str = "{ id = \"1\", key = \"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\" }";
const SECOND_KEY: &str = "{ id = \"2\", key = \"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\" }";

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    Use(usize),
    Restart,
    /// The database is away, or is back.
    Database {
        is_away: bool,
    },
    /// The identity provider is away, or is back.
    Provider {
        is_away: bool,
    },
    /// The hosts of the clients' documents are away, or are back.
    Documents {
        are_away: bool,
    },
    /// The provider signs with the key of this number.
    ProviderKey(usize),
    /// The sealing keys of the next start: the first one that seals.
    SealingKeys(&'static [&'static str]),
    /// The key that signs ID tokens is removed; the next start makes another one.
    SigningKey,
    ClockSetBack(Duration),
}

/// All that happens, with the minute in which it does.
fn events() -> Vec<(u64, Event)> {
    let mut events = vec![
        (20 * DAY, Event::Provider { is_away: true }),
        (20 * DAY + 12 * HOUR, Event::Provider { is_away: false }),
        (25 * DAY, Event::ProviderKey(1)),
        (30 * DAY, Event::Documents { are_away: true }),
        (32 * DAY, Event::Documents { are_away: false }),
        (33 * DAY, Event::SealingKeys(&[SECOND_KEY, FIRST_KEY])),
        (50 * DAY, Event::SealingKeys(&[SECOND_KEY])),
        (45 * DAY, Event::SigningKey),
        (56 * DAY, Event::ClockSetBack(Duration::from_hours(3))),
        (62 * DAY, Event::ProviderKey(2)),
    ];
    for day in (1..DAYS).step_by(3) {
        events.push((day * DAY + 333, Event::Restart));
    }
    for day in [11, 41, 71] {
        let begun = day * DAY + 17;
        events.push((begun, Event::Database { is_away: true }));
        events.push((begun + OUTAGE, Event::Database { is_away: false }));
    }
    for (number, profile) in PROFILES.iter().enumerate() {
        let first = 31 * (number as u64 + 1);
        let uses = (first..DAYS * DAY).step_by(profile.habits.every as usize);
        let uses = uses.filter(|minute| !profile.habits.pause.contains(&(minute / DAY)));
        events.extend(uses.map(|minute| (minute, Event::Use(number))));
    }
    // Stable: what happens in the same minute stays in this order.
    events.sort_by_key(|(minute, _)| *minute);
    events
}

/// A database that is away as long as this is set.
#[derive(Debug, Default)]
struct Database(AtomicBool);

impl StoreFailures for Database {
    fn next(&self) -> Option<StoreFailure> {
        self.0
            .load(Ordering::SeqCst)
            .then_some(StoreFailure::Refused)
    }
}

/// A client and its tokens.
struct Connection {
    profile: &'static Profile,
    client: Client,
    tokens: Tokens,
    /// When the access token ends, in milliseconds since 1970.
    expires: i64,
    refreshes: usize,
}

/// What came of a refresh.
enum Refreshed {
    Done(Tokens, Response),
    /// It is to be tried again later.
    Later,
    Refused(String),
}

/// What happened in all.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) days: u64,
    pub(super) restarts: usize,
    pub(super) outages: usize,
    pub(super) calls: usize,
    pub(super) refreshes: usize,
    /// Refreshes that were sent although another one had used the token.
    pub(super) repeated: usize,
    /// Requests that were answered with 503 and `Retry-After`.
    pub(super) unavailable: usize,
    /// The clients that were out a minute after the person was disabled at the provider.
    pub(super) out_within_a_minute: usize,
    /// The first client that had to sign in again, and why: the simulation ends with it.
    pub(super) new_sign_in: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} days, {} clients, {} restarts, {} outages of the database: {} calls, {} refreshes, of \
             which {} repeated, {} answers 503, new sign-ins: {}",
            self.days,
            PROFILES.len(),
            self.restarts,
            self.outages,
            self.calls,
            self.refreshes,
            self.repeated,
            self.unavailable,
            self.new_sign_in.as_deref().unwrap_or("0"),
        )
    }
}

/// All of it.
pub(super) struct World {
    mutation: Option<Mutation>,
    provider: IdentityProvider,
    clock: Arc<TestClock>,
    documents: Arc<Documents>,
    database: Arc<Database>,
    file: PathBuf,
    sealing_keys: &'static [&'static str],
    provider_is_away: bool,
    server: Option<TestServer>,
    connections: Vec<Connection>,
    minute: u64,
    report: Report,
}

impl World {
    /// Starts the server and connects every client once.
    pub(super) async fn start(mutation: Option<Mutation>) -> World {
        let provider = leaving::provider().await;
        provider.script(|script| script.rotates = true);
        let mut world = World {
            mutation,
            clock: provider.clock(),
            provider,
            documents: Arc::default(),
            database: Arc::default(),
            file: scratch(),
            sealing_keys: &[FIRST_KEY],
            provider_is_away: false,
            server: None,
            connections: Vec::new(),
            minute: 0,
            report: Report::default(),
        };
        world.publish();
        world.server = Some(world.serve().await);
        for profile in &PROFILES {
            let connection = world.connect(profile).await;
            world.connections.push(connection);
        }
        world
    }

    fn config(&self) -> Config {
        let keys = format!("sealing_keys = [{}]", self.sealing_keys.join(", "));
        let settings = leaving::SETTINGS.replace(&format!("sealing_keys = [{FIRST_KEY}]"), &keys);
        assert!(settings.contains(&keys), "{settings}");
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.auth = Auth::Oauth;
        config.server.mock = true;
        config.store.path = self.file.clone();
        config.accounts.passwords = false;
        config.identity = Some(self.provider.settings(&settings));
        config.oauth.openid = Some(OpenIdSettings {
            key_file: self.signing_key(),
        });
        if self.mutation == Some(Mutation::NoGrace) {
            config.oauth.refresh_overlap_seconds = 0;
        }
        config
    }

    fn signing_key(&self) -> PathBuf {
        self.file.with_extension("openid.key")
    }

    async fn serve(&self) -> TestServer {
        let parts = Parts {
            clock: Arc::clone(&self.clock),
            documents: Arc::clone(&self.documents),
            failures: Some(Arc::clone(&self.database) as Arc<dyn StoreFailures>),
        };
        TestServer::start_with_parts(self.config(), parts).await
    }

    fn server(&self) -> &TestServer {
        self.server.as_ref().unwrap()
    }

    async fn restart(&mut self) {
        let server = self.server.take().unwrap();
        server.server.shutdown().await;
        if self.mutation == Some(Mutation::LostRegistrations) {
            let url = format!("sqlite:{}", self.file.display());
            let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
                .await
                .unwrap();
            let lost = sqlx::query("DELETE FROM clients").execute(&mut connection);
            assert!(lost.await.unwrap().rows_affected() > 0);
        }
        self.server = Some(self.serve().await);
    }

    /// Puts the clients' documents where their clients say that they are.
    fn publish(&self) {
        for profile in &PROFILES {
            if let Registration::Document(text) = &profile.registration {
                let document = profile.registration.json();
                self.documents
                    .put(document["client_id"].as_str().unwrap(), text);
            }
        }
    }

    /// Connects a client, as its person does once.
    async fn connect(&self, profile: &'static Profile) -> Connection {
        let server = self.server();
        let metadata = profile.registration.json();
        let id = match &profile.registration {
            Registration::Document(_) => metadata["client_id"].clone(),
            Registration::Dynamic(_) => {
                let answer = server.post_json("/oauth/register", &metadata).await;
                assert_eq!(answer.status, 201, "{}: {}", profile.name, answer.body);
                answer.json()["client_id"].clone()
            }
        };
        let mut client = Client::new(id.as_str().unwrap(), profile.redirect_uri);
        profile.scope.clone_into(&mut client.scope);
        let mut browser = Browser::new(server);
        to_portal(&self.provider, &mut browser).await;
        let tokens = client.connect(&mut browser, profile.level).await;
        assert!(!tokens.refresh.is_empty(), "{}", profile.name);
        Connection {
            profile,
            client,
            expires: self.end_of(&tokens),
            tokens,
            refreshes: 0,
        }
    }

    fn end_of(&self, tokens: &Tokens) -> i64 {
        let lasts = i64::try_from(tokens.expires_in.unwrap()).unwrap();
        self.clock.millis() + lasts * 1000
    }

    /// Lets everything happen, until a client has to sign in again.
    pub(super) async fn live(mut self) -> Report {
        for (minute, event) in events() {
            let passes = Duration::from_secs(60 * (minute - self.minute));
            self.clock.advance(passes);
            self.minute = minute;
            self.report.days = minute / DAY + 1;
            if let Err(why) = self.happen(event).await {
                let at = format!("on day {}, {why}", self.report.days);
                self.report.new_sign_in = Some(at);
                return self.report;
            }
        }
        self.disable().await;
        self.report
    }

    async fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Use(number) => return self.call(number).await,
            Event::Restart => {
                self.restart().await;
                self.report.restarts += 1;
            }
            Event::Database { is_away } => {
                self.database.0.store(is_away, Ordering::SeqCst);
                self.report.outages += usize::from(is_away);
            }
            Event::Provider { is_away } => {
                self.provider_is_away = is_away;
                self.provider.script(|script| script.is_down = is_away);
            }
            Event::Documents { are_away: true } => self.documents.at.lock().unwrap().clear(),
            Event::Documents { are_away: false } => self.publish(),
            Event::ProviderKey(number) => {
                self.provider.script(|script| script.published = number);
            }
            Event::SealingKeys(keys) => self.sealing_keys = keys,
            Event::SigningKey => std::fs::remove_file(self.signing_key()).unwrap(),
            Event::ClockSetBack(by) => self.clock.set_back(by),
        }
        Ok(())
    }

    /// The person is disabled at the provider: a minute later no client has access.
    async fn disable(&mut self) {
        self.provider.script(|script| script.has_left = true);
        self.clock.advance(Duration::from_mins(1));
        for number in 0..self.connections.len() {
            let called = self.send_call(number).await;
            let refreshed = self.send_refresh(number).await;
            let is_out = called.status == 401
                && refreshed.status == 400
                && refreshed.error() == "invalid_grant";
            self.report.out_within_a_minute += usize::from(is_out);
        }
    }

    /// A client calls a tool, and refreshes as is its habit.
    async fn call(&mut self, number: usize) -> Result<(), String> {
        let connection = &self.connections[number];
        let name = connection.profile.name;
        if let Some(ahead) = connection.profile.habits.ahead {
            let early = i64::try_from(ahead * 60 * 1000).unwrap();
            if self.clock.millis() + early >= connection.expires {
                match self.refresh(number).await {
                    Refreshed::Done(..) | Refreshed::Later => {}
                    Refreshed::Refused(error) => return Err(format!("{name}: {error}")),
                }
            }
        }
        self.report.calls += 1;
        let answer = self.send_call(number).await;
        if !self.needs_a_refresh(name, &answer) {
            return Ok(());
        }
        // As the TypeScript SDK does, a client that was answered 401 and cannot refresh starts anew.
        match self.refresh(number).await {
            Refreshed::Done(..) => {}
            Refreshed::Later => return Err(format!("{name}: 401, and no refresh after it")),
            Refreshed::Refused(error) => return Err(format!("{name}: {error} after a 401")),
        }
        let again = self.send_call(number).await;
        match self.needs_a_refresh(name, &again) {
            true => Err(format!("{name}: 401 after a refresh")),
            false => Ok(()),
        }
    }

    /// Whether a call was refused for its token.
    fn needs_a_refresh(&mut self, name: &str, answer: &Response) -> bool {
        match answer.status {
            200 => false,
            401 => true,
            503 => {
                assert!(answer.headers.contains_key("retry-after"), "{name}");
                self.report.unavailable += 1;
                false
            }
            status => panic!("{name}: {status} {}", answer.body),
        }
    }

    async fn send_call(&self, number: usize) -> Response {
        let token = &self.connections[number].tokens.access;
        let mut answer = self.server().call(token, "get_pet", json!({})).await;
        let is_refused = match self.mutation {
            Some(Mutation::UnauthorizedInAnOutage) => answer.status == 503,
            Some(Mutation::OutageOfTheProviderEndsAccess) => self.provider_is_away,
            _ => false,
        };
        if is_refused {
            answer.status = 401;
        }
        answer
    }

    /// Refreshes with all that a client's habits bring.
    async fn refresh(&mut self, number: usize) -> Refreshed {
        let habits = &self.connections[number].profile.habits;
        let ordinal = self.connections[number].refreshes + 1;
        let is_away = self.database.0.load(Ordering::SeqCst);
        if habits
            .loses_one_of
            .is_some_and(|one| ordinal.is_multiple_of(one))
            && !is_away
        {
            self.send_refresh(number).await;
            self.report.repeated += 1;
            self.clock.advance(Duration::from_secs(10));
            if habits.loses_it_by_a_restart {
                self.restart().await;
            }
        }
        let together = (0..habits.together).map(|_| self.send_refresh(number));
        let mut answers = join_all(together).await;
        if habits.has_latecomer && answers[0].status == 200 {
            self.clock.advance(Duration::from_secs(15));
            answers.push(self.send_refresh(number).await);
        }
        self.report.repeated += answers.len() - 1;
        let outcome = self.agreed(answers);
        if let Refreshed::Done(tokens, answer) = &outcome {
            self.report.refreshes += 1;
            let expires = self.end_of(tokens);
            let connection = &mut self.connections[number];
            connection.tokens = tokens.clone();
            connection.expires = expires;
            connection.refreshes += 1;
            if connection.profile.scope.contains("openid") {
                let connection = &self.connections[number];
                let id_token = answer.json()["id_token"].clone();
                verified(self.server(), &id_token, &connection.client).await;
            }
        }
        outcome
    }

    /// What several processes of a client were answered, who share the tokens.
    fn agreed(&mut self, answers: Vec<Response>) -> Refreshed {
        let mut agreed: Option<(Tokens, Response)> = None;
        for answer in answers {
            match answer.status {
                200 => {}
                503 => {
                    assert!(answer.headers.contains_key("retry-after"));
                    assert_eq!(answer.error(), "temporarily_unavailable");
                    self.report.unavailable += 1;
                    return Refreshed::Later;
                }
                status => return Refreshed::Refused(format!("{status} {}", answer.error())),
            }
            let tokens = Tokens::of(&answer);
            // They share what is stored, so that each has to be answered the same.
            match &agreed {
                Some((other, _)) => {
                    assert_eq!(
                        (&other.access, &other.refresh),
                        (&tokens.access, &tokens.refresh)
                    );
                }
                None => agreed = Some((tokens, answer)),
            }
        }
        let (tokens, answer) = agreed.unwrap();
        Refreshed::Done(tokens, answer)
    }

    async fn send_refresh(&self, number: usize) -> Response {
        let Connection {
            profile,
            client,
            tokens,
            ..
        } = &self.connections[number];
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            ("client_id", client.client_id.as_str()),
        ];
        if profile.habits.names_resource {
            form.push(("resource", client.resource.as_str()));
        }
        if profile.habits.repeats_scope {
            form.push(("scope", client.scope.as_str()));
        }
        let mut answer = self.server().post_form("/oauth/token", &form).await;
        let error = match self.mutation {
            Some(Mutation::LiteralGrantTypes) if !has_literal_grant_types(profile) => {
                "unauthorized_client"
            }
            Some(Mutation::InvalidGrantInAnOutage) if answer.status == 503 => "invalid_grant",
            _ => return answer,
        };
        answer.status = 400;
        answer.body = json!({ "error": error }).to_string();
        answer
    }
}

/// Whether a client lists the grant type of refreshes, and none that the server does not know.
fn has_literal_grant_types(profile: &Profile) -> bool {
    let metadata = profile.registration.json();
    let listed = metadata["grant_types"].as_array().unwrap();
    let is_known = |it: &Value| *it == "authorization_code" || *it == "refresh_token";
    listed.iter().all(is_known) && listed.iter().any(|it| *it == "refresh_token")
}
