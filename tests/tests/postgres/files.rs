//! What one server begins, the other one continues: uploads, cursors, links to files.

use http::StatusCode;
use serde_json::{Value, json};

use crate::cluster::{Cluster, postgres};

#[tokio::test(flavor = "multi_thread")]
async fn upload_cursor_and_link_of_one_server_work_at_the_other() {
    let Some(postgres) = postgres() else { return };
    let cluster = Cluster::start("files", &postgres.database().unwrap())
        .await
        .unwrap();
    let text: String = (0..40_000).map(|line| format!("line {line}\n")).collect();
    let described = json!({"filename": "a.vtt", "content_type": "text/vtt"});
    let requested = cluster
        .result(0, "request_upload", described)
        .await
        .unwrap();
    let upload = &requested["structuredContent"];
    let (link, file) = (upload["put_to"].as_str().unwrap(), upload["upload"].clone());
    let put = |server| cluster.file(server, link, Some(text.clone().into_bytes()));
    assert_eq!(put(1).await.unwrap().0, StatusCode::CREATED);
    let again = cluster.file(0, link, Some(Vec::new())).await.unwrap();
    assert_eq!(again.0, StatusCode::NOT_FOUND);
    let arguments = json!({"file": file, "metadata": {"title": "Lines"}});
    let stored = cluster.result(0, "upload_media", arguments.clone()).await;
    let stored = stored.unwrap()["structuredContent"].clone();
    assert_eq!(stored["size"], text.len(), "{stored} {}", cluster.log());
    let again = cluster.result(1, "upload_media", arguments).await.unwrap();
    assert_eq!(again["isError"], true, "{again}");

    let mut arguments = json!({"media_id": stored["id"]});
    let (mut read, mut links, mut server) = (String::new(), Vec::new(), 1);
    while !arguments.is_null() {
        let part = cluster.result(server, "get_media_content", arguments).await;
        let part = part.unwrap();
        assert_eq!(part["isError"], false, "{part}");
        let content = part["content"].as_array().unwrap();
        read.push_str(content[0]["text"].as_str().unwrap());
        links.extend(
            content
                .iter()
                .find(|it| it["type"] == "resource_link")
                .cloned(),
        );
        arguments = next(content);
        server = 1 - server;
    }
    assert_eq!(read, text);
    assert_eq!(links.len(), 1, "{links:?}");
    let link = links[0]["uri"].as_str().unwrap();
    for server in [0, 1, 0] {
        let (status, bytes) = cluster.file(server, link, None).await.unwrap();
        assert_eq!((status, bytes.len()), (StatusCode::OK, text.len()));
    }
    for server in 0..2 {
        let (status, _) = cluster.file(server, link, None).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    assert!(!cluster.log().contains(link), "a link is in the log");
}

/// The arguments that continue an answer, as its notes name them.
fn next(content: &[Value]) -> Value {
    let texts = content.iter().filter_map(|it| it["text"].as_str()).skip(1);
    let cursor = texts.flat_map(|text| text.split('{')).find_map(|text| {
        let (cursor, _) = text.split_once('}')?;
        cursor.contains("_cursor").then(|| format!("{{{cursor}}}"))
    });
    cursor.map_or(Value::Null, |it| serde_json::from_str(&it).unwrap())
}
