//! What goes on the wire, byte by byte: one operation and its arguments a case.

use runtime::codegen::{
    Access, Binding, Content, Encoding, In, Operation, Parameter, Property, RequestBody, Response,
    Style, Value,
};
use runtime::upstream::ErrorKind;
use serde_json::json;

use crate::support::Api;

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// Headers that every request has alike.
const ALIKE: &[&str] = &[
    "host",
    "accept",
    "accept-encoding",
    "user-agent",
    "x-request-id",
];

/// The request that a call makes, without the headers that all have alike.
async fn sent(operation: &'static Operation, arguments: Value) -> String {
    let api = Api::answering(NO_CONTENT).await;
    api.call_with(operation, &arguments, "").await.unwrap();
    let request = api.seen().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !ALIKE.contains(&name)
    });
    let mut text: Vec<&str> = lines.collect();
    if let Some(first) = text.first_mut() {
        *first = first.trim_end_matches(" HTTP/1.1");
    }
    let mut text = text.join("\n");
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&body.replace("\r\n", "\n"));
    }
    text
}

/// One case a line: test name, operation, arguments, request.
macro_rules! wire {
    ($($name:ident: { $($field:ident: $value:expr),* $(,)? } $arguments:tt => $expected:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                static OPERATION: Operation = Operation {
                    $($field: $value,)*
                    ..Operation::BASE
                };
                assert_eq!(sent(&OPERATION, json!($arguments)).await, $expected);
            }
        )*
    };
}

const fn body(content: Content, media_types: &'static [&'static str]) -> Option<RequestBody> {
    Some(RequestBody {
        required: true,
        content,
        media_types,
        media_type_argument: None,
    })
}

const fn whole(media_types: &'static [&'static str]) -> Option<RequestBody> {
    body(Content::Argument("body", Encoding::DEFAULT), media_types)
}

const NAME_AND_TAGS: Content = Content::Properties(&[Property::new("name"), Property::new("tags")]);
const QUERY: Parameter = Parameter::query("q");

wire! {
    a_read_without_arguments: {} {} => "GET /";

    path_query_header_and_cookie: {
        path: "/pets/{id}/toys",
        parameters: &[
            Parameter::path("id"),
            Parameter::query("tag"),
            Parameter::header("X-Trace"),
            Parameter::cookie("session"),
        ],
    } {"id": "a/b", "tag": ["x y", "z&"], "X-Trace": [1, 2], "session": "s;1"} =>
        "GET /pets/a%2Fb/toys?tag=x%20y&tag=z%26\nx-trace: 1,2\ncookie: session=s%3B1";

    arguments_have_names_of_their_own: {
        parameters: &[Parameter { argument: "id_query", ..Parameter::query("id") }],
    } {"id_query": 1, "id": 2} => "GET /?id=1";

    numbers_travel_as_written: {
        parameters: &[QUERY],
    } {"q": [18446744073709551615_u64, -1, 0.5]} =>
        "GET /?q=18446744073709551615&q=-1&q=0.5";

    null_and_absent_parameters_are_not_sent: {
        parameters: &[QUERY, Parameter::header("X-A"), Parameter::cookie("c")],
    } {"q": null, "X-A": null} => "GET /";

    an_empty_text_is_sent: {
        parameters: &[QUERY],
    } {"q": ""} => "GET /?q=";

    an_empty_list_is_sent_where_empty_values_are_allowed: {
        parameters: &[Parameter { allow_empty_value: true, ..QUERY }],
    } {"q": []} => "GET /?q=";

    reserved_characters_stay_where_they_may: {
        parameters: &[Parameter { allow_reserved: true, ..QUERY }],
    } {"q": "/a?b=c,d&e#f g"} => "GET /?q=/a?b=c,d%26e%23f%20g";

    a_deep_object_is_bracketed: {
        parameters: &[Parameter { style: Style::DeepObject, ..QUERY }],
    } {"q": {"a": 1, "b": {"c": "d"}}} => "GET /?q%5Ba%5D=1&q%5Bb%5D%5Bc%5D=d";

    content_of_a_parameter_is_json: {
        parameters: &[Parameter { content: Some("application/json"), ..QUERY }],
    } {"q": {"a": "b"}} => "GET /?q=%7B%22a%22%3A%22b%22%7D";

    a_query_string_is_the_whole_query: {
        parameters: &[Parameter {
            content: Some("application/x-www-form-urlencoded"),
            ..Parameter::query_string("q")
        }],
    } {"q": {"a": "b c", "d": [1, 2]}} => "GET /?a=b%20c&d=1&d=2";

    a_query_string_of_json_is_encoded: {
        parameters: &[Parameter {
            content: Some("application/json"),
            ..Parameter::query_string("q")
        }],
    } {"q": {"a": 1}} => "GET /?%7B%22a%22%3A1%7D";

    a_template_with_a_query_keeps_it: {
        path: "/?Action=List",
        parameters: &[QUERY],
    } {"q": 1} => "GET /?Action=List&q=1";

    a_flat_body_is_one_object: {
        method: "POST", access: Access::Write,
        request_body: body(NAME_AND_TAGS, &["application/json"]),
    } {"tags": ["a"], "name": null, "other": 1} =>
        "POST /\ncontent-type: application/json\ncontent-length: 26\n\n{\"name\":null,\"tags\":[\"a\"]}";

    a_required_flat_body_without_properties_is_an_empty_object: {
        method: "POST", access: Access::Write,
        request_body: body(NAME_AND_TAGS, &["application/merge-patch+json"]),
    } {} => "POST /\ncontent-type: application/merge-patch+json\ncontent-length: 2\n\n{}";

    an_optional_body_without_properties_is_not_sent: {
        method: "POST", access: Access::Write,
        request_body: Some(RequestBody {
            required: false,
            content: NAME_AND_TAGS,
            media_types: &["application/json"],
            media_type_argument: None,
        }),
    } {} => "POST /\ncontent-length: 0";

    a_read_may_have_a_body: {
        request_body: whole(&["application/json"]),
    } {"body": [1]} => "GET /\ncontent-type: application/json\ncontent-length: 3\n\n[1]";

    a_null_body_is_sent: {
        method: "PUT", access: Access::Write,
        request_body: whole(&["application/json"]),
    } {"body": null} => "PUT /\ncontent-type: application/json\ncontent-length: 4\n\nnull";

    a_form_is_urlencoded: {
        method: "POST", access: Access::Write,
        request_body: body(NAME_AND_TAGS, &["application/x-www-form-urlencoded"]),
    } {"name": "a b", "tags": ["c", "d&"]} =>
        "POST /\ncontent-type: application/x-www-form-urlencoded\ncontent-length: 25\n\n\
         name=a+b&tags=c&tags=d%26";

    a_multipart_body_has_parts_in_the_order_described: {
        method: "POST", access: Access::Write,
        request_body: body(
            Content::Properties(&[
                Property { encoding: Encoding::FILE, ..Property::new("file") },
                Property::new("meta"),
            ]),
            &["multipart/form-data"],
        ),
    } {"meta": {"a": 1}, "file": {"base64": "aGk=", "filename": "h.txt", "content_type": "text/plain"}} =>
        "POST /\ncontent-type: multipart/form-data; boundary=----boundaryr1\ncontent-length: 239\n\n\
         ------boundaryr1\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"h.txt\"\n\
         Content-Type: text/plain\n\nhi\n\
         ------boundaryr1\n\
         Content-Disposition: form-data; name=\"meta\"\n\
         Content-Type: application/json\n\n{\"a\":1}\n\
         ------boundaryr1--\n";

    the_selected_media_type_is_written: {
        method: "POST", access: Access::Write,
        request_body: Some(RequestBody {
            required: true,
            content: NAME_AND_TAGS,
            media_types: &["application/json", "application/x-www-form-urlencoded"],
            media_type_argument: Some("content_type"),
        }),
    } {"content_type": "application/x-www-form-urlencoded", "name": "a"} =>
        "POST /\ncontent-type: application/x-www-form-urlencoded\ncontent-length: 6\n\nname=a";

    binary_content_is_decoded: {
        method: "PUT", access: Access::Write,
        request_body: body(
            Content::Argument("body", Encoding::FILE),
            &["application/octet-stream"],
        ),
    } {"body": "data:text/plain;base64,aGk="} =>
        "PUT /\ncontent-type: application/octet-stream\ncontent-length: 2\n\nhi";

    a_file_says_its_type_where_the_description_leaves_it_open: {
        method: "PUT", access: Access::Write,
        request_body: body(Content::Argument("body", Encoding::FILE), &["image/*"]),
    } {"body": "data:image/png;base64,aGk="} =>
        "PUT /\ncontent-type: image/png\ncontent-length: 2\n\nhi";

    text_says_its_charset: {
        method: "POST", access: Access::Write,
        request_body: whole(&["text/plain"]),
    } {"body": "é"} => "POST /\ncontent-type: text/plain; charset=utf-8\ncontent-length: 2\n\né";

    xml_is_the_text_given: {
        method: "POST", access: Access::Write,
        request_body: whole(&["application/xml"]),
    } {"body": "<a/>"} => "POST /\ncontent-type: application/xml\ncontent-length: 4\n\n<a/>";

    lines_of_json_are_written_from_a_list: {
        method: "POST", access: Access::Write,
        request_body: whole(&["application/x-ndjson"]),
    } {"body": [{"a": 1}, 2]} =>
        "POST /\ncontent-type: application/x-ndjson\ncontent-length: 10\n\n{\"a\":1}\n2\n";

    a_bound_argument_comes_from_the_context: {
        method: "POST", access: Access::Write,
        path: "/w/{workspace}",
        parameters: &[Parameter {
            bind: Some(Binding::Workspace),
            ..Parameter::path("workspace")
        }],
        request_body: body(
            Content::Properties(&[Property {
                bind: Some(Binding::Workspace),
                ..Property::new("owner")
            }]),
            &["application/json"],
        ),
    } {"workspace": "another", "owner": "another"} =>
        "POST /w/w%201\ncontent-type: application/json\ncontent-length: 15\n\n{\"owner\":\"w 1\"}";

    headers_that_frame_the_message_are_not_the_callers: {
        parameters: &[
            Parameter { location: In::Header, ..Parameter::header("Transfer-Encoding") },
            Parameter::header("Authorization"),
        ],
    } {"Transfer-Encoding": "chunked", "Authorization": "x"} => "GET /";
}

#[tokio::test]
async fn every_request_says_who_asks_and_for_what() {
    static OPERATION: Operation = Operation {
        responses: &[Response {
            status: "200",
            media_types: &["application/xml", "application/json"],
        }],
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
