//! Every tool of the example, with the arguments of the description's own examples: as a model
//! writes them, and as its typed input.

use std::collections::BTreeSet;

use generated::inputs::{
    accounts::*, analytics::*, bundles::*, comments::*, credits::*, media::*, profile::*,
    webhooks::*, workspaces::*,
};
use runtime::config::{Auth, Config};
use runtime::typed::Input;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::example::{Example, connected};
use tests::harness::recorder::{Recorded, Recorder};
use tests::harness::server;

/// One call.
struct Sample {
    tool: &'static str,
    /// The arguments as JSON.
    model: Map<String, Value>,
    /// The arguments as the typed input serialises them.
    typed: Map<String, Value>,
}

fn sample<I: Input>(model: Value, typed: I) -> Sample {
    let Value::Object(model) = model else {
        panic!("arguments are an object");
    };
    let typed = typed.arguments().unwrap();
    Sample {
        tool: I::OPERATION.name,
        model,
        typed,
    }
}

const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const SUBTITLES: &str = "WEBVTT\n\n00:00.000 --> 00:02.000\nSlow-steeped for eighteen hours.\n";

fn samples() -> Vec<Sample> {
    [workspaces(), accounts(), bundles(), others(), webhooks()]
        .into_iter()
        .flatten()
        .collect()
}

fn workspaces() -> Vec<Sample> {
    vec![
        sample(
            json!({"limit": 20}),
            ListWorkspaces {
                limit: Some(20),
                ..Default::default()
            },
        ),
        sample(json!({}), GetWorkspace {}),
        sample(
            json!({"name": "Harbor Coffee Roasters", "monthly_budget": null}),
            UpdateWorkspace {
                name: Some("Harbor Coffee Roasters".to_owned()),
                monthly_budget: Some(Value::Null),
                ..Default::default()
            },
        ),
        sample(json!({}), GetCreditBalance {}),
        sample(
            json!({"kind": ["spend", "refund"]}),
            ListCreditTransactions {
                kind: Some(vec![
                    ListCreditTransactionsKind::Spend,
                    ListCreditTransactionsKind::Refund,
                ]),
                ..Default::default()
            },
        ),
        sample(json!({}), GetProfile {}),
        sample(json!({}), GetAvatar {}),
        sample(
            json!({"body": {"base64": PIXEL}}),
            PutAvatar {
                body: json!({"base64": PIXEL}),
            },
        ),
    ]
}

fn accounts() -> Vec<Sample> {
    vec![
        sample(
            json!({"platform": ["tiktok", "instagram"], "status": "active"}),
            ListAccounts {
                platform: Some(vec![
                    ListAccountsPlatform::Tiktok,
                    ListAccountsPlatform::Instagram,
                ]),
                status: Some(ListAccountsStatus::Active),
                ..Default::default()
            },
        ),
        sample(
            json!({
                "Idempotency-Key": "an-account-of-its-own",
                "platform": "instagram",
                "handle": "harbor.afterdark",
                "country": "PT",
                "niche": "nightlife",
            }),
            CreateAccount {
                idempotency_key: Some("an-account-of-its-own".to_owned()),
                niche: Some(json!("nightlife")),
                ..CreateAccount::new(CreateAccountPlatform::Instagram, "harbor.afterdark", "PT")
            },
        ),
        sample(
            json!({"account_id": "acc_harbor_tiktok"}),
            GetAccount {
                account_id: "acc_harbor_tiktok".to_owned(),
            },
        ),
        sample(
            json!({"account_id": "acc_harbor_tiktok", "status": "paused", "niche": null}),
            UpdateAccount {
                status: Some(UpdateAccountStatus::Paused),
                niche: Some(Value::Null),
                ..UpdateAccount::new("acc_harbor_tiktok")
            },
        ),
    ]
}

fn bundles() -> Vec<Sample> {
    let filter = json!({"created_after": "2026-09-01T00:00:00Z", "min_cost": 10});
    vec![
        sample(
            json!({
                "status": ["draft", "published"],
                "tags": ["launch", "summer"],
                "filter": filter,
                "sort": "created_at",
                "limit": 20,
            }),
            ListBundles {
                status: Some(vec![ListBundlesStatus::Draft, ListBundlesStatus::Published]),
                tags: Some(vec!["launch".to_owned(), "summer".to_owned()]),
                filter: Some(filter),
                sort: Some(ListBundlesSort::CreatedAt),
                limit: Some(20),
                ..Default::default()
            },
        ),
        sample(
            json!({"name": "Winter blend", "brief": "A quiet morning.", "tags": ["winter"]}),
            CreateBundle {
                brief: Some(json!("A quiet morning.")),
                tags: Some(vec!["winter".to_owned()]),
                ..CreateBundle::new("Winter blend")
            },
        ),
        sample(
            json!({"bundle_id": "bnd_cold_brew"}),
            GetBundle {
                bundle_id: "bnd_cold_brew".to_owned(),
            },
        ),
        sample(
            json!({
                "bundle_id": "bnd_gift_cards",
                "account_ids": ["acc_harbor_instagram"],
                "media_ids": ["med_cold_brew"],
                "caption": "Give someone a good morning.",
                "posts_per_account": 3,
                "countries": ["PT"],
            }),
            ConfigureBundle {
                caption: Some(json!("Give someone a good morning.")),
                posts_per_account: Some(3),
                countries: Some(vec!["PT".to_owned()]),
                ..ConfigureBundle::new(
                    "bnd_gift_cards",
                    vec!["acc_harbor_instagram".to_owned()],
                    vec!["med_cold_brew".to_owned()],
                )
            },
        ),
        sample(
            json!({"bundle_id": "bnd_autumn_menu", "publish_at": null, "notify": true}),
            PublishBundle {
                publish_at: Some(Value::Null),
                notify: Some(true),
                ..PublishBundle::new("bnd_autumn_menu")
            },
        ),
        sample(
            json!({"bundle_id": "bnd_tasting_night", "reason": "The venue is not free."}),
            CancelBundle {
                reason: Some("The venue is not free.".to_owned()),
                ..CancelBundle::new("bnd_tasting_night")
            },
        ),
    ]
}

fn others() -> Vec<Sample> {
    let metadata = json!({"title": "Cold brew subtitles", "alt_text": null, "tags": ["launch"]});
    vec![
        sample(
            json!({"bundle_id": "bnd_cold_brew"}),
            ListComments {
                bundle_id: "bnd_cold_brew".to_owned(),
            },
        ),
        sample(
            json!({
                "bundle_id": "bnd_cold_brew",
                "author": "Ines",
                "text": "Perfect, ship it.",
                "parent_id": "cmt_recut",
            }),
            CreateComment {
                parent_id: Some(json!("cmt_recut")),
                ..CreateComment::new("bnd_cold_brew", "Ines", "Perfect, ship it.")
            },
        ),
        sample(
            json!({"bundle_id": "bnd_cold_brew", "from": "2026-10-01", "to": "2026-10-02"}),
            GetBundleAnalytics {
                bundle_id: "bnd_cold_brew".to_owned(),
                from: "2026-10-01".to_owned(),
                to: "2026-10-02".to_owned(),
            },
        ),
        sample(
            json!({
                "from": "2026-10-01",
                "to": "2026-10-07",
                "metrics": ["views", "likes"],
                "group_by": ["bundle"],
            }),
            QueryAnalytics {
                group_by: Some(vec![QueryAnalyticsGroupBy::Bundle]),
                ..QueryAnalytics::new(
                    "2026-10-01",
                    "2026-10-07",
                    vec![QueryAnalyticsMetrics::Views, QueryAnalyticsMetrics::Likes],
                )
            },
        ),
        sample(
            json!({"from": "2026-10-01", "to": "2026-10-07", "header": true}),
            ExportAnalyticsCsv {
                header: Some(true),
                ..ExportAnalyticsCsv::new("2026-10-01", "2026-10-07")
            },
        ),
        sample(
            json!({"content_type": "image/png"}),
            ListMedia {
                content_type: Some(ListMediaContentType::ImagePng),
                ..Default::default()
            },
        ),
        sample(
            json!({
                "file": {"text": SUBTITLES, "filename": "subtitles.vtt", "content_type": "text/vtt"},
                "metadata": metadata,
            }),
            UploadMedia {
                file: json!({
                    "text": SUBTITLES,
                    "filename": "subtitles.vtt",
                    "content_type": "text/vtt",
                }),
                metadata,
            },
        ),
        sample(
            json!({"media_id": "med_cold_brew"}),
            GetMediaContent {
                media_id: "med_cold_brew".to_owned(),
            },
        ),
    ]
}

fn webhooks() -> Vec<Sample> {
    let https = json!({
        "kind": "https",
        "url": "https://hooks.harbor.example/marquee",
        "headers": {"X-Desk": "orders"},
    });
    let chat = json!({"kind": "chat", "channel": "#campaigns", "mention": null});
    vec![
        sample(json!({}), ListWebhooks::default()),
        sample(
            json!({
                "name": "Order desk",
                "events": ["bundle.published"],
                "target": https,
                "secret": "a-long-shared-secret",
            }),
            CreateWebhook {
                secret: Some("a-long-shared-secret".to_owned()),
                ..CreateWebhook::new(
                    "Order desk",
                    vec![CreateWebhookEvents::BundlePublished],
                    https,
                )
            },
        ),
        sample(
            json!({"webhook_id": "whk_harbor_news"}),
            GetWebhook {
                webhook_id: "whk_harbor_news".to_owned(),
            },
        ),
        sample(
            json!({
                "webhook_id": "whk_harbor_news",
                "name": "Campaign news",
                "events": ["bundle.published", "credits.low"],
                "target": chat,
                "active": false,
            }),
            ReplaceWebhook {
                active: Some(false),
                ..ReplaceWebhook::new(
                    "whk_harbor_news",
                    "Campaign news",
                    vec![
                        ReplaceWebhookEvents::BundlePublished,
                        ReplaceWebhookEvents::CreditsLow,
                    ],
                    chat,
                )
            },
        ),
        sample(
            json!({"webhook_id": "whk_harbor_news"}),
            DeleteWebhook {
                webhook_id: "whk_harbor_news".to_owned(),
            },
        ),
    ]
}

#[test]
fn no_tool_is_left_out() {
    let operations = generated::CATALOG
        .operations
        .iter()
        .flat_map(|module| module.iter());
    let served: BTreeSet<&str> = operations.map(|operation| operation.name).collect();
    let sampled: BTreeSet<&str> = samples().iter().map(|sample| sample.tool).collect();
    assert_eq!(sampled, served);
}

#[tokio::test]
async fn every_tool_does_what_its_example_asks_of_the_api() {
    for sample in samples() {
        let example = Example::start().await.unwrap();
        let result = example
            .client
            .call(sample.tool, sample.model)
            .await
            .unwrap();
        assert_ne!(result["isError"], true, "{}: {result}", sample.tool);
    }
}

#[tokio::test]
async fn every_tool_answers_in_mock_mode_without_a_workspace() {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.server.auth = Auth::None;
    config.server.mock = true;
    let server = server::serve(&generated::CATALOG, config).await.unwrap();
    let client = Client::new(server.url().clone(), Revision::V2026_07_28);
    for sample in samples() {
        let result = client.call(sample.tool, sample.model).await.unwrap();
        assert_ne!(result["isError"], true, "{}: {result}", sample.tool);
    }
}

#[tokio::test]
async fn a_typed_input_is_on_the_wire_what_the_same_json_is() {
    let recorder = Recorder::start().await.unwrap();
    for sample in samples() {
        let json = sent(&recorder, sample.tool, sample.model).await;
        let typed = sent(&recorder, sample.tool, sample.typed).await;
        assert_eq!(typed, json, "{}", sample.tool);
    }
}

/// What one call sends. Its server is new, so that request ids and boundaries repeat.
async fn sent(recorder: &Recorder, tool: &str, arguments: Map<String, Value>) -> Recorded {
    let config = connected(recorder.url(), "a-key");
    let server = server::serve(&generated::CATALOG, config).await.unwrap();
    let client = Client::new(server.url().clone(), Revision::V2026_07_28);
    let result = client.call(tool, arguments).await.unwrap();
    let mut requests = recorder.take();
    assert_eq!(requests.len(), 1, "{tool}: {result}");
    requests.remove(0)
}
