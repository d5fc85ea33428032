//! A copy of a store holds all that the store does.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row as _};

use super::fixtures::postgres;
use super::samples::{ada, approve, at, cause, digest, tokens};
use crate::secret::Secret;
use crate::store::copy::rows::{Backend, Batch};
use crate::store::copy::tables::TABLES;
use crate::store::{Authorizations as _, Postgres, Sqlite};

/// Table and column of everything that is copied.
fn copied() -> BTreeSet<(String, String)> {
    let columns = TABLES.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
    });
    columns.collect()
}

/// Tables that are not copied: what is in them ends within minutes.
const BRIEF: [&str; 4] = ["kept_parts", "file_links", "uploads", "upload_chunks"];

/// Leaves out what is of one database only: how rows are numbered, and what the store is.
fn is_copied((table, column): &(String, String)) -> bool {
    if BRIEF.contains(&table.as_str()) {
        return false;
    }
    let numbers_rows = column == "seq" || (table == "audit" && column == "id");
    !numbers_rows && table != "store_state" && table != "_sqlx_migrations"
}

#[tokio::test]
async fn every_column_of_sqlite_is_copied() {
    let store = Sqlite::in_memory().await.unwrap();
    let select = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
                  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    let rows = sqlx::query(select).fetch_all(store.reader()).await.unwrap();
    let columns = rows.iter().map(|row| (row.get(0), row.get(1)));
    assert_eq!(columns.filter(is_copied).collect::<BTreeSet<_>>(), copied());
}

#[tokio::test]
async fn every_column_of_postgresql_is_copied() {
    let Some(server) = postgres() else { return };
    let url = Secret::new(&server.database().unwrap());
    let store = Postgres::open(&url).await.unwrap();
    let select = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                  WHERE table_schema = 'public'";
    let rows = sqlx::query(select).fetch_all(store.reader()).await.unwrap();
    let columns = rows.iter().map(|row| (row.get(0), row.get(1)));
    assert_eq!(columns.filter(is_copied).collect::<BTreeSet<_>>(), copied());
}

/// Everything that a store in SQLite holds, as text.
async fn dump(store: &Sqlite) -> Vec<String> {
    let mut tables = Vec::new();
    for table in TABLES {
        let select = AssertSqlSafe(table.select("rowid"));
        let rows = sqlx::query(select).fetch_all(store.reader()).await.unwrap();
        let mut batch = Batch::of(table);
        rows.iter().for_each(|row| batch.push(row).unwrap());
        tables.push(format!("{batch:?}"));
    }
    tables
}

#[tokio::test]
async fn copy_there_and_back_changes_nothing() {
    let Some(server) = postgres() else { return };
    let first = Sqlite::in_memory().await.unwrap();
    ada(&first).await;
    for number in 0..3 {
        approve(&first, number, at(600)).await;
        first
            .redeem(digest("code", number), &tokens(number, at(1)), &cause(1))
            .await
            .unwrap();
    }
    let url = Secret::new(&server.database().unwrap());
    let second = Backend::Postgres(Postgres::open(&url).await.unwrap());
    let third = Sqlite::in_memory().await.unwrap();
    let from = Backend::Sqlite(first.clone());
    let there = from.copy_to(&second).await.unwrap();
    let back = second
        .copy_to(&Backend::Sqlite(third.clone()))
        .await
        .unwrap();
    assert_eq!(there, back);
    assert!(
        there.iter().any(|it| it.table == "grants" && it.rows == 3),
        "{there:?}"
    );
    assert_eq!(dump(&first).await, dump(&third).await);
    let refused = from.copy_to(&second).await.unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    second.close().await.unwrap();
}
