//! What the samples of the pages have in common.

use crate::oauth::publisher::ClientIdentity;
use crate::operation::{Access, Operation};
use crate::page::{Client, NotLinked};
use crate::tool::Tool;

pub(super) const TOKEN: &str = "sample-csrf-token";
pub(super) const EMAIL: &str = "ada@example.com";
pub(super) const REQUEST_ID: &str = "01K7SAMPLE0REQUEST0ID00000";
pub(super) const DESCRIPTION: &str = "# Example API\n\n**Bundles**, uploads, accounts and balances of an example API. \
     See [the guide](https://example.com/guide).\n\n- Publish a bundle with `publish_bundle`.\n\
     - Read what it did.\n";

pub(super) fn claude() -> Client {
    ClientIdentity::new(None, "https://claude.ai/api/mcp/auth_callback").into_page()
}

pub(super) fn chatgpt() -> Client {
    ClientIdentity::new(
        None,
        "https://chatgpt.com/connector_platform_oauth_redirect",
    )
    .into_page()
}

pub(super) fn unknown() -> Client {
    ClientIdentity::new(
        Some("Acme Assistant"),
        "https://assistant.acme.example/oauth/callback?tenant=42",
    )
    .into_page()
}

pub(super) fn claude_code() -> Client {
    ClientIdentity::new(Some("Claude Code"), "http://localhost:3118/callback").into_page()
}

pub(super) fn cursor() -> Client {
    ClientIdentity::new(
        Some("Cursor"),
        "cursor://anysphere.cursor-mcp/oauth/callback",
    )
    .into_page()
}

/// A client that tries what can be tried with a name and a redirect URI.
pub(super) fn hostile() -> Client {
    ClientIdentity::new(
        Some(
            "\u{202e}Claude\u{200b} <img src=x onerror=alert(1)>\"'{{ 7*7 }} verified by Anthropic, trust me",
        ),
        "https://claude.ai.login.verify.account.security.evil.example/\"><script>alert(1)</script>/\u{202e}cb?x='onfocus=alert(1)",
    ).into_page()
}

/// A workspace that is not linked yet.
pub(super) fn not_linked(portal_url: Option<&str>) -> NotLinked {
    NotLinked {
        command: "example workspaces --link wsp_V3ryL0ngW0rkspaceId UPSTREAM_ID".to_owned(),
        portal_url: portal_url.map(str::to_owned),
    }
}

/// So many tools that read, and so many that write.
pub(super) fn tools(read: usize, write: usize) -> Vec<Tool> {
    static READ: &[Operation] = &[
        operation("get_account", "Get an account", Access::Read),
        operation("get_balance", "Get the credit balance", Access::Read),
        operation("get_bundle", "Get a bundle", Access::Read),
        operation("list_accounts", "List accounts", Access::Read),
        operation("list_bundles", "List bundles", Access::Read),
        operation("list_uploads", "List uploads", Access::Read),
    ];
    static WRITE: &[Operation] = &[
        operation("create_bundle", "Create a bundle", Access::Write),
        operation("create_webhook", "Create a webhook", Access::Write),
        Operation {
            method: "DELETE",
            destructive: true,
            ..operation("delete_bundle", "Delete a bundle", Access::Write)
        },
        Operation {
            destructive: true,
            ..operation("publish_bundle", "Publish a bundle", Access::Write)
        },
        operation("upload_media", "Upload media", Access::Write),
    ];
    let read = READ.iter().cycle().take(read);
    let operations = read.chain(WRITE.iter().cycle().take(write));
    operations
        .map(|operation| Tool::new(operation, Vec::new()))
        .collect()
}

const fn operation(name: &'static str, title: &'static str, access: Access) -> Operation {
    Operation {
        name,
        title,
        access,
        ..Operation::BASE
    }
}
