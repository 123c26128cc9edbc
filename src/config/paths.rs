//! Where everything lies: the configuration, the data of a desk, the templates, the log.

use std::path::{Path, PathBuf};

use super::ConfigError;

/// The desk that is meant when none is named.
pub const DEFAULT_DESK: &str = "default";

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The desk's name.
    pub desk: String,
    /// `desk.toml`, which need not exist.
    pub config: PathBuf,
    /// The file was named by the caller, so it has to exist.
    pub config_named: bool,
    /// The folder of all desks' data.
    pub data_dir: PathBuf,
    /// The folder of this desk's data.
    pub data: PathBuf,
    /// The socket of whoever runs the desk.
    pub socket: PathBuf,
}

/// Where a desk lies that the whole machine shares: its configuration, its data, its socket.
const SYSTEM: [&str; 3] = ["/etc/topicdesk", "/var/lib/topicdesk", "/run/topicdesk"];

/// The user's own folders, for configuration and for data.
struct Own {
    config: PathBuf,
    data: PathBuf,
}

impl Paths {
    /// Finds the places: what the caller names, else the user's folders for configuration and data.
    ///
    /// `desk.toml` is the named file; else the one in the named data folder, if there is one (as a demo leaves it); else
    /// the user's, which for another desk than the default one is `<desk>.toml`. Who has neither a file nor data of their own works the
    /// machine's desk, if there is one: `/etc/topicdesk/desk.toml`, data in `/var/lib/topicdesk`, the socket in `/run/topicdesk`.
    ///
    /// # Errors
    /// The desk's name cannot be a folder's, or there is no home directory.
    pub fn find(desk: Option<&str>, config: Option<&Path>, data_dir: Option<&Path>) -> Result<Paths, ConfigError> {
        let dirs = directories::ProjectDirs::from("", "", "topicdesk");
        let own = dirs.map(|dirs| Own { config: dirs.config_dir().to_owned(), data: dirs.data_dir().to_owned() });
        Paths::choose(desk, config, data_dir, own.as_ref(), &Path::exists)
    }

    /// Chooses the places by what is there.
    fn choose(
        desk: Option<&str>,
        config: Option<&Path>,
        data_dir: Option<&Path>,
        own: Option<&Own>,
        exists: &dyn Fn(&Path) -> bool,
    ) -> Result<Paths, ConfigError> {
        let desk = desk.unwrap_or(DEFAULT_DESK);
        let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if desk.is_empty() || desk.len() > 64 || !desk.chars().all(fits) {
            return Err(ConfigError::DeskName(desk.escape_debug().to_string()));
        }
        let name = if desk == DEFAULT_DESK { "desk.toml".to_owned() } else { format!("{desk}.toml") };
        let has_own = |own: &Own| exists(&own.config.join(&name)) || exists(&own.data.join(desk));
        let shared = Path::new(SYSTEM[0]).join(&name);
        if data_dir.is_none()
            && config.is_none_or(|file| file == shared)
            && !own.is_some_and(has_own)
            && exists(&shared)
        {
            let data_dir = PathBuf::from(SYSTEM[1]);
            return Ok(Paths {
                desk: desk.to_owned(),
                config: shared,
                config_named: false,
                data: data_dir.join(desk),
                data_dir,
                socket: Path::new(SYSTEM[2]).join(format!("{desk}.sock")),
            });
        }
        let data = match (data_dir, own) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(own)) => own.data.clone(),
            (None, None) => return Err(ConfigError::Homeless),
        };
        let beside = data_dir.map(|folder| folder.join(&name)).filter(|file| exists(file));
        let file = match (config, beside, own) {
            (Some(file), _, _) => file.to_owned(),
            (None, Some(file), _) => file,
            (None, None, Some(own)) => own.config.join(&name),
            (None, None, None) => data.join(&name),
        };
        let data_dir = data.clone();
        Ok(Paths {
            desk: desk.to_owned(),
            config: file,
            config_named: config.is_some(),
            // The folder is its owner's only, as a socket's has to be.
            socket: data.join(desk).join("desk.sock"),
            data: data.join(desk),
            data_dir,
        })
    }

    /// Names the login's file.
    pub fn session(&self) -> PathBuf {
        self.data.join("session.db")
    }

    /// Names the ticket cache.
    pub fn tickets(&self) -> PathBuf {
        self.data.join("tickets.db")
    }

    /// Names the folder of the user's own templates, beside `desk.toml`.
    pub fn templates(&self) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join("templates")
    }

    /// Names the folder of an agent's own templates, inside the one of the desk's. An agent whose name is no file's name has none.
    pub fn personal_templates(&self, agent: &str) -> Option<PathBuf> {
        let fits = !agent.is_empty() && !agent.starts_with('.') && !agent.contains(['/', '\\', '\0']);
        fits.then(|| self.templates().join("personal").join(agent))
    }

    /// Names the folder of the log files.
    pub fn log(&self) -> PathBuf {
        self.data.join("log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_places_win() {
        let found =
            Paths::find(Some("acme"), Some(Path::new("/etc/d.toml")), Some(Path::new("/srv/d"))).expect("finds");
        assert_eq!(found.config, Path::new("/etc/d.toml"));
        assert_eq!(found.tickets(), Path::new("/srv/d/acme/tickets.db"));
        assert!(found.config_named);
    }

    #[test]
    fn a_data_folder_brings_its_own_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("desk.toml");
        std::fs::write(&file, "").expect("writes");
        assert_eq!(Paths::find(None, None, Some(folder.path())).expect("finds").config, file);
    }

    #[test]
    fn the_machines_desk_is_for_those_who_have_none_of_their_own() {
        let own = Own { config: "/home/mia/.config/topicdesk".into(), data: "/home/mia/.local/share/topicdesk".into() };
        let (etc, mine) = ("/etc/topicdesk/desk.toml", "/home/mia/.config/topicdesk/desk.toml");
        let data = "/home/mia/.local/share/topicdesk/default";
        // Desk, named file, named data folder, what is there; and the file, the data and the socket that follow.
        type Row<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, &'a [&'a str], [&'a str; 3]);
        let machines = [etc, "/var/lib/topicdesk/default", "/run/topicdesk/default.sock"];
        let socket = "/home/mia/.local/share/topicdesk/default/desk.sock";
        let rows: &[Row<'_>] = &[
            (None, None, None, &[], [mine, data, socket]),
            (None, None, None, &[etc], machines),
            (None, None, None, &[etc, mine], [mine, data, socket]),
            (None, None, None, &[etc, data], [mine, data, socket]),
            (None, Some(etc), None, &[etc], machines),
            (None, Some("/srv/d.toml"), None, &[etc], ["/srv/d.toml", data, socket]),
            (None, None, Some("/srv"), &[etc], [mine, "/srv/default", "/srv/default/desk.sock"]),
            (
                None,
                None,
                Some("/srv"),
                &[etc, "/srv/desk.toml"],
                ["/srv/desk.toml", "/srv/default", "/srv/default/desk.sock"],
            ),
            // Each desk for itself: whoever has one of their own works another one of the machine's.
            (
                Some("acme"),
                None,
                None,
                &[etc, mine, data, "/etc/topicdesk/acme.toml"],
                ["/etc/topicdesk/acme.toml", "/var/lib/topicdesk/acme", "/run/topicdesk/acme.sock"],
            ),
        ];
        for (desk, config, data_dir, there, [file, data, socket]) in rows {
            let exists = |path: &Path| there.iter().any(|one| Path::new(one) == path);
            let found = Paths::choose(*desk, config.map(Path::new), data_dir.map(Path::new), Some(&own), &exists);
            let found = found.expect("finds");
            let places = [&found.config, &found.data, &found.socket];
            assert_eq!(places, [file, data, socket].map(Path::new), "{desk:?} {config:?} {data_dir:?} {there:?}");
        }
        // Who has no home at all has the machine's, or none.
        let exists = |path: &Path| path == Path::new(etc);
        assert_eq!(Paths::choose(None, None, None, None, &exists).expect("finds").socket, Path::new(machines[2]));
        assert!(matches!(Paths::choose(None, None, None, None, &|_| false), Err(ConfigError::Homeless)));
    }

    #[test]
    fn a_desk_cannot_leave_its_folder() {
        for name in ["", "..", "a/b", "a\u{1b}b", "."] {
            assert!(Paths::find(Some(name), None, Some(Path::new("/x"))).is_err(), "{name:?}");
        }
    }
}
