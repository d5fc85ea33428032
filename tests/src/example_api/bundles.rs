//! `/bundles`: draft → configured → scheduled or published, and cancelled from anywhere.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::call::Call;
use super::clock::stamp;
use super::page::{Order, page};
use super::problem::Problem;
use super::store::{self, Kind, Stored};
use super::{Api, BASE_PATH, credits, idempotency};

const COST_PER_POST: i64 = 10;

/// The bundles of a workspace, oldest first; those that are due are published first.
pub(super) async fn all(
    api: &Api,
    db: &mut SqliteConnection,
    workspace: &str,
) -> Result<Vec<Stored>, Problem> {
    let mut bundles = store::all(db, Kind::Bundle, Some(workspace)).await?;
    for bundle in &mut bundles {
        publish_if_due(api, db, &mut bundle.document).await?;
    }
    Ok(bundles)
}

/// One bundle, published first if it is due.
pub(super) async fn one(
    api: &Api,
    db: &mut SqliteConnection,
    workspace: &str,
    id: &str,
) -> Result<Value, Problem> {
    let mut bundle = store::get(db, Kind::Bundle, workspace, id).await?;
    publish_if_due(api, db, &mut bundle).await?;
    Ok(bundle)
}

async fn publish_if_due(
    api: &Api,
    db: &mut SqliteConnection,
    bundle: &mut Value,
) -> Result<(), Problem> {
    let due_at = text(bundle, "publish_at").to_owned();
    if bundle["status"] == "scheduled" && due_at <= api.now() {
        bundle["status"] = "published".into();
        bundle["published_at"] = due_at.as_str().into();
        bundle["updated_at"] = due_at.into();
        store::put(db, text(bundle, "id"), bundle).await?;
    }
    Ok(())
}

pub(super) async fn list(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let workspace = call.workspace()?;
    let mut db = api.store.begin().await?;
    let mut bundles = all(&api, &mut db, workspace).await?;
    let accounts = store::all(&mut db, Kind::Account, Some(workspace)).await?;
    db.commit().await?;

    let statuses = call.texts("status");
    let tags = call.texts("tags").unwrap_or_default();
    let filter = Filter::of(&call);
    bundles.retain(|bundle| {
        let bundle = &bundle.document;
        statuses
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&text(bundle, "status")))
            && tags.iter().all(|tag| contains(&bundle["tags"], tag))
            && filter.admits(bundle, &accounts)
    });
    let oldest_first = call.text("sort") == "created_at";
    let order = if oldest_first {
        Order::OldestFirst
    } else {
        Order::NewestFirst
    };
    page(&call, bundles, order)
}

/// The `filter` parameter.
struct Filter {
    created_after: Option<Timestamp>,
    created_before: Option<Timestamp>,
    min_cost: Option<i64>,
    max_cost: Option<i64>,
    platform: Option<String>,
}

impl Filter {
    fn of(call: &Call) -> Self {
        let filter = call.parameter("filter").unwrap_or(&Value::Null);
        Self {
            created_after: time(filter, "created_after"),
            created_before: time(filter, "created_before"),
            min_cost: filter["min_cost"].as_i64(),
            max_cost: filter["max_cost"].as_i64(),
            platform: filter["platform"].as_str().map(str::to_owned),
        }
    }

    fn admits(&self, bundle: &Value, accounts: &[Stored]) -> bool {
        let created_at = time(bundle, "created_at");
        let cost = bundle["cost"].as_i64();
        let on_platform = |platform: &str| {
            accounts.iter().any(|account| {
                let account = &account.document;
                account["platform"] == platform
                    && contains(&bundle["configuration"]["account_ids"], text(account, "id"))
            })
        };
        self.created_after
            .is_none_or(|after| created_at >= Some(after))
            && self
                .created_before
                .is_none_or(|before| created_at < Some(before))
            && self.min_cost.is_none_or(|least| cost >= Some(least))
            && self.max_cost.is_none_or(|most| cost <= Some(most))
            && self.platform.as_deref().is_none_or(on_platform)
    }
}

pub(super) async fn create(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let mut db = api.store.begin().await?;
    if let Some(answer) = idempotency::recall(&mut db, &call).await? {
        return Ok(answer);
    }
    let wanted = call.json();
    let id = api.fresh_id("bnd");
    let now = api.now();
    let bundle = json!({
        "id": id,
        "name": wanted["name"],
        "brief": wanted["brief"],
        "tags": wanted["tags"],
        "status": "draft",
        "configuration": null,
        "cost": 0,
        "publish_at": null,
        "published_at": null,
        "created_at": now,
        "updated_at": now,
    });
    store::insert(&mut db, Kind::Bundle, call.workspace()?, &bundle).await?;
    idempotency::remember(&mut db, &call, StatusCode::CREATED, &bundle).await?;
    db.commit().await?;
    let location = [(header::LOCATION, format!("{BASE_PATH}/bundles/{id}"))];
    Ok((StatusCode::CREATED, location, Json(bundle)).into_response())
}

pub(super) async fn get(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let mut db = api.store.begin().await?;
    let bundle = one(&api, &mut db, call.workspace()?, call.text("bundle_id")).await?;
    db.commit().await?;
    Ok(Json(bundle))
}

pub(super) async fn configure(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let workspace = call.workspace()?;
    let configuration = call.json();
    let mut db = api.store.begin().await?;
    let mut bundle = one(&api, &mut db, workspace, call.text("bundle_id")).await?;
    require(&bundle, &["draft", "configured"], "configured")?;
    for (index, id) in texts(&configuration["account_ids"]).enumerate() {
        let at = format!("/account_ids/{index}");
        let account = known(&mut db, Kind::Account, workspace, id, &at).await?;
        if account["status"] != "active" {
            return Err(Problem::body(at, "the account is paused"));
        }
    }
    for (index, id) in texts(&configuration["media_ids"]).enumerate() {
        known(
            &mut db,
            Kind::Media,
            workspace,
            id,
            &format!("/media_ids/{index}"),
        )
        .await?;
    }
    bundle["cost"] = cost(configuration).into();
    bundle["configuration"] = configuration.clone();
    change(&api, &mut db, &mut bundle, "configured").await?;
    db.commit().await?;
    Ok(Json(bundle))
}

/// 10 credits for each post.
pub(super) fn cost(configuration: &Value) -> i64 {
    let posts = configuration["posts_per_account"].as_i64().unwrap_or(1);
    let accounts = texts(&configuration["account_ids"]).count() as i64;
    accounts * posts * COST_PER_POST
}

pub(super) async fn publish(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let (workspace, id) = (call.workspace()?, call.text("bundle_id"));
    let mut db = api.store.begin().await?;
    if let Some(answer) = idempotency::recall(&mut db, &call).await? {
        return Ok(answer);
    }
    let mut bundle = one(&api, &mut db, workspace, id).await?;
    require(&bundle, &["configured"], "published")?;
    let due_at = time(call.json(), "publish_at");
    if due_at.is_some_and(|due_at| due_at <= api.clock.now()) {
        return Err(Problem::body(
            "/publish_at",
            "the time is not in the future",
        ));
    }
    let (status, verb) = match due_at {
        Some(_) => ("scheduled", "Scheduled"),
        None => ("published", "Published"),
    };
    let note = format!("{verb} {}", text(&bundle, "name"));
    let cost = bundle["cost"].as_i64().unwrap_or_default();
    credits::spend(&api, &mut db, workspace, cost, Some(id), &note).await?;
    match due_at {
        Some(due_at) => bundle["publish_at"] = stamp(due_at).into(),
        None => bundle["published_at"] = api.now().into(),
    }
    change(&api, &mut db, &mut bundle, status).await?;
    idempotency::remember(&mut db, &call, StatusCode::OK, &bundle).await?;
    db.commit().await?;
    Ok(Json(bundle).into_response())
}

pub(super) async fn cancel(State(api): State<Api>, call: Call) -> Result<Json<Value>, Problem> {
    let (workspace, id) = (call.workspace()?, call.text("bundle_id"));
    let mut db = api.store.begin().await?;
    let mut bundle = one(&api, &mut db, workspace, id).await?;
    require(
        &bundle,
        &["draft", "configured", "scheduled", "published"],
        "cancelled",
    )?;
    if bundle["status"] == "scheduled" {
        let cost = bundle["cost"].as_i64().unwrap_or_default();
        let note = format!("Cancelled {}", text(&bundle, "name"));
        credits::refund(&api, &mut db, workspace, cost, id, &note).await?;
    }
    if let Some(reason) = call.json()["reason"].as_str() {
        let comment = json!({
            "id": api.fresh_id("cmt"),
            "bundle_id": id,
            "parent_id": null,
            "author": "Marquee",
            "text": format!("Cancelled: {reason}"),
            "created_at": api.now(),
        });
        store::insert(&mut db, Kind::Comment, workspace, &comment).await?;
    }
    change(&api, &mut db, &mut bundle, "cancelled").await?;
    db.commit().await?;
    Ok(Json(bundle))
}

async fn change(
    api: &Api,
    db: &mut SqliteConnection,
    bundle: &mut Value,
    status: &str,
) -> Result<(), Problem> {
    bundle["status"] = status.into();
    bundle["updated_at"] = api.now().into();
    store::put(db, text(bundle, "id"), bundle).await
}

fn require(bundle: &Value, allowed: &[&str], wanted: &str) -> Result<(), Problem> {
    let status = text(bundle, "status");
    if allowed.contains(&status) {
        return Ok(());
    }
    let detail = format!(
        "The bundle is {status}; only one that is {} can be {wanted}.",
        allowed.join(" or ")
    );
    Err(Problem::wrong_state(detail))
}

/// An object that the body names.
async fn known(
    db: &mut SqliteConnection,
    kind: Kind,
    workspace: &str,
    id: &str,
    at: &str,
) -> Result<Value, Problem> {
    match store::get(db, kind, workspace, id).await {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Err(Problem::body(
            at,
            format!("there is no such {} in this workspace", kind.name()),
        )),
        other => other,
    }
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or_default()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn contains(list: &Value, wanted: &str) -> bool {
    texts(list).any(|one| one == wanted)
}

fn time(document: &Value, name: &str) -> Option<Timestamp> {
    document[name].as_str()?.parse().ok()
}
