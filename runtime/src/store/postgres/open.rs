//! Opening the store, and the connections to it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, Row as _};
use tokio::time::timeout;

use super::database::Postgres;
use super::migrations;
use crate::secret::Secret;
use crate::store::{Changes, Result, StoreError};

/// How long a caller waits for a connection: while the database is away, one is tried again and
/// again until then.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a connection that was used may take to answer before it is given up.
const RELEASE: Duration = Duration::from_secs(5);
/// How long the database may take to accept the first connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The most connections of one server that change something.
const WRITERS: u32 = 5;
/// The most connections of one server that read.
const READERS: u32 = 5;

/// The settings of the first connection, which brings the tables up to date: a statement may take long,
/// but neither waits for ever for a server that stopped in the midst of that, nor holds others up where
/// this one cannot be reached.
const FIRST_SESSION: &str = "SET lock_timeout = '60s'; \
     SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// The settings of every other connection. The database ends what takes too long, so that neither a server that
/// stopped in the midst of a change nor one that cannot be reached holds others up.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '5s'; \
     SET default_transaction_isolation = 'read committed'; \
     SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

impl Postgres {
    /// Opens the store in a database, made where there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// Where the database cannot be reached, or not be used as a store; the message says why, without
    /// the password.
    pub(crate) async fn open(url: &Secret) -> Result<Postgres> {
        let options = options(url)?;
        let mut connection = connect(&options).await?;
        migrations::run(&mut connection).await?;
        open_existing(options, connection).await
    }

    /// Reports whether the tables of the database are those of an older version, without changing
    /// them.
    ///
    /// # Errors
    /// Where the database cannot be reached, or has no store.
    pub(crate) async fn is_outdated(url: &Secret) -> Result<bool> {
        let mut connection = connect(&options(url)?).await?;
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(found.unwrap_or(0) < migrations::latest())
    }

    /// Opens the store as [`Postgres::open`] does, but makes none.
    ///
    /// # Errors
    /// As [`Postgres::open`], and where there is none.
    pub(crate) async fn open_existing(url: &Secret) -> Result<Postgres> {
        let options = options(url)?;
        let mut connection = connect(&options).await?;
        let is_there: bool = sqlx::query_scalar("SELECT to_regclass('store_state') IS NOT NULL")
            .fetch_one(&mut connection)
            .await?;
        if !is_there {
            return Err(StoreError("there is no store in the database".into()));
        }
        migrations::run(&mut connection).await?;
        open_existing(options, connection).await
    }
}

async fn open_existing(options: PgConnectOptions, mut first: PgConnection) -> Result<Postgres> {
    let (id, _) = identity(&mut first).await?;
    first.close().await?;
    let id: Arc<str> = id.into();
    Ok(Postgres {
        writer: pool(options.clone(), WRITERS, Arc::clone(&id), is_writable).await?,
        reader: pool(options, READERS, id, is_alive).await?,
        changes: Changes::default(),
        audit_rows: u64::MAX,
        written: Arc::new(AtomicU64::new(0)),
    })
}

/// Whether a connection that was used is kept.
type Keeps = for<'a> fn(&'a mut PgConnection) -> BoxFuture<'a, sqlx::Result<bool>>;

fn is_alive(connection: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move { connection.ping().await.map(|()| true) })
}

/// A connection that was made while the database was read-only stays so afterwards.
fn is_writable(connection: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    let query = "SELECT current_setting('default_transaction_read_only') = 'off'";
    Box::pin(async move { sqlx::query_scalar(query).fetch_one(connection).await })
}

/// Opens connections to the store of this id.
async fn pool(options: PgConnectOptions, most: u32, id: Arc<str>, keeps: Keeps) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        .min_connections(1)
        .max_connections(most)
        .acquire_timeout(ACQUIRE)
        .after_connect(move |connection, _| {
            let id = Arc::clone(&id);
            Box::pin(async move {
                sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
                match identity(connection).await? {
                    (_, true) => Err(unusable("it is a standby, which may lack the last changes")),
                    (found, false) if *found != *id => Err(unusable(
                        "it holds another store than the one that was opened",
                    )),
                    _ => Ok(()),
                }
            })
        })
        .after_release(move |connection, _| {
            // Where a connection is dead and the system has not noticed, it would not be free again
            // for minutes.
            Box::pin(async move {
                let kept = timeout(RELEASE, keeps(connection)).await;
                kept.map_err(|_| unusable("it does not answer"))?
            })
        })
        .connect_with(options);
    Ok(pool.await?)
}

/// Returns the id of the store, and whether its database is a standby. An answer that something is
/// unknown has to be true: neither an empty database under the same name nor a copy that lags behind
/// may be asked.
async fn identity(connection: &mut PgConnection) -> sqlx::Result<(String, bool)> {
    let row = sqlx::query("SELECT id, pg_is_in_recovery() FROM store_state")
        .fetch_one(connection)
        .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

fn unusable(message: &str) -> sqlx::Error {
    sqlx::Error::Protocol(format!("the database cannot be used: {message}"))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let connection = timeout(CONNECT, options.connect()).await;
    let connection = connection.map_err(|_| {
        StoreError(
            format!(
                "the database does not answer within {} s",
                CONNECT.as_secs()
            )
            .into(),
        )
    })?;
    let mut connection = connection
        .map_err(|error| StoreError(format!("the database cannot be opened: {error}").into()))?;
    sqlx::raw_sql(FIRST_SESSION)
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Reads a URL. Where it does not say how the connection is protected, a database on another machine
/// has to prove who it is.
fn options(url: &Secret) -> Result<PgConnectOptions> {
    let invalid = || StoreError("its URL cannot be read".into());
    let parsed = url::Url::parse(url.expose()).map_err(|_| invalid())?;
    let options: PgConnectOptions = url.expose().parse().map_err(|_| invalid())?;
    let options = options.application_name("drawbridge");
    let mut parameters = parsed.query_pairs();
    let says = parameters.any(|(key, _)| key == "sslmode");
    Ok(match says || is_local(&options) {
        true => options,
        false => options.ssl_mode(PgSslMode::VerifyFull),
    })
}

/// Reports whether the database is on this machine.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    // A host that begins with `/` is the directory of a socket.
    options.get_socket().is_some()
        || host.starts_with('/')
        || matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> PgSslMode {
        options(&Secret::new(url)).unwrap().get_ssl_mode()
    }

    #[test]
    fn database_on_another_machine_proves_who_it_is_unless_the_url_says_otherwise() {
        assert!(matches!(
            mode("postgres://a@db.example/x"),
            PgSslMode::VerifyFull
        ));
        assert!(matches!(
            mode("postgres://a@db.example/x?sslmode=disable"),
            PgSslMode::Disable
        ));
        assert!(matches!(
            mode("postgres://a@127.0.0.1/x"),
            PgSslMode::Prefer
        ));
        for socket in [
            "postgres:///x?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/x",
        ] {
            assert!(matches!(mode(socket), PgSslMode::Prefer), "{socket}");
        }
        // Without a host, sqlx looks for a socket in the usual directories.
        let url: PgConnectOptions = PgConnectOptions::new_without_pgpass().host("/run/postgresql");
        assert!(is_local(&url));
    }
}
