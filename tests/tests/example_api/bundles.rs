//! Bundles on their way from draft to published, and the credits they spend.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Answer, Service, violation, violations, with_json};

async fn balance(service: &Service) -> i64 {
    let answer = service.get("/workspaces/wsp_harbor/credits").await;
    answer.json()["balance"].as_i64().unwrap()
}

#[tokio::test]
async fn a_bundle_goes_from_draft_to_published_and_spends_its_cost() {
    let service = Service::start().await;
    let draft = service
        .post("/bundles", json!({ "name": "Winter blend" }))
        .await
        .json();
    let id = draft["id"].as_str().unwrap();
    assert_eq!(
        (&draft["status"], &draft["tags"]),
        (&json!("draft"), &json!([]))
    );

    let configuration = json!({
        "account_ids": ["acc_harbor_tiktok", "acc_harbor_instagram"],
        "media_ids": ["med_cold_brew"],
        "posts_per_account": 2,
    });
    let request = service.request(Method::PUT, &format!("/bundles/{id}/configuration"));
    let configured = Answer::of(with_json(request, &configuration)).await.json();
    assert_eq!(
        (&configured["status"], &configured["cost"]),
        (&json!("configured"), &json!(40))
    );

    let before = balance(&service).await;
    let request = service.request(Method::POST, &format!("/bundles/{id}/publish"));
    let published = Answer::of(request).await.json();
    assert_eq!(published["status"], "published");
    assert_eq!(published["published_at"], "2026-11-20T11:00:00Z");
    assert_eq!(balance(&service).await, before - 40);
    assert_eq!(
        service.get(&format!("/bundles/{id}")).await.json(),
        published
    );
}

#[tokio::test]
async fn a_bundle_cannot_use_what_another_workspace_owns() {
    let service = Service::start().await;
    let body = json!({ "account_ids": ["acc_juniper_tiktok"], "media_ids": ["med_cold_brew"] });
    let request = service.request(Method::PUT, "/bundles/bnd_gift_cards/configuration");
    let answer = Answer::of(with_json(request, &body)).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/account_ids/0"))
    );
}

#[tokio::test]
async fn a_paused_account_cannot_be_published_to() {
    let service = Service::start().await;
    let body = json!({ "account_ids": ["acc_harbor_youtube"], "media_ids": ["med_cold_brew"] });
    let request = service.request(Method::PUT, "/bundles/bnd_gift_cards/configuration");
    let answer = Answer::of(with_json(request, &body)).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/account_ids/0"))
    );
}

#[tokio::test]
async fn a_draft_cannot_be_published() {
    let service = Service::start().await;
    let answer = service
        .post("/bundles/bnd_gift_cards/publish", json!({}))
        .await;
    assert_eq!(
        (answer.status, answer.json()["title"].as_str()),
        (409, Some("Wrong state"))
    );
}

#[tokio::test]
async fn exhausted_credits_are_a_402_that_changes_nothing() {
    let service = Service::start().await;
    let key = &service.juniper().full_key;
    let account = json!({ "platform": "youtube", "handle": "juniper", "country": "CA" });
    let request = service.bare(Method::POST, "/accounts").bearer_auth(key);
    assert_eq!(Answer::of(with_json(request, &account)).await.status, 201);

    let request = service.bare(Method::POST, "/bundles/bnd_morning_routine/publish");
    let refused = Answer::of(request.bearer_auth(key)).await;
    assert_eq!(refused.status, 402);
    assert_eq!(
        refused.json()["detail"],
        "This costs 20 credits; the workspace has 5."
    );
    let request = service
        .bare(Method::GET, "/bundles/bnd_morning_routine")
        .bearer_auth(key);
    assert_eq!(Answer::of(request).await.json()["status"], "configured");
}

#[tokio::test]
async fn a_scheduled_bundle_is_published_when_its_time_has_come() {
    let service = Service::start().await;
    let body = json!({ "publish_at": "2026-11-20T13:00:00+01:00" });
    let scheduled = service
        .post("/bundles/bnd_autumn_menu/publish", body)
        .await
        .json();
    assert_eq!(scheduled["status"], "scheduled");
    assert_eq!(scheduled["publish_at"], "2026-11-20T12:00:00Z");
    service.clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(
        service.get("/bundles/bnd_autumn_menu").await.json()["status"],
        "scheduled"
    );
    service.clock.advance(SignedDuration::from_secs(1));
    let published = service.get("/bundles/bnd_autumn_menu").await.json();
    assert_eq!(published["status"], "published");
    assert_eq!(published["published_at"], "2026-11-20T12:00:00Z");
}

#[tokio::test]
async fn a_time_that_has_passed_cannot_be_scheduled() {
    let service = Service::start().await;
    let body = json!({ "publish_at": "2026-11-20T11:00:00Z" });
    let answer = service.post("/bundles/bnd_autumn_menu/publish", body).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/publish_at"))
    );
}

#[tokio::test]
async fn cancelling_a_scheduled_bundle_returns_its_credits() {
    let service = Service::start().await;
    let before = balance(&service).await;
    let path = "/bundles/bnd_tasting_night/cancel";
    let answer = service.post(path, json!({ "reason": "Rain" })).await;
    assert_eq!(answer.json()["status"], "cancelled");
    assert_eq!(balance(&service).await, before + 20);
    let refunds = service
        .get("/workspaces/wsp_harbor/credits/transactions?kind=refund")
        .await;
    assert_eq!(refunds.json()["data"][0]["bundle_id"], "bnd_tasting_night");
    let comments = service
        .get("/bundles/bnd_tasting_night/comments")
        .await
        .json();
    assert_eq!(comments[0]["text"], "Cancelled: Rain");
}

#[tokio::test]
async fn cancelling_a_published_bundle_returns_nothing() {
    let service = Service::start().await;
    let before = balance(&service).await;
    let answer = Answer::of(service.request(Method::POST, "/bundles/bnd_cold_brew/cancel")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(balance(&service).await, before);
}

#[tokio::test]
async fn a_repeat_with_the_same_idempotency_key_is_not_paid_twice() {
    let service = Service::start().await;
    let account = json!({ "platform": "tiktok", "handle": "harbor.two", "country": "PT" });
    let send = || {
        let request = service.request(Method::POST, "/accounts");
        Answer::of(with_json(
            request.header("Idempotency-Key", "twice-is-once"),
            &account,
        ))
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(balance(&service).await, 440 - 25);
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_one_request() {
    let service = Service::start().await;
    let send = |name: &str| {
        let request = service.request(Method::POST, "/bundles");
        let request = request.header("Idempotency-Key", "one-request");
        Answer::of(with_json(request, &json!({ "name": name })))
    };
    assert_eq!(send("A").await.status, 201);
    let other = send("B").await;
    assert_eq!(
        (other.status, violations(&other)),
        (422, violation("header", "/Idempotency-Key"))
    );
}

#[tokio::test]
async fn the_figures_are_the_same_in_every_view() {
    let service = Service::start().await;
    let days = "from=2026-10-01&to=2026-10-07";
    let figures = service
        .get(&format!("/bundles/bnd_cold_brew/analytics?{days}"))
        .await
        .json();
    let series = figures["series"].as_array().unwrap();
    assert_eq!(series.len(), 7);
    let views: u64 = series
        .iter()
        .map(|day| day["views"].as_u64().unwrap())
        .sum();
    assert!(views > 0);
    assert_eq!(figures["totals"]["views"], views);

    let question = json!({
        "from": "2026-10-01",
        "to": "2026-10-07",
        "metrics": ["views"],
        "group_by": [],
    });
    let rows = service.post("/analytics/query", question).await.json();
    assert_eq!(
        rows,
        json!({ "rows": [{ "dimensions": {}, "values": { "views": views } }] })
    );

    let table = service
        .get(&format!("/analytics/export?{days}&header=false"))
        .await;
    let table = String::from_utf8(table.bytes).unwrap();
    let column = table.lines().map(|line| line.split(',').nth(2).unwrap());
    assert_eq!(
        column
            .map(|views| views.parse::<u64>().unwrap())
            .sum::<u64>(),
        views
    );
}

#[tokio::test]
async fn a_day_before_publication_counts_nothing() {
    let service = Service::start().await;
    let path = "/bundles/bnd_cold_brew/analytics?from=2026-09-27&to=2026-09-27";
    let figures = service.get(path).await.json();
    assert_eq!(figures["totals"]["views"], 0);
    assert_eq!(figures["engagement_rate"], Value::Null);
}

#[tokio::test]
async fn days_that_run_backwards_are_refused() {
    let service = Service::start().await;
    let answer = service
        .get("/analytics/export?from=2026-10-07&to=2026-10-01")
        .await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/to"))
    );
}
