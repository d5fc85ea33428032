//! A large API: GitHub's description, and in it the operation that the benchmark calls.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value};

use super::calls::PATH_PREFIX;
use super::process;

/// The example's description, which has the operation.
const EXAMPLE: &str = "specs/api.yaml";

/// Generates and builds a server with all tools of GitHub's description and the operation that the
/// benchmark calls. `None` where the description is not here.
pub(super) async fn build(corpus: &Path) -> anyhow::Result<Option<PathBuf>> {
    let spec = corpus.join("corpus/github-rest/api.github.com.json");
    if !spec.is_file() {
        return Ok(None);
    }
    let target = process::target()?;
    let merged = target.join("bench-github.json");
    let mut description: Value = serde_json::from_slice(&std::fs::read(&spec)?)?;
    let example: Value = serde_saphyr::from_str(&std::fs::read_to_string(EXAMPLE)?)?;
    add(&mut description, &example).context("the descriptions do not fit together")?;
    std::fs::write(&merged, serde_json::to_vec(&description)?)?;

    let out = target.join("bench-github");
    let generate = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "generator",
        "--",
    ];
    let paths = [merged.as_os_str(), OsStr::new("--out"), out.as_os_str()];
    process::cargo(&[&generate.map(OsStr::new)[..], &paths].concat()).await?;
    // The same versions as the workspace, so that nothing is built twice.
    std::fs::copy("Cargo.lock", out.join("Cargo.lock"))?;
    let manifest = out.join("Cargo.toml");
    let build = ["build", "--quiet", "--release", "--target-dir"].map(OsStr::new);
    let manifest = [
        target.as_os_str(),
        OsStr::new("--manifest-path"),
        manifest.as_os_str(),
    ];
    process::cargo(&[&build[..], &manifest].concat()).await?;
    Ok(Some(target.join("release/bench-github")))
}

/// Adds the operation and the components of `example` to `description`. Returns `None` where a part is
/// missing.
fn add(description: &mut Value, example: &Value) -> Option<()> {
    let path = format!("{PATH_PREFIX}{{bundle_id}}");
    let mut item = example.get("paths")?.get(&path)?.clone();
    let security = example.get("security")?.clone();
    item.get_mut("get")?
        .as_object_mut()?
        .insert("security".to_owned(), security);
    let paths = description.get_mut("paths")?.as_object_mut()?;
    paths.insert(path, item);
    let components = description.get_mut("components")?.as_object_mut()?;
    for (section, members) in example.get("components")?.as_object()? {
        let into = components.entry(section.as_str());
        let into = into
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()?;
        for (name, member) in members.as_object()? {
            into.entry(name.as_str()).or_insert_with(|| member.clone());
        }
    }
    Some(())
}
