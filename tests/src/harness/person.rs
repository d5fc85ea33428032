//! A person who is asked, by programs of other people, to sign in and to approve.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use runtime::app::Server;
use tokio::net::TcpListener;
use tokio::sync::Mutex as Turn;
use url::Url;

use super::browser::{Browser, Form, Landing, Page};

/// The e-mail address of the first person.
pub const EMAIL: &str = "ada@example.com";
/// The password of the first person.
pub const PASSWORD: &str = "correct horse battery staple";
/// What an identity provider knows them as.
const SUBJECT: &str = "ada";
/// The team that they pick where there are more.
const TEAM: &str = "Office";
/// The most forms on the way through a sign-in: one that leads to the provider, a password and an
/// approval there, a team.
const STEPS: usize = 4;

/// What a person chooses on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Authorize, with this level: `read-only` or `full`.
    Level(&'static str),
    /// Cancel.
    Cancel,
}

/// A person with an account and a browser. Clones are the same person.
///
/// [`Person::desk`] is where a program that cannot open a browser here sends the address that it
/// would open: the answer is the address that the browser was sent to in the end.
#[derive(Clone, Debug)]
pub struct Person {
    browser: Arc<Turn<Browser>>,
    choice: Arc<Mutex<Choice>>,
    visits: Arc<AtomicUsize>,
    desk: Url,
}

impl Person {
    /// The first person of a server: opens the link that it printed at its start, and makes an account.
    ///
    /// # Errors
    /// Where that does not go as it should.
    pub async fn first(server: &Server) -> anyhow::Result<Person> {
        let link = server.setup_link().context("there is an account already")?;
        let mut browser = Browser::new(server.url())?;
        let page = browser.open(link).await?.page()?;
        let form = page.form_with("password")?;
        let form = form.with("email", EMAIL).with("name", "Ada");
        let form = form.with("password", PASSWORD).with("workspace", "Harbor");
        let page = browser.submit(&form).await?.page()?;
        anyhow::ensure!(page.url.path() == "/portal/keys", "at {}", page.url);

        // Another browser: there they are to sign in first.
        Person::with(Browser::new(server.url())?).await
    }

    /// A person of an identity provider, who never visited the server before.
    ///
    /// # Errors
    /// Where no address is free on this machine.
    pub async fn of_provider(server: &Server, issuer: &Url) -> anyhow::Result<Person> {
        Person::with(Browser::new(server.url())?.visiting(issuer)).await
    }

    async fn with(browser: Browser) -> anyhow::Result<Person> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let desk = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let person = Person {
            browser: Arc::new(Turn::new(browser)),
            choice: Arc::new(Mutex::new(Choice::Level("full"))),
            visits: Arc::new(AtomicUsize::new(0)),
            desk,
        };
        let router = Router::new().route("/", post(answer));
        let router = router.with_state(person.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(person)
    }

    /// Where programs send the address of an authorization request, as text.
    #[must_use]
    pub fn desk(&self) -> &Url {
        &self.desk
    }

    /// How often they were asked to authorize something.
    #[must_use]
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// What they choose from now on; at first, Full.
    pub fn choose(&self, choice: Choice) {
        *self.choice.lock().unwrap_or_else(PoisonError::into_inner) = choice;
    }

    /// Opens the address of an authorization request, signs in where that is asked, and answers.
    /// Returns the client's redirect URI with the response in it.
    ///
    /// # Errors
    /// Where the pages are not what they should be.
    pub async fn authorize(&self, address: &str) -> anyhow::Result<Url> {
        self.visits.fetch_add(1, Ordering::SeqCst);
        let mut browser = self.browser.lock().await;
        let choice = *self.choice.lock().unwrap_or_else(PoisonError::into_inner);
        authorize(&mut browser, address, choice).await
    }

    /// Opens the address of an authorization request, signs in where that is asked, and goes no
    /// further than the consent page.
    ///
    /// # Errors
    /// Where the pages are not what they should be.
    pub async fn consent(&self, address: &str) -> anyhow::Result<Landing> {
        self.visits.fetch_add(1, Ordering::SeqCst);
        let mut browser = self.browser.lock().await;
        let landing = browser.open(address).await?;
        signed_in(&mut browser, landing).await
    }

    /// Sends a form of a page.
    ///
    /// # Errors
    /// Where no answer comes, or one that no browser could follow.
    pub async fn submit(&self, form: &Form) -> anyhow::Result<Landing> {
        self.browser.lock().await.submit(form).await
    }

    /// Links an agent, in the portal, and allows it this level. Returns the `client_id` that is shown.
    ///
    /// # Errors
    /// Where the pages are not what they should be.
    pub async fn link_agent(&self, credential: &str, level: &str) -> anyhow::Result<String> {
        let mut browser = self.browser.lock().await;
        let landing = browser.open("/portal/agents").await?;
        let page = signed_in(&mut browser, landing).await?.page()?;
        let form = page.form_to("/portal/agents")?;
        let form = form.with("name", "Night reports").with("level", level);
        let page = browser.submit(&form.with("credential", credential)).await?;
        let page = page.page()?;
        let (_, shown) = page.body.split_once("agt_").context("no client_id")?;
        let id = shown.split('<').next().unwrap_or_default();
        Ok(format!("agt_{id}"))
    }

    /// Revokes every key, in the portal.
    ///
    /// # Errors
    /// Where the pages are not what they should be.
    pub async fn revoke_all(&self) -> anyhow::Result<()> {
        let mut browser = self.browser.lock().await;
        let landing = browser.open("/portal/keys").await?;
        let keys = signed_in(&mut browser, landing).await?.page()?;
        let form = keys.form_to("/portal/keys/revoke-all")?;
        let landing = browser.submit(&form).await?;
        let mut keys = signed_in(&mut browser, landing).await?.page()?;
        // Where a new sign-in was asked for, the button is pressed once more.
        if let Ok(form) = keys.form_to("/portal/keys/revoke-all") {
            keys = browser.submit(&form).await?.page()?;
        }
        anyhow::ensure!(keys.status == 200, "{} {}", keys.status, keys.body);
        anyhow::ensure!(
            keys.form_to("/portal/keys/revoke-all").is_err(),
            "still keys"
        );
        Ok(())
    }
}

/// Opens the address of an authorization request in a browser of the first person, signs in where
/// that is asked, and answers. Returns the client's redirect URI with the response in it.
///
/// # Errors
/// Where the pages are not what they should be.
pub async fn authorize(
    browser: &mut Browser,
    address: &str,
    choice: Choice,
) -> anyhow::Result<Url> {
    let landing = browser.open(address).await?;
    let page = match signed_in(browser, landing).await? {
        Landing::Away(url) => return Ok(url),
        Landing::Page(page) => page,
    };
    let form = page.form_with("level")?;
    let form = match choice {
        Choice::Level(level) => form.with("level", level).with("decision", "approve"),
        Choice::Cancel => form.with("decision", "deny"),
    };
    browser.submit(&form).await?.away()
}

/// Signs in where a page asks for it, here or at an identity provider.
async fn signed_in(browser: &mut Browser, mut landing: Landing) -> anyhow::Result<Landing> {
    for _ in 0..STEPS {
        let Landing::Page(page) = &landing else {
            break;
        };
        let Some(form) = sign_in_form(page)? else {
            break;
        };
        landing = browser.submit(&form).await?;
    }
    Ok(landing)
}

/// What the person sends on a page that is on the way through a sign-in.
fn sign_in_form(page: &Page) -> anyhow::Result<Option<Form>> {
    if page.url.path().ends_with("/workspace") {
        let team = page.choice("workspace", TEAM)?;
        return Ok(Some(page.form_with("csrf_token")?.with("workspace", &team)));
    }
    let forms = page.forms().into_iter();
    let mut forms = forms.filter_map(|form| {
        let has = |field: &str| form.fields.iter().any(|(name, _)| name == field);
        if has("password") {
            let name = if has("login") {
                ("login", SUBJECT)
            } else {
                ("email", EMAIL)
            };
            return Some(form.with(name.0, name.1).with("password", PASSWORD));
        }
        // To the provider, at first or once more; and the approval of the scopes there.
        let to_provider = ["/provider", "/confirm"]
            .iter()
            .any(|it| form.action.path().ends_with(it));
        (to_provider || has("prompt")).then_some(form)
    });
    Ok(forms.next())
}

async fn answer(State(person): State<Person>, address: String) -> (StatusCode, String) {
    match person.authorize(&address).await {
        Ok(url) => (StatusCode::OK, url.into()),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")),
    }
}
