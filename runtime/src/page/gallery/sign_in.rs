//! Samples of the pages on the way in.

use super::{Samples, common};
use crate::model::{Role, WaitReason};
use crate::page::{
    Invitation, NewWorkspace, ProviderChoice, ResetPassword, SignIn, SignInProblem, SignUp,
    SignUpProblems, SignUpReason, ToProvider, WorkspaceChoice, WorkspacePicker,
};

impl Samples for SignIn {
    fn samples() -> Vec<(&'static str, SignIn)> {
        let base = SignIn {
            csrf_token: common::TOKEN.to_owned(),
            client: Some(common::claude()),
            cancel_url: Some("cancel".to_owned()),
            email: String::new(),
            confirm: false,
            carried: Vec::new(),
            problem: None,
            forgot_password: None,
            sign_up_url: Some("/account/sign-up".to_owned()),
            passwords: true,
            provider: None,
        };
        let mut samples = at_provider(&base);
        samples.extend([
            ("for-a-client", base.clone()),
            (
                "mismatch",
                SignIn {
                    client: Some(common::unknown()),
                    email: common::EMAIL.to_owned(),
                    problem: Some(SignInProblem::Mismatch),
                    ..base.clone()
                },
            ),
            (
                "throttled",
                SignIn {
                    client: None,
                    cancel_url: None,
                    email: common::EMAIL.to_owned(),
                    problem: Some(SignInProblem::Throttled {
                        reason: WaitReason::Account,
                        retry_after: 90,
                    }),
                    sign_up_url: None,
                    ..base.clone()
                },
            ),
            (
                "confirm",
                SignIn {
                    client: None,
                    cancel_url: None,
                    email: common::EMAIL.to_owned(),
                    forgot_password: Some("Call the help desk: extension 12.".to_owned()),
                    confirm: true,
                    carried: vec![("member".to_owned(), "u2".to_owned())],
                    sign_up_url: None,
                    ..base
                },
            ),
        ]);
        samples
    }
}

/// The page where people sign in at an identity provider.
fn at_provider(base: &SignIn) -> Vec<(&'static str, SignIn)> {
    let provider = |url: &str| {
        Some(ProviderChoice {
            name: "Example ID".to_owned(),
            url: url.to_owned(),
        })
    };
    vec![
        (
            "provider-for-a-client",
            SignIn {
                provider: provider("provider"),
                passwords: false,
                ..base.clone()
            },
        ),
        (
            "provider-for-an-unknown-client",
            SignIn {
                client: Some(common::unknown()),
                provider: provider("provider"),
                ..base.clone()
            },
        ),
        (
            "provider-confirm",
            SignIn {
                client: None,
                cancel_url: None,
                email: common::EMAIL.to_owned(),
                confirm: true,
                sign_up_url: None,
                passwords: false,
                provider: provider("/account/confirm?next=/portal/keys"),
                ..base.clone()
            },
        ),
    ]
}

impl Samples for ToProvider {
    fn samples() -> Vec<(&'static str, ToProvider)> {
        let page = ToProvider {
            name: "Example ID".to_owned(),
            url: "https://id.example.com/authorize?state=a".to_owned(),
        };
        vec![("plain", page)]
    }
}

impl Samples for SignUp {
    fn samples() -> Vec<(&'static str, SignUp)> {
        let base = SignUp {
            csrf_token: common::TOKEN.to_owned(),
            reason: SignUpReason::First,
            client: None,
            email: String::new(),
            name: String::new(),
            workspace: Some(String::new()),
            password_minimum: 10,
            problems: SignUpProblems::default(),
            sign_in_url: None,
        };
        vec![
            ("first-person", base.clone()),
            (
                "invitation",
                SignUp {
                    reason: SignUpReason::Invitation {
                        workspace: "Northwind Studio".to_owned(),
                        role: Role::Member,
                    },
                    workspace: None,
                    sign_in_url: Some("/oauth/login".to_owned()),
                    ..base.clone()
                },
            ),
            (
                "problems",
                SignUp {
                    reason: SignUpReason::Open,
                    client: Some(common::claude()),
                    email: "ada@".to_owned(),
                    name: "Ada Lovelace".to_owned(),
                    problems: SignUpProblems {
                        email: Some("This is not an e-mail address.".to_owned()),
                        name: None,
                        password: Some("Use at least 10 characters.".to_owned()),
                        workspace: Some("Give the workspace a name.".to_owned()),
                    },
                    sign_in_url: Some("/oauth/login".to_owned()),
                    ..base
                },
            ),
        ]
    }
}

impl Samples for ResetPassword {
    fn samples() -> Vec<(&'static str, ResetPassword)> {
        let base = ResetPassword {
            csrf_token: common::TOKEN.to_owned(),
            email: common::EMAIL.to_owned(),
            password_minimum: 10,
            problem: None,
        };
        let problem = "Attackers try this password first. Use another, such as a short sentence.";
        let refused = ResetPassword {
            problem: Some(problem.to_owned()),
            ..base.clone()
        };
        vec![("empty", base), ("problem", refused)]
    }
}

impl Samples for WorkspacePicker {
    fn samples() -> Vec<(&'static str, WorkspacePicker)> {
        let choice = |id: &str, name: &str, role, selected| WorkspaceChoice {
            id: id.to_owned(),
            name: name.to_owned(),
            role,
            selected,
            not_linked: id == "w3",
        };
        vec![(
            "three",
            WorkspacePicker {
                csrf_token: common::TOKEN.to_owned(),
                client: common::claude(),
                cancel_url: "cancel".to_owned(),
                account: common::EMAIL.to_owned(),
                workspaces: vec![
                    choice("w1", "Northwind Studio", Role::Owner, true),
                    choice("w2", "Analytical Engines", Role::Member, false),
                    choice(
                        "w3",
                        "A workspace whose name is as long as one may be, sixty-four chars",
                        Role::Member,
                        false,
                    ),
                ],
                new_workspace_url: Some("/portal/workspaces".to_owned()),
            },
        )]
    }
}

impl Samples for NewWorkspace {
    fn samples() -> Vec<(&'static str, NewWorkspace)> {
        let base = NewWorkspace {
            csrf_token: common::TOKEN.to_owned(),
            client: common::claude(),
            cancel_url: "cancel".to_owned(),
            account: common::EMAIL.to_owned(),
            first: true,
            needs_link: false,
            name: String::new(),
            problem: None,
        };
        vec![
            ("none-yet", base.clone()),
            (
                "problem",
                NewWorkspace {
                    first: false,
                    needs_link: true,
                    problem: Some("Give the workspace a name.".to_owned()),
                    ..base
                },
            ),
        ]
    }
}

impl Samples for Invitation {
    fn samples() -> Vec<(&'static str, Invitation)> {
        vec![(
            "member",
            Invitation {
                csrf_token: common::TOKEN.to_owned(),
                account: common::EMAIL.to_owned(),
                workspace: "Northwind Studio".to_owned(),
                role: Role::Member,
            },
        )]
    }
}
