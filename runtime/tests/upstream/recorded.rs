//! Failed answers in the shapes that APIs send, with the diagnosis of each. Bodies are shortened.

use serde_json::{Value, json};

/// One answer, and the error that it becomes without the ids of this server, hint and details.
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    pub(crate) body: &'static str,
    pub(crate) expected: Value,
}

impl Recorded {
    /// The answer as it is sent.
    pub(crate) fn answer(&self) -> Vec<u8> {
        let mut answer = format!("HTTP/1.1 {} X\r\n", self.status);
        let has_type = self.headers.iter().any(|(name, _)| *name == "Content-Type");
        if !has_type {
            answer += "Content-Type: application/json\r\n";
        }
        for (name, value) in self.headers {
            answer += &format!("{name}: {value}\r\n");
        }
        answer += "\r\n";
        answer += self.body;
        answer.into_bytes()
    }
}

pub(crate) fn all() -> Vec<Recorded> {
    let mut all = envelopes();
    all.extend(services());
    all
}

/// Envelopes of JSON, by convention and framework.
fn envelopes() -> Vec<Recorded> {
    vec![
        Recorded {
            name: "problem details",
            status: 403,
            headers: &[("Content-Type", "application/problem+json")],
            body: r##"{"type":"https://example.com/probs/out-of-credit","title":"You do not have enough credit.","detail":"Your current balance is 30, but that costs 50.","instance":"/account/12345/msgs/abc","balance":30}"##,
            expected: json!({"kind": "payment_required", "status": 403, "message": "You do not have enough credit: Your current balance is 30, but that costs 50.", "retryable": false}),
        },
        Recorded {
            name: "problem details with fields",
            status: 422,
            headers: &[("Content-Type", "application/problem+json")],
            body: r##"{"type":"https://example.net/validation-error","title":"Your request is not valid.","errors":[{"detail":"must be a positive integer","pointer":"#/age"},{"detail":"must be green, red or blue","pointer":"#/profile/color"}]}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "Your request is not valid: #/age: must be a positive integer; #/profile/color: must be green, red or blue", "retryable": false}),
        },
        Recorded {
            name: "validation problem of a .NET API",
            status: 400,
            headers: &[("Content-Type", "application/problem+json")],
            body: r##"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"One or more validation errors occurred.","status":400,"errors":{"Name":["The Name field is required."]},"traceId":"00-84c1fd4063c38d9f3900d06e56542d48-85d1d4-00"}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "One or more validation errors occurred: Name: The Name field is required.", "retryable": false, "upstream_request_id": "00-84c1fd4063c38d9f3900d06e56542d48-85d1d4-00"}),
        },
        Recorded {
            name: "problem details without a detail",
            status: 404,
            headers: &[("Content-Type", "application/problem+json")],
            body: r##"{"title":"Not Found","status":404}"##,
            expected: json!({"kind": "not_found", "status": 404, "message": "Not Found", "retryable": false}),
        },
        Recorded {
            name: "JSON:API",
            status: 422,
            headers: &[("Content-Type", "application/vnd.api+json")],
            body: r##"{"errors":[{"status":"422","source":{"pointer":"/data/attributes/firstName"},"title":"Invalid Attribute","detail":"First name must contain at least two characters."}]}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "/data/attributes/firstName: Invalid Attribute: First name must contain at least two characters.", "retryable": false}),
        },
        Recorded {
            name: "JSON:API with two errors",
            status: 422,
            headers: &[("Content-Type", "application/vnd.api+json")],
            body: r##"{"errors":[{"source":{"parameter":"include"},"detail":"no such path"},{"source":{"pointer":"/data/id"},"detail":"is missing"}]}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "include: no such path; /data/id: is missing", "retryable": false}),
        },
        Recorded {
            name: "gRPC transcoding, not found",
            status: 404,
            headers: &[],
            body: r##"{"error":{"code":404,"message":"Project not found.","status":"NOT_FOUND"}}"##,
            expected: json!({"kind": "not_found", "status": 404, "message": "Project not found.", "retryable": false}),
        },
        Recorded {
            name: "gRPC transcoding, rate limit by 403",
            status: 403,
            headers: &[],
            body: r##"{"error":{"code":403,"message":"User Rate Limit Exceeded","errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded","message":"User Rate Limit Exceeded"}]}}"##,
            expected: json!({"kind": "rate_limited", "status": 403, "message": "User Rate Limit Exceeded", "retryable": true}),
        },
        Recorded {
            name: "gRPC transcoding, daily limit by 403",
            status: 403,
            headers: &[],
            body: r##"{"error":{"code":403,"message":"Daily Limit Exceeded","errors":[{"domain":"usageLimits","reason":"dailyLimitExceeded","message":"Daily Limit Exceeded"}]}}"##,
            expected: json!({"kind": "quota_exceeded", "status": 403, "message": "Daily Limit Exceeded", "retryable": false}),
        },
        Recorded {
            name: "gRPC transcoding with RetryInfo",
            status: 429,
            headers: &[],
            body: r##"{"error":{"code":429,"message":"Resource has been exhausted.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"36.5s"}]}}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Resource has been exhausted.", "retryable": true, "retry_after_seconds": 37}),
        },
        Recorded {
            name: "gRPC transcoding, token without scope",
            status: 403,
            headers: &[(
                "WWW-Authenticate",
                "Bearer realm=\"https://accounts.example.com/\", error=\"insufficient_scope\"",
            )],
            body: r##"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"##,
            expected: json!({"kind": "insufficient_scope", "status": 403, "message": "Request had insufficient authentication scopes.", "retryable": false}),
        },
        Recorded {
            name: "gRPC transcoding, field violations",
            status: 400,
            headers: &[],
            body: r##"{"error":{"code":400,"message":"Invalid request.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"page_size","description":"must be at most 100"}]}]}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Invalid request: page_size: must be at most 100", "retryable": false}),
        },
        Recorded {
            name: "payments API, declined card",
            status: 402,
            headers: &[("Request-Id", "req_7")],
            body: r##"{"error":{"code":"card_declined","decline_code":"generic_decline","doc_url":"https://example.com/docs","message":"Your card was declined.","type":"card_error"}}"##,
            expected: json!({"kind": "payment_required", "status": 402, "message": "Your card was declined.", "retryable": false, "upstream_request_id": "req_7"}),
        },
        Recorded {
            name: "payments API, wrong parameter",
            status: 400,
            headers: &[("Request-Id", "req_8")],
            body: r##"{"error":{"code":"parameter_invalid_integer","message":"Invalid integer: x","param":"amount","type":"invalid_request_error"}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Invalid integer: x", "retryable": false, "upstream_request_id": "req_8"}),
        },
        Recorded {
            name: "payments API, rate limit",
            status: 429,
            headers: &[("Request-Id", "req_9")],
            body: r##"{"error":{"message":"Request rate limit exceeded.","type":"invalid_request_error","code":"rate_limit"}}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Request rate limit exceeded.", "retryable": true, "upstream_request_id": "req_9"}),
        },
        Recorded {
            name: "code host, validation",
            status: 422,
            headers: &[("X-GitHub-Request-Id", "C0:1")],
            body: r##"{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}],"documentation_url":"https://docs.example.com"}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "Validation Failed: title: missing_field", "retryable": false, "upstream_request_id": "C0:1"}),
        },
        Recorded {
            name: "code host, primary rate limit by 403",
            status: 403,
            headers: &[
                ("X-RateLimit-Limit", "5000"),
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "1767225720"),
            ],
            body: r##"{"message":"API rate limit exceeded for user ID 1."}"##,
            expected: json!({"kind": "rate_limited", "status": 403, "message": "API rate limit exceeded for user ID 1.", "retryable": true, "retry_after_seconds": 120, "rate_limit": {"limit": 5000, "remaining": 0, "reset_at": "2026-01-01T00:02:00Z"}}),
        },
        Recorded {
            name: "code host, secondary rate limit",
            status: 403,
            headers: &[("Retry-After", "60")],
            body: r##"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"##,
            expected: json!({"kind": "rate_limited", "status": 403, "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", "retryable": true, "retry_after_seconds": 60}),
        },
        Recorded {
            name: "code host, forbidden with requests left",
            status: 403,
            headers: &[
                ("X-RateLimit-Limit", "5000"),
                ("X-RateLimit-Remaining", "4999"),
                ("X-RateLimit-Reset", "1767225720"),
            ],
            body: r##"{"message":"Resource not accessible by integration"}"##,
            expected: json!({"kind": "forbidden", "status": 403, "message": "Resource not accessible by integration", "retryable": false, "rate_limit": {"limit": 5000, "remaining": 4999, "reset_at": "2026-01-01T00:02:00Z"}}),
        },
        Recorded {
            name: "code host, bad credentials",
            status: 401,
            headers: &[],
            body: r##"{"message":"Bad credentials","documentation_url":"https://docs.example.com"}"##,
            expected: json!({"kind": "unauthenticated", "status": 401, "message": "Bad credentials", "retryable": false}),
        },
        Recorded {
            name: "GraphQL errors",
            status: 400,
            headers: &[],
            body: r##"{"errors":[{"message":"Cannot query field \"x\" on type \"Query\".","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Cannot query field \"x\" on type \"Query\".", "retryable": false}),
        },
        Recorded {
            name: "GraphQL throttled in a 200 (envelope)",
            status: 200,
            headers: &[],
            body: r##"{"ok":false,"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}"##,
            expected: json!({"kind": "rate_limited", "status": 200, "message": "Throttled", "retryable": true}),
        },
        Recorded {
            name: "messaging API",
            status: 400,
            headers: &[],
            body: r##"{"code":21211,"message":"The 'To' number is not a valid phone number.","more_info":"https://example.com/errors/21211","status":400}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "The 'To' number is not a valid phone number.", "retryable": false}),
        },
        Recorded {
            name: "messaging API, too many requests",
            status: 429,
            headers: &[],
            body: r##"{"code":20429,"message":"Too Many Requests","more_info":"https://example.com/errors/20429","status":429}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Too Many Requests", "retryable": true}),
        },
        Recorded {
            name: "chat API, rate limited (envelope)",
            status: 200,
            headers: &[("Retry-After", "30")],
            body: r##"{"ok":false,"error":"ratelimited"}"##,
            expected: json!({"kind": "rate_limited", "status": 200, "message": "ratelimited", "retryable": true, "retry_after_seconds": 30}),
        },
        Recorded {
            name: "chat API, no such channel (envelope)",
            status: 200,
            headers: &[],
            body: r##"{"ok":false,"error":"channel_not_found"}"##,
            expected: json!({"kind": "not_found", "status": 200, "message": "channel_not_found", "retryable": false}),
        },
        Recorded {
            name: "chat API, missing scope (envelope)",
            status: 200,
            headers: &[],
            body: r##"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"identify"}"##,
            expected: json!({"kind": "insufficient_scope", "status": 200, "message": "missing_scope", "retryable": false}),
        },
        Recorded {
            name: "chat API, not authenticated (envelope)",
            status: 200,
            headers: &[],
            body: r##"{"ok":false,"error":"not_authed"}"##,
            expected: json!({"kind": "unauthenticated", "status": 200, "message": "not_authed", "retryable": false}),
        },
        Recorded {
            name: "chat API, other failure (envelope)",
            status: 200,
            headers: &[],
            body: r##"{"ok":false,"error":"msg_too_long"}"##,
            expected: json!({"kind": "invalid_request", "status": 200, "message": "msg_too_long", "retryable": false}),
        },
        Recorded {
            name: "voice API, 429 with fractions",
            status: 429,
            headers: &[
                ("X-RateLimit-Limit", "5"),
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "1767225600.470"),
                ("X-RateLimit-Reset-After", "0.47"),
                ("X-RateLimit-Bucket", "ab"),
            ],
            body: r##"{"message":"You are being rate limited.","retry_after":0.47,"global":false}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "You are being rate limited.", "retryable": true, "retry_after_seconds": 1, "rate_limit": {"limit": 5, "remaining": 0, "reset_at": "2026-01-01T00:00:01Z"}}),
        },
        Recorded {
            name: "FastAPI",
            status: 422,
            headers: &[],
            body: r##"{"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{}}]}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "body.name: Field required", "retryable": false}),
        },
        Recorded {
            name: "Django REST framework, fields",
            status: 400,
            headers: &[],
            body: r##"{"email":["Enter a valid email address."],"age":["A valid integer is required."]}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "email: Enter a valid email address.; age: A valid integer is required.", "retryable": false}),
        },
        Recorded {
            name: "Django REST framework, throttled",
            status: 429,
            headers: &[("Retry-After", "86")],
            body: r##"{"detail":"Request was throttled. Expected available in 86 seconds."}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Request was throttled. Expected available in 86 seconds.", "retryable": true, "retry_after_seconds": 86}),
        },
        Recorded {
            name: "Laravel",
            status: 422,
            headers: &[],
            body: r##"{"message":"The given data was invalid.","errors":{"email":["The email field is required."]}}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "The given data was invalid: email: The email field is required.", "retryable": false}),
        },
        Recorded {
            name: "Rails",
            status: 422,
            headers: &[],
            body: r##"{"errors":{"name":["can't be blank","is too short"]}}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "name: can't be blank; is too short", "retryable": false}),
        },
        Recorded {
            name: "Spring",
            status: 500,
            headers: &[],
            body: r##"{"timestamp":"2026-01-01T00:00:00.000+00:00","status":500,"error":"Internal Server Error","path":"/x"}"##,
            expected: json!({"kind": "upstream_error", "status": 500, "message": "Internal Server Error", "retryable": false}),
        },
        Recorded {
            name: "Spring with a trace, cleaned",
            status: 500,
            headers: &[],
            body: r##"{"status":500,"error":"Internal Server Error","trace":"java.lang.X\n\tat a.B.c(B.java:1)","message":"No value present"}"##,
            expected: json!({"kind": "upstream_error", "status": 500, "message": "No value present", "retryable": false}),
        },
        Recorded {
            name: "Node with a stack and an internal address, cleaned",
            status: 502,
            headers: &[],
            body: r##"{"error":{"message":"connect ECONNREFUSED 10.2.3.4:5432","stack":"Error: x\n at y"}}"##,
            expected: json!({"kind": "upstream_unavailable", "status": 502, "message": "connect ECONNREFUSED [internal address]", "retryable": true}),
        },
    ]
}

/// Answers of clouds, services, gateways and broken servers.
fn services() -> Vec<Recorded> {
    vec![
        Recorded {
            name: "AWS JSON, throttled by 400",
            status: 400,
            headers: &[
                ("x-amzn-RequestId", "aws-1"),
                ("Content-Type", "application/x-amz-json-1.1"),
            ],
            body: r##"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}"##,
            expected: json!({"kind": "rate_limited", "status": 400, "message": "Rate exceeded", "retryable": true, "upstream_request_id": "aws-1"}),
        },
        Recorded {
            name: "AWS REST, code in a header field",
            status: 400,
            headers: &[(
                "x-amzn-ErrorType",
                "ExpiredTokenException:http://internal.example/",
            )],
            body: r##"{"message":"The security token included in the request is expired"}"##,
            expected: json!({"kind": "unauthenticated", "status": 400, "message": "The security token included in the request is expired", "retryable": false}),
        },
        Recorded {
            name: "names of the caller are no codes",
            status: 403,
            headers: &[],
            body: r##"{"kind":"Status","status":"Failure","message":"forbidden","reason":"Forbidden","details":{"name":"team-quota","kind":"resourcequotas"},"code":403}"##,
            expected: json!({"kind": "forbidden", "status": 403, "message": "forbidden", "retryable": false}),
        },
        Recorded {
            name: "a rule called rate limit",
            status: 400,
            headers: &[],
            body: r##"{"success":false,"errors":[{"code":10021,"message":"the rate limit rule expression is invalid"}]}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "the rate limit rule expression is invalid", "retryable": false}),
        },
        Recorded {
            name: "exhausted window by 403 without words",
            status: 403,
            headers: &[
                ("X-RateLimit-Limit", "60"),
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "30"),
            ],
            body: r##"{"message":"no"}"##,
            expected: json!({"kind": "rate_limited", "status": 403, "message": "no", "retryable": true, "retry_after_seconds": 30, "rate_limit": {"limit": 60, "remaining": 0, "reset_at": "2026-01-01T00:00:30Z"}}),
        },
        Recorded {
            name: "AWS JSON, validation",
            status: 400,
            headers: &[("x-amzn-RequestId", "aws-2")],
            body: r##"{"__type":"ValidationException","message":"1 validation error detected"}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "1 validation error detected", "retryable": false, "upstream_request_id": "aws-2"}),
        },
        Recorded {
            name: "object store, XML",
            status: 404,
            headers: &[("Content-Type", "application/xml")],
            body: r##"<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>"##,
            expected: json!({"kind": "not_found", "status": 404, "message": "The specified key does not exist.", "retryable": false, "upstream_request_id": "4442587FB7D0A2F9"}),
        },
        Recorded {
            name: "object store, slow down",
            status: 503,
            headers: &[("Content-Type", "application/xml")],
            body: r##"<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"##,
            expected: json!({"kind": "rate_limited", "status": 503, "message": "Please reduce your request rate.", "retryable": true}),
        },
        Recorded {
            name: "SOAP fault",
            status: 500,
            headers: &[("Content-Type", "text/xml")],
            body: r##"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><faultcode>soap:Server</faultcode><faultstring>Order is closed</faultstring></soap:Body></soap:Envelope>"##,
            expected: json!({"kind": "upstream_error", "status": 500, "message": "Order is closed", "retryable": false}),
        },
        Recorded {
            name: "OData",
            status: 400,
            headers: &[],
            body: r##"{"error":{"code":"Request_BadRequest","message":"Invalid filter clause","innerError":{"request-id":"od-1","date":"2026-01-01T00:00:00"}}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Invalid filter clause", "retryable": false, "upstream_request_id": "od-1"}),
        },
        Recorded {
            name: "OData 2",
            status: 400,
            headers: &[],
            body: r##"{"error":{"code":"005","message":{"lang":"en","value":"Property x not found"}}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Property x not found", "retryable": false}),
        },
        Recorded {
            name: "Azure, wait in milliseconds",
            status: 429,
            headers: &[
                ("retry-after-ms", "1200"),
                ("Content-Type", "application/json"),
            ],
            body: r##"{"error":{"code":"429","message":"Requests have exceeded the call rate limit."}}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Requests have exceeded the call rate limit.", "retryable": true, "retry_after_seconds": 2}),
        },
        Recorded {
            name: "Kubernetes",
            status: 429,
            headers: &[],
            body: r##"{"kind":"Status","status":"Failure","message":"too many requests, please try again later","reason":"TooManyRequests","details":{"retryAfterSeconds":1},"code":429}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "too many requests, please try again later", "retryable": true, "retry_after_seconds": 1}),
        },
        Recorded {
            name: "Kubernetes, conflict",
            status: 409,
            headers: &[],
            body: r##"{"kind":"Status","status":"Failure","message":"pods \"x\" already exists","reason":"AlreadyExists","code":409}"##,
            expected: json!({"kind": "conflict", "status": 409, "message": "pods \"x\" already exists", "retryable": false}),
        },
        Recorded {
            name: "Cloudflare",
            status: 400,
            headers: &[("CF-Ray", "8a-FRA")],
            body: r##"{"success":false,"errors":[{"code":1003,"message":"Invalid zone identifier"}],"messages":[],"result":null}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Invalid zone identifier", "retryable": false, "upstream_request_id": "8a-FRA"}),
        },
        Recorded {
            name: "model API, insufficient quota",
            status: 429,
            headers: &[],
            body: r##"{"error":{"message":"You exceeded your current quota, please check your plan.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"##,
            expected: json!({"kind": "quota_exceeded", "status": 429, "message": "You exceeded your current quota, please check your plan.", "retryable": false}),
        },
        Recorded {
            name: "model API, tokens per minute",
            status: 429,
            headers: &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "59"),
                ("x-ratelimit-reset-requests", "1s"),
                ("x-ratelimit-limit-tokens", "150000"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            body: r##"{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Rate limit reached", "retryable": true, "retry_after_seconds": 360, "rate_limit": {"limit": 150000, "remaining": 0, "reset_at": "2026-01-01T00:06:00Z"}}),
        },
        Recorded {
            name: "CRM, list of errors",
            status: 400,
            headers: &[],
            body: r##"[{"message":"Required fields are missing: [Name]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Name"]}]"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "Required fields are missing: [Name]", "retryable": false}),
        },
        Recorded {
            name: "CRM, allowance of a day by 403",
            status: 403,
            headers: &[],
            body: r##"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"##,
            expected: json!({"kind": "quota_exceeded", "status": 403, "message": "TotalRequests Limit exceeded.", "retryable": false}),
        },
        Recorded {
            name: "issue tracker",
            status: 400,
            headers: &[],
            body: r##"{"errorMessages":[],"errors":{"summary":"You must specify a summary of the issue."}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "summary: You must specify a summary of the issue.", "retryable": false}),
        },
        Recorded {
            name: "identity provider",
            status: 403,
            headers: &[],
            body: r##"{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action","errorLink":"E0000006","errorId":"oae-1","errorCauses":[]}"##,
            expected: json!({"kind": "forbidden", "status": 403, "message": "You do not have permission to perform the requested action", "retryable": false, "upstream_request_id": "oae-1"}),
        },
        Recorded {
            name: "OAuth error",
            status: 400,
            headers: &[],
            body: r##"{"error":"invalid_grant","error_description":"The refresh token is invalid."}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "The refresh token is invalid.", "retryable": false}),
        },
        Recorded {
            name: "payment processor with issues",
            status: 422,
            headers: &[],
            body: r##"{"name":"UNPROCESSABLE_ENTITY","message":"The requested action could not be performed.","debug_id":"d-9","details":[{"field":"/amount","issue":"CURRENCY_NOT_SUPPORTED","description":"Currency is not supported."}]}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "The requested action could not be performed: /amount: Currency is not supported.", "retryable": false, "upstream_request_id": "d-9"}),
        },
        Recorded {
            name: "shop API",
            status: 422,
            headers: &[],
            body: r##"{"errors":{"title":["can't be blank"]}}"##,
            expected: json!({"kind": "invalid_request", "status": 422, "message": "title: can't be blank", "retryable": false}),
        },
        Recorded {
            name: "shop API, leaky bucket",
            status: 429,
            headers: &[("X-Shop-Api-Call-Limit", "40/40"), ("Retry-After", "2.0")],
            body: r##"{"errors":"Exceeded 2 calls per second for api client."}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Exceeded 2 calls per second for api client.", "retryable": true, "retry_after_seconds": 2, "rate_limit": {"limit": 40, "remaining": 0}}),
        },
        Recorded {
            name: "social API",
            status: 400,
            headers: &[],
            body: r##"{"error":{"message":"(#100) Missing fields","type":"OAuthException","code":100,"fbtrace_id":"Ab1"}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "(#100) Missing fields", "retryable": false, "upstream_request_id": "Ab1"}),
        },
        Recorded {
            name: "search engine",
            status: 400,
            headers: &[],
            body: r##"{"error":{"root_cause":[{"type":"parsing_exception","reason":"unknown query [x]"}],"type":"parsing_exception","reason":"unknown query [x]"},"status":400}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "unknown query [x]", "retryable": false}),
        },
        Recorded {
            name: "bot API",
            status: 429,
            headers: &[],
            body: r##"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}"##,
            expected: json!({"kind": "rate_limited", "status": 429, "message": "Too Many Requests: retry after 14", "retryable": true, "retry_after_seconds": 14}),
        },
        Recorded {
            name: "draft RateLimit, two policies",
            status: 429,
            headers: &[
                (
                    "RateLimit-Policy",
                    "\"hour\";q=1000;w=3600, \"day\";q=5000;w=86400",
                ),
                ("RateLimit", "\"hour\";r=900;t=9, \"day\";r=0;t=600"),
            ],
            body: "",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "The API answered 429 Too Many Requests", "retryable": true, "retry_after_seconds": 600, "rate_limit": {"limit": 5000, "remaining": 0, "reset_at": "2026-01-01T00:10:00Z"}}),
        },
        Recorded {
            name: "draft RateLimit as a dictionary",
            status: 429,
            headers: &[("RateLimit", "limit=100, remaining=0, reset=50")],
            body: "",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "The API answered 429 Too Many Requests", "retryable": true, "retry_after_seconds": 50, "rate_limit": {"limit": 100, "remaining": 0, "reset_at": "2026-01-01T00:00:50Z"}}),
        },
        Recorded {
            name: "reset in milliseconds since 1970",
            status: 429,
            headers: &[("X-RateLimit-Reset", "1767225645000")],
            body: "slow",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "slow", "retryable": true, "retry_after_seconds": 45, "rate_limit": {"reset_at": "2026-01-01T00:00:45Z"}}),
        },
        Recorded {
            name: "Retry-After as a date",
            status: 503,
            headers: &[("Retry-After", "Thu, 01 Jan 2026 00:01:00 GMT")],
            body: "",
            expected: json!({"kind": "upstream_unavailable", "status": 503, "message": "The API answered 503 Service Unavailable", "retryable": true, "retry_after_seconds": 60}),
        },
        Recorded {
            name: "absurd Retry-After",
            status: 429,
            headers: &[("Retry-After", "99999999999999")],
            body: "",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "The API answered 429 Too Many Requests", "retryable": true}),
        },
        Recorded {
            name: "negative Retry-After",
            status: 429,
            headers: &[("Retry-After", "-5")],
            body: "",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "The API answered 429 Too Many Requests", "retryable": true}),
        },
        Recorded {
            name: "Retry-After as a moment",
            status: 429,
            headers: &[("Retry-After", "1767225610")],
            body: "",
            expected: json!({"kind": "rate_limited", "status": 429, "message": "The API answered 429 Too Many Requests", "retryable": true, "retry_after_seconds": 10}),
        },
        Recorded {
            name: "HTML of a proxy",
            status: 502,
            headers: &[("Content-Type", "text/html")],
            body: r##"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>"##,
            expected: json!({"kind": "upstream_unavailable", "status": 502, "message": "The API answered with an HTML page: 502 Bad Gateway", "retryable": true}),
        },
        Recorded {
            name: "HTML as a login page",
            status: 401,
            headers: &[("Content-Type", "text/html; charset=utf-8")],
            body: r##"<!doctype html><html><head><script>var a=1</script></head><body><h1>Sign in &amp; continue</h1></body></html>"##,
            expected: json!({"kind": "unauthenticated", "status": 401, "message": "The API answered with an HTML page: Sign in & continue", "retryable": false}),
        },
        Recorded {
            name: "plain text",
            status: 500,
            headers: &[("Content-Type", "text/plain")],
            body: "upstream connect error or disconnect/reset before headers",
            expected: json!({"kind": "upstream_error", "status": 500, "message": "upstream connect error or disconnect/reset before headers", "retryable": false}),
        },
        Recorded {
            name: "broken JSON",
            status: 500,
            headers: &[],
            body: r##"{"error": {"message": "cut o"##,
            expected: json!({"kind": "upstream_error", "status": 500, "message": "{\"error\": {\"message\": \"cut o", "retryable": false}),
        },
        Recorded {
            name: "nothing",
            status: 500,
            headers: &[],
            body: "",
            expected: json!({"kind": "upstream_error", "status": 500, "message": "The API answered 500 Internal Server Error", "retryable": false}),
        },
        Recorded {
            name: "a number",
            status: 400,
            headers: &[],
            body: "42",
            expected: json!({"kind": "invalid_request", "status": 400, "message": "The API answered 400 Bad Request", "retryable": false}),
        },
        Recorded {
            name: "an empty object",
            status: 404,
            headers: &[],
            body: r##"{}"##,
            expected: json!({"kind": "not_found", "status": 404, "message": "The API answered 404 Not Found", "retryable": false}),
        },
        Recorded {
            name: "a status without a name",
            status: 599,
            headers: &[],
            body: "",
            expected: json!({"kind": "upstream_error", "status": 599, "message": "The API answered 599", "retryable": false}),
        },
        Recorded {
            name: "nested without end",
            status: 400,
            headers: &[],
            body: r##"{"error":{"error":{"error":{"error":{"error":{"error":{"error":{"message":"deep"}}}}}}}}"##,
            expected: json!({"kind": "invalid_request", "status": 400, "message": "The API answered 400 Bad Request", "retryable": false}),
        },
        Recorded {
            name: "locked",
            status: 423,
            headers: &[],
            body: r##"{"message":"The object is locked."}"##,
            expected: json!({"kind": "conflict", "status": 423, "message": "The object is locked.", "retryable": false}),
        },
        Recorded {
            name: "gateway timeout",
            status: 504,
            headers: &[],
            body: "",
            expected: json!({"kind": "timeout", "status": 504, "message": "The API answered 504 Gateway Timeout", "retryable": true}),
        },
    ]
}
