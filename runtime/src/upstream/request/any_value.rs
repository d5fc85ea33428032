//! Whatever the arguments hold, building a request neither panics nor leaves the server, and no
//! header of it has a line break.

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value};
use url::Url;

use super::{Call, build};
use crate::operation::{Content, Encoding, In, Operation, Parameter, Property, RequestBody, Style};
use crate::upstream::Uploads;

const STYLES: &[Style] = &[
    Style::Simple,
    Style::Label,
    Style::Matrix,
    Style::Form,
    Style::SpaceDelimited,
    Style::PipeDelimited,
    Style::TabDelimited,
    Style::DeepObject,
    Style::Cookie,
];

const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
    "application/xml",
    "application/octet-stream",
    "*/*",
];

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[./%2eE\\\\]{0,6}".prop_map(Value::from),
        "data:[a-z;,=/]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![
            any::<String>(),
            Just("base64".to_owned()),
            Just("text".to_owned())
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn check(operation: &Operation, arguments: &Map<String, Value>) -> Result<(), TestCaseError> {
    let base = Url::parse("https://api.example/base").unwrap();
    let call = Call {
        base: &base,
        arguments,
        uploads: &Uploads::default(),
        workspace: None,
        given: &[],
        credentials: &[],
        request_id: "r",
    };
    if let Ok(request) = build(operation, &call) {
        prop_assert_eq!(request.url.origin(), base.origin());
        let path = request.url.path();
        prop_assert!(
            path.starts_with("/base/a/") && path.ends_with("/z"),
            "{}",
            path
        );
        prop_assert_eq!(path.matches('/').count(), 4, "{}", path);
        prop_assert!(in_one_line(&request.headers));
    }
    Ok(())
}

fn in_one_line(headers: &HeaderMap) -> bool {
    headers
        .values()
        .all(|value| !value.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)))
}

proptest! {
    #[test]
    fn as_a_parameter(
        value in value(),
        style in proptest::sample::select(STYLES),
        explode: bool,
        allow_reserved: bool,
        location in proptest::sample::select(vec![In::Path, In::Query, In::QueryString, In::Header, In::Cookie]),
    ) {
        let parameter = Parameter { location, style, explode, allow_reserved, ..Parameter::query("v") };
        let fixed = Parameter { argument: "w", ..Parameter::path("w") };
        let (path, parameters) = match location {
            In::Path => ("/a/{v}/z", vec![parameter]),
            _ => ("/a/{w}/z", vec![fixed, parameter]),
        };
        let operation = Operation { path, parameters: parameters.leak(), ..Operation::BASE };
        let arguments = Map::from_iter([("v".to_owned(), value), ("w".to_owned(), Value::from(1))]);
        check(&operation, &arguments)?;
    }

    #[test]
    fn as_a_body(
        value in value(),
        media_type in proptest::sample::select(MEDIA_TYPES),
        binary: bool,
        flat: bool,
    ) {
        let encoding = Encoding { binary, ..Encoding::DEFAULT };
        let property = vec![Property { encoding, ..Property::new("v") }];
        let content = if flat { Content::Properties(property.leak()) } else { Content::Argument("v", encoding) };
        let operation = Operation {
            path: "/a/b/z",
            request_body: Some(RequestBody {
                required: true,
                content,
                media_types: vec![media_type].leak(),
                media_type_argument: None,
            }),
            ..Operation::BASE
        };
        check(&operation, &Map::from_iter([("v".to_owned(), value)]))?;
    }
}
