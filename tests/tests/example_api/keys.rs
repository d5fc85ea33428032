//! Keys open one workspace at one level, so often a minute; the operator issues and revokes them.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use tests::example_api::Options;

use crate::service::{Answer, Service, with_json};

#[tokio::test]
async fn objects_of_another_workspace_do_not_exist() {
    let service = Service::start().await;
    for path in [
        "/workspaces/wsp_juniper",
        "/workspaces/wsp_juniper/credits",
        "/accounts/acc_juniper_tiktok",
        "/bundles/bnd_morning_routine",
        "/bundles/bnd_morning_routine/comments",
        "/media/med_morning/content",
    ] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_key_lists_its_own_workspace_and_the_operator_all() {
    let service = Service::start().await;
    assert_eq!(service.get("/workspaces").await.ids(), ["wsp_harbor"]);
    let all = Answer::of(service.operator(Method::GET, "/workspaces")).await;
    assert_eq!(all.ids(), ["wsp_harbor", "wsp_juniper"]);
}

#[tokio::test]
async fn an_issued_key_opens_its_workspace_until_it_is_revoked() {
    let service = Service::start().await;
    let wanted = json!({ "workspace_id": "wsp_juniper", "name": "Claude", "level": "read" });
    let request = with_json(service.operator(Method::POST, "/api-keys"), &wanted);
    let issued = Answer::of(request).await.json();
    let (id, secret) = (
        issued["id"].as_str().unwrap(),
        issued["secret"].as_str().unwrap(),
    );
    let use_it = || Answer::of(service.bare(Method::GET, "/workspaces").bearer_auth(secret));
    assert_eq!(use_it().await.ids(), ["wsp_juniper"]);

    let revoke = || Answer::of(service.operator(Method::DELETE, &format!("/api-keys/{id}")));
    assert_eq!(revoke().await.status, 204);
    assert_eq!(use_it().await.status, 401);
    assert_eq!(revoke().await.status, 204, "revoking twice is no error");
}

#[tokio::test]
async fn a_key_for_a_workspace_that_is_not_there_is_not_issued() {
    let service = Service::start().await;
    let wanted = json!({ "workspace_id": "wsp_nowhere", "name": "Claude", "level": "full" });
    let request = with_json(service.operator(Method::POST, "/api-keys"), &wanted);
    assert_eq!(Answer::of(request).await.status, 404);
}

#[tokio::test]
async fn listed_keys_show_no_secret() {
    let service = Service::start().await;
    let request = service.operator(Method::GET, "/api-keys?workspace_id=wsp_harbor");
    let answer = Answer::of(request).await;
    assert_eq!(answer.ids(), ["key_harbor_full", "key_harbor_read"]);
    assert!(!answer.text().contains(&service.harbor().full_key));
    assert!(!answer.text().contains("secret"));
}

#[tokio::test]
async fn a_workspace_key_does_not_administer_keys() {
    let service = Service::start().await;
    assert_eq!(service.get("/api-keys").await.status, 403);
}

#[tokio::test]
async fn the_operator_key_does_not_act_for_a_workspace() {
    let service = Service::start().await;
    assert_eq!(
        Answer::of(service.operator(Method::GET, "/bundles"))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn a_wrong_operator_key_is_refused() {
    let service = Service::start().await;
    let request = service
        .bare(Method::GET, "/api-keys")
        .header("X-Operator-Key", "guess");
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept() {
    let service = Service::start().await;
    let request = service
        .request(Method::GET, "/nowhere")
        .header("X-Request-Id", "caller.1");
    let answer = Answer::of(request).await;
    assert_eq!(answer.header("x-request-id"), "caller.1");
    assert_eq!(answer.json()["request_id"], "caller.1");
}

#[tokio::test]
async fn an_ill_formed_request_id_is_replaced() {
    let service = Service::start().await;
    let request = service
        .request(Method::GET, "/profile")
        .header("X-Request-Id", "two words");
    assert!(
        Answer::of(request)
            .await
            .header("x-request-id")
            .starts_with("req_")
    );
}

#[tokio::test]
async fn a_key_that_asks_too_often_learns_when_to_come_back() {
    let options = Options {
        requests_per_minute: 2,
        ..Options::default()
    };
    let service = Service::start_with(options).await;
    assert_eq!(
        service
            .get("/profile")
            .await
            .header("x-ratelimit-remaining"),
        "1"
    );
    assert_eq!(
        service
            .get("/profile")
            .await
            .header("x-ratelimit-remaining"),
        "0"
    );
    let refused = service.get("/profile").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.json()["retry_after_seconds"], 30);
    assert_eq!(refused.header("x-ratelimit-limit"), "2");

    let other = service
        .bare(Method::GET, "/profile")
        .bearer_auth(&service.harbor().read_key);
    assert_eq!(
        Answer::of(other).await.status,
        200,
        "each key has an allowance of its own"
    );
    service.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(service.get("/profile").await.status, 200);
}

#[tokio::test]
async fn a_database_file_keeps_what_was_done() {
    let directory = std::env::temp_dir().join(format!("marquee-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("marquee.db");
    let options = || Options {
        database: Some(file.clone()),
        ..Options::default()
    };
    let first = Service::start_with(options()).await;
    let key = first.harbor().full_key.clone();
    let draft = first
        .post("/bundles", json!({ "name": "Kept" }))
        .await
        .json();
    first.running.shutdown().await.unwrap();

    let second = Service::start_with(options()).await;
    assert!(second.running.workspaces.is_empty());
    let path = format!("/bundles/{}", draft["id"].as_str().unwrap());
    let kept = Answer::of(second.bare(Method::GET, &path).bearer_auth(&key)).await;
    assert_eq!(kept.json(), draft);
    second.running.shutdown().await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn after_shutdown_the_port_is_closed() {
    let service = Service::start().await;
    let url = service.running.url.clone();
    service.running.shutdown().await.unwrap();
    assert!(service.client.get(url).send().await.is_err());
}
