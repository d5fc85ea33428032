//! How clients are set up.

use reqwest::ClientBuilder;

use super::{Client, Limits, chain};

impl Client {
    /// Makes a client. `system_proxy`: whether the proxy that the environment names is used.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub(crate) fn new(limits: Limits, system_proxy: bool) -> Result<Client, String> {
        let builder = builder(&limits);
        let builder = match system_proxy {
            true => builder,
            false => builder.no_proxy(),
        };
        build(builder, limits)
    }

    /// Makes a client for a server of this machine, which it asks by an address. A certificate is for a
    /// name, so none is checked.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub(crate) fn of_this_machine(limits: Limits) -> Result<Client, String> {
        let builder = builder(&limits).no_proxy();
        build(builder.tls_danger_accept_invalid_certs(true), limits)
    }
}

fn builder(limits: &Limits) -> ClientBuilder {
    // Requests are sent again by those who know whether that is safe. The library's own retries
    // would also copy each request beforehand. What is left is hyper's: it sends a request over
    // another connection where it had written no byte of it.
    let never = reqwest::retry::never().max_retries_per_request(0);
    reqwest::Client::builder()
        .retry(never)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(limits.connect)
}

fn build(builder: ClientBuilder, limits: Limits) -> Result<Client, String> {
    let inner = builder.build().map_err(|error| chain(&error))?;
    Ok(Client { inner, limits })
}
