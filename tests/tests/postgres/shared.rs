//! Two servers behave as one.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;

use crate::cluster::{Cluster, postgres};

#[tokio::test(flavor = "multi_thread")]
async fn code_is_redeemed_by_one_of_two_hundred_requests_to_two_servers() {
    let Some(postgres) = postgres() else { return };
    let cluster = Cluster::start("redeem", &postgres.database().unwrap())
        .await
        .unwrap();
    let code = cluster.code().await.unwrap();
    let form = cluster.client.redemption(&code);
    let redeem = |it: usize| cluster.post_until_answered(it % 2, "/oauth/token", &form);
    let answers = join_all((0..200).map(redeem)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let won = answers.iter().filter(|it| it.status == StatusCode::OK);
    assert_eq!(won.count(), 1, "{}", cluster.log());
    let lost = answers
        .iter()
        .filter(|it| it.text("error") == "invalid_grant");
    assert_eq!(lost.count(), 199, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_refreshes_at_two_servers_return_one_successor() {
    let Some(postgres) = postgres() else { return };
    let cluster = Cluster::start("refresh", &postgres.database().unwrap())
        .await
        .unwrap();
    let token = &cluster.tokens.refresh;
    let form = cluster.refresh_form(token);
    let refresh = |it: usize| cluster.post_until_answered(it % 2, "/oauth/token", &form);
    let answers = join_all((0..200).map(refresh)).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let first = answers[0].text("refresh_token");
    assert!(
        !first.is_empty() && first != token,
        "{answers:?} {}",
        cluster.log()
    );
    for answer in &answers {
        assert_eq!(answer.text("refresh_token"), first);
        assert_eq!(answer.text("access_token"), answers[0].text("access_token"));
    }
    // The successor works at either, and is rotated in its turn.
    let access = answers[0].text("access_token");
    for server in 0..2 {
        assert!(cluster.call(server, access).await.unwrap().is_good_call());
    }
    let next = cluster.refresh(1, first).await.unwrap();
    assert_eq!(next.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn quota_is_used_up_by_two_servers_together_and_never_exceeded() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let quota =
        "[quota]\ndefault_plan = \"a\"\n[quota.plans]\na = { limit = 60, period = \"month\" }\n";
    let cluster = Cluster::start_with("quota", &database, quota)
        .await
        .unwrap();
    let token = &cluster.tokens.access;
    let calls = (0..100).map(|it| cluster.call(it % 2, token));
    // Fewer at once than a server lets a connection make.
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(20).collect().await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.is_good_call());
    // At the end of a quota of 60, a server holds at most 3 that the other one could use.
    assert!(
        (57..=60).contains(&good.len()),
        "{} {}",
        good.len(),
        cluster.log()
    );
    for answer in refused {
        let text = answer.body.to_string();
        assert!(text.contains("quota_exceeded"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_at_one_server_ends_the_token_at_the_other_within_a_second() {
    let Some(postgres) = postgres() else { return };
    let cluster = Cluster::start("revoke", &postgres.database().unwrap())
        .await
        .unwrap();
    let token = &cluster.tokens.access;
    // The first use of a token changes its grant, which ends what a server believes of it. Afterwards
    // each server keeps what it read.
    for _ in 0..4 {
        for server in 0..2 {
            assert!(cluster.call(server, token).await.unwrap().is_good_call());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(cluster.call(1, token).await.unwrap().is_good_call());
    let form = [("token", token.as_str()), ("client_id", &cluster.client.id)];
    let revoked = cluster.post(0, "/oauth/revoke", &form).await.unwrap();
    assert_eq!(revoked.status, StatusCode::OK);
    let since = Instant::now();
    let here = cluster.call(0, token).await.unwrap();
    assert_eq!(here.status, StatusCode::UNAUTHORIZED);
    while cluster.call(1, token).await.unwrap().status != StatusCode::UNAUTHORIZED {
        // A server believes what it read for half a second; the rest is for a slow machine.
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "still valid at the other server"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("seen at the other server after {:?}", since.elapsed());
}
