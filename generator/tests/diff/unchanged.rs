//! Whole descriptions that do not change.

use std::path::{Path, PathBuf};

use generator::diff::Side;
use generator::lower::Settings;

use crate::support::assert_none;

#[test]
fn description_has_no_changes_from_itself() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/api.yaml");
    let side = Side::Description(PathBuf::from(&spec));
    let diff = generator::diff(&side, &side, &[], &Settings::default()).unwrap();
    assert!(diff.changes.is_empty(), "{}", diff.text());
}

#[test]
fn swagger_written_as_openapi_has_no_changes() {
    let swagger = "{swagger: '2.0', info: {title: t, version: '1'}, host: a.example, schemes: [https], \
        consumes: [application/json], produces: [application/json], paths: {/pets: {post: {operationId: \
        add_pet, parameters: [{name: limit, in: query, type: integer, maximum: 9}, {name: body, in: body, \
        required: true, schema: {$ref: '#/definitions/Pet'}}], responses: {'200': {description: d, schema: \
        {$ref: '#/definitions/Pet'}}}}}}, definitions: {Pet: {type: object, properties: {name: {type: string}}}}}";
    let openapi = "{openapi: 3.0.3, info: {title: t, version: '1'}, servers: [{url: 'https://a.example'}], \
        paths: {/pets: {post: {operationId: add_pet, parameters: [{name: limit, in: query, schema: {type: \
        integer, maximum: 9}}], requestBody: {required: true, content: {application/json: {schema: {$ref: \
        '#/components/schemas/Pet'}}}}, responses: {'200': {description: d, content: {application/json: \
        {schema: {$ref: '#/components/schemas/Pet'}}}}}}}}, components: {schemas: {Pet: {type: object, \
        properties: {name: {type: string}}}}}}";
    assert_none(swagger, openapi);
}
