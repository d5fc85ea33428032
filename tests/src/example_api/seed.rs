//! The data a new database starts with: two workspaces. Harbor Coffee is in the middle of its year, with
//! a bundle in each state but cancelled; Juniper Skincare has just begun and can pay for one bundle only.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::credits::Entry;
use super::keys::Level;
use super::problem::Problem;
use super::store::{self, Kind};
use super::{Api, credits, keys, profile};

/// A workspace that was seeded, with keys that open it.
#[derive(Clone)]
pub struct SeededWorkspace {
    /// Its id, such as `wsp_harbor`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The secret of a key of level full.
    pub full_key: String,
    /// The secret of a key of level read.
    pub read_key: String,
}

#[derive(Deserialize)]
struct Seed {
    workspace: Value,
    keys: SeedKeys,
    profile: Value,
    /// A PNG in base64, for the media and, if the profile says that there is one, the avatar.
    picture: String,
    accounts: Vec<Value>,
    media: Vec<Value>,
    bundles: Vec<Value>,
    comments: Vec<Value>,
    webhooks: Vec<Value>,
    ledger: Vec<SeedEntry>,
}

#[derive(Deserialize)]
struct SeedKeys {
    full: String,
    read: String,
}

#[derive(Deserialize)]
struct SeedEntry {
    id: String,
    kind: String,
    amount: i64,
    bundle_id: Option<String>,
    note: String,
    created_at: String,
}

/// Fills an empty database; one that holds workspaces is left as it is.
pub(super) async fn plant(api: &Api) -> Result<Vec<SeededWorkspace>, Problem> {
    let seeds: Vec<Seed> =
        serde_json::from_str(include_str!("seed.json")).map_err(Problem::internal)?;
    let mut db = api.store.begin().await?;
    if !store::all(&mut db, Kind::Workspace, None).await?.is_empty() {
        return Ok(Vec::new());
    }
    let mut planted = Vec::new();
    for seed in &seeds {
        let id = seed.workspace["id"].as_str().unwrap_or_default();
        let picture = BASE64_STANDARD
            .decode(&seed.picture)
            .map_err(Problem::internal)?;
        store::insert(&mut db, Kind::Workspace, id, &seed.workspace).await?;
        let profile_id = profile::id_of(id);
        store::insert_as(&mut db, Kind::Profile, id, &profile_id, &seed.profile).await?;
        if !seed.profile["avatar_updated_at"].is_null() {
            store::put_content(&mut db, &profile_id, "image/png", &picture).await?;
        }
        for (kind, documents) in [
            (Kind::Account, &seed.accounts),
            (Kind::Media, &seed.media),
            (Kind::Bundle, &seed.bundles),
            (Kind::Comment, &seed.comments),
            (Kind::Webhook, &seed.webhooks),
        ] {
            for document in documents {
                store::insert(&mut db, kind, id, document).await?;
            }
        }
        for media in &seed.media {
            let media = media["id"].as_str().unwrap_or_default();
            store::put_content(&mut db, media, "image/png", &picture).await?;
        }
        for entry in &seed.ledger {
            let entry = Entry {
                id: &entry.id,
                kind: &entry.kind,
                amount: entry.amount,
                bundle: entry.bundle_id.as_deref(),
                note: &entry.note,
                created_at: &entry.created_at,
            };
            credits::write(&mut db, id, &entry).await?;
        }
        let full = keys::issue(
            api,
            &mut db,
            &seed.keys.full,
            id,
            "Campaign desk",
            Level::Full,
        );
        let full_key = full.await?;
        let read = keys::issue(api, &mut db, &seed.keys.read, id, "Dashboard", Level::Read);
        let read_key = read.await?;
        let name = seed.workspace["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        planted.push(SeededWorkspace {
            id: id.to_owned(),
            name,
            full_key,
            read_key,
        });
    }
    db.commit().await?;
    Ok(planted)
}
