//! Templates, the guard and one reply to many on the command line: the real binary, where it sends against a sandbox.

use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess};

const CARD: &str = "your card 4111 1111 1111 1111";

fn put(desk: &Desk, file: &str, content: &str) {
    let path = desk.path().join("templates").join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("is made");
    std::fs::write(path, content).expect("writes");
}

fn alone() -> Desk {
    let desk = Desk::empty();
    desk.configure("[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n");
    desk
}

#[test]
fn lint_tells_errors_and_warnings() {
    let desk = alone();
    let fine = desk.json(&["template", "lint"]);
    assert_eq!((fine["errors"].as_u64(), fine["warnings"].as_u64()), (Some(0), Some(0)), "{fine}");
    put(
        &desk,
        "late.en.md",
        "+++\nname = \"Late\"\nlanguage = \"en\"\nkey = \"F9\"\nreview_by = 2020-01-31\n+++\nSorry.\n",
    );
    put(&desk, "later.en.md", "+++\nname = \"Later\"\nlanguage = \"en\"\nkey = \"f9\"\n+++\nSorry.\n");
    put(&desk, "bad.md", "+++\nname = \"Bad\"\n+++\nHi {{customer.nmae}}\n");
    put(&desk, "then.md", "+++\nname = \"Then\"\nthen = \"close\"\n+++\nHi\n");
    let out = desk.run(&["template", "lint"]);
    assert_eq!(out.code, Some(1), "{}{}", out.out, out.err);
    for line in [
        "bad.md:4: unknown placeholder `{{customer.nmae}}`",
        "then.md:3:8: `close` cannot follow a reply",
        "later.en.md: has the key `f9`, as ",
        "warning: ",
        "late.en.md: is stale: it was to be reviewed by 2020-01-31",
        "late.en.md: there is none in ru, as there is of other templates",
        "3 errors, 3 warnings",
    ] {
        assert!(out.out.contains(line), "{line} is not in\n{}", out.out);
    }
    let failed = desk.run(&["template", "lint", "--json"]);
    let told: Value = serde_json::from_str(&failed.out).expect("JSON");
    assert_eq!((failed.code, told["errors"].as_u64()), (Some(1), Some(3)), "{told}");
}

#[test]
fn ones_own_templates_win_by_name() {
    let desk = alone();
    put(&desk, "refund.md", "+++\nname = \"Refund\"\nlanguage = \"en\"\ncode = \"refund\"\n+++\nThe desk's.\n");
    put(&desk, "personal/anna/mine.md", "+++\nname = \"Refund\"\nlanguage = \"en\"\n+++\nMine.\n");
    assert_eq!(desk.run(&["template", "show", "Refund"]).ok(), "Mine.\n");
    assert_eq!(desk.run(&["--agent", "tom", "template", "show", "refund"]).ok(), "The desk's.\n");
    let list = desk.run(&["template", "list"]).ok();
    for source in ["built-in", "personal"] {
        assert!(list.contains(source), "{list}");
    }
    let all = desk.json(&["template", "list", "--language", "en"]);
    let refunds: Vec<&Value> = all.as_array().expect("a list").iter().filter(|one| one["name"] == "Refund").collect();
    assert_eq!((refunds.len(), refunds[0]["origin"].as_str()), (1, Some("personal")), "{refunds:?}");
}

#[test]
fn a_table_becomes_templates_all_or_none() {
    let desk = alone();
    let file = desk.path().join("macros.csv");
    let name = file.to_str().expect("a path").to_owned();
    // As a spreadsheet writes it: BOM, CRLF, quotes, commas and lines in a cell.
    let good = "\u{feff}Name,Text,language,tags,code\r\n\"Opening, hours\",\"Hi {{customer.first_name|there}},\r\nwe say \"\"hello\"\" from 9 to 5.\",en,\"time; open\",hours\r\nАдреса,\"Вул. Тиха, 5\",uk,,;addr\r\n,,,,\r\n";
    std::fs::write(&file, good).expect("writes");
    let dry = desk.run(&["template", "import", &name, "--dry-run"]).ok();
    assert!(
        dry.contains("line 2: Opening, hours -> ") && dry.contains("opening-hours.en.md: would be written"),
        "{dry}"
    );
    assert!(!desk.path().join("templates").exists());
    let told = desk.json(&["template", "import", &name]);
    assert_eq!(told.as_array().map(Vec::len), Some(2), "{told}");
    let shown = desk.json(&["template", "show", "hours"]);
    assert_eq!(shown["text"], "Hi {{customer.first_name|there}},\nwe say \"hello\" from 9 to 5.");
    assert_eq!((shown["tags"].to_string().as_str(), shown["origin"].as_str()), ("[\"time\",\"open\"]", Some("desk")));
    assert_eq!(desk.run(&["template", "show", "addr"]).ok(), "Вул. Тиха, 5\n");

    // Nothing is written over without a word, and nothing at all if a row is wrong.
    desk.run(&["template", "import", &name]).fails(1, "macros.csv:2: ");
    let mixed = "name;text;language;code\nNew;\"fine; really\";en;new\nOpening, hours;later;en;hours\nBad;Hi {{customer.nmae}};en;\n;no name;en;\nNew again;x;en;new\nOdd;x;e n;\nWide;a;en;b;c\n";
    std::fs::write(&file, mixed).expect("writes");
    let failed = desk.run(&["template", "import", &name, "--force"]);
    assert_eq!(failed.code, Some(1));
    for line in [
        "macros.csv:4: unknown placeholder `{{customer.nmae}}`",
        "macros.csv:5: `name` must be a line of text",
        "macros.csv:6: has the same code, or the same name, and language as line 2",
        "macros.csv:7: `e n` is no language",
        "macros.csv:8: has 5 cells, but 4 columns are named",
        "nothing was written",
    ] {
        assert!(failed.err.contains(line), "{line} is not in\n{}", failed.err);
    }
    assert!(desk.run(&["template", "show", "new"]).code == Some(1));
    std::fs::write(&file, "name;text;language;code\nOpening hours;later;en;hours\n").expect("writes");
    let over = desk.run(&["template", "import", &name, "--force"]).ok();
    assert!(over.contains("opening-hours.en.md: written over"), "{over}");
    assert_eq!(desk.run(&["template", "show", "hours"]).ok(), "later\n");
    desk.run(&["template", "import", &name, "--personal"]).ok();
    assert!(desk.path().join("templates/personal/anna/opening-hours.en.md").exists());

    for (text, why) in [
        (&b""[..], "is empty"),
        (b"a,b\n1,2\n", "unknown column `a`"),
        (b"name,language\nx,en\n", "`name` and `text` among them"),
        (b"name,name,text\n", "two columns are called `name`"),
        (b"name,text\n", "has no rows"),
        (b"name,text\nx,\xff\n", "macros.csv:2: is not UTF-8"),
    ] {
        std::fs::write(&file, text).expect("writes");
        desk.run(&["template", "import", &name]).fails(1, why);
    }
    desk.run(&["template", "import", "/nowhere.csv"]).fails(1, "/nowhere.csv: ");
}

#[test]
fn the_guard_and_many_replies_on_the_command_line() {
    let sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0\n[guard]\nbanned = ['bit\\.ly/']");
    desk.run(&["sync"]).ok();
    let tickets = desk.queue("unassigned");
    let [first, second, third] = &tickets[..3] else { panic!("too few tickets") };
    let there =
        |ticket: &str, text: &str| desk.messages(ticket).iter().filter(|(id, own)| *id > 0 && own == text).count();

    desk.run(&["reply", first, CARD, "--now"]).fails(1, "a card number (4111 … 1111)");
    desk.run(&["reply", first, "see bit.ly/x", "--now"]).fails(1, "--force sends it");
    assert_eq!(desk.json(&["outbox"]), Value::Array(Vec::new()), "nothing stays behind");
    assert_eq!(there(first, CARD), 0);
    let sent = desk.json(&["reply", first, "fine", "--now"]);
    let message = sent["message_id"].to_string();
    desk.run(&["edit", first, &message, CARD]).fails(1, "a card number");
    desk.run(&["edit", first, &message, "--force", CARD]).ok();
    assert_eq!(there(first, CARD), 1);
    let log = std::fs::read_dir(desk.path().join("default/log")).expect("a log");
    for file in log.flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        assert!(!text.contains("4111"), "the log has the text: {text}");
    }

    // A template by its code, with its fields and what it does.
    put(
        &desk,
        "ask.md",
        "+++\nname = \"Ask\"\ncode = \"ask\"\nthen = \"pending customer\"\nadd_tags = [\"asked\"]\n+++\nWhat is {{?what}}?\n",
    );
    desk.run(&["reply", second, "--template", "ask", "--now"]).fails(1, "fill in {{?what}} first");
    desk.run(&["reply", "--bulk", second, "--template", "ask", "--yes"]).fails(1, "is filled in with --set");
    desk.run(&["reply", second, "--template", "ask", "--set", "waht=it"]).fails(2, "does not ask for `waht`");
    desk.run(&["reply", second, "--template", "nobody"]).fails(1, "there is no template `nobody`");
    desk.run(&["reply", second, "--template", "ask", "--set", "what=your order number", "--now"]).ok();
    assert_eq!(there(second, "What is your order number?"), 1);
    let shown = desk.json(&["show", second]);
    assert_eq!((shown["status"].as_str(), shown["tags"].to_string().as_str()), (Some("pending"), "[\"asked\"]"));
    let stats = desk.json(&["template", "stats"]);
    let ask = stats.as_array().expect("a list").iter().find(|one| one["name"] == "Ask").expect("it is there").clone();
    assert_eq!(
        (ask["used"].as_u64(), ask["unedited_percent"].as_u64(), ask["reopened"].as_u64()),
        (Some(1), Some(100), Some(0))
    );
    assert!(desk.run(&["template", "stats"]).ok().contains("Ask"));

    // To many: asked about, told who is left out, and with a key nothing twice.
    desk.run(&["close", third]).ok();
    let all = format!("{first},{second},{third}");
    let bulk = ["reply", "--bulk", &all, "--text", "Fixed for {{customer.first_name|you}}", "--now"];
    let asked = desk.run(&bulk);
    assert_eq!(asked.code, Some(2), "{}", asked.err);
    assert!(asked.err.contains(&format!("left out, it is closed: #{third}")), "{}", asked.err);
    assert!(asked.err.contains("2 replies, less than a minute: say --yes"), "{}", asked.err);
    let fixed = |ticket: &str| {
        desk.messages(ticket).iter().filter(|(id, text)| *id > 0 && text.starts_with("Fixed for ")).count()
    };
    for _ in 0..2 {
        let told = desk.json(&[&bulk[..], &["--yes", "--key", "outage-7"]].concat());
        assert_eq!(told["replies"].as_array().map(Vec::len), Some(2), "{told}");
        assert_eq!(told["left_out"][0]["ticket"].to_string(), *third, "{told}");
        assert_eq!((fixed(first), fixed(second), fixed(third)), (1, 1, 0));
    }
    desk.run(&["reply", "--bulk", first, second, "--text", "bit.ly/y", "--yes"]).fails(1, "nothing was sent");
    desk.run(&["reply", "--bulk", third, "--text", "x", "--yes"]).fails(1, "to nobody: it is closed");
    desk.run(&["reply"]).fails(2, "");
}

#[test]
fn checking_the_configuration_gives_one_object_whatever_is_wrong() {
    let desk = Desk::empty();
    let told = |text: &str| {
        desk.configure(text);
        let ended = desk.run(&["config", "check", "--json"]);
        assert_eq!((ended.code, ended.err.as_str()), (Some(2), ""), "{}", ended.out);
        let told: serde_json::Value = serde_json::from_str(&ended.out).expect("one object");
        assert!(told["config"].as_str().is_some_and(|file| file.ends_with("desk.toml")), "{told}");
        told["mistakes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one.as_str().expect("a text").to_owned())
            .collect()
    };
    let mistakes: Vec<String> = told("[tui]\nbell = 5\n[keys.queue]\nclaim = \"nosuchkey-\"\n");
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(
        mistakes[0].contains("desk.toml:2:8: ") && mistakes[1].contains("desk.toml:4:1: keys.queue.claim"),
        "{mistakes:?}"
    );
    let mistakes: Vec<String> = told("[tui\n");
    assert!(mistakes.len() == 1 && mistakes[0].contains("desk.toml:1:"), "{mistakes:?}");
    let mistakes: Vec<String> = told("[keys.nowhere]\nclaim = \"c\"\n");
    assert!(mistakes.len() == 1 && mistakes[0].contains("desk.toml:2:1: keys.nowhere: no such place"), "{mistakes:?}");
    // People read all of them, too.
    desk.configure("[tui]\nbell = 5\n[keys.queue]\nclaim = \"nosuchkey-\"\n");
    let ended = desk.run(&["config", "check"]);
    assert!(ended.err.contains("desk.toml:2:8: ") && ended.err.contains("keys.queue.claim"), "{}", ended.err);
}

#[test]
fn a_guard_that_cannot_work_is_named_with_its_place() {
    let desk = Desk::empty();
    desk.configure("[guard]\nsecrets = \"yes\"\nbanned = ['fine', '(', 'a*', 5]\ncard_number = true\n");
    let failed = desk.run(&["config", "check"]);
    assert_eq!(failed.code, Some(2), "{}{}", failed.out, failed.err);
    let told = failed.out + &failed.err;
    for line in [
        "desk.toml:2:11: `guard.secrets` is a text",
        "desk.toml:3:19: `guard.banned`: `(` cannot be used as a regular expression: unclosed group",
        "desk.toml:3:24: `guard.banned`: `a*` cannot be used as a regular expression: it matches every text",
        "desk.toml:3:30: `guard.banned` must be regular expressions",
        "desk.toml:4:1: unknown key `card_number` in `[guard]`: did you mean `card_numbers`?",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}
