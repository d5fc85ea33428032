//! MCP clients of other people show both views, whether or not an answer fits.

use serde_json::{Value, json};
use tests::harness::foreign::{self, Node, Python};
use tests::harness::requirement::require;
use tokio::process::Command;

use crate::answers::{Items, reply};
use crate::view::{Answer, Sent, missing};

const OBJECT: &str = "responses: {'200': {description: ok, content: {application/json: {schema: \
                      {type: object, properties: {id: {type: integer}}}}}}}";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\xff";

/// Has a client list the tool and call it, for each answer.
async fn sees_both_views(session: impl Fn() -> Command, terms: Value) {
    let items = Items::serve(OBJECT).await;
    let field = ("location".to_owned(), "/jobs/1".to_owned());
    let fits = json!({"id": 1, "more": "x"});
    let unfit = json!({"id": {"deep": ["a"]}, "more": "x"});
    let other = json!([1, "two"]);
    for (media_type, body, sent) in [
        (
            "application/json",
            fits.to_string().into(),
            Sent::Json(fits),
        ),
        (
            "application/json",
            unfit.to_string().into(),
            Sent::Json(unfit),
        ),
        (
            "application/json",
            other.to_string().into(),
            Sent::Json(other),
        ),
        ("text/plain", "none".into(), Sent::Text("none".to_owned())),
        ("image/png", PNG.into(), Sent::Media(PNG.into())),
        ("", Vec::new(), Sent::Nothing),
    ] {
        let reply = reply(202, media_type, &[("location", "/jobs/1")], body);
        items.api.answer(reply.clone());
        let mut terms = terms.clone();
        terms["url"] = json!(items.server.url().as_str());
        terms["call"] = json!({"name": "items", "arguments": {}});
        let talk = foreign::json(session(), [terms.to_string()]).await.unwrap();
        let schema = jsonschema::validator_for(&talk["tools"][0]["outputSchema"]).unwrap();
        let answer = Answer {
            reply,
            sent,
            fields: vec![field.clone()],
        };
        let missing = missing(&answer, Some(&schema), &talk["result"]);
        assert!(missing.is_empty(), "{missing:?}: {talk}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_v1_sees_both_views() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    sees_both_views(|| node.typescript(), json!({"sdk": "v1"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_v2_sees_both_views() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    sees_both_views(|| node.typescript(), json!({"sdk": "v2", "era": "auto"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sees_both_views() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    sees_both_views(|| python.session(), json!({"era": "auto"})).await;
}
