//! Ninety days in the life of nine clients: restarts, outages, new keys and a clock that is set back,
//! at a time that the test moves. No client whose connection was not ended has to sign in again, and
//! each protection that this rests on is taken away once, to see the simulation fail without it.

mod profile;
mod world;

use self::world::{Report, World};

/// What is taken away from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// A refresh token that was used is good for nothing (`oauth.refresh_overlap_seconds = 0`).
    NoGrace,
    /// A client uses only the grant types that it lists, and lists only those that are known.
    LiteralGrantTypes,
    /// A restart forgets the clients that registered themselves.
    LostRegistrations,
    /// The endpoint answers 401 where it cannot look a token up.
    UnauthorizedInAnOutage,
    /// The token endpoint answers `invalid_grant` where it cannot look a token up.
    InvalidGrantInAnOutage,
    /// A call of a person whom the provider cannot confirm is refused.
    OutageOfTheProviderEndsAccess,
}

#[tokio::test]
async fn no_client_signs_in_again_in_ninety_days() {
    let report = World::start(None).await.live().await;
    println!("{report}");
    assert_eq!(report.new_sign_in, None);
    let Report {
        days,
        restarts,
        outages,
        out_within_a_minute,
        ..
    } = report;
    assert_eq!((days, restarts, outages), (90, 30, 3));
    assert_eq!(out_within_a_minute, 9, "a disabled person is not out");
    // Each of these happened, or the run shows nothing.
    assert!(report.refreshes > 500, "{report}");
    assert!(report.unavailable > 20, "{report}");
    assert!(report.repeated > 100, "{report}");
}

/// Lives without a protection; returns which client had to sign in again, and why.
async fn without(protection: Mutation) -> String {
    let report = World::start(Some(protection)).await.live().await;
    println!("{protection:?}: {report}");
    let sign_in = report.new_sign_in;
    sign_in.unwrap_or_else(|| panic!("nothing happens without it: {protection:?}"))
}

#[tokio::test]
async fn simulation_fails_without_grace_for_refreshes() {
    let why = without(Mutation::NoGrace).await;
    assert!(why.contains("invalid_grant"), "{why}");
}

#[tokio::test]
async fn simulation_fails_where_grant_types_are_taken_literally() {
    let why = without(Mutation::LiteralGrantTypes).await;
    assert!(why.contains("unauthorized_client"), "{why}");
}

#[tokio::test]
async fn simulation_fails_where_registrations_are_lost() {
    let why = without(Mutation::LostRegistrations).await;
    assert!(why.contains("invalid_client"), "{why}");
}

#[tokio::test]
async fn simulation_fails_where_an_outage_is_answered_with_401() {
    let why = without(Mutation::UnauthorizedInAnOutage).await;
    assert!(why.contains("401"), "{why}");
}

#[tokio::test]
async fn simulation_fails_where_an_outage_is_answered_with_invalid_grant() {
    let why = without(Mutation::InvalidGrantInAnOutage).await;
    assert!(why.contains("invalid_grant"), "{why}");
}

#[tokio::test]
async fn simulation_fails_where_an_outage_of_the_provider_ends_access() {
    let why = without(Mutation::OutageOfTheProviderEndsAccess).await;
    assert!(why.contains("401"), "{why}");
}
