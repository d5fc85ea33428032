//! Every page in every shape, for those who look at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use super::response::{Pages, Site, assets};
use super::{
    Account, ApiKeys, Connect, Consent, HandOver, Invitation, Members, NewWorkspace, Notice, Page,
    SignIn, SignUp, WorkspacePicker, Workspaces,
};

/// Makes the answer that is one sample.
pub(super) type Show = Box<dyn Fn(&Pages) -> Response + Send + Sync>;

/// Every sample, by `page/shape`.
pub(super) fn samples() -> BTreeMap<String, Show> {
    let mut samples = BTreeMap::new();
    add::<SignIn>(&mut samples);
    add::<SignUp>(&mut samples);
    add::<WorkspacePicker>(&mut samples);
    add::<NewWorkspace>(&mut samples);
    add::<Invitation>(&mut samples);
    add::<Consent>(&mut samples);
    add::<HandOver>(&mut samples);
    add::<Notice>(&mut samples);
    add::<Connect>(&mut samples);
    add::<ApiKeys>(&mut samples);
    add::<Workspaces>(&mut samples);
    add::<Members>(&mut samples);
    add::<Account>(&mut samples);
    samples
}

fn add<P: Page + Send + Sync + 'static>(samples: &mut BTreeMap<String, Show>) {
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
        base: String::new(),
        https: false,
    }
}

/// Serves every page with made-up content, as the server itself would: `/` lists their paths, one
/// a line.
///
/// # Errors
/// Where a template is not one.
pub fn gallery() -> Result<Router, minijinja::Error> {
    let pages = Arc::new(Pages::new(site())?);
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
        .merge(assets()))
}
