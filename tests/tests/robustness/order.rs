//! The same description produces the same crate byte for byte, in whatever order its paths and its
//! schemas are.

use std::fs;
use std::path::{Path, PathBuf};

use generator::{Options, Outcome, generate};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Map, Value};
use tests::harness::requirement::{corpus, repository, require};

/// Where the schemas that others refer to be, from 3.0 on and before.
const SCHEMAS: [&str; 2] = ["/components/schemas", "/definitions"];

/// Descriptions of the corpus: many paths, many schemas, each of one file.
const REAL: [&str; 5] = [
    "box",
    "elasticsearch-serverless",
    "github-rest",
    "msgraph-subset",
    "openai",
];

/// Paths, methods, tags and schemas whose names come to the same once they are names of Rust or of
/// tools.
const COLLIDING: &str = r##"{
  "openapi": "3.1.0",
  "info": {"title": "Colliding", "version": "1"},
  "paths": {
    "/pets/{id}": {"get": {"tags": ["Pets"], "operationId": "getPet", "responses": {"200": {"description": "A pet.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Id"}}]}},
    "/pet/{id}": {"get": {"tags": ["pets"], "operationId": "get_pet", "responses": {"200": {"description": "A pet.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/pet"}}}}},
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/id"}}]}},
    "/get-pet": {"get": {"tags": ["pets!"], "operationId": "get pet", "responses": {"200": {"description": "A pet.",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet_"}}}}}}},
    "/GetPet": {"post": {"tags": ["mod"], "operationId": "get_pet", "responses": {"204": {"description": "Done."}},
      "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet "}}}}}},
    "/a": {"get": {"responses": {"204": {"description": "Done."}}}},
    "/a/": {"get": {"responses": {"204": {"description": "Done."}}}},
    "/A": {"get": {"responses": {"204": {"description": "Done."}}}},
    "/kinds": {"put": {"tags": ["Pets"], "operationId": "put_kinds", "responses": {"204": {"description": "Done."}},
      "parameters": [{"name": "kind", "in": "query", "schema": {"$ref": "#/components/schemas/Pet/properties/kind"}}],
      "requestBody": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/pet"}}}}}}}
  },
  "components": {"schemas": {
    "Pet": {"type": "object", "properties": {"kind": {"enum": ["cat", "dog"]}, "mother": {"$ref": "#/components/schemas/pet"}}},
    "pet": {"type": "object", "properties": {"mother": {"$ref": "#/components/schemas/Pet"}}},
    "Pet_": {"allOf": [{"$ref": "#/components/schemas/Pet "}, {"$ref": "#/components/schemas/Loop"}]},
    "Pet ": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/Pet_output"}}},
    "Pet_output": {"type": "string"},
    "Loop": {"anyOf": [{"$ref": "#/components/schemas/Pool"}, {"type": "object"}]},
    "Pool": {"anyOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "object"}]},
    "Id": {"type": "string"},
    "id": {"type": "integer"}
  }}
}"##;

/// Puts the members of the object at `pointer`, where there is one, into another order.
fn shuffle(description: &mut Value, pointer: &str, rng: &mut StdRng) {
    if let Some(Value::Object(members)) = description.pointer_mut(pointer) {
        let mut entries: Vec<(String, Value)> = std::mem::take(members).into_iter().collect();
        entries.shuffle(rng);
        *members = entries.into_iter().collect::<Map<_, _>>();
    }
}

fn shuffle_paths(description: &mut Value, rng: &mut StdRng) {
    shuffle(description, "/paths", rng);
}

fn shuffle_schemas(description: &mut Value, rng: &mut StdRng) {
    for pointer in SCHEMAS {
        shuffle(description, pointer, rng);
    }
}

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("order")
        .join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Writes the crate of a description, then compares it with that of the description as `change`
/// leaves it, so many times.
fn compare(
    name: &str,
    mut description: Value,
    times: u64,
    change: impl Fn(&mut Value, &mut StdRng),
) {
    let directory = scratch(name);
    let spec = directory.join("api.json");
    let mut options = Options::new(&spec, directory.join("crate-of-it"));
    fs::write(&spec, description.to_string()).unwrap();
    let written = generate(&options).unwrap();
    assert!(written.summary.tools > 0, "{name}: no tools");
    options.check = true;
    for seed in 0..times {
        change(&mut description, &mut StdRng::seed_from_u64(seed));
        fs::write(&spec, description.to_string()).unwrap();
        match generate(&options).unwrap().outcome {
            Outcome::Compared(found) => {
                let differences: String = found.into_iter().map(|one| one.diff).collect();
                assert!(differences.is_empty(), "{name}, {seed}: {differences}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

fn example() -> Value {
    let text = fs::read_to_string(repository().join("specs/api.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn colliding() -> Value {
    serde_json::from_str(COLLIDING).unwrap()
}

#[test]
fn the_example_twice_produces_the_same_bytes() {
    compare("example_twice", example(), 1, |_, _| ());
}

#[test]
fn the_order_of_the_examples_paths_changes_nothing() {
    compare("example_paths", example(), 1, shuffle_paths);
}

#[test]
fn the_order_of_the_examples_schemas_changes_nothing() {
    compare("example_schemas", example(), 1, shuffle_schemas);
}

#[test]
fn names_that_collide_are_distinguished_whatever_the_order_of_paths() {
    compare("colliding_paths", colliding(), 20, shuffle_paths);
}

#[test]
fn names_that_collide_are_distinguished_whatever_the_order_of_schemas() {
    compare("colliding_schemas", colliding(), 20, shuffle_schemas);
}

#[test]
fn neither_order_changes_anything_in_real_descriptions() {
    let Some(corpus) = require(corpus()) else {
        return;
    };
    let index = fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
    let index: Vec<Value> = serde_json::from_str(&index).unwrap();
    for id in REAL {
        let entry = index.iter().find(|entry| entry["id"] == id).unwrap();
        let file = corpus.join("corpus").join(id);
        let file = file.join(entry["entry"].as_str().unwrap());
        let text = fs::read_to_string(&file).unwrap();
        let description = match file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            true => serde_json::from_str(&text).unwrap(),
            false => serde_saphyr::from_str(&text).unwrap(),
        };
        compare(id, description, 1, |description, rng| {
            shuffle_paths(description, rng);
            shuffle_schemas(description, rng);
        });
    }
}
