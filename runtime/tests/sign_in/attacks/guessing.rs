//! Guesses of passwords: of one account from many addresses, of many accounts from one, and so many
//! at once that comparing them takes all the server can do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use crate::browser::{Browser, Form};
use crate::support::{EMAIL, PASSWORD, TestServer};

/// The form of a browser at an address, filled in.
async fn filled<'a>(
    bench: &'a TestServer,
    address: &str,
    email: &str,
    password: &str,
) -> (Browser<'a>, Form) {
    let mut browser = Browser::at(bench, address);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form().with("email", email).with("password", password);
    (browser, form)
}

/// Tries one password; returns the status of the page that follows.
async fn try_once(bench: &TestServer, address: &str, email: &str, password: &str) -> u16 {
    let (mut browser, form) = filled(bench, address, email, password).await;
    browser.submit(&form).await.page().status
}

#[tokio::test]
async fn guesses_of_one_account_from_many_addresses_have_to_wait_and_its_owner_does_not() {
    let bench = TestServer::behind_a_proxy().await;
    let owner = bench.first_person().await;
    let mut owner = owner.moved_to("198.51.100.1");
    let page = owner.open("/portal/account").await.page();
    owner.submit(&page.form_to("/portal/sign-out")).await.page();
    let mut refused = 0;
    for number in 0..60 {
        let address = format!("203.0.{number}.1");
        match try_once(&bench, &address, EMAIL, "not the password").await {
            422 => {}
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 30, "{refused}");
    // The owner's browser is known, wherever it is now.
    let page = owner.open("/account/sign-in").await.page();
    assert_eq!(
        owner.sign_in(&page, EMAIL, PASSWORD).await.page().status,
        200
    );
    // So is the network that they signed in from, for a browser of theirs that is new.
    assert_eq!(try_once(&bench, "198.51.100.1", EMAIL, PASSWORD).await, 200);
    // A stranger's right guess waits with the wrong ones.
    assert_eq!(try_once(&bench, "203.0.113.9", EMAIL, PASSWORD).await, 429);
}

#[tokio::test]
async fn guesses_are_answered_alike_whether_there_is_such_an_account() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let mut reported = Vec::new();
    for (net, email) in [(10, EMAIL), (11, "unknown@example.com")] {
        let mut statuses = Vec::new();
        for number in 0..60 {
            let address = format!("203.{net}.{number}.1");
            statuses.push(try_once(&bench, &address, email, "not the password").await);
        }
        reported.push(statuses);
    }
    assert_eq!(reported[0], reported[1]);
    assert!(reported[0].contains(&429));
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_has_to_wait_and_others_do_not() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let mut refused = 0;
    for number in 0..60 {
        let email = format!("person{number}@example.com");
        let status = try_once(&bench, "203.0.113.1", &email, "not the password").await;
        refused += u32::from(status == 429);
    }
    assert!(refused > 20, "{refused}");
    assert_eq!(try_once(&bench, "203.0.113.1", EMAIL, PASSWORD).await, 429);
    assert_eq!(try_once(&bench, "198.51.100.1", EMAIL, PASSWORD).await, 200);
}

#[tokio::test]
async fn who_guesses_behind_the_owners_address_does_not_stop_the_owners_browser() {
    let bench = TestServer::behind_a_proxy().await;
    let mut owner = bench.first_person().await.moved_to("198.51.100.1");
    let page = owner.open("/portal/account").await.page();
    owner.submit(&page.form_to("/portal/sign-out")).await.page();
    for _ in 0..10 {
        try_once(&bench, "198.51.100.1", EMAIL, "not the password").await;
    }
    let page = owner.open("/account/sign-in").await.page();
    assert_eq!(
        owner.sign_in(&page, EMAIL, PASSWORD).await.page().status,
        200
    );
}

#[tokio::test]
async fn guesses_from_a_known_browser_have_to_wait_too() {
    let bench = TestServer::behind_a_proxy().await;
    let mut owner = bench.first_person().await.moved_to("198.51.100.1");
    let page = owner.open("/portal/account").await.page();
    owner.submit(&page.form_to("/portal/sign-out")).await.page();
    let mut statuses = Vec::new();
    for number in 0..12 {
        owner = owner.moved_to(&format!("198.51.{number}.1"));
        let page = owner.open("/account/sign-in").await.page();
        statuses.push(
            owner
                .sign_in(&page, EMAIL, "wrong password")
                .await
                .page()
                .status,
        );
    }
    assert!(statuses.ends_with(&[429, 429, 429]), "{statuses:?}");
}

#[tokio::test]
async fn a_flood_of_guesses_does_not_delay_a_true_sign_in() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let mut guesses = Vec::new();
    for number in 0..500 {
        let address = format!("203.0.{}.1", number % 25);
        let email = format!("person{number}@example.com");
        guesses.push(filled(&bench, &address, &email, "not the password").await);
    }
    let (mut person, form) = filled(&bench, "198.51.100.1", EMAIL, PASSWORD).await;
    let compared = AtomicUsize::new(0);
    let flood = join_all(guesses.iter_mut().map(async |(browser, form)| {
        let status = browser.submit(form).await.page().status;
        compared.fetch_add(usize::from(status == 422), Ordering::SeqCst);
    }));
    let sign_in = async {
        // The flood is under way, and as many wait as can.
        while compared.load(Ordering::SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = compared.load(Ordering::SeqCst);
        let status = person.submit(&form).await.page().status;
        (status, compared.load(Ordering::SeqCst) - before)
    };
    let (_, (status, overtaken_by)) = tokio::join!(flood, sign_in);
    assert_eq!(status, 200);
    // Those that are being compared, the first tries of the other 25 addresses, and what is compared on a
    // busy machine before the request arrives. In one queue it would be all that are left: over 450.
    assert!(overtaken_by < 150, "{overtaken_by}");
}
