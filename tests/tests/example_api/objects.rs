//! Accounts, comments, media, webhooks and the profile keep what they are given.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Answer, Service, violation, violations, with_body};

#[tokio::test]
async fn null_clears_and_absence_keeps() {
    let service = Service::start().await;
    let request = service.request(Method::PATCH, "/workspaces/wsp_harbor");
    let body = json!({ "monthly_budget": null }).to_string();
    let answer = Answer::of(with_body(request, "application/merge-patch+json", body))
        .await
        .json();
    assert_eq!(answer["monthly_budget"], Value::Null);
    assert_eq!(answer["contact_email"], "campaigns@harbor.example");
    assert_eq!(service.get("/workspaces/wsp_harbor").await.json(), answer);
}

#[tokio::test]
async fn an_account_is_added_once() {
    let service = Service::start().await;
    let again = json!({ "platform": "tiktok", "handle": "harborcoffee", "country": "PT" });
    assert_eq!(service.post("/accounts", again).await.status, 409);
}

#[tokio::test]
async fn accounts_are_filtered_by_platform_and_status() {
    let service = Service::start().await;
    let answer = service
        .get("/accounts?platform=tiktok&platform=youtube&status=paused")
        .await;
    assert_eq!(answer.ids(), ["acc_harbor_youtube"]);
}

#[tokio::test]
async fn a_reply_is_under_the_comment_it_answers() {
    let service = Service::start().await;
    let path = "/bundles/bnd_cold_brew/comments";
    let reply = json!({ "author": "Ines", "text": "Ship it.", "parent_id": "cmt_recut" });
    assert_eq!(service.post(path, reply).await.status, 201);
    let tree = service.get(path).await.json();
    assert_eq!(tree[0]["replies"][0]["replies"][0]["text"], "Ship it.");
}

#[tokio::test]
async fn a_reply_to_a_comment_elsewhere_is_refused() {
    let service = Service::start().await;
    let reply = json!({ "author": "Ines", "text": "Ship it.", "parent_id": "cmt_recut" });
    let answer = service
        .post("/bundles/bnd_gift_cards/comments", reply)
        .await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/parent_id"))
    );
}

#[tokio::test]
async fn a_webhooks_secret_is_never_shown() {
    let service = Service::start().await;
    let secret = "sixteen letters at least";
    let target = json!({ "kind": "chat", "channel": "#news" });
    let body =
        json!({ "name": "A", "events": ["credits.low"], "target": target, "secret": secret });
    let created = service.post("/webhooks", body).await;
    assert_eq!(created.json()["active"], true);
    let path = format!("/webhooks/{}", created.json()["id"].as_str().unwrap());
    for answer in [
        created,
        service.get(&path).await,
        service.get("/webhooks").await,
    ] {
        assert!(!answer.text().contains(secret));
    }
}

#[tokio::test]
async fn a_webhook_target_of_no_known_kind_is_refused() {
    let service = Service::start().await;
    let target = json!({ "kind": "pigeon", "address": "roof" });
    let body = json!({ "name": "A", "events": ["credits.low"], "target": target });
    let answer = service.post("/webhooks", body).await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/target"))
    );
}

#[tokio::test]
async fn a_deleted_webhook_is_gone() {
    let service = Service::start().await;
    let delete = || Answer::of(service.request(Method::DELETE, "/webhooks/whk_harbor_news"));
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.status, 404);
}

fn multipart(file_type: &str, file: &[u8], metadata: &Value) -> Vec<u8> {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
         Content-Type: {file_type}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    body
}

async fn upload(service: &Service, body: Vec<u8>) -> Answer {
    let request = service.request(Method::POST, "/media");
    Answer::of(with_body(
        request,
        "multipart/form-data; boundary=edge",
        body,
    ))
    .await
}

#[tokio::test]
async fn an_uploaded_file_comes_back_byte_for_byte() {
    let service = Service::start().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let answer = upload(
        &service,
        multipart("video/mp4", &bytes, &json!({ "title": "A" })),
    )
    .await;
    let media = answer.json();
    assert_eq!(
        (&media["size"], &media["filename"]),
        (&json!(256), &json!("a.bin"))
    );
    let path = format!("/media/{}/content", media["id"].as_str().unwrap());
    let content = service.get(&path).await;
    assert_eq!(content.header("content-type"), "video/mp4");
    assert_eq!(content.bytes, bytes);
}

#[tokio::test]
async fn a_file_of_the_largest_size_is_stored() {
    let service = Service::start().await;
    let file = vec![0; 8 * 1024 * 1024];
    let answer = upload(
        &service,
        multipart("video/mp4", &file, &json!({ "title": "A" })),
    )
    .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn media_that_say_nothing_of_tags_have_none() {
    let service = Service::start().await;
    let answer = upload(
        &service,
        multipart("text/vtt", b"WEBVTT", &json!({ "title": "A" })),
    )
    .await;
    let media = answer.json();
    assert_eq!(
        (&media["tags"], &media["alt_text"]),
        (&json!([]), &Value::Null)
    );
}

#[tokio::test]
async fn a_file_of_another_type_is_refused() {
    let service = Service::start().await;
    let body = multipart("application/pdf", b"%PDF", &json!({ "title": "A" }));
    let answer = upload(&service, body).await;
    assert_eq!(answer.status, 415);
    assert!(answer.text().contains("text/vtt"));
}

#[tokio::test]
async fn metadata_that_does_not_fit_is_named() {
    let service = Service::start().await;
    let answer = upload(
        &service,
        multipart("text/vtt", b"WEBVTT", &json!({ "title": 1 })),
    )
    .await;
    assert_eq!(
        (answer.status, violations(&answer)),
        (422, violation("body", "/metadata/title"))
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let service = Service::start().await;
    let file = vec![0; 8 * 1024 * 1024 + 1];
    let answer = upload(
        &service,
        multipart("video/mp4", &file, &json!({ "title": "A" })),
    )
    .await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.json()["detail"],
        "The body may have at most 8388608 bytes."
    );
}

#[tokio::test]
async fn the_avatar_is_a_png_and_nothing_else() {
    let service = Service::start().await;
    let put = |bytes: &'static [u8]| {
        Answer::of(with_body(
            service.request(Method::PUT, "/profile/avatar"),
            "image/png",
            bytes,
        ))
    };
    assert_eq!(put(b"GIF89a").await.status, 422);
    assert_eq!(put(b"\x89PNG\r\n\x1a\nnew").await.status, 204);
    let avatar = service.get("/profile/avatar").await;
    assert_eq!(avatar.header("content-type"), "image/png");
    assert_eq!(avatar.bytes, b"\x89PNG\r\n\x1a\nnew");
}
