//! A desk of another user: leads export it and try other rules on it, admins log it in and out, and nobody else does.

use std::path::Path;
use std::process::Output;

use crate::cli_seats::{ANNA, GROUP, MIA, Server, SharedBox, TOM, words};
use crate::support::process::{Desk, SandboxProcess, account, until};

const FAST: &str = "backfill_calls_per_second = 0";
const QUIET: [&str; 3] = ["--quiet", "--flood-per-minute", "0"];
const LATE: &str = "\n[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = \"anna\"\n";

/// Only root can be other users.
fn skipped() -> bool {
    let skipped = !rustix::process::geteuid().is_root();
    if skipped {
        eprintln!("SKIPPED: only root can be other users; the checks of users were not run");
    }
    skipped
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", words(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn fails(output: &Output, code: i32, said: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", words(output));
    assert!(words(output).contains(said), "said {:?}, wanted {said:?}", words(output));
}

#[test]
fn a_lead_exports_a_desk_of_another_user_and_tries_rules_on_it() {
    if skipped() {
        return;
    }
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let shared = SharedBox::new(&desk);
    let own = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    desk.configure(&format!("{own}{LATE}"));
    let _server = shared.serve(&desk);
    ok(&shared.run(ANNA, GROUP, &["sync"]));
    let rows: serde_json::Value =
        serde_json::from_str(&ok(&shared.run(ANNA, GROUP, &["queue", "unassigned", "--json"]))).expect("json");
    ok(&shared.run(TOM, GROUP, &["note", &rows[0]["id"].to_string(), "between us"]));

    // The same as whoever has the files gets, in both forms.
    for args in [
        &["export", "events"][..],
        &["export", "events", "--notes"],
        &["export", "tickets"],
        &["export", "tickets", "--format", "csv"],
        &["export", "tickets", "--since", "1h"],
    ] {
        let theirs = ok(&shared.run(ANNA, GROUP, args));
        let own = desk.run(args).ok();
        assert_eq!(theirs, own, "{args:?}");
        assert_eq!(theirs.contains("between us"), args.contains(&"--notes"), "{args:?}");
        assert!(theirs.lines().count() > 0, "{args:?}");
        fails(&shared.run(TOM, GROUP, args), 1, "tom is agent: that needs lead");
    }
    let file = shared.folder.path().join("home/events.jsonl");
    let to = file.to_str().expect("a path");
    let written = shared.run(ANNA, GROUP, &["export", "events", "--out", to]);
    assert!(words(&written).contains("events in"), "{}", words(&written));
    assert_eq!(std::fs::read_to_string(&file).expect("reads"), desk.run(&["export", "events"]).ok());
    fails(&shared.run(TOM, GROUP, &["export", "events", "--out", "/tmp/never"]), 1, "that needs lead");

    // The other rules are read by whoever asks: a file of theirs, which the desk need not be able to read.
    let other = shared.folder.path().join("home/other.toml");
    std::fs::write(&other, format!("[[agents]]\nname = \"anna\"\n{}", LATE.replace("30m", "5m"))).expect("writes");
    let other = other.to_str().expect("a path");
    for args in [&["rules", "backtest"][..], &["rules", "backtest", "--rules", other, "--limit", "3"]] {
        let untimed = |text: &str| text.lines().skip(1).collect::<Vec<_>>().join("\n");
        let theirs = ok(&shared.run(ANNA, GROUP, args));
        assert!(theirs.contains("would have fired"), "{theirs}");
        assert_eq!(untimed(&theirs), untimed(&desk.run(args).ok()), "{args:?}");
        fails(&shared.run(TOM, GROUP, args), 1, "tom is agent: that needs lead");
    }
    let json = ok(&shared.run(ANNA, GROUP, &["rules", "backtest", "--rules", other, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("json");
    assert!(json["there"]["report"]["firings"].as_array().is_some_and(|all| !all.is_empty()), "{json}");
    // What has failed there ends as it would have here.
    desk.configure(&own);
    ok(&shared.run(MIA, GROUP, &["reload"]));
    fails(&shared.run(ANNA, GROUP, &["rules", "backtest"]), 1, "no [[escalations]]");
}

/// All that was logged.
fn log(desk: &Desk) -> String {
    let folder = desk.path().join("default/log");
    let files = std::fs::read_dir(folder).expect("there is a log").flatten();
    files.map(|file| std::fs::read_to_string(file.path()).expect("reads")).collect()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn an_admin_logs_a_desk_in_and_out_that_runs_as_another_user() {
    if skipped() {
        return;
    }
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.desk(FAST);
    let shared = SharedBox::new(&desk);
    let mut server = shared.serve(&desk);
    assert!(server.next_line().contains("not logged in: an admin runs `topicdesk login --bot`"));
    let mut said = Vec::new();
    let mut admin = |args: &[&str], input: &str| {
        let output = shared.input(MIA, GROUP, args, input);
        said.push(words(&output));
        output
    };
    ok(&admin(&["log", "debug"], ""));
    assert!(ok(&admin(&["status"], "")).contains("not logged in: an admin runs `topicdesk login --bot`"));
    assert!(ok(&admin(&["status", "--json"], "")).contains("\"stopped\""));
    ok(&shared.run(TOM, GROUP, &["queue"]));

    let bot = sandbox.account("bot", "token")["token"].as_str().expect("a token").to_owned();
    let user = account(&sandbox.line, "agent", "password");
    let secret = |key: &str| user[key].as_str().expect("a text").to_owned();
    let (phone, code, password) = (secret("phone"), secret("code"), secret("password"));
    for (who, role) in [(ANNA, "lead"), (TOM, "agent")] {
        let refused = shared.input(who, GROUP, &["login", "--bot"], &bot);
        fails(&refused, 1, &format!("is {role}: that needs admin"));
        fails(&shared.run(who, GROUP, &["logout"]), 1, "that needs admin");
    }
    // What is wrong is said, and ends as it would without a desk that runs; nothing is left behind.
    fails(&admin(&["login", "--bot"], "77:hunter2\n"), 3, "does not accept this bot token");
    fails(&admin(&["login", "--user"], &format!("{phone}\n00000\n")), 1, "standard input has ended");
    let wrong = admin(&["login", "--user"], &format!("{phone}\n{code}\nhunter3\nhunter4\nhunter5\n"));
    fails(&wrong, 3, "password was wrong");
    assert!(words(&wrong).contains("that password is wrong"), "{}", words(&wrong));
    fails(&admin(&["logout"], ""), 3, "not logged in");

    // Step by step, one thing wrong on the way.
    let logged_in = admin(&["login", "--user"], &format!("{phone}\n00000\n{code}\n{password}\n"));
    assert!(words(&logged_in).contains("that code is wrong"), "{}", words(&logged_in));
    assert!(ok(&logged_in).contains("logged in as"));
    assert_eq!(mode(&desk.path().join("default/session.db")), 0o600);
    until("it has a link", || ok(&admin(&["status", "--json"], "")).contains("\"live\"").then_some(()));
    fails(&admin(&["login", "--bot"], &format!("{bot}\n")), 1, "already logged in");

    // Without a login the desk goes on; what is to be sent waits for the next one.
    ok(&admin(&["sync"], ""));
    let rows: serde_json::Value =
        serde_json::from_str(&ok(&shared.run(TOM, GROUP, &["queue", "unassigned", "--json"]))).expect("json");
    let ticket = rows[0]["id"].to_string();
    assert!(ok(&admin(&["logout"], "")).contains("logged out"));
    assert!(ok(&admin(&["status"], "")).contains("not logged in"));
    let queued = shared.run(TOM, GROUP, &["reply", &ticket, "We are looking into it."]);
    assert!(!words(&queued).contains("sent as message"), "{}", words(&queued));
    ok(&admin(&["login", "--bot"], &format!("{bot}\n")));
    until("it was sent", || {
        let shown = ok(&shared.run(TOM, GROUP, &["show", &ticket, "--json"]));
        let page: serde_json::Value = serde_json::from_str(&shown).expect("json");
        let thread = page["thread"].as_array().expect("a list");
        let sent = thread.iter().filter(|entry| entry["text"] == "We are looking into it.");
        (sent.map(|entry| entry["state"].clone()).collect::<Vec<_>>() == ["sent"]).then_some(())
    });
    drop(server);
    said.push(log(&desk));
    assert!(said.iter().any(|text| text.contains("login")), "the log tells that it was asked for");
    for text in &said {
        for secret in [&bot, &password, &phone, "hunter2", "hunter3", "77:hunter2"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(!text.split(|c: char| !c.is_ascii_digit()).any(|number| number == code), "the code is in {text}");
    }
}

#[test]
fn without_a_group_the_login_says_what_to_write_where() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.desk(FAST);
    let file = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with("group")).collect();
    desk.configure(&lines.join("\n"));
    // Whoever has started it is told how it is.
    let told = desk.path().join("notify.sock");
    let heard = std::os::unix::net::UnixDatagram::bind(&told).expect("binds");
    let hears = || {
        let mut words = [0; 200];
        let length = heard.recv(&mut words).expect("told");
        String::from_utf8_lossy(&words[..length]).into_owned()
    };
    let mut serve = desk.command(&["serve"]);
    serve.env("NOTIFY_SOCKET", &told);
    let _server = Server::start(serve);
    assert_eq!(hears(), "READY=1\nSTATUS=not logged in: an admin runs `topicdesk login --bot`");
    let ended = sandbox.login(&desk);
    assert_eq!([hears(), hears()], ["RELOADING=1", "READY=1\nSTATUS=logged in"]);
    let title = sandbox.line["group"]["title"].as_str().expect("a title");
    assert!(ended.err.contains("the desk will work") && ended.err.contains(title), "{ended:?}");
    ended.ok();
    assert!(desk.json(&["sync"])["tickets"].as_u64() > Some(30));
}

#[test]
fn of_several_groups_one_is_written_down_and_read() {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/two-groups.toml");
    let sandbox = SandboxProcess::start(&["--world", world, "--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.desk(FAST);
    let file = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    let without: Vec<&str> = file.lines().filter(|line| !line.starts_with("group")).collect();
    desk.configure(&without.join("\n"));
    let _server = Server::start(desk.command(&["serve"]));
    let ended = sandbox.login(&desk);
    for said in
        ["put one of these lines under [telegram] in", "desk.toml, then run `topicdesk reload`", "  group = -100"]
    {
        assert!(ended.err.contains(said), "{ended:?}");
    }
    ended.ok();
    desk.configure(&file);
    desk.run(&["reload"]).ok();
    assert!(desk.json(&["sync"])["tickets"].as_u64() > Some(1));
}

#[test]
fn a_desk_beside_a_screen_is_logged_out_and_in_again_and_the_screen_stays() {
    let desk = Desk::empty();
    let mut anna = crate::pty::open(crate::pty::silent(&desk));
    let ticket = desk.queue("unassigned").remove(0);
    crate::pty::enter(&mut anna, &ticket);
    anna.keys("i");
    anna.sees("INTERNAL NOTE");
    anna.write("dear colleague");
    desk.run(&["stop"]).fails(1, "this desk runs beside anna's screen: leave that screen");
    desk.run(&["logout"]).ok();
    anna.sees("stopped: not logged in");
    let announced = std::fs::read_to_string(desk.path().join("sandbox.json")).expect("the demo has written it");
    let announced: serde_json::Value = serde_json::from_str(&announced).expect("json");
    let token = account(&announced, "bot", "token")["token"].as_str().expect("a token").to_owned();
    desk.input(&["login", "--bot"], &format!("{token}\n")).ok();
    anna.sees("live");
    anna.sees("dear colleague");
    anna.keys("\r");
    until("the note is there", || desk.run(&["show", &ticket]).out.contains("dear colleague").then_some(()));
}
