//! Reads the rows of one store and writes them into another.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::AssertSqlSafe;
use sqlx::{PgConnection, Postgres as PgDatabase, Sqlite as SqliteDatabase, SqliteConnection};

use super::tables::{Kind, TABLES, Table};
use crate::store::rows::StoredRow;
use crate::store::{Postgres, Result, Sqlite, Store as _, StoreError};

/// How many rows are written at once.
const BATCH: usize = 1000;

/// How many rows of a table were copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) table: &'static str,
    pub(crate) rows: u64,
}

/// A store in any database.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A transaction that writes.
enum Target {
    Sqlite(Sqlite, sqlx::Transaction<'static, SqliteDatabase>),
    Postgres(Postgres, sqlx::Transaction<'static, PgDatabase>),
}

/// The values of a column, one for each row of a batch.
#[derive(Debug)]
enum Column {
    Text(Vec<Option<String>>),
    Number(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Flag(Vec<bool>),
}

/// Rows of a table.
#[derive(Debug)]
pub(in crate::store) struct Batch {
    table: &'static Table,
    columns: Vec<Column>,
    rows: usize,
}

impl Backend {
    /// Copies everything that this store holds into another one: sealed values as they are, and in
    /// the order in which they came. One transaction reads and one writes.
    ///
    /// # Errors
    /// Where the other store holds anything already, or one of them cannot be used. Nothing is
    /// written then.
    pub(crate) async fn copy_to(&self, to: &Backend) -> Result<Vec<Copied>> {
        let mut target = to.begin().await?;
        for table in TABLES {
            if !target.is_empty(table).await? {
                let message = format!(
                    "the store to copy to is not empty: it has rows in `{}`; copy to a new one",
                    table.name
                );
                return Err(StoreError(message.into()));
            }
        }
        let copied = match self {
            Backend::Sqlite(store) => {
                let mut source = store.snapshot().await?;
                let mut copied = Vec::new();
                for table in TABLES {
                    let select = AssertSqlSafe(table.select("rowid"));
                    let rows = sqlx::query(select).fetch(&mut *source);
                    copied.push(copy_table(table, rows, &mut target).await?);
                }
                copied
            }
            Backend::Postgres(store) => {
                let mut source = store.snapshot().await?;
                let mut copied = Vec::new();
                for table in TABLES {
                    let select = AssertSqlSafe(table.select("seq"));
                    let rows = sqlx::query(select).fetch(&mut *source);
                    copied.push(copy_table(table, rows, &mut target).await?);
                }
                copied
            }
        };
        target.commit().await?;
        Ok(copied)
    }

    /// Closes the store.
    ///
    /// # Errors
    /// Where something could not be brought to its place.
    pub(crate) async fn close(&self) -> Result<()> {
        match self {
            Backend::Sqlite(store) => store.close().await,
            Backend::Postgres(store) => store.close().await,
        }
    }

    async fn begin(&self) -> Result<Target> {
        Ok(match self {
            Backend::Sqlite(store) => Target::Sqlite(store.clone(), store.begin().await?),
            Backend::Postgres(store) => Target::Postgres(store.clone(), store.begin_copy().await?),
        })
    }
}

async fn copy_table<R: StoredRow>(
    table: &'static Table,
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    target: &mut Target,
) -> Result<Copied> {
    let mut batch = Batch::of(table);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        batch.push(&row)?;
        count += 1;
        if batch.rows == BATCH {
            target
                .insert(std::mem::replace(&mut batch, Batch::of(table)))
                .await?;
        }
    }
    target.insert(batch).await?;
    Ok(Copied {
        table: table.name,
        rows: count,
    })
}

impl Target {
    async fn is_empty(&mut self, table: &Table) -> Result<bool> {
        let select = AssertSqlSafe(format!("SELECT 1 FROM {} LIMIT 1", table.name));
        Ok(match self {
            Target::Sqlite(_, tx) => sqlx::query(select)
                .fetch_optional(&mut **tx)
                .await?
                .is_none(),
            Target::Postgres(_, tx) => sqlx::query(select)
                .fetch_optional(&mut **tx)
                .await?
                .is_none(),
        })
    }

    async fn insert(&mut self, batch: Batch) -> Result<()> {
        match self {
            _ if batch.rows == 0 => Ok(()),
            Target::Sqlite(_, tx) => batch.insert_into_sqlite(tx).await,
            Target::Postgres(_, tx) => batch.insert_into_postgres(tx).await,
        }
    }

    async fn commit(self) -> Result<()> {
        match self {
            Target::Sqlite(store, tx) => store.commit(tx).await,
            Target::Postgres(store, tx) => store.commit(tx).await,
        }
    }
}

impl Table {
    fn names(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The statement that reads all rows in the order of the column `number`.
    pub(in crate::store) fn select(&self, number: &str) -> String {
        format!(
            "SELECT {} FROM {} ORDER BY {number}",
            self.names(),
            self.name
        )
    }
}

impl Batch {
    pub(in crate::store) fn of(table: &'static Table) -> Batch {
        let column = |kind: &Kind| match kind {
            Kind::Text => Column::Text(Vec::new()),
            Kind::Number => Column::Number(Vec::new()),
            Kind::Bytes => Column::Bytes(Vec::new()),
            Kind::Flag => Column::Flag(Vec::new()),
        };
        Batch {
            table,
            columns: table.columns.iter().map(|(_, kind)| column(kind)).collect(),
            rows: 0,
        }
    }

    pub(in crate::store) fn push(&mut self, row: &impl StoredRow) -> Result<()> {
        for (column, (name, _)) in self.columns.iter_mut().zip(self.table.columns) {
            match column {
                // PostgreSQL has no place for NUL.
                Column::Text(texts) => {
                    let text = row.optional_text(name)?;
                    texts.push(text.map(|it| it.replace('\0', "\u{fffd}")));
                }
                Column::Number(numbers) => numbers.push(row.optional_number(name)?),
                Column::Bytes(bytes) => bytes.push(row.optional_bytes(name)?),
                Column::Flag(flags) => flags.push(row.flag(name)?),
            }
        }
        self.rows += 1;
        Ok(())
    }

    async fn insert_into_sqlite(self, tx: &mut SqliteConnection) -> Result<()> {
        let places = vec!["?"; self.columns.len()].join(", ");
        let (table, names) = (self.table.name, self.table.names());
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({places})");
        for row in 0..self.rows {
            let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
            for column in &self.columns {
                query = match column {
                    Column::Text(texts) => query.bind(texts.get(row).cloned().flatten()),
                    Column::Number(numbers) => query.bind(numbers.get(row).copied().flatten()),
                    Column::Bytes(bytes) => query.bind(bytes.get(row).cloned().flatten()),
                    Column::Flag(flags) => query.bind(flags.get(row).copied()),
                };
            }
            query.execute(&mut *tx).await?;
        }
        Ok(())
    }

    /// Writes all rows by one statement: each column is one array.
    async fn insert_into_postgres(self, tx: &mut PgConnection) -> Result<()> {
        let arrays = self.columns.iter().enumerate().map(|(index, column)| {
            let kind = match column {
                Column::Text(_) => "text",
                Column::Number(_) => "bigint",
                Column::Bytes(_) => "bytea",
                Column::Flag(_) => "boolean",
            };
            format!("${}::{kind}[]", index + 1)
        });
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        let (table, names) = (self.table.name, self.table.names());
        let insert = format!("INSERT INTO {table} ({names}) SELECT * FROM UNNEST({arrays})");
        let mut query = sqlx::query(AssertSqlSafe(insert));
        for column in self.columns {
            query = match column {
                Column::Text(texts) => query.bind(texts),
                Column::Number(numbers) => query.bind(numbers),
                Column::Bytes(bytes) => query.bind(bytes),
                Column::Flag(flags) => query.bind(flags),
            };
        }
        query.execute(tx).await?;
        Ok(())
    }
}
