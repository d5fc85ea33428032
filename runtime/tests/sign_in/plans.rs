//! Plans of workspaces that the API is asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use runtime::config::{Config, PlanFrom, QuotaPeriod, QuotaPlan};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::limits::successes;
use crate::people::workspace;
use crate::support::{Client, EMAIL, PASSWORD, TestServer};

/// An API that says which plan a home has, or that it is down.
#[derive(Debug, Default)]
struct PlanApi {
    answer: Mutex<Option<Value>>,
    asked: Mutex<Vec<String>>,
    pets: AtomicUsize,
}

async fn home(State(api): State<Arc<PlanApi>>, Path(home): Path<String>) -> Response {
    api.asked.lock().unwrap().push(home);
    // Others come meanwhile.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = api.answer.lock().unwrap().clone();
    match answer {
        Some(answer) => axum::Json(answer).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn pet(State(api): State<Arc<PlanApi>>) -> Response {
    api.pets.fetch_add(1, Ordering::SeqCst);
    axum::Json(json!({"name": "Rex"})).into_response()
}

impl PlanApi {
    async fn start(answer: Option<Value>) -> (Arc<PlanApi>, String) {
        let api = Arc::new(PlanApi {
            answer: Mutex::new(answer),
            ..PlanApi::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/homes/{home}", get(home))
            .route("/pets", get(pet))
            .with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (api, url)
    }

    fn answer(&self, answer: Option<Value>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn named(plan: &str) -> Option<Value> {
    Some(json!({"plan": {"name": plan}}))
}

/// Asks for the plans `small` and `big`, of 2 and 5 calls a day.
fn by_name(config: &mut Config) {
    for (name, limit) in [("small", 2), ("big", 5), ("default", 1)] {
        let period = QuotaPeriod::Day;
        let plan = QuotaPlan { limit, period };
        config.quota.plans.insert(name.to_owned(), plan);
    }
    config.quota.plan_from = Some(PlanFrom {
        operation: "get_home".to_owned(),
        arguments: None,
        plan: Some("/plan/name".to_owned().try_into().unwrap()),
        limit: None,
        period: None,
    });
    config.upstream.retries.max_attempts = 1;
}

/// A server before the API, and a connection.
async fn connected(url: &str, change: impl FnOnce(&mut Config)) -> (TestServer, String) {
    let server = TestServer::with(|config| {
        by_name(config);
        config.upstream.url = Some(url.parse().unwrap());
        config.server.max_calls_per_grant = 200;
        config.server.max_calls_per_workspace = 200;
        change(config);
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    (server, token)
}

/// The first person in another browser.
pub(crate) async fn sign_in(server: &TestServer) -> Browser<'_> {
    let mut browser = Browser::new(server);
    let page = browser.open("/account/sign-in").await.page();
    browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    browser
}

#[tokio::test]
async fn plan_that_changes_at_the_api_is_seen_after_a_minute() {
    let (api, url) = PlanApi::start(named("small")).await;
    let (server, token) = connected(&url, |_| ()).await;
    assert_eq!(successes(&server, &token, 3).await, 2);
    // It was asked for the workspace of the call, which it is not charged for.
    assert_eq!(*api.asked.lock().unwrap(), ["home-1"]);
    api.answer(named("big"));
    server.clock.advance(Duration::from_secs(59));
    assert_eq!(successes(&server, &token, 3).await, 0);
    assert_eq!(api.asked(), 1);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(successes(&server, &token, 9).await, 3);
    assert_eq!(api.asked(), 2);
    // A smaller plan counts what was used before.
    api.answer(named("small"));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 3).await, 0);
    assert_eq!(api.pets.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_hundred_calls_at_once_ask_for_the_plan_once() {
    let (api, url) = PlanApi::start(Some(json!({"calls": 60}))).await;
    let (server, token) = connected(&url, |config| {
        let from = config.quota.plan_from.as_mut().unwrap();
        from.plan = None;
        from.limit = Some("/calls".to_owned().try_into().unwrap());
        from.period = Some(QuotaPeriod::Month);
    })
    .await;
    assert_eq!(successes(&server, &token, 100).await, 60);
    assert_eq!(api.asked(), 1);
    // null is no limit.
    api.answer(Some(json!({"calls": null})));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 100).await, 100);
    assert_eq!(api.asked(), 2);
}

#[tokio::test]
async fn caller_that_goes_away_while_the_api_is_asked_leaves_the_answer_to_others() {
    let (api, url) = PlanApi::start(named("small")).await;
    let (server, token) = connected(&url, |_| ()).await;
    let is_asked = async {
        while api.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        answer = server.call(&token, "get_pet", json!({})) => panic!("{}", answer.body),
        () = is_asked => {}
    }
    assert_eq!(successes(&server, &token, 3).await, 2);
    assert_eq!(api.asked(), 1);
}

#[tokio::test]
async fn rest_of_a_portion_returns_when_the_plan_becomes_smaller() {
    let (api, url) = PlanApi::start(Some(json!({"calls": 64}))).await;
    let (server, token) = connected(&url, |config| {
        let from = config.quota.plan_from.as_mut().unwrap();
        from.plan = None;
        from.limit = Some("/calls".to_owned().try_into().unwrap());
        from.period = Some(QuotaPeriod::Month);
    })
    .await;
    // The server takes four, of which three are left.
    assert_eq!(successes(&server, &token, 1).await, 1);
    api.answer(Some(json!({"calls": 0})));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 3).await, 0);
    api.answer(Some(json!({"calls": 64})));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 100).await, 63);
}

#[tokio::test]
async fn rest_of_a_portion_returns_when_the_period_of_the_plan_changes() {
    let (api, url) = PlanApi::start(named("daily")).await;
    let (server, token) = connected(&url, |config| {
        for (name, period) in [("daily", QuotaPeriod::Day), ("monthly", QuotaPeriod::Month)] {
            let plan = QuotaPlan { limit: 64, period };
            config.quota.plans.insert(name.to_owned(), plan);
        }
    })
    .await;
    assert_eq!(successes(&server, &token, 1).await, 1);
    api.answer(named("monthly"));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 1).await, 1);
    api.answer(named("daily"));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 100).await, 63);
}

#[tokio::test]
async fn last_known_plan_counts_while_the_api_is_down() {
    let (api, url) = PlanApi::start(named("small")).await;
    let (server, token) = connected(&url, |config| {
        config.quota.default_plan = Some("default".to_owned());
    })
    .await;
    assert_eq!(successes(&server, &token, 3).await, 2);
    api.answer(None);
    server.clock.advance(Duration::from_hours(24));
    let mut browser = sign_in(&server).await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    assert_eq!(successes(&server, &token, 3).await, 2);
    assert_eq!(api.asked(), 2);
    // It is not asked with every call.
    server.clock.advance(Duration::from_secs(9));
    assert_eq!(successes(&server, &token, 3).await, 0);
    assert_eq!(api.asked(), 2);
    // A plan that is not configured is no answer either.
    api.answer(named("gold"));
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(successes(&server, &token, 3).await, 0);
    assert_eq!(api.asked(), 3);
    api.answer(named("big"));
    server.clock.advance(Duration::from_secs(10));
    assert_eq!(successes(&server, &token, 9).await, 3);
}

#[tokio::test]
async fn default_plan_counts_until_the_api_has_answered_and_no_plan_of_the_configuration_is_asked_for()
 {
    let (api, url) = PlanApi::start(None).await;
    let (server, token) = connected(&url, |config| {
        config.quota.default_plan = Some("default".to_owned());
    })
    .await;
    assert_eq!(successes(&server, &token, 3).await, 1);
    assert_eq!(api.asked(), 1);
    let (_, id) = server.workspace("Studio").await;
    let beside = server
        .beside_with(|config| {
            by_name(config);
            config.quota.workspaces.insert(id, "big".to_owned());
            config.server.mock = false;
            config.upstream.workspace = Some("home-1".to_owned());
            config.upstream.url = Some(url.parse().unwrap());
        })
        .await;
    assert_eq!(successes(&beside, &token, 9).await, 4);
    assert_eq!(api.asked(), 1);
}

#[tokio::test]
async fn usage_page_has_the_plan_once_the_api_was_asked() {
    let (_, url) = PlanApi::start(named("big")).await;
    let (server, token) = connected(&url, |_| ()).await;
    let mut browser = sign_in(&server).await;
    let path = format!("{}/usage", workspace(&mut browser).await);
    let text = browser.open(&path).await.page().text();
    assert!(text.contains("looked up with its next call"), "{text}");
    assert_eq!(successes(&server, &token, 1).await, 1);
    let text = browser.open(&path).await.page().text();
    assert!(text.contains("<strong>1</strong> of 5"), "{text}");
}
