use std::collections::BTreeSet;
use std::path::Path;

use generator::lower::{RESERVED_NAMES, lower};
use generator::openapi::parse;
use runtime::config::{Auth, Config};
use tests::harness::client::{Client, Revision};
use tests::harness::server;

/// The generator keeps the names of the tools of search mode free, and cannot see the runtime's list.
#[tokio::test]
async fn names_that_the_generator_reserves_are_those_of_the_tools_of_search_mode() {
    let text =
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {post: {operationId: a}}\n";
    let document = parse(Path::new("api.yaml"), text.to_owned()).unwrap();
    let catalogue = descriptors::catalogue("reserved", &lower(document).api);
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.server.mock = true;
    let server = server::serve(catalogue, config).await.unwrap();
    let mut url = server.url().clone();
    url.set_path("/mcp/search");
    let tools = Client::new(url, Revision::V2025_11_25)
        .tools()
        .await
        .unwrap();
    let listed: BTreeSet<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
    let mut reserved = BTreeSet::from(RESERVED_NAMES);
    // Only people who signed in upload files.
    assert!(reserved.remove("request_upload"));
    assert_eq!(listed, reserved);
}
