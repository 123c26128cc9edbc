//! The rules of the simulated desks.

use std::sync::OnceLock;
use std::time::Duration;

use super::world::ANNA;
use crate::desk::escalation::{Escalations, Recipient, Rule, StaffChat, Tell};
use crate::desk::ids::{AgentName, GroupId};
use crate::desk::people::Agent;
use crate::desk::query::Query;
use crate::desk::rules::{Pace, Rules};

/// The rules of the simulated desk; made once, as reading the word lists takes longer than most runs.
pub(super) fn rules() -> Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(make_rules).clone()
}

/// Somebody who waits is told of at once, to an agent and in the chat of the staff.
pub(super) fn escalations() -> Escalations {
    let rule = Rule {
        name: "waits".to_owned(),
        when: Query::default(),
        hours: None,
        no_response_for: None,
        in_status_for: None,
        on: None,
        unanswered_messages: Some(1),
        sentiment: false,
        notify: vec![Recipient::Agent(AgentName::from("anna"))],
        tell: Tell { agents: true, staff_chat: true, message: None },
        priority: None,
        add_tags: Vec::new(),
        assign: None,
        note: None,
        cooldown: Duration::ZERO,
        max_per_hour: 20,
    };
    Escalations { rules: vec![rule], staff_chat: Some(StaffChat::Id(GroupId(4_711))) }
}

fn make_rules() -> Rules {
    let agent = |name: &str, telegram| Agent {
        name: AgentName::from(name),
        telegram,
        username: None,
        os_user: None,
        timezone: None,
    };
    let mut rules = Rules::default();
    rules.staff.agents = vec![agent("anna", Some(ANNA)), agent("tom", None)];
    // Fast enough for a few hours of a busy desk, slow enough to be met.
    rules.pace = Pace { per_minute: 120, burst: 10 };
    rules.thanks = crate::config::words::thanks();
    rules
}
