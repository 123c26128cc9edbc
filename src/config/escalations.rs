//! `[[escalations]]`: when somebody is to hear of a ticket, and what rules can never do.

use std::time::Duration;

use chrono_tz::Tz;
use toml::Spanned;

use super::GroupChoice;
use super::reader::{Item, Reader, Section};
use crate::desk::escalation::{
    DEFAULT_COOLDOWN, DEFAULT_MAX_PER_HOUR, Escalations, LONGEST_MESSAGE, On, Raise, Recipient, Rule, StaffChat, Tell,
};
use crate::desk::groups::Given;
use crate::desk::ids::{AgentName, GroupId};
use crate::desk::people::Agent;
use crate::desk::query::{Condition, Query, Who};
use crate::desk::rules::Rules;
use crate::desk::tags::{Priority, Tag};

/// No desk has more of them.
const MOST: usize = 100;

impl<'t> Reader<'t> {
    /// Reads all `[[escalations]]`, in order. Agents, teams, hours and policies are those of the rules so far.
    pub(super) fn escalations(
        &mut self,
        root: &Section<'_, 't>,
        rules: &Rules,
        zone: Tz,
        warnings: &mut Vec<String>,
    ) -> Escalations {
        let telegram = self.section(root, "telegram");
        let has_chat = telegram.get("staff_chat").is_some();
        let mut all: Vec<Rule> = Vec::new();
        let mut given: Vec<Option<usize>> = Vec::new();
        for section in self.sections(root, "escalations") {
            self.check_keys(&section);
            if all.len() == MOST {
                self.wrong(section.span.start, format!("more than {MOST} escalations"));
                break;
            }
            let before = self.problems.len();
            let rule = self.escalation(&section, &all, rules, zone);
            // What could not be read would seem to be missing.
            if self.problems.len() == before {
                self.judge(&section, &rule, rules);
                self.judge_tell(&section, &rule, rules, has_chat, warnings);
            }
            given.push(section.get("assign").map(|value| value.span().start));
            all.push(rule);
        }
        self.circles(&all, &given);
        Escalations { rules: all, staff_chat: None }
    }

    fn escalation(&mut self, section: &Section<'_, 't>, others: &[Rule], rules: &Rules, zone: Tz) -> Rule {
        let agents = &rules.staff.agents;
        let name = self.line(section, "name");
        if section.get("name").is_none() {
            self.wrong(section.span.start, "an escalation has no `name`");
        }
        if let Some(name) = &name
            && others.iter().any(|other| other.name == *name.get_ref())
        {
            self.wrong(name.span().start, format!("there are two escalations \"{}\"", name.get_ref()));
        }
        let when =
            self.text(section, "when").and_then(|written| self.conditions_of(&written, zone, agents, &rules.groups));
        let hours = self.line(section, "hours").filter(|named| {
            let known = rules.sla.hours.contains_key(named.get_ref());
            if !known {
                let what = format!("`escalations.hours` is `{}`: no `[hours.…]` has that name", named.get_ref());
                self.wrong(named.span().start, what);
            }
            known
        });
        let unanswered = self.count(section, "unanswered_messages");
        let sentiment = self.flag(section, "sentiment").unwrap_or(false);
        let notify = self.recipients(section, rules);
        let tell = self.tell(section);
        let assign = self.line(section, "assign").and_then(|name| self.known_agent("assign", &name, agents));
        Rule {
            name: name.map(Spanned::into_inner).unwrap_or_default(),
            when: when.unwrap_or_default(),
            hours: hours.map(Spanned::into_inner),
            no_response_for: self.some_time(section, "no_response_for"),
            in_status_for: self.some_time(section, "in_status_for"),
            on: self.choice(section, "on", &[("breach", On::Breach), ("near_breach", On::NearBreach)]),
            unanswered_messages: unanswered,
            sentiment,
            notify,
            tell,
            priority: self.raise(section),
            add_tags: self.tags_to_add(section),
            assign,
            note: self.text(section, "note").map(Spanned::into_inner),
            cooldown: self.span(section, "cooldown", false).flatten().unwrap_or(DEFAULT_COOLDOWN),
            max_per_hour: self.count(section, "max_per_hour").unwrap_or(DEFAULT_MAX_PER_HOUR),
        }
    }

    /// Reads a query that a rule asks of tickets while nobody reads: without words, and without *me*.
    pub(super) fn conditions_of(
        &mut self,
        written: &Spanned<String>,
        zone: Tz,
        agents: &[Agent],
        groups: &[Given],
    ) -> Option<Query> {
        let query = self.query(written, zone, agents, groups)?;
        for term in &query.terms {
            let what = match &term.condition {
                Condition::Words(words) => format!("`{words}`: a rule asks of the ticket, not for words in it"),
                Condition::Assignee(whose) if whose.contains(&Who::Me) => {
                    "`assignee:me`: nobody reads when a rule fires; name the agent".to_owned()
                }
                _ => continue,
            };
            self.wrong(written.span().start, what);
            return None;
        }
        Some(query)
    }

    fn some_time(&mut self, section: &Section<'_, 't>, key: &str) -> Option<Duration> {
        let span = self.span(section, key, false)??;
        if span.is_zero() {
            let at = section.get(key).map_or(section.span.start, |value| value.span().start);
            self.wrong(at, format!("`escalations.{key}` is no time at all"));
            return None;
        }
        Some(span)
    }

    fn count(&mut self, section: &Section<'_, 't>, key: &str) -> Option<u32> {
        let wanted = "a whole number from 1 up";
        let number = self.integer(section, key, wanted)?;
        let fits = u32::try_from(*number.get_ref()).ok().filter(|number| *number > 0);
        if fits.is_none() {
            self.wrong(number.span().start, format!("`escalations.{key}` must be {wanted}"));
        }
        fits
    }

    fn known_agent(&mut self, key: &str, name: &Spanned<String>, agents: &[Agent]) -> Option<AgentName> {
        let wanted = name.get_ref().trim();
        let found = agents.iter().find(|agent| agent.name.0.eq_ignore_ascii_case(wanted));
        if found.is_none() {
            let all: Vec<&str> = agents.iter().map(|agent| agent.name.0.as_str()).collect();
            let all =
                if all.is_empty() { "there are none".to_owned() } else { format!("there are {}", all.join(", ")) };
            let what = format!("`escalations.{key}`: there is no agent `{}`; {all}", wanted.escape_debug());
            self.wrong(name.span().start, what);
        }
        found.map(|agent| agent.name.clone())
    }

    fn recipients(&mut self, section: &Section<'_, 't>, rules: &Rules) -> Vec<Recipient> {
        let agents = &rules.staff.agents;
        let mut recipients = Vec::new();
        for item in self.items(section, "notify") {
            let at = item.span();
            match item.into_inner() {
                Item::Text(text) => match text.trim() {
                    "@all" if agents.is_empty() => self.wrong(at.start, "`escalations.notify`: there are no agents"),
                    "@all" => recipients.push(Recipient::All),
                    "@assignee" => recipients.push(Recipient::Assignee),
                    word if word.starts_with('@') => {
                        let what = format!(
                            "`escalations.notify`: `{}` is nobody: name agents, teams (\"team:billing\"), \"@all\" or \"@assignee\"",
                            word.escape_debug()
                        );
                        self.wrong(at.start, what);
                    }
                    word if word.starts_with("team:") => recipients.extend(self.known_team(word, at.start, rules)),
                    word if is_team_only(word, rules) => {
                        let what = format!("`escalations.notify`: `{word}` is a team: write \"team:{word}\"");
                        self.wrong(at.start, what);
                    }
                    _ => recipients
                        .extend(self.known_agent("notify", &Spanned::new(at, text), agents).map(Recipient::Agent)),
                },
                Item::Number(_) => self.wrong(at.start, "`escalations.notify` names agents in quotes"),
            }
        }
        recipients
    }

    /// Reads `team:NAME`.
    fn known_team(&mut self, word: &str, at: usize, rules: &Rules) -> Option<Recipient> {
        let wanted = word.trim_start_matches("team:").trim();
        let teams = &rules.routing.teams;
        let found = teams.iter().find(|team| team.name.0.eq_ignore_ascii_case(wanted));
        if found.is_none() {
            let all: Vec<&str> = teams.iter().map(|team| team.name.0.as_str()).collect();
            let all =
                if all.is_empty() { "there are none".to_owned() } else { format!("there are {}", all.join(", ")) };
            self.wrong(at, format!("`escalations.notify`: there is no team `{}`; {all}", wanted.escape_debug()));
        }
        found.map(|team| Recipient::Team(team.name.clone()))
    }

    /// Reads what a rule says in Telegram: to whom, and in which words.
    fn tell(&mut self, section: &Section<'_, 't>) -> Tell {
        let mut tell = Tell::default();
        for item in self.items(section, "tell") {
            match item.get_ref() {
                Item::Text(text) if text == "telegram" => tell.agents = true,
                Item::Text(text) if text == "staff_chat" => tell.staff_chat = true,
                _ => self.wrong(item.span().start, "`escalations.tell` must be \"telegram\", \"staff_chat\" or both"),
            }
        }
        let message = self.text(section, "message");
        if let Some(message) = message.as_ref().filter(|text| text.get_ref().chars().count() > LONGEST_MESSAGE) {
            let what = format!("`escalations.message` is longer than {LONGEST_MESSAGE} characters");
            self.wrong(message.span().start, what);
        }
        if let Some(message) = message.as_ref().filter(|_| !tell.agents && !tell.staff_chat) {
            let what = "`escalations.message` is said in Telegram only: say to whom with `tell`";
            self.wrong(message.span().start, what);
        }
        Tell { message: message.map(|text| text.into_inner().trim().to_owned()), ..tell }
    }

    /// Names what a rule says in Telegram to nobody, or to somebody who has no account there.
    fn judge_tell(
        &mut self,
        section: &Section<'_, 't>,
        rule: &Rule,
        rules: &Rules,
        has_chat: bool,
        warnings: &mut Vec<String>,
    ) {
        let name = &rule.name;
        let place = |key: &str| section.get(key).map_or(section.span.start, |value| value.span().start);
        if rule.tell.staff_chat && !has_chat {
            let what = format!("\"{name}\" tells the staff chat: say which that is with `staff_chat` in [telegram]");
            self.wrong(place("tell"), what);
        }
        if !rule.tell.agents {
            return;
        }
        if rule.notify.is_empty() && rule.assign.is_none() {
            self.wrong(place("tell"), format!("\"{name}\" tells no agent: name some in `notify`"));
        }
        let lacks = |agent: &&Agent| agent.account().is_none();
        let named = |name: &AgentName| rules.agent(name).filter(lacks);
        let add = "add `telegram = \"@name\"` to the agent";
        let items: Vec<usize> = self.items(section, "notify").iter().map(|item| item.span().start).collect();
        for (recipient, at) in rule.notify.iter().zip(items) {
            let without: Vec<&Agent> = match recipient {
                Recipient::Agent(agent) => {
                    if let Some(agent) = named(agent) {
                        let what = format!("\"{name}\" tells {} in Telegram, who has no account: {add}", agent.name);
                        self.wrong(at, what);
                    }
                    continue;
                }
                Recipient::All | Recipient::Assignee => rules.staff.agents.iter().filter(lacks).collect(),
                Recipient::Team(team) => {
                    let team = rules.routing.team(team).map(|team| team.agents.as_slice()).unwrap_or_default();
                    team.iter().filter_map(named).collect()
                }
            };
            if !without.is_empty() {
                let who: Vec<&str> = without.iter().map(|agent| agent.name.0.as_str()).collect();
                let (at, who) = (self.place(at), who.join(", "));
                warnings.push(format!("{at}: \"{name}\" tells in Telegram whoever has an account: {who} has none"));
            }
        }
        if let Some(agent) = rule.assign.as_ref().and_then(named) {
            let what = format!("\"{name}\" tells {} in Telegram, who has no account: {add}", agent.name);
            self.wrong(place("assign"), what);
        }
    }

    /// Reads `staff_chat` of `[telegram]`: a group or channel of the staff, and never one of the groups of the customers.
    pub(super) fn staff_chat<'g>(
        &mut self,
        telegram: &Section<'_, 't>,
        mut groups: impl Iterator<Item = &'g GroupChoice>,
    ) -> Option<StaffChat> {
        let mut items = self.items(telegram, "staff_chat").into_iter();
        let item = items.next()?;
        let at = item.span().start;
        if let Some(second) = items.next() {
            self.wrong(second.span().start, "`telegram.staff_chat` is one chat");
        }
        let choice = match item.get_ref() {
            Item::Number(id) => GroupChoice::from_id(*id),
            Item::Text(text) => GroupChoice::from_text(text),
        };
        let is_it = |group: &GroupChoice| match (group, &choice) {
            (GroupChoice::Username(one), GroupChoice::Username(other)) => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        };
        if groups.any(is_it) {
            let what = format!(
                "`telegram.staff_chat` is {choice}, the group of the customers: nothing for staff is said there"
            );
            self.wrong(at, what);
            return None;
        }
        match choice {
            GroupChoice::Id(id) if id != 0 => Some(StaffChat::Id(GroupId(id))),
            GroupChoice::Username(name) if !name.is_empty() => Some(StaffChat::Username(name)),
            _ => {
                self.wrong(at, "`telegram.staff_chat` must be the id of a group or channel (-100…), or its \"@name\"");
                None
            }
        }
    }

    fn raise(&mut self, section: &Section<'_, 't>) -> Option<Raise> {
        let words = [
            ("raise", Raise::Once),
            ("normal", Raise::To(Priority::Normal)),
            ("high", Raise::To(Priority::High)),
            ("urgent", Raise::To(Priority::Urgent)),
        ];
        self.choice(section, "priority", &words)
    }

    fn tags_to_add(&mut self, section: &Section<'_, 't>) -> Vec<Tag> {
        let mut tags = Vec::new();
        for item in self.items(section, "add_tags") {
            match item.get_ref() {
                Item::Text(text) => match text.parse::<Tag>() {
                    Ok(tag) => tags.push(tag),
                    Err(why) => self.wrong(item.span().start, format!("`escalations.add_tags`: {why}")),
                },
                Item::Number(_) => self.wrong(item.span().start, "`escalations.add_tags` must be tags in quotes"),
            }
        }
        tags
    }

    /// Names what keeps a rule from ever doing anything.
    fn judge(&mut self, section: &Section<'_, 't>, rule: &Rule, rules: &Rules) {
        let name = &rule.name;
        let place = |key: &str| section.get(key).map_or(section.span.start, |value| value.span().start);
        if !rule.has_trigger() {
            let what = format!(
                "\"{name}\" has no trigger: no_response_for, in_status_for, on, unanswered_messages or sentiment"
            );
            return self.wrong(section.span.start, what);
        }
        if !rule.has_action() {
            let what = format!("\"{name}\" does nothing: notify, tell, priority, add_tags, assign or note");
            return self.wrong(section.span.start, what);
        }
        let other = Rule { sentiment: false, ..rule.clone() };
        let alone = self.flag(section, "sentiment_alone").unwrap_or(false);
        if rule.sentiment && !other.has_trigger() && !alone {
            let what =
                format!("\"{name}\" goes by a guess alone: give it another trigger, or say `sentiment_alone = true`");
            return self.wrong(place("sentiment"), what);
        }
        if rule.on.is_some() && rules.sla.is_empty() {
            return self
                .wrong(place("on"), format!("\"{name}\" can never fire: there is no [[sla]] that could be missed"));
        }
        if let Some(flaw) = rule.flaw(rules.auto_close_after) {
            self.wrong(place(flaw.key), format!("\"{name}\" can never fire: {}", flaw.why));
        }
    }

    /// Names rules that would hand a ticket on in a circle: each gives to the next what is the one before's.
    fn circles(&mut self, all: &[Rule], given: &[Option<usize>]) {
        let from = |rule: &Rule| -> Vec<AgentName> {
            rule.when
                .terms
                .iter()
                .filter(|term| !term.negated)
                .flat_map(|term| match &term.condition {
                    Condition::Assignee(whose) => whose
                        .iter()
                        .filter_map(|who| match who {
                            Who::Agent(name) => Some(AgentName(name.0.to_lowercase())),
                            Who::Me | Who::Nobody => None,
                        })
                        .collect::<Vec<_>>(),
                    _ => Vec::new(),
                })
                .collect()
        };
        let hands: Vec<(usize, Vec<AgentName>, AgentName)> = all
            .iter()
            .enumerate()
            .filter_map(|(place, rule)| Some((place, from(rule), AgentName(rule.assign.as_ref()?.0.to_lowercase()))))
            .collect();
        for (place, own, to) in &hands {
            // Whoever can have it after this rule, by rules up to this one.
            let mut reached = vec![to.clone()];
            let mut through: Vec<&str> = Vec::new();
            let mut next = 0;
            while next < reached.len() && !reached.iter().any(|name| own.contains(name)) {
                let has = reached[next].clone();
                for (other, whose, further) in hands.iter().filter(|(other, ..)| other < place) {
                    if whose.contains(&has) && !reached.contains(further) {
                        reached.push(further.clone());
                        through.push(&all[*other].name);
                    }
                }
                next += 1;
            }
            if !reached.iter().any(|name| own.contains(name)) {
                continue;
            }
            let at = given.get(*place).copied().flatten().unwrap_or_default();
            let name = &all[*place].name;
            self.wrong(
                at,
                match through.as_slice() {
                    [] => format!("\"{name}\" gives {to} what is {to}'s already"),
                    others => format!(
                        "\"{name}\" hands tickets on in a circle: {} gives them back",
                        others.iter().map(|other| format!("\"{other}\"")).collect::<Vec<_>>().join(", ")
                    ),
                },
            );
        }
    }
}

/// Tells whether a word names a team and no agent.
fn is_team_only(word: &str, rules: &Rules) -> bool {
    let agent = rules.staff.agents.iter().any(|agent| agent.name.0.eq_ignore_ascii_case(word));
    !agent && rules.routing.teams.iter().any(|team| team.name.0.eq_ignore_ascii_case(word))
}
