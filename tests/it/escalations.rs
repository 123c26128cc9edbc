//! Escalations in `desk.toml`, and the backtest on the command line.

use std::time::Duration;

use topicdesk::clock::Timestamp;
use topicdesk::config;
use topicdesk::desk::event::{Actor, Event, Writer};
use topicdesk::desk::ids::{GroupId, MessageId, PersonId, TicketKey, TopicId};
use topicdesk::desk::ticket::Standing;
use topicdesk::store::Store;

use crate::support::process::Desk;

const AGENTS: &str = "[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n";

#[test]
fn the_rules_are_read() {
    let text = r#"
        [hours.office]
        timezone = "UTC"
        monday = ["09:00-17:00"]
        [[agents]]
        name = "anna"
        [[agents]]
        name = "Tom"
        [[sla]]
        name = "all"
        first_response = "1h"
        [[escalations]]
        name = "late"
        when = "priority:>=high -tag:spam"
        hours = "office"
        no_response_for = "30m"
        on = "near_breach"
        unanswered_messages = 3
        sentiment = true
        notify = ["anna", "@assignee", "@all"]
        priority = "raise"
        add_tags = ["late"]
        assign = "tom"
        note = "Please look"
        cooldown = "2h"
        max_per_hour = 4
        [[escalations]]
        name = "stands"
        in_status_for = "2d"
        priority = "urgent"
    "#;
    let rules = config::from_text("desk.toml", text, None).expect("right").rules.escalations.rules;
    insta::assert_debug_snapshot!(rules);
}

#[test]
fn whoever_lacks_an_account_is_named_where_not_only_they_are_told() {
    let text = "[[agents]]\nname = \"anna\"\ntelegram = 5\n[[agents]]\nname = \"tom\"\n\
                [[teams]]\nname = \"billing\"\nagents = [\"tom\", \"anna\"]\n\
                [[escalations]]\nname = \"x\"\nno_response_for = \"1h\"\n\
                notify = [\"anna\", \"team:billing\", \"@assignee\"]\ntell = \"telegram\"\n";
    let config = config::from_text("desk.toml", text, None).expect("right");
    let said = "\"x\" tells in Telegram whoever has an account: tom has none";
    assert_eq!(config.warnings, [format!("desk.toml:12:19: {said}"), format!("desk.toml:12:35: {said}")]);
    let notify = &config.rules.escalations.rules[0].notify;
    assert_eq!(notify.len(), 3, "{notify:?}");
    let plain = text.replace("team:billing", "billing");
    let wrong = config::from_text("desk.toml", &plain, None).expect_err("a team").to_string();
    assert!(wrong.contains("12:19: `escalations.notify`: `billing` is a team: write \"team:billing\""), "{wrong}");
}

#[test]
fn rules_that_cannot_work_are_named_with_their_place() {
    let sla = "[[sla]]\nname = \"all\"\nfirst_response = \"1h\"\n";
    let rule = |body: &str| format!("{AGENTS}[[escalations]]\nname = \"x\"\n{body}");
    let mut wrong = String::new();
    for (text, mistake) in [
        (
            format!("{AGENTS}[[escalations]]\nno_response_for = \"1h\"\nnotify = \"anna\"\n"),
            "5:1: an escalation has no `name`",
        ),
        (rule("notify = \"anna\"\n"), "5:1: \"x\" has no trigger"),
        (rule("no_response_for = \"1h\"\n"), "5:1: \"x\" does nothing"),
        (
            rule("no_response_for = \"1h\"\nnotify = [\"anna\", \"eva\"]\n"),
            "8:19: `escalations.notify`: there is no agent `eva`; there are anna, tom",
        ),
        (rule("no_response_for = \"1h\"\nnotify = \"@seniors\"\n"), "8:10: `escalations.notify`: `@seniors` is nobody"),
        (
            rule("no_response_for = \"1h\"\nnotify = \"team:billing\"\n"),
            "8:10: `escalations.notify`: there is no team `billing`; there are none",
        ),
        (
            rule("no_response_for = \"1h\"\nnotify = \"anna\"\ntell = \"telegram\"\n"),
            "8:10: \"x\" tells anna in Telegram, who has no account: add `telegram = \"@name\"` to the agent",
        ),
        (
            rule("no_response_for = \"1h\"\nassign = \"tom\"\ntell = \"telegram\"\n"),
            "8:10: \"x\" tells tom in Telegram, who has no account",
        ),
        (rule("no_response_for = \"1h\"\ntell = \"telegram\"\nnote = \"y\"\n"), "8:8: \"x\" tells no agent"),
        (
            rule("no_response_for = \"1h\"\ntell = \"staff_chat\"\n"),
            "8:8: \"x\" tells the staff chat: say which that is with `staff_chat` in [telegram]",
        ),
        (
            rule("no_response_for = \"1h\"\nnotify = \"anna\"\ntell = \"everywhere\"\n"),
            "9:8: `escalations.tell` must be \"telegram\", \"staff_chat\" or both",
        ),
        (
            rule("no_response_for = \"1h\"\nnotify = \"anna\"\nmessage = \"Look\"\n"),
            "9:11: `escalations.message` is said in Telegram only",
        ),
        (
            "[telegram]\ngroup = -1001234567890\nstaff_chat = 1234567890\n".to_owned(),
            "3:14: `telegram.staff_chat` is 1234567890, the group of the customers",
        ),
        (
            "[telegram]\nstaff_chat = \"@Acme\"\n[[groups]]\ngroup = \"@acme\"\n".to_owned(),
            "2:14: `telegram.staff_chat` is @Acme, the group of the customers",
        ),
        ("[telegram]\nstaff_chat = \"Staff room\"\n".to_owned(), "2:14: `telegram.staff_chat` must be the id"),
        (rule("no_response_for = \"1h\"\nassign = \"eva\"\n"), "8:10: `escalations.assign`: there is no agent `eva`"),
        (rule("no_response_for = \"0s\"\nassign = \"tom\"\n"), "7:19: `escalations.no_response_for` is no time at all"),
        (
            rule("no_response_for = \"1h\"\nhours = \"office\"\nassign = \"tom\"\n"),
            "8:9: `escalations.hours` is `office`",
        ),
        (rule("on = \"breach\"\nnotify = \"anna\"\n"), "7:6: \"x\" can never fire: there is no [[sla]]"),
        (rule("on = \"never\"\nnotify = \"anna\"\n"), "7:6: `escalations.on` is `never`"),
        (rule("sentiment = true\nnotify = \"anna\"\n"), "7:13: \"x\" goes by a guess alone"),
        (
            rule("when = \"refund\"\nno_response_for = \"1h\"\nnotify = \"anna\"\n"),
            "7:8: `refund`: a rule asks of the ticket",
        ),
        (rule("when = \"assignee:me\"\nno_response_for = \"1h\"\nnotify = \"anna\"\n"), "7:8: `assignee:me`"),
        (
            rule("when = \"assignee:eva\"\nno_response_for = \"1h\"\nnotify = \"anna\"\n"),
            "7:8: there is no agent `eva`",
        ),
        (rule("when = \"statos:open\"\nno_response_for = \"1h\"\nnotify = \"anna\"\n"), "7:9: `statos"),
        (
            rule("when = \"status:closed\"\nin_status_for = \"1h\"\nnotify = \"anna\"\n"),
            "7:8: \"x\" can never fire: nothing escalates a closed ticket",
        ),
        (
            rule("when = \"status:resolved\"\nno_response_for = \"1h\"\nnotify = \"anna\"\n"),
            "7:8: \"x\" can never fire: in a resolved ticket",
        ),
        (
            rule("when = \"status:resolved\"\nin_status_for = \"3d\"\nnotify = \"anna\"\n"),
            "8:17: \"x\" can never fire: a resolved ticket is closed after 3d (rules.auto_close_after)",
        ),
        (
            rule("when = \"waiting:<30m\"\nno_response_for = \"30m\"\nnotify = \"anna\"\n"),
            "8:19: \"x\" can never fire: when it has waited for 30m, `waiting:<30m` holds no longer",
        ),
        (
            rule("no_response_for = \"1h\"\nnotify = \"anna\"\npriority = \"low\"\n"),
            "9:12: `escalations.priority` is `low`",
        ),
        (
            rule("no_response_for = \"1h\"\nnotify = \"anna\"\nmax_per_hour = 0\n"),
            "9:16: `escalations.max_per_hour` must be",
        ),
        (
            rule("when = \"assignee:tom\"\nno_response_for = \"1h\"\nassign = \"tom\"\n"),
            "9:10: \"x\" gives tom what is tom's already",
        ),
        (
            rule(
                "when = \"assignee:anna\"\nno_response_for = \"1h\"\nassign = \"tom\"\n[[escalations]]\nname = \"y\"\nwhen = \"assignee:tom\"\nno_response_for = \"2h\"\nassign = \"anna\"\n",
            ),
            "14:10: \"y\" hands tickets on in a circle: \"x\" gives them back",
        ),
        (
            rule(
                "no_response_for = \"1h\"\nnotify = \"anna\"\n[[escalations]]\nname = \"x\"\nno_response_for = \"2h\"\nnotify = \"anna\"\n",
            ),
            "10:8: there are two escalations \"x\"",
        ),
    ] {
        let told = config::from_text("desk.toml", &text, None).expect_err(&text).to_string();
        if !told.starts_with(&format!("desk.toml:{mistake}")) || told.lines().count() != 1 {
            wrong.push_str(&format!("{text}\n{told}\nnot: {mistake}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for right in [
        rule("sentiment = true\nsentiment_alone = true\nnotify = \"anna\"\n"),
        format!("{sla}{}", rule("on = \"breach\"\nnotify = \"@all\"\n")),
        rule("when = \"status:resolved\"\nin_status_for = \"2d\"\nnotify = \"anna\"\n"),
        rule("when = \"assignee:anna\"\nno_response_for = \"1h\"\nassign = \"tom\"\n"),
    ] {
        config::from_text("desk.toml", &right, None).expect("right");
    }
}

const RULES: &str = "[[escalations]]\nname = \"Nobody answers\"\nno_response_for = \"30m\"\nnotify = [\"@all\"]\npriority = \"raise\"\nmax_per_hour = 2\n";

/// Three tickets of two hours ago; one was answered after ten minutes.
fn recorded(desk: &Desk) -> Timestamp {
    let mut store = Store::open(&desk.path().join("default")).expect("a store");
    let now = Timestamp::from_unix(topicdesk::clock::Clock::System.now().unix());
    let begun = now - Duration::from_secs(2 * 3600);
    let work = store.begin().expect("begins");
    let customer = Actor::Person(PersonId(1));
    for number in 0..4_i32 {
        let key = TicketKey { group: GroupId(7), topic: TopicId(100 + number * 10) };
        let at = begun + Duration::from_secs(number as u64 * 60);
        let opened = Event::Opened {
            episode: 1,
            title: format!("Matter {number}\u{1b}[31m"),
            standing: Standing::NEW,
            why: None,
        };
        let wrote = |id: i32, writer| Event::Wrote { message: MessageId(id), writer, thanks: false };
        work.append(key, at, &customer, &opened).expect("appended");
        work.append(key, at, &customer, &wrote(key.topic.0 + 1, Writer::Customer)).expect("appended");
        if number == 0 {
            let later = at + Duration::from_secs(600);
            work.append(key, later, &customer, &wrote(key.topic.0 + 2, Writer::Colleague)).expect("appended");
        }
    }
    work.commit().expect("committed");
    begun
}

fn desk_with(rules: &str) -> Desk {
    let desk = Desk::empty();
    desk.configure(&format!("{AGENTS}{rules}"));
    desk
}

#[test]
fn the_backtest_tells_what_would_have_fired() {
    let desk = desk_with(&format!("[[sla]]\nname = \"all\"\nfirst_response = \"20m\"\n{RULES}"));
    recorded(&desk);
    let told = desk.run(&["--agent", "anna", "rules", "backtest"]).ok();
    for part in [
        "12 events",
        "9 events",
        "3 escalations would have fired",
        "People might have acted otherwise",
        "held back",
        "Told: anna 2, tom 2",
        "Worst hour: 2 told",
        "3 targets missed, 3 of them before any rule had said a word:",
        "#110",
    ] {
        // Four are opened, four ask, one is answered.
        assert_eq!(told.contains(part), part != "12 events", "{part}: {told}");
    }
    assert!(!told.contains('\u{1b}'), "{told}");
    let json = desk.json(&["--agent", "anna", "rules", "backtest", "--since", "1d"]);
    assert_eq!(json["here"]["report"]["firings"].as_array().map(Vec::len), Some(3), "{json}");
    assert_eq!(json["here"]["tally"]["told"]["anna"], 2);
    assert_eq!(json["here"]["report"]["firings"][0]["cause"], "no_response");
    assert_eq!(json["here"]["report"]["breaches"], 3);
    let short = desk.json(&["--agent", "anna", "rules", "backtest", "--since", "1m"]);
    assert_eq!(short["here"]["report"]["firings"].as_array().map(Vec::len), Some(0), "{short}");
}

#[test]
fn the_backtest_names_a_team_in_full_and_the_staff_chat() {
    let desk = Desk::empty();
    desk.configure(&format!(
        "{AGENTS}[telegram]\nstaff_chat = -1000000000055\n[[teams]]\nname = \"billing\"\nagents = [\"tom\", \"anna\"]\n\
         [[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = \"team:billing\"\ntell = \"staff_chat\"\n"
    ));
    recorded(&desk);
    let told = desk.run(&["--agent", "anna", "rules", "backtest"]).ok();
    assert!(
        told.contains("tom, anna, the staff chat") && told.contains("Told: anna 3, tom 3, the staff chat 3"),
        "{told}"
    );
    let json = desk.json(&["--agent", "anna", "rules", "backtest"]);
    assert_eq!(
        (&json["here"]["report"]["firings"][0]["chat"], &json["here"]["tally"]["chat"]),
        (&true.into(), &3.into())
    );
}

#[test]
fn two_files_are_compared_and_wrong_ones_are_named() {
    let desk = desk_with(RULES);
    recorded(&desk);
    let other = desk.path().join("other.toml");
    std::fs::write(&other, format!("{AGENTS}{}", RULES.replace("30m", "5m"))).expect("written");
    let file = other.to_str().expect("a name");
    let told = desk.run(&["--agent", "anna", "rules", "backtest", "--rules", file]).ok();
    for part in ["With ", "0 only in the desk's rules", "1 only in the other file", "3 at another time", "25m sooner"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = desk.json(&["--agent", "anna", "rules", "backtest", "--rules", file]);
    assert_eq!(json["difference"]["moved"].as_array().map(Vec::len), Some(3), "{json}");
    std::fs::write(&other, format!("{AGENTS}[[escalations]]\nname = \"x\"\nnotify = \"eva\"\n")).expect("written");
    desk.run(&["--agent", "anna", "rules", "backtest", "--rules", file]).fails(2, "other.toml:7:10");
    desk.run(&["--agent", "anna", "rules", "backtest", "--since", "soon"]).fails(2, "soon");
    let none = desk_with("");
    recorded(&none);
    none.run(&["--agent", "anna", "rules", "backtest"]).fails(1, "no [[escalations]]");
}
