//! What `generator inspect` says of a definition's size is what a client is served.

use generator::inspect::Inspection;
use generator::{lower, openapi};
use runtime::config::Config;
use tests::harness::requirement::repository;

#[test]
fn the_size_of_each_definition_is_that_of_the_served_one() {
    let document = openapi::read(&repository().join("specs/api.yaml")).unwrap();
    let lowered = lower::lower(document);
    let inspected: Vec<(String, usize)> = Inspection::new(&lowered.api, lowered.diagnostics)
        .tools
        .into_iter()
        .map(|tool| (tool.name, tool.bytes))
        .collect();
    let definitions = runtime::app::definitions(&generated::CATALOG, &Config::default()).unwrap();
    let served: Vec<(String, usize)> = definitions
        .into_iter()
        .map(|mut tool| {
            // How the tool is signed in for, which clients do not pass on to their model.
            tool.as_object_mut().unwrap().remove("_meta");
            let name = tool["name"].as_str().unwrap().to_owned();
            (name, tool.to_string().len())
        })
        .collect();
    assert_eq!(inspected, served);
}
