//! Much of something: text, names, members, and what few lines make much of.

use serde_json::{Map, Value, json};

use crate::support::{one, run};

/// As much text as one description may be made of, nearly.
const TEXT: usize = 50_000_000;
const MANY: usize = 10_000;

/// A description of one operation with these members.
fn operation(members: &Value) -> String {
    let paths = json!({"/a": {"get": members}});
    json!({"openapi": "3.1.0", "info": {"title": "Much"}, "paths": paths}).to_string()
}

fn parameter(name: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": "string"}})
}

#[test]
fn a_description_of_fifty_megabytes_is_cut() {
    let text = operation(&json!({"description": "x".repeat(TEXT)}));
    run("text", "json", text).makes(1, "");
}

#[test]
fn a_line_of_brackets() {
    for extension in ["json", "yaml"] {
        run("brackets", extension, "[".repeat(TEXT)).refuses(&format!("api.{extension}:1:"));
    }
}

#[test]
fn aliases_that_multiply_lists() {
    let mut text = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![alias; 10].join(", ")
        ));
    }
    run("alias_lists", "yaml", text).refuses("aliases make the text grow");
}

#[test]
fn aliases_that_repeat_a_long_text() {
    let long = "x".repeat(1_000_000);
    let text = format!(
        "openapi: 3.1.0\nx: &a '{long}'\ny:\n{}",
        "- *a\n".repeat(MANY)
    );
    run("alias_text", "yaml", text).refuses("aliases make the text grow");
}

#[test]
fn aliases_that_repeat_a_long_key() {
    let long = "x".repeat(100_000);
    let text = format!(
        "openapi: 3.1.0\nx: &a '{long}'\ny:\n{}",
        "- {*a : 1}\n".repeat(MANY)
    );
    run("alias_key", "yaml", text).refuses("aliases make the text grow");
}

#[test]
fn merges_that_repeat_many_keys() {
    let keys: String = (0..1000).map(|key| format!("k{key}: 1, ")).collect();
    let text = format!(
        "openapi: 3.1.0\nx: &a {{{keys}}}\ny:\n{}",
        "- {<<: *a}\n".repeat(MANY)
    );
    run("merges", "yaml", text).refuses("aliases make the text grow");
}

#[test]
fn many_parameters() {
    let parameters: Vec<Value> = (0..MANY).map(|at| parameter(&format!("p{at}"))).collect();
    let text = operation(&json!({"parameters": parameters}));
    run("parameters", "json", text).makes(1, "clients are shown its upper part");
}

#[test]
fn many_parameters_whose_names_come_to_the_same_argument() {
    let parameters: Vec<Value> = (0..MANY)
        .map(|at| parameter(&("é".repeat(1 + at % 100) + &"ß".repeat(at / 100))))
        .collect();
    let text = operation(&json!({"parameters": parameters}));
    run("arguments", "json", text).makes(1, "clients are shown its upper part");
}

#[test]
fn many_required_properties_of_an_optional_body() {
    let names: Vec<String> = (0..MANY).map(|at| format!("p{at}")).collect();
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| (name.clone(), json!({"type": "string"})))
        .collect();
    let body = json!({"type": "object", "required": names, "properties": properties});
    run("required", "json", one(&body, &Map::new())).makes(1, "clients are shown its upper part");
}

#[test]
fn many_operations_of_one_name() {
    let paths: Map<String, Value> = (0..2000)
        .map(|at| {
            (
                format!("/p{at}"),
                json!({"get": {"operationId": "名前", "tags": ["名"]}}),
            )
        })
        .collect();
    let text = json!({"openapi": "3.1.0", "info": {"title": "Much"}, "paths": paths});
    run("operations", "json", text.to_string()).makes(2000, "");
}

#[test]
fn many_tags_of_many_operations() {
    let many = 5000;
    let paths: Map<String, Value> = (0..many)
        .map(|at| {
            let tags = [format!("t{at}")];
            (
                format!("/p{at}"),
                json!({"get": {"x-mcp": at % 100 == 0, "tags": tags}}),
            )
        })
        .collect();
    let tags: Vec<Value> = (0..many)
        .map(|at| json!({"name": format!("t{at}"), "x-mcp": {"access": "read"}}))
        .collect();
    let text = json!({"openapi": "3.1.0", "info": {"title": "Much"}, "paths": paths, "tags": tags});
    run("tags", "json", text.to_string()).makes(50, "");
}

#[test]
fn parameters_that_every_operation_multiplies() {
    let parameters: Vec<Value> = (0..MANY).map(|at| parameter(&format!("p{at}"))).collect();
    let item = json!({"parameters": parameters, "get": {}});
    let paths: Map<String, Value> = (0..30)
        .map(|at| (format!("/p{at}"), item.clone()))
        .collect();
    let text = json!({"openapi": "3.1.0", "paths": paths});
    run("multiplied", "json", text.to_string())
        .makes(20, "comes to more than 200000 arguments of all tools");
}

#[test]
fn security_that_every_operation_multiplies() {
    let names: Vec<String> = (0..3000).map(|at| format!("k{at}")).collect();
    let schemes: Map<String, Value> = names
        .iter()
        .map(|name| {
            (
                name.clone(),
                json!({"type": "apiKey", "in": "header", "name": name}),
            )
        })
        .collect();
    let each: Vec<Value> = names.iter().map(|name| json!({name: []})).collect();
    let paths: Map<String, Value> = (0..100)
        .map(|at| (format!("/p{at}"), json!({"get": {}})))
        .collect();
    let text = json!({
        "openapi": "3.1.0",
        "paths": paths,
        "security": each,
        "components": {"securitySchemes": schemes},
    });
    run("security", "json", text.to_string())
        .makes(100, "the alternatives name more than 64 schemes");
}

#[test]
fn many_values_that_come_to_the_same_name() {
    let values: Vec<String> = (0..MANY)
        .map(|at| format!("{at:014b}").replace('0', " a").replace('1', "-a"))
        .collect();
    let body = json!({"type": "object", "properties": {"kind": {"enum": values}}});
    run("values", "json", one(&body, &Map::new())).makes(1, "clients are shown its upper part");
}

#[test]
fn names_of_a_megabyte() {
    let long = |letter: &str| letter.repeat(1_000_000);
    let reference = json!({"$ref": format!("#/components/schemas/{}", long("e"))});
    let text = json!({
        "openapi": "3.1.0",
        "info": {"title": long("t"), "version": long("v")},
        "paths": {format!("/{}", long("a")): {"get": {
            "operationId": long("b"),
            "tags": [long("c")],
            "parameters": [{"name": long("d"), "in": "query", "schema": reference}],
        }}},
        "components": {"schemas": {long("e"): {
            "type": "object",
            "properties": {long("f"): {"type": "string", "enum": [long("g")]}},
        }}},
    });
    run("names", "json", text.to_string()).makes(1, "");
}

#[test]
fn patterns_that_are_expensive_to_read() {
    let patterns = [
        "(".repeat(MANY),
        format!("{}a{}", "(".repeat(MANY), ")".repeat(MANY)),
        "(((a{1000}){1000}){1000}){1000}".to_owned(),
    ];
    let properties: Map<String, Value> = patterns
        .into_iter()
        .enumerate()
        .map(|(at, pattern)| {
            (
                format!("p{at}"),
                json!({"type": "string", "pattern": pattern}),
            )
        })
        .collect();
    let text = one(
        &json!({"type": "object", "properties": properties}),
        &Map::new(),
    );
    run("patterns", "json", text).makes(1, "is no regular expression of ECMA-262");
}

/// Swagger 2.0 is brought into the shape of 3.0 by copies of what operations refer to.
#[test]
fn parts_of_swagger_that_every_operation_copies() {
    let properties: Map<String, Value> = (0..1000)
        .map(|at| (format!("p{at}"), json!({"type": "string"})))
        .collect();
    let schema = json!({"type": "object", "properties": properties});
    let response = json!({"$ref": "#/responses/Large"});
    let body = json!({"$ref": "#/parameters/Large"});
    let many: Vec<String> = (0..MANY).map(|at| format!("a/b{at}")).collect();
    let own = json!({"description": "", "schema": {"type": "object"}});
    let text = |operation: Value, produces: &[String]| {
        let paths = (0..MANY).map(|at| (format!("/a{at}"), json!({"post": operation})));
        json!({
            "swagger": "2.0",
            "info": {"title": "Much", "version": "1"},
            "produces": produces,
            "consumes": produces,
            "paths": paths.collect::<Map<_, _>>(),
            "responses": {"Large": {"description": "", "schema": schema}},
            "parameters": {"Large": {"name": "b", "in": "body", "schema": schema}},
        })
        .to_string()
    };
    for (operation, types) in [
        (json!({"responses": {"200": response}}), &many[..1]),
        (json!({"parameters": [body]}), &many[..1]),
        (json!({"responses": {"200": own}}), &many),
        (
            json!({"parameters": [{"name": "f", "in": "formData", "type": "string"}]}),
            &many,
        ),
    ] {
        run("swagger_copies", "json", text(operation, types))
            .refuses("what its operations refer to makes the description grow");
    }
}
