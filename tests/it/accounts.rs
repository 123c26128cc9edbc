//! A machine of its own, as far as a mount namespace makes one: accounts of a directory service, and the places of a desk that the
//! whole machine shares. Needs root; the machine stays as it was.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Signal, kill_process};

use crate::cli_seats::{FAST, QUIET, Server};
use crate::support::process::{SandboxProcess, account, settings, until};

const SERVICE: u32 = 55_010;
const GROUP: u32 = 54_243;
const OLENA: u32 = 55_011;
const TOM: u32 = 55_002;
const STRANGER: u32 = 55_003;

/// A mount namespace that lives as long as this.
struct Apart {
    holder: Child,
    /// What everybody may read: the program, and what a test puts there.
    folder: tempfile::TempDir,
}

impl Apart {
    /// Makes one and mounts what the script says, which finds the folder in `$0`; `None`, aloud, where that may not be.
    fn new(prepare: impl FnOnce(&Path), script: &str) -> Option<Apart> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: only root can be other users; accounts and the machine's own places were not tried");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("sets");
        fs::copy(env!("CARGO_BIN_EXE_topicdesk"), folder.path().join("topicdesk")).expect("copies");
        let home = folder.path().join("home");
        fs::create_dir(&home).expect("makes");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).expect("sets");
        prepare(folder.path());
        let script = format!("set -e\n{script}\necho ready\nexec cat");
        // It ends when its standard input does, however this process ends.
        let holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut holder) = holder else {
            eprintln!("SKIPPED: there is no unshare(1); accounts and the machine's own places were not tried");
            return None;
        };
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("is piped")).read_line(&mut line).expect("reads");
        if line != "ready\n" {
            eprintln!("SKIPPED: this machine lets nobody mount; accounts and the machine's own places were not tried");
            holder.wait().expect("ends");
            return None;
        }
        Some(Apart { holder, folder })
    }

    /// The program in there, as a user.
    fn command(&self, user: u32, group: u32, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount"]);
        command.args(["--setuid", &user.to_string(), "--setgid", &group.to_string(), "--"]);
        command.arg(self.folder.path().join("topicdesk")).args(args);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("HOME", self.folder.path().join("home"));
        // Where a test has put a directory service.
        command.env("LD_LIBRARY_PATH", self.folder.path()).current_dir("/").stdin(Stdio::null());
        command
    }

    fn run(&self, user: u32, group: u32, args: &[&str]) -> (Option<i32>, String) {
        words(&self.command(user, group, args).output().expect("starts"))
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _gone = self.holder.kill();
        let _gone = self.holder.wait();
    }
}

fn words(output: &Output) -> (Option<i32>, String) {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8_lossy(&all).into_owned())
}

/// The settings of a desk that others attach to.
fn shared(sandbox: &SandboxProcess, group: &str, agents: &str) -> String {
    let own = settings(&sandbox.line, 0, FAST);
    let start = own.find("[[agents]]").expect("has agents");
    format!("[desk]\nsocket_group = \"{group}\"\n{}\n{agents}", &own[..start])
}

fn log_in(apart: &Apart, user: u32, sandbox: &SandboxProcess, args: &[&str]) {
    let token = account(&sandbox.line, "bot", "token")["token"].as_str().expect("a text");
    let mut login = apart.command(user, GROUP, &[args, &["login", "--bot"]].concat());
    let mut child = login.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
    writeln!(child.stdin.take().expect("is piped"), "{token}").expect("reads");
    assert!(child.wait().expect("ends").success());
}

fn first_ticket(apart: &Apart, user: u32, args: &[&str]) -> String {
    let (code, said) = apart.run(user, GROUP, &[args, &["queue", "unassigned", "--json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let rows: serde_json::Value = serde_json::from_str(&said).expect("json");
    rows[0]["id"].to_string()
}

/// A directory service that knows one user and one group.
const DIRECTORY: &str = r#"
#include <nss.h>
#include <pwd.h>
#include <grp.h>
#include <string.h>
#include <errno.h>
enum nss_status _nss_deskdir_getpwuid_r(uid_t uid, struct passwd *pw, char *buf, size_t len, int *err) {
    if (uid != 55011) return NSS_STATUS_NOTFOUND;
    /* Larger than the first buffer that is offered: it is asked again. */
    if (len < 5000) { *err = ERANGE; return NSS_STATUS_TRYAGAIN; }
    strcpy(buf, "olena.directory");
    buf[32] = 0;
    pw->pw_name = buf;
    pw->pw_passwd = pw->pw_gecos = pw->pw_dir = pw->pw_shell = buf + 32;
    pw->pw_uid = uid;
    pw->pw_gid = 54243;
    return NSS_STATUS_SUCCESS;
}
enum nss_status _nss_deskdir_getgrnam_r(const char *name, struct group *gr, char *buf, size_t len, int *err) {
    static char *none[] = { 0 };
    if (strcmp(name, "desk-directory")) return NSS_STATUS_NOTFOUND;
    if (len < 64) { *err = ERANGE; return NSS_STATUS_TRYAGAIN; }
    strcpy(buf, name);
    buf[32] = 0;
    gr->gr_name = buf;
    gr->gr_passwd = buf + 32;
    gr->gr_gid = 54243;
    gr->gr_mem = none;
    return NSS_STATUS_SUCCESS;
}
"#;

#[test]
fn accounts_and_groups_of_a_directory_service_are_known_by_name() {
    let compiled = std::cell::Cell::new(false);
    let prepare = |folder: &Path| {
        fs::write(folder.join("nsswitch.conf"), "passwd: files deskdir\ngroup: files deskdir\n").expect("writes");
        let source = folder.join("deskdir.c");
        fs::write(&source, DIRECTORY).expect("writes");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o"]).arg(folder.join("libnss_deskdir.so.2")).arg(&source);
        compiled.set(cc.status().is_ok_and(|status| status.success()));
        for file in ["nsswitch.conf", "libnss_deskdir.so.2"] {
            let _not_compiled = fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o755));
        }
    };
    let Some(apart) = Apart::new(prepare, "mount --bind \"$0/nsswitch.conf\" /etc/nsswitch.conf") else { return };
    if !compiled.get() || !cfg!(target_env = "gnu") {
        eprintln!("SKIPPED: a directory service could not be made here (cc, glibc); its accounts were not tried");
        return;
    }
    let sandbox = SandboxProcess::start(&QUIET);
    let agents = format!(
        "[[agents]]\nname = \"olena\"\nos_user = \"olena.directory\"\nrole = \"lead\"\n\
         [[agents]]\nname = \"tom\"\nos_user = \"{TOM}\"\n[[agents]]\nname = \"root\"\nos_user = \"root\"\n"
    );
    let file = apart.folder.path().join("desk.toml");
    fs::write(&file, shared(&sandbox, "desk-directory", &agents)).expect("writes");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("sets");
    let (run, data) = (apart.folder.path().join("run"), apart.folder.path().join("data"));
    for (path, mode) in [(&run, 0o755), (&data, 0o700)] {
        fs::create_dir(path).expect("makes");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets");
    }
    let text = |path: PathBuf| path.to_str().expect("a path").to_owned();
    let (file, data, socket) = (text(file), text(data), text(run.join("desk.sock")));
    let own = ["--config", &file, "--data-dir", &data, "--socket", &socket];
    log_in(&apart, 0, &sandbox, &own);
    let _server = Server::start(apart.command(0, 0, &[&own[..], &["serve"]].concat()));
    // By its name, which only the directory knows: for the desk, and for the command itself.
    let seat = ["--config", &file, "--socket", &socket];
    let synced = apart.run(OLENA, GROUP, &[&seat[..], &["sync"]].concat());
    assert_eq!(synced.0, Some(0), "{synced:?}");
    let ticket = first_ticket(&apart, OLENA, &seat);
    let (_, said) = apart.run(OLENA, GROUP, &[&seat[..], &["claim", &ticket]].concat());
    assert!(said.contains("ASSIGNED, olena"), "{said}");
    // By its number, as ever.
    let (_, said) = apart.run(TOM, GROUP, &[&seat[..], &["note", &ticket, "from tom"]].concat());
    assert!(said.contains("ASSIGNED, olena"), "{said}");
    let (_, seats) = apart.run(TOM, GROUP, &[&seat[..], &["seats"]].concat());
    assert!(seats.contains("tom"), "{seats}");
    // Whatever `$USER` says.
    let mut stranger = apart.command(STRANGER, GROUP, &[&seat[..], &["--agent", "tom", "queue"]].concat());
    let (code, said) = words(&stranger.env("USER", "olena.directory").output().expect("starts"));
    assert!(code == Some(3) && said.contains("user 55003 is no agent of this desk"), "{code:?} {said}");
    let mut stranger = apart.command(STRANGER, GROUP, &[&seat[..], &["queue"]].concat());
    let (code, said) = words(&stranger.env("USER", "olena.directory").output().expect("starts"));
    assert!(code != Some(0) && !said.contains("olena.directory"), "{code:?} {said}");
}

#[test]
fn a_desk_of_the_whole_machine_lies_in_the_machines_places() {
    let places = ["/etc/topicdesk", "/var/lib/topicdesk", "/run/topicdesk"].map(Path::new);
    let before = places.map(Path::exists);
    let sandbox = SandboxProcess::start(&QUIET);
    let agents = format!(
        "[[agents]]\nname = \"olena\"\nos_user = \"{OLENA}\"\nrole = \"admin\"\n\
         [[agents]]\nname = \"tom\"\nos_user = \"{TOM}\"\n"
    );
    let prepare = |folder: &Path| {
        fs::write(folder.join("desk.toml"), shared(&sandbox, &GROUP.to_string(), &agents)).expect("writes");
        fs::set_permissions(folder.join("desk.toml"), fs::Permissions::from_mode(0o644)).expect("sets");
    };
    // As the README has it, and systemd's StateDirectory= and RuntimeDirectory=.
    let script = format!(
        "mkdir \"$0/etc\"; cp -a /etc/. \"$0/etc\"; mount --bind \"$0/etc\" /etc
         mount -t tmpfs -o mode=755 none /var/lib; mount -t tmpfs -o mode=755 none /run
         mkdir -p /etc/topicdesk; chmod 755 /etc/topicdesk; cp -p \"$0/desk.toml\" /etc/topicdesk/desk.toml
         mkdir -m 700 /var/lib/topicdesk; mkdir -m 750 /run/topicdesk
         chown {SERVICE}:{GROUP} /var/lib/topicdesk /run/topicdesk"
    );
    let Some(apart) = Apart::new(prepare, &script) else { return };
    log_in(&apart, SERVICE, &sandbox, &[]);
    let server = Server::start(apart.command(SERVICE, GROUP, &["serve"]));
    let (code, said) = apart.run(OLENA, GROUP, &["sync"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, said) = apart.run(OLENA, GROUP, &["config", "path"]);
    assert!(said.contains("/etc/topicdesk/desk.toml"), "{said}");
    let ticket = first_ticket(&apart, OLENA, &[]);
    let (_, said) = apart.run(TOM, GROUP, &["claim", &ticket]);
    assert!(said.contains("ASSIGNED, tom"), "{said}");
    let (code, said) = apart.run(STRANGER, STRANGER, &["queue"]);
    assert!(code == Some(3) && said.contains("may not attach to the desk"), "{said}");
    // It begins anew with its configuration: what others ask meanwhile is done.
    for number in 0..3 {
        let (_, said) = apart.run(OLENA, GROUP, &["reload"]);
        assert!(said.contains("read again"), "{said}");
        let (code, said) = apart.run(TOM, GROUP, &["note", &ticket, &format!("at reload {number}")]);
        assert_eq!(code, Some(0), "{said}");
    }
    // The service dies: who has none of its files waits for it, and is done with when it is back.
    kill_process(server.pid(), Signal::KILL).expect("is there");
    drop(server);
    let mut waiting = apart.command(TOM, GROUP, &["note", &ticket, "while nobody was there"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    // It has met the dead socket for so long that it says for what it waits.
    let mut waiting = waiting;
    let mut line = String::new();
    BufReader::new(waiting.stderr.take().expect("is piped")).read_line(&mut line).expect("reads");
    assert!(line.contains("nobody listens at /run/topicdesk/default.sock: waiting"), "{line}");
    let _server = Server::start(apart.command(SERVICE, GROUP, &["serve"]));
    let output = waiting.wait_with_output().expect("ends");
    assert!(output.status.success(), "{:?}", words(&output));
    until("the note is there", || {
        apart.run(OLENA, GROUP, &["show", &ticket]).1.contains("while nobody was there").then_some(())
    });
    // It is stopped: nobody is kept waiting for what nobody will begin.
    let (_, said) = apart.run(OLENA, GROUP, &["stop"]);
    assert!(said.contains("ending"), "{said}");
    until("it has ended", || {
        let (code, said) = apart.run(TOM, GROUP, &["note", &ticket, "too late"]);
        (code == Some(3) && said.contains("no desk is running: nobody listens at /run/topicdesk/default.sock"))
            .then_some(())
    });
    assert_eq!(places.map(Path::exists), before, "the machine is as it was");
}
