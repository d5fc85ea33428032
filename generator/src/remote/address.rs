//! Which addresses what a host answers may lead to, and where the copy keeps them.

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use url::{Host, Url};

use super::DIRECTORY;

/// Where a reference in the file `path`, which was fetched from `base`, leads to: a path in the
/// crate, and a URL of the same origin.
pub(super) fn resolve(path: &str, base: &Url, reference: &str) -> Option<(String, Url)> {
    if reference.contains("://") || reference.starts_with('/') {
        return None;
    }
    let target = base.join(reference).ok()?;
    if target.origin() != base.origin() {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(reference)
        .decode_utf8()
        .ok()?;
    let mut there = PathBuf::from(path);
    there.pop();
    for part in Path::new(decoded.as_ref()).components() {
        match part {
            Component::Normal(name) => {
                // The crate lists its files, one a line.
                let is_readable = !name.to_str()?.contains(crate::text::is_hidden);
                is_readable.then(|| there.push(name))?;
            }
            Component::CurDir => {}
            Component::ParentDir => {
                there.pop().then_some(())?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let there = there.to_str()?.replace('\\', "/");
    let is_inside = there.strip_prefix(DIRECTORY)?.starts_with('/');
    is_inside.then_some((there, target))
}

/// The place of an entry in the directory of the copy: below a directory of its own, so that it can
/// refer to files beside that.
pub(super) fn place(url: &Url) -> String {
    let parts: Vec<&str> = url
        .path_segments()
        .map(Iterator::collect)
        .unwrap_or_default();
    let mut names = parts.iter().rev().map(|part| {
        let name = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let name: String = name.chars().filter(|c| fits(*c)).take(80).collect();
        name.trim_matches('.').to_owned()
    });
    let file = names.next().filter(|name| !name.is_empty());
    let directory = names.next().filter(|name| !name.is_empty());
    format!(
        "{}/{}",
        directory.as_deref().unwrap_or("api"),
        file.as_deref().unwrap_or("openapi"),
    )
}

/// Checks what a redirect leads to.
pub(super) fn check_redirect(start: &Url, next: &Url) -> Result<(), String> {
    let is_same_host = start.host() == next.host();
    let is_protected = next.scheme() == "https" || next.scheme() == "http" && is_loopback(next);
    if !is_protected {
        return Err(format!(
            "it redirects to {next}, which is not protected by TLS"
        ));
    }
    if !is_same_host && is_private(next) && !is_private(start) {
        return Err(format!(
            "it redirects to {next}, which is in a private network"
        ));
    }
    Ok(())
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the host is an address of this machine or of a private network.
fn is_private(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        _ => return is_loopback(url),
    };
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Url {
        Url::parse(url).unwrap()
    }

    #[test]
    fn redirect_keeps_tls_and_enters_no_private_network() {
        let public = parsed("https://example.com/a");
        for (start, next, is_followed) in [
            (&public, "https://cdn.example.net/b", true),
            (&public, "http://example.com/a", false),
            (&public, "https://127.0.0.1/a", false),
            (&public, "https://169.254.169.254/latest", false),
            (&public, "https://[::ffff:10.0.0.1]/a", false),
            (&public, "https://[fd00::1]/a", false),
            (&public, "http://localhost:80/a", false),
            (&parsed("https://10.0.0.1/a"), "https://10.0.0.2/a", true),
            (
                &parsed("http://127.0.0.1:1/a"),
                "http://127.0.0.1:2/a",
                true,
            ),
        ] {
            let checked = check_redirect(start, &parsed(next));
            assert_eq!(checked.is_ok(), is_followed, "{start} {next}: {checked:?}");
        }
    }

    #[test]
    fn reference_stays_on_the_host_and_in_the_copy() {
        let base = parsed("https://example.com/v1/openapi.yaml");
        let from = |reference: &str| {
            let found = resolve("description/v1/openapi.yaml", &base, reference);
            found.map(|(path, url)| (path, url.to_string()))
        };
        let found = |path: &str, url: &str| Some((path.to_owned(), url.to_owned()));
        assert_eq!(
            from("schemas/a%20b.yaml"),
            found(
                "description/v1/schemas/a b.yaml",
                "https://example.com/v1/schemas/a%20b.yaml"
            )
        );
        assert_eq!(
            from("../common/c.yaml"),
            found(
                "description/common/c.yaml",
                "https://example.com/common/c.yaml"
            )
        );
        for outside in [
            "../../x.yaml",
            "%2e%2e/%2e%2e/x.yaml",
            "/etc/passwd",
            "//other.example/x.yaml",
            "https://other.example/x.yaml",
            "file:///etc/passwd",
        ] {
            assert_eq!(from(outside), None, "{outside}");
        }
    }

    #[test]
    fn entry_has_a_directory_of_its_own_in_the_copy() {
        for (url, expected) in [
            ("https://example.com/v1/openapi.yaml?x=1", "v1/openapi.yaml"),
            ("https://example.com/openapi.json", "api/openapi.json"),
            ("https://example.com/", "api/openapi"),
            ("https://example.com/%2e%2e%2fx/..%2f..", "x/openapi"),
        ] {
            assert_eq!(place(&parsed(url)), expected, "{url}");
        }
    }
}
