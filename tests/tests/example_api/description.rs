//! The description and the server agree, operation by operation.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tests::example_api::openapi::{self, Direction};

use crate::service::{Answer, Service, with_body};

/// A PNG's signature is what the service looks at.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

struct Described<'a> {
    document: &'a Value,
    path: &'a str,
    method: &'a str,
    item: &'a Value,
    operation: &'a Value,
}

fn document() -> Value {
    serde_saphyr::from_str(openapi::TEXT).unwrap()
}

fn operations(document: &Value) -> Vec<Described<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                all.push(Described {
                    document,
                    path,
                    method,
                    item,
                    operation,
                });
            }
        }
    }
    all
}

impl<'a> Described<'a> {
    fn id(&self) -> &str {
        self.operation["operationId"].as_str().unwrap()
    }

    fn resolve(&self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => node,
        }
    }

    fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        let lists = [&self.item["parameters"], &self.operation["parameters"]];
        let references = lists.into_iter().filter_map(Value::as_array).flatten();
        references
            .map(|parameter| self.resolve(parameter))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn success(&self) -> (u16, &'a Value) {
        let responses = self.operation["responses"].as_object().unwrap();
        let (status, response) = responses
            .iter()
            .find(|(code, _)| code.starts_with('2'))
            .unwrap();
        (status.parse().unwrap(), self.resolve(response))
    }

    /// The path and the query that the parameters' examples make.
    fn target(&self) -> String {
        let mut path = self.path.to_owned();
        let mut query = Vec::new();
        for parameter in self.parameters() {
            let Some(example) = parameter.get("example") else {
                continue;
            };
            let name = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str().unwrap(), example) {
                ("path", example) => path = path.replace(&format!("{{{name}}}"), &text(example)),
                ("query", Value::Array(items)) if parameter["explode"] == false => {
                    let items: Vec<String> = items.iter().map(text).collect();
                    query.push(format!("{name}={}", items.join(",")));
                }
                ("query", Value::Array(items)) => {
                    query.extend(items.iter().map(|item| format!("{name}={}", text(item))));
                }
                ("query", Value::Object(members)) => {
                    let pair = |(key, value)| format!("{name}%5B{key}%5D={}", text(value));
                    query.extend(members.iter().map(pair));
                }
                ("query", example) => query.push(format!("{name}={}", text(example))),
                _ => {}
            }
        }
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }

    /// The request that the examples make, with the key that opens the operation.
    fn request(&self, service: &Service) -> RequestBuilder {
        let method: Method = self.method.to_uppercase().parse().unwrap();
        let for_operator = self.operation["security"][0].get("operator_key").is_some();
        let mut request = if for_operator {
            service.operator(method, &self.target())
        } else {
            service.request(method, &self.target())
        };
        for parameter in self
            .parameters()
            .filter(|parameter| parameter["in"] == "header")
        {
            request = request.header(
                parameter["name"].as_str().unwrap(),
                text(&parameter["example"]),
            );
        }
        self.with_example_body(request)
    }

    fn with_example_body(&self, request: RequestBuilder) -> RequestBuilder {
        let Some(content) = self.operation["requestBody"]["content"].as_object() else {
            return request;
        };
        let (media_type, content) = content.iter().next().unwrap();
        match media_type.as_str() {
            "image/png" => with_body(request, media_type, PNG),
            "multipart/form-data" => {
                let (file, metadata) =
                    (&content["example"]["file"], &content["example"]["metadata"]);
                let body = format!(
                    "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"subtitles.vtt\"\r\n\
                     Content-Type: text/vtt\r\n\r\n{}\r\n\
                     --edge\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
                     Content-Type: application/json\r\n\r\n{metadata}\r\n--edge--\r\n",
                    text(file)
                );
                with_body(request, "multipart/form-data; boundary=edge", body)
            }
            _ => with_body(request, media_type, content["example"].to_string()),
        }
    }

    /// What the answer breaks of what the description promises.
    fn broken_promises(&self, answer: &Answer) -> Vec<String> {
        let (status, response) = self.success();
        let mut broken = Vec::new();
        if answer.status != status {
            let body = String::from_utf8_lossy(&answer.bytes);
            return vec![format!("status {}, not {status}: {body}", answer.status)];
        }
        for (name, header) in response["headers"].as_object().unwrap() {
            let header = self.resolve(header);
            let value = answer.header(name);
            let value = match value.parse::<i64>() {
                Ok(number) if header["schema"]["type"] == "integer" => Value::from(number),
                _ => Value::from(value),
            };
            broken.extend(self.misfits(&header["schema"], &value, name));
        }
        let content_type = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        match response["content"].as_object() {
            None if answer.bytes.is_empty() => {}
            None => broken.push("there is a body".into()),
            Some(content) => match content.get(&content_type) {
                Some(content) if content_type == "application/json" => {
                    broken.extend(self.misfits(&content["schema"], &answer.json(), "body"));
                }
                Some(_) => {}
                None => broken.push(format!("the media type is {content_type}")),
            },
        }
        broken
    }

    fn misfits(&self, schema: &Value, value: &Value, what: &str) -> Vec<String> {
        let validator = openapi::validator(self.document, schema, Direction::Response).unwrap();
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{what}{}: {error}", error.instance_path()))
            .collect()
    }
}

/// A scalar as it is in a URL or a header; the examples need no escapes but a colon's, which may stay.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn there_are_36_operations_with_unique_ids() {
    let document = document();
    let mut ids: Vec<String> = operations(&document)
        .iter()
        .map(|operation| operation.id().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 36);
}

#[tokio::test]
async fn every_operation_accepts_its_example_and_answers_as_described() {
    let document = document();
    let mut broken = Vec::new();
    for operation in operations(&document) {
        let service = Service::start().await;
        let answer = Answer::of(operation.request(&service)).await;
        let found = operation.broken_promises(&answer);
        broken.extend(
            found
                .into_iter()
                .map(|one| format!("{}: {one}", operation.id())),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[tokio::test]
async fn every_operation_answers_a_request_without_a_key_with_a_described_problem() {
    let document = document();
    let service = Service::start().await;
    for operation in operations(&document) {
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let answer = Answer::of(service.bare(method, &operation.target())).await;
        assert_eq!(answer.status, 401, "{}", operation.id());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = &document["components"]["schemas"]["Problem"];
        let misfits = operation.misfits(problem, &answer.json(), operation.id());
        assert!(misfits.is_empty(), "{misfits:?}");
    }
}

#[tokio::test]
async fn a_read_key_is_refused_by_every_operation_that_writes_and_by_no_other() {
    let document = document();
    for operation in operations(&document) {
        let service = Service::start().await;
        if operation.operation["security"][0]
            .get("operator_key")
            .is_some()
        {
            continue;
        }
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let request = service
            .bare(method, &operation.target())
            .bearer_auth(&service.harbor().read_key);
        let answer = Answer::of(operation.with_example_body(request)).await;
        let writes = operation.operation["responses"].get("403").is_some();
        let refused = answer.status == 403;
        assert_eq!(refused, writes, "{}: {}", operation.id(), answer.status);
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let mut misfits = Vec::new();
    let mut check = |schema: &Value, example: &Value, direction, at: String| {
        let validator = openapi::validator(&document, schema, direction).unwrap();
        misfits.extend(
            validator
                .iter_errors(example)
                .map(|error| format!("{at}: {error}")),
        );
    };
    for operation in operations(&document) {
        for parameter in operation.parameters() {
            if let Some(example) = parameter.get("example") {
                let at = format!("{} {}", operation.id(), parameter["name"]);
                check(&parameter["schema"], example, Direction::Request, at);
            }
        }
        let bodies = operation.operation["requestBody"]["content"].as_object();
        for (media_type, content) in bodies.into_iter().flatten() {
            if media_type != "image/png" {
                let at = format!("{} request", operation.id());
                check(
                    &content["schema"],
                    &content["example"],
                    Direction::Request,
                    at,
                );
            }
        }
        for (status, response) in operation.operation["responses"].as_object().unwrap() {
            let response = operation.resolve(response);
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                if media_type.ends_with("json") {
                    let at = format!("{} {status}", operation.id());
                    check(
                        &content["schema"],
                        &content["example"],
                        Direction::Response,
                        at,
                    );
                }
            }
        }
    }
    assert!(misfits.is_empty(), "{}", misfits.join("\n"));
}

#[test]
fn every_required_parameter_has_an_example() {
    let document = document();
    for operation in operations(&document) {
        for parameter in operation.parameters().filter(|one| one["required"] == true) {
            assert!(
                parameter.get("example").is_some(),
                "{} {parameter}",
                operation.id()
            );
        }
    }
}
