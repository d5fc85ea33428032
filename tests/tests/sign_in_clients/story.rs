//! What every client goes through.

use serde_json::{Value, json};
use tests::harness::person::Choice;
use tests::harness::signed_in::SignedIn;

/// A client that calls tools, and has the person sign in where it must.
pub(crate) trait Client {
    /// Calls a tool: its result, or how the client reports that there is none. It is `elapsed`
    /// seconds later than now.
    async fn call(&mut self, call: &Value, elapsed: u64) -> Result<Value, String>;
}

const A_DAY: u64 = 24 * 60 * 60 + 1;

fn read() -> Value {
    json!({"name": "get_workspace", "arguments": {}})
}

fn write(name: &str) -> Value {
    json!({"name": "update_workspace", "arguments": {"name": name}})
}

fn name(result: &Result<Value, String>) -> &str {
    match result {
        Ok(result) => result["structuredContent"]["name"]
            .as_str()
            .unwrap_or_else(|| panic!("{result}")),
        Err(failure) => panic!("{failure}"),
    }
}

/// From the bare URL through every turn that a connection takes.
pub(crate) async fn is_lived(world: &SignedIn, client: &mut impl Client) {
    let person = &world.person;

    // The first call leads to a sign-in, and the choice of Full lets both kinds of tools through.
    assert_eq!(name(&client.call(&read(), 0).await), "Harbor Coffee");
    assert_eq!(person.visits(), 1);
    assert_eq!(name(&client.call(&write("Quay"), 0).await), "Quay");
    assert_eq!(person.visits(), 1);

    // An expired access token is replaced without asking the person.
    world.a_day_passes();
    assert_eq!(name(&client.call(&read(), A_DAY).await), "Quay");
    assert_eq!(person.visits(), 1);

    // Once the key is revoked, the person is asked again.
    person.revoke_all().await.unwrap();
    person.choose(Choice::Level("read-only"));
    assert_eq!(name(&client.call(&read(), A_DAY).await), "Quay");
    assert_eq!(person.visits(), 2);

    // A write under Read-only does not reach the API. Some clients ask the person for more.
    person.choose(Choice::Cancel);
    let passed = world.relay.passed();
    let refused = client.call(&write("Pier"), A_DAY).await;
    match &refused {
        Ok(result) => assert_eq!(result["isError"], true, "{result}"),
        Err(failure) => assert_ne!(failure, ""),
    }
    assert_eq!(world.relay.passed(), passed, "{refused:?}");
}
