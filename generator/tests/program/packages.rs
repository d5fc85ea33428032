//! What packs a server for people's own machines, and describes it to the MCP registry.

use std::fs;
use std::path::Path;

use generator::{Options, write};
use serde_json::Value;

use crate::apis::{hostile, scratch, small};

fn json(directory: &Path, path: &str) -> Value {
    let text = fs::read_to_string(directory.join("deploy").join(path)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"))
}

#[test]
fn packages_are_valid_whatever_the_description_says() {
    let out = scratch("packages_hostile").join("hostile-api");
    write(&hostile(), Vec::new(), &Options::new("hostile.yaml", &out)).unwrap();
    let manifest = json(&out, "local/manifest.json");
    let server = json(&out, "server.json");
    json(&out, "local/package.json");
    for text in [&server["title"], &server["description"]] {
        // As the registry's schema demands.
        assert!((1..=100).contains(&text.as_str().unwrap().chars().count()));
    }
    let settings = fs::read_to_string(out.join("deploy/local/connector.toml")).unwrap();
    let settings: toml::Table = settings.parse().unwrap();
    // The bundle asks the person for the variable that the settings read.
    let credentials = settings["upstream"]["credentials"].as_table().unwrap();
    let (_, credential) = credentials.iter().next().unwrap();
    let variable = credential
        .get("env")
        .or_else(|| credential["password"].get("env"));
    let variable = variable.unwrap().as_str().unwrap();
    let asked = manifest["server"]["mcp_config"]["env"][variable].as_str();
    let asked = asked
        .unwrap()
        .trim_start_matches("${user_config.")
        .trim_end_matches('}');
    assert!(
        manifest["user_config"][asked]["sensitive"]
            .as_bool()
            .unwrap()
    );
}

#[test]
fn packages_of_an_api_without_credentials_ask_for_none() {
    let out = scratch("packages_small").join("pets");
    write(&small(), Vec::new(), &Options::new("pets.yaml", &out)).unwrap();
    let manifest = json(&out, "local/manifest.json");
    assert_eq!(manifest["user_config"], serde_json::json!({}));
    let server = json(&out, "server.json");
    assert_eq!(
        server["packages"][0]["environmentVariables"],
        serde_json::json!([])
    );
    assert_eq!(server["name"], json(&out, "local/package.json")["mcpName"]);
}
