//! The whole way on the command line: the real binary against a sandbox in another process, over TCP.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess, command, until, user_login};

/// As fast as it goes, and nobody but us does anything.
const FAST: &str = "backfill_calls_per_second = 0";
const QUIET: [&str; 3] = ["--quiet", "--flood-per-minute", "0"];

#[test]
fn help_and_usage_as_written_down() {
    trycmd::TestCases::new().case("tests/it/cmd/*.trycmd");
}

#[test]
fn what_was_typed_wrong_and_what_failed_end_otherwise_and_say_what_to_do() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    for text in ["", "   "] {
        desk.run(&["reply", &ticket, text]).fails(2, "the text is empty");
        desk.run(&["note", &ticket, text]).fails(2, "the text is empty");
    }
    desk.run(&["assign", &ticket, "bob"]).fails(2, "there is no agent `bob`");
    desk.run(&["team", &ticket, "bogus"]).fails(2, "no teams");
    desk.run(&["reply", &ticket, "--template", "nosuch"]).fails(1, "there is no template `nosuch`");
    desk.run(&["template", "show", "nosuch"]).fails(1, "there is no template `nosuch`");
    desk.run(&["template", "import", "/nonexist.csv"]).fails(1, "/nonexist.csv");
    let mut reply = desk.command(&["note", &ticket]);
    let mut reply = reply.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    std::io::Write::write_all(&mut reply.stdin.take().expect("is piped"), b"good\nb\xe4d\n").expect("reads");
    let said = String::from_utf8(reply.wait_with_output().expect("ends").stderr).expect("text");
    assert!(said.contains("standard input: line 2 is not UTF-8"), "{said}");

    // Nothing found is nothing on standard output.
    let ended = desk.run(&["search", "zyzzyva"]);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", "topicdesk: nothing found\n"));
    assert_eq!(desk.json(&["search", "zyzzyva"]), serde_json::json!([]));
    let long = format!("status:{}", "x".repeat(5000));
    let ended = desk.run(&["search", &long]);
    assert!(ended.code == Some(2) && ended.err.len() < 1000, "{} letters: {}", ended.err.len(), ended.err);
    desk.run(&["queue", "tag:a"]).fails(2, "`topicdesk queue --filter \"tag:a\"`, or `topicdesk search \"tag:a\"`");
    desk.run(&["reply", "--linked", &ticket, "Hello"]).fails(2, "the text is said as --text");
    let templates = desk.path().join("templates");
    std::fs::create_dir_all(&templates).expect("makes");
    std::fs::write(templates.join("asks.md"), "+++\nname = \"Asks\"\ncode = \"asks\"\n+++\nSince {{?day}}.\n")
        .expect("writes");
    desk.run(&["reply", &ticket, "--template", "asks"])
        .fails(1, "fill in {{?day}} first; of a template: --set \"day=…\"");
    desk.run(&["pending", &ticket, "internal"]).ok();
    assert_eq!(desk.json(&["show", &ticket])["pending"]["reason"], "internal");

    // Another file is no copy, and nothing of it stays.
    let session = desk.path().join("default/session.db");
    let text = desk.path().join("words.txt");
    std::fs::write(&text, "no database at all, only words".repeat(100)).expect("writes");
    for file in [&session, &text] {
        let said = format!("{} cannot be put back: it is no copy of a desk's tickets", file.display());
        desk.run(&["restore", file.to_str().expect("a path")]).fails(1, &said);
        assert!(!desk.path().join("default/tickets.db.restored").exists());
    }
    for ending in ["-wal", "-shm"] {
        let _none = std::fs::remove_file(desk.path().join(format!("default/tickets.db{ending}")));
    }
    std::fs::write(desk.tickets(), "no database at all, only words".repeat(100)).expect("writes");
    let doctor = desk.run(&["doctor"]);
    let said = format!("{} is no database, or is damaged", desk.tickets().display());
    assert!(
        doctor.code == Some(1) && doctor.out.contains(&said) && doctor.out.contains("restore FILE"),
        "{}",
        doctor.out
    );
}

#[test]
fn a_bot_logs_in_mirrors_the_group_and_works_a_ticket() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let summary = desk.json(&["sync"]);
    assert!(summary["topics"].as_u64() > Some(30) && summary["messages"].as_u64() > Some(150), "{summary}");
    assert!(summary["median_first_response_seconds"].is_u64(), "{summary}");

    // What every ticket has, under names that stay.
    let rows = desk.json(&["queue"]);
    for row in rows.as_array().expect("a list") {
        for key in ["id", "group", "episode", "status", "title", "customer", "assignee", "opened_at", "waiting_since"] {
            assert!(row.get(key).is_some(), "no {key} in {row}");
        }
        assert!(row["opened_at"].as_str().is_some_and(|at| at.ends_with('Z') && at.contains('T')), "{row}");
    }

    let ticket = desk.queue("unassigned").into_iter().next().expect("somebody waits");
    let claimed = desk.json(&["claim", &format!("#{ticket}")]);
    assert_eq!((claimed["status"].as_str(), claimed["assignee"].as_str()), (Some("assigned"), Some("anna")));
    assert!(desk.queue("mine").contains(&ticket) && !desk.queue("unassigned").contains(&ticket));
    desk.run(&["--agent", "tom", "claim", &ticket]).fails(1, "take over");

    let reply = desk.json(&["reply", &ticket, "We are looking into it.\nBack soon."]);
    assert_eq!(reply["state"], "sent");
    let id = reply["message_id"].as_i64().expect("an id");
    desk.input(&["note", &ticket], "nobody outside may read this\n").ok();
    desk.run(&["pending", &ticket, "--until", "2099-01-02 10:00"]).ok();

    let shown = desk.json(&["show", &ticket]);
    assert_eq!((shown["status"].as_str(), shown["pending"]["reason"].as_str()), (Some("pending"), Some("customer")));
    let thread = shown["thread"].as_array().expect("a list");
    for key in ["kind", "author", "text", "at", "message_id", "state"] {
        assert!(thread.iter().all(|entry| entry.get(key).is_some()), "an entry without {key}");
    }
    let has = |kind: &str, text: &str| thread.iter().filter(|one| one["kind"] == kind && one["text"] == text).count();
    assert_eq!(has("note", "nobody outside may read this"), 1);
    assert_eq!(has("message", "We are looking into it.\nBack soon."), 1);

    // Somebody else's eyes: another account, another process, another desk. The note is nowhere.
    let other = sandbox.desk(FAST);
    user_login(&sandbox.line, &other, "code").ok();
    other.run(&["sync"]).ok();
    let seen = other.messages(&ticket);
    assert_eq!(seen.iter().filter(|(message, text)| *message == id && text.starts_with("We are looking")).count(), 1);
    assert!(other.json(&["search", "nobody outside"]).as_array().expect("a list").is_empty());

    desk.run(&["resolve", &ticket]).ok();
    desk.run(&["claim", &ticket]).fails(1, "reopen it first");
    desk.run(&["reopen", &ticket]).ok();
    desk.run(&["assign", &ticket, "TOM", "--note", "yours"]).ok();
    desk.run(&["takeover", &ticket]).ok();
    desk.run(&["release", &ticket]).ok();
    desk.run(&["priority", &ticket, "urgent"]).ok();
    desk.run(&["tag", &ticket, "+vip", "billing"]).ok();
    desk.run(&["tag", &ticket, "-billing"]).ok();
    desk.run(&["tag", &ticket, "two|words"]).fails(2, "is no tag");
    desk.run(&["priority", &ticket, "loud"]).fails(2, "low, normal, high or urgent");
    let shown = desk.json(&["show", &ticket]);
    assert_eq!((&shown["priority"], &shown["tags"]), (&"urgent".into(), &serde_json::json!(["vip"])));
    desk.run(&["close", &ticket, "--reason", "done"]).ok();
    assert_eq!(desk.json(&["show", &ticket])["status"], "closed");
    desk.run(&["reply", &ticket, "too late"]).fails(1, "reopen it first");
    desk.run(&["show", "424242"]).fails(1, "there is no ticket #424242");
    desk.run(&["show", &format!("{ticket}/9")]).fails(1, "has had 1 so far");
}

#[test]
fn a_thread_and_the_answers_past_the_desk_are_told_in_full() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let all = desk.json(&["queue", "all"]);
    let storm =
        all.as_array().expect("a list").iter().find(|row| row["title"].as_str().is_some_and(|t| t.contains("storm")));
    let ticket = storm.expect("the shop has it")["id"].to_string();
    let shown = desk.json(&["show", &ticket]);
    let thread = shown["thread"].as_array().expect("a list");
    let album = thread.iter().find(|entry| entry["parts"].is_array()).expect("an album");
    assert_eq!(album["text"], "[album: 3 photos, 1 video]\nThe tent after the storm, from all sides");
    let ids: Vec<i64> =
        album["parts"].as_array().expect("parts").iter().filter_map(|p| p["message_id"].as_i64()).collect();
    assert_eq!(ids.len(), 4);
    let quoting = thread.iter().find(|entry| entry["text"] == "Is Saturday a working day?").expect("the quote");
    assert_eq!((&quoting["quote"], &quoting["quote_author"]), (&"five working days".into(), &"Anna Lindqvist".into()));
    let edited = thread.iter().find(|entry| entry["edited_at"].is_string()).expect("the edit");
    assert_eq!(edited["edited_after_answer"], true);
    assert_eq!(shown["pinned"].as_array().expect("pinned").len(), 1);
    let plain = desk.run(&["show", &ticket]).ok();
    for words in [
        "edited after the answer",
        "[poll When can you bring the tent? · Thursday",
        "pinned",
        "Anna Lindqvist: five working days",
    ] {
        assert!(plain.contains(words), "{words} is not in {plain}");
    }
    let number = ticket.parse::<i64>().ok();
    let report = desk.json(&["report", "outside", "--since", "3d"]);
    let answers = report["answers"].as_array().expect("answers");
    let first = answers.iter().filter(|one| one["id"].as_i64() == number && one["first_response"] == true);
    assert_eq!(first.count(), 1, "{report}");
    assert!(report["totals"].as_array().expect("totals").iter().any(|one| one["agent"] == "anna"), "{report}");
    let plain = desk.run(&["report", "outside", "--since", "3d"]).ok();
    assert!(plain.contains("Not seen by the desk:") && plain.contains("direct messages"), "{plain}");
    desk.run(&["report", "outside", "--since", "soon"]).fails(2, "no span of time");
    let none = desk.run(&["report", "outside", "--since", "1s"]).ok();
    assert!(none.contains("nothing outside the desk"), "{none}");
}

#[test]
fn a_user_with_two_step_password_does_the_same() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.desk(FAST);
    let out = user_login(&sandbox.line, &desk, "password").ok();
    let name = sandbox.account("agent", "password")["name"].as_str().expect("a name");
    assert!(out.contains(name), "{out}");
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    assert_eq!(desk.json(&["reply", "--now", &ticket, "from a user account"])["state"], "sent");
    // Bot and user see the same history.
    let bot = sandbox.bot_desk(FAST);
    bot.run(&["sync"]).ok();
    assert_eq!(history(&desk), history(&bot));
    desk.run(&["login", "--bot"]).fails(1, "already logged in");
    desk.run(&["logout"]).ok();
    desk.run(&["sync"]).fails(3, "not logged in");
    assert!(!desk.queue("all").is_empty(), "tickets stay when the login goes");
}

/// All messages of all tickets: ticket, id and text.
fn history(desk: &Desk) -> Vec<(String, i64, String)> {
    let mut all = Vec::new();
    let mut tickets = desk.queue("all");
    tickets.push("1".to_owned());
    for ticket in tickets {
        all.extend(desk.messages(&ticket).into_iter().map(|(id, text)| (ticket.clone(), id, text)));
    }
    all.sort();
    all
}

#[test]
fn what_is_wrong_at_login_is_said_and_leaves_nothing_behind() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.desk(FAST);
    let account = sandbox.account("agent", "password");
    let text = |key: &str| account[key].as_str().expect("a text");
    let (phone, code, password) = (text("phone"), text("code"), text("password"));

    desk.input(&["login", "--bot"], "1:nonsense\n").fails(3, "does not accept this bot token");
    desk.input(&["login", "--user"], &format!("{phone}\n000\n001\n002\n")).fails(3, "login code was wrong");
    desk.input(&["login", "--user"], &format!("{phone}\n{code}\nno\nno no\nnever\n")).fails(3, "password was wrong");
    desk.input(&["login", "--user"], &format!("{phone}\n")).fails(1, "standard input has ended");
    desk.run(&["sync"]).fails(3, "not logged in");
    // The second try at each question is as good as the first.
    let lines = format!("{phone}\n00\n{code}\nno\n{password}\n");
    let ended = desk.input(&["login", "--user"], &lines);
    assert!(ended.err.contains("that code is wrong") && ended.err.contains("that password is wrong"), "{ended:?}");
    ended.ok();
    let log = std::fs::read_dir(desk.path().join("default/log")).expect("a log").next().expect("a file").expect("it");
    let written = std::fs::read_to_string(log.path()).expect("reads");
    assert!(!written.contains(password) && !written.contains(code), "a secret in the log");
    for file in ["default/session.db", "default/tickets.db", "default/desk.lock"] {
        let file = desk.path().join(file);
        if let Ok(meta) = std::fs::metadata(&file) {
            assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", file.display());
        }
    }
}

#[test]
fn without_a_group_the_login_helps_to_choose_one() {
    let sandbox = SandboxProcess::start(&QUIET);
    let without = |desk: &Desk| {
        let file = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
        let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with("group")).collect();
        desk.configure(&lines.join("\n"));
    };
    // A user's chats are known, and only one of them has topics.
    let desk = sandbox.desk(FAST);
    without(&desk);
    let ended = user_login(&sandbox.line, &desk, "code");
    let title = sandbox.line["group"]["title"].as_str().expect("a title");
    assert!(ended.err.contains("the desk will work") && ended.err.contains(title), "{ended:?}");
    ended.ok();
    assert!(desk.json(&["sync"])["tickets"].as_u64() > Some(30));
    // A bot has no list of chats, but has heard of the group it is in.
    let bot = sandbox.desk(FAST);
    without(&bot);
    let token = sandbox.account("bot", "token")["token"].as_str().expect("a text");
    let ended = bot.input(&["login", "--bot"], token);
    assert!(ended.code == Some(0) && ended.err.contains(title), "{ended:?}");
    assert!(bot.json(&["sync"])["tickets"].as_u64() > Some(30));
}

#[test]
fn a_group_that_will_not_do_is_said() {
    let sandbox = SandboxProcess::start(&QUIET);
    for (group, said) in [("group = \"@nobody_is_called_so\"", "no group is called"), ("group = 42", "42")] {
        let desk = sandbox.bot_desk(FAST);
        let file = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
        let changed: Vec<&str> =
            file.lines().map(|line| if line.starts_with("group") { group } else { line }).collect();
        desk.configure(&changed.join("\n"));
        let ended = desk.run(&["sync"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(said), "{ended:?}");
        let doctor: Value = serde_json::from_str(&desk.run(&["doctor", "--json"]).out).expect("JSON");
        assert_eq!(doctor["fine"], false);
        assert!(doctor["checks"].to_string().contains(said), "{doctor}");
    }
}

#[test]
fn doctor_finds_a_desk_that_is_well() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let found = desk.json(&["doctor"]);
    let wrong: Vec<&Value> =
        found["checks"].as_array().expect("a list").iter().filter(|check| check["verdict"] == "wrong").collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(found["checks"].to_string().contains("may send messages"), "{found}");
    std::fs::set_permissions(desk.tickets(), std::fs::Permissions::from_mode(0o644)).expect("sets");
    let ended = desk.run(&["doctor"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("chmod 600"), "{}", ended.out);
}

#[test]
fn doctor_names_agents_whom_rules_cannot_reach() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = folder.path().join("world.toml");
    let shop = include_str!("../../assets/worlds/shop.toml");
    std::fs::write(&world, shop.replacen("key = \"anna\"\n", "key = \"anna\"\nbot_chat = \"blocked\"\n", 1))
        .expect("writes");
    let world = world.to_str().expect("a name");
    let sandbox = SandboxProcess::start(&["--quiet", "--world", world]);
    let desk = sandbox.bot_desk(FAST);
    let file = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    let rule = "[[escalations]]\nname = \"late\"\nno_response_for = \"1h\"\nnotify = \"@all\"\ntell = \"telegram\"\n";
    desk.configure(&format!("{file}{rule}"));
    let told = desk.run(&["doctor"]).ok().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "rules cannot reach anna in Telegram: has blocked the desk's account",
        "rules cannot reach tom in Telegram: desk.toml names no account of theirs",
        "\"late\" tells in Telegram whoever has an account: tom has none",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_desk_in_use_is_locked_for_change_and_open_for_reading() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let mut holder = desk.command(&["sync", "--follow"]).stdout(Stdio::piped()).spawn().expect("starts");
    // It prints its summary when it has caught up; it has had the lock since before.
    let mut line = String::new();
    let mut output = BufReader::new(holder.stdout.take().expect("is piped"));
    output.read_line(&mut line).expect("reads");
    let pid = format!("process {}", holder.id());
    desk.run(&["claim", &ticket]).fails(3, &pid);
    desk.run(&["reply", &ticket, "hello"]).fails(3, &pid);
    desk.run(&["logout"]).fails(3, &pid);
    assert!(!desk.queue("all").is_empty());
    assert!(desk.run(&["doctor"]).out.contains(&pid));
    kill_process(Pid::from_child(&holder), Signal::INT).expect("is there");
    assert_eq!(holder.wait().expect("ends").code(), Some(0), "following ends well when it is asked to");
    desk.run(&["claim", &ticket]).ok();
}

#[test]
fn hostile_text_is_shown_harmless() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let mut everything = desk.run(&["queue"]).ok();
    for ticket in desk.queue("all") {
        everything.push_str(&desk.run(&["show", &ticket]).ok());
        everything.push_str(&desk.run(&["show", &ticket, "--json"]).ok());
    }
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let found: Vec<char> = everything.chars().filter(|c| bad(*c)).collect();
    assert!(found.is_empty(), "{found:?}");
    // It was there: the shop has a customer who tries.
    assert!(everything.contains("ALERT"), "the hostile topic is missing");
}

#[test]
fn killed_in_the_middle_of_a_backfill_it_goes_on_and_has_every_message_once() {
    let sandbox =
        SandboxProcess::start(&["--quiet", "--topics", "60", "--messages", "9000", "--flood-per-minute", "0"]);
    let whole = sandbox.bot_desk(FAST);
    whole.run(&["sync"]).ok();
    // Every start may ask 30 times at once, for about a quarter of it. What comes after trickles, so that however late a line is read
    // on a busy machine, there is something left to be killed in.
    let desk = sandbox.bot_desk("backfill_calls_per_second = 4");
    let mut seen = Vec::new();
    for (wanted, signal) in [(5, Signal::KILL), (10, Signal::INT), (15, Signal::KILL)] {
        let mut sync = desk.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(sync.stderr.take().expect("is piped")).lines();
        let percent = until("progress", || {
            let line = lines.next().expect("it was to be killed before it ended").expect("text");
            let percent = line.strip_prefix("fetching the history: ")?.strip_suffix(" %")?.parse::<u32>().ok()?;
            (percent >= wanted).then_some(percent)
        });
        kill_process(Pid::from_child(&sync), signal).expect("is there");
        let code = sync.wait().expect("ends").code();
        assert_eq!(
            code,
            (signal == Signal::INT).then_some(130),
            "a signal that asks is answered, one that kills is not"
        );
        seen.push(percent);
    }
    assert!(seen.iter().all(|percent| *percent < 100), "{seen:?}: it was too late to be the middle");
    desk.run(&["sync"]).ok();
    let (whole, killed) = (history(&whole), history(&desk));
    assert!(whole.len() > 7000, "{}", whole.len());
    assert_eq!(whole, killed);
    let mut ids: Vec<i64> = killed.iter().map(|(_, id, _)| *id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "a message twice");
}

#[test]
fn killed_in_the_middle_of_a_send_the_reply_is_sent_once() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let mut states = Vec::new();
    for round in 0..6 {
        let text = format!("reply number {round}");
        let mut reply = desk
            .command(&["reply", &ticket, "--now", &text])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // As soon as the row has got as far as this round wants it, or further.
        let connection =
            rusqlite::Connection::open_with_flags(desk.tickets(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
                .expect("opens");
        let far = ["queued", "sending", "sent"];
        let state = until("the row", || {
            let row = connection.query_row("SELECT state FROM outbox WHERE text = ?1", [&text], |row| row.get(0));
            let state: String = row.ok()?;
            (far.iter().position(|one| *one == state) >= Some(round % 3)).then_some(state)
        });
        reply.kill().expect("is there");
        reply.wait().expect("ends");
        states.push(state);
    }
    assert!(states.iter().any(|state| state == "queued"), "never early enough: {states:?}");
    desk.run(&["sync"]).ok();
    let other = sandbox.desk(FAST);
    user_login(&sandbox.line, &other, "code").ok();
    other.run(&["sync"]).ok();
    for (who, desk) in [("the desk", &desk), ("somebody else", &other)] {
        let seen = desk.messages(&ticket);
        for round in 0..6 {
            let text = format!("reply number {round}");
            let times = seen.iter().filter(|(id, said)| *id > 0 && *said == text).count();
            assert_eq!(times, 1, "{who} sees `{text}` {times} times; killed in {states:?}");
        }
    }
}

#[test]
fn a_reply_to_what_was_not_read_is_refused_and_says_what_is_new() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let (last, words) = desk.messages(&ticket).pop().expect("has messages");
    let before = (last - 1).to_string();
    let ended = desk.run(&["reply", &ticket, "--now", "--seen", &before, "as you said"]);
    assert!(ended.err.contains(words.lines().next().expect("a line")), "it says what is new: {ended:?}");
    ended.fails(1, &format!("repeat it with --seen {last} or --force"));
    desk.run(&["sync"]).ok();
    assert!(desk.messages(&ticket).iter().all(|(_, text)| text != "as you said"), "nothing stayed behind");
    desk.run(&["reply", &ticket, "--seen", &before, "--force", "x"]).fails(2, "cannot be used with");
    for seen in [&["--seen", &last.to_string()][..], &["--force"], &[]] {
        let id = desk.json(&[&["reply", &ticket, "--now", "as you said"], seen].concat())["message_id"].clone();
        assert!(id.is_i64(), "{seen:?}");
    }

    // What is longer than a message takes goes out as several, in order.
    let long = format!("{}\n\n{}", "first ".repeat(600), "second ".repeat(500));
    desk.run(&["reply", &ticket, "--now", &long]).ok();
    let said: Vec<String> = desk.messages(&ticket).into_iter().map(|(_, text)| text).collect();
    let [.., first, second] = &said[..] else { panic!("too few: {said:?}") };
    assert!(first.ends_with("first") && second.starts_with("second"), "{said:?}");
}

#[test]
fn a_sent_message_is_changed_and_deleted_by_its_author_only() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let theirs = desk.messages(&ticket).pop().expect("has messages").0.to_string();
    let sent = desk.json(&["reply", &ticket, "--now", "Try 7.2"]);
    let id = sent["message_id"].to_string();
    assert!(desk.run(&["edit", &ticket, &id, "Try", "7.3"]).ok().contains(&format!("message {id} changed")));
    let changed = desk.json(&["edit", &ticket, &id, "Try 7.4"]);
    assert_eq!((changed["text"].as_str(), changed["edited_at"].is_string()), (Some("Try 7.4"), true));
    desk.run(&["--agent", "tom", "edit", &ticket, &id, "mine"]).fails(1, "is anna's");
    desk.run(&["delete", &ticket, &theirs]).fails(1, "only one's own messages can be deleted");

    // Somebody else's eyes, before and after.
    let other = sandbox.desk(FAST);
    user_login(&sandbox.line, &other, "code").ok();
    other.run(&["sync"]).ok();
    let seen = |text: &str| other.messages(&ticket).iter().filter(|(_, own)| own == text).count();
    assert_eq!((seen("Try 7.2"), seen("Try 7.3"), seen("Try 7.4")), (0, 0, 1));
    desk.run(&["delete", &ticket, &id]).ok();
    desk.run(&["delete", &ticket, &id]).fails(1, "is deleted already");
    other.run(&["sync"]).ok();
    let page = other.json(&["show", &ticket]);
    let entries = page["thread"].as_array().expect("a list");
    assert!(
        entries.iter().any(|entry| entry["message_id"] == sent["message_id"] && entry["deleted"] == true),
        "{page}"
    );
}

#[test]
fn without_anything_it_says_how_to_begin() {
    let desk = Desk::empty();
    let home = desk.path().join("home");
    for args in [&[][..], &["queue"], &["sync"], &["login", "--bot"]] {
        let output =
            command().args(args).env("HOME", &home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME").output();
        let output = output.expect("runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("topicdesk demo") && said.contains("topicdesk config default"), "{said}");
    }
    assert!(!home.exists(), "it left something behind");
}

#[test]
fn who_is_working_is_found_or_asked_for() {
    let desk = Desk::empty();
    desk.configure("[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n");
    let run = |more: &[&str]| {
        let mut command = command();
        command.arg("--data-dir").arg(desk.path()).args(["claim", "5"]).args(more);
        String::from_utf8_lossy(&command.output().expect("runs").stderr).into_owned()
    };
    let said = run(&[]);
    assert!(said.contains("who are you?") && said.contains("anna, tom"), "{said}");
    assert!(run(&["--agent", "eve"]).contains("there are anna, tom"));
    assert!(run(&["--agent", "Tom"]).contains("there is no ticket #5"));
    let me = topicdesk::config::os_user().remove(0);
    desk.configure(&format!("[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\nos_user = \"{me}\"\n"));
    assert!(run(&[]).contains("there is no ticket #5"));
    desk.configure("[desk]\nname = \"nobody here\"\n");
    assert!(run(&[]).contains("there are no agents"));
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let connection = rusqlite::Connection::open(desk.tickets()).expect("opens");
    connection.pragma_update(None, "user_version", 9_999).expect("writes");
    drop(connection);
    desk.run(&["queue"]).fails(1, "newer Topic Desk");
    desk.run(&["sync"]).fails(1, "newer Topic Desk");
}

#[test]
fn a_session_file_that_others_can_read_is_refused() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let session = desk.path().join("default/session.db");
    std::fs::set_permissions(&session, std::fs::Permissions::from_mode(0o644)).expect("sets");
    desk.run(&["sync"]).fails(2, "session.db");
    std::fs::set_permissions(&session, std::fs::Permissions::from_mode(0o600)).expect("sets");
    std::fs::write(&session, "this is no database").expect("writes");
    let ended = desk.run(&["sync"]);
    assert!(ended.code == Some(2) && ended.err.contains("session.db"), "{ended:?}");
}

/// Runs a script with the binary as `$DESK`, with a small disk of its own at `$DISK`; `None` where this account may not mount one.
pub(crate) fn with_small_disk(size: &str, script: &str, from: &std::path::Path) -> Option<String> {
    let disk = tempfile::tempdir().expect("a folder");
    let mount = |then: &str| {
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        shell.arg(format!("mount -t tmpfs -o size={size} none \"$DISK\" || exit 77\n{then}"));
        shell.env("DISK", disk.path()).env("FROM", from).env("TOPICDESK_AGENT", "anna");
        shell.env("DESK", env!("CARGO_BIN_EXE_topicdesk"));
        shell.output()
    };
    if !mount("true").is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: this account may not mount a small disk (unshare --user --mount), so none was filled");
        return None;
    }
    let output = mount(script).expect("runs");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let script = format!(
        "exec 2>&1; cp -a \"$FROM/.\" \"$DISK\"; rm -rf \"$DISK/default/log\"; desk=\"$DESK --data-dir $DISK\"
         full() {{ cat /dev/zero >\"$DISK/fill\" 2>/dev/null; }}
         full
         $desk note {ticket} 'written to a full disk'; echo \"note ends $?\"
         $desk reply {ticket} 'sent from a full disk'; echo \"reply ends $?\"
         $desk queue unassigned >/dev/null; echo \"queue ends $?\"
         rm \"$DISK/fill\"
         $desk note {ticket} 'written with room'; echo \"note ends $?\"
         $desk sync >/dev/null; echo \"sync ends $?\"
         $desk show {ticket}"
    );
    let Some(said) = with_small_disk("4m", &script, desk.path()) else { return };
    let ends: Vec<&str> = said.lines().filter(|line| line.contains(" ends ")).collect();
    assert_eq!(ends, ["note ends 1", "reply ends 1", "queue ends 0", "note ends 0", "sync ends 0"], "{said}");
    assert_eq!(said.matches("topicdesk: not saved: the disk is full").count(), 2, "{said}");
    assert!(!said.contains("Unable to write an event"), "the log complains over the screen: {said}");
    let shown = said.split("sync ends 0").nth(1).expect("shown");
    assert!(shown.contains("written with room") && !shown.contains("full disk"), "{shown}");
}

#[test]
fn a_disk_that_fills_up_during_the_first_sync_ends_it_and_the_next_one_has_everything() {
    let sandbox = SandboxProcess::start(&QUIET);
    let whole = sandbox.bot_desk(FAST);
    whole.run(&["sync"]).ok();
    let desk = sandbox.bot_desk(FAST);
    let script = "exec 2>&1; cp -a \"$FROM/.\" \"$DISK\"; desk=\"$DESK --data-dir $DISK\"
        head -c 1700k /dev/zero >\"$DISK/fill\"
        $desk sync; echo \"sync ends $?\"
        rm \"$DISK/fill\"
        $desk sync; echo \"sync ends $?\"";
    let Some(said) = with_small_disk("2200k", script, desk.path()) else { return };
    let (full, room) = said.split_once("sync ends 1").unwrap_or_else(|| panic!("it went well: {said}"));
    // Whichever of the two databases meets it first.
    assert!(full.contains("topicdesk: ") && full.contains("disk is full"), "{full}");
    assert!(room.contains("sync ends 0"), "{room}");
    let summary = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with("topics") || line.starts_with("tickets"))
            .map(String::from)
            .collect()
    };
    assert_eq!(summary(room), summary(&whole.run(&["sync"]).ok()));
}

#[test]
fn verify_finds_what_was_missed_and_says_how_complete_each_thread_is() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let missing = {
        let connection = rusqlite::Connection::open(desk.tickets()).expect("opens");
        let sql = "SELECT id, message FROM entries WHERE topic = ?1 AND kind = 0 ORDER BY message DESC LIMIT 1";
        let (entry, message): (i64, i64) =
            connection.query_row(sql, [&ticket], |row| Ok((row.get(0)?, row.get(1)?))).expect("a message");
        connection.execute("DELETE FROM entries WHERE id = ?1", [entry]).expect("lost");
        message
    };
    assert!(desk.messages(&ticket).iter().all(|(id, _)| *id != missing));
    let found = desk.json(&["verify", &ticket]);
    assert_eq!((found[0]["verdict"].as_str(), found[0]["found"]["missed"].as_i64()), (Some("complete"), Some(1)));
    assert!(desk.messages(&ticket).iter().any(|(id, _)| *id == missing), "it is there again");
    let all = desk.run(&["verify"]).ok();
    assert!(all.contains("complete") && all.contains("what other bots write is not shown to a bot"), "{all}");
}

#[test]
fn verify_of_a_ticket_says_how_each_of_its_ids_was_seen() {
    let mut sandbox = SandboxProcess::start(&["--quiet"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0");
    desk.run(&["sync"]).ok();
    let ticket =
        desk.queue("all").into_iter().find(|ticket| desk.messages(ticket).len() >= 3).expect("the shop has one");
    let (last, _) = desk.messages(&ticket).pop().expect("has some");
    // Told by the stream, so known to be deleted; and ids that other groups have used up.
    sandbox.cause(&format!("empty {last}"));
    desk.run(&["sync"]).ok();
    let check = &desk.json(&["verify", &ticket])[0];
    let seen = check["seen"].as_array().expect("ranges").clone();
    let ids = |how: &str| -> Vec<(i64, i64)> {
        let of = seen.iter().filter(|one| one["how"] == how);
        of.map(|one| (one["from"].as_i64().expect("an id"), one["to"].as_i64().expect("an id"))).collect()
    };
    let count = |how: &str| ids(how).iter().map(|(from, to)| to - from + 1).sum::<i64>();
    assert_eq!(
        (count("message"), count("service"), count("deleted")),
        (
            check["messages"].as_i64().expect("a count"),
            check["service"].as_i64().expect("a count"),
            check["deleted"].as_i64().expect("a count"),
        ),
        "{check}"
    );
    assert!(ids("deleted").iter().any(|(from, to)| (*from..=*to).contains(&last)), "{check}");
    // Each id between the first and the last is one of them.
    let mut next = seen[0]["from"].as_i64().expect("an id");
    for one in &seen {
        assert_eq!(one["from"].as_i64(), Some(next), "{check}");
        next = one["to"].as_i64().expect("an id") + 1;
    }
    let said = desk.run(&["verify", &ticket]).ok();
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let (first, end) = (&seen[0]["from"], next - 1);
    assert!(words.contains(&format!("ids {first} to {end}: ")), "{said}");
    for (how, named) in [
        ("message", "messages"),
        ("service", "service messages"),
        ("deleted", "deleted messages"),
        ("elsewhere", "in other topics"),
        ("unseen", "unseen"),
    ] {
        let count = count(how);
        assert_eq!(count > 0, words.contains(&format!("{count} {named}")), "{how} {count}\n{said}");
    }
}
