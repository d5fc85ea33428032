//! What every request has, whatever the operation. What operations and arguments add to it is shown
//! case by case in `tests/tests/wire`.

use runtime::call::ErrorKind;
use runtime::codegen::{Operation, Parameter};
use serde_json::json;

use crate::support::Api;

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn every_request_says_who_asks_and_for_what() {
    static OPERATION: Operation = Operation {
        accept: "application/json, application/xml;q=0.8, */*;q=0.1",
        ..Operation::BASE
    };
    let api = Api::answering(NO_CONTENT).await;
    api.call(&OPERATION).await.unwrap();
    let request = api.seen().remove(0);
    for line in [
        "accept: application/json, application/xml;q=0.8, */*;q=0.1",
        "user-agent: drawbridge/",
        "x-request-id: r-1",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn the_servers_path_is_kept_as_a_prefix() {
    for base in ["/v1", "/v1/"] {
        let mut api = Api::answering(NO_CONTENT).await;
        api.url.push_str(base);
        api.call(&crate::support::WRITE).await.unwrap();
        assert!(api.seen().remove(0).starts_with("POST /v1/items HTTP/1.1"));
    }
}

#[tokio::test]
async fn arguments_that_make_no_request_send_nothing() {
    static OPERATION: Operation = Operation {
        path: "/pets/{id}",
        parameters: &[Parameter::path("id"), Parameter::header("X-A")],
        ..Operation::BASE
    };
    let api = Api::answering(NO_CONTENT).await;
    for arguments in [
        json!({"id": "../../admin"}),
        json!({"id": "%2e%2e"}),
        json!({"id": ""}),
        json!({}),
        json!({"id": 1, "X-A": "a\r\nb: c"}),
    ] {
        let error = api.call_with(&OPERATION, &arguments, "").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArguments, "{arguments}");
        assert!(error.details.unwrap()["argument"].is_string());
    }
    assert_eq!(api.seen(), Vec::<String>::new());
}
