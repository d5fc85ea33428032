use std::path::Path;

use bytes::Bytes;
use descriptors::catalogue;
use generator::lower::lower;
use generator::openapi::parse;
use http::StatusCode;
use runtime::app::Server;
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::recorder::{Recorder, Reply};
use tests::harness::server;

/// A server of one operation, `items`, in front of an API that answers as configured.
pub(crate) struct Items {
    pub(crate) api: Recorder,
    pub(crate) server: Server,
    client: Client,
}

impl Items {
    /// Serves `GET /items` as `operation` describes it, in YAML's flow style.
    pub(crate) async fn serve(operation: &str) -> Items {
        Items::with("get", operation, |_| {}).await
    }

    async fn with(method: &str, operation: &str, change: impl FnOnce(&mut Config)) -> Items {
        let text = format!(
            "{{openapi: 3.0.3, info: {{title: Case, version: '1'}}, paths: {{/items: {{{method}: \
             {{operationId: items, {operation}}}}}}}}}"
        );
        let api = lower(parse(Path::new("api.yaml"), text).unwrap()).api;
        let recorder = Recorder::start().await.unwrap();
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.upstream.url = Some(recorder.url().clone());
        change(&mut config);
        let server = server::serve(catalogue("items", &api), config)
            .await
            .unwrap();
        Items {
            api: recorder,
            client: Client::new(server.url().clone(), Revision::V2025_11_25),
            server,
        }
    }

    async fn call(&self, arguments: Value) -> Value {
        let arguments = arguments.as_object().cloned().unwrap();
        self.client.call("items", arguments).await.unwrap()
    }

    async fn answered(&self, reply: Reply) -> Value {
        self.api.answer(reply);
        self.call(json!({})).await
    }
}

pub(crate) fn reply(
    status: u16,
    media_type: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Reply {
    let mut reply = Reply::new(StatusCode::from_u16(status).unwrap(), media_type, body);
    let headers = headers.iter();
    reply
        .headers
        .extend(headers.map(|&(name, value)| (name.to_owned(), value.to_owned())));
    reply
}

/// All texts of a result.
fn text(result: &Value) -> String {
    let blocks = result["content"].as_array().unwrap().iter();
    let texts: Vec<_> = blocks.filter_map(|block| block["text"].as_str()).collect();
    texts.join("\n")
}

const LIST: &str = "parameters: [{name: cursor, in: query, schema: {type: string}}, \
                    {name: page, in: query, schema: {type: integer}}, \
                    {name: q, in: query, schema: {type: string}}, \
                    {name: X-Shop, in: header, schema: {type: string}}], \
                    responses: {'200': {description: ok, headers: {Link: {schema: {type: string}}}, \
                    content: {application/json: {schema: {type: array, items: {}}}}}}";
const OBJECT: &str = "responses: {'200': {description: ok, content: {application/json: {schema: \
                      {type: object, properties: {id: {type: integer}}}}}}}";
const COUNTS: &str = "responses: {'200': {description: ok, content: {application/json: {schema: \
                      {type: object, additionalProperties: {type: integer}}}}}}";
const FILE: &str = "responses: {'200': {description: ok, content: {application/pdf: {}}}}";

#[tokio::test]
async fn link_header_shows_its_field_and_the_next_page_in_both_views() {
    let items = Items::serve(LIST).await;
    let link = "</items?cursor=abc>; rel=\"next\"";
    let page = reply(200, "application/json", &[("link", link)], "[1,2]");
    let result = items.answered(page).await;
    let notes = json!({
        "status": 200,
        "header_fields": {"link": link},
        "next_page": {"cursor": "abc"},
    });
    assert_eq!(
        result["structuredContent"],
        json!({"result": [1, 2], "_notes": notes})
    );
    assert_eq!(result["content"][0]["text"], "[1,2]");
    let expected = format!(
        "The API answered 200 OK. Its header fields:\nlink: {link}\n\
         The next page: call this tool with {{\"cursor\":\"abc\"}}."
    );
    assert_eq!(result["content"][1]["text"], expected);
}

#[tokio::test]
async fn next_page_can_be_called_as_it_is() {
    let items = Items::serve(LIST).await;
    let link = "<https://api.example/v2/items?q=a%20b&page=2>; rel=next";
    items
        .api
        .answer(reply(200, "application/json", &[("link", link)], "[1]"));
    let result = items.call(json!({"q": "a b", "X-Shop": "s"})).await;
    let next = result["structuredContent"]["_notes"]["next_page"].clone();
    // A number where the argument is one, and the header field of the first call.
    assert_eq!(next, json!({"q": "a b", "X-Shop": "s", "page": 2}));
    let _ = items.api.take();
    assert_eq!(items.call(next).await["isError"], false);
    let seen = items.api.take();
    assert_eq!(seen[0].target, "/items?page=2&q=a%20b");
    assert_eq!(seen[0].headers["x-shop"], "s");
}

#[tokio::test]
async fn next_page_that_the_tool_cannot_take_is_a_header_field_alone() {
    let items = Items::serve(LIST).await;
    for link in [
        "</items?token=x>; rel=next",
        "</items?page=two>; rel=next",
        "</items?cursor=x>; rel=prev",
    ] {
        let page = reply(200, "application/json", &[("link", link)], "[1]");
        let result = items.answered(page).await;
        let notes = json!({"status": 200, "header_fields": {"link": link}});
        assert_eq!(result["structuredContent"]["_notes"], notes);
        assert!(text(&result).contains(link) && !text(&result).contains("next page"));
    }
}

#[tokio::test]
async fn header_fields_with_meaning_are_in_both_views_beside_a_body() {
    let items = Items::serve(OBJECT).await;
    for (status, fields) in [
        (202, vec![("location", "/jobs/7"), ("retry-after", "120")]),
        (201, vec![("location", "/items/9")]),
        (
            200,
            vec![
                ("etag", "W/\"a\""),
                ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT"),
            ],
        ),
        (
            200,
            vec![
                ("x-total-count", "81"),
                ("x-page", "2"),
                ("x-next-page", "3"),
            ],
        ),
        (
            200,
            vec![("content-disposition", "attachment; filename=\"a.json\"")],
        ),
        (206, vec![("content-range", "items 0-9/81")]),
        (200, vec![("x-wp-total", "81"), ("x-wp-totalpages", "9")]),
        (
            202,
            vec![("operation-location", "https://api.example/jobs/7")],
        ),
    ] {
        let result = items
            .answered(reply(status, "application/json", &fields, "{\"id\":1}"))
            .await;
        let notes = &result["structuredContent"]["_notes"];
        assert_eq!(result["structuredContent"]["id"], 1);
        assert_eq!(notes["status"], status);
        assert!(text(&result).contains(&status.to_string()), "{result}");
        for (name, value) in fields {
            assert_eq!(notes["header_fields"][name], value, "{result}");
            assert!(
                text(&result).contains(&format!("\n{name}: {value}")),
                "{result}"
            );
        }
    }
}

#[tokio::test]
async fn header_fields_that_only_the_description_knows_are_in_both_views() {
    let operation = OBJECT.replace(
        "description: ok,",
        "description: ok, headers: {X-Shade: {schema: {type: string}}},",
    );
    let items = Items::serve(&operation).await;
    let fields = [("x-shade", "green"), ("x-other", "no"), ("date", "today")];
    let result = items
        .answered(reply(200, "application/json", &fields, "{}"))
        .await;
    let notes = json!({"status": 200, "header_fields": {"x-shade": "green"}});
    assert_eq!(result["structuredContent"], json!({ "_notes": notes }));
    assert!(text(&result).ends_with("\nx-shade: green"), "{result}");
}

#[tokio::test]
async fn ordinary_answer_has_no_notes() {
    let items = Items::serve(OBJECT).await;
    let fields = [
        ("server", "x"),
        ("x-ratelimit-remaining", "7"),
        ("x-request-id", "a"),
    ];
    let result = items
        .answered(reply(200, "application/json", &fields, "{\"id\":1}"))
        .await;
    assert_eq!(result["structuredContent"], json!({"id": 1}));
    assert_eq!(
        result["content"],
        json!([{"type": "text", "text": "{\"id\":1}"}])
    );
}

#[tokio::test]
async fn file_has_its_name_beside_it_and_no_structured_content() {
    let items = Items::serve(FILE).await;
    let fields = [(
        "content-disposition",
        "attachment; filename=\"M.pdf\"; filename*=UTF-8''M%C3%A4rz.pdf",
    )];
    let result = items
        .answered(reply(200, "application/pdf", &fields, "%PDF\u{0}\u{1}"))
        .await;
    assert_eq!(result["content"][0]["type"], "resource");
    assert!(text(&result).contains(fields[0].1), "{result}");
    assert_eq!(result.get("structuredContent"), None);
}

#[tokio::test]
async fn media_in_place_of_declared_json_are_in_the_content_and_named_in_structured_content() {
    let items = Items::serve(OBJECT).await;
    let bytes = &b"\x89PNG\r\n\x1a\n\x00"[..];
    let result = items.answered(reply(200, "image/png", &[], bytes)).await;
    assert_eq!(result["content"][0]["type"], "image");
    let media = json!({"media_type": "image/png", "bytes": 9});
    assert_eq!(
        result["structuredContent"],
        json!({"_notes": {"media": media}})
    );
    assert_eq!(text(&result), "The answer is image/png with 9 bytes.");
}

#[tokio::test]
async fn empty_answer_has_status_and_header_fields_in_both_views() {
    let items = Items::serve(OBJECT).await;
    let result = items
        .answered(reply(204, "", &[("etag", "\"2\"")], ""))
        .await;
    let notes = json!({"status": 204, "header_fields": {"etag": "\"2\""}});
    assert_eq!(result["structuredContent"], json!({ "_notes": notes }));
    let expected = "Done; the API answered 204 without content. Its header fields:\netag: \"2\"";
    assert_eq!(text(&result), expected);
}

#[tokio::test]
async fn empty_answer_of_a_tool_without_output_schema_is_text_alone() {
    let items = Items::serve("responses: {'204': {description: done}}").await;
    let result = items.answered(reply(204, "", &[], "")).await;
    assert_eq!(text(&result), "Done; the API answered 204 without content.");
    assert_eq!(result.get("structuredContent"), None);
}

#[tokio::test]
async fn text_in_place_of_declared_json_is_in_both_views() {
    let items = Items::serve(OBJECT).await;
    let result = items
        .answered(reply(200, "text/html", &[], "<p>a</p>"))
        .await;
    assert_eq!(result["structuredContent"], json!({"result": "<p>a</p>"}));
    assert_eq!(text(&result), "<p>a</p>");
}

#[tokio::test]
async fn truncation_is_in_both_views() {
    let items = Items::with("get", OBJECT, |config| {
        config.upstream.max_response_bytes = 10;
    })
    .await;
    let result = items
        .answered(reply(
            200,
            "application/json",
            &[],
            "{\"id\":1,\"name\":\"long\"}",
        ))
        .await;
    let structured = &result["structuredContent"];
    assert_eq!(structured["result"], "{\"id\":1,\"n");
    let note = structured["_notes"]["truncated"].as_str().unwrap();
    assert!(note.contains("12 bytes are missing"), "{note}");
    assert_eq!(result["content"][1]["text"], note);
}

#[tokio::test]
async fn what_does_not_fit_the_schema_stays_under_its_place() {
    let items = Items::serve(OBJECT).await;
    let result = items
        .answered(reply(
            200,
            "application/json",
            &[],
            "{\"id\":\"a\",\"b\":2}",
        ))
        .await;
    let unfit = json!({"b": 2, "_notes": {"not_as_described": {"/id": "a"}}});
    assert_eq!(result["structuredContent"], unfit);
    assert!(text(&result).contains("`/id`"), "{result}");

    let counts = Items::serve(COUNTS).await;
    let headers = [("etag", "1")];
    let result = counts
        .answered(reply(
            200,
            "application/json",
            &headers,
            "{\"a\":1,\"b\":[2]}",
        ))
        .await;
    let notes =
        json!({"status": 200, "header_fields": {"etag": "1"}, "not_as_described": {"/b": [2]}});
    assert_eq!(
        result["structuredContent"],
        json!({"a": 1, "_notes": notes})
    );
}

#[tokio::test]
async fn notes_of_the_api_stay_where_there_are_others() {
    let items = Items::serve(OBJECT).await;
    let body = "{\"_notes\":{\"by\":\"the API\"}}";
    let result = items
        .answered(reply(200, "application/json", &[], body))
        .await;
    assert_eq!(
        result["structuredContent"],
        json!({"_notes": {"by": "the API"}})
    );
    let result = items
        .answered(reply(201, "application/json", &[], body))
        .await;
    let notes = json!({"status": 201, "_notes": {"by": "the API"}});
    assert_eq!(result["structuredContent"], json!({ "_notes": notes }));
}

#[tokio::test]
async fn every_output_schema_leaves_room_for_notes() {
    for operation in [LIST, OBJECT, COUNTS] {
        let items = Items::serve(operation).await;
        let tools = items.client.tools().await.unwrap();
        let validator = jsonschema::validator_for(&tools[0]["outputSchema"]).unwrap();
        assert!(validator.is_valid(&json!({"_notes": {"status": 202, "a": [1]}})));
    }
    let tools = Items::serve(FILE).await.client.tools().await.unwrap();
    assert_eq!(tools[0].get("outputSchema"), None);
}

#[tokio::test]
async fn errors_are_text_and_structured_only_without_an_output_schema() {
    for (operation, is_structured) in [(OBJECT, false), (FILE, true)] {
        let items = Items::serve(operation).await;
        let result = items
            .answered(reply(404, "application/json", &[], "{\"a\":1}"))
            .await;
        assert_eq!(result["isError"], true);
        assert_eq!(result.get("structuredContent").is_some(), is_structured);
        assert!(text(&result).contains("not_found"), "{result}");
    }
}
