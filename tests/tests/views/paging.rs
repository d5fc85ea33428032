//! Pages of an API, which a client reads by nothing but the notes on each answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use descriptors::catalogue;
use generator::lower::lower;
use generator::openapi::parse;
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::server;

/// The page of an API for a query: its body, and its `Link` field if it has one.
type Page = fn(&BTreeMap<String, String>) -> (Value, Option<String>);

/// How many items the API has.
const ITEMS: usize = 57;

/// A style of paging: its operation, and how the API answers.
struct Style {
    method: &'static str,
    /// The parameters or the request body, and the schema of the answer, in YAML's flow style.
    asks: &'static str,
    answers: &'static str,
    /// Makes the answer to a query, and the value of `Link`.
    answer: Page,
}

fn items(from: usize, size: usize) -> Vec<Value> {
    let to = (from + size).min(ITEMS);
    let items = (from.min(to)..to).map(|number| json!({"id": format!("i{number}"), "n": number}));
    items.collect()
}

fn number(query: &BTreeMap<String, String>, name: &str, default: usize) -> usize {
    query.get(name).map_or(default, |it| it.parse().unwrap())
}

/// The cursor of what follows, where something does.
fn after(from: usize, size: usize) -> Option<String> {
    (from + size < ITEMS).then(|| format!("c/{}==", from + size))
}

fn before(query: &BTreeMap<String, String>, name: &str) -> usize {
    let cursor = query.get(name).map(String::as_str).unwrap_or_default();
    let number = cursor.trim_start_matches("c/").trim_end_matches("==");
    number.parse().unwrap_or(0)
}

const LIST: &str =
    "type: array, items: {type: object, properties: {id: {type: string}, n: {type: integer}}}";

fn styles() -> Vec<(&'static str, Style)> {
    vec![
        (
            "a cursor beside the list",
            Style {
                method: "get",
                asks: "parameters: [{name: cursor, in: query, schema: {type: string}}, {name: limit, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {items: {LIST}, next_cursor: {type: string}}}",
                answer: |query| {
                    let from = before(query, "cursor");
                    (
                        json!({"items": items(from, 10), "next_cursor": after(from, 10).unwrap_or_default()}),
                        None,
                    )
                },
            },
        ),
        (
            "a cursor in metadata, as Slack has it",
            Style {
                method: "get",
                asks: "parameters: [{name: cursor, in: query, schema: {type: string}}]",
                answers: "{type: object, properties: {ok: {type: boolean}, members: {LIST}, response_metadata: {type: object, properties: {next_cursor: {type: string}}}}}",
                answer: |query| {
                    let from = before(query, "cursor");
                    (
                        json!({"ok": true, "members": items(from, 10), "response_metadata": {"next_cursor": after(from, 10).unwrap_or_default()}}),
                        None,
                    )
                },
            },
        ),
        (
            "a token of the next page, as Google has it",
            Style {
                method: "get",
                asks: "parameters: [{name: pageToken, in: query, schema: {type: string}}, {name: pageSize, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {files: {LIST}, nextPageToken: {type: string}}}",
                answer: |query| {
                    let from = before(query, "pageToken");
                    let mut answer = json!({"files": items(from, 10)});
                    if let Some(token) = after(from, 10) {
                        answer["nextPageToken"] = json!(token);
                    }
                    (answer, None)
                },
            },
        ),
        (
            "a cursor within the page, as GraphQL has it",
            Style {
                method: "get",
                asks: "parameters: [{name: after, in: query, schema: {type: string}}, {name: first, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {nodes: {LIST}, pageInfo: {type: object, properties: {endCursor: {type: string}, hasNextPage: {type: boolean}}}}}",
                answer: |query| {
                    let from = before(query, "after");
                    let end = format!("c/{}==", from + 10);
                    (
                        json!({"nodes": items(from, 10), "pageInfo": {"endCursor": end, "hasNextPage": from + 10 < ITEMS}}),
                        None,
                    )
                },
            },
        ),
        (
            "the id of the last item, as Stripe has it",
            Style {
                method: "get",
                asks: "parameters: [{name: starting_after, in: query, schema: {type: string}}, {name: limit, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {data: {LIST}, has_more: {type: boolean}}}",
                answer: |query| {
                    let from = query
                        .get("starting_after")
                        .map_or(0, |id| id[1..].parse::<usize>().unwrap() + 1);
                    (
                        json!({"data": items(from, 10), "has_more": from + 10 < ITEMS}),
                        None,
                    )
                },
            },
        ),
        (
            "an offset and the number of all items",
            Style {
                method: "get",
                asks: "parameters: [{name: offset, in: query, schema: {type: integer, default: 0}}, {name: limit, in: query, schema: {type: integer, default: 10}}]",
                answers: "{type: object, properties: {results: {LIST}, total_count: {type: integer}}}",
                answer: |query| {
                    (
                        json!({"results": items(number(query, "offset", 0), 10), "total_count": ITEMS}),
                        None,
                    )
                },
            },
        ),
        (
            "an offset and a bare list",
            Style {
                method: "get",
                asks: "parameters: [{name: skip, in: query, schema: {type: integer}}, {name: take, in: query, schema: {type: integer, default: 10}}]",
                answers: "{LIST}",
                answer: |query| (json!(items(number(query, "skip", 0), 10)), None),
            },
        ),
        (
            "an index that begins with 1, as SCIM has it",
            Style {
                method: "get",
                asks: "parameters: [{name: startIndex, in: query, schema: {type: integer, minimum: 1}}, {name: count, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {Resources: {LIST}, totalResults: {type: integer}, startIndex: {type: integer}}}",
                answer: |query| {
                    let from = number(query, "startIndex", 1) - 1;
                    (
                        json!({"Resources": items(from, 10), "totalResults": ITEMS, "startIndex": from + 1}),
                        None,
                    )
                },
            },
        ),
        (
            "the number of a page and a bare list",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer, default: 1}}, {name: per_page, in: query, schema: {type: integer, default: 10}}]",
                answers: "{LIST}",
                answer: |query| (json!(items((number(query, "page", 1) - 1) * 10, 10)), None),
            },
        ),
        (
            "the number of a page that begins with 0, as Spring has it",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer, minimum: 0, default: 0}}, {name: size, in: query, schema: {type: integer, default: 10}}]",
                answers: "{type: object, properties: {content: {LIST}, totalPages: {type: integer}, last: {type: boolean}, number: {type: integer}}}",
                answer: |query| {
                    let page = number(query, "page", 0);
                    (
                        json!({"content": items(page * 10, 10), "totalPages": 6, "last": page == 5, "number": page}),
                        None,
                    )
                },
            },
        ),
        (
            "an index that begins with 1 and is not described",
            Style {
                method: "get",
                asks: "parameters: [{name: startIndex, in: query, schema: {type: integer}}, {name: count, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {Resources: {LIST}, totalResults: {type: integer}}}",
                answer: |query| {
                    let from = number(query, "startIndex", 1) - 1;
                    (
                        json!({"Resources": items(from, 10), "totalResults": ITEMS}),
                        None,
                    )
                },
            },
        ),
        (
            "the number of a page that begins with 0, as its answers say alone",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {content: {LIST}, last: {type: boolean}, number: {type: integer}}}",
                answer: |query| {
                    let page = number(query, "page", 0);
                    (
                        json!({"content": items(page * 10, 10), "last": page == 5, "number": page}),
                        None,
                    )
                },
            },
        ),
        (
            "the number of a page that begins with 1, as its answers say alone",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {content: {LIST}, pages: {type: integer}, page: {type: integer}}}",
                answer: |query| {
                    let page = number(query, "page", 1);
                    (
                        json!({"content": items((page - 1) * 10, 10), "pages": 6, "page": page}),
                        None,
                    )
                },
            },
        ),
        (
            "the URL of the next page in the body",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer}}, {name: per_page, in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {domains: {LIST}, links: {type: object, properties: {pages: {type: object, properties: {next: {type: string}}}}}}}",
                answer: |query| {
                    let page = number(query, "page", 1);
                    let mut answer = json!({"domains": items((page - 1) * 10, 10), "links": {}});
                    if page < 6 {
                        answer["links"]["pages"] = json!({"next": format!("https://api.example.com/v2/items?page={}", page + 1)});
                    }
                    (answer, None)
                },
            },
        ),
        (
            "brackets and links, as JSON:API has them",
            Style {
                method: "get",
                asks: "parameters: [{name: 'page[number]', in: query, schema: {type: integer}}, {name: 'page[size]', in: query, schema: {type: integer}}]",
                answers: "{type: object, properties: {data: {LIST}, links: {type: object, properties: {next: {type: string, nullable: true}}}}}",
                answer: |query| {
                    let page = number(query, "page[number]", 1);
                    let next = (page < 6)
                        .then(|| format!("/items?page%5Bnumber%5D={}&page%5Bsize%5D=10", page + 1));
                    (
                        json!({"data": items((page - 1) * 10, 10), "links": {"next": next}}),
                        None,
                    )
                },
            },
        ),
        (
            "the header field Link",
            Style {
                method: "get",
                asks: "parameters: [{name: page, in: query, schema: {type: integer}}]",
                answers: "{LIST}",
                answer: |query| {
                    let page = number(query, "page", 1);
                    let link = match page {
                        6 => "</items?page=5>; rel=\"prev\"".to_owned(),
                        page => format!("</items?page={}>; rel=\"next\"", page + 1),
                    };
                    (json!(items((page - 1) * 10, 10)), Some(link))
                },
            },
        ),
        (
            "a cursor in the body of the request, as Notion has it",
            Style {
                method: "post",
                asks: "requestBody: {content: {application/json: {schema: {type: object, properties: {start_cursor: {type: string}, page_size: {type: integer}}}}}}",
                answers: "{type: object, properties: {results: {LIST}, next_cursor: {type: string, nullable: true}, has_more: {type: boolean}}}",
                answer: |query| {
                    let from = before(query, "start_cursor");
                    (
                        json!({"results": items(from, 10), "next_cursor": after(from, 10), "has_more": from + 10 < ITEMS}),
                        None,
                    )
                },
            },
        ),
    ]
}

#[derive(Clone)]
struct Api {
    answer: Page,
    asked: Arc<Mutex<usize>>,
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let mut asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap();
    if let Ok(Value::Object(members)) = serde_json::from_slice(&body) {
        let members = members.into_iter();
        asked.extend(members.map(|(name, value)| (name, value.as_str().unwrap().to_owned())));
    }
    *api.asked.lock().unwrap() += 1;
    let (answer, link) = (api.answer)(&asked);
    let link = link.map(|link| ("link", link));
    (axum::response::AppendHeaders(link), axum::Json(answer)).into_response()
}

/// Reads all pages by the notes of each answer. Returns the numbers of the items.
async fn read(style: &Style, answers: &str) -> (Vec<u64>, usize) {
    let text = format!(
        "{{openapi: 3.0.3, info: {{title: Case, version: '1'}}, paths: {{/items: {{{}: {{operationId: \
         items, {}, responses: {{'200': {{description: ok, content: {{application/json: {{schema: \
         {answers}}}}}}}}}}}}}}}}}",
        style.method, style.asks
    );
    let api = lower(parse(Path::new("api.yaml"), text).unwrap()).api;
    let upstream = Api {
        answer: style.answer,
        asked: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .fallback(answer)
        .with_state(upstream.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(url.parse().unwrap());
    let server = server::serve(catalogue("items", &api), config)
        .await
        .unwrap();
    let client = Client::new(server.url().clone(), Revision::V2025_11_25);
    let mut numbers = Vec::new();
    let mut arguments = json!({});
    loop {
        let given = arguments.as_object().cloned().unwrap();
        let result = client.call("items", given).await.unwrap();
        assert_eq!(result["isError"], false, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        collect(&serde_json::from_str(text).unwrap(), &mut numbers);
        assert!(numbers.len() <= ITEMS, "{numbers:?}");
        match result["structuredContent"]["_notes"]["next_page"].clone() {
            Value::Null => break,
            next => arguments = next,
        }
    }
    let asked = *upstream.asked.lock().unwrap();
    (numbers, asked)
}

fn collect(value: &Value, numbers: &mut Vec<u64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, numbers)),
        Value::Object(members) => {
            numbers.extend(members.get("n").and_then(Value::as_u64));
            members.values().for_each(|member| collect(member, numbers));
        }
        _ => {}
    }
}

#[tokio::test]
async fn client_that_follows_the_notes_reads_every_item_once_in_each_style_of_paging() {
    let all: Vec<u64> = (0..ITEMS as u64).collect();
    let styles = styles();
    assert!(styles.len() >= 12);
    for (name, style) in styles {
        let answers = style.answers.replace("LIST", LIST);
        let (numbers, asked) = read(&style, &answers).await;
        assert_eq!(numbers, all, "{name}");
        assert_eq!(asked, 6, "{name}: no page is asked for in vain");
    }
}
