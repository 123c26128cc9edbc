//! Rules that explain themselves, and presence, on the command line: the real binary.

use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess};

const TEAMS: &str = r#"
[[intake]]
name = "refunds"
match = 'refund'
add_tags = ["billing"]
[[teams]]
name = "desk"
agents = ["anna", "tom"]
assign = "least_loaded"
[[routing]]
name = "urgent"
when = "priority:urgent"
team = "desk"
[[routing]]
name = "all"
team = "desk"
"#;

#[test]
fn a_ticket_is_explained_and_presence_is_seen_by_other_processes() {
    let sandbox = SandboxProcess::start(&[]);
    let desk: Desk = sandbox.bot_desk(TEAMS);
    desk.run(&["sync"]).ok();
    let rows = desk.json(&["--agent", "anna", "queue", "unassigned"]);
    let ticket = rows[0]["id"].to_string();
    let out = desk.run(&["--agent", "anna", "rules", "explain", &ticket]).ok();
    for line in [
        "nobody's; whoever wants takes it",
        "this episode never went through intake",
        "were it nobody's, nobody would get it (team desk: anna offline, tom offline)",
        "`priority:urgent` does not hold",
        "Team desk (least_loaded)",
    ] {
        assert!(out.contains(line), "{line} is not in\n{out}");
    }
    let told = desk.json(&["--agent", "anna", "rules", "explain", &ticket]);
    let rules: Vec<_> =
        told["routing"]["rules"].as_array().expect("a list").iter().map(|rule| &rule["matches"]).collect();
    assert_eq!(rules, [&Value::from(false), &Value::from(true)], "{told}");
    assert_eq!(told["intake"][0]["rule"], "refunds");
    assert_eq!(told["applied"], Value::Null);

    assert!(desk.run(&["--agent", "tom", "away"]).ok().contains("tom: you are away"));
    let told = desk.json(&["--agent", "anna", "rules", "explain", &ticket]);
    let tom = &told["routing"]["teams"][0]["candidates"][1];
    assert_eq!((&tom["agent"], &tom["can"], &tom["why"]), (&"tom".into(), &false.into(), &"away".into()));
    let back = desk.json(&["--agent", "tom", "back"]);
    assert_eq!((&back["agent"], &back["away"]), (&"tom".into(), &false.into()));
    let told = desk.json(&["--agent", "anna", "rules", "explain", &ticket]);
    assert_eq!(told["routing"]["teams"][0]["candidates"][1]["why"], "offline");
    desk.run(&["--agent", "anna", "rules", "explain", "99999"]).fails(1, "there is no ticket #99999");
}

#[test]
fn categories_are_asked_for_in_queries() {
    let sandbox = SandboxProcess::start(&[]);
    let desk = sandbox.bot_desk("");
    desk.run(&["sync"]).ok();
    let none = desk.json(&["--agent", "anna", "queue", "unassigned", "--filter", "category:none"]);
    let some = desk.json(&["--agent", "anna", "queue", "unassigned", "--filter", "category:money"]);
    let all = desk.json(&["--agent", "anna", "queue", "unassigned"]);
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    assert_eq!((count(&none), count(&some)), (count(&all), 0));
}
