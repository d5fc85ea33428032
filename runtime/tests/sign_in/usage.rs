//! The page of a workspace's usage and quota.

use std::time::Duration;

use serde_json::json;

use crate::limits::connect_to_new_workspace;
use crate::people::{invite, invite_to, join, join_as, workspace};
use crate::plans::sign_in;
use crate::quota::a_day;
use crate::support::{Client, TestServer};

const COUNTED: &str = "SELECT COALESCE(SUM(calls), 0) FROM usage_days";

impl TestServer {
    /// Waits until so many calls are counted.
    async fn counted(&self, calls: i64) {
        for _ in 0..600 {
            if self.count(COUNTED).await == calls {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} calls are counted", self.count(COUNTED).await);
    }
}

#[tokio::test]
async fn usage_page_shows_calls_cost_quota_and_reset_to_members_of_the_workspace() {
    let server = TestServer::with(|config| {
        a_day(config, 1000);
        config.quota.upgrade_url = Some("https://acme.example/plans".parse().unwrap());
    })
    .await;
    let mut ada = server.first_person().await;
    // The clock begins at midnight.
    server.clock.advance(Duration::from_hours(11));
    let client = Client::claude(&server).await;
    let token = client.connect(&mut ada, "full").await.access;
    for _ in 0..3 {
        server.call(&token, "get_pet", json!({})).await;
    }
    server
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    server.call(&token, "create_pet", json!({})).await;
    server.counted(5).await;
    let members = workspace(&mut ada).await;
    assert!(
        ada.open(&members)
            .await
            .page()
            .text()
            .contains("Usage and quota")
    );
    let path = format!("{members}/usage");
    let text = ada.open(&path).await.page().text();
    for shown in [
        "<strong>8</strong> of 1,000",
        "<dd>992</dd>",
        "19 Dec 2025, 00:00 UTC",
        "https://acme.example/plans",
        "Calls</dt><dd><strong>5</strong></dd>",
        "Not successful</dt><dd>1</dd>",
        "18 Dec 2025</time></th><td>5</td><td>1</td><td>8</td>",
        "<svg viewBox=\"0 0 300 100\"",
        "<line class=\"limit\"",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    assert_eq!(text.matches("<tr><th scope=\"row\">").count(), 30);

    // The next day has a quota of its own, and the day before stays.
    server.clock.advance(Duration::from_hours(24));
    let mut ada = sign_in(&server).await;
    let token = client.connect(&mut ada, "full").await.access;
    server.call(&token, "get_pet", json!({})).await;
    server.counted(6).await;
    let text = ada.open(&path).await.page().text();
    for shown in [
        "<strong>1</strong> of 1,000",
        "18 Dec 2025</time></th><td>5</td>",
        "19 Dec 2025</time></th><td>1</td><td>0</td><td>1</td>",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }

    let link = invite(&mut ada).await;
    let mut grace = join(&server, &link).await;
    let seen = grace.open(&path).await.page();
    assert!(seen.text().contains("of 1,000"), "{}", seen.status);

    // A person of another workspace alone does not see that it exists.
    connect_to_new_workspace(&mut ada, &client).await;
    let (_, second) = server.workspace("Second").await;
    let second = format!("/portal/workspaces/{second}");
    let link = invite_to(&mut ada, &second, "member").await;
    let mut alan = join_as(&server, &link, "alan@example.com").await;
    let own = alan.open(&format!("{second}/usage")).await.page();
    assert_eq!(own.status, 200);
    assert_eq!(alan.open(&path).await.page().status, 404);
}

#[tokio::test]
async fn workspace_without_a_quota_has_its_calls_on_its_page() {
    let server = TestServer::start().await;
    let mut ada = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut ada, "full").await.access;
    server.call(&token, "get_pet", json!({})).await;
    server.counted(1).await;
    let path = format!("{}/usage", workspace(&mut ada).await);
    let text = ada.open(&path).await.page().text();
    assert!(text.contains("This workspace has no quota"), "{text}");
    assert!(
        text.contains("Calls</dt><dd><strong>1</strong></dd>"),
        "{text}"
    );
    assert!(!text.contains("class=\"limit\"") && !text.contains("larger quota"));
}

#[tokio::test]
async fn usage_of_a_month_adds_up_from_its_first_day() {
    let server = TestServer::with(|config| {
        a_day(config, 1000);
        let plan = config.quota.plans.get_mut("free").unwrap();
        plan.period = runtime::config::QuotaPeriod::Month;
    })
    .await;
    let mut ada = server.first_person().await;
    let path = workspace(&mut ada).await;
    let id = path.rsplit('/').next().unwrap();
    // 18 November, which is not shown, and 1 and 18 December 2025.
    for (day, cost) in [
        (1_763_424_000_000_i64, 250),
        (1_764_547_200_000, 500),
        (1_766_016_000_000, 250),
    ] {
        let row = format!("INSERT INTO usage_days VALUES ('{id}', {day}, 1, 0, {cost})");
        server.run(&row).await;
    }
    let text = ada.open(&format!("{path}/usage")).await.page().text();
    // The first day shown has what its month had before it; on the first of a month it begins anew.
    let bars: Vec<_> = text
        .split_once("</svg>")
        .unwrap()
        .0
        .lines()
        .filter(|line| line.contains("class=\"lower\""))
        .map(|line| {
            let (_, rest) = line.split_once("height=\"").unwrap();
            rest.split('"').next().unwrap()
        })
        .collect();
    assert_eq!(bars.first(), Some(&"25.0"), "{text}");
    assert_eq!(
        bars.iter().filter(|it| **it == "50.0").count(),
        17,
        "{bars:?}"
    );
    assert_eq!(bars.last(), Some(&"75.0"), "{bars:?}");
}
