//! The audit: who and where each row is about, and how rows are found.

use super::Fixture;
use super::samples::{OVERLAP, ada, approve, at, cause, client, digest, tokens};
use crate::model::{
    AuditFilter, AuditRow, GrantId, Redemption, Rotation, SALT, Successor, ToolCall, Transaction,
};
use crate::store::Store;

/// The rows that a filter finds, latest first.
async fn found(store: &dyn Store, filter: AuditFilter) -> Vec<AuditRow> {
    store.audit(&filter, 100).await.unwrap().rows
}

pub(super) async fn events_of_a_grant_have_its_person_its_workspace_and_its_client(
    fixture: &dyn Fixture,
) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    approve(store, 0, at(600)).await;
    let (code, grant) = (digest("code", 0), GrantId::stored("grant 0"));
    let redeemed = store.redeem(code, &tokens(0, at(1)), &cause(1)).await;
    assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
    let successor = Successor {
        salt: [0; SALT],
        tokens: tokens(1, at(2)),
        access_scopes: None,
        overlap: OVERLAP,
    };
    let refresh = digest("refresh", 0);
    let rotated = store.rotate(refresh, &successor, &cause(2)).await;
    assert!(matches!(rotated.unwrap(), Rotation::Rotated));
    let thief = cause(3).through(&client("thief"));
    store.token_refused(&grant, &thief).await.unwrap();
    let replayed = store.redeem(code, &tokens(2, at(4)), &cause(4)).await;
    assert_eq!(replayed.unwrap(), Redemption::Replayed);

    let known = Transaction::example().request.client_id;
    for (action, client) in [
        ("token.issued", known.as_str()),
        ("token.refreshed", known.as_str()),
        ("token.refused", "thief"),
        ("code.replayed", known.as_str()),
        ("grant.revoked", known.as_str()),
    ] {
        let rows = found(store, AuditFilter::default()).await;
        let row = rows.iter().find(|row| row.action == action).unwrap();
        let about = [&row.person, &row.workspace, &row.grant, &row.client_id];
        let about = about.map(|it| it.as_deref().unwrap_or_default());
        assert_eq!(about, ["ada", "studio", "grant 0", client], "{action}");
        assert_eq!(row.names.email.as_deref(), Some("ada@Example.com"));
        assert_eq!(row.names.workspace.as_deref(), Some("studio"));
    }
}

/// A call that ended at so many seconds.
pub(super) fn call<'a>(
    id: i64,
    tool: &'a str,
    workspace: &'a str,
    client: &'a str,
) -> ToolCall<'a> {
    ToolCall {
        id,
        request_id: format!("req_{id}").into(),
        person: "ada".into(),
        client_id: client.into(),
        workspace: workspace.into(),
        grant: "grant 0".into(),
        tool: tool.into(),
        at: id * 1000,
        outcome: Some("ok"),
        access: Some("read"),
        elapsed_ms: Some(12),
        cost: Some(3),
    }
}

pub(super) async fn rows_are_found_by_each_part_of_a_filter(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    ada(store).await;
    approve(store, 0, at(600)).await;
    let claude = Transaction::example().request.client_id;
    let failed = ToolCall {
        outcome: Some("timeout"),
        ..call(102, "get (as fetch)", "studio", claude.as_str())
    };
    let calls = [
        call(101, "get", "studio", claude.as_str()),
        failed,
        ToolCall {
            grant: "grant 1".into(),
            ..call(103, "get_all", "studio", "other")
        },
        call(104, "get", "lab", "other"),
    ];
    store.tools_called(&calls).await.unwrap();
    let ids = async |filter: AuditFilter| -> Vec<String> {
        let rows = found(store, filter).await;
        rows.into_iter().map(|row| row.request_id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let calls = AuditFilter {
        since: Some(at(101)),
        ..AuditFilter::default()
    };
    let with = |change: fn(&mut AuditFilter)| {
        let mut filter = calls.clone();
        change(&mut filter);
        filter
    };
    let all = ["req_104", "req_103", "req_102", "req_101"];
    assert_eq!(ids(calls.clone()).await, all);
    let lab = with(|it| it.workspace = Some("lab".to_owned()));
    assert_eq!(ids(lab).await, ["req_104"]);
    let tool = with(|it| it.tool = Some("get".to_owned()));
    assert_eq!(ids(tool).await, ["req_104", "req_102", "req_101"]);
    let until = with(|it| it.until = Some(at(102)));
    assert_eq!(ids(until).await, ["req_102", "req_101"]);
    let request = with(|it| it.request_id = Some("req_103".to_owned()));
    assert_eq!(ids(request).await, ["req_103"]);
    let other = with(|it| it.person = Some("grace".to_owned()));
    assert!(ids(other).await.is_empty());
    for name in [claude.as_str(), "claude (MCP"] {
        let filter = AuditFilter {
            client: text(name),
            workspace: text("studio"),
            person: text("ada"),
            ..calls.clone()
        };
        assert_eq!(ids(filter).await, ["req_102", "req_101"], "{name}");
    }
    let literal = with(|it| it.client = Some("claude%".to_owned()));
    assert!(ids(literal).await.is_empty());
    let rows = found(store, calls).await;
    let failed = rows.iter().find(|it| it.request_id == "req_102").unwrap();
    assert_eq!(failed.id, "call_0000000000000066");
    assert_eq!(failed.outcome.as_deref(), Some("timeout"));
    assert_eq!(failed.access.as_deref(), Some("read"));
    assert_eq!((failed.elapsed_ms, failed.cost), (Some(12), Some(3)));
}

pub(super) async fn name_of_a_connection_finds_rows_of_its_workspace_only(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let (ada, _) = ada(store).await;
    approve(store, 0, at(600)).await;
    let by = cause(3).by(&ada);
    let grant = GrantId::stored("grant 0");
    store
        .rename_key(&grant, Some("Über 100%"), &by)
        .await
        .unwrap();
    let claude = Transaction::example().request.client_id;
    // The same client has another connection in another workspace.
    let elsewhere = ToolCall {
        grant: "grant 1".into(),
        ..call(102, "get", "lab", claude.as_str())
    };
    let calls = [call(101, "get", "studio", claude.as_str()), elsewhere];
    store.tools_called(&calls).await.unwrap();
    let ids = async |client: &str, workspace: Option<&str>| -> Vec<String> {
        let filter = AuditFilter {
            client: Some(client.to_owned()),
            workspace: workspace.map(str::to_owned),
            since: Some(at(101)),
            ..AuditFilter::default()
        };
        let rows = found(store, filter).await;
        rows.into_iter().map(|row| row.request_id).collect()
    };
    for name in ["Über", "BER 100%"] {
        assert_eq!(ids(name, Some("studio")).await, ["req_101"], "{name}");
        assert_eq!(ids(name, None).await, ["req_101"], "{name}");
        assert!(ids(name, Some("lab")).await.is_empty(), "{name}");
    }
    assert_eq!(ids(claude.as_str(), Some("lab")).await, ["req_102"]);
}

pub(super) async fn pages_follow_each_other_without_a_gap(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    // Several at one time.
    let calls = (0..25).map(|id| ToolCall {
        at: 1_000_000 + id / 3,
        ..call(id, "get", "lab", "other")
    });
    let calls = calls.collect::<Vec<_>>();
    store.tools_called(&calls).await.unwrap();
    let mut filter = AuditFilter::default();
    let mut ids = Vec::new();
    let mut pages = 0;
    loop {
        let page = store.audit(&filter, 4).await.unwrap();
        assert!(page.rows.len() <= 4);
        ids.extend(page.rows.into_iter().map(|row| row.request_id));
        pages += 1;
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 7);
    let expected: Vec<_> = (0..25).rev().map(|id| format!("req_{id}")).collect();
    assert_eq!(ids, expected);
}

pub(super) async fn end_of_a_call_replaces_its_beginning(fixture: &dyn Fixture) {
    let store = &*fixture.empty_store().await;
    let begun = ToolCall {
        outcome: None,
        elapsed_ms: None,
        cost: None,
        ..call(7, "get", "lab", "other")
    };
    store.tools_called(&[begun]).await.unwrap();
    let row = &found(store, AuditFilter::default()).await[0];
    assert_eq!(row.outcome.as_deref(), Some("unknown"));
    assert_eq!((row.elapsed_ms, row.cost), (None, None));
    store
        .tools_called(&[call(7, "get", "lab", "other")])
        .await
        .unwrap();
    let rows = found(store, AuditFilter::default()).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].outcome.as_deref(), Some("ok"));
    assert_eq!((rows[0].elapsed_ms, rows[0].cost), (Some(12), Some(3)));
}
