//! Calls of the ordinary shape are answered before the protocol library's transport. Whatever a
//! client sends, the answer is the one of the library.
//!
//! A member that no revision knows sends a message through the library, which ignores the member.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::support::TestServer;

/// A request: the header fields beside those of every client, and the message without its last brace.
#[derive(Clone, Debug)]
struct Sent {
    headers: Vec<(&'static str, &'static str)>,
    message: String,
}

/// What a client sees of an answer, but for the id of the request and the time.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

const VERSION: &str = "mcp-protocol-version";
const FULL: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn sent() -> impl Strategy<Value = Sent> {
    let versions = select(vec![
        vec![],
        vec![(VERSION, "2025-03-26")],
        vec![(VERSION, "2025-11-25")],
        vec![(VERSION, "2026-07-28")],
        vec![(VERSION, "2026-07-28")],
        vec![(VERSION, "2024-11-05")],
        vec![(VERSION, "soon")],
        vec![(VERSION, "2025-11-25"), (VERSION, "2025-06-18")],
    ]);
    let others = select(vec![
        vec![],
        vec![("mcp-method", "tools/call")],
        vec![("mcp-method", "tools/call"), ("mcp-name", "get_pet")],
        vec![("mcp-method", "tools/call"), ("mcp-name", "get_pet")],
        vec![("mcp-method", "tools/call"), ("mcp-name", "list_pets")],
        vec![("mcp-method", "tools/list"), ("mcp-name", "get_pet")],
        vec![("mcp-method", "tools/call"), ("mcp-name", " get_pet ")],
        vec![
            ("mcp-method", "tools/call"),
            ("mcp-name", "=?base64?Z2V0X3BldA==?="),
        ],
        vec![
            ("mcp-method", "tools/call"),
            ("mcp-name", "get_pet"),
            ("mcp-param-id", "1"),
        ],
        vec![("mcp-session-id", "a")],
    ]);
    let ids = select(vec![
        r#""id":1,"#,
        r#""id":1,"#,
        r#""id":1,"#,
        r#""id":"a","#,
        r#""id":-7,"#,
        r#""id":1.5,"#,
        r#""id":null,"#,
        "",
    ]);
    let calls = select(vec![
        r#""name":"get_pet","arguments":{"id":1}"#,
        r#""name":"get_pet","arguments":{"id":1}"#,
        r#""name":"get_pet","arguments":{"id":7}"#,
        r#""name":"get_pet","arguments":{"id":12345678901234567890}"#,
        r#""name":"get_pet","arguments":{"id":"x"}"#,
        r#""name":"get_pet","arguments":{"id":1,"id":2}"#,
        r#""name":"get_pet","arguments":{}"#,
        r#""name":"get_pet","arguments":null"#,
        r#""name":"get_pet","arguments":[]"#,
        r#""name":"get_pet""#,
        r#""name":"get_bet","arguments":{}"#,
        r#""name":"list_pets","arguments":{"status":"available"}"#,
        r#""name":"create_pet","arguments":{"name":"\u00e9\ud83d\ude00","owner":{"name":"A"}}"#,
        r#""name":"get_photo""#,
        r#""name":"get_note""#,
        r#""name":"upload","arguments":{}"#,
        r#""name":"get_nothing","arguments":{}"#,
        r#""name":"fail","arguments":{}"#,
        r#""name":5,"arguments":{}"#,
        r#""arguments":{}"#,
    ]);
    let metas = select(vec![
        String::new(),
        FULL.to_owned(),
        FULL.to_owned(),
        r#""_meta":{}"#.to_owned(),
        r#""_meta":null"#.to_owned(),
        r#""_meta":{"progressToken":1}"#.to_owned(),
        FULL.replace("2026-07-28", "2025-11-25"),
        FULL.replace(":{}", ":5"),
        r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#.to_owned(),
    ]);
    let methods = select(vec![
        "tools/call",
        "tools/call",
        "tools/call",
        "tools/call",
        "tools/call",
        "tools/list",
        "Tools/Call",
    ]);
    (versions, others, ids, calls, metas, methods).prop_map(
        |(mut headers, others, id, call, meta, method)| {
            headers.extend(others);
            let comma = if meta.is_empty() { "" } else { "," };
            let message = format!(
                r#"{{"jsonrpc":"2.0",{id}"method":"{method}","params":{{{call}{comma}{meta}}}"#
            );
            Sent { headers, message }
        },
    )
}

async fn answer(bench: &TestServer, sent: &Sent, end: &str) -> Seen {
    let mut request = bench.post(format!("{}{end}", sent.message));
    for (name, value) in &sent.headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let headers = response.headers().iter();
    let headers = headers.filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    let body = response.text().await.unwrap().replace(&id, "ID");
    Seen {
        status,
        headers,
        body,
    }
}

#[test]
fn call_is_answered_as_the_library_answers_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(TestServer::start());
    let mut answered = 0;
    let mut runner = TestRunner::deterministic();
    for _ in 0..1200 {
        let sent = sent().new_tree(&mut runner).unwrap().current();
        runtime.block_on(async {
            let direct = answer(&bench, &sent, "}").await;
            let through_the_library = answer(&bench, &sent, r#","unknown":0}"#).await;
            assert_eq!(direct, through_the_library, "{sent:?}");
            let result: Value = serde_json::from_str(&direct.body).unwrap_or_default();
            answered += usize::from(result["result"]["content"].is_array());
        });
    }
    assert!(answered > 100, "{answered} calls were made");
}
