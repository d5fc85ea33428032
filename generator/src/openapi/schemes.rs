//! Security schemes of Swagger 2.0.

use serde_json::{Map, Value, json};

/// A Security Scheme Object of Swagger 2.0 as one of OpenAPI 3.0.
pub(super) fn security_scheme(mut scheme: Value) -> Value {
    match scheme.get("type").and_then(Value::as_str) {
        Some("basic") => json!({"type": "http", "scheme": "basic"}),
        Some("oauth2") => {
            if let Some(members) = scheme.as_object_mut() {
                flows(members);
            }
            scheme
        }
        _ => scheme,
    }
}

/// Puts the one flow of an OAuth 2.0 scheme where 3.0 has several. One of no known name stays as
/// it is.
fn flows(scheme: &mut Map<String, Value>) {
    let name = match scheme.get("flow").and_then(Value::as_str) {
        Some("application") => "clientCredentials",
        Some("accessCode") => "authorizationCode",
        Some("implicit") => "implicit",
        Some("password") => "password",
        _ => return,
    };
    scheme.shift_remove("flow");
    let mut flow = Map::new();
    for field in ["authorizationUrl", "tokenUrl", "scopes"] {
        if let Some(value) = scheme.shift_remove(field) {
            flow.insert(field.to_owned(), value);
        }
    }
    flow.entry("scopes").or_insert_with(|| json!({}));
    scheme.insert("flows".to_owned(), json!({name: flow}));
}
