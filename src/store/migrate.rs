//! Migrations: append-only, one SQL file each, counted by `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Result, StoreError};

/// In order; position + 1 is the format a file brings the database to. Never edit one that has been released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_begin.sql"),
    include_str!("migrations/0002_outbox.sql"),
    include_str!("migrations/0003_thread.sql"),
    include_str!("migrations/0004_files.sql"),
    include_str!("migrations/0005_mirror_status.sql"),
    include_str!("migrations/0006_coverage.sql"),
    include_str!("migrations/0007_tags.sql"),
    include_str!("migrations/0008_sla.sql"),
    include_str!("migrations/0009_templates.sql"),
    include_str!("migrations/0010_escalation.sql"),
    include_str!("migrations/0011_routing.sql"),
    include_str!("migrations/0012_automatic.sql"),
    include_str!("migrations/0013_quiet.sql"),
    include_str!("migrations/0014_summons.sql"),
    include_str!("migrations/0015_openings.sql"),
    include_str!("migrations/0016_groups.sql"),
    include_str!("migrations/0017_tags_index.sql"),
];

/// The highest format this version knows.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Tells the format of a database; 0 for an empty one.
pub(super) fn format(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings a database to [`KNOWN`], each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let found = format(connection)?;
    if found > KNOWN {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: KNOWN });
    }
    if found > 0 && found < KNOWN && path.is_absolute() {
        // Whoever wants the version before back has their tickets as they were.
        let copy = path.with_file_name(format!("tickets.db.format-{found}"));
        if !copy.exists() {
            super::backup::copy(connection, &copy)?;
            tracing::info!(copy = %copy.display(), "a copy was made before the format changes");
        }
    }
    for (step, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A desk from before there could be several groups: what it kept is its group's.
    #[test]
    fn what_was_kept_once_is_kept_for_the_group_that_there_was() {
        let mut connection = Connection::open_in_memory().expect("opens");
        for sql in &MIGRATIONS[..13] {
            connection.execute_batch(sql).expect("migrates");
        }
        connection.pragma_update(None, "user_version", 13).expect("counts");
        let kept = "INSERT INTO meta (key, value) VALUES ('buried', '[5]'), ('clocks', '2:none'), ('cursor', '{}')";
        connection.execute_batch(&format!("INSERT INTO groups (id) VALUES (77); {kept};")).expect("writes");
        migrate(&mut connection, Path::new(":memory:")).expect("migrates");
        let mut statement =
            connection.prepare("SELECT key FROM meta WHERE key <> 'kept_deleted' ORDER BY key").expect("reads");
        let keys = statement.query_map([], |row| row.get::<_, String>(0)).expect("reads");
        let keys: Vec<String> = keys.map(|key| key.expect("a text")).collect();
        assert_eq!(keys, ["buried:77", "clocks:77", "cursor"]);
    }
}
