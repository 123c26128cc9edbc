//! The choice: the first rule that matches names the team, the team names the agent, its fallback is asked if it cannot.

use super::{Assign, CandidateVerdict, Decision, Matter, Roster, RuleVerdict, Team, TeamVerdict};
use crate::desk::event::Why;
use crate::desk::ids::{AgentName, TeamName};
use crate::desk::tags::Tag;
use crate::desk::ticket::Ticket;

/// Decides whose work a ticket is. Nothing is changed by it: whoever carries it out also gives the agent their turn.
pub fn decide(matter: &Matter<'_>, roster: &Roster<'_>) -> Decision {
    let mut decision = Decision::default();
    let Some(first) = team_of(matter, roster, &mut decision) else { return decision };
    decision.team = Some(first.name.clone());
    let mut team = first;
    loop {
        let verdict = ask(team, matter, roster);
        let chosen = chosen(team, &verdict, roster);
        decision.teams.push(verdict);
        if let Some(agent) = chosen {
            decision.team = Some(team.name.clone());
            decision.why = reason(team, &agent, matter);
            if let Some(verdict) = decision.teams.last_mut() {
                rank_words(verdict, &agent, roster);
            }
            decision.agent = Some(agent);
            return decision;
        }
        // Cycles are refused when the rules are read; here they merely end.
        let next = team.fallback.as_ref().filter(|_| team.assign != Assign::Manual);
        match next.and_then(|name| roster.routing.team(name)) {
            Some(next) if decision.teams.iter().all(|asked| asked.team != next.name) => team = next,
            _ => break,
        }
    }
    decision.why = nobody(&decision.teams, matter);
    decision
}

/// Tells the team that is asked first, and notes which rules were.
fn team_of<'r>(matter: &Matter<'_>, roster: &Roster<'r>, decision: &mut Decision) -> Option<&'r Team> {
    let named = matter.facts.ticket.team.as_ref().and_then(|name| roster.routing.team(name));
    for rule in &roster.routing.rules {
        let kept_out = rule.when.keeps_out(&matter.facts);
        let holds = kept_out.is_none() && named.is_none() && decision.rule.is_none();
        let why = match (&kept_out, named, &decision.rule) {
            (Some(term), ..) => format!("`{term}` does not hold"),
            (None, Some(team), _) => format!("would, but the ticket has the team {}", team.name),
            (None, None, Some(earlier)) => format!("would, but \"{earlier}\" comes first"),
            (None, None, None) => format!("team {}", rule.team),
        };
        decision.rules.push(RuleVerdict { rule: rule.name.clone(), matches: holds, why });
        if holds {
            decision.rule = Some(rule.name.clone());
        }
    }
    let by_rule = || {
        let name = decision.rule.as_ref()?;
        let rule = roster.routing.rules.iter().find(|rule| rule.name == *name)?;
        roster.routing.team(&rule.team)
    };
    let team = named.or_else(by_rule);
    if team.is_none() {
        decision.why = "no routing rule fits: whoever wants takes it".to_owned();
    }
    team
}

fn ask(team: &Team, matter: &Matter<'_>, roster: &Roster<'_>) -> TeamVerdict {
    let needed = if team.assign == Assign::Skills { needed(matter.facts.ticket, roster) } else { Vec::new() };
    let verdict = |agent: &AgentName| {
        let bar = bar(agent, &needed, matter, roster);
        CandidateVerdict { agent: agent.clone(), can: bar.is_none(), why: bar.unwrap_or_default() }
    };
    let candidates = match team.assign {
        Assign::Manual => Vec::new(),
        _ => team.agents.iter().map(verdict).collect(),
    };
    TeamVerdict { team: team.name.clone(), assign: team.assign, candidates }
}

/// Tells the tags of a ticket that are a skill of somebody: only those can be asked for.
fn needed<'t>(ticket: &'t Ticket, roster: &Roster<'_>) -> Vec<&'t Tag> {
    let known = |tag: &&Tag| roster.routing.duties.values().any(|duty| duty.skills.contains(tag));
    ticket.tags.iter().filter(known).collect()
}

fn bar(agent: &AgentName, needed: &[&Tag], matter: &Matter<'_>, roster: &Roster<'_>) -> Option<String> {
    if let Some(other) = matter.kept_with.filter(|other| *other != agent) {
        return Some(format!("{other} has the other topics of this burst"));
    }
    if let Some(bar) = roster.bars(agent) {
        return Some(bar);
    }
    let had = matter.facts.ticket.last_move.as_ref().and_then(|last| match &last.why {
        Why::Released if last.by.as_ref() == Some(agent) => Some("has given it back"),
        Why::Reassigned { from, .. } if from == agent => Some("it was taken from them"),
        _ => None,
    });
    if let Some(had) = had {
        return Some(had.to_owned());
    }
    let skills = roster.routing.duty(agent).map_or(&[][..], |duty| &duty.skills);
    let missing: Vec<&str> = needed.iter().filter(|tag| !skills.contains(tag)).map(|tag| tag.as_str()).collect();
    (!missing.is_empty()).then(|| format!("does not know {}", missing.join(", ")))
}

/// Chooses among those who can.
fn chosen(team: &Team, verdict: &TeamVerdict, roster: &Roster<'_>) -> Option<AgentName> {
    let able = verdict.candidates.iter().filter(|candidate| candidate.can).map(|candidate| &candidate.agent);
    // The first of equals is the first in the team's order.
    let chosen = match team.assign {
        Assign::Manual => None,
        Assign::RoundRobin => able.min_by_key(|agent| turn(team, agent, roster)),
        Assign::LeastLoaded | Assign::Skills => {
            able.min_by_key(|agent| (roster.load(agent), turn(team, agent, roster)))
        }
    };
    chosen.cloned()
}

fn turn(team: &Team, agent: &AgentName, roster: &Roster<'_>) -> i64 {
    roster.turns.get(&(team.name.clone(), agent.clone())).copied().unwrap_or(0)
}

fn reason(team: &Team, agent: &AgentName, matter: &Matter<'_>) -> String {
    let TeamName(name) = &team.name;
    if matter.kept_with.is_some() {
        return format!("team {name}: {agent} has the other topics of this burst");
    }
    match team.assign {
        Assign::Manual => String::new(),
        Assign::RoundRobin => format!("team {name}: it is {agent}'s turn"),
        Assign::LeastLoaded => format!("team {name}: {agent} has the fewest tickets in hand"),
        Assign::Skills => format!("team {name}: of those who know it, {agent} has the fewest tickets in hand"),
    }
}

/// Says of those who can why they are the one, or are not.
fn rank_words(verdict: &mut TeamVerdict, chosen: &AgentName, roster: &Roster<'_>) {
    let by_turn = verdict.assign == Assign::RoundRobin;
    for candidate in verdict.candidates.iter_mut().filter(|candidate| candidate.can) {
        let load = roster.load(&candidate.agent);
        candidate.why = match (candidate.agent == *chosen, by_turn) {
            (true, true) => "it is their turn".to_owned(),
            (true, false) => format!("fewest in hand: {load}"),
            (false, true) => "had a turn later".to_owned(),
            (false, false) => format!("has {load} in hand"),
        };
    }
}

/// Says why nobody was chosen, all candidates in a line.
fn nobody(teams: &[TeamVerdict], matter: &Matter<'_>) -> String {
    if let Some(other) = matter.kept_with {
        let own = teams.iter().flat_map(|team| &team.candidates).find(|candidate| candidate.agent == *other);
        let why = own.map_or("not in the team", |own| own.why.as_str());
        return format!("kept with the other topics of a burst for {other}: {why}");
    }
    let words = |verdict: &TeamVerdict| match verdict.assign {
        Assign::Manual => format!("team {} takes by hand", verdict.team),
        _ => {
            let each = verdict.candidates.iter().map(|one| format!("{} {}", one.agent, one.why));
            format!("team {}: {}", verdict.team, each.collect::<Vec<_>>().join(", "))
        }
    };
    teams.iter().map(words).collect::<Vec<_>>().join("; ")
}
