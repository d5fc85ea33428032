use std::fs;

use generator::lower::lower;
use generator::openapi::read;
use runtime::config::{Auth, Config};
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::{requirement, server};

/// Tokens are counted as a quarter of the bytes.
fn tokens(value: &Value) -> usize {
    value.to_string().len().div_ceil(4)
}

/// How many descriptions are measured: those with the most operations.
const LARGEST: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn search_mode_costs_few_tokens_up_to_the_first_call() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let index = fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
    let mut index: Vec<Value> = serde_json::from_str(&index).unwrap();
    index.sort_by_key(|entry| std::cmp::Reverse(entry["operations"].as_u64()));
    println!(
        "{:28} {:>6} {:>8} {:>6}",
        "description", "list", "search", "both"
    );
    for entry in index.iter().take(LARGEST) {
        let text = |field: &str| entry[field].as_str().unwrap();
        let (id, entry) = (text("id"), text("entry"));
        let file = corpus.join("corpus").join(id).join(entry);
        let catalogue = descriptors::catalogue(id, &lower(read(&file).unwrap()).api);
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.server.mock = true;
        let server = server::serve(catalogue, config).await.unwrap();
        let mut url = server.url().clone();
        url.set_path("/mcp/search");
        let client = Client::new(url, Revision::V2025_11_25);
        let list = tokens(&json!(client.tools().await.unwrap()));
        let mut longest = 0;
        for query in [
            "list users",
            "delete a file",
            "create a new item and update its settings",
        ] {
            let arguments = Map::from_iter([("query".to_owned(), Value::from(query))]);
            let found = client.call("search_tools", arguments).await.unwrap();
            let text = found["content"][0]["text"].as_str().unwrap();
            longest = longest.max(text.len().div_ceil(4));
        }
        println!("{id:28} {list:>6} {longest:>8} {:>6}", list + longest);
        assert!(list <= 2_000, "{id}: {list}");
        assert!(longest <= 2_500, "{id}: {longest}");
        assert!(list + longest <= 4_000, "{id}: {list} and {longest}");
    }
}
