//! `topicdesk open`, `category` and `team` as a script has them, against a sandbox that refuses once.

use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess, until};

const TEAMS: &str = "backfill_calls_per_second = 0\n[[teams]]\nname = \"Money\"\nagents = [\"anna\"]\n";

fn intake(desk: &Desk) -> Vec<Value> {
    desk.json(&["queue", "intake"]).as_array().expect("a list").clone()
}

#[test]
fn a_ticket_is_opened_from_the_command_line() {
    let mut sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk(TEAMS);
    desk.run(&["sync"]).ok();
    let rows = intake(&desk);
    let row = rows.first().expect("somebody has asked in General").clone();
    let id = row["message"].to_string();
    let (author, asked) = (row["customer"]["id"].clone(), row["waiting_since"].clone());
    assert!(author.is_i64() && asked.is_string(), "{row}");
    let listed = desk.run(&["queue", "intake"]).ok();
    assert!(
        listed.contains("MESSAGE") && listed.lines().any(|line| line.split_whitespace().nth(1) == Some(&id)),
        "{listed}"
    );
    desk.run(&["open", &id]).fails(2, "--title");
    desk.run(&["open", "999999", "--title", "Lost"]).fails(1, "message 999999 is not known here");
    desk.run(&["open", &id, "--title", " "]).fails(1, "a topic needs a title");
    desk.run(&["open", &id, "--title", "card 4111 1111 1111 1111"]).fails(1, "--force sends it");

    sandbox.cause("error messages.createForumTopic 403 CHAT_WRITE_FORBIDDEN");
    // A control line takes a moment; what gets through before would be open.
    let refused = desk.run(&["open", &id, "--title", "From General"]);
    let ticket = if refused.code == Some(1) {
        assert!(refused.err.contains("not opened: the topic was not created"), "{refused:?}");
        let parked = desk.json(&["outbox"])[0].clone();
        assert_eq!(
            (parked["state"].as_str(), parked["opens"]["title"].as_str()),
            (Some("parked"), Some("From General"))
        );
        assert!(desk.run(&["outbox"]).ok().contains("open \"From General\" from 1 message"));
        let number = parked["outbox"].to_string();
        until("it goes through", || (desk.run(&["outbox", "retry", &number, "--force"]).code == Some(0)).then_some(()));
        desk.json(&["queue", "unassigned", "--filter", "\"From General\""])[0]["id"].to_string()
    } else {
        let said = refused.ok();
        said.trim_start_matches('#').split(' ').next().expect("a number").to_owned()
    };
    let shown = desk.json(&["show", &ticket]);
    assert_eq!((&shown["title"], &shown["customer"]["id"]), (&Value::from("From General"), &author), "{shown}");
    assert_eq!((&shown["opened_at"], &shown["waiting_since"]), (&asked, &asked), "{shown}");
    assert!(intake(&desk).iter().map(|row| row["message"].to_string()).all(|own| own != id));
    desk.run(&["open", &id, "--title", "Twice"]).fails(1, "a ticket was opened from message");
    let said = desk.messages("1").into_iter().filter(|(_, text)| text.contains(&format!("/{ticket}"))).count();
    assert_eq!(said, 1);

    desk.run(&["category", &ticket, "refund"]).ok();
    desk.run(&["team", &ticket, "money"]).ok();
    let shown = desk.json(&["show", &ticket]);
    assert_eq!((shown["category"].as_str(), shown["team"].as_str()), (Some("refund"), Some("Money")), "{shown}");
    desk.run(&["team", &ticket, "Mony"]).fails(2, "did you mean `Money`?");
    desk.run(&["category", &ticket, "two words"]).fails(2, "category");
    desk.run(&["category", &ticket, "-"]).ok();
    desk.run(&["team", &ticket, "-"]).ok();
    let shown = desk.json(&["show", &ticket]);
    assert!(shown["category"].is_null() && shown["team"].is_null(), "{shown}");
    desk.run(&["note", &ticket, "@tom please look"]).ok();
    let named = |agent: &str| desk.json(&["--agent", agent, "queue", "all", "--filter", "mentions:me"]);
    assert_eq!(named("tom")[0]["id"].to_string(), ticket);
    assert_eq!(named("anna"), Value::Array(Vec::new()));
}
