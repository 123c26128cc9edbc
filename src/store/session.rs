//! `session.db`: what it takes to be logged in. Keys, home data centre, own account, access hashes of peers; nothing else.
//!
//! The file has mode 0600 from its first byte and is refused when others may read it. A stored key is never replaced: whoever
//! wants another one forgets the old login first, in so many words. The update cursor does not live here: it is committed with
//! the content it stands for, in `tickets.db`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::net::{SocketAddrV4, SocketAddrV6};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::clock::Timestamp;

const APPLICATION_ID: i64 = 0x7464_7365; // "tdse"
const VERSION: i64 = 2;

const SCHEMA: &str = "
    CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), home_dc INTEGER NOT NULL);
    CREATE TABLE dc (id INTEGER PRIMARY KEY, ipv4 TEXT NOT NULL, ipv6 TEXT NOT NULL, auth_key BLOB);
    CREATE TABLE own (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL, access_hash INTEGER NOT NULL,
        name TEXT NOT NULL, username TEXT, bot INTEGER NOT NULL);
    CREATE TABLE peer (kind INTEGER NOT NULL, id INTEGER NOT NULL, access_hash INTEGER NOT NULL, subtype INTEGER NOT NULL,
        PRIMARY KEY (kind, id)) WITHOUT ROWID;
";

/// Since version 2: that Telegram has destroyed the key, which no restart may forget.
const DESTROYED: &str =
    "CREATE TABLE destroyed (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL, at INTEGER NOT NULL);";

/// Why the session file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Others may read the file.
    #[error("{} can be read by others (mode {mode:04o}): it holds the login. Run: chmod 600 {}", path.display(), path.display())]
    Loose {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file or its folder cannot be read or written.
    #[error("cannot open {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no session file, damaged, or of a newer version.
    #[error("{} is not a session file of this version of topicdesk ({why}): move it away and log in again", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is a key already, and it is another one.
    #[error(
        "the stored key of data centre {dc} was about to be replaced, and was kept. Telegram (or the sandbox) does not know this \
         login any more, or the settings point elsewhere: run `topicdesk logout` and `topicdesk login`, or use another --data-dir"
    )]
    KeyKept {
        /// The data centre.
        dc: i32,
    },
    /// SQLite failed.
    #[error("session.db: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// A data centre: where it is, and the key to it.
#[derive(Clone, PartialEq, Eq)]
pub struct DcRecord {
    /// Its number.
    pub id: i32,
    /// Its IPv4 address.
    pub ipv4: SocketAddrV4,
    /// Its IPv6 address.
    pub ipv6: SocketAddrV6,
    /// The permanent key, if one was agreed upon.
    pub auth_key: Option<[u8; 256]>,
}

impl fmt::Debug for DcRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcRecord")
            .field("id", &self.id)
            .field("ipv4", &self.ipv4)
            .field("auth_key", &self.auth_key.map(|_| "(redacted)"))
            .finish_non_exhaustive()
    }
}

/// The account that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRecord {
    /// Telegram id.
    pub id: i64,
    /// Its access hash.
    pub access_hash: i64,
    /// Its name, safe.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    /// It is a bot.
    pub bot: bool,
}

/// That Telegram has destroyed the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// Telegram's name for it.
    pub name: String,
    /// When this machine was told.
    pub at: Timestamp,
}

/// What a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerSort {
    /// A user or bot.
    User,
    /// A supergroup or channel.
    Channel,
}

/// A peer and the hash that lets this account address it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerRecord {
    /// What it is.
    pub sort: PeerSort,
    /// Its bare id.
    pub id: i64,
    /// The hash; belongs to this account only.
    pub access_hash: i64,
    /// User: 1 for a bot. Channel: 1 broadcast, 2 megagroup, 3 gigagroup, 4 community. 0: not known.
    pub subtype: u8,
}

/// The open session file.
#[derive(Debug)]
pub struct SessionFile {
    connection: Connection,
}

impl SessionFile {
    /// Opens the file, creating it (and its folder, 0700) when absent.
    ///
    /// # Errors
    /// Loose permissions, no access, a file that is something else.
    pub fn open(path: &Path) -> Result<Self, SessionError> {
        let unreadable = |source| SessionError::Unreadable { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            let mut builder = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
            builder.create(folder).map_err(unreadable)?;
        }
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unreadable(error)),
        }
        Self::open_existing(path)
    }

    /// Opens the file if there is one.
    ///
    /// # Errors
    /// As [`SessionFile::open`].
    pub fn open_if_present(path: &Path) -> Result<Option<Self>, SessionError> {
        match path.try_exists() {
            Ok(false) => Ok(None),
            Ok(true) => Self::open_existing(path).map(Some),
            Err(source) => Err(SessionError::Unreadable { path: path.to_owned(), source }),
        }
    }

    fn open_existing(path: &Path) -> Result<Self, SessionError> {
        let unreadable = |source| SessionError::Unreadable { path: path.to_owned(), source };
        if std::fs::symlink_metadata(path).map_err(unreadable)?.is_symlink() {
            return Err(SessionError::Foreign { path: path.to_owned(), why: "a link to elsewhere".to_owned() });
        }
        // Opened for real, because permission bits say nothing about access lists or a read-only disk.
        let file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SessionError::Loose { path: path.to_owned(), mode });
        }
        let foreign = |why: String| SessionError::Foreign { path: path.to_owned(), why };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| foreign(error.to_string()))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let id = pragma("application_id").map_err(|error| foreign(error.to_string()))?;
        let version = pragma("user_version").map_err(|error| foreign(error.to_string()))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (id, version) {
            (APPLICATION_ID, VERSION) => {}
            (APPLICATION_ID, 1) => {
                connection
                    .execute_batch(&format!("BEGIN IMMEDIATE; {DESTROYED} PRAGMA user_version = {VERSION}; COMMIT;"))?;
            }
            (0, 0) if tables == 0 => {
                connection.execute_batch(&format!(
                    "BEGIN IMMEDIATE; {SCHEMA} {DESTROYED} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
                ))?;
            }
            (APPLICATION_ID, newer) => return Err(foreign(format!("version {newer}"))),
            _ => return Err(foreign("another program's database".to_owned())),
        }
        Ok(Self { connection })
    }

    /// Tells the home data centre, if one was ever set.
    ///
    /// # Errors
    /// SQLite's.
    pub fn home_dc(&self) -> Result<Option<i32>, SessionError> {
        let mut statement = self.connection.prepare_cached("SELECT home_dc FROM meta")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// Sets the home data centre.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_home_dc(&self, dc: i32) -> Result<(), SessionError> {
        self.connection.execute(
            "INSERT INTO meta (one, home_dc) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET home_dc = excluded.home_dc",
            [dc],
        )?;
        Ok(())
    }

    /// Reads all data centres.
    ///
    /// # Errors
    /// SQLite's. Rows whose addresses do not parse are left out.
    pub fn dcs(&self) -> Result<Vec<DcRecord>, SessionError> {
        let mut statement = self.connection.prepare_cached("SELECT id, ipv4, ipv6, auth_key FROM dc ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        })?;
        let mut dcs = Vec::new();
        for row in rows {
            let (id, ipv4, ipv6, key) = row?;
            let (Ok(ipv4), Ok(ipv6)) = (ipv4.parse(), ipv6.parse()) else { continue };
            dcs.push(DcRecord { id, ipv4, ipv6, auth_key: key.and_then(|key| key.try_into().ok()) });
        }
        Ok(dcs)
    }

    /// Writes a data centre. A record without a key leaves a stored one alone.
    ///
    /// # Errors
    /// [`SessionError::KeyKept`] if another key is stored; nothing is written then.
    pub fn put_dc(&self, dc: &DcRecord) -> Result<(), SessionError> {
        let stored: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT auth_key FROM dc WHERE id = ?1")?
            .query_row([dc.id], |row| row.get(0))
            .optional()?
            .flatten();
        if let (Some(stored), Some(offered)) = (&stored, &dc.auth_key)
            && stored.as_slice() != offered.as_slice()
        {
            return Err(SessionError::KeyKept { dc: dc.id });
        }
        self.connection
            .prepare_cached(
                "INSERT INTO dc (id, ipv4, ipv6, auth_key) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE
                 SET ipv4 = excluded.ipv4, ipv6 = excluded.ipv6, auth_key = coalesce(dc.auth_key, excluded.auth_key)",
            )?
            .execute(params![
                dc.id,
                dc.ipv4.to_string(),
                dc.ipv6.to_string(),
                dc.auth_key.as_ref().map(|key| &key[..])
            ])?;
        Ok(())
    }

    /// Reads the account that is logged in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn own(&self) -> Result<Option<OwnRecord>, SessionError> {
        let mut statement = self.connection.prepare_cached("SELECT id, access_hash, name, username, bot FROM own")?;
        let own = statement.query_row([], |row| {
            Ok(OwnRecord {
                id: row.get(0)?,
                access_hash: row.get(1)?,
                name: row.get(2)?,
                username: row.get(3)?,
                bot: row.get(4)?,
            })
        });
        Ok(own.optional()?)
    }

    /// Writes the account that is logged in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_own(&self, own: &OwnRecord) -> Result<(), SessionError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO own (one, id, access_hash, name, username, bot) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            params![own.id, own.access_hash, own.name, own.username, own.bot],
        )?;
        Ok(())
    }

    /// Writes down that Telegram has destroyed the key, by its name for that. The first time counts.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_destroyed(&self, name: &str, at: Timestamp) -> Result<(), SessionError> {
        self.connection.execute(
            "INSERT OR IGNORE INTO destroyed (one, name, at) VALUES (1, ?1, ?2)",
            params![name, at.millis()],
        )?;
        Ok(())
    }

    /// Tells whether and when Telegram has destroyed the key.
    ///
    /// # Errors
    /// SQLite's.
    pub fn destroyed(&self) -> Result<Option<Destroyed>, SessionError> {
        let mut statement = self.connection.prepare_cached("SELECT name, at FROM destroyed")?;
        let found =
            statement.query_row([], |row| Ok(Destroyed { name: row.get(0)?, at: Timestamp::from_millis(row.get(1)?) }));
        Ok(found.optional()?)
    }

    /// Forgets the login: own account, all keys, all hashes, and that the key was destroyed. Addresses stay.
    ///
    /// # Errors
    /// SQLite's; then nothing was forgotten.
    pub fn forget(&self) -> Result<(), SessionError> {
        self.connection.execute_batch(
            "BEGIN IMMEDIATE; PRAGMA secure_delete = ON; DELETE FROM own; DELETE FROM peer; DELETE FROM meta; DELETE FROM destroyed;
             UPDATE dc SET auth_key = NULL; COMMIT;",
        )?;
        Ok(())
    }

    /// Reads a peer.
    ///
    /// # Errors
    /// SQLite's.
    pub fn peer(&self, sort: PeerSort, id: i64) -> Result<Option<PeerRecord>, SessionError> {
        let mut statement =
            self.connection.prepare_cached("SELECT access_hash, subtype FROM peer WHERE kind = ?1 AND id = ?2")?;
        let peer = statement.query_row(params![sort_code(sort), id], |row| {
            Ok(PeerRecord { sort, id, access_hash: row.get(0)?, subtype: row.get(1)? })
        });
        Ok(peer.optional()?)
    }

    /// Reads all peers of a sort, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn peers(&self, sort: PeerSort) -> Result<Vec<PeerRecord>, SessionError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, access_hash, subtype FROM peer WHERE kind = ?1 ORDER BY id")?;
        let peers = statement.query_map([sort_code(sort)], |row| {
            Ok(PeerRecord { sort, id: row.get(0)?, access_hash: row.get(1)?, subtype: row.get(2)? })
        })?;
        Ok(peers.collect::<Result<_, _>>()?)
    }

    /// Writes peers, in one transaction.
    ///
    /// # Errors
    /// SQLite's; then none was written.
    pub fn put_peers(&mut self, peers: &[PeerRecord]) -> Result<(), SessionError> {
        let transaction = self.connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(
                "INSERT OR REPLACE INTO peer (kind, id, access_hash, subtype) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for peer in peers {
                statement.execute(params![sort_code(peer.sort), peer.id, peer.access_hash, peer.subtype])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Forgets the hash of a peer, because Telegram does not take it any more.
    ///
    /// # Errors
    /// SQLite's.
    pub fn drop_peer(&self, sort: PeerSort, id: i64) -> Result<(), SessionError> {
        self.connection.execute("DELETE FROM peer WHERE kind = ?1 AND id = ?2", params![sort_code(sort), id])?;
        Ok(())
    }
}

fn sort_code(sort: PeerSort) -> i64 {
    match sort {
        PeerSort::User => 1,
        PeerSort::Channel => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dc(key: Option<u8>) -> DcRecord {
        DcRecord {
            id: 2,
            ipv4: "127.0.0.1:443".parse().expect("an address"),
            ipv6: "[::1]:443".parse().expect("an address"),
            auth_key: key.map(|byte| [byte; 256]),
        }
    }

    #[test]
    fn a_stored_key_is_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk").join("session.db");
        let file = SessionFile::open(&path).expect("opens");
        file.put_dc(&dc(Some(1))).expect("first key");
        file.put_dc(&dc(None)).expect("no key leaves it alone");
        assert!(matches!(file.put_dc(&dc(Some(2))), Err(SessionError::KeyKept { dc: 2 })));
        drop(file);
        let file = SessionFile::open(&path).expect("opens again");
        assert_eq!(file.dcs().expect("reads"), vec![dc(Some(1))]);
        assert!(!format!("{:?}", dc(Some(1))).contains("1, 1"), "a key is not in Debug");
        file.forget().expect("forgets");
        file.put_dc(&dc(Some(2))).expect("a new login may have a new key");
    }

    #[test]
    fn a_destroyed_key_is_written_down_until_the_login_is_forgotten_and_old_files_learn_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("session.db");
        let file = SessionFile::open(&path).expect("opens");
        file.connection.execute_batch("DROP TABLE destroyed; PRAGMA user_version = 1;").expect("as it was");
        file.put_dc(&dc(Some(1))).expect("a key");
        drop(file);
        let file = SessionFile::open(&path).expect("an old file opens");
        assert_eq!(file.destroyed().expect("reads"), None);
        let first = Destroyed { name: "AUTH_KEY_DUPLICATED".to_owned(), at: Timestamp::from_unix(7) };
        file.set_destroyed(&first.name, first.at).expect("writes");
        file.set_destroyed("AGAIN", Timestamp::from_unix(9)).expect("writes");
        drop(file);
        let file = SessionFile::open(&path).expect("opens");
        assert_eq!(file.destroyed().expect("reads"), Some(first));
        file.forget().expect("forgets");
        assert_eq!(file.destroyed().expect("reads"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_and_a_new_one_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("session.db");
        SessionFile::open(&path).expect("opens");
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = SessionFile::open(&path).expect_err("refused").to_string();
        assert!(error.contains("0640") && error.contains("chmod 600"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        std::fs::write(&path, b"this is not a database at all, but it is long enough to be taken for one")
            .expect("writes");
        assert!(matches!(SessionFile::open(&path), Err(SessionError::Foreign { .. })));
    }

    #[test]
    fn peers_and_own_account_survive() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("session.db");
        let own = OwnRecord { id: 7, access_hash: -3, name: "Desk".to_owned(), username: None, bot: true };
        let peer = PeerRecord { sort: PeerSort::Channel, id: 9, access_hash: 4, subtype: 2 };
        let mut file = SessionFile::open(&path).expect("opens");
        file.set_own(&own).expect("writes");
        file.put_peers(std::slice::from_ref(&peer)).expect("writes");
        file.set_home_dc(4).expect("writes");
        drop(file);
        let file = SessionFile::open_if_present(&path).expect("opens").expect("is there");
        assert_eq!(file.own().expect("reads"), Some(own));
        assert_eq!(file.peer(PeerSort::Channel, 9).expect("reads"), Some(peer.clone()));
        assert_eq!(file.peers(PeerSort::Channel).expect("reads"), vec![peer]);
        assert_eq!(file.home_dc().expect("reads"), Some(4));
        assert!(SessionFile::open_if_present(&folder.path().join("absent.db")).expect("no error").is_none());
    }
}
