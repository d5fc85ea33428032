//! What a client and a person are answered.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tests::harness::browser::{Form, Landing};
use tests::harness::client::Answer;
use tests::harness::oauth::{OAuthClient, Tokens};
use tests::harness::person::Person;
use url::Url;

/// What was answered, each answer once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    /// To calls of tools.
    pub(crate) call: BTreeSet<String>,
    /// To requests for new tokens.
    pub(crate) refresh: BTreeSet<String>,
    /// To authorization requests.
    pub(crate) begin: BTreeSet<String>,
    /// To a person who approves a connection.
    pub(crate) approve: BTreeSet<String>,
    /// To `/readyz`.
    pub(crate) ready: BTreeSet<String>,
}

impl Answers {
    fn all(&self) -> [(&'static str, &BTreeSet<String>); 5] {
        [
            ("call", &self.call),
            ("refresh", &self.refresh),
            ("authorize", &self.begin),
            ("approve", &self.approve),
            ("readyz", &self.ready),
        ]
    }

    /// Whether everything went well, and nothing else.
    pub(crate) fn are_good(&self) -> bool {
        let good = |answers: &BTreeSet<String>| answers.iter().all(|it| it == "ok");
        self.all().iter().all(|(_, answers)| good(answers))
    }

    /// Whether a client received an answer that a token or a grant is not valid.
    pub(crate) fn sign_out(&self) -> bool {
        let says = |it: &String| it.contains("401") || it.contains("invalid_");
        self.all()
            .iter()
            .any(|(_, answers)| answers.iter().any(says))
    }

    pub(crate) fn add(&mut self, other: Answers) {
        self.call.extend(other.call);
        self.refresh.extend(other.refresh);
        self.begin.extend(other.begin);
        self.approve.extend(other.approve);
        self.ready.extend(other.ready);
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.are_good() {
            return formatter.write_str("all ok");
        }
        let cell = |(name, answers): (&str, &BTreeSet<String>)| {
            let answers: Vec<_> = answers.iter().map(String::as_str).collect();
            format!("{name}: {}", answers.join(" or "))
        };
        let cells: Vec<_> = self.all().into_iter().map(cell).collect();
        formatter.write_str(&cells.join("; "))
    }
}

/// What a call came to; the id of its request where it was answered with success.
pub(crate) fn of_call(answer: anyhow::Result<Answer>) -> (String, Option<String>) {
    let Ok(answer) = answer else {
        return ("none".to_owned(), None);
    };
    let result = &answer.message["result"];
    if answer.status != 200 || result.is_null() {
        return (answer.status.as_u16().to_string(), None);
    }
    if result["isError"] == false {
        return ("ok".to_owned(), answer.request_id);
    }
    let text = result["content"][0]["text"].as_str().unwrap_or("null");
    let error: Value = serde_json::from_str(text).unwrap_or_default();
    let kind = error["error"]["kind"].as_str().unwrap_or("a tool error");
    (kind.to_owned(), None)
}

/// Asks for new tokens.
pub(crate) async fn refresh(client: &OAuthClient, token: &str) -> (String, Option<Tokens>) {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", &client.id),
    ];
    let Ok((status, body)) = client.post("/oauth/token", &form).await else {
        return ("none".to_owned(), None);
    };
    let answer: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
    match status.as_u16() {
        200 => {
            let tokens = Tokens {
                access: text("access_token"),
                refresh: text("refresh_token"),
            };
            ("ok".to_owned(), Some(tokens))
        }
        status => (format!("{status} {}", text("error")), None),
    }
}

/// Opens an authorization request in a browser that was never here.
pub(crate) async fn begin(address: &Url) -> String {
    let http = reqwest::Client::builder().redirect(Policy::none());
    match http.build().unwrap().get(address.clone()).send().await {
        Ok(answer) if answer.status().is_redirection() => "ok".to_owned(),
        Ok(answer) => answer.status().as_u16().to_string(),
        Err(_) => "none".to_owned(),
    }
}

/// Opens the consent page of an authorization request; the form that approves it.
pub(crate) async fn consent(person: &Person, address: &Url) -> Result<Form, String> {
    match person.consent(address.as_str()).await {
        Ok(Landing::Page(page)) => match page.form_with("level") {
            Ok(form) => Ok(form.with("level", "full").with("decision", "approve")),
            Err(_) => Err(page.status.to_string()),
        },
        Ok(Landing::Away(_)) => Err("sent away".to_owned()),
        Err(_) => Err("none".to_owned()),
    }
}

/// Approves; what came of it.
pub(crate) async fn approve(person: &Person, form: &Form) -> String {
    match person.submit(form).await {
        Ok(Landing::Away(url)) if url.query_pairs().any(|(name, _)| name == "code") => {
            "ok".to_owned()
        }
        Ok(Landing::Away(_)) => "sent away".to_owned(),
        Ok(Landing::Page(page)) => page.status.to_string(),
        Err(_) => "none".to_owned(),
    }
}

/// Asks whether the server is ready.
pub(crate) async fn ready(address: Url) -> String {
    match reqwest::get(address).await {
        Ok(answer) if answer.status() == 200 => "ok".to_owned(),
        Ok(answer) => answer.status().as_u16().to_string(),
        Err(_) => "none".to_owned(),
    }
}

/// A tool that reads, and one that changes something.
pub(crate) fn calls() -> [Value; 2] {
    [
        json!({"name": "get_workspace", "arguments": {}}),
        json!({"name": "update_workspace", "arguments": {"name": "Harbor Coffee"}}),
    ]
}
