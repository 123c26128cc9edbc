//! What neighbours and the machine can do to a desk, with real processes: places that are not safe, a disk that is full.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::with_small_disk;
use crate::cli_seats::{ANNA, FAST, GROUP, QUIET, STRANGER, SharedBox};
use crate::support::process::{Desk, SandboxProcess};

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets");
}

/// Nobody works a desk like that, with or without a process that runs it, and everybody is told why.
#[track_caller]
fn refused(desk: &Desk, ticket: &str, why: &str) {
    for args in [&["serve"][..], &["note", ticket, "nobody reads it"], &["sync"]] {
        let ended = desk.run(args);
        assert!(ended.code.is_some_and(|code| code != 0), "{args:?}: {ended:?}");
        assert!(ended.err.contains(why) && !ended.err.contains("panicked"), "{args:?}: {ended:?}");
    }
}

#[test]
fn a_desk_whose_place_is_not_safe_is_not_opened_and_the_reason_is_told() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let data = desk.path().join("default");
    for open in [0o770, 0o707, 0o777] {
        mode(&data, open);
        refused(&desk, &ticket, "others may write there");
    }
    mode(&data, 0o700);
    let elsewhere = tempfile::tempdir().expect("a folder");
    for name in ["tickets.db", "desk.lock", "session.db"] {
        let (own, moved) = (data.join(name), elsewhere.path().join(name));
        fs::copy(&own, &moved).expect("copies");
        mode(&moved, 0o644);
        let kept = own.with_extension("kept");
        fs::rename(&own, &kept).expect("moves");
        symlink(&moved, &own).expect("links");
        refused(&desk, &ticket, "link");
        if name != "desk.lock" {
            // The file elsewhere may be anybody's: nobody is told to change it.
            let doctor = desk.run(&["doctor"]);
            assert!(doctor.out.contains("is a link to elsewhere") && !doctor.out.contains("chmod"), "{doctor:?}");
        }
        fs::rename(&kept, &own).expect("moves");
    }
    // What lies where the socket should: nothing of it is removed.
    let socket = data.join("desk.sock");
    for what in ["file", "link", "folder"] {
        match what {
            "file" => fs::write(&socket, "precious").expect("writes"),
            "link" => symlink("/etc/passwd", &socket).expect("links"),
            _ => fs::create_dir(&socket).expect("makes"),
        }
        desk.run(&["serve"]).fails(1, "something that is no socket lies there");
        let facts = fs::symlink_metadata(&socket).expect("left alone");
        match facts.is_dir() {
            true => fs::remove_dir(&socket).expect("removes"),
            false => fs::remove_file(&socket).expect("removes"),
        }
    }
    let moved = elsewhere.path().join("default");
    fs::rename(&data, &moved).expect("moves");
    symlink(&moved, &data).expect("links");
    refused(&desk, &ticket, "it is a link, and no folder");
    fs::remove_file(&data).expect("removes");
    fs::rename(&moved, &data).expect("moves");
    if rustix::process::geteuid().is_root() {
        // Root works the desk of the service's user, who does not work root's.
        chown(&data, Some(55_003), None).expect("gives away");
        desk.run(&["note", &ticket, "from root"]).ok();
        chown(&data, Some(0), None).expect("takes back");
    } else {
        eprintln!("SKIPPED: only root can give files away; a folder of another user was not tried");
    }
    desk.run(&["note", &ticket, "as ever"]).ok();
}

/// Connects as often as it can, says nothing, and holds whatever it is given.
const FLOOD: &str = r#"
use Socket; $| = 1;
for (1 .. 400) {
    socket(my $s, PF_UNIX, SOCK_STREAM, 0);
    connect($s, pack_sockaddr_un($ARGV[0]));
    push @all, $s;
}
print "flooded\n";
sleep 60;
"#;

#[test]
fn a_user_who_floods_the_socket_keeps_nobody_else_out() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be other users; nobody flooded the socket");
        return;
    }
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let shared = SharedBox::new(&desk);
    let _server = shared.serve(&desk);
    let mut perl = Command::new("perl");
    perl.args(["-e", FLOOD]).arg(shared.socket()).uid(STRANGER).gid(GROUP).current_dir("/").stdout(Stdio::piped());
    let Ok(mut flood) = perl.spawn() else {
        eprintln!("SKIPPED: there is no perl, so nobody flooded the socket");
        return;
    };
    let mut line = String::new();
    BufReader::new(flood.stdout.take().expect("is piped")).read_line(&mut line).expect("reads");
    let begun = Instant::now();
    let output = shared.run(ANNA, GROUP, &["status"]);
    let waited = begun.elapsed();
    flood.kill().expect("is there");
    flood.wait().expect("ends");
    assert!(output.status.success() && line == "flooded\n", "{output:?} {line}");
    // Who says nothing is shown out after five seconds: nobody has to wait for that.
    assert!(waited < Duration::from_secs(4), "{waited:?}");
    let log = std::fs::read_dir(desk.path().join("default/log")).expect("is there");
    let size: u64 = log.map(|file| file.and_then(|file| file.metadata()).expect("is there").len()).sum();
    assert!(size < 100_000, "{size} bytes of log about it");
}

#[test]
fn a_disk_that_is_full_under_a_running_desk_is_told_to_whoever_asks_and_the_desk_goes_on() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let script = format!(
        "exec 2>&1; cp -a \"$FROM/.\" \"$DISK\"; rm -rf \"$DISK/default/log\"; desk=\"$DESK --data-dir $DISK\"
         $desk serve & until $desk status; do :; done
         $desk note {ticket} 'before'; echo \"note ends $?\"
         cat /dev/zero >\"$DISK/fill\" 2>/dev/null
         i=0; while [ $i -lt 40 ] && $desk note {ticket} \"while there is room $i\"; do i=$((i+1)); done; echo \"filled\"
         $desk note {ticket} 'written to a full disk'; echo \"note ends $?\"
         $desk reply {ticket} 'sent from a full disk'; echo \"reply ends $?\"
         $desk claim {ticket}; echo \"claim ends $?\"
         $desk queue unassigned >/dev/null; echo \"queue ends $?\"
         $desk backup \"$DISK/copy.db\"; echo \"backup ends $?\"
         ls \"$DISK\"
         $desk status; echo \"status ends $?\"
         rm \"$DISK/fill\"
         $desk note {ticket} 'written with room'; echo \"note ends $?\"
         $desk stop; wait; $desk show {ticket}"
    );
    let Some(said) = with_small_disk("4m", &script, desk.path()) else { return };
    let (_, full) = said.split_once("filled").unwrap_or_else(|| panic!("{said}"));
    let ends: Vec<&str> = full.lines().filter(|line| line.contains(" ends ")).collect();
    let wanted = [
        "note ends 1",
        "reply ends 1",
        "claim ends 1",
        "queue ends 0",
        "backup ends 1",
        "status ends 0",
        "note ends 0",
    ];
    assert_eq!(ends, wanted, "{said}");
    assert!(full.matches("topicdesk: not saved: the disk is full").count() >= 3, "{said}");
    assert!(!said.contains("panicked") && !full.contains("copy.db.part\n"), "{said}");
    let shown = said.split("ending").last().expect("shown");
    assert!(shown.contains("before") && shown.contains("written with room") && !shown.contains("full disk"), "{shown}");
}
