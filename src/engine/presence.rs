//! Who is at a screen, what they look at, and who is writing: known from what screens say, and kept in memory only.
//!
//! A command that says so writes nothing and leaves no receipt: with the process it is gone, and screens say it anew. An agent is
//! there as long as one of their screens is open, and idle when no key was pressed at any of them for long. Others are told of an
//! agent once, however many screens they have; an agent is told only of others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Engine;
use super::handle::Receipt;
use super::input::{Input, Output};
use super::transport::{LinkState, Order};
use super::views::{Here, Revision};
use crate::clock::Timestamp;
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, ScreenId, TicketKey};
use crate::desk::presence::{Seen, USE_IS_SAID};

/// So long somebody is writing after the last word of it: twice as long as a screen lets pass between two.
const WRITING: Duration = Duration::from_secs(10);

/// Customers are shown that somebody is writing at most this often; a screen says it every five seconds.
const SHOWN_AGAIN: Duration = Duration::from_secs(4);

/// All open screens.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Screens {
    agents: BTreeMap<AgentName, AtScreens>,
    /// Until when somebody is writing.
    writing: BTreeMap<(TicketKey, AgentName, ScreenId), Timestamp>,
    /// When customers were last shown that somebody is writing.
    shown: BTreeMap<TicketKey, Timestamp>,
    /// Who has pressed no key for so long is idle; `None`: never.
    idle_after: Option<Duration>,
}

/// An agent's screens.
#[derive(Clone, Debug, Default, PartialEq)]
struct AtScreens {
    open: BTreeMap<ScreenId, OpenScreen>,
    idle: bool,
    /// Since when they are there, idle or gone.
    since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct OpenScreen {
    looks: Option<TicketKey>,
    used: Timestamp,
}

impl AtScreens {
    /// Tells when the last key was pressed at any of them.
    fn used(&self) -> Option<Timestamp> {
        self.open.values().map(|screen| screen.used).max()
    }

    /// Tells when they are idle unless a key is pressed. Those of a moment ago may not have been said.
    fn idle_at(&self, idle_after: Option<Duration>) -> Option<Timestamp> {
        Some(self.used()? + idle_after? + USE_IS_SAID)
    }
}

/// What is new for others.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Tickets at which somebody came, went, or began or stopped writing.
    tickets: BTreeSet<TicketKey>,
    /// Agents who have come, gone, become idle or are no longer.
    agents: BTreeSet<AgentName>,
}

impl News {
    fn and(&mut self, more: News) {
        self.tickets.extend(more.tickets);
        self.agents.extend(more.agents);
    }
}

impl Screens {
    pub(super) fn new(idle_after: Option<Duration>) -> Screens {
        Screens { idle_after, ..Screens::default() }
    }

    /// A screen is open, and a key was pressed there at `used`.
    fn open(&mut self, agent: &AgentName, screen: ScreenId, used: Timestamp, now: Timestamp) -> News {
        self.change(agent, now, |screens| {
            let at = screens.agents.entry(agent.clone()).or_default();
            let open = at.open.entry(screen).or_insert(OpenScreen { looks: None, used });
            open.used = open.used.max(used);
        })
    }

    /// A screen was closed.
    fn close(&mut self, agent: &AgentName, screen: ScreenId, now: Timestamp) -> News {
        self.change(agent, now, |screens| {
            if let Some(at) = screens.agents.get_mut(agent) {
                at.open.remove(&screen);
            }
            screens.writing.retain(|(_, writer, place), _| (writer, *place) != (agent, screen));
        })
    }

    /// Another ticket, or none, is on a screen: what was written there was left. A screen that is not open shows nothing.
    fn look(&mut self, agent: &AgentName, screen: ScreenId, ticket: Option<TicketKey>, now: Timestamp) -> News {
        self.change(agent, now, |screens| {
            let at = screens.agents.get_mut(agent).and_then(|at| at.open.get_mut(&screen));
            if let Some(open) = at {
                open.looks = ticket;
            }
            screens
                .writing
                .retain(|(key, writer, place), _| (writer, *place) != (agent, screen) || Some(*key) == ticket);
        })
    }

    /// Somebody is writing.
    fn write(&mut self, agent: &AgentName, screen: ScreenId, ticket: TicketKey, now: Timestamp) -> News {
        let is_open = self.agents.get(agent).is_some_and(|at| at.open.contains_key(&screen));
        self.change(agent, now, |screens| {
            if is_open {
                screens.writing.insert((ticket, agent.clone(), screen), now + WRITING);
            }
        })
    }

    /// Somebody has said what they were writing.
    fn wrote(&mut self, agent: &AgentName, ticket: TicketKey, now: Timestamp) -> News {
        self.change(agent, now, |screens| {
            screens.writing.retain(|(key, writer, _), _| (*key, writer) != (ticket, agent));
        })
    }

    /// Tells whether customers are to be shown once more that somebody is writing, whoever it is.
    fn shows(&mut self, ticket: TicketKey, now: Timestamp) -> bool {
        self.shown.retain(|_, at| now.since(*at) < SHOWN_AGAIN);
        let due = !self.shown.contains_key(&ticket);
        if due {
            self.shown.insert(ticket, now);
        }
        due
    }

    /// Forgets who was writing and has stopped, and finds who has become idle.
    pub(super) fn expire(&mut self, now: Timestamp) -> News {
        let mut news = News::default();
        if self.wake().is_none_or(|at| at > now) {
            return news;
        }
        for agent in self.agents.keys().cloned().collect::<Vec<_>>() {
            news.and(self.change(&agent, now, |screens| {
                screens.writing.retain(|(_, writer, _), until| *writer != agent || *until > now);
            }));
        }
        news
    }

    /// Tells when somebody stops writing, or becomes idle.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        let idle = self.agents.values().filter(|at| !at.idle).filter_map(|at| at.idle_at(self.idle_after));
        self.writing.values().copied().chain(idle).min()
    }

    /// Changes something of an agent, and tells what is new of them for others.
    fn change(&mut self, agent: &AgentName, now: Timestamp, change: impl FnOnce(&mut Screens)) -> News {
        let (where_before, word_before) = (self.places(agent), self.word(agent));
        change(self);
        let idle_after = self.idle_after;
        if let Some(at) = self.agents.get_mut(agent) {
            at.idle = at.idle_at(idle_after).is_some_and(|idle_at| idle_at <= now);
        }
        let (places, word) = (self.places(agent), self.word(agent));
        let differs = |(key, writes): &(&TicketKey, &bool)| where_before.get(key) != Some(writes);
        let gone = where_before.keys().filter(|key| !places.contains_key(key));
        let mut news = News { tickets: gone.copied().collect(), agents: BTreeSet::new() };
        news.tickets.extend(places.iter().filter(differs).map(|(key, _)| *key));
        if word != word_before
            && let Some(at) = self.agents.get_mut(agent)
        {
            at.since = if at.idle { at.used().unwrap_or(now) } else { now };
            news.agents.insert(agent.clone());
        }
        news
    }

    /// Tells whether an agent has a screen open, and whether they are idle.
    fn word(&self, agent: &AgentName) -> (bool, bool) {
        self.agents.get(agent).map_or((false, false), |at| (!at.open.is_empty(), at.idle))
    }

    /// Tells at which tickets others see an agent, and whether writing. Whoever is idle looks at nothing.
    fn places(&self, agent: &AgentName) -> BTreeMap<TicketKey, bool> {
        let looking = self.agents.get(agent).filter(|at| !at.idle).into_iter().flat_map(|at| at.open.values());
        let mut places: BTreeMap<TicketKey, bool> =
            looking.filter_map(|screen| screen.looks).map(|key| (key, false)).collect();
        places.extend(self.writing.keys().filter(|(_, writer, _)| writer == agent).map(|(key, ..)| (*key, true)));
        places
    }

    /// Tells who else is at a ticket, whoever writes first.
    pub(super) fn here(&self, ticket: TicketKey, reader: &AgentName) -> Vec<Here> {
        self.others(reader).remove(&ticket).unwrap_or_default()
    }

    /// Tells who else is at which tickets; at each, whoever writes first.
    pub(super) fn others(&self, reader: &AgentName) -> BTreeMap<TicketKey, Vec<Here>> {
        let mut all: BTreeMap<TicketKey, Vec<Here>> = BTreeMap::new();
        for agent in self.agents.keys().filter(|agent| *agent != reader) {
            for (ticket, writing) in self.places(agent) {
                all.entry(ticket).or_default().push(Here { agent: agent.clone(), writing });
            }
        }
        for here in all.values_mut() {
            here.sort_by_key(|here| !here.writing);
        }
        all
    }

    /// Adds what is known of screens to what was written down of agents.
    pub(super) fn fill(&self, seen: &mut BTreeMap<AgentName, Seen>) {
        for (agent, at) in &self.agents {
            let known = seen.entry(agent.clone()).or_default();
            known.screens = at.open.len() as u32;
            known.idle = at.idle;
            // Away or back may have been said since.
            if !known.away {
                known.since = if at.idle { at.since } else { known.since.max(at.since) };
            }
        }
    }
}

impl Engine {
    /// Tells who else is at a ticket, whoever writes first.
    pub fn here(&self, ticket: TicketKey, reader: &AgentName) -> Vec<Here> {
        self.screens.here(ticket, reader)
    }

    /// Carries out what only says where somebody is, with the news there are already; `None`: it is something else.
    pub(super) fn take_sign(&mut self, input: &Input, news: &mut News, now: Timestamp) -> Option<Vec<Output>> {
        let Input::Command { agent, command, .. } = input else { return None };
        let mut outputs = Vec::new();
        news.and(match *command {
            Command::Screen { screen, used: Some(ago) } => self.screens.open(agent, screen, now - ago, now),
            Command::Screen { screen, used: None } => self.screens.close(agent, screen, now),
            Command::Look { screen, ticket } => self.screens.look(agent, screen, ticket, now),
            Command::Typing { screen, ticket } => {
                let live = matches!(self.state.link, Some(LinkState::Live));
                if live && self.shows_typing() && self.screens.shows(ticket, now) {
                    outputs.push(Output::Order(Order::Typing { group: ticket.group, topic: ticket.topic }));
                }
                self.screens.write(agent, screen, ticket, now)
            }
            _ => return None,
        });
        let revision = self.tell_of(std::mem::take(news), None);
        let receipt =
            Receipt { revision: revision.as_ref().map_or(0, |revision| revision.number), ..Receipt::default() };
        outputs.push(Output::Answer(Ok(receipt)));
        outputs.extend(revision.map(Output::Published));
        Some(outputs)
    }

    /// Takes in that a reply was said: whoever was writing it is no more.
    pub(super) fn follow_reply(&mut self, agent: &AgentName, ticket: TicketKey, news: &mut News, now: Timestamp) {
        let said = self.screens.wrote(agent, ticket, now);
        news.and(said);
    }

    /// Adds to a revision what is new of agents at their screens; whoever is there again may be given what waits.
    pub(super) fn tell_of(&mut self, news: News, revision: Option<Revision>) -> Option<Revision> {
        let News { tickets, agents } = news;
        if tickets.is_empty() && agents.is_empty() {
            return revision;
        }
        if agents.iter().any(|agent| self.rules.routing.takes(agent)) {
            self.state.go_through_the_line(&self.rules);
        }
        let mut revision = revision.unwrap_or_else(|| Revision { number: self.number(), ..Revision::default() });
        // Who is there is shown in many places, and why nobody has a ticket.
        revision.all |= !agents.is_empty();
        if revision.all {
            revision.changed.clear();
        } else {
            let known: BTreeSet<TicketKey> = std::mem::take(&mut revision.changed).into_iter().collect();
            revision.changed = known.union(&tickets).copied().collect();
        }
        Some(revision)
    }

    /// Tells the number of the last revision: nothing was written for this one.
    fn number(&mut self) -> u64 {
        let kept = self.store.begin().and_then(|work| work.value("revision"));
        kept.ok().flatten().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Tells whether customers see that somebody is writing: a bot would seem to be somebody.
    fn shows_typing(&self) -> bool {
        let bot = self.state.groups.iter().any(super::groups::Group::is_bot);
        self.rules.typing.unwrap_or(!bot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TopicId};
    use crate::desk::presence::Presence;

    fn key(topic: i32) -> TicketKey {
        TicketKey { group: GroupId(1), topic: TopicId(topic) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn words(screens: &Screens, topic: i32, reader: &str) -> Vec<String> {
        let here = screens.here(key(topic), &reader.into()).into_iter();
        here.map(|here| format!("{}{}", here.agent, if here.writing { " writes" } else { "" })).collect()
    }

    fn told(news: News) -> Vec<String> {
        let News { tickets, agents } = news;
        tickets.iter().map(|key| key.topic.to_string()).chain(agents.into_iter().map(|agent| agent.0)).collect()
    }

    fn presence(screens: &Screens, agent: &str) -> (Presence, Timestamp) {
        let mut seen = BTreeMap::new();
        screens.fill(&mut seen);
        let seen = seen.get(&agent.into()).copied().unwrap_or_default();
        (seen.presence(), seen.since)
    }

    #[test]
    fn who_is_where() {
        let (tom, mia, one) = (AgentName::from("tom"), AgentName::from("mia"), ScreenId(1));
        let mut screens = Screens::default();
        assert_eq!(told(screens.look(&tom, one, Some(key(5)), at(0))), [""; 0], "a screen that is not open");
        assert_eq!(told(screens.open(&tom, one, at(0), at(0))), ["tom"]);
        assert_eq!(told(screens.open(&tom, one, at(0), at(0))), [""; 0], "twice is once");
        screens.open(&mia, one, at(0), at(0));
        assert_eq!(told(screens.look(&tom, one, Some(key(5)), at(0))), ["5"]);
        assert_eq!(told(screens.look(&tom, one, Some(key(5)), at(0))), [""; 0], "no news");
        assert_eq!(told(screens.look(&mia, one, Some(key(5)), at(0))), ["5"]);
        assert_eq!(told(screens.write(&tom, one, key(5), at(0))), ["5"]);
        assert_eq!(told(screens.write(&tom, one, key(5), at(5))), [""; 0], "they are writing still");
        assert_eq!(words(&screens, 5, "anna"), ["tom writes", "mia"]);
        assert_eq!(words(&screens, 5, "tom"), ["mia"], "nobody is told of themselves");
        assert_eq!(screens.wake(), Some(at(15)));
        assert_eq!(told(screens.expire(at(14))), [""; 0]);
        assert_eq!(told(screens.expire(at(15))), ["5"]);
        assert_eq!(words(&screens, 5, "anna"), ["mia", "tom"]);
        screens.write(&tom, one, key(5), at(20));
        assert_eq!(told(screens.look(&tom, one, Some(key(7)), at(20))), ["5", "7"], "who goes on writes there no more");
        assert_eq!((screens.wake(), words(&screens, 5, "anna")), (None, vec!["mia".to_owned()]));
        assert_eq!(told(screens.look(&tom, one, None, at(20))), ["7"]);
        screens.write(&tom, one, key(5), at(30));
        assert_eq!(told(screens.wrote(&tom, key(5), at(30))), ["5"]);
        assert_eq!(told(screens.wrote(&tom, key(5), at(30))), [""; 0]);
        assert!(screens.shows(key(5), at(30)) && !screens.shows(key(5), at(33)) && screens.shows(key(7), at(33)));
        assert!(screens.shows(key(5), at(34)));
    }

    #[test]
    fn two_screens_are_at_two_tickets_and_one_that_closes_leaves_the_other() {
        let (tom, one, two) = (AgentName::from("tom"), ScreenId(1), ScreenId(2));
        let mut screens = Screens::default();
        screens.open(&tom, one, at(0), at(0));
        assert_eq!(told(screens.open(&tom, two, at(5), at(5))), [""; 0], "they were there already");
        screens.look(&tom, one, Some(key(5)), at(5));
        assert_eq!(told(screens.look(&tom, two, Some(key(7)), at(5))), ["7"]);
        assert_eq!((words(&screens, 5, "anna"), words(&screens, 7, "anna")), (vec!["tom".into()], vec!["tom".into()]));
        screens.write(&tom, one, key(5), at(5));
        assert_eq!(told(screens.look(&tom, two, Some(key(5)), at(5))), ["7"], "they are there already");
        assert_eq!(words(&screens, 5, "anna"), ["tom writes"], "once, and the other screen's look ends nothing");
        assert_eq!(told(screens.close(&tom, one, at(6))), ["5"], "they write no more");
        assert_eq!(
            (words(&screens, 5, "anna"), presence(&screens, "tom")),
            (vec!["tom".to_owned()], (Presence::Available, at(0)))
        );
        assert_eq!(told(screens.close(&tom, one, at(6))), [""; 0]);
        assert_eq!(told(screens.close(&tom, two, at(7))), ["5", "tom"]);
        assert_eq!((words(&screens, 5, "anna").len(), presence(&screens, "tom")), (0, (Presence::Offline, at(7))));
    }

    #[test]
    fn who_presses_no_key_at_any_screen_is_idle_until_the_next() {
        let (tom, one, two) = (AgentName::from("tom"), ScreenId(1), ScreenId(2));
        let mut screens = Screens::new(Some(Duration::from_secs(60)));
        screens.open(&tom, one, at(0), at(0));
        screens.look(&tom, one, Some(key(5)), at(0));
        screens.open(&tom, two, at(30), at(30));
        assert_eq!(screens.wake(), Some(at(100)), "of a key within ten seconds nothing is said");
        assert_eq!(told(screens.expire(at(99))), [""; 0]);
        assert_eq!(told(screens.expire(at(100))), ["5", "tom"]);
        assert_eq!(presence(&screens, "tom"), (Presence::Idle, at(30)));
        assert_eq!((screens.wake(), words(&screens, 5, "anna").len()), (None, 0), "whoever is idle looks at nothing");
        assert_eq!(told(screens.open(&tom, one, at(120), at(120))), ["5", "tom"]);
        assert_eq!((presence(&screens, "tom"), words(&screens, 5, "anna").len()), ((Presence::Available, at(120)), 1));
        // Said anew to another engine: as long ago as it was.
        let mut screens = Screens::new(Some(Duration::from_secs(60)));
        screens.open(&tom, one, at(0), at(200));
        assert_eq!(presence(&screens, "tom"), (Presence::Idle, at(0)));
        // Who has said that they are away is, since then.
        let away = Seen { away: true, since: at(50), ..Seen::default() };
        let mut seen = BTreeMap::from([(tom.clone(), away)]);
        screens.fill(&mut seen);
        assert_eq!((seen[&tom].presence(), seen[&tom].since), (Presence::Away, at(50)));
    }
}
