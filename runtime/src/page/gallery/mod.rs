//! Every page in every shape, for those who look at them: tests, and people who change a page
//! (feature `gallery`).

mod agents;
mod audit;
mod common;
mod consent;
mod guide;
#[cfg(test)]
mod messages;
mod notice;
mod portal;
mod sign_in;
mod usage;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use super::guide::GuidePage;
use super::response::Pages;
use super::site::{Site, SiteLink};
use super::{
    Account, Activity, ApiKeys, Connect, Consent, DeleteAccount, HandOver, Invitation, LinkAgent,
    Members, NewWorkspace, Notice, Page, ResetPassword, SignIn, SignUp, ToProvider,
    WorkspacePicker, WorkspaceUsage, Workspaces,
};

/// A page with made-up content.
pub(super) trait Samples: Page {
    /// The page in each of its shapes, with a name for the shape.
    fn samples() -> Vec<(&'static str, Self)>;
}

/// Makes the answer that is one sample.
pub(super) type Show = Box<dyn Fn(&Pages) -> Response + Send + Sync>;

/// Every sample, by `page/shape`.
pub(super) fn samples() -> BTreeMap<String, Show> {
    let mut samples = BTreeMap::new();
    add::<SignIn>(&mut samples);
    add::<SignUp>(&mut samples);
    add::<ToProvider>(&mut samples);
    add::<ResetPassword>(&mut samples);
    add::<WorkspacePicker>(&mut samples);
    add::<NewWorkspace>(&mut samples);
    add::<Invitation>(&mut samples);
    add::<Consent>(&mut samples);
    add::<HandOver>(&mut samples);
    add::<Notice>(&mut samples);
    add::<Connect>(&mut samples);
    add::<GuidePage>(&mut samples);
    add::<ApiKeys>(&mut samples);
    add::<LinkAgent>(&mut samples);
    add::<Workspaces>(&mut samples);
    add::<Members>(&mut samples);
    add::<Activity>(&mut samples);
    add::<WorkspaceUsage>(&mut samples);
    add::<Account>(&mut samples);
    add::<DeleteAccount>(&mut samples);
    samples
}

fn add<P: Samples + Send + Sync + 'static>(samples: &mut BTreeMap<String, Show>) {
    let page = P::TEMPLATE.trim_end_matches(".html").replace('/', "-");
    for (shape, sample) in P::samples() {
        samples.insert(
            format!("{page}/{shape}"),
            Box::new(move |pages| pages.show(StatusCode::OK, &sample)),
        );
    }
}

/// The site the samples belong to.
pub(super) fn site() -> Site {
    Site {
        name: "Example API".to_owned(),
        links: vec![
            SiteLink {
                label: "Terms",
                url: "https://example.com/terms".to_owned(),
            },
            SiteLink {
                label: "Support",
                url: "mailto:help@example.com".to_owned(),
            },
        ],
        support_url: Some("mailto:help@example.com".to_owned()),
        full: Some("Actions consume your credits.".to_owned()),
        workspace: Some("Usage is billed to this workspace.".to_owned()),
        read_only_guarantee: Some("It can’t publish bundles or spend credits.".to_owned()),
        ..Site::default()
    }
}

/// Serves every page with made-up content, as the server itself would: `/` lists their paths, one
/// a line.
///
/// # Errors
/// Where a template is not one.
pub fn gallery() -> Result<Router, Box<dyn Error + Send + Sync>> {
    let pages = Arc::new(Pages::new(site())?);
    let assets = pages.assets();
    let samples = Arc::new(samples());
    let list: String = samples.keys().map(|name| format!("/{name}\n")).collect();
    let show = async move |Path((page, shape)): Path<(String, String)>| match samples
        .get(&format!("{page}/{shape}"))
    {
        Some(show) => show(&pages),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    Ok(Router::new()
        .route("/", get(async move || Html(list.clone())))
        .route("/{page}/{shape}", get(show))
        .merge(assets))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use url::Url;

    use super::*;
    use crate::page::document::{Document, Element};

    /// Every sample as a browser reads it.
    pub(super) async fn documents() -> BTreeMap<String, Document> {
        let pages = Pages::new(site()).unwrap();
        let mut documents = BTreeMap::new();
        for (name, show) in samples() {
            let response = show(&pages);
            assert_eq!(response.status(), StatusCode::OK, "{name}");
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
            let html = String::from_utf8(body.unwrap().to_vec()).unwrap();
            documents.insert(name, Document::parse(&html));
        }
        documents
    }

    async fn document(name: &str) -> Document {
        documents().await.remove(name).unwrap()
    }

    #[tokio::test]
    async fn every_sample_is_a_well_formed_document() {
        for (name, document) in documents().await {
            assert!(document.errors.is_empty(), "{name}: {:?}", document.errors);
            for once in ["html[lang]", "title", "main", "h1", "meta[name=viewport]"] {
                assert_eq!(document.all(once).len(), 1, "{name}: {once}");
            }
            for element in document.all("title, h1, h2, h3, button, a, legend, label") {
                assert_ne!(element.text(), "", "{name}: {}", element.name());
            }
        }
    }

    #[tokio::test]
    async fn what_refers_to_an_element_finds_it() {
        for (name, document) in documents().await {
            let mut ids = BTreeSet::new();
            for element in document.all("[id]") {
                let id = element.attr("id").unwrap();
                assert!(
                    ids.insert(id.clone()),
                    "{name}: two elements are called {id}"
                );
            }
            for element in document.all("*") {
                for attribute in ["for", "aria-labelledby", "aria-describedby"] {
                    for id in element
                        .attr(attribute)
                        .unwrap_or_default()
                        .split_whitespace()
                    {
                        assert!(ids.contains(id), "{name}: {attribute}={id}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn every_input_has_a_label() {
        for (name, document) in documents().await {
            let labels = document.all("label");
            for input in document.all("input, select, textarea") {
                let id = input.attr("id");
                let labelled = input.is("[type=hidden], [aria-label]")
                    || labels.iter().any(|label| {
                        label.all("input").contains(&input)
                            || (id.is_some() && label.attr("for") == id)
                    });
                assert!(labelled, "{name}: {:?}", input.attributes());
            }
        }
    }

    #[tokio::test]
    async fn no_page_holds_script_or_style_of_its_own() {
        for (name, document) in documents().await {
            let active = "style, iframe, object, embed, base, meta[http-equiv], [style]";
            assert!(document.all(active).is_empty(), "{name}");
            for script in document.all("script") {
                // The one script copies, on the one page that has no form.
                let source = script.attr("src").unwrap_or_default();
                assert!(name.starts_with("connect/"), "{name}");
                assert!(source.starts_with("/assets/copy-"), "{name}: {source}");
                assert!(script.text().is_empty() && document.all("form").is_empty());
            }
            for element in document.all("*") {
                for (attribute, _) in element.attributes() {
                    assert!(!attribute.starts_with("on"), "{name}: {attribute}");
                }
            }
        }
    }

    #[tokio::test]
    async fn only_the_way_back_and_links_of_the_operator_lead_elsewhere() {
        for (name, document) in documents().await {
            let footers = document.all("footer");
            let of_operator: Vec<_> = footers.iter().flat_map(|it| it.all("a")).collect();
            assert_eq!(of_operator.len(), site().links.len(), "{name}");
            for link in document.all("a[target=_blank]") {
                let relation = link.attr("rel").unwrap_or_default();
                assert!(relation.contains("noopener"), "{name}: {relation}");
            }
            let mut outside: Vec<_> = ["href", "src", "action", "formaction"]
                .into_iter()
                .flat_map(|attribute| {
                    document
                        .all(&format!("[{attribute}]"))
                        .into_iter()
                        .filter(|element| !of_operator.contains(element))
                        .filter_map(move |element| element.attr(attribute))
                })
                .filter(|target| !target.starts_with('#'))
                .filter(|target| Some(target) != site().support_url.as_ref())
                .filter(|target| Url::parse(target).is_ok() || target.starts_with("//"))
                .collect();
            match name.as_str() {
                "hand_over/approved" | "hand_over/denied" => {
                    assert_eq!(outside.len(), 1, "{name}: {outside:?}");
                    assert!(outside.iter().all(|uri| uri.starts_with("cursor://")));
                }
                "to_provider/plain" => {
                    assert_eq!(outside.len(), 1, "{name}: {outside:?}");
                    let known = |uri: &String| uri.starts_with("https://id.example.com/");
                    assert!(outside.iter().all(known), "{outside:?}");
                }
                "hand_over/refused" => {
                    assert_eq!(outside.len(), 1, "{name}: {outside:?}");
                    let known = |uri: &String| uri.starts_with("https://assistant.acme.example/");
                    assert!(outside.iter().all(known), "{outside:?}");
                }
                "connect/read-and-write" | "connect/local" => {
                    let installs = |uri: &&String| {
                        uri.starts_with("cursor://") || uri.starts_with("vscode:mcp/install?")
                    };
                    assert_eq!(outside.iter().filter(installs).count(), 2, "{name}");
                    outside.retain(|uri| !installs(&uri));
                    let expected: &[&str] = match name.as_str() {
                        "connect/local" => &[],
                        _ => &["https://example.com/guide"],
                    };
                    assert_eq!(outside, expected, "{name}");
                }
                "portal-usage/a-day" | "portal-usage/used-up" => {
                    assert_eq!(outside, ["https://example.com/plans"], "{name}");
                }
                _ => assert!(outside.is_empty(), "{name}: {outside:?}"),
            }
        }
    }

    #[tokio::test]
    async fn every_form_is_posted_with_its_token() {
        for (name, document) in documents().await {
            for form in document.all("form") {
                let tokens = form.all("[name=csrf_token]");
                // What only searches changes nothing, and its address has no secret.
                if name.starts_with("portal-audit/") && tokens.is_empty() {
                    assert_eq!(form.attr("method").as_deref(), Some("get"), "{name}");
                    continue;
                }
                assert_eq!(form.attr("method").as_deref(), Some("post"), "{name}");
                let tokens = form.all("input[type=hidden][name=csrf_token]");
                assert_eq!(tokens.len(), 1, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn only_a_verified_client_wears_the_badge() {
        for (name, document) in documents().await {
            let Some(shape) = name.strip_prefix("consent/") else {
                continue;
            };
            let badges: Vec<_> = document.all(".badge").iter().map(Element::text).collect();
            let expected = match shape {
                "verified" | "read-only-connector" | "named-connection" | "not-linked" => {
                    "Verified publisher: Anthropic"
                }
                "full" => "Verified publisher: OpenAI",
                _ => "Unverified",
            };
            assert_eq!(badges, [expected], "{name}");
            let whole = document.text();
            assert_eq!(
                whole.contains("Verified"),
                expected != "Unverified",
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn what_a_client_says_of_itself_stays_text() {
        let document = document("consent/hostile").await;
        let title = document.all("h1").remove(0).text();
        assert!(
            title.starts_with("“Claude <img src=x onerror=alert(1)>\"'{{ 7*7 }}"),
            "{title}"
        );
        let images = document.all("img");
        assert!(
            images
                .iter()
                .all(|image| image.attr("src").unwrap().starts_with("/assets/"))
        );
        let whole = document.text();
        assert!(whole.contains("\"><script>alert(1)</script>/%E2%80%AEcb?x='onfocus=alert(1)"));
        assert!(!whole.contains(['\u{202e}', '\u{200b}']));
    }

    #[tokio::test]
    async fn a_destination_that_anyone_may_hold_is_warned_of() {
        let cases = [
            ("verified", None),
            ("unknown", Some("This site has not been verified.")),
            ("loopback", Some("This goes to a program on this computer.")),
            ("app", Some("This goes to an app on this device")),
        ];
        for (shape, warning) in cases {
            let document = document(&format!("consent/{shape}")).await;
            let notes = document.all(".note.warn");
            let found: Vec<_> = notes
                .iter()
                .map(|note| note.all("strong")[0].text())
                .collect();
            assert_eq!(found, Vec::from_iter(warning), "{shape}");
        }
    }

    #[tokio::test]
    async fn the_guarantee_is_beside_no_tool_that_writes() {
        for (name, document) in documents().await {
            if !name.starts_with("consent/") {
                continue;
            }
            let writes = !document.all(".with-full").is_empty();
            for guarantee in document.all(".note.ok") {
                let hidden_with_full = guarantee.attr("class").unwrap().contains("with-read-only");
                assert_eq!(hidden_with_full, writes, "{name}");
            }
        }
        let read_only = document("consent/read-only-connector").await;
        assert_eq!(read_only.all(".note.ok").len(), 1);
        assert!(read_only.all("input[type=radio]").is_empty());
    }

    #[tokio::test]
    async fn only_a_tool_that_deletes_is_said_to_delete() {
        let document = document("consent/verified").await;
        let marked: Vec<_> = document
            .all("li")
            .into_iter()
            .filter(|item| !item.all("em").is_empty())
            .map(|item| item.text())
            .collect();
        assert_eq!(
            marked,
            [
                "Delete a bundle can delete delete_bundle",
                "Publish a bundle can overwrite publish_bundle"
            ]
        );
    }

    #[tokio::test]
    async fn a_required_scope_cannot_be_unticked() {
        let document = document("consent/verified").await;
        let posted = document.all("input[type=hidden][name=scope]");
        assert_eq!(posted.len(), 1);
        assert_eq!(posted[0].attr("value").as_deref(), Some("mcp:read"));
        let open = document.all("input[type=checkbox][name=scope]");
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].attr("value").as_deref(), Some("offline_access"));
    }
}
