//! Messages and answers that are larger than they look, and calls that are too many.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::large::{Large, message};

/// A list of so many values, itself among them.
fn zeros(values: usize) -> String {
    format!("[{}0]", "0,".repeat(values - 2))
}

#[tokio::test]
async fn a_message_that_holds_very_many_values_is_refused_and_nothing_is_sent() {
    let large = Large::with("application/json", "{}", |config| {
        config.server.max_request_nodes = 1000;
    })
    .await;
    let zeros = zeros(1001);
    let nested = "[".repeat(400) + &"]".repeat(400);
    let members: Vec<_> = (0..500).map(|n| format!("\"{n}\":0")).collect();
    let members = format!("{{{}}}", members.join(","));
    let with = |argument: &str| message("send", &format!("{{\"anything\":{argument}}}"));
    let beside = |member: &str| {
        let call = message("get_answer", "{}");
        format!("{},\"{member}\":{zeros}}}", &call[..call.len() - 1])
    };
    for (what, message, expected) in [
        ("an array", with(&zeros), 413),
        ("an object", with(&members), 413),
        ("a deep array", with(&nested), 400),
        (
            "an object of arrays",
            with(&format!("{{\"a\":{zeros}}}")),
            413,
        ),
        ("another member", beside("other"), 413),
        ("the id", beside("id"), 413),
        ("no message", zeros.clone(), 413),
        ("no JSON", format!("{zeros}]]"), 413),
    ] {
        let (status, answer) = large.send(message).await;
        assert_eq!(status, expected, "{what}: {answer}");
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(said.contains("the message can"), "{what}: {said}");
    }
    assert!(large.api.lengths().is_empty());
    let text = "0,".repeat(5000);
    let result = large.call("send", json!({"anything": text})).await;
    assert_eq!(
        result["isError"], false,
        "a long text is one value: {result}"
    );
}

#[tokio::test]
async fn values_that_are_written_in_a_text_are_counted_too() {
    let large = Large::json("{}").await;
    let few = json!({"numbers": zeros(1000)});
    let result = large.call("send", few).await;
    assert_eq!(result["isError"], false, "{result}");
    let many = json!({"numbers": zeros(20_000)});
    let result = large.call("send", many).await;
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "invalid_arguments", "{result}");
    assert_eq!(large.api.lengths().len(), 1);
}

/// The text, the note and the structured content that a call of `tool` returns.
async fn parts(large: &Large, tool: &str) -> (String, String, Value) {
    let result = large.call(tool, json!({})).await;
    assert_eq!(result["isError"], false, "{result}");
    let text = |index: usize| {
        let text = result["content"][index]["text"].as_str();
        text.unwrap_or_default().to_owned()
    };
    (text(0), text(1), result["structuredContent"].clone())
}

#[tokio::test]
async fn of_an_answer_that_holds_very_many_values_the_beginning_is_handed_on() {
    let answer = zeros(2000);
    for content_type in ["application/json", "text/plain", "application/octet-stream"] {
        let large = Large::with(content_type, answer.clone(), |config| {
            config.upstream.max_response_nodes = 1000;
        })
        .await;
        let (text, note, structured) = parts(&large, "get_answer").await;
        assert_eq!(text, &answer[..1998], "{content_type}");
        assert_eq!(
            note,
            "The answer holds more JSON values than this server takes: these are its first 1998 \
             bytes, 2001 bytes are missing. Ask for less at once, by a page, a filter or a \
             shorter span, where the tool has one."
        );
        assert_eq!(structured, Value::Null);
        // A tool that publishes a schema has structured content, which fits or is left out.
        let (text, note, structured) = parts(&large, "get_typed_answer").await;
        assert_eq!(text, &answer[..1998], "{content_type}");
        assert!(note.starts_with("The answer holds more"), "{note}");
        assert!(structured.is_object());
    }
}

#[tokio::test]
async fn as_many_values_as_are_allowed_are_handed_on_as_data() {
    let large = Large::with("application/json", zeros(1000), |config| {
        config.upstream.max_response_nodes = 1000;
    })
    .await;
    let (text, _, structured) = parts(&large, "get_answer").await;
    assert_eq!(text, zeros(1000));
    assert_eq!(structured["result"].as_array().map(Vec::len), Some(999));
}

#[tokio::test]
async fn of_a_sequence_as_many_items_are_kept_as_hold_values_that_are_allowed() {
    let line = format!("{}\n", zeros(100));
    let event = format!("data: {line}\n");
    for (content_type, item) in [("application/x-ndjson", line), ("text/event-stream", event)] {
        let large = Large::with(content_type, item.repeat(50), |config| {
            config.upstream.max_response_nodes = 1000;
        })
        .await;
        let (_, note, structured) = parts(&large, "get_answer").await;
        assert_eq!(structured["result"].as_array().map(Vec::len), Some(10));
        assert!(
            note.starts_with(
                "The answer holds more JSON values than this server takes: these are its first 10 \
                 items, 40 items are missing."
            ),
            "{content_type}: {note}"
        );
    }
}

#[tokio::test]
async fn events_that_repeat_a_long_id_do_not_repeat_it() {
    let id = "x".repeat(100_000);
    let events = format!("id: {id}\n{}", "data: 1\n\n".repeat(500));
    let large = Large::with("text/event-stream", events, |_| ()).await;
    let (text, ..) = parts(&large, "get_answer").await;
    assert!(text.len() < 100_000, "{}", text.len());
}

#[tokio::test]
async fn an_answer_in_another_charset_is_bounded_too() {
    let utf_16: Vec<u8> = format!("\u{feff}{}", zeros(2000))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let large = Large::with("application/json", utf_16, |config| {
        config.upstream.max_response_nodes = 1000;
    })
    .await;
    let (text, note, _) = parts(&large, "get_answer").await;
    assert_eq!(text, &zeros(2000)[..1998]);
    assert!(note.contains("more JSON values"), "{note}");
}

#[tokio::test]
async fn an_error_that_holds_very_many_values_is_handed_on_in_part() {
    let large = Large::gated(400, "application/json", zeros(300_000), |_| ()).await;
    large.api.open(1);
    let result = large.call("get_answer", json!({})).await;
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "invalid_request");
    assert!(error["details"].as_str().unwrap().len() < 10_000, "{error}");
}

/// Makes so many calls at once; each in a task of its own.
fn calls(large: &Large, count: usize, message: &str) -> JoinSet<(u16, Value)> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let request = large.post(message.to_owned());
        calls.spawn(async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.json().await.unwrap())
        });
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worst_arguments_at_once_are_refused_and_others_are_served() {
    let large = Large::with("application/json", "{}", |config| {
        // Less than the defaults, so that a build without optimization is done with it soon.
        config.server.max_request_nodes = 30_000;
    })
    .await;
    let list = zeros(1_900_000);
    let mut calls = calls(
        &large,
        24,
        &message("send", &format!("{{\"anything\":{list}}}")),
    );
    assert_eq!(large.health().await, 200);
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().0, 413);
    }
    // The worst that is let through: as many values as may be, and as many bytes.
    let (list, text) = (zeros(29_000), "x".repeat(3_900_000));
    let arguments = format!("{{\"anything\":[{list},\"{text}\"]}}");
    let mut calls = self::calls(&large, 24, &message("send", &arguments));
    assert_eq!(large.health().await, 200);
    while let Some(answer) = calls.join_next().await {
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["result"]["isError"], false, "{answer}");
    }
    assert_eq!(large.api.lengths(), vec![arguments.len(); 24]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worst_answers_at_once_are_handed_on_in_part_and_others_are_served() {
    let large = Large::json(zeros(4_000_000)).await;
    let mut calls = calls(&large, 24, &message("get_answer", "{}"));
    assert_eq!(large.health().await, 200);
    while let Some(answer) = calls.join_next().await {
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 200, "{answer}");
        let note = answer["result"]["content"][1]["text"].as_str().unwrap();
        assert!(note.contains("more JSON values"), "{note}");
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_rate_limited() {
    let large = Large::gated(200, "application/json", "{}", |config| {
        config.server.max_calls = 2;
    })
    .await;
    let mut running = calls(&large, 2, &message("get_answer", "{}"));
    large.api.asked(2).await;
    let result = large.call("get_answer", json!({})).await;
    assert_eq!(result["isError"], true);
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "rate_limited", "{error}");
    assert_eq!(error["retryable"], true);
    assert_eq!(error["retry_after_seconds"], 1);
    assert_eq!(large.api.lengths().len(), 2);
    large.api.open(3);
    while let Some(answer) = running.join_next().await {
        assert_eq!(answer.unwrap().1["result"]["isError"], false);
    }
    let result = large.call("get_answer", json!({})).await;
    assert_eq!(result["isError"], false, "{result}");
}

#[tokio::test]
async fn tools_of_search_mode_count_among_the_calls_that_run() {
    let large = Large::gated(200, "application/json", "{}", |config| {
        config.server.max_calls = 1;
    })
    .await;
    let mut running = calls(&large, 1, &message("get_answer", "{}"));
    large.api.asked(1).await;
    let own = [
        ("search_tools", json!({"query": "answer"})),
        ("describe_tools", json!({"names": ["get_answer"]})),
        ("whoami", json!({})),
    ];
    for (tool, arguments) in own.clone() {
        let result = large.call(tool, arguments).await;
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["kind"], "rate_limited", "{tool}: {result}");
    }
    large.api.open(1);
    while let Some(answer) = running.join_next().await {
        assert_eq!(answer.unwrap().1["result"]["isError"], false);
    }
    for (tool, arguments) in own {
        let result = large.call(tool, arguments).await;
        assert_eq!(result["isError"], false, "{tool}: {result}");
    }
}

#[tokio::test]
async fn a_write_whose_caller_left_still_counts() {
    let large = Large::gated(200, "application/json", "{}", |config| {
        config.server.max_calls = 1;
    })
    .await;
    let left = large.post(message("write", "{}"));
    let left = tokio::spawn(left.send());
    large.api.asked(1).await;
    left.abort();
    let _ = left.await;
    // Also when the server has noticed.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let result = large.call("get_answer", json!({})).await;
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "rate_limited", "{result}");
    large.api.open(2);
    while large.call("get_answer", json!({})).await["isError"] == true {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_read_holds_its_memory_only_for_a_while() {
    let large = Large::with("application/zip", vec![0xff; 6_000_000], |config| {
        config.server.request_seconds = 1;
        config.server.max_message_memory = 16 << 20;
    })
    .await;
    let call = message("get_answer", "{}");
    // Each takes all the memory there is, and is not read.
    let mut unread = Vec::new();
    for _ in 0..2 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(large.server.addr()).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{call}",
            call.len()
        );
        tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes())
            .await
            .unwrap();
        unread.push(stream);
    }
    let (status, answer) = large.send(call).await;
    assert_eq!(status, 200);
    let blob = &answer["result"]["content"][0]["resource"]["blob"];
    assert_eq!(blob.as_str().unwrap().len(), 8_000_000);
}
