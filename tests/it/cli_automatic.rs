//! Automatic messages on the command line: a desk on trial says so, a note names somebody, what was said stands in `show`.

use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess};

const AGENTS: &str = "[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n";

#[test]
fn doctor_and_config_check_say_what_holds() {
    let desk = Desk::empty();
    desk.configure(&format!("[desk]\npilot = true\n{AGENTS}[nudges]\nafter = [\"2d\"]\n"));
    let said = desk.run(&["doctor"]).out;
    assert!(
        said.contains("the desk is on trial: no nudges, surveys, notices, icons or words to staff leave it"),
        "{said}"
    );
    assert_eq!(desk.run(&["config", "check"]).code, Some(0));
    desk.configure(&format!("{AGENTS}[nudges]\nafter = [\"2d\"]\nhours = \"night\"\n"));
    let wrong = desk.run(&["config", "check"]);
    assert_eq!(wrong.code, Some(2));
    assert!(format!("{}{}", wrong.out, wrong.err).contains("there are no hours `night`"), "{wrong:?}");
}

#[test]
fn show_tells_of_surveys_reminders_and_names() {
    let sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0\n[rules]\non_resolve = \"survey\"");
    desk.run(&["sync"]).ok();
    let id = desk.queue("unassigned").first().expect("there are some").clone();
    desk.run(&["reply", &id, "Here it is.", "--now"]).ok();
    desk.run(&["--agent", "anna", "note", &id, "@tom please look"]).ok();
    let shown = |agent: &str| -> Value { desk.json(&["--agent", agent, "show", &id]) };
    assert_eq!((shown("tom")["mentioned"].as_bool(), shown("anna")["mentioned"].as_bool()), (Some(true), Some(false)));
    assert!(shown("tom")["survey"].is_null() && shown("tom")["nudges"] == 0 && shown("tom")["automatic"].is_null());
    desk.run(&["resolve", &id]).ok();
    assert_eq!(shown("anna")["automatic"]["kind"], "survey", "{}", shown("anna"));
    assert!(desk.run(&["show", &id]).ok().contains("survey "));
}
