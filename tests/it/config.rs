//! `desk.toml`: what is written comes out as values, and every mistake says where it is and what is allowed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;
use topicdesk::config::{self, After, Config, ConfigError, Group, GroupChoice};
use topicdesk::desk::ids::{PersonId, TopicId};

fn read(text: &str) -> Config {
    config::from_text("desk.toml", text, None).expect("no mistakes")
}

/// All mistakes of a text, one line each.
fn mistakes(text: &str) -> String {
    config::from_text("desk.toml", text, None).expect_err("has mistakes").to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The shipped file with a part cut out, doubled, or replaced by anything: values, or mistakes with a place, and never a panic.
    #[test]
    fn any_damage_to_the_file_is_a_mistake_with_a_place(
        at in 0_usize..20_000, length in 0_usize..200, put in prop_oneof![".{0,30}", "[\\[\\]{}=\"'#,.0-9a-z\n-]{0,40}"],
        uncomment in any::<bool>(),
    ) {
        let mut text = include_str!("../../assets/desk.toml").to_owned();
        if uncomment {
            text = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        }
        let edge = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (from, to) = (edge(at), edge(at + length));
        text.replace_range(from..to, &put);
        if let Err(error) = config::from_text("desk.toml", &text, None) {
            prop_assert!(error.to_string().contains("desk.toml:"), "{}", error);
        }
    }
}

#[test]
fn everything_that_is_written_is_read() {
    let config = read(
        r#"
        [desk]
        name = "Acme Support"
        timezone = "Europe/Kyiv"
        language = "uk"
        [telegram]
        api_id = 12_345
        api_hash = "0123456789abcdef0123456789abcdef"
        group = -1001234567890
        backfill_calls_per_second = 2.5
        [[agents]]
        name = "mia"
        telegram = "@Mia_Acme"
        os_user = "mia"
        timezone = "UTC"
        [[agents]]
        name = "tom"
        telegram = 77
        [staff]
        telegram = ["@boss", 78]
        [rules]
        ignore_topics = ["Rules", 17]
        import.max_age = "30d"
        keep_assignee = "1d 12h"
        auto_close_after = "off"
        auto_pending_after = "2h"
        undo_send = "0s"
        keep_deleted_text = true
        [outbox]
        per_minute = 0
        burst = 2
        ask_after_offline = "off"
        [tui]
        theme = "dark"
        mouse = true
        bell = false
        after_resolve = "stay"
        [keys.queue]
        claim = ["c", "F2"]
        first = 1
        "#,
    );
    assert_eq!(config.rules.desk_name, "Acme Support");
    assert_eq!(config.telegram.api_id, Some(12_345));
    assert_eq!(config.telegram.groups, [Group { choice: GroupChoice::Id(1_234_567_890), name: None }]);
    assert_eq!(config.rules.staff.agents[0].username.as_deref(), Some("mia_acme"));
    assert_eq!(config.rules.staff.agents[1].telegram, Some(PersonId(77)));
    assert_eq!(config.rules.staff.colleagues, [PersonId(78)]);
    assert_eq!(config.rules.staff.colleague_names, ["boss"]);
    assert_eq!(config.rules.ignore_topics, [TopicId(17)]);
    assert_eq!(config.rules.ignore_titles, ["Rules"]);
    assert_eq!(config.rules.import_max_age, Duration::from_secs(30 * 86_400));
    assert_eq!(config.rules.keep_assignee, Duration::from_secs(36 * 3_600));
    assert_eq!(config.rules.auto_close_after, None);
    assert_eq!((config.rules.pace.per_minute, config.rules.pace.burst), (0, 2));
    assert_eq!(config.rules.ask_after_offline, None);
    assert!(config.rules.keep_deleted_text && !topicdesk::desk::rules::Rules::default().keep_deleted_text);
    assert_eq!(config.rules.auto_pending_after, Some(Duration::from_secs(7_200)));
    assert_eq!(config.tui.after_resolve, After::Stay);
    assert_eq!(config.tui.after_pending, After::Next);
    assert_eq!(config.keys[0].keys, ["c", "F2"]);
    assert_eq!(config.keys[1].keys, ["1"]);
    assert!(config.keys[0].place.starts_with("desk.toml:"), "{}", config.keys[0].place);
}

#[test]
fn a_mistake_says_where_it_is_and_what_is_allowed() {
    for (text, said) in [
        ("[desk]\nname = 5", "desk.toml:2:8: `desk.name` is a whole number: it must be a text in quotes"),
        (
            "[desk]\ntimezone = \"Kiev/Europe\"",
            "desk.toml:2:12: `desk.timezone` is `Kiev/Europe`, which is no time zone",
        ),
        (
            "[telegram]\napi_hahs = \"x\"",
            "desk.toml:2:1: unknown key `api_hahs` in `[telegram]`: did you mean `api_hash`?",
        ),
        ("undo_send = \"5s\"", "desk.toml:1:1: unknown key `undo_send`: it belongs in `[rules]`"),
        ("[rules]\nundo_send = 5", "desk.toml:2:13: `rules.undo_send` is a whole number: it must be a span of time"),
        ("[rules]\nauto_close_after = \"never\"", "it must be a span of time like \"14d\" or \"2h 30m\", or \"off\""),
        ("[outbox]\nburst = 0", "desk.toml:2:9: `outbox.burst` must be a whole number from 1 up"),
        ("[outbox]\nper_minute = -1", "desk.toml:2:14: `outbox.per_minute` must be a whole number from 0 up"),
        ("[outbox]\nper_minute = \"18\"", "`outbox.per_minute` is a text: it must be a whole number from 0 up"),
        ("[tui]\nafter_resolve = \"leave\"", "it must be one of \"next\", \"stay\", \"queue\""),
        ("[telegram]\napi_hash = \"geheim\"", "desk.toml:2:12: the api_hash must be the 32 hexadecimal digits"),
        ("[telegram.sandbox]\ndc_id = 2", "`[telegram.sandbox]` has no `address`"),
        ("[[agents]]\ntelegram = 5", "an agent has no `name`"),
        ("[[agents]]\nname = \"mia\"\n[[agents]]\nname = \"Mia\"", "desk.toml:4:8: there are two agents `Mia`"),
        ("[[agents]]\nname = \"mia\"\ntelegram = \"@a b\"", "desk.toml:3:12: no Telegram account"),
        ("agents = 5", "`agents` is a whole number: it must be a list of tables: write `[[agents]]` above each"),
        ("desk = \"x\"", "it must be a table: write `[desk]`"),
        ("[desk\nname", "desk.toml:1:6: "),
        ("[desk]\nname = \"тема", "desk.toml:2:"),
        (
            "[telegram.mirror_status]\nenabled = 1",
            "desk.toml:2:11: `telegram.mirror_status.enabled` is a whole number: it must be true or false",
        ),
        (
            "[telegram.mirror_status]\nenable = true",
            "desk.toml:2:1: unknown key `enable` in `[telegram.mirror_status]`: did you mean `enabled`?",
        ),
        (
            "[telegram.mirror_status.icons]\nsolved = \"✅\"",
            "desk.toml:2:1: unknown key `solved` in `[telegram.mirror_status.icons]`: ",
        ),
        (
            "[telegram.mirror_status.icons]\nopen = \"new\"",
            "desk.toml:2:8: `telegram.mirror_status.icons.open` is `new`: it must be one emoji of Telegram's topic icons, or \"off\"",
        ),
        (
            "[telegram.mirror_status]\nquiet_reasons = [5]",
            "desk.toml:2:18: `telegram.mirror_status.quiet_reasons` must be words",
        ),
        ("[telegram.mirror_status]\nnotice = \" \"", "desk.toml:2:10: `telegram.mirror_status.notice` is empty"),
        (
            "[telegram.mirror_status]\nnotice = \"a\\u001b\"",
            "desk.toml:2:10: an automatic message has no control characters",
        ),
        (
            "[telegram.mirror_status.notice]\nenglish_uk = \"x\"",
            "desk.toml:2:1: `english_uk` is no language: write its code",
        ),
        ("telegram.mirror_status = true", "it must be a table: write `[telegram.mirror_status]`"),
        ("telegram = 5", "it must be a table: write `[telegram]`"),
        ("[desk]\nname = \"a\\u001bb\"", "desk.toml:2:8: `desk.name` must be one line without control characters"),
    ] {
        let told = mistakes(text);
        assert!(told.contains(said), "{text:?}\n  told  {told}\n  wanted {said}");
        assert!(!told.contains("geheim"), "a secret in an error: {told}");
    }
}

#[test]
fn status_in_telegram_is_off_until_it_is_switched_on() {
    let off = read("").rules.mirror_status;
    assert_eq!(off, topicdesk::desk::mirror_status::MirrorStatus::default());
    assert!(!off.enabled && !off.close_topics);
    // The keys of the table of icons are the statuses, and the shipped file shows what stands without it.
    let shown: Vec<String> =
        config::DEFAULT.lines().filter_map(|line| line.strip_prefix('#')).map(str::to_owned).collect();
    for (status, emoji) in &off.icons {
        assert!(shown.contains(&format!("{status} = \"{emoji}\"")), "{status}");
    }
    let on = read(
        r#"
        [desk]
        language = "uk"
        [telegram.mirror_status]
        enabled = true
        close_topics = true
        quiet_reasons = ["Werbung"]
        [telegram.mirror_status.icons]
        pending = "☕️"
        assigned = "off"
        [telegram.mirror_status.notice]
        uk = """
Тему закрито.
Створіть нову."""
        "#,
    );
    let rules = on.rules.mirror_status;
    assert!(rules.enabled && rules.close_topics && on.warnings.is_empty());
    assert_eq!(rules.quiet_reasons, ["Werbung"]);
    assert_eq!(rules.icons.len(), 5, "one is off");
    assert!(rules.icons.values().any(|emoji| emoji == "☕️"));
    assert_eq!((rules.language.as_str(), rules.notices["uk"].as_str()), ("uk", "Тему закрито.\nСтворіть нову."));
    assert!(rules.notices.contains_key("en") && rules.notices.contains_key("ru"));
    // One text is for everybody.
    let one = read("[telegram.mirror_status]\nnotice = \"Bye.\"\nclose_topics = true");
    assert_eq!(one.rules.mirror_status.notices.into_values().collect::<Vec<_>>(), ["Bye."]);
    assert_eq!(one.warnings, ["desk.toml:3:16: `close_topics` does nothing without `enabled = true` beside it"]);
}

#[test]
fn automatic_messages_are_off_until_they_are_switched_on() {
    use topicdesk::desk::automatic::{Kind, OnResolve};
    let rules = read("").rules;
    assert!(rules.automatic.is_silent() && !rules.pilot && rules.close_reasons.is_empty());
    let rules = read(
        r#"
        [desk]
        pilot = true
        language = "uk"
        [rules]
        on_resolve = "survey"
        notice_delay = "5m"
        close_reasons = ["spam", "no answer", "spam"]
        [hours.office]
        timezone = "UTC"
        monday = ["09:00-17:00"]
        [nudges]
        after = ["36h", "3d"]
        hours = "office"
        text = "Агов?"
        [survey.text]
        de = "Wie war es?"
        [survey]
        thanks = "Danke!"
        quiet_tags = ["junk"]
        "#,
    )
    .rules;
    let automatic = &rules.automatic;
    assert_eq!(automatic.nudge_after, [Duration::from_secs(36 * 3600), Duration::from_secs(72 * 3600)]);
    assert_eq!((automatic.on_resolve, automatic.notice_delay), (OnResolve::Survey, Duration::from_secs(300)));
    assert!(rules.pilot && automatic.nudge_hours.is_some());
    assert_eq!(rules.close_reasons, ["spam", "no answer"]);
    assert_eq!(automatic.text(Kind::Nudge, Some("en")), Some("Агов?"), "one text is for everybody");
    assert_eq!(automatic.text(Kind::Survey, Some("de")), Some("Wie war es?"));
    assert!(automatic.text(Kind::Survey, None).is_some_and(|text| text.starts_with("Ми")));
    assert_eq!((automatic.thanks(Some("en")), &automatic.quiet_tags[..]), ("Danke!", &["junk".to_owned()][..]));

    let long = "x".repeat(201);
    let wrong = format!(
        "[rules]\non_resolve = \"always\"\nclose_reasons = [7]\n[nudges]\nafter = [\"2d\", \"soon\", \"3d\", \"4d\"]\n\
         hours = \"night\"\n[nudges.text]\n\"42\" = \"a\"\n[survey]\nthanks = \"{long}\"\ntext = \"a\\u0007\"\n"
    );
    let told = mistakes(&wrong);
    for what in [
        "desk.toml:2:14: `rules.on_resolve` is `always`",
        "desk.toml:3:18: `rules.close_reasons` must be words",
        "`nudges.after` must be spans",
        "`nudges.after` has at most 2",
        "desk.toml:6:9: there are no hours `night`",
        "`42` is no language",
        "at most 200 characters, and this one has 201",
        "no control characters",
    ] {
        assert!(told.contains(what), "{what} is not in:\n{told}");
    }
    let warned = read("[rules]\nauto_resolve_pending_after = \"2d\"\n[nudges]\nafter = [\"2d\"]\n").warnings;
    assert!(
        warned.iter().any(|warning| warning.contains("desk.toml:2:30") && warning.contains("never sent")),
        "{warned:?}"
    );
}

#[test]
fn signatures_and_typing_are_off_until_they_are_said() {
    let rules = read("").rules;
    assert_eq!((rules.signatures, rules.typing), (topicdesk::desk::signature::Signatures::default(), None));
    let text = r#"
        [desk]
        signature = "— {{agent.name}} ({{ agent.first_name }}) "
        [telegram]
        typing = false
        [[agents]]
        name = "mia"
        signature = "Mia, billing"
        [[agents]]
        name = "tom"
        signature = ""
        [[agents]]
        name = "li"
        "#;
    let rules = read(text).rules;
    assert_eq!(rules.typing, Some(false));
    let line = |agent: &str| rules.signatures.line(&agent.into(), "Li Wei");
    assert_eq!(line("li").as_deref(), Some("— Li Wei (Li)"));
    assert_eq!((line("mia").as_deref(), line("tom")), (Some("Mia, billing"), None));
    for (text, mistake) in [
        (
            "[desk]\nsignature = \"{{customer.name}}\"",
            "desk.toml:2:13: a signature has no `{{customer.name}}`: there are {{agent.name}} and {{agent.first_name}}",
        ),
        ("[desk]\nsignature = \"a\\nb\"", "desk.toml:2:13: a signature is one line"),
        ("[desk]\nsignature = 5", "desk.toml:2:13: `desk.signature` is a whole number: it must be a text in quotes"),
        (
            "[[agents]]\nname = \"a\"\nsignature = \"{{?who}}\"",
            "desk.toml:3:13: a signature has no `{{?who}}`: there are {{agent.name}} and {{agent.first_name}}",
        ),
        ("[telegram]\ntyping = \"no\"", "desk.toml:2:10: `telegram.typing` is a text: it must be true or false"),
    ] {
        let told = mistakes(text);
        assert!(told.contains(mistake), "{text}: {told}");
    }
    let long = mistakes(&format!("[desk]\nsignature = \"{}\"", "a".repeat(201)));
    assert!(long.contains("at most 200 characters, and this one has 201"), "{long}");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let told = mistakes("[desk]\nnmae = \"x\"\n[rules]\nkeep_assignee = 7\n[tui]\nbell = \"loud\"");
    let places: Vec<&str> = told.lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(places, ["desk.toml:2:1", "desk.toml:4:17", "desk.toml:6:8"], "{told}");
}

#[test]
fn every_group_is_worked_and_may_have_a_short_name() {
    let config = read(
        "[telegram]\ngroup = -1001234567890\n[[groups]]\ngroup = \"@one\"\nname = \"shop\"\n[[groups]]\ngroup = \"Two\"\n\
         [[groups]]\ngroup = 1234567890\nname = \"main\"\n[[queues]]\nname = \"Shop\"\nquery = \"group:shop\"",
    );
    let group = |choice, name: Option<&str>| Group { choice, name: name.map(str::to_owned) };
    let named = [
        group(GroupChoice::Id(1_234_567_890), Some("main")),
        group(GroupChoice::Username("one".to_owned()), Some("shop")),
        group(GroupChoice::Title("Two".to_owned()), None),
    ];
    assert_eq!(config.telegram.groups, named, "one that stands in [telegram] too is one group");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.rules.query("group:SHOP").is_ok() && config.rules.query("group:two").is_ok());
    assert!(read("").telegram.groups.is_empty());
}

#[test]
fn mistakes_about_groups_are_told_with_their_places() {
    for (text, wanted) in [
        ("[[groups]]\nname = \"shop\"", "1:1: a group has no `group`"),
        ("[[groups]]\ngroup = \"@a_group\"\ntitle = \"x\"", "3:1: unknown key `title` in `[groups]`"),
        (
            "[[groups]]\ngroup = \"@a_group\"\n[[groups]]\ngroup = \"https://t.me/A_Group\"",
            "3:1: the group @A_Group stands",
        ),
        (
            "[[groups]]\ngroup = \"@a\"\nname = \"x\"\n[[groups]]\ngroup = \"@b\"\nname = \"X\"",
            "6:8: two groups have the name",
        ),
        ("[[groups]]\ngroup = [\"@a\", \"@b\"]", "2:16: one group: further ones go into"),
        ("[[groups]]\ngroup = \"@a\"\nname = \"a b\"", "3:8: `groups.name` is `a b`: write a short word"),
        ("[[groups]]\ngroup = \"@a\"\nname = \"a/b\"", "3:8: `groups.name`"),
        ("[[groups]]\ngroup = \"@a\"\nname = \"1042\"", "3:8: `groups.name`"),
        ("[[groups]]\ngroup = \"@a\"\nname = \"@a\"", "3:8: `groups.name`"),
        ("[[groups]]\ngroup = \"@a\"\nname = \"abcdefghijklmnopqrstu\"", "at most 20"),
        (
            "[[groups]]\ngroup = \"@a\"\nname = \"a\"\n[[queues]]\nname = \"Q\"\nquery = \"is:live group:b\"",
            "6:18: `group:b`: there is no group `b`: there are a",
        ),
    ] {
        let told = mistakes(text);
        assert!(told.contains(wanted), "{text}\n{told}");
    }
}

#[test]
fn secrets_are_in_no_debug_output() {
    let key = "ab".repeat(256);
    let config = read(&format!(
        "[telegram]\napi_hash = \"{}\"\n[telegram.sandbox]\naddress = \"127.0.0.1:1\"\nauth_key = \"{key}\"",
        "0f".repeat(16)
    ));
    let seen = format!("{config:?}");
    assert!(!seen.contains(&key) && !seen.contains(&"0f".repeat(16)), "{seen}");
}

#[test]
fn a_file_with_a_secret_must_be_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("desk.toml");
    let set = |text: &str, mode| {
        fs::write(&file, text).expect("writes");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("sets");
    };
    let secret = format!("[telegram]\napi_id = 1\napi_hash = \"{}\"", "0f".repeat(16));
    set(&secret, 0o644);
    let error = config::load(&file).expect_err("refuses");
    assert!(matches!(error, ConfigError::Exposed(_)) && error.to_string().contains("chmod 600"), "{error}");
    set(&secret, 0o600);
    assert!(config::load(&file).is_ok());
    let sandbox =
        |address: &str| format!("[telegram.sandbox]\naddress = \"{address}\"\nauth_key = \"{}\"", "ab".repeat(256));
    set(&sandbox("127.0.0.1:5"), 0o644);
    assert!(config::load(&file).is_ok(), "nothing is lost by a made-up account of this machine");
    set(&sandbox("192.0.2.1:5"), 0o644);
    assert!(config::load(&file).is_err());
    set("[desk]\nname = \"open to all\"", 0o644);
    assert!(config::load(&file).is_ok());

    let hash = folder.path().join("hash");
    fs::write(&hash, "0f".repeat(16)).expect("writes");
    fs::set_permissions(&hash, fs::Permissions::from_mode(0o644)).expect("sets");
    set("[telegram]\napi_hash_file = \"hash\"", 0o644);
    assert!(config::load(&file).expect_err("refuses").to_string().contains("chmod 600"));
    fs::set_permissions(&hash, fs::Permissions::from_mode(0o600)).expect("sets");
    let config = config::load(&file).expect("reads");
    assert_eq!(config.telegram.api_hash.expect("is there").expose(), "0f".repeat(16));
}

#[test]
fn the_default_file_is_right_and_names_every_key() {
    read(config::DEFAULT);
    // With every comment sign before a key taken away, it still has to be right: the comments show the true syntax.
    let open: String = config::DEFAULT
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .filter(|line| !line.starts_with("api_hash_file") && !line.starts_with("holidays_file"))
        // The file it names is not here, and a header needs it.
        .filter(|line| !line.starts_with("header =") && !line.starts_with("secret_file"))
        .map(|line| if line.starts_with("auth_key") { format!("auth_key = \"{}\"\n", "ab".repeat(256)) } else { line })
        .collect();
    let config = read(&open);
    assert_eq!(config.rules.undo_send, Duration::from_secs(5));
    for (key, default) in [
        ("keep_assignee", topicdesk::desk::rules::Rules::default().keep_assignee),
        ("thanks_window", topicdesk::desk::rules::Rules::default().thanks_window),
        ("undo_window", topicdesk::desk::rules::Rules::default().undo_window),
    ] {
        let line = open.lines().find(|line| line.starts_with(key)).expect(key);
        let shown = line.split('"').nth(1).expect("a text");
        assert_eq!(config::duration::parse(shown), Ok(default), "{key}");
    }
    for key in config::known_keys() {
        assert!(config::DEFAULT.contains(key), "assets/desk.toml does not show `{key}`");
    }
}

fn mistakes_in(text: &str, folder: Option<&std::path::Path>) -> String {
    config::from_text("desk.toml", text, folder).expect_err(text).to_string()
}

const OFFICE: &str = "[hours.office]\ntimezone = \"UTC\"\nmonday = [\"09:00-17:00\"]\n";

#[test]
fn hours_and_policies_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261130\r\nSUMMARY:Feast\r\nEND:VEVENT\r\n\
                    BEGIN:VEVENT\r\nDTSTART:20261207\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    std::fs::write(folder.path().join("x.ics"), calendar).expect("writes");
    let text = r#"
        [desk]
        timezone = "Europe/Kyiv"
        [hours.office]
        monday = ["14:00-18:00", "09:00-13:00"]
        sunday = "22:00-06:00"
        holidays = [2026-12-14, "12-21", { on = "2026-12-07", hours = ["10:00-11:00"], name = "half" }]
        holidays_file = "x.ics"
        [[sla]]
        name = "VIP"
        when = "customer:@Olena,5 group:acme language:uk"
        hours = "office"
        first_response = "30m"
        warn_before = "10m"
        [[sla]]
        name = "rest"
        resolution = "2d"
    "#;
    let config = config::from_text("desk.toml", text, Some(folder.path())).expect("right");
    let sla = &config.rules.sla;
    let office = &sla.hours["office"];
    let at = |text: &str| topicdesk::clock::Timestamp::parse_rfc3339(text).expect(text);
    // Kyiv is two hours ahead: Mondays from 9 to 13 and 14 to 18, and what is left of Sunday's night.
    let day = |day: &str| office.between(at(&format!("{day}T22:30:00Z")), at(&format!("{day}T22:30:00Z")) + DAY);
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let night = Duration::from_secs(5 * 3600 + 1800);
    assert_eq!(day("2026-11-22"), hours(8) + night);
    assert_eq!(day("2026-11-29"), night, "the file's holiday, after a night that is worked to its end");
    assert_eq!(day("2026-12-06"), hours(1) + night, "what stands here counts before the file");
    assert_eq!(day("2026-12-13"), night);
    assert_eq!(day("2026-12-20"), night);
    let names: Vec<&str> = sla.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["VIP", "rest"]);
    assert_eq!(sla.policies[0].when.to_string(), "customer:@Olena,5 group:acme language:uk");
    assert_eq!(sla.policies[1].hours, None);
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn hours_and_policies_that_cannot_work_are_named_with_their_place() {
    for (text, wanted) in [
        ("[hours.x]\ntimezone = \"UTC\"\n", "desk.toml:1:8: `[hours.x]`: these hours never open"),
        ("[hours.x]\nmonday = \"9:00-17:00\"\n", "desk.toml:1:8: `[hours.x]` has no `timezone`"),
        ("[hours.x]\ntimezone = \"Mars\"\n", "2:12: `hours.x.timezone` is `Mars`"),
        ("[hours.x]\ntimezone = \"UTC\"\nmonday = [\"9-17\"]\n", "3:11: `hours.x.monday`: `9-17` is no range"),
        ("[hours.x]\ntimezone = \"UTC\"\nmonday = [\"25:00-26:00\"]\n", "is no range"),
        ("[hours.x]\ntimezone = \"UTC\"\nmonday = [\"09:00-09:00\"]\n", "begins where it ends"),
        (
            "[hours.x]\ntimezone = \"UTC\"\nmonday = [\"09:00-13:00\", \"12:00-14:00\"]\n",
            "3:26: `hours.x.monday`: 09:00-13:00 and 12:00-14:00 overlap",
        ),
        (
            "[hours.x]\ntimezone = \"UTC\"\nmonday = \"22:00-06:00\"\ntuesday = \"05:00-09:00\"\n",
            "4:11: `hours.x.tuesday` begins with 05:00-09:00 before the night of monday is over",
        ),
        (
            "[hours.x]\ntimezone = \"UTC\"\nmonday = \"09:00-17:00\"\nholidays = [\"13-40\"]\n",
            "4:13: `13-40` is no holiday",
        ),
        ("[hours.x]\ntimezone = \"UTC\"\nmonday = \"09:00-17:00\"\nholidays = [{ name = \"y\" }]\n", "has no `on`"),
        (
            "[hours.x]\ntimezone = \"UTC\"\nmonday = \"09:00-17:00\"\nmonday_ = 1\n",
            "unknown key `monday_` in `[hours.x]`",
        ),
        (
            "[hours.x]\ntimezone = \"UTC\"\nmonday = \"09:00-17:00\"\nholidays_file = \"no.ics\"\n",
            "4:17: no.ics cannot be read",
        ),
        ("[[sla]]\nname = \"a\"\nhours = \"office\"\n", "3:9: `sla.hours` is `office`: no `[hours.…]` has that name"),
        (
            "[[sla]]\nname = \"a\"\n[[sla]]\nname = \"b\"\n",
            "desk.toml:3:1: \"b\" is never reached: \"a\" before it has no conditions",
        ),
        (
            "[[sla]]\nname = \"a\"\nwhen = \"language:en,uk\"\n[[sla]]\nname = \"b\"\nwhen = \"language:uk priority:high\"\n",
            "\"b\" is never reached: \"a\" before it takes every ticket that it could (language:en,uk)",
        ),
        ("[[sla]]\nname = \"a\"\n[[sla]]\nname = \"a\"\n", "there are two policies"),
        ("[[sla]]\nfirst_response = \"1h\"\n", "1:1: a policy has no `name`"),
        ("[[sla]]\nname = \"a\"\nfirst_response = \"0s\"\n", "3:18: `sla.first_response` is no time at all"),
        ("[[sla]]\nname = \"a\"\nfirst_response = \"1h\"\nwarn_before = \"2h\"\n", "4:15: `sla.warn_before` is `2h`"),
        ("[[sla]]\nname = \"a\"\nwarn_before = \"100%\"\n", "in percent"),
        (
            "[[sla]]\nname = \"a\"\nwhen = { tag = \"vip\", priority = [\"high\", \"urgent\"] }\n",
            "desk.toml:3:8: `sla.when` is a query: write `when = \"tag:vip priority:high,urgent\"`",
        ),
        ("[[sla]]\nname = \"a\"\nwhen = {}\n", "3:8: `sla.when` is a query: leave it out for every ticket"),
        ("[[sla]]\nname = \"a\"\nwhen = \"colour:red\"\n", "3:9: `colour:red`"),
        ("[[sla]]\nname = \"a\"\nwhen = \"tag:vip waiting:>2h\"\n", "3:8: `waiting:>2h`: by the policy the times"),
        ("[[sla]]\nname = \"a\"\nwhen = \"assignee:me\"\n", "3:8: `assignee:me`: nobody reads"),
        ("[[sla]]\nname = \"a\"\nwhen = \"priority:huge\"\n", "3:9: `priority:huge`"),
    ] {
        let told = mistakes_in(text, None);
        assert!(told.contains(wanted), "{text}\n{told}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("x.ics"),
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026\nEND:VEVENT\nEND:VCALENDAR\n",
    )
    .expect("writes");
    let told = mistakes_in(&format!("{OFFICE}holidays_file = \"x.ics\"\n"), Some(folder.path()));
    assert!(told.contains("x.ics:3:1: `2026` is no date"), "{told}");
}

const DESK: &str = "[[agents]]\nname = \"mia\"\n[[teams]]\nname = \"desk\"\nagents = [\"mia\"]\n";

#[test]
fn teams_routing_and_intake_are_read() {
    use topicdesk::desk::routing::Assign;
    let config = read(
        r#"
        [rules]
        burst = "3 topics in 1m"
        reassign_after = "2h"
        [hours.office]
        timezone = "UTC"
        monday = "09:00-17:00"
        [[agents]]
        name = "Mia"
        skills = ['#Billing', "eu"]
        capacity = 5
        hours = "office"
        senior = true
        [[agents]]
        name = "tom"
        [[intake]]
        name = "refunds"
        when = "category:none"
        match = '\brefund'
        language = ["en", "UK"]
        icon = ["💰", 5312016608254762256]
        add_tags = "billing"
        category = "Refund"
        priority = "high"
        team = "billing"
        [[teams]]
        name = "billing"
        agents = ["mia", "tom"]
        assign = "skills"
        fallback = "rest"
        [[teams]]
        name = "rest"
        agents = ["tom"]
        fallback = "none"
        [[routing]]
        name = "vip"
        when = "tag:vip"
        team = "Billing"
        [[routing]]
        name = "others"
        team = "rest"
        "#,
    );
    let routing = &config.rules.routing;
    let mia = &routing.duties[&"Mia".into()];
    assert_eq!((mia.skills.len(), mia.capacity, mia.hours.as_deref(), mia.senior), (2, Some(5), Some("office"), true));
    assert!(!routing.duties.contains_key(&"tom".into()));
    let billing = &routing.teams[0];
    assert_eq!(billing.agents, ["Mia".into(), "tom".into()]);
    assert_eq!((billing.assign, billing.fallback.clone()), (Assign::Skills, Some("rest".into())));
    assert_eq!((routing.teams[1].assign, routing.teams[1].fallback.clone()), (Assign::Manual, None));
    assert_eq!(routing.rules.iter().map(|rule| rule.team.0.as_str()).collect::<Vec<_>>(), ["billing", "rest"]);
    assert_eq!(routing.intake[0].does(), "+billing, category refund, priority high, team billing");
    assert_eq!(routing.burst.map(|burst| burst.topics), Some(3));
    assert_eq!(routing.reassign_after, Some(Duration::from_secs(7200)));
    let none = read("[rules]\nburst = \"off\"\n").rules.routing;
    assert!(none.is_empty() && none.burst.is_none());
    assert_eq!(none.idle_after, Some(Duration::from_secs(1800)));
    for (said, wanted) in [("\"1m\"", Some(60)), ("0", None), ("\"0\"", None), ("\"0s\"", None), ("\"off\"", None)] {
        let read = read(&format!("[rules]\nidle_after = {said}\n")).rules.routing;
        assert_eq!(read.idle_after, wanted.map(Duration::from_secs), "{said}");
    }
}

#[test]
fn teams_routing_and_intake_that_cannot_work_are_named_with_their_place() {
    for (text, wanted) in [
        (
            "[[agents]]\nname = \"mia\"\nhours = \"night\"\n",
            "3:9: `agents.hours` is `night`: no `[hours.…]` has that name",
        ),
        ("[[agents]]\nname = \"mia\"\ncapacity = 0\n", "3:12: `agents.capacity` must be"),
        ("[[agents]]\nname = \"mia\"\nskills = [\"two words\"]\n", "3:11: `agents.skills`: `two words` is no tag"),
        ("[[teams]]\nname = \"x\"\nagents = [\"nobody\"]\n", "3:11: there is no agent `nobody` in desk.toml"),
        ("[[teams]]\nname = \"x\"\nagents = []\n", "3:10: a team has no agents"),
        ("[[teams]]\nname = \"x\"\n", "1:1: a team has no agents"),
        ("[[teams]]\nagents = []\n", "1:1: a team has no `name`"),
        ("DESK[[teams]]\nname = \"Desk\"\nagents = [\"mia\"]\n", "7:8: there are two teams `Desk`"),
        (
            "DESKfallback = \"other\"\n",
            "6:12: `teams.fallback` is `other`: no `[[teams]]` has that name; there are desk",
        ),
        ("DESKfallback = \"desk\"\n", "6:12: `teams.fallback` goes round in a circle: desk -> desk"),
        (
            "DESKfallback = \"b\"\n[[teams]]\nname = \"b\"\nagents = [\"mia\"]\nfallback = \"desk\"\n",
            "10:12: `teams.fallback` goes round in a circle: b -> desk -> b",
        ),
        (
            "DESKassign = \"random\"\n",
            "6:10: `teams.assign` is `random`: it must be one of \"manual\", \"round_robin\"",
        ),
        ("DESK[[routing]]\nname = \"a\"\nteam = \"nobody\"\n", "8:8: `routing.team` is `nobody`: no `[[teams]]`"),
        ("DESK[[routing]]\nname = \"a\"\n", "6:1: a routing rule has no `team`"),
        (
            "DESK[[routing]]\nname = \"a\"\nteam = \"desk\"\n[[routing]]\nname = \"b\"\nwhen = \"tag:x\"\nteam = \"desk\"\n",
            "9:1: \"b\" is never reached: \"a\" before it has no conditions and takes every ticket",
        ),
        (
            "DESK[[routing]]\nname = \"a\"\nwhen = \"tag:x\"\nteam = \"desk\"\n[[routing]]\nname = \"b\"\n\
             when = \"priority:high tag:x\"\nteam = \"desk\"\n",
            "10:1: \"b\" is never reached: \"a\" before it takes every ticket that it could",
        ),
        (
            "DESK[[routing]]\nname = \"a\"\nwhen = \"tag:x statsu:open\"\nteam = \"desk\"\n",
            "8:15: `statsu:open`: did you mean `status:`?",
        ),
        (
            "[[intake]]\nname = \"a\"\nmatch = '('\nadd_tags = \"x\"\n",
            "3:9: `intake.match`: `(` cannot be used as a regular expression",
        ),
        ("[[intake]]\nname = \"a\"\n", "1:1: \"a\" does nothing"),
        (
            "[[intake]]\nname = \"a\"\nteam = \"x\"\n",
            "3:8: `intake.team` is `x`: no `[[teams]]` has that name; there are none",
        ),
        ("[[intake]]\nname = \"a\"\ncategory = \"two words\"\n", "3:12: `intake.category`: `two words` is no category"),
        (
            "[[intake]]\nname = \"a\"\npriority = \"low\"\n[[intake]]\nname = \"b\"\nwhen = \"tag:x\"\npriority = \"high\"\n",
            "4:1: \"b\" never does anything: \"a\" before it takes every ticket",
        ),
        ("[[intake]]\nname = \"a\"\nadd_tag = \"x\"\n", "did you mean `add_tags`?"),
        ("[rules]\nburst = \"many\"\n", "2:9: `rules.burst` is `many`: write it like"),
        ("[rules]\nidle_after = \"59s\"\n", "2:14: `rules.idle_after` is less than a minute"),
        ("[rules]\nidle_after = 5\n", "2:14: `rules.idle_after` is a whole number: it must be a span of time"),
        ("[rules]\nreassign_after = \"0s\"\n", "2:18: `rules.reassign_after` is no time at all"),
    ] {
        let text = text.replace("DESK", DESK);
        let told = mistakes_in(&text, None);
        assert!(told.contains(wanted), "{text}\n{told}\nlacks {wanted}");
    }
}
