//! Where generated crates find their runtime: beside this generator, in a directory, or in a git
//! repository.

use std::path::{Path, PathBuf};
use std::{env, fs};

use thiserror::Error;

use crate::emit::Runtime;

/// What the runtime's package is called. Its library is called `runtime`.
pub(crate) const PACKAGE: &str = "drawbridge-runtime";

/// The runtime's directory when this generator was built.
const BUILT_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime");

/// Schemes of the URLs that Cargo fetches git repositories from.
const SCHEMES: [&str; 4] = ["https", "http", "ssh", "file"];

/// Why the runtime of a crate cannot be had.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// There is no runtime at the path.
    #[error(
        "--runtime {0}: no crate there; name the directory of {package}, or the URL of a git \
         repository and its --runtime-tag",
        package = PACKAGE
    )]
    Missing(PathBuf),
    /// There is another crate at the path.
    #[error("--runtime {0}: the crate there is `{1}`; name the directory of {package}", package = PACKAGE)]
    OtherCrate(PathBuf, String),
    /// The runtime that this generator was built beside is not there any more.
    #[error(
        "the runtime that this generator was built with is gone; name another by --runtime \
         DIRECTORY, or by --runtime URL --runtime-tag TAG"
    )]
    Gone,
}

/// Reads the values of `--runtime` and `--runtime-tag`: a directory, or the URL of a git repository
/// and the tag of a release in it.
///
/// # Errors
/// What is wrong with them, and what would be right.
pub fn runtime(place: &str, tag: Option<&str>) -> Result<Runtime, String> {
    if place.is_empty() {
        return Err(
            "--runtime is empty: name a directory, or the URL of a git repository".to_owned(),
        );
    }
    let Some((scheme, rest)) = place.split_once("://") else {
        let is_remote = place.contains('@') && place.contains(':') && !Path::new(place).exists();
        return match (is_remote, tag) {
            (true, _) => Err(format!(
                "--runtime {place}: Cargo takes URLs only; write ssh://{}",
                place.replacen(':', "/", 1)
            )),
            (false, Some(_)) => Err(format!(
                "--runtime {place}: a directory has no tag; name one with the URL of a git \
                 repository, or leave --runtime-tag out"
            )),
            (false, None) => Ok(Runtime::Path(PathBuf::from(place))),
        };
    };
    let scheme = scheme.strip_prefix("git+").unwrap_or(scheme);
    let url = format!("{scheme}://{rest}");
    // It may have credentials in it, so that it is not repeated.
    check_url(scheme, rest).map_err(|wrong| format!("--runtime: {wrong}"))?;
    let Some(tag) = tag else {
        return Err(format!(
            "--runtime {url}: name the tag of a release too, as in --runtime-tag v{}",
            env!("CARGO_PKG_VERSION")
        ));
    };
    if !is_tag(tag) {
        return Err(format!(
            "--runtime-tag {tag}: git has no such tags; use letters, digits and `.`, `_`, `-`, `/`"
        ));
    }
    let tag = tag.to_owned();
    Ok(Runtime::Git { url, tag })
}

fn check_url(scheme: &str, rest: &str) -> Result<(), String> {
    if !SCHEMES.contains(&scheme) {
        return Err(format!(
            "Cargo knows no repositories by `{scheme}`; use https, ssh or file"
        ));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let path = rest.get(authority.len()..).unwrap_or_default();
    if authority.is_empty() != (scheme == "file") || path.trim_matches('/').is_empty() {
        return Err("name a repository, as in https://example.com/owner/repository".to_owned());
    }
    // It would be written into the crate for everyone to read.
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    if user.is_some_and(|user| scheme != "ssh" || user.contains(':')) {
        return Err("leave the credentials out; git has them elsewhere".to_owned());
    }
    if rest.contains(['#', '?']) {
        return Err("end it with the repository; the tag is named by --runtime-tag".to_owned());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~/:@%+".contains(c);
    if !rest.chars().all(fits) {
        return Err("percent-encode what no URL may contain".to_owned());
    }
    Ok(())
}

/// Whether git takes this as the name of a tag (git-check-ref-format), and no shell, template or
/// comment sees anything in it.
fn is_tag(tag: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    tag.chars().all(fits)
        && tag.split('/').all(is_part)
        && !tag.starts_with('-')
        && !tag.ends_with('.')
        && !tag.contains("..")
}

/// The directory of the runtime that belongs to this generator: the one at build time,
/// or in a directory around this program, for a checkout that was moved as a whole.
///
/// # Errors
/// Where it is in neither.
pub(crate) fn beside_this() -> Result<PathBuf, RuntimeError> {
    let built_beside = PathBuf::from(BUILT_BESIDE);
    if package(&built_beside).as_deref() == Some(PACKAGE) {
        return Ok(built_beside);
    }
    let program = env::current_exe().unwrap_or_default();
    let around = program.ancestors().skip(1).map(|at| at.join("runtime"));
    let mut found = around.filter(|at| package(at).as_deref() == Some(PACKAGE));
    found.next().ok_or(RuntimeError::Gone)
}

/// Refuses a directory that is not the runtime's.
///
/// # Errors
/// Where another crate is there, or none.
pub(crate) fn check(directory: &Path) -> Result<(), RuntimeError> {
    match package(directory) {
        Some(name) if name == PACKAGE => Ok(()),
        Some(name) => Err(RuntimeError::OtherCrate(directory.to_owned(), name)),
        None => Err(RuntimeError::Missing(directory.to_owned())),
    }
}

/// The name of the package in a directory, if there is one.
fn package(directory: &Path) -> Option<String> {
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let manifest: toml::Table = manifest.parse().ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtime_is_a_directory_or_a_repository_with_a_tag() {
        assert_eq!(
            runtime("../runtime", None),
            Ok(Runtime::Path("../runtime".into()))
        );
        let git = |url: &str, tag: &str| {
            let (url, tag) = (url.to_owned(), tag.to_owned());
            Ok(Runtime::Git { url, tag })
        };
        for (given, url) in [
            ("https://example.com/a/b", "https://example.com/a/b"),
            (
                "git+https://example.com/a/b.git",
                "https://example.com/a/b.git",
            ),
            (
                "ssh://git@example.com:22/a/b.git",
                "ssh://git@example.com:22/a/b.git",
            ),
            ("file:///srv/git/b", "file:///srv/git/b"),
        ] {
            assert_eq!(runtime(given, Some("v0.1.0")), git(url, "v0.1.0"));
        }
    }

    #[test]
    fn runtime_that_is_neither_is_refused_with_what_would_be_right() {
        for (place, tag, expected) in [
            ("", None, "name a directory"),
            ("https://example.com/a/b", None, "--runtime-tag v"),
            ("../runtime", Some("v1"), "leave --runtime-tag out"),
            (
                "git@example.com:a/b.git",
                Some("v1"),
                "write ssh://git@example.com/a/b.git",
            ),
            (
                "https://me:secret@example.com/a/b",
                Some("v1"),
                "leave the credentials out",
            ),
            (
                "https://token@example.com/a/b",
                Some("v1"),
                "leave the credentials out",
            ),
            (
                "ssh://git:secret@example.com/a/b",
                Some("v1"),
                "leave the credentials out",
            ),
            (
                "https://example.com/a/b#tag=v1",
                Some("v1"),
                "end it with the repository",
            ),
            (
                "https://example.com/a/b?tag=v1",
                Some("v1"),
                "end it with the repository",
            ),
            ("https://example.com", Some("v1"), "name a repository"),
            ("https:///a/b", Some("v1"), "name a repository"),
            (
                "ftp://example.com/a/b",
                Some("v1"),
                "use https, ssh or file",
            ),
            ("https://example.com/a\"b", Some("v1"), "percent-encode"),
            ("https://example.com/a/b", Some(""), "git has no such tags"),
            (
                "https://example.com/a/b",
                Some("-x"),
                "git has no such tags",
            ),
            (
                "https://example.com/a/b",
                Some("a..b"),
                "git has no such tags",
            ),
            (
                "https://example.com/a/b",
                Some("v1\n[x]"),
                "git has no such tags",
            ),
        ] {
            let refused = runtime(place, tag).unwrap_err();
            assert!(refused.contains(expected), "{place} {tag:?}: {refused}");
            assert!(
                !refused.contains("secret") && !refused.contains("token@"),
                "{refused}"
            );
        }
    }
}
