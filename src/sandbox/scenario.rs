//! Scripted customers: they open topics, answer when asked, grow impatient, say thanks and sometimes come back.
//!
//! [`Scenario::next`] is the whole of it: what happened and the time go in, what customers do comes out. It reads no
//! clock, throws only its own dice, and with the same input does the same. `live` carries it out on a world.
//!
//! It never floods: new topics come one by one and are bounded, a customer asks again twice at most before somebody
//! answers, and old matters from before the start are left alone until somebody of the staff writes in them.

mod live;
mod talk;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::Timestamp;

use super::dice::Dice;
use super::worldfile::{Media, Role, Scripts, Span, WorldFile};

pub use live::run;

/// A customer asks again this often before somebody answers.
const NAGS: u32 = 2;

/// Something the scenario is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A topic was opened.
    Opened {
        /// Its id.
        topic: i32,
        /// Who opened it.
        by: i64,
        /// Its title.
        title: String,
    },
    /// Somebody wrote in a topic.
    Said {
        /// Where.
        topic: i32,
        /// Who.
        by: i64,
        /// The text or caption.
        text: String,
    },
    /// Staff asks by buttons.
    Asked {
        /// Where.
        topic: i32,
        /// The message with the buttons.
        message: i32,
        /// Who asks.
        by: i64,
        /// What stands on them.
        labels: Vec<String>,
    },
    /// A topic is gone, with all that was in it.
    Gone {
        /// Which.
        topic: i32,
    },
}

/// Something a customer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Opens a topic.
    Open {
        /// Who.
        by: i64,
        /// Its title.
        title: String,
        /// The emoji of its icon.
        icon: Option<String>,
    },
    /// Writes in a topic.
    Say {
        /// Where.
        topic: i32,
        /// Who.
        by: i64,
        /// The text or caption.
        text: String,
        /// What is attached.
        media: Option<Media>,
    },
    /// Presses a button.
    Press {
        /// Who.
        by: i64,
        /// The message that it is under.
        message: i32,
        /// What stands on it.
        label: String,
    },
    /// Changes what they have written, or deletes it.
    Mend {
        /// Where.
        topic: i32,
        /// Who.
        by: i64,
        /// What it says.
        old: String,
        /// What it is to say; empty: it is deleted.
        text: String,
    },
}

/// One message a customer is about to write.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    at: Timestamp,
    text: String,
    media: Option<Media>,
    /// No new message, but this one's text changed, or, without a text, gone.
    mends: Option<String>,
}

/// How long after it was written a message is deleted again, in seconds.
const REGRET: u32 = 25;

/// What goes on in one topic, as its customer sees it.
#[derive(Clone, Debug)]
struct Talk {
    customer: i64,
    /// The script, for topics that one has opened.
    matter: Option<usize>,
    /// Written in this order, when their time comes.
    plan: VecDeque<Line>,
    /// What staff has said since the customer last answered.
    heard: String,
    /// When the customer answers that.
    answers_at: Option<Timestamp>,
    /// Since when the customer has been without an answer, if that bothers them.
    waiting: Option<Timestamp>,
    /// How long this customer can wait, in patience.
    calm: f64,
    nags: u32,
    /// How many of the matter's `then` are said.
    told: usize,
    /// How often the customer only said that it is fine.
    fine: u32,
    /// The thanks are said.
    finished: bool,
    returned: bool,
    corrected: bool,
    /// The button they are about to press: when, under which message, which.
    press: Option<(Timestamp, i32, String)>,
}

/// The scripted customers of a world.
#[derive(Debug)]
pub struct Scenario {
    scripts: Scripts,
    /// The customers' languages, by id.
    customers: BTreeMap<i64, String>,
    /// Whose words count as an answer: agents, colleagues, the anonymous admin, the desk's bot.
    staff: Vec<i64>,
    /// The matters that are still to be opened, by their place in the script.
    waiting_matters: VecDeque<(usize, i64)>,
    /// The matter whose topic is just being opened.
    opening: Option<(usize, i64)>,
    talks: BTreeMap<i32, Talk>,
    next_topic: Option<Timestamp>,
    opened: u32,
    dice: Dice,
    speed: f64,
    /// How much of the group's log has been read, its pts; none before the first turn.
    seen: Option<i32>,
}

impl Scenario {
    /// Prepares the customers of a world for life from `now` on; pauses are divided by `speed`, which is at least 0.01.
    pub fn new(file: &WorldFile, seed: u64, speed: f64, now: Timestamp) -> Self {
        let customers = file
            .people
            .iter()
            .filter(|person| person.role == Role::Customer && !person.deleted && !person.left)
            .map(|person| (person.id, person.language.clone().unwrap_or_else(|| "en".to_owned())))
            .collect();
        let speaks = |role| matches!(role, Role::Agent | Role::Colleague | Role::Anonymous | Role::DeskBot);
        let staff = file.people.iter().filter(|person| speaks(person.role)).map(|person| person.id).collect();
        let matters = file.scripts.matters.iter().enumerate();
        let waiting_matters =
            matters.filter_map(|(index, matter)| Some((index, file.person(&matter.by)?.id))).collect();
        let mut scenario = Self {
            scripts: file.scripts.clone(),
            customers,
            staff,
            waiting_matters,
            opening: None,
            talks: BTreeMap::new(),
            next_topic: None,
            opened: 0,
            dice: Dice::new(seed),
            speed: if speed.is_finite() { speed.max(0.01) } else { 1.0 },
            seen: None,
        };
        scenario.next_topic = Some(now + scenario.pause(scenario.scripts.first, 1.0));
        scenario
    }

    /// Tells what customers do now that this happened. What they open comes back as [`Happening::Opened`]; what they
    /// say must not come back.
    pub fn next(&mut self, now: Timestamp, happened: &[Happening]) -> Vec<Act> {
        for happening in happened {
            match happening {
                Happening::Opened { topic, by, title } => self.opened(now, *topic, *by, title),
                Happening::Said { topic, by, text } => self.said(now, *topic, *by, text),
                Happening::Asked { topic, message, by, labels } => {
                    self.asked_by_buttons(now, *topic, *message, *by, labels);
                }
                Happening::Gone { topic } => drop(self.talks.remove(topic)),
            }
        }
        let mut acts = Vec::new();
        self.open_next(now, &mut acts);
        let topics: Vec<i32> = self.talks.keys().copied().collect();
        for topic in topics {
            if let Some(mut talk) = self.talks.remove(&topic) {
                self.answer(now, &mut talk);
                self.nag(now, &mut talk);
                while talk.plan.front().is_some_and(|line| line.at <= now) {
                    let line = talk.plan.pop_front().expect("its time was just read");
                    let (by, text) = (talk.customer, line.text);
                    acts.push(match line.mends {
                        Some(old) => Act::Mend { topic, by, old, text },
                        None => Act::Say { topic, by, text, media: line.media },
                    });
                }
                if let Some((_, message, label)) = talk.press.take_if(|(at, ..)| *at <= now) {
                    acts.push(Act::Press { by: talk.customer, message, label });
                }
                self.talks.insert(topic, talk);
            }
        }
        acts
    }

    /// Tells when the customers have something to do next without anything happening; `None` if never.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let talks = self.talks.values().flat_map(|talk| {
            [
                talk.plan.front().map(|line| line.at),
                talk.answers_at,
                self.nags_at(talk),
                talk.press.as_ref().map(|press| press.0),
            ]
            .into_iter()
            .flatten()
        });
        talks.chain(self.next_topic).min()
    }

    /// Divides a pause by the speed.
    fn pause(&self, span: Span, times: f64) -> Duration {
        span.duration().mul_f64(times / self.speed)
    }

    fn open_next(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if self.next_topic.is_none_or(|at| at > now) {
            return;
        }
        self.next_topic = None;
        if self.opened >= self.scripts.most {
            return;
        }
        self.opening = self.waiting_matters.pop_front();
        if let Some((matter, by)) = self.opening {
            let matter = &self.scripts.matters[matter];
            acts.push(Act::Open { by, title: matter.title.clone(), icon: matter.icon.clone() });
            self.opened += 1;
            let span = self.dice.span(self.scripts.every);
            self.next_topic = Some(now + self.pause(span, 1.0));
        }
    }

    fn opened(&mut self, now: Timestamp, topic: i32, by: i64, title: &str) {
        if !self.customers.contains_key(&by) {
            return;
        }
        let calm = 1.0 + self.dice.fraction();
        let mut talk = Talk::new(by, calm);
        let own = |(matter, author): &(usize, i64)| *author == by && self.scripts.matters[*matter].title == title;
        if let Some((matter, _)) = self.opening.take_if(|opening| own(opening)) {
            talk.matter = Some(matter);
            let opening = self.scripts.matters[matter].opening.clone();
            self.plan(now, &mut talk, opening.into_iter().map(|text| (text, None)), [2, 5]);
            talk.waiting = talk.plan.back().map(|line| line.at);
            let matter = &self.scripts.matters[matter];
            if let (true, Some(last), Some(written)) = (matter.takes_back, matter.opening.last().cloned(), talk.waiting)
            {
                let at = written + self.pause(Span::secs(REGRET), 1.0);
                talk.plan.push_back(Line { at, text: String::new(), media: None, mends: Some(last) });
            }
        }
        self.talks.insert(topic, talk);
    }

    fn said(&mut self, now: Timestamp, topic: i32, by: i64, text: &str) {
        let pause = self.dice.span(self.scripts.answer);
        let pause = self.pause(pause, 1.0);
        let Some(talk) = self.talks.get_mut(&topic) else {
            // A customer who writes in a topic that staff has opened for them becomes its customer.
            if self.customers.contains_key(&by) {
                let mut talk = Talk::new(by, 1.0 + self.dice.fraction());
                talk.waiting = Some(now);
                self.talks.insert(topic, talk);
            }
            return;
        };
        if self.staff.contains(&by) {
            talk.heard.push_str(text);
            talk.heard.push('\n');
            talk.answers_at = Some(now + pause);
            talk.waiting = None;
            talk.nags = 0;
        } else if by == talk.customer {
            // Somebody plays this customer by hand: nothing that was planned fits any more.
            talk.plan.clear();
            talk.answers_at = None;
            talk.heard.clear();
            talk.finished = false;
            talk.waiting.get_or_insert(now);
        }
    }

    /// A question by buttons is answered by one of them, and most people are content.
    fn asked_by_buttons(&mut self, now: Timestamp, topic: i32, message: i32, by: i64, labels: &[String]) {
        let pause = self.dice.span(self.scripts.answer);
        let at = now + self.pause(pause, 1.0);
        let (first, second) = (self.dice.pick(labels).cloned(), self.dice.pick(labels).cloned());
        if !self.staff.contains(&by) {
            return;
        }
        if let (Some(talk), Some(label)) = (self.talks.get_mut(&topic), first.max(second)) {
            talk.press = Some((at, message, label));
        }
    }

    /// Remembers a topic from before the start; a fresh one whose customer was not answered makes them impatient.
    fn remember(&mut self, now: Timestamp, topic: i32, customer: i64, unanswered: bool) {
        if !self.customers.contains_key(&customer) {
            return;
        }
        // Spread widely, so that not everybody who was waiting at the start asks again at once.
        let mut talk = Talk::new(customer, 1.5 + 6.0 * self.dice.fraction());
        talk.waiting = unanswered.then_some(now);
        talk.nags = u32::from(unanswered) * (NAGS - 1);
        self.talks.insert(topic, talk);
    }

    /// Forgets the script of a topic that has been opened before, by a run that is resumed.
    fn already_opened(&mut self, by: i64, title: &str) -> Option<usize> {
        let place = |(matter, author): &(usize, i64)| *author == by && self.scripts.matters[*matter].title == title;
        let at = self.waiting_matters.iter().position(place)?;
        self.opened += 1;
        self.waiting_matters.remove(at).map(|(matter, _)| matter)
    }

    fn nags_at(&self, talk: &Talk) -> Option<Timestamp> {
        let since = talk.waiting.filter(|_| talk.nags < NAGS && talk.plan.is_empty())?;
        Some(since + self.pause(self.scripts.patience, talk.calm * f64::from(1 + talk.nags)))
    }

    fn nag(&mut self, now: Timestamp, talk: &mut Talk) {
        if self.nags_at(talk).is_none_or(|at| at > now) {
            return;
        }
        let phrases = self.phrases(talk.customer).map(|phrases| phrases.impatient.clone()).unwrap_or_default();
        talk.nags += 1;
        talk.waiting = Some(now);
        if let Some(text) = phrases.get((talk.nags as usize - 1).min(phrases.len().saturating_sub(1))) {
            talk.plan.push_back(Line { at: now, text: text.clone(), media: None, mends: None });
        }
    }

    /// Plans messages, the first and those between after a pause of so many seconds.
    fn plan(
        &mut self,
        now: Timestamp,
        talk: &mut Talk,
        lines: impl Iterator<Item = (String, Option<Media>)>,
        [shortest, longest]: [u32; 2],
    ) {
        let mut at = talk.plan.back().map_or(now, |line| line.at.max(now));
        for (text, media) in lines {
            let span = self.dice.span([Span::secs(shortest), Span::secs(longest)]);
            at = at + self.pause(span, 1.0);
            talk.plan.push_back(Line { at, text, media, mends: None });
        }
    }
}

impl Talk {
    fn new(customer: i64, calm: f64) -> Self {
        Self {
            customer,
            matter: None,
            plan: VecDeque::new(),
            heard: String::new(),
            answers_at: None,
            waiting: None,
            calm,
            nags: 0,
            told: 0,
            fine: 0,
            finished: false,
            returned: false,
            corrected: false,
            press: None,
        }
    }
}
