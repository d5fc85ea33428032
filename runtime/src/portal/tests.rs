//! The portal over a store in memory, as a browser uses it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{Method, Request, StatusCode};
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

use crate::account::{self, Accounts};
use crate::clock::{Clock as _, SystemClock};
use crate::limit::{QuotaRules, Quotas};
use crate::model::{
    Answered, Approval, AuthenticationMethod, AuthorizationRequest, Cause, ClientId, CodeChallenge,
    Device, GrantId, NewPerson, NewSession, NewTokens, PersonId, Redemption, RedirectUri,
    ResourceIndicator, Scopes, Seen, SessionId, Transaction, Workspace, WorkspaceId,
};
use crate::oauth::Resources;
use crate::operation::Access;
use crate::page::{Document, Pages, Site};
use crate::random::SystemRandom;
use crate::store::{Entry, Services, Share, SignedUp, Sqlite, Store};
use crate::token::{self, Digest};
use crate::tool::Tags;

const ORIGIN_OF_OURS: &str = "https://mcp.example.com";
const PASSWORD: &str = "correct horse battery";
/// The challenge of RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server and the people on it.
struct House {
    accounts: Arc<Accounts>,
    router: Router,
}

/// A person in front of a browser that is signed in.
struct Visitor {
    person: PersonId,
    workspace: WorkspaceId,
    session: String,
    form: String,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    location: String,
    cookies: String,
    html: String,
}

impl House {
    async fn new() -> House {
        let site = Site {
            name: "Example API".to_owned(),
            https: true,
            ..Site::default()
        };
        let accounts = Arc::new(Accounts {
            services: Services {
                store: Arc::new(Sqlite::in_memory().await.unwrap()),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
            },
            pages: Arc::new(Pages::new(site).unwrap()),
            origin: ORIGIN_OF_OURS.into(),
            settings: crate::config::AccountSettings::default(),
            first_workspace: None,
            link_required: None,
            passwords: Default::default(),
            throttle: Default::default(),
            sign_ups: Accounts::sign_up_budget(),
            provider: None,
            shared_egress: Default::default(),
            unlisted_proxies: Default::default(),
        });
        let resources = Resources::new(
            "https://mcp.example.com",
            "/mcp",
            ["work"].into_iter(),
            Tags::default(),
        );
        let limits = super::WorkspaceLimits {
            quotas: Quotas::new(QuotaRules::default(), Arc::new(SystemClock)),
            upgrade_url: None,
        };
        let router = super::router(&accounts, Arc::new(resources), limits, None).layer(
            from_fn_with_state(Arc::clone(&accounts), account::with_browser),
        );
        House { accounts, router }
    }

    fn store(&self) -> &dyn Store {
        &*self.accounts.services.store
    }

    fn cause(&self) -> Cause {
        Cause::new(SystemClock.now(), "test")
    }

    /// Somebody with a workspace of their own, signed in.
    async fn person(&self, name: &str) -> Visitor {
        // Hashing is slow on purpose, so that all share one hash.
        static HASH: OnceCell<String> = OnceCell::const_new();
        let passwords = &self.accounts.passwords;
        let hash = HASH
            .get_or_init(async || passwords.hash(PASSWORD, 0, &SystemRandom).await.unwrap())
            .await;
        let person = NewPerson {
            id: PersonId::new(&SystemRandom),
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            password_hash: Some(hash.clone()),
        };
        let workspace = Workspace {
            id: WorkspaceId::new(&SystemRandom),
            name: format!("{name}’s workspace"),
            upstream_id: None,
            suspended: false,
        };
        let (id, own) = (person.id.clone(), workspace.id.clone());
        let store = self.store();
        let signed_up = store
            .sign_up(Entry::Open, person, Some(workspace), &self.cause())
            .await;
        assert_eq!(signed_up.unwrap(), SignedUp::Done);
        Visitor {
            session: self.sign_in(&id).await,
            person: id,
            workspace: own,
            form: token::random_text(&SystemRandom),
        }
    }

    /// Opens one more session of a person.
    async fn sign_in(&self, person: &PersonId) -> String {
        let secret = token::random_text(&SystemRandom);
        let cause = self.cause().by(person);
        let session = NewSession {
            id: SessionId::new(&SystemRandom),
            secret: Digest::of(&secret),
            method: AuthenticationMethod::Password,
            browser: "a browser".to_owned(),
            device: Device {
                secret: Digest::of("device"),
                network: Digest::of("network"),
            },
            confirmed: cause.at,
            expires: cause.at + Duration::from_secs(3600),
            provider_session: None,
        };
        let opened = self.store().open_session(&session, &cause);
        opened.await.unwrap();
        secret
    }

    /// Lets a client have a key of a person.
    async fn key(&self, visitor: &Visitor, redirect_uri: &str) -> GrantId {
        let cause = self.cause().by(&visitor.person);
        let expires = cause.at + Duration::from_secs(600);
        let digest = || Digest::of(&token::random_text(&SystemRandom));
        let (handle, browser, code) = (digest(), digest(), digest());
        let scopes = Scopes::of(Access::Read);
        let transaction = Transaction {
            request: AuthorizationRequest {
                client_id: ClientId::stored("client".to_owned()),
                redirect_uri: RedirectUri::stored(redirect_uri.to_owned()),
                code_challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
                scopes: scopes.clone(),
                resource: ResourceIndicator::stored("https://mcp.example.com/mcp".to_owned()),
                state: None,
                nonce: None,
                signed_in_since: None,
            },
            client_name: Some("Some assistant".to_owned()),
            refreshes: false,
            workspace: None,
            seen: Seen::No,
        };
        let share = Share {
            source: digest(),
            most: 10,
        };
        let store = self.store();
        store
            .begin(handle, browser, &transaction, expires, share, &cause)
            .await
            .unwrap();
        let approval = Approval {
            upstream_id: None,
            grant: GrantId::new(&SystemRandom),
            person: visitor.person.clone(),
            workspace: visitor.workspace.clone(),
            scopes,
            refreshes: false,
            signed_in: cause.at,
            key_name: "Some (MCP connector)".to_owned(),
            redirect_host: "some.example".to_owned(),
            code,
            code_expires: expires,
            upstream_key: None,
        };
        let answered = store.approve(handle, browser, &approval, &cause).await;
        assert_eq!(answered.unwrap(), Answered::Done);
        let tokens = NewTokens {
            access: digest(),
            access_expires: None,
            refresh: None,
        };
        let redeemed = store.redeem(code, &tokens, &cause).await;
        assert_eq!(redeemed.unwrap(), Redemption::Redeemed);
        approval.grant
    }

    /// Whether a key still works.
    async fn works(&self, visitor: &Visitor, grant: &GrantId) -> bool {
        let keys = self
            .store()
            .keys(&visitor.person, SystemClock.now(), 9)
            .await
            .unwrap();
        keys.iter()
            .any(|key| key.grant == *grant && key.revoked.is_none())
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response = self.router.clone().oneshot(request).await.unwrap();
        let text = |name| {
            let values = response.headers().get_all(name).iter();
            values
                .map(|value| value.to_str().unwrap())
                .collect::<Vec<_>>()
                .join("; ")
        };
        let (location, cookies) = (text(LOCATION), text(SET_COOKIE));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer {
            status,
            location,
            cookies,
            html: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, visitor: &Visitor, path: &str) -> Answer {
        self.send(visitor.request(Method::GET, path, Body::empty()))
            .await
    }

    async fn post(&self, visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = visitor.csrf_token();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &token).extend_pairs(fields);
        let body = Body::from(form.finish());
        self.send(visitor.request(Method::POST, path, body)).await
    }
}

impl Visitor {
    fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let cookies = format!("__Host-session={}; __Host-form={}", self.session, self.form);
        Request::builder()
            .method(method)
            .uri(path)
            .header(COOKIE, cookies)
            .header(ORIGIN, ORIGIN_OF_OURS)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
            .unwrap()
    }

    /// What the forms of this browser carry.
    fn csrf_token(&self) -> String {
        let digest = Digest::of(&format!("{} {}", self.form, self.session));
        digest
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn path(&self, action: &str) -> String {
        format!("/portal/workspaces/{}{action}", self.workspace)
    }
}

impl Answer {
    fn text(&self) -> String {
        Document::parse(&self.html).text()
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to() {
    let house = House::new().await;
    for path in ["/portal/keys", "/portal/workspaces", "/portal/account"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = house.send(request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location, format!("/account/sign-in?next={path}"));
    }
}

#[tokio::test]
async fn a_form_that_is_not_of_this_browser_changes_nothing() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let key = house.key(&ada, "https://some.example/cb").await;
    let body = Body::from(format!("csrf_token={}&key={key}", "0".repeat(64)));
    let request = ada.request(Method::POST, "/portal/keys/revoke", body);
    assert_eq!(house.send(request).await.status, StatusCode::FORBIDDEN);
    assert!(house.works(&ada, &key).await);
}

#[tokio::test]
async fn a_person_sees_and_revokes_their_keys() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let key = house.key(&ada, "https://some.example/cb").await;
    let sibling = house
        .key(&ada, "https://claude.ai/api/mcp/auth_callback")
        .await;
    let shown = house.get(&ada, "/portal/keys").await.text();
    for fact in [
        "Some (MCP connector)",
        "Calls itself “Some assistant”.",
        "some.example",
        "ada’s workspace",
        "Read-only",
        "mcp:read",
        "Never",
        "When revoked",
    ] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    let answer = house
        .post(&ada, "/portal/keys/revoke", &[("key", key.as_str())])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!house.works(&ada, &key).await);
    assert!(house.works(&ada, &sibling).await);
    let shown = house.get(&ada, &answer.location).await.text();
    assert!(shown.contains("The key was revoked."), "{shown}");
    assert!(shown.contains("revoked here"), "{shown}");
}

#[tokio::test]
async fn revoking_a_key_of_a_stranger_is_refused() {
    let house = House::new().await;
    let (ada, eve) = (house.person("ada").await, house.person("eve").await);
    let key = house.key(&ada, "https://some.example/cb").await;
    let answer = house
        .post(&eve, "/portal/keys/revoke", &[("key", key.as_str())])
        .await;
    assert_eq!(answer.location, "/portal/keys?flash=key-gone");
    house.post(&eve, "/portal/keys/revoke-all", &[]).await;
    assert!(house.works(&ada, &key).await);
    assert!(
        !house
            .get(&eve, "/portal/keys")
            .await
            .html
            .contains(key.as_str())
    );
}

#[tokio::test]
async fn all_keys_of_a_person_end_at_once() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let keys = [
        house.key(&ada, "https://some.example/cb").await,
        house.key(&ada, "https://other.example/cb").await,
    ];
    house.post(&ada, "/portal/keys/revoke-all", &[]).await;
    for key in &keys {
        assert!(!house.works(&ada, key).await);
    }
}

#[tokio::test]
async fn an_address_cannot_put_words_into_a_page() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let answer = house.get(&ada, "/portal/keys?flash=You+are+hacked").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.html.contains("hacked"));
}

#[tokio::test]
async fn a_workspace_of_others_is_not_there() {
    let house = House::new().await;
    let (ada, eve) = (house.person("ada").await, house.person("eve").await);
    assert_eq!(house.get(&ada, &ada.path("")).await.status, StatusCode::OK);
    assert_eq!(
        house.get(&eve, &ada.path("")).await.status,
        StatusCode::NOT_FOUND
    );
    let invite = house
        .post(&eve, &ada.path("/invite"), &[("role", "owner")])
        .await;
    assert_eq!(invite.status, StatusCode::NOT_FOUND);
    let ada_id = ada.person.as_str();
    for (action, fields) in [
        ("/remove", vec![("member", ada_id)]),
        ("/role", vec![("member", ada_id), ("role", "member")]),
        ("/leave", Vec::new()),
    ] {
        let answer = house.post(&eve, &ada.path(action), &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
    }
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_lets_its_reader_in() {
    let house = House::new().await;
    let (ada, bob) = (house.person("ada").await, house.person("bob").await);
    let answer = house
        .post(&ada, &ada.path("/invite"), &[("role", "member")])
        .await;
    let shown = answer.text();
    let link = shown.split_once("/account/join/").unwrap().1;
    let secret = link.split_whitespace().next().unwrap();
    let again = house.get(&ada, &ada.path("")).await;
    assert!(again.text().contains("Links not used yet"));
    assert!(!again.html.contains(secret));
    house
        .post(&ada, &ada.path("/invite"), &[("role", "owner")])
        .await;

    let cause = house.cause().by(&bob.person);
    let joined = house
        .store()
        .accept_invitation(Digest::of(secret), &cause)
        .await
        .unwrap();
    assert_eq!(joined.as_ref(), Some(&ada.workspace));
    let page = house.get(&bob, &ada.path("")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        !page.html.contains("/invite"),
        "a member is offered to invite"
    );
    assert!(
        !page.text().contains("Links not used yet"),
        "a member sees the links of others"
    );
    let invite = house
        .post(&bob, &ada.path("/invite"), &[("role", "owner")])
        .await;
    assert_eq!(invite.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let answer = house.post(&ada, &ada.path("/leave"), &[]).await;
    assert_eq!(answer.location, ada.path("?flash=last-owner"));
    let shown = house.get(&ada, &answer.location).await.text();
    assert!(shown.contains("A workspace needs an owner."), "{shown}");
}

#[tokio::test]
async fn a_workspace_needs_a_name() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let answer = house
        .post(&ada, "/portal/workspaces", &[("name", " \u{202e} ")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = house
        .post(&ada, "/portal/workspaces", &[("name", "Second")])
        .await;
    let shown = house.get(&ada, &answer.location).await.text();
    assert!(shown.contains("Second"), "{shown}");
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let house = House::new().await;
    let mut ada = house.person("ada").await;
    let other = house.sign_in(&ada.person).await;
    let change = |current, new| [("current_password", current), ("new_password", new)];
    for (fields, problem) in [
        (
            change("wrong", "a new password"),
            "This is not your password.",
        ),
        (change(PASSWORD, "short"), "Use at least 10 characters."),
    ] {
        let answer = house.post(&ada, "/portal/account/password", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(problem), "{problem}");
    }
    let fields = change(PASSWORD, "a new password");
    let answer = house.post(&ada, "/portal/account/password", &fields).await;
    assert_eq!(answer.location, "/portal/account?flash=password-changed");
    assert_eq!(
        house.get(&ada, "/portal/account").await.status,
        StatusCode::OK
    );
    ada.session = other;
    assert_eq!(
        house.get(&ada, "/portal/account").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    let answer = house.post(&ada, "/portal/sign-out", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.cookies.contains("__Host-session=; "),
        "{}",
        answer.cookies
    );
    assert_eq!(
        house.get(&ada, "/portal/keys").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn other_browsers_are_signed_out_alone_or_together() {
    let house = House::new().await;
    let ada = house.person("ada").await;
    for _ in 0..2 {
        house.sign_in(&ada.person).await;
    }
    let sessions = async || {
        let now = SystemClock.now();
        let idle = now - Duration::from_secs(60);
        house
            .store()
            .sessions(&ada.person, now, idle)
            .await
            .unwrap()
    };
    let own = Digest::of(&ada.session);
    let now = SystemClock.now();
    let idle = now - Duration::from_secs(60);
    let own = house
        .store()
        .session(own, now, idle)
        .await
        .unwrap()
        .unwrap()
        .id;
    let other = sessions()
        .await
        .into_iter()
        .find(|session| session.id != own)
        .unwrap();
    let fields = [("session", other.id.as_str())];
    house.post(&ada, "/portal/account/sign-out", &fields).await;
    assert_eq!(sessions().await.len(), 2);
    house
        .post(&ada, "/portal/account/sign-out-others", &[])
        .await;
    let left: Vec<_> = sessions()
        .await
        .into_iter()
        .map(|session| session.id)
        .collect();
    assert_eq!(left, [own]);
}
