//! How pages follow each other, recognized in real descriptions.

use generator::ir::PagingNext;
use tests::harness::requirement;

use crate::descriptions::descriptions;

#[test]
fn paging_is_recognized_in_real_descriptions() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let value = |at: &str| PagingNext::Value(at.to_owned());
    let expected = [
        ("box", "get_ai_agents", "marker", value("/next_marker")),
        ("box", "get_collaborations", "offset", PagingNext::Offset(0)),
        ("digitalocean", "actions_list", "page", PagingNext::Page(1)),
        (
            "digitalocean",
            "genai_list_agent_api_keys",
            "",
            value("/links/pages/next"),
        ),
        ("klaviyo", "get_accounts", "", value("/links/next")),
        (
            "klaviyo",
            "get_actions_for_flow",
            "page_cursor",
            value("/links/next"),
        ),
        (
            "meilisearch",
            "get_documents",
            "offset",
            PagingNext::Offset(0),
        ),
        ("meilisearch", "get_tasks", "from", value("/next")),
        (
            "msgraph-subset",
            "devices_device_ListDevice",
            "skip",
            PagingNext::Offset(0),
        ),
        ("openai", "ListContainers", "after", value("/last_id")),
        (
            "redocly-cafe32",
            "listOrders",
            "after",
            value("/page/endCursor"),
        ),
        (
            "slack-swagger2",
            "admin_conversations_search",
            "cursor",
            value("/next_cursor"),
        ),
        ("twilio-api", "ListAccount", "Page", PagingNext::Page(0)),
    ];
    let all = descriptions(&corpus);
    for (description, name, argument, next) in expected {
        let (_, lowered) = all.iter().find(|(id, _)| id == description).unwrap();
        let operations = &lowered.api.operations;
        let operation = operations.iter().find(|it| it.name == name).unwrap();
        let paging = operation.paging.as_ref();
        let paging = paging.unwrap_or_else(|| panic!("{description} {name}: no paging"));
        assert_eq!(
            (&*paging.argument, &paging.next),
            (argument, &next),
            "{description} {name}"
        );
    }
    for (description, lowered) in all {
        let operations = &lowered.api.operations;
        let paged = operations.iter().filter(|it| it.paging.is_some()).count();
        println!(
            "{description}: {paged} of {} operations have pages",
            operations.len()
        );
    }
}
