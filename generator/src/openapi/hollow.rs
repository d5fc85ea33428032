//! Hollowing out: every Schema Object moves to a side table and a short reference takes its place.
//! What stays is small enough to be copied where it is referred to, and has no position left in
//! which dialects of JSON Schema differ.

use serde_json::{Map, Value};

use super::reference::join;
use super::schemas::Schemas;

/// The methods that are fields of a Path Item Object.
pub(super) const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// Moves the schemas out of a document.
pub(super) fn hollow(document: &mut Value) -> Schemas {
    let mut hollow = Hollow::default();
    let components = document
        .get_mut("components")
        .and_then(Value::as_object_mut);
    if let Some(components) = components {
        if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
            for (name, schema) in std::mem::take(schemas) {
                hollow
                    .schemas
                    .put(join("/components/schemas", &name), schema);
            }
        }
        for (field, visit) in [
            ("parameters", Hollow::parameter as Visit),
            ("headers", Hollow::parameter),
            ("requestBodies", Hollow::body),
            ("responses", Hollow::response),
            ("mediaTypes", Hollow::media_type),
            ("pathItems", Hollow::path_item),
        ] {
            hollow.each(components, "/components", field, visit);
        }
    }
    if let Some(document) = document.as_object_mut() {
        hollow.each(document, "", "paths", Hollow::path_item);
    }
    hollow.schemas
}

type Visit = fn(&mut Hollow, &mut Map<String, Value>, &str);

#[derive(Default)]
struct Hollow {
    schemas: Schemas,
}

impl Hollow {
    /// Visits each object that is a value of the map `field`, unless it is a reference.
    fn each(&mut self, parent: &mut Map<String, Value>, at: &str, field: &str, visit: Visit) {
        let at = join(at, field);
        for (name, value) in parent
            .get_mut(field)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            if let Some(value) = value.as_object_mut() {
                visit(self, value, &join(&at, name));
            }
        }
    }

    fn path_item(&mut self, item: &mut Map<String, Value>, at: &str) {
        self.parameters(item, at);
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                self.operation(operation, &join(at, method));
            }
        }
        self.each(item, at, "additionalOperations", Hollow::operation);
    }

    fn operation(&mut self, operation: &mut Map<String, Value>, at: &str) {
        self.parameters(operation, at);
        if let Some(body) = operation
            .get_mut("requestBody")
            .and_then(Value::as_object_mut)
        {
            self.body(body, &join(at, "requestBody"));
        }
        self.each(operation, at, "responses", Hollow::response);
    }

    fn parameters(&mut self, parent: &mut Map<String, Value>, at: &str) {
        let at = join(at, "parameters");
        let parameters = parent.get_mut("parameters").and_then(Value::as_array_mut);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            if let Some(parameter) = parameter.as_object_mut() {
                self.parameter(parameter, &join(&at, &index.to_string()));
            }
        }
    }

    fn parameter(&mut self, parameter: &mut Map<String, Value>, at: &str) {
        self.schema(parameter, at, "schema");
        self.each(parameter, at, "content", Hollow::media_type);
    }

    fn body(&mut self, body: &mut Map<String, Value>, at: &str) {
        self.each(body, at, "content", Hollow::media_type);
    }

    fn response(&mut self, response: &mut Map<String, Value>, at: &str) {
        self.each(response, at, "headers", Hollow::parameter);
        self.each(response, at, "content", Hollow::media_type);
    }

    fn media_type(&mut self, media_type: &mut Map<String, Value>, at: &str) {
        self.schema(media_type, at, "schema");
        self.schema(media_type, at, "itemSchema");
    }

    fn schema(&mut self, parent: &mut Map<String, Value>, at: &str, field: &str) {
        if let Some(schema) = parent.get_mut(field) {
            *schema = self.schemas.put(join(at, field), schema.take());
        }
    }
}
