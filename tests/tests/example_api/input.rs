//! What is not described is refused, and the refusal names it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Answer, Service, violation, violations, with_body, with_json};

#[tokio::test]
async fn an_unknown_query_parameter_is_named() {
    let service = Service::start().await;
    let answer = service.get("/bundles?state=draft").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/state"))
    );
}

#[tokio::test]
async fn a_parameter_out_of_bounds_is_named() {
    let service = Service::start().await;
    let answer = service.get("/bundles?limit=101").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/limit"))
    );
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let service = Service::start().await;
    let answer = service.get("/bundles?limit=1&limit=2").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/limit"))
    );
}

#[tokio::test]
async fn an_unknown_property_of_a_deep_object_is_named() {
    let service = Service::start().await;
    let answer = service.get("/bundles?filter[colour]=red").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/filter[colour]"))
    );
}

#[tokio::test]
async fn a_missing_parameter_is_named() {
    let service = Service::start().await;
    let answer = service.get("/analytics/export?from=2026-10-01").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/to"))
    );
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let service = Service::start().await;
    let answer = service
        .post("/bundles", json!({ "name": "A", "colour": "red" }))
        .await;
    assert_eq!(answer.status, 422);
    let problem = answer.json();
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("colour"), "{detail}");
}

#[tokio::test]
async fn a_read_only_field_is_refused() {
    let service = Service::start().await;
    let body = json!({ "platform": "tiktok", "handle": "abc", "country": "PT", "followers": 9 });
    assert_eq!(service.post("/accounts", body).await.status, 422);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_its_value_is_not_repeated() {
    let service = Service::start().await;
    let answer = service.post("/bundles", json!({ "name": ["hush"] })).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/name"))
    );
    assert!(!answer.text().contains("hush"));
}

#[tokio::test]
async fn broken_json_is_a_bad_request() {
    let service = Service::start().await;
    let request = service.request(Method::POST, "/bundles");
    let answer = Answer::of(with_body(request, "application/json", "{\"name\": ")).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("body", ""))
    );
}

#[tokio::test]
async fn another_media_type_is_refused_with_the_ones_that_are_accepted() {
    let service = Service::start().await;
    let request = service.request(Method::PATCH, "/accounts/acc_harbor_tiktok");
    let answer = Answer::of(with_json(request, &json!({ "status": "paused" }))).await;
    assert_eq!(answer.status, 415);
    assert_eq!(
        answer.json()["detail"],
        "Send application/merge-patch+json."
    );
}

#[tokio::test]
async fn a_body_where_none_is_described_is_refused() {
    let service = Service::start().await;
    let request = service.request(Method::GET, "/bundles");
    let answer = Answer::of(with_json(request, &json!({ "limit": 1 }))).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("body", ""))
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let service = Service::start().await;
    let path = service.get("/nowhere").await;
    assert_eq!(
        (path.status, path.header("content-type")),
        (404, "application/problem+json")
    );
    let method = Answer::of(service.request(Method::DELETE, "/profile")).await;
    assert_eq!(
        (method.status, method.header("content-type")),
        (405, "application/problem+json")
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let service = Service::start().await;
    let first = service.get("/bundles?limit=3").await;
    assert_eq!(
        first.ids(),
        ["bnd_gift_cards", "bnd_tasting_night", "bnd_autumn_menu"]
    );
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = service
        .get(&format!("/bundles?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(second.ids(), ["bnd_cold_brew"]);
    assert_eq!(second.json()["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_cursor_of_another_make_is_refused() {
    let service = Service::start().await;
    let answer = service.get("/bundles?cursor=12").await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (400, violation("query", "/cursor"))
    );
}

#[tokio::test]
async fn an_exploded_array_filters_by_each_value() {
    let service = Service::start().await;
    let answer = service.get("/bundles?status=draft&status=configured").await;
    assert_eq!(answer.ids(), ["bnd_gift_cards", "bnd_autumn_menu"]);
}

#[tokio::test]
async fn a_joined_array_is_split_at_plain_commas_only() {
    let service = Service::start().await;
    assert_eq!(
        service.get("/bundles?tags=launch,summer").await.ids(),
        ["bnd_cold_brew"]
    );
    assert_eq!(
        service.get("/bundles?tags=launch%2Csummer").await.ids(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_deep_object_filters_by_all_its_properties() {
    let service = Service::start().await;
    let query = "filter[min_cost]=20&filter[max_cost]=30&filter[platform]=instagram";
    assert_eq!(
        service.get(&format!("/bundles?{query}")).await.ids(),
        ["bnd_tasting_night"]
    );
}

#[tokio::test]
async fn bundles_are_sorted_as_asked() {
    let service = Service::start().await;
    let answer = service.get("/bundles?sort=created_at&limit=1").await;
    assert_eq!(answer.ids(), ["bnd_cold_brew"]);
}
