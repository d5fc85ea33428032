//! A wrong setting is named with its file, line and key, and with what would be right.

use std::path::Path;

use runtime::app;
use runtime::config::Config;

/// The error of a file, whenever it shows.
fn error(text: &str) -> String {
    let file = Path::new("connector.toml");
    match Config::parse(text, file) {
        Err(error) => error.to_string(),
        Ok(config) => app::check(&generated::CATALOG, &config)
            .unwrap_err()
            .to_string(),
    }
}

#[test]
fn wrong_settings_are_named_with_file_line_key_and_what_is_right() {
    let credentials = "[upstream.credentials]\napi_key = \"key\"\n";
    let cases = [
        (
            "[server]\nlisten = \"here\"\n",
            "2: server.listen: ",
            "write one like 127.0.0.1:8080",
        ),
        (
            "[quota.plan_from]\noperation = \"get_workspace\"\n",
            "1: quota.plan_from: ",
            "one of `plan` and `limit`",
        ),
        (
            "[quota.plan_from]\noperation = \"get_workspace\"\nlimit = \"/a\"\n",
            "1: quota.plan_from.period: ",
            "`day` or `month`",
        ),
        (
            "[quota.plan_from]\noperation = \"no_such_tool\"\nplan = \"/a\"\n",
            "2: quota.plan_from.operation: ",
            "no tool `no_such_tool`",
        ),
        (
            "[quota.plan_from]\noperation = \"update_workspace\"\nplan = \"/a\"\n",
            "2: quota.plan_from.operation: ",
            "only reads",
        ),
        (
            "[quota.plan_from]\noperation = \"get_workspace\"\narguments = { x = 1 }\nplan = \"/a\"\n",
            "3: quota.plan_from.arguments: ",
            "x",
        ),
        (
            "[server]\nrequest_seconds = 0\n",
            "2: server.request_seconds: ",
            "write 1 to 86400",
        ),
        (
            "[server]\ntrusted_proxies = [\"proxy\"]\n",
            "2: server.trusted_proxies: ",
            "10.0.0.0/8",
        ),
        (
            "[server]\nallowed_hosts = [\"a/b\"]\n",
            "2: server.allowed_hosts: ",
            "`name:port`",
        ),
        (
            "[server]\nauth = \"none\"\nlisten = \"0.0.0.0:1\"\n",
            "2: server.auth: ",
            "loopback",
        ),
        (
            "[enterprise]\n",
            "1: enterprise.clients: ",
            "add [[enterprise.clients]]",
        ),
        (
            "[enterprise]\n[[enterprise.clients]]\nclient_id = \"a\"\nname = \"A\"\npublic = true\n",
            "1: enterprise.issuers: ",
            "add [[enterprise.issuers]]",
        ),
        ("[log]\n\nlevel = \"loud\"\n", "3: log.level: ", "`debug`"),
        (
            "[oauth]\nkey_prefix = \"MCP\"\n",
            "2: oauth.key_prefix: ",
            "lower-case letters",
        ),
        (
            "[oauth]\nissuer = \"https://a.example/b\"\n",
            "2: oauth.issuer: ",
            "write an origin",
        ),
        (
            "[oauth]\nshared_egress = [\"x\"]\n",
            "2: oauth.shared_egress: ",
            "10.0.0.0/8",
        ),
        (
            "[site]\nname = \"\"\n",
            "2: site.name: ",
            "1 to 64 visible characters",
        ),
        (
            "[site]\nlogo = \"missing.png\"\n",
            "2: site.logo: ",
            "missing.png: the file cannot be read",
        ),
        (
            "[site]\nlogo = \"Cargo.toml\"\n",
            "2: site.logo: ",
            "not a PNG, JPEG, WebP or SVG image",
        ),
        (
            "[site]\ncolor = \"blue\"\n",
            "2: site.color: ",
            "write one like `#2453c9`",
        ),
        (
            "[site]\ncolor = \"#ffcc00\"\n",
            "2: site.color: ",
            "contrast of 1.39:1 with the background `#f5f6f8` of light pages",
        ),
        (
            "[site]\ncolor_dark = \"#2453c9\"\n",
            "2: site.color_dark: ",
            "has enough",
        ),
        (
            "[site]\nterms_url = \"http://acme.example\"\n",
            "2: site.terms_url: ",
            "write an https URL",
        ),
        (
            "[site]\nsupport_url = \"javascript:alert(1)\"\n",
            "2: site.support_url: ",
            "mailto:help@example.com",
        ),
        (
            "[site]\nfull = \"a\\nb\"\n",
            "2: site.full: ",
            "on one line",
        ),
        (
            "[site]\ncolour = \"#000000\"\n",
            "2: site.colour: ",
            "did you mean `color`?",
        ),
        (
            "[store]\naudit_days = 0\n",
            "2: store.audit_days: ",
            "write 1 to 3650",
        ),
        (
            "[accounts]\nsign_ups = true\n",
            "2: accounts.sign_ups: ",
            "did you mean `sign_up`?",
        ),
        (
            "[upstream]\ntimeout_seconds = 0\n",
            "2: upstream.timeout_seconds: ",
            "write 1 to 86400",
        ),
        (
            "[upstream]\nurl = \"ftp://a\"\n",
            "2: upstream.url: ",
            "http or https",
        ),
        (
            "[upstream.credentials]\napi_kee = \"a\"\n",
            "2: upstream.credentials.api_kee: ",
            "`api_key`",
        ),
        (
            "[upstream.on_behalf_of]\naudience = \"a\"\nheader = \"a b\"\n",
            "3: upstream.on_behalf_of.header: ",
            "header field",
        ),
    ];
    for (text, place, fix) in cases {
        let text = match text.contains("credentials") {
            true => text.to_owned(),
            false => format!("{text}{credentials}"),
        };
        let error = error(&text);
        let place = format!("connector.toml:{place}");
        assert!(
            error.starts_with(&place) && error.contains(fix),
            "{text}\n{error}"
        );
    }
}

#[test]
fn error_of_what_is_missing_names_the_table_around_it() {
    let error =
        error("[server]\nlisten = \"0.0.0.0:8080\"\n[upstream.credentials]\napi_key = \"k\"\n");
    assert!(
        error.starts_with("connector.toml:1: server.public_url: is not set."),
        "{error}"
    );
}

#[test]
fn two_ways_to_act_for_a_person_are_refused() {
    let mint = include_str!("every_key.toml");
    let error = error(mint);
    assert!(
        error.contains("upstream.mint: this and upstream.on_behalf_of"),
        "{error}"
    );
}

/// A configuration with a client and an issuer, with these lines of each.
fn enterprise(of_client: &str, of_issuer: &str) -> String {
    format!(
        "[enterprise]\n[[enterprise.clients]]\nclient_id = \"a\"\nname = \"A\"\n{of_client}\n\
         [[enterprise.issuers]]\nissuer = \"https://id.example.com\"\nclients = [\"a\"]\n{of_issuer}\n\
         [upstream.credentials]\napi_key = \"key\"\n"
    )
}

#[test]
fn clients_and_issuers_of_assertions_fit_together() {
    let secret = "client_secret = \"secret\"";
    let again = "[[enterprise.issuers]]\nissuer = \"https://id.example.com\"\nclients = [\"a\"]";
    let identity = "[identity]\nissuer = \"https://id.example.com\"\nclient_id = \"c\"\n\
                    [[enterprise.issuers.groups]]\ngroup = \"g\"\nworkspace = \"w\"";
    let cases = [
        ("", "", "set one of"),
        ("client_secret = \"s\"\npublic = true", "", "keep one"),
        (
            "client_secret = { env = \"NO_SUCH_VARIABLE\" }",
            "",
            "NO_SUCH_VARIABLE",
        ),
        ("jwks = '{\"keys\": []}'", "", "no key in it"),
        ("jwks_uri = \"http://a.example/keys\"", "", "no https URL"),
        (secret, "level = \"most\"", "`full`"),
        (
            secret,
            "jwks_uri = \"ftp://id.example.com/keys\"",
            "https URL",
        ),
        (secret, again, "twice"),
        (secret, identity, "[[identity.groups]]"),
        (
            secret,
            "[[enterprise.issuers.groups]]\ngroup = \"\"\nworkspace = \"w\"",
            "is empty",
        ),
    ];
    for (of_client, of_issuer, words) in cases {
        let error = error(&enterprise(of_client, of_issuer));
        assert!(error.contains("enterprise."), "{error}");
        assert!(error.contains(words), "{words}: {error}");
    }
    let unknown = enterprise(secret, "").replace("clients = [\"a\"]", "clients = [\"b\"]");
    assert!(error(&unknown).contains("not in [[enterprise.clients]]"));
    let local = enterprise(secret, "").replace("https://id.example.com", "http://id.example.com");
    assert!(error(&local).contains("enterprise.issuers.issuer"));
    let good = enterprise(secret, "level = \"full\"");
    let config = Config::parse(&good, Path::new("connector.toml")).unwrap();
    app::check(&generated::CATALOG, &config).unwrap();
}

/// The sections that an exchange needs beside its own.
const SIGN_IN: &str = r#"
[identity]
issuer = "https://id.example.com"
client_id = "connector"
client_secret = "hunter2"
sealing_keys = [{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }]
"#;

#[test]
fn exchange_with_what_contradicts_it_is_refused() {
    let exchange = "[upstream.exchange]\nform = \"token-exchange\"\n";
    let on_behalf_of = "[upstream.exchange]\nform = \"on-behalf-of\"\n";
    let cases = [
        (
            format!("{exchange}[upstream.credentials]\napi_key = \"hunter2\"\n"),
            "upstream.credentials.api_key: ",
        ),
        (
            format!("{exchange}[upstream.headers]\nAuthorization = \"hunter2\"\n"),
            "upstream.headers.Authorization: ",
        ),
        (
            format!("{exchange}[upstream.on_behalf_of]\naudience = \"a\"\n"),
            "two ways to act for a person",
        ),
        (
            format!("{exchange}scheme = \"operator_key\"\n"),
            "upstream.exchange.scheme: ",
        ),
        (
            format!("{exchange}client_id = \"other\"\n"),
            "upstream.exchange.client_secret: ",
        ),
        (
            format!("{exchange}resource = \"pets\"\n"),
            "upstream.exchange.resource: ",
        ),
        (
            format!("{exchange}token_endpoint = \"http://id.example.com/token\"\n"),
            "upstream.exchange.token_endpoint: ",
        ),
        (on_behalf_of.to_owned(), "upstream.exchange.scopes: "),
        (
            format!("{on_behalf_of}scopes = [\"a\"]\naudience = \"b\"\n"),
            "upstream.exchange.audience: ",
        ),
        (
            format!("{on_behalf_of}scopes = [\"a\"]\nsubject = \"id-token\"\n"),
            "upstream.exchange.subject: ",
        ),
        (
            format!("[server]\nauth = \"none\"\n{exchange}"),
            "server.auth is `none`",
        ),
    ];
    for (text, expected) in cases {
        let error = error(&format!("{SIGN_IN}{text}"));
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let without_provider = error(exchange);
    assert!(
        without_provider.contains("write [identity]"),
        "{without_provider}"
    );
    let without_keys = SIGN_IN.replace("sealing_keys", "# sealing_keys");
    let without_keys = error(&format!("{without_keys}{exchange}"));
    assert!(
        without_keys.contains("identity.sealing_keys: "),
        "{without_keys}"
    );
}

#[test]
fn exchange_as_the_documents_write_it_is_accepted() {
    for exchange in [
        "form = \"token-exchange\"\naudience = \"https://api.example.com\"",
        "form = \"on-behalf-of\"\nscopes = [\"api://orders/.default\"]",
    ] {
        let text = format!("{SIGN_IN}[upstream.exchange]\n{exchange}\n");
        let config = Config::parse(&text, Path::new("connector.toml")).unwrap();
        app::check(&generated::CATALOG, &config).unwrap();
    }
}
