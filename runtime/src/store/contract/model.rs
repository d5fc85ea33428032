//! One grant as a plain model, beside what the store makes of it.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::Fixture;
use super::samples::{
    ACCESS, CODE, OVERLAP, REFRESH, START, ada, approve, digest, is_active, tokens,
};
use crate::model::{Cause, GrantId, Redemption, RevocationReason, Rotation, Successor};
use crate::store::Store;

/// What can happen to one grant.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Redeem,
    Rotate(Index),
    Authenticate(Index),
    Revoke,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![1..29_u64, Just(30), Just(600), 31..4000_u64, Just(18_000)].prop_map(Step::Wait),
        2 => Just(Step::Redeem),
        8 => any::<Index>().prop_map(Step::Rotate),
        6 => any::<Index>().prop_map(Step::Authenticate),
        1 => Just(Step::Revoke),
    ];
    let steps = prop::collection::vec(step, 1..40);
    // Most of what is worth seeing comes after the code was redeemed.
    (prop::bool::weighted(0.8), steps).prop_map(|(redeem, mut steps)| {
        if redeem {
            steps.insert(0, Step::Redeem);
        }
        steps
    })
}

/// What a grant should be.
#[derive(Debug)]
struct Model {
    now: SystemTime,
    redeemed: bool,
    ended: bool,
    /// Ends of the access tokens, by their number.
    access: Vec<SystemTime>,
    refresh: Vec<ModelToken>,
}

#[derive(Debug)]
struct ModelToken {
    expires: SystemTime,
    /// When it was rotated.
    rotated: Option<SystemTime>,
}

impl Model {
    fn issue(&mut self) {
        self.access.push(self.now + ACCESS);
        self.refresh.push(ModelToken {
            expires: self.now + REFRESH,
            rotated: None,
        });
    }

    fn redeem(&mut self) -> Redemption {
        if self.redeemed {
            self.ended = true;
            return Redemption::Replayed;
        }
        if self.ended || self.now >= START + CODE {
            return Redemption::Expired;
        }
        self.redeemed = true;
        self.issue();
        Redemption::Redeemed
    }

    /// `salt` is the one that a rotation would get.
    fn rotate(&mut self, token: usize, salt: u8) -> Rotation {
        if self.ended {
            return Rotation::Expired;
        }
        let newest = self.refresh.len() - 1;
        match self.refresh[token].rotated {
            None if self.now >= self.refresh[token].expires => Rotation::Expired,
            None => {
                self.refresh[token].rotated = Some(self.now);
                for end in &mut self.access {
                    *end = (*end).min(self.now + OVERLAP);
                }
                self.issue();
                Rotation::Rotated
            }
            // Only the last one before the newest, and only for a while.
            Some(rotated) if token + 1 == newest && self.now < rotated + OVERLAP => {
                Rotation::Repeated {
                    salt: [salt; 32],
                    access_expires: Some(rotated + ACCESS),
                    access_scopes: None,
                }
            }
            Some(_) => {
                self.ended = true;
                Rotation::Reused
            }
        }
    }
}

async fn follow(store: &dyn Store, steps: Vec<Step>) {
    let (ada, _) = ada(store).await;
    approve(store, 0, START + CODE).await;
    let mut model = Model {
        now: START,
        redeemed: false,
        ended: false,
        access: Vec::new(),
        refresh: Vec::new(),
    };
    for step in steps {
        let cause = Cause::new(model.now, "test");
        match step {
            Step::Wait(seconds) => model.now += Duration::from_secs(seconds),
            Step::Redeem => {
                let new = tokens(model.access.len(), model.now);
                let found = store.redeem(digest("code", 0), &new, &cause).await.unwrap();
                assert_eq!(found, model.redeem());
            }
            Step::Rotate(_) | Step::Authenticate(_) if model.refresh.is_empty() => {}
            Step::Rotate(index) => {
                let token = index.index(model.refresh.len());
                let salt = u8::try_from(token).unwrap();
                let successor = Successor {
                    salt: [salt; 32],
                    tokens: tokens(model.access.len(), model.now),
                    access_scopes: None,
                    overlap: OVERLAP,
                };
                let found = store
                    .rotate(digest("refresh", token), &successor, &cause)
                    .await;
                assert_eq!(found.unwrap(), model.rotate(token, salt));
            }
            Step::Authenticate(index) => {
                let token = index.index(model.access.len());
                let expected = !model.ended && model.now < model.access[token];
                assert_eq!(is_active(store, token, model.now).await, expected);
            }
            Step::Revoke => {
                let grant = GrantId::stored("grant 0");
                let by = cause.by(&ada);
                let ended = store
                    .revoke(&grant, RevocationReason::Person, &by)
                    .await
                    .unwrap();
                assert_eq!(ended, !model.ended);
                model.ended = true;
            }
        }
    }
}

pub(super) fn grant_follows_the_model(fixture: &dyn Fixture) {
    let config = ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(fixture.models())
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let follows = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async { follow(&*fixture.empty_store().await, steps).await });
        Ok(())
    });
    follows.unwrap();
}
