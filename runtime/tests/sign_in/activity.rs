//! How support finds out what happened: the operator's search, and the page of a workspace.

use std::time::Duration;

use runtime::app::{self, AuditFilter};
use serde_json::json;

use crate::people::{OTHER, invite, join, workspace};
use crate::support::{Client, EMAIL, TestServer, Tokens};

#[tokio::test]
async fn r52_failed_call_is_found_by_client_workspace_person_and_time_with_its_request_id() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_pet", json!({})).await;
    bench.clock.advance(Duration::from_hours(1));
    let failed = bench.call(&tokens.access, "get_pet", json!({"x": 1})).await;
    let id = failed.header("x-request-id").to_owned();
    let (config, environment) = bench.operator();
    let now = environment.clock.now();
    bench.server.shutdown().await;

    let filter = AuditFilter {
        client: Some("claude".to_owned()),
        workspace: Some("studio".to_owned()),
        person: Some(EMAIL.to_uppercase()),
        tool: Some("get_pet".to_owned()),
        since: Some(now - Duration::from_mins(5)),
        until: Some(now),
        ..AuditFilter::default()
    };
    let page = app::audit(&config, filter.clone(), 10).await.unwrap();
    let [row] = &page.rows[..] else {
        panic!("{page:?}");
    };
    assert_eq!(row.request_id, id);
    assert_eq!(row.outcome.as_deref(), Some("invalid_arguments"));
    assert_eq!(row.access.as_deref(), Some("read"));
    // Nothing was sent.
    assert_eq!(row.cost, Some(0));
    assert_eq!(row.names.email.as_deref(), Some(EMAIL));
    assert_eq!(row.names.workspace.as_deref(), Some("Studio"));
    assert!(row.grant.as_deref().unwrap().starts_with("key_"));
    assert_eq!(page.next, None);

    let all = AuditFilter {
        since: None,
        ..filter.clone()
    };
    let page = app::audit(&config, all, 1).await.unwrap();
    assert_eq!(page.rows[0].request_id, id);
    let older = AuditFilter {
        since: None,
        after: page.next,
        ..filter.clone()
    };
    let page = app::audit(&config, older, 10).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(
        (page.rows[0].cost, page.rows[0].outcome.as_deref()),
        (Some(1), Some("ok"))
    );

    for (unknown, named) in [
        (
            AuditFilter {
                workspace: Some("Lab".to_owned()),
                ..AuditFilter::default()
            },
            "`Lab`",
        ),
        (
            AuditFilter {
                person: Some("eve@x".to_owned()),
                ..AuditFilter::default()
            },
            "`eve@x`",
        ),
    ] {
        let error = app::audit(&config, unknown, 1)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn row_of_the_audit_holds_no_argument_no_answer_and_no_token() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let arguments = json!({"name": "a-secret-name"});
    bench.call(&tokens.access, "create_pet", arguments).await;
    let wrong = json!({"nickname": "a-secret-name"});
    bench.call(&tokens.access, "create_pet", wrong).await;
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    let (config, _) = bench.operator();
    bench.server.shutdown().await;
    let page = app::audit(&config, AuditFilter::default(), 1000)
        .await
        .unwrap();
    assert!(page.rows.iter().any(|row| row.action == "token.refreshed"));
    for row in &page.rows {
        let line = serde_json::to_string(row).unwrap();
        let secrets = [&tokens.access, &tokens.refresh, &next.access, &next.refresh];
        for secret in secrets
            .into_iter()
            .map(String::as_str)
            .chain(["a-secret-name"])
        {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[tokio::test]
async fn activity_of_a_workspace_is_shown_to_its_owners_only() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut ada, "full").await;
    bench.call(&tokens.access, "get_pet", json!({})).await;
    let failed = bench.call(&tokens.access, "get_pet", json!({"x": 1})).await;
    let id = failed.header("x-request-id").to_owned();
    bench.audit_until("tool.called").await;
    let path = format!("{}/audit", workspace(&mut ada).await);
    let mut text = String::new();
    for _ in 0..200 {
        text = ada.open(&path).await.page().text();
        if text.contains("invalid_arguments") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for shown in [
        &*id,
        "get_pet",
        "invalid_arguments",
        EMAIL,
        "Claude (MCP connector)",
        "Connection approved",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    // The search.
    let found = ada
        .open(&format!("{path}?request={id}"))
        .await
        .page()
        .text();
    assert!(found.contains("invalid_arguments") && !found.contains("Connection approved"));
    let empty = ada
        .open(&format!("{path}?tool=create_pet&until=1999-12-31"))
        .await
        .page();
    assert!(empty.text().contains("Nothing was found"));
    let wrong = ada
        .open(&format!("{path}?since=yesterday&person=eve@x"))
        .await
        .page();
    let wrong = wrong.text();
    assert!(
        wrong.contains("This is not a day.") && wrong.contains("No member of"),
        "{wrong}"
    );

    let link = invite(&mut ada).await;
    let mut grace = join(&bench, &link).await;
    let refused = grace.open(&path).await.page();
    assert_eq!(refused.status, 403);
    assert!(!refused.text().contains(&id));
    let joined = ada
        .open(&format!("{path}?person={OTHER}"))
        .await
        .page()
        .text();
    assert!(joined.contains("Invitation accepted"), "{joined}");
    let other = path.replace("wsp_", "wsp_0");
    assert_eq!(ada.open(&other).await.page().status, 404);
}

#[tokio::test]
async fn activity_has_pages_that_keep_the_search() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let path = workspace(&mut ada).await;
    let id = path.rsplit('/').next().unwrap();
    bench
        .run_all(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) \
             INSERT INTO audit (at, request_id, action, subject, call_id, workspace, outcome) \
             SELECT i, 'req_' || i || '_', 'tool.called', 'get_pet', i, '{id}', 'ok' FROM n"
        ))
        .await;
    let mut location = format!("{path}/audit?tool=get_pet");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = ada.open(&location).await.page();
        let text = page.text();
        let ids = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        seen.extend(ids.filter(|it| it.starts_with("req_")).map(str::to_owned));
        let older = page.body.split("href=\"").find(|it| it.contains("after="));
        location = older.map_or_else(String::new, |it| {
            crate::browser::unescape(it.split('"').next().unwrap())
        });
    }
    assert_eq!(location, "");
    let expected: Vec<_> = (1..=120).rev().map(|id| format!("req_{id}_")).collect();
    assert_eq!(seen, expected);
}
