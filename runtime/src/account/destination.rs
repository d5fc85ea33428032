//! Where a person goes after signing in: a page of this server, never one elsewhere.

use std::borrow::Cow;

use crate::form::Pairs;

/// The pages that a person can be on the way to, by the beginning of their paths.
const PAGES: [&str; 3] = ["/portal/", "/account/join/", "/oauth/consent/"];

/// The longest path, in bytes: a cookie keeps it.
const LONGEST: usize = 512;

/// The path of a page of this server.
///
/// A path is made of letters, digits, `-`, `_` and single `/`, so that no browser reads it as
/// another host's or as one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination(Cow<'static, str>);

impl Destination {
    /// Where people go who were not on the way to anywhere.
    pub(super) const PORTAL: Destination = Destination(Cow::Borrowed("/portal/keys"));

    /// Where people go who joined a workspace; the page says so.
    pub(super) const JOINED: Destination =
        Destination(Cow::Borrowed("/portal/workspaces?flash=joined"));

    /// Returns the destination of a path, or `None` where it is not one of [`PAGES`], or is too long.
    pub(crate) fn parse(path: &str) -> Option<Destination> {
        let plain = path
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"/-_".contains(&it));
        let ours = PAGES.iter().any(|page| path.starts_with(page));
        let fits = path.len() <= LONGEST && plain && ours && !path.contains("//");
        fits.then(|| Destination(Cow::Owned(path.to_owned())))
    }

    /// Returns the destination that the parameter `next` of a query names, or the portal.
    pub(super) fn of_query(query: Option<&str>) -> Destination {
        let query = Pairs::parse(query.unwrap_or_default()).unwrap_or_default();
        Destination::parse(query.field("next")).unwrap_or(Destination::PORTAL)
    }

    /// Returns the path, as a redirect has it.
    pub(crate) fn path(&self) -> &str {
        &self.0
    }

    /// Returns the path of a page that leads here: with `next`, which [`Destination::of_query`]
    /// reads.
    pub(super) fn by_way_of(&self, page: &str) -> String {
        match *self == Destination::PORTAL {
            true => page.to_owned(),
            false => format!("{page}?next={}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// Paths that begin like ours, or like others that fooled somebody, and go on in any way.
    fn paths() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("/portal/".to_owned()),
            Just("/account/join/".to_owned()),
            Just("/oauth/consent/".to_owned()),
            Just("//evil.example".to_owned()),
            Just("/\\evil.example".to_owned()),
            Just("https://evil.example/portal/".to_owned()),
            Just("..".to_owned()),
            Just("%2f".to_owned()),
            Just("%5C".to_owned()),
            Just("\t".to_owned()),
            Just("\r\n".to_owned()),
            Just("@evil.example".to_owned()),
            "[a-z/._~%?#:@\\\\-]{0,8}",
            any::<String>(),
        ];
        prop::collection::vec(part, 1..5).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn destination_is_a_page_of_this_server(path in paths()) {
            let here = Url::parse("https://mcp.example.com/account/sign-in").unwrap();
            if let Some(destination) = Destination::parse(&path) {
                let reached = here.join(destination.path()).unwrap();
                prop_assert_eq!(reached.origin(), here.origin());
                prop_assert_eq!(reached.path(), &path);
                prop_assert!(PAGES.iter().any(|page| reached.path().starts_with(page)));
            }
        }

        #[test]
        fn destination_of_any_query_is_a_page_of_this_server(query in any::<String>()) {
            let here = Url::parse("https://mcp.example.com/account/sign-in").unwrap();
            for query in [query.clone(), format!("next={query}"), format!("next=/portal/{query}")] {
                let destination = Destination::of_query(Some(&query));
                let reached = here.join(destination.path()).unwrap();
                prop_assert_eq!(reached.origin(), here.origin());
            }
        }

        #[test]
        fn destination_survives_the_query_that_carries_it(rest in "[A-Za-z0-9_-]{1,40}") {
            for page in PAGES {
                let destination = Destination::parse(&format!("{page}{rest}")).unwrap();
                let way = destination.by_way_of("/account/sign-in");
                let query = way.split_once('?').map(|(_, query)| query);
                prop_assert_eq!(Destination::of_query(query), destination);
            }
        }
    }

    #[test]
    fn destination_that_is_too_long_is_refused() {
        let path = |length: usize| format!("/portal/{}", "a".repeat(length - "/portal/".len()));
        assert!(Destination::parse(&path(512)).is_some());
        assert_eq!(Destination::parse(&path(513)), None);
    }

    #[test]
    fn destination_elsewhere_is_replaced_by_the_portal() {
        let next = Destination::of_query(Some("next=/portal/workspaces"));
        assert_eq!(next.path(), "/portal/workspaces");
        for elsewhere in [
            "next=https://evil.example/",
            "next=//evil.example/",
            "next=/portal/..//evil.example",
            "next=/portal/%5Cevil.example",
            "next=/%09/evil.example",
            "next=/oauth/token",
            "next=/portal",
            "",
        ] {
            let next = Destination::of_query(Some(elsewhere));
            assert_eq!(next, Destination::PORTAL, "{elsewhere}");
        }
    }
}
