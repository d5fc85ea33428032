use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;

use super::*;
use crate::model::{ClientId, PersonId, WorkspaceId};
use crate::operation::SecurityScheme;

/// A clock that is moved.
#[derive(Debug, Default)]
struct TestClock(AtomicU64);

impl TestClock {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A source whose answers are numbered, or fail as a test says.
#[derive(Debug, Default)]
struct Source {
    clock: Arc<TestClock>,
    asked: AtomicU64,
    refused: Mutex<Vec<Option<Digest>>>,
    fails: Mutex<Option<ExchangeError>>,
}

impl Source {
    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenSource for Source {
    async fn token(
        &self,
        _: &Grant,
        refused: Option<Digest>,
        _: &str,
    ) -> Result<ExchangedToken, ExchangeError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        self.refused.lock().unwrap().push(refused);
        tokio::time::sleep(Duration::from_millis(5)).await;
        match self.fails.lock().unwrap().clone() {
            Some(error) => Err(error),
            None => Ok(ExchangedToken {
                token: Secret::new(&format!("exchanged-{number}")),
                until: self.clock.now() + Duration::from_secs(60),
            }),
        }
    }
}

static CATALOG: Catalog = Catalog {
    name: "c",
    server_name: "c",
    title: "C",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        SecurityScheme {
            name: "login",
            kind: SecurityKind::Basic,
        },
        SecurityScheme {
            name: "token",
            kind: SecurityKind::Bearer,
        },
    ],
    operations: &[],
};

fn grant(id: &str, client: &str) -> Grant {
    Grant {
        id: GrantId::stored(id),
        person: PersonId::stored("ada"),
        workspace: WorkspaceId::stored("studio"),
        client_id: ClientId::parse(client).unwrap(),
        upstream_key: None,
    }
}

fn settings(text: &str) -> ExchangeSettings {
    toml::from_str(&format!("form = 'token-exchange'\n{text}")).unwrap()
}

fn exchange() -> (Exchange, Arc<Source>) {
    let source = Arc::new(Source::default());
    let clock = Arc::clone(&source.clock) as Arc<dyn Clock>;
    let upstream = UpstreamSettings::default();
    let exchange = Exchange::new(&CATALOG, &upstream, &settings(""), clock).unwrap();
    exchange.take_from(Arc::clone(&source) as Arc<dyn TokenSource>);
    (exchange, source)
}

async fn token(exchange: &Exchange, grant: &Grant) -> String {
    let token = exchange.token(grant, "r").await.unwrap();
    token.key.secret.expose().to_owned()
}

#[tokio::test]
async fn token_is_issued_once_for_each_grant_until_it_ends() {
    let (exchange, source) = exchange();
    let (first, second) = (grant("key_1", "c"), grant("key_2", "c"));
    let all = join_all((0..20).map(|_| token(&exchange, &first))).await;
    assert!(all.iter().all(|it| it == "exchanged-0"), "{all:?}");
    assert_eq!(token(&exchange, &second).await, "exchanged-1");
    source.clock.advance(59);
    assert_eq!(token(&exchange, &first).await, "exchanged-0");
    source.clock.advance(1);
    assert_eq!(token(&exchange, &first).await, "exchanged-2");
    assert_eq!(source.asked(), 3);
    assert!(!format!("{exchange:?}").contains("exchanged"));
}

#[tokio::test]
async fn token_that_the_api_refuses_is_forgotten_and_its_successor_is_not() {
    let (exchange, _) = exchange();
    let grant = grant("key_1", "c");
    let first = exchange.token(&grant, "r").await.unwrap();
    assert!(first.is_new);
    exchange.forget(&grant.id, &first.key.secret).await;
    assert_eq!(token(&exchange, &grant).await, "exchanged-1");
    // A call that carried the first one comes late.
    exchange.forget(&grant.id, &first.key.secret).await;
    let kept = exchange.token(&grant, "r").await.unwrap();
    assert_eq!(
        (kept.key.secret.expose(), kept.is_new),
        ("exchanged-1", false)
    );
}

#[tokio::test]
async fn outage_is_reported_to_all_who_wait_and_ends_with_a_pause() {
    let (exchange, source) = exchange();
    let grant = grant("key_1", "c");
    let outage = ExchangeError::Unavailable {
        retry_after_seconds: 10,
    };
    *source.fails.lock().unwrap() = Some(outage.clone());
    for answer in join_all((0..20).map(|_| exchange.token(&grant, "r"))).await {
        assert_eq!(answer.unwrap_err(), outage);
    }
    assert_eq!(source.asked(), 1);
    source.clock.advance(8);
    let rest = ExchangeError::Unavailable {
        retry_after_seconds: 2,
    };
    assert_eq!(exchange.token(&grant, "r").await.unwrap_err(), rest);
    *source.fails.lock().unwrap() = None;
    source.clock.advance(2);
    assert_eq!(token(&exchange, &grant).await, "exchanged-1");
}

#[tokio::test]
async fn refusal_is_handed_on_with_the_token_that_it_is_about() {
    let (exchange, source) = exchange();
    let grant = grant("key_1", "c");
    let refusal = |code: Option<&str>| ExchangeError::Refused {
        code: code.map(ToOwned::to_owned),
        subject: Digest::of("subject"),
        sign_in_url: "https://mcp.example.com".to_owned(),
    };
    *source.fails.lock().unwrap() = Some(refusal(Some("interaction_required")));
    let expected = refusal(Some("interaction_required"));
    assert_eq!(exchange.token(&grant, "r").await.unwrap_err(), expected);
    // The source finds the same token and asks nothing: the code is that of the first answer.
    *source.fails.lock().unwrap() = Some(refusal(None));
    source.clock.advance(59);
    assert_eq!(exchange.token(&grant, "r").await.unwrap_err(), expected);
    source.clock.advance(1);
    assert_eq!(
        exchange.token(&grant, "r").await.unwrap_err(),
        refusal(None)
    );
    let refused = source.refused.lock().unwrap().clone();
    assert_eq!(refused, [None, Some(Digest::of("subject")), None]);
}

#[tokio::test]
async fn tokens_of_grants_that_ended_are_forgotten() {
    let (exchange, source) = exchange();
    let (ended, live) = (grant("key_1", "c"), grant("key_2", "c"));
    for grant in [&ended, &live] {
        token(&exchange, grant).await;
    }
    let grants = [ended.id.clone(), live.id.clone()];
    exchange.retain(&grants, &grants[1..]);
    let left: Vec<GrantId> = exchange.places().keys().cloned().collect();
    assert_eq!(left, std::slice::from_ref(&live.id));
    // What has expired says nothing any more.
    source.clock.advance(60);
    exchange.retain(&grants[1..], &grants[1..]);
    assert!(exchange.places().is_empty());
}

#[tokio::test]
async fn agent_has_no_token_of_a_person() {
    let (exchange, source) = exchange();
    let agent = grant("key_1", "agt_1");
    let refused = exchange.token(&agent, "r").await.unwrap_err();
    assert_eq!(refused, ExchangeError::Agent);
    assert_eq!(source.asked(), 0);
}

#[test]
fn scheme_is_the_one_that_is_sent_as_a_bearer_token() {
    let error = |text: &str, credentials: &str| {
        let upstream = UpstreamSettings {
            credentials: toml::from_str(credentials).unwrap(),
            ..UpstreamSettings::default()
        };
        let made = Exchange::new(
            &CATALOG,
            &upstream,
            &settings(text),
            Arc::new(TestClock::default()),
        );
        made.map(|it| it.scheme).map_err(|error| error.to_string())
    };
    assert_eq!(error("", "").unwrap(), "token");
    assert_eq!(error("scheme = 'token'", "").unwrap(), "token");
    let other = error("scheme = 'login'", "").unwrap_err();
    assert!(other.contains("no security scheme `login`"), "{other}");
    let both = error("", "token = 'shared-key'").unwrap_err();
    assert!(both.contains("upstream.credentials.token"), "{both}");
    assert!(!both.contains("shared-key"), "{both}");
}
