//! Every page in every shape.

use runtime::page;
use tokio::net::TcpListener;

use crate::golden::assert_unchanged;

#[tokio::test]
async fn pages_of_the_gallery_are_as_recorded() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let gallery = format!("http://{}", listener.local_addr().unwrap());
    let router = page::gallery().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let open = async |path: &str| {
        let answer = reqwest::get(format!("{gallery}{path}")).await.unwrap();
        assert!(answer.status().is_success(), "{path}");
        let policy = answer.headers().get("content-security-policy").cloned();
        (policy, answer.text().await.unwrap())
    };
    let mut text = String::new();
    for path in open("/").await.1.lines() {
        let (policy, page) = open(path).await;
        let policy = policy.map(|it| it.to_str().unwrap().to_owned());
        text += &format!("=== {path}\n{}\n", policy.unwrap_or_default());
        // An empty line says nothing of a page, and templates leave many.
        for line in page.lines().filter(|line| !line.trim().is_empty()) {
            text += line;
            text.push('\n');
        }
    }
    assert_unchanged("pages.html", &text);
}
