//! Fetching what somebody else names: from public addresses only, bounded, and never redirected.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How long a fetch takes at most.
const TOTAL: Duration = Duration::from_secs(8);
/// The longest time until a connection is established.
const CONNECT: Duration = Duration::from_secs(4);

/// A document that was fetched.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its bytes.
    pub body: Bytes,
    /// `Content-Type`, or the empty text.
    pub content_type: String,
    /// `Cache-Control`, or the empty text.
    pub cache_control: String,
}

/// A document could not be had. Only the operator learns the reason: the client that named it
/// could learn about this network from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// Fetches documents from places that are not to be trusted.
#[async_trait]
pub trait Fetch: Debug + Send + Sync {
    /// Fetches the document at an https URL, of at most `longest` bytes.
    ///
    /// # Errors
    /// Where it cannot be had whole.
    async fn fetch(&self, url: &Url, longest: usize) -> Result<Document, FetchError>;
}

/// Fetches over the public internet. The client is made for the first document: reading the
/// certificates of the system takes milliseconds, and most servers start without a fetch.
#[derive(Clone, Debug, Default)]
pub struct GuardedFetch(OnceLock<Result<reqwest::Client, String>>);

impl GuardedFetch {
    fn client(&self) -> Result<&reqwest::Client, FetchError> {
        let build = || {
            let client = bounded(TOTAL)
                .https_only(true)
                .dns_resolver(Arc::new(PublicOnly))
                .build();
            client.map_err(|error| error.to_string())
        };
        let client = self.0.get_or_init(build).as_ref();
        client.map_err(|error| FetchError(error.clone()))
    }
}

/// A client that goes where it is sent and nowhere else, and is done after `total`.
fn bounded(total: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(super::USER_AGENT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(total)
        // A connection that is kept would outlive the look at its address.
        .pool_max_idle_per_host(0)
}

#[async_trait]
impl Fetch for GuardedFetch {
    async fn fetch(&self, url: &Url, longest: usize) -> Result<Document, FetchError> {
        // Addresses written as numbers do not pass the resolver.
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if address.is_some_and(|address| !is_public(address)) {
            return Err(FetchError("the address is not a public one".to_owned()));
        }
        read(self.client()?, url, longest).await
    }
}

/// Reads a document of at most `longest` bytes, counted as they are once decompressed.
async fn read(client: &reqwest::Client, url: &Url, longest: usize) -> Result<Document, FetchError> {
    let fail = |error: reqwest::Error| FetchError(error.without_url().to_string());
    let request = client.get(url.clone()).header(ACCEPT, "application/json");
    let mut response = request.send().await.map_err(fail)?;
    if response.status() != http::StatusCode::OK {
        return Err(FetchError(format!("the answer is {}", response.status())));
    }
    let content_type = header(response.headers(), &CONTENT_TYPE);
    let cache_control = header(response.headers(), &CACHE_CONTROL);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(fail)? {
        if body.len() + chunk.len() > longest {
            return Err(FetchError(format!(
                "the document is longer than {longest} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Document {
        body: body.freeze(),
        content_type,
        cache_control,
    })
}

fn header(headers: &HeaderMap, name: &http::HeaderName) -> String {
    let value = headers.get(name).map(HeaderValue::to_str);
    value.and_then(Result::ok).unwrap_or_default().to_owned()
}

/// Resolves names to public addresses only, and connects to what it resolved: a name that changes
/// between look and use gains nothing.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found = public(found.collect())?;
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// All of the addresses, if each is public: one that is not is the attempt to reach it next time.
fn public(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, &'static str> {
    match !found.is_empty() && found.iter().all(|it| is_public(it.ip())) {
        true => Ok(found),
        false => Err("the name does not lead to public addresses only"),
    }
}

/// Whether an address is one of the public internet (IANA special-purpose address registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // What carries an IPv4 address is as public as that one.
    let segments = address.segments();
    let carried = match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            Some([segments[6], segments[7]])
        }
        [0x2002, high, low, ..] => Some([high, low]),
        _ => None,
    };
    if let Some([high, low]) = carried {
        let bits = u32::from(high) << 16 | u32::from(low);
        return is_public_v4(Ipv4Addr::from_bits(bits));
    }
    // Global unicast is 2000::/3; documentation, benchmarking and Teredo lie inside it.
    let global = segments[0] & 0xe000 == 0x2000;
    let special = segments[0] == 0x2001 && (segments[1] < 0x200 || segments[1] == 0xdb8);
    global && !special && segments[0] != 0x3fff
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::{IntoResponse as _, Redirect, Response};
    use axum::routing::get;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::header::CONTENT_ENCODING;

    use super::*;

    /// How reading `path` of a hostile host ends.
    async fn failure(path: &str) -> String {
        let hosts = Router::new()
            .route("/moved", get(|| async { Redirect::temporary("/fine") }))
            .route("/fine", get(|| async { "{}" }))
            .route("/long", get(|| async { "x".repeat(5_121) }))
            .route("/bomb", get(bomb))
            .route("/slow", get(slow));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move { axum::serve(listener, hosts).await });
        let client = bounded(Duration::from_millis(300)).build().unwrap();
        let document = read(&client, &Url::parse(&url).unwrap(), 5_120).await;
        served.abort();
        document.map_or_else(|error| error.0, |document| format!("{document:?}"))
    }

    /// A hundred bytes that are 65,536 spaces.
    async fn bomb() -> Response {
        const PACKED: &str = "H4sIAAAAAAACA+3BgQAAAACAIJX9KRepCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
            AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGqUGSy0AAABAA==";
        let packed = STANDARD.decode(PACKED).unwrap();
        ([(CONTENT_ENCODING, "gzip")], packed).into_response()
    }

    /// Begins, and never ends.
    async fn slow() -> Response {
        let beginning = futures_util::stream::iter([Ok::<_, std::io::Error>("{")]);
        let rest = futures_util::stream::pending();
        let body = futures_util::StreamExt::chain(beginning, rest);
        axum::body::Body::from_stream(body).into_response()
    }

    #[tokio::test]
    async fn a_document_is_read_where_it_was_named() {
        assert!(failure("/fine").await.contains("{}"));
        assert_eq!(
            failure("/moved").await,
            "the answer is 307 Temporary Redirect"
        );
    }

    #[tokio::test]
    async fn a_document_that_is_too_long_is_none_however_it_is_packed() {
        let too_long = "the document is longer than 5120 bytes";
        assert_eq!(failure("/long").await, too_long);
        assert_eq!(failure("/bomb").await, too_long);
    }

    #[tokio::test]
    async fn a_document_that_never_ends_is_given_up() {
        assert_eq!(failure("/slow").await, "error decoding response body");
    }

    #[test]
    fn a_name_with_one_address_within_leads_nowhere() {
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 443);
        assert!(public(vec![at("1.1.1.1"), at("2606:4700::1111")]).is_ok());
        assert!(public(vec![at("1.1.1.1"), at("10.0.0.1")]).is_err());
        assert!(public(Vec::new()).is_err());
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "160.79.104.10",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn addresses_written_as_numbers_are_looked_at_too() {
        let fetch = GuardedFetch::default();
        let failure = async |url| {
            fetch
                .fetch(&Url::parse(url).unwrap(), 10)
                .await
                .unwrap_err()
        };
        for url in [
            "https://127.0.0.1/a",
            "https://0x7f.1/a",
            "https://2130706433/a",
            "https://[::ffff:10.0.0.1]/a",
            "https://169.254.169.254/a",
        ] {
            let error = failure(url).await;
            assert_eq!(error.0, "the address is not a public one", "{url}");
        }
        failure("https://localhost./a").await;
        failure("http://1.1.1.1/a").await;
    }
}
