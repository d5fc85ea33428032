//! Answers that are too long for a client: each call returns a part, and says how to get the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use runtime::app::Environment;
use runtime::clock::Clock;
use serde_json::{Value, json};

use crate::large::Large;

/// The most bytes of one view by the defaults: half of 150,000 characters.
const VIEW: usize = 75_000;

/// Calls a tool until its notes name no next call. Returns all results.
async fn follow(large: &Large, tool: &str) -> Vec<Value> {
    let mut results = Vec::new();
    let mut arguments = json!({});
    loop {
        let result = large.call(tool, arguments).await;
        assert_eq!(result["isError"], false, "{result}");
        let next = result["structuredContent"]["_notes"]["next_page"].clone();
        fits(&result);
        results.push(result);
        assert!(results.len() < 1000, "the notes lead in a circle");
        match next {
            Value::Null => return results,
            next => arguments = next,
        }
    }
}

/// Checks that both views of a result are short enough, and that both have the notes.
fn fits(result: &Value) {
    let texts = result["content"].as_array().unwrap();
    let text: usize = texts
        .iter()
        .map(|it| it["text"].as_str().unwrap().len())
        .sum();
    let structured = result["structuredContent"].to_string();
    assert!(
        text <= VIEW && structured.len() <= VIEW,
        "{text}, {}",
        structured.len()
    );
    let notes = &result["structuredContent"]["_notes"];
    let note_text = texts
        .get(1)
        .map_or("", |note| note["text"].as_str().unwrap());
    for note in ["next_page", "truncated"] {
        if let Some(note) = notes.get(note) {
            let note = note
                .as_str()
                .map_or_else(|| note.to_string(), str::to_owned);
            assert!(note_text.contains(&note), "{note_text}");
        }
    }
}

fn ids(results: &[Value], list: &str) -> Vec<u64> {
    let lists = results.iter().map(|result| {
        let content = &result["structuredContent"];
        let text = result["content"][0]["text"].as_str().unwrap();
        let text: Value = serde_json::from_str(text).unwrap();
        let items = content.pointer(list).unwrap();
        let pointer = list.strip_prefix("/result").unwrap_or(list);
        assert_eq!(
            text.pointer(pointer),
            Some(items),
            "both views have the items"
        );
        items.clone()
    });
    let items = lists.flat_map(|list| list.as_array().unwrap().clone());
    items.map(|item| item["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn long_list_is_read_part_by_part_and_each_item_comes_once() {
    let items: Vec<Value> = (0..10_000)
        .map(|id| json!({"id": id, "name": "a name of an item", "tags": ["a", "b"]}))
        .collect();
    let body = json!({"total": 10_000, "data": {"items": items}}).to_string();
    for tool in ["get_answer", "get_typed_answer"] {
        let large = Large::json(body.clone()).await;
        let results = follow(&large, tool).await;
        let all: Vec<u64> = (0..10_000).collect();
        assert_eq!(ids(&results, "/data/items"), all);
        assert!(results.len() > 5);
        let first = &results[0]["structuredContent"];
        assert_eq!(first["total"], 10_000);
        assert_eq!(first["_notes"]["part"]["of"], 10_000);
        let note = results[0]["content"][1]["text"].as_str().unwrap();
        assert!(note.starts_with("Items 1 to "), "{note}");
        assert!(note.contains(" of 10,000 in `/data/items`."), "{note}");
        // The API is asked once.
        assert_eq!(large.api.lengths().len(), 1);
    }
}

#[tokio::test]
async fn long_array_and_long_text_are_read_part_by_part() {
    let items: Vec<Value> = (0..3000)
        .map(|id| json!({"id": id, "x": "y".repeat(50)}))
        .collect();
    let large = Large::json(Value::Array(items).to_string()).await;
    let results = follow(&large, "get_answer").await;
    assert_eq!(ids(&results, "/result"), (0..3000).collect::<Vec<u64>>());

    let text = "A line of text, with an é.\n".repeat(10_000);
    let large = Large::with("text/plain", text.clone(), |_| ()).await;
    let mut joined = String::new();
    let mut arguments = json!({});
    loop {
        let result = large.call("get_typed_answer", arguments).await;
        fits(&result);
        joined.push_str(result["content"][0]["text"].as_str().unwrap());
        match result["structuredContent"]["_notes"]["next_page"].clone() {
            Value::Null => break,
            next => arguments = next,
        }
    }
    assert!(joined == text, "{} of {} bytes", joined.len(), text.len());
}

#[tokio::test]
async fn one_long_text_within_json_is_cut_and_its_place_is_noted() {
    let body = json!({"id": 7, "text": "\"é\"".repeat(700_000)}).to_string();
    let large = Large::json(body).await;
    let result = large.call("get_typed_answer", json!({})).await;
    fits(&result);
    let content = &result["structuredContent"];
    assert_eq!(content["id"], 7);
    let cut = &content["_notes"]["cut"][0];
    assert_eq!(
        (&cut["at"], &cut["of"]),
        (&json!("/text"), &json!(2_100_000))
    );
    let note = result["content"][1]["text"].as_str().unwrap();
    assert!(note.contains("`/text` has"), "{note}");
}

#[tokio::test]
async fn answer_that_fits_is_whole() {
    let body = json!({"text": "x".repeat(70_000)}).to_string();
    let large = Large::json(body.clone()).await;
    let result = large.call("get_answer", json!({})).await;
    assert_eq!(result["content"][0]["text"], body);
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn answer_of_40_megabytes_fits_and_says_what_is_missing() {
    let item = format!("{{\"id\":1,\"text\":\"{}\"}},", "x".repeat(970));
    let body = format!("[{}1]", item.repeat(40_000));
    let large = Large::json(body).await;
    let result = large.call("get_typed_answer", json!({})).await;
    fits(&result);
    let notes = &result["structuredContent"]["_notes"];
    let missing = notes["truncated"].as_str().unwrap();
    assert!(missing.contains("bytes are missing"), "{missing}");
    assert!(notes["next_page"]["_cursor"].is_string(), "{notes}");
}

#[tokio::test]
async fn a_bound_of_the_configuration_is_kept() {
    let items: Vec<Value> = (0..3000).map(|id| json!({"id": id})).collect();
    let body = Value::Array(items).to_string();
    let large = Large::with("application/json", body, |config| {
        config.server.max_answer_tokens = 2_000;
    })
    .await;
    let results = follow(&large, "get_answer").await;
    for result in &results {
        let text = result["content"][0]["text"].as_str().unwrap();
        let note = result["content"][1]["text"].as_str().unwrap();
        assert!(text.len() + note.len() <= 8_000);
    }
    assert_eq!(ids(&results, "/result"), (0..3000).collect::<Vec<u64>>());
}

#[tokio::test]
async fn cursor_of_another_tool_or_of_nothing_is_refused_and_nothing_is_sent() {
    let items: Vec<Value> = (0..9000).map(|id| json!({"id": id, "x": "yyyy"})).collect();
    let large = Large::json(Value::Array(items).to_string()).await;
    let result = large.call("get_answer", json!({})).await;
    let next = result["structuredContent"]["_notes"]["next_page"].clone();
    let cursor = next["_cursor"].as_str().unwrap();
    let (secret, _) = cursor.split_once('_').unwrap();
    for (tool, arguments) in [
        ("get_typed_answer", next.clone()),
        ("get_answer", json!({"_cursor": format!("{secret}_77")})),
        ("get_answer", json!({"_cursor": "nothing"})),
        ("get_answer", json!({"_cursor": 7})),
    ] {
        let refused = large.call(tool, arguments).await;
        assert_eq!(refused["isError"], true, "{refused}");
        let error = refused["content"][0]["text"].as_str().unwrap();
        assert!(
            error.contains("invalid_arguments") && !error.contains(secret),
            "{error}"
        );
    }
    assert_eq!(large.api.lengths().len(), 1);
    // It may be used again, as by a client that did not receive the answer.
    let again = [
        large.call("get_answer", next.clone()).await,
        large.call("get_answer", next).await,
    ];
    assert_eq!(again[0]["content"], again[1]["content"]);
}

#[derive(Debug, Default)]
struct LaterClock(AtomicU64);

impl Clock for LaterClock {
    fn now(&self) -> SystemTime {
        let later = Duration::from_secs(self.0.load(Ordering::Relaxed));
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + later
    }
}

#[tokio::test]
async fn cursor_ends_after_ten_minutes() {
    let items: Vec<Value> = (0..9000).map(|id| json!({"id": id, "x": "yyyy"})).collect();
    let clock = Arc::new(LaterClock::default());
    let environment = Environment {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Environment::default()
    };
    let large = Large::in_environment(Value::Array(items).to_string(), environment).await;
    let result = large.call("get_answer", json!({})).await;
    let next = result["structuredContent"]["_notes"]["next_page"].clone();
    clock.0.store(599, Ordering::Relaxed);
    let result = large.call("get_answer", next.clone()).await;
    assert_eq!(result["isError"], false, "{result}");
    clock.0.store(600, Ordering::Relaxed);
    let result = large.call("get_answer", next).await;
    assert_eq!(result["isError"], true, "{result}");
}

#[tokio::test]
async fn fields_keep_the_parts_that_a_call_asks_for_in_both_views() {
    let items: Vec<Value> = (0..1500)
        .map(|id| json!({"id": id, "owner": {"name": "a", "url": "x".repeat(100)}}))
        .collect();
    let body = json!({"total": 1500, "items": items}).to_string();
    let large = Large::json(body).await;
    for fields in [
        json!(["id", "owner.name", "total"]),
        json!("items.id,items.owner.name,total"),
    ] {
        let result = large
            .call("get_typed_answer", json!({"_fields": fields}))
            .await;
        let content = &result["structuredContent"];
        assert_eq!(content["total"], 1500);
        assert_eq!(
            content["items"][7],
            json!({"id": 7, "owner": {"name": "a"}})
        );
        assert_eq!(content["items"].as_array().unwrap().len(), 1500);
        assert_eq!(content.get("_notes"), None, "it fits now");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), *content);
    }
    let result = large
        .call("get_answer", json!({"_fields": ["total", "size"]}))
        .await;
    let content = &result["structuredContent"];
    assert_eq!(content["total"], 1500);
    // No item has it, and there are as many all the same.
    assert_eq!(content["items"], json!(vec![json!({}); 1500]));
    assert_eq!(result["content"][1]["text"], "The answer has no `size`.");
    let notes = &result["structuredContent"]["_notes"];
    assert_eq!(notes["not_in_the_answer"], json!(["size"]));
}

#[tokio::test]
async fn fields_of_an_empty_list_and_fields_that_no_answer_has_leave_it_as_it_is() {
    let large = Large::json(r#"{"items":[],"total":0}"#).await;
    let answer = async |fields: Value| {
        let result = large.call("get_answer", json!({"_fields": fields})).await;
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        (text, result["content"][1]["text"].clone())
    };
    let empty = r#"{"items":[]}"#.to_owned();
    assert_eq!(answer(json!(["id"])).await, (empty.clone(), Value::Null));
    assert_eq!(answer(json!("[\"id\"]")).await, (empty, Value::Null));
    let large = Large::json(r#"{"items":[{"id":1}],"total":1}"#).await;
    let result = large.call("get_answer", json!({"_fields": ["nme"]})).await;
    let texts = [&result["content"][0]["text"], &result["content"][1]["text"]];
    let note = "The answer has no `nme`, which is all that was asked for, so it is whole.";
    assert_eq!(texts, [r#"{"items":[{"id":1}],"total":1}"#, note]);
}

#[tokio::test]
async fn empty_cursor_is_none() {
    let large = Large::json(r#"{"id":7}"#).await;
    for cursor in [Value::Null, json!("")] {
        let result = large.call("get_answer", json!({"_cursor": cursor})).await;
        assert_eq!(result["content"][0]["text"], r#"{"id":7}"#, "{result}");
    }
    assert_eq!(large.api.lengths().len(), 2);
}

#[tokio::test]
async fn fields_are_offered_where_answers_can_be_long_and_wrong_ones_are_refused() {
    let large = Large::json("{}").await;
    let list = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}});
    let (_, answer) = large.send(list.to_string()).await;
    let tools = answer["result"]["tools"].as_array().unwrap();
    let offered: Vec<&Value> = tools
        .iter()
        .filter(|tool| tool["inputSchema"]["properties"].get("_fields").is_some())
        .map(|tool| &tool["name"])
        .collect();
    assert_eq!(offered, ["get_typed_answer"]);
    for fields in [json!(7), json!([7]), json!(["a..b"]), json!([])] {
        let result = large
            .call("get_typed_answer", json!({"_fields": fields}))
            .await;
        let error = result["content"][0]["text"].as_str().unwrap();
        assert!(error.contains("invalid_arguments"), "{error}");
    }
    assert_eq!(large.api.lengths().len(), 0);
}
