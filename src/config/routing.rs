//! `[[teams]]`, `[[routing]]` and what `[[agents]]` says of their work: who is given which tickets.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use chrono_tz::Tz;
use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Item, Reader, Section};
use crate::desk::groups::Given;
use crate::desk::hours::Hours;
use crate::desk::ids::{AgentName, TeamName};
use crate::desk::people::Agent;
use crate::desk::routing::{Assign, Duty, Routing, RoutingRule, Team};
use crate::desk::tags::Tag;

/// Nobody is idle sooner than that.
const SHORTEST: Duration = Duration::from_secs(60);

/// What the sections are read with.
pub(super) struct Around<'a> {
    /// The agents of the file.
    pub(super) agents: &'a [Agent],
    /// The hours of the file.
    pub(super) hours: &'a BTreeMap<String, Hours>,
    /// Queries may name them.
    pub(super) groups: &'a [Given],
    /// Days in queries are those of this zone.
    pub(super) zone: Tz,
}

impl<'t> Reader<'t> {
    /// Reads everything that is about intake and assignment.
    pub(super) fn routing(&mut self, root: &Section<'_, 't>, around: &Around<'_>) -> Routing {
        let duties = self.duties(root, around);
        let teams = self.teams(root, around);
        let intake = self.intake(root, around, &teams);
        let rules = self.routing_rules(root, around, &teams);
        let section = self.section(root, "rules");
        let mut routing = Routing { intake, duties, teams, rules, ..Routing::default() };
        if let Some(Some(after)) = self.span(&section, "reassign_after", true) {
            if after.is_zero() {
                let at = section.get("reassign_after").map_or(section.span.start, |value| value.span().start);
                self.wrong(at, "`rules.reassign_after` is no time at all: nobody could keep a ticket");
            }
            routing.reassign_after = Some(after);
        }
        let nought = |value: &DeValue<'_>| match value {
            DeValue::Integer(number) => number.as_str() == "0",
            DeValue::String(text) => text == "0",
            _ => false,
        };
        let never = section.get("idle_after").is_some_and(|value| nought(value.get_ref()));
        let idle_after = if never { Some(None) } else { self.span(&section, "idle_after", true) };
        if let Some(after) = idle_after {
            routing.idle_after = after.filter(|after| !after.is_zero());
            if routing.idle_after.is_some_and(|after| after < SHORTEST) {
                let at = section.get("idle_after").map_or(section.span.start, |value| value.span().start);
                self.wrong(at, "`rules.idle_after` is less than a minute: people read, too; 0 or \"off\" is never");
            }
        }
        if let Some(text) = self.text(&section, "burst") {
            match text.get_ref().trim() {
                "off" => routing.burst = None,
                words => match words.parse() {
                    Ok(burst) => routing.burst = Some(burst),
                    Err(why) => {
                        self.wrong(text.span().start, format!("`rules.burst` is `{}`: {why}", words.escape_debug()));
                    }
                },
            }
        }
        routing
    }

    fn duties(&mut self, root: &Section<'_, 't>, around: &Around<'_>) -> BTreeMap<AgentName, Duty> {
        let mut duties = BTreeMap::new();
        for section in self.sections(root, "agents") {
            let skills = self.tags(&section, "skills");
            let wanted = "a whole number of tickets, from 1 up";
            let capacity = self.integer(&section, "capacity", wanted).and_then(|number| {
                let fits = u32::try_from(*number.get_ref()).ok().filter(|number| *number > 0);
                if fits.is_none() {
                    self.wrong(number.span().start, format!("`agents.capacity` must be {wanted}"));
                }
                fits
            });
            let hours = self.line(&section, "hours").filter(|named| {
                let known = around.hours.contains_key(named.get_ref());
                if !known {
                    let all: Vec<&str> = around.hours.keys().map(String::as_str).collect();
                    let what = format!(
                        "`agents.hours` is `{}`: no `[hours.…]` has that name; {}",
                        named.get_ref().escape_debug(),
                        there_are(&all)
                    );
                    self.wrong(named.span().start, what);
                }
                known
            });
            let senior = self.flag(&section, "senior").unwrap_or(false);
            let duty = Duty { skills, capacity, hours: hours.map(Spanned::into_inner), senior };
            // The name's own mistakes are told where agents are read.
            let name = section.get("name").and_then(|value| value.get_ref().as_str());
            if let Some(name) = name.filter(|_| duty != Duty::default()) {
                duties.insert(AgentName(name.to_owned()), duty);
            }
        }
        duties
    }

    /// Reads a list of tags.
    pub(super) fn tags(&mut self, section: &Section<'_, 't>, key: &str) -> Vec<Tag> {
        let mut tags = Vec::new();
        for item in self.items(section, key) {
            let at = item.span().start;
            let word = match item.into_inner() {
                Item::Text(text) => text,
                Item::Number(number) => number.to_string(),
            };
            match word.parse::<Tag>() {
                Ok(tag) if tags.contains(&tag) => {}
                Ok(tag) => tags.push(tag),
                Err(why) => self.wrong(at, format!("`{}.{key}`: {why}", section.name)),
            }
        }
        tags
    }

    fn teams(&mut self, root: &Section<'_, 't>, around: &Around<'_>) -> Vec<Team> {
        let mut teams: Vec<Team> = Vec::new();
        let mut fallbacks: Vec<(TeamName, Range<usize>, TeamName)> = Vec::new();
        for section in self.sections(root, "teams") {
            self.check_keys(&section);
            let Some(name) = self.rule_name(&section, "team", &[]) else { continue };
            let TeamName(word) = TeamName(name.get_ref().clone());
            if word.eq_ignore_ascii_case("none") {
                self.wrong(name.span().start, "a team cannot be called `none`: that means no team");
            }
            if teams.iter().any(|team| team.name.0.eq_ignore_ascii_case(&word)) {
                self.wrong(name.span().start, format!("there are two teams `{word}`"));
            }
            let agents = self.members(&section, around);
            let assign = self.choice(&section, "assign", &Assign::ALL).unwrap_or_default();
            let fallback = self.line(&section, "fallback").filter(|text| text.get_ref() != "none");
            if let Some(text) = &fallback {
                fallbacks.push((TeamName(word.clone()), text.span(), TeamName(text.get_ref().clone())));
            }
            let fallback = fallback.map(|text| TeamName(text.into_inner()));
            teams.push(Team { name: TeamName(word), agents, assign, fallback });
        }
        for (team, span, fallback) in fallbacks {
            if !teams.iter().any(|known| known.name == fallback) {
                self.no_team(span.start, "teams.fallback", &fallback, &teams);
                continue;
            }
            if let Some(cycle) = cycle(&team, &teams) {
                self.wrong(span.start, format!("`teams.fallback` goes round in a circle: {cycle}"));
            }
        }
        teams
    }

    fn members(&mut self, section: &Section<'_, 't>, around: &Around<'_>) -> Vec<AgentName> {
        let mut members = Vec::new();
        let before = self.problems.len();
        for item in self.items(section, "agents") {
            let at = item.span().start;
            let word = match item.into_inner() {
                Item::Text(text) => text,
                Item::Number(number) => number.to_string(),
            };
            match around.agents.iter().find(|agent| agent.name.0.eq_ignore_ascii_case(&word)) {
                Some(agent) if members.contains(&agent.name) => self.wrong(at, format!("`{word}` is there twice")),
                Some(agent) => members.push(agent.name.clone()),
                None => {
                    let all: Vec<&str> = around.agents.iter().map(|agent| agent.name.0.as_str()).collect();
                    let what = format!("there is no agent `{}` in desk.toml; {}", word.escape_debug(), there_are(&all));
                    self.wrong(at, what);
                }
            }
        }
        if members.is_empty() && self.problems.len() == before {
            let at = section.get("agents").map_or(section.span.start, |value| value.span().start);
            self.wrong(at, "a team has no agents: name them in `agents`");
        }
        members
    }

    fn routing_rules(&mut self, root: &Section<'_, 't>, around: &Around<'_>, teams: &[Team]) -> Vec<RoutingRule> {
        let mut rules: Vec<RoutingRule> = Vec::new();
        for section in self.sections(root, "routing") {
            self.check_keys(&section);
            let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            let name = self.rule_name(&section, "routing rule", &names);
            let team = self.team_named(&section, "team", teams);
            if section.get("team").is_none() {
                self.wrong(section.span.start, "a routing rule has no `team`");
            }
            let Some(when) = self.when_query(&section, around) else { continue };
            let (Some(name), Some(team)) = (name, team) else { continue };
            if let Some(earlier) = rules.iter().find(|earlier| earlier.when.takes_all_of(&when)) {
                let takes = if earlier.when.is_empty() { "has no conditions and takes" } else { "takes" };
                let what = format!(
                    "\"{}\" is never reached: \"{}\" before it {takes} every ticket{}",
                    name.get_ref(),
                    earlier.name,
                    if earlier.when.is_empty() { "" } else { " that it could" }
                );
                self.wrong(section.span.start, what);
            }
            rules.push(RoutingRule { name: name.into_inner(), when, team });
        }
        rules
    }

    /// Reads the name of something that must have one, and one of its own.
    pub(super) fn rule_name(
        &mut self,
        section: &Section<'_, 't>,
        what: &str,
        others: &[&str],
    ) -> Option<Spanned<String>> {
        let name = self.line(section, "name");
        match &name {
            Some(name) if others.contains(&name.get_ref().as_str()) => {
                self.wrong(name.span().start, format!("there are two {what}s \"{}\"", name.get_ref()));
            }
            None if section.get("name").is_none() => self.wrong(section.span.start, format!("a {what} has no `name`")),
            _ => {}
        }
        name
    }

    /// Reads `when`, a query; absent: every ticket. `None`: it is wrong.
    pub(super) fn when_query(
        &mut self,
        section: &Section<'_, 't>,
        around: &Around<'_>,
    ) -> Option<crate::desk::query::Query> {
        if section.get("when").is_none() {
            return Some(crate::desk::query::Query::default());
        }
        let text = self.text(section, "when")?;
        self.query(&text, around.zone, around.agents, around.groups)
    }

    /// Reads the name of a team that must be there.
    pub(super) fn team_named(&mut self, section: &Section<'_, 't>, key: &str, teams: &[Team]) -> Option<TeamName> {
        let text = self.line(section, key)?;
        let known = teams.iter().find(|team| team.name.0.eq_ignore_ascii_case(text.get_ref()));
        if known.is_none() {
            let name = TeamName(text.get_ref().clone());
            self.no_team(text.span().start, &format!("{}.{key}", section.name), &name, teams);
        }
        known.map(|team| team.name.clone())
    }

    fn no_team(&mut self, at: usize, key: &str, name: &TeamName, teams: &[Team]) {
        let all: Vec<&str> = teams.iter().map(|team| team.name.0.as_str()).collect();
        let what = format!("`{key}` is `{}`: no `[[teams]]` has that name; {}", name.0.escape_debug(), there_are(&all));
        self.wrong(at, what);
    }
}

fn there_are(all: &[&str]) -> String {
    if all.is_empty() { "there are none".to_owned() } else { format!("there are {}", all.join(", ")) }
}

/// Follows the fallbacks of a team; tells the way if it leads back to where it began.
fn cycle(from: &TeamName, teams: &[Team]) -> Option<String> {
    let mut way = vec![from.0.as_str()];
    let mut here = from;
    loop {
        here = teams.iter().find(|team| team.name == *here)?.fallback.as_ref()?;
        way.push(here.0.as_str());
        if here == from {
            return Some(way.join(" -> "));
        }
        if way.len() > teams.len() + 1 {
            // Into a circle that does not hold this team: it is told where it is.
            return None;
        }
    }
}
