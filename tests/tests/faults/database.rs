//! A PostgreSQL database that refuses every write, is locked, ends, or is not heard of any more.

use std::time::{Duration, Instant};

use postgres_server::Server;
use tests::harness::requirement::require;

use crate::answers::Answers;
use crate::disk::noticed;
use crate::world::{Database, Place, World};

/// The longest that any request may take: what the server waits for its database, and some more for
/// a slow machine.
const BOUND: Duration = Duration::from_secs(60);

/// A world whose store is in the PostgreSQL server of all tests.
async fn world(name: &str) -> Option<World> {
    let server = require(postgres_server::shared())?;
    let name = format!("postgresql-{name}");
    Some(World::prepare_on(&name, Place::Postgres(server)).await)
}

/// A world whose store is in a server of its own, which others do not miss.
async fn world_of_its_own(name: &str) -> Option<World> {
    let server = require(Server::start())?;
    let server = Box::leak(Box::new(server));
    let name = format!("postgresql-{name}");
    Some(World::prepare_on(&name, Place::Postgres(server)).await)
}

fn database(world: &World) -> &Database {
    world.database.as_ref().unwrap()
}

/// Has every change fail with the error that PostgreSQL reports where its disk is full.
const FULL: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'could not extend file'; END $$; \
     DO $$ DECLARE name text; BEGIN \
     FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
     EXECUTE format('CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON %I \
     FOR EACH STATEMENT EXECUTE FUNCTION refuse()', name); END LOOP; END $$";

#[tokio::test(flavor = "multi_thread")]
async fn full_database_signs_no_person_out_and_everything_works_once_there_is_room() {
    let Some(world) = world("full").await else {
        return;
    };
    let server = world.start().await;
    database(&world).run(FULL);
    let during = world.during().await;
    noticed(&during);
    database(&world).run("DROP FUNCTION refuse CASCADE");
    let after = world.after().await;
    let fault = "PostgreSQL: disk full, then freed";
    world.conclude(fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_the_database_that_cannot_grow_sign_no_person_out() {
    let Some(world) = world("files").await else {
        return;
    };
    let server = world.start().await;
    server.limit_files("0").await.unwrap();
    let during = world.during().await;
    // No call is made that cannot be recorded, and everything else is in the database.
    let unavailable = "unavailable".to_owned();
    assert_eq!(during.call, [unavailable].into(), "{during}");
    assert_eq!(during.refresh, ["ok".to_owned()].into(), "{during}");
    server.limit_files("unlimited").await.unwrap();
    let after = world.after().await;
    let fault = "PostgreSQL: no file of the server can grow, then it can";
    world.conclude(fault, server, during, after).await.check();
}

/// Ends all connections to the database of a world.
fn disconnect(database: &Database) {
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_database_signs_no_person_out_and_everything_works_once_it_can_be_written() {
    let Some(world) = world("read-only").await else {
        return;
    };
    let server = world.start().await;
    let Database {
        server: postgres,
        name,
        ..
    } = database(&world);
    let alter = |what: &str| {
        let statement = format!("ALTER DATABASE {name} {what}");
        tokio::task::block_in_place(|| postgres.run("postgres", &statement)).unwrap();
    };
    alter("SET default_transaction_read_only = on");
    disconnect(database(&world));
    let during = world.during().await;
    noticed(&during);
    // Connections that were made meanwhile stay as they are: the server has to replace them by itself.
    alter("RESET default_transaction_read_only");
    let after = world.after().await;
    let fault = "PostgreSQL: read-only, then not";
    world.conclude(fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn change_of_another_server_that_does_not_end_signs_no_person_out() {
    let Some(world) = world("changes").await else {
        return;
    };
    let server = world.start().await;
    let mut other = world.deployment.open_store().await.unwrap();
    other.hold_changes().await.unwrap();
    let (during, longest) = timed(&world).await;
    let refresh = "503 temporarily_unavailable";
    assert!(
        during.refresh.contains(refresh),
        "it was no fault: {during}"
    );
    // What is only read is not held up.
    assert_eq!(during.call, ["ok".to_owned()].into(), "{during}");
    drop(other);
    let after = world.after().await;
    let fault = format!("PostgreSQL: changes locked, then freed ({longest:.0?} at most)");
    world.conclude(&fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_queries_are_answered_with_503_in_bounded_time() {
    let Some(world) = world("slow").await else {
        return;
    };
    let server = world.start().await;
    let mut other = world.deployment.open_store().await.unwrap();
    for statement in [
        "BEGIN",
        "LOCK TABLE store_state, access_tokens, refresh_tokens, grants, sessions, transactions \
         IN ACCESS EXCLUSIVE MODE",
    ] {
        other.run(statement).await.unwrap();
    }
    let (during, longest) = timed(&world).await;
    noticed(&during);
    assert_eq!(during.call, ["503".to_owned()].into(), "{during}");
    drop(other);
    let after = world.after().await;
    let fault = format!("PostgreSQL: tables locked, then freed ({longest:.0?} at most)");
    world.conclude(&fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_crashes_and_recovers_signs_no_person_out() {
    let Some(world) = world_of_its_own("crash").await else {
        return;
    };
    let server = world.start().await;
    let postgres = database(&world).server;
    tokio::task::block_in_place(|| postgres.kill()).unwrap();
    let during = world.during().await;
    noticed(&during);
    tokio::task::block_in_place(|| postgres.resume()).unwrap();
    let after = world.after().await;
    let fault = "PostgreSQL: crashed, then started";
    world.conclude(fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_is_not_heard_of_signs_no_person_out() {
    let Some(world) = world("silent").await else {
        return;
    };
    let server = world.start().await;
    database(&world).relay.halt();
    let (during, longest) = timed(&world).await;
    noticed(&during);
    database(&world).relay.resume();
    let after = world.after().await;
    let fault = format!("PostgreSQL: silent, then heard again ({longest:.0?} at most)");
    world.conclude(&fault, server, during, after).await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_half_open_are_replaced() {
    let Some(world) = world("half-open").await else {
        return;
    };
    let server = world.start().await;
    // All connections are open, as under load.
    futures_util::future::join_all((0..20).map(|_| world.call())).await;
    database(&world).relay.strand();
    let (during, longest) = timed(&world).await;
    assert!(!during.are_good(), "it was no fault: {during}");
    let after = world.after().await;
    let fault = format!("PostgreSQL: connections half open ({longest:.0?} at most)");
    world.conclude(&fault, server, during, after).await.check();
}

/// What is answered for some rounds, and how long the longest took. A request is answered in bounded
/// time, whatever the database does.
async fn timed(world: &World) -> (Answers, Duration) {
    let begun = Instant::now();
    let during = world.during().await;
    // Three rounds, each of which makes two calls one after the other.
    let longest = begun.elapsed() / 3;
    assert!(longest < BOUND, "a round took {longest:?}: {during}");
    (during, longest)
}
