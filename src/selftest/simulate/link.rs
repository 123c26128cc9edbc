//! The link as values: orders in, what comes from Telegram out, with everything that can happen on the way.
//!
//! It keeps the contract of `telegram::link`: after a `Follow` the first thing is `Connecting`, each order gets exactly one answer, a
//! batch begins where the last one ended. Between it and the engine is a queue in which whole batches may be lost, doubled or swapped,
//! which the real queue never does: the rule of the cursor has to stand that.

use std::collections::VecDeque;
use std::time::Duration;

use super::world::{Answer, GROUP, World};
use crate::clock::Timestamp;
use crate::desk::ids::{MessageId, TopicId};
use crate::engine::transport::{
    Batch, Change, Cursor, Failure, Happening, Incoming, LinkState, Order, Outcome, Scanned, Send, Summons, TopicEdit,
    TopicPage,
};
use crate::sandbox::dice::Dice;
use crate::selftest::sabotage::Passage;

mod errands;

/// How many topics are on a page, and how many messages of a history.
const PAGE: usize = 3;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Down,
    Catching,
    Live,
}

/// What has gone wrong on purpose, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Injected {
    pub(super) batches_lost: u64,
    pub(super) batches_doubled: u64,
    pub(super) batches_swapped: u64,
    pub(super) early: u64,
    pub(super) too_long: u64,
    pub(super) reconnects: u64,
    pub(super) failed_fetches: u64,
    pub(super) stale_fetches: u64,
    pub(super) answers_lost: u64,
    pub(super) requests_lost: u64,
    pub(super) flood_waits: u64,
    pub(super) refusals: u64,
    pub(super) duplicates: u64,
    pub(super) edits: u64,
    pub(super) edits_in_doubt: u64,
    pub(super) rights_refused: u64,
    pub(super) files_sent: u64,
    pub(super) files_fetched: u64,
    pub(super) reactions_missed: u64,
    pub(super) words_in_doubt: u64,
}

/// The link.
#[derive(Debug)]
pub(super) struct Link {
    /// On its way to the engine.
    pub(super) queue: VecDeque<Incoming>,
    /// Asked for and not answered.
    fetches: VecDeque<Order>,
    /// Fetched, and not handed over yet.
    fetched: Vec<Incoming>,
    sends: VecDeque<Send>,
    changes: VecDeque<Change>,
    /// Requests that have reached the server, and that it will work on later, whoever still waits for the answer.
    late: Vec<Send>,
    /// Changes of topics that were asked for.
    edits: VecDeque<TopicEdit>,
    /// Those that the server will work on later.
    late_edits: Vec<TopicEdit>,
    /// Words to staff that were asked for.
    summonses: VecDeque<Summons>,
    /// Those that the server will work on later.
    late_summonses: Vec<Summons>,
    /// Downloads that were asked for.
    downloads: VecDeque<Order>,
    /// How many of the world's changes of reactions were told, or were missed.
    liked: usize,
    stage: Stage,
    /// The pts up to where batches were handed over.
    pts: i32,
    passage: Passage,
    pub(super) injected: Injected,
    pub(super) resends: u64,
}

impl Link {
    pub(super) fn new(passage: Passage) -> Self {
        Link {
            queue: VecDeque::new(),
            fetches: VecDeque::new(),
            fetched: Vec::new(),
            sends: VecDeque::new(),
            changes: VecDeque::new(),
            edits: VecDeque::new(),
            late_edits: Vec::new(),
            summonses: VecDeque::new(),
            late_summonses: Vec::new(),
            downloads: VecDeque::new(),
            liked: 0,
            late: Vec::new(),
            stage: Stage::Down,
            pts: 1,
            passage,
            injected: Injected::default(),
            resends: 0,
        }
    }

    /// The process dies: what has reached the server is there, everything else is gone.
    pub(super) fn die(&mut self, dice: &mut Dice) {
        self.queue.clear();
        self.fetches.clear();
        self.fetched.clear();
        self.changes.clear();
        self.downloads.clear();
        for edit in self.edits.drain(..) {
            if dice.chance(50) {
                self.late_edits.push(edit);
            }
        }
        for send in self.sends.drain(..) {
            if dice.chance(50) {
                self.late.push(send);
            }
        }
        self.late_summonses.extend(self.summonses.drain(..).filter(|_| dice.chance(50)));
        self.stage = Stage::Down;
    }

    /// Takes an order.
    pub(super) fn order(&mut self, order: Order, world: &World) {
        match self.passage.order(order) {
            Order::Follow { cursor } => self.follow(cursor.as_ref(), world),
            Order::Send(send) => self.sends.push_back(send),
            Order::Summon(summons) => self.summonses.push_back(summons),
            Order::Change(change) => self.changes.push_back(change),
            Order::EditTopic(edit) => self.edits.push_back(edit),
            // Nobody opens tickets from General here: the worlds have none of that.
            Order::MakeTopic(_) | Order::Forward(_) => {}
            order @ Order::Download { .. } => self.downloads.push_back(order),
            Order::Typing { .. } | Order::AnswerPress { .. } | Order::Stop => {}
            fetch => self.fetches.push_back(fetch),
        }
    }

    fn follow(&mut self, cursor: Option<&Cursor>, world: &World) {
        self.queue.push_back(Incoming::Link(LinkState::Connecting));
        self.queue.push_back(Incoming::Facts(world.facts()));
        self.miss_reactions(world);
        let known = cursor.and_then(|cursor| cursor.channels.iter().find(|(group, _)| *group == GROUP));
        self.pts = match known {
            Some((_, pts)) => *pts,
            None => {
                self.queue.push_back(Incoming::Seeded { cursor: World::cursor(world.pts()) });
                world.pts()
            }
        };
        self.queue.push_back(Incoming::Link(LinkState::CatchingUp));
        self.stage = Stage::Catching;
    }

    /// Tells whether anything is under way.
    pub(super) fn is_quiet(&self, world: &World) -> bool {
        let sent = self.sends.is_empty() && self.late.is_empty() && self.changes.is_empty();
        let sent = sent && self.edits.is_empty() && self.late_edits.is_empty() && self.downloads.is_empty();
        let sent = sent && self.summonses.is_empty() && self.late_summonses.is_empty();
        let waits = self.fetches.is_empty() && self.fetched.is_empty() && sent;
        waits && self.queue.is_empty() && self.stage == Stage::Live && self.pts == world.pts()
    }

    fn hand_over(&mut self, batch: Batch) {
        self.queue.extend(self.passage.batch(batch));
    }

    /// Does one thing without any fault; tells whether there was something to do.
    pub(super) fn work(&mut self, world: &mut World, now: Timestamp) -> bool {
        if let Some(done) = self.fetched.pop() {
            self.queue.push_back(done);
        } else if let Some(send) = self.late.pop() {
            world.send(&send, now);
        } else if let Some(edit) = self.late_edits.pop() {
            world.edit_topic(&edit, now);
        } else if let Some(late) = self.late_summonses.pop() {
            world.told.insert(late.random_id, late.text);
        } else if self.stage == Stage::Down {
            return false;
        } else if self.run_errand(world, now) {
        } else if let Some(send) = self.sends.pop_front() {
            let outcome = match world.send(&send, now) {
                Answer::Done(message, at) | Answer::Again(message, at) => Outcome::Sent { message, at },
                Answer::NoTopic => Outcome::Refused { why: "the topic no longer exists".to_owned(), topic_gone: true },
            };
            self.queue.push_back(Incoming::Delivery { outbox: send.outbox, outcome });
        } else if let Some(change) = self.changes.pop_front() {
            let outcome = carry_out(&change, world, now);
            self.queue.push_back(Incoming::Changed { change: change.change, outcome });
        } else if let Some(order) = self.fetches.pop_front() {
            let answer = fetch(order, world);
            self.queue.push_back(answer);
        } else if self.pts < world.pts() {
            self.go_on(world, world.pts(), true);
        } else if self.stage == Stage::Catching {
            self.stage = Stage::Live;
            self.queue.push_back(Incoming::Link(LinkState::Live));
        } else {
            return false;
        }
        true
    }

    fn go_on(&mut self, world: &World, to: i32, settles: bool) {
        let said = match self.stage {
            Stage::Live => world.pushed(self.pts, to, settles),
            Stage::Catching | Stage::Down => world.difference(self.pts, to),
        };
        let batch = world.batch(self.pts, to, said);
        self.pts = to;
        self.hand_over(batch);
        self.tell_reactions(world);
    }

    /// Does one thing, with or without a fault.
    pub(super) fn turn(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        match dice.below(24) {
            20..23 => self.try_errand(world, dice, now),
            0..6 => self.follow_on(world, dice),
            6..11 => self.send_one(world, dice, now),
            11..16 => self.fetch_one(world, dice, now),
            16 => {
                if let Some(at) = (!self.late.is_empty()).then(|| dice.below(self.late.len())) {
                    let send = self.late.swap_remove(at);
                    world.send(&send, now);
                }
            }
            17 | 23 => self.spoil_queue(dice),
            18 if dice.chance(25) => self.reconnect(world, dice, now),
            18 => self.change_one(world, dice, now),
            _ => {
                if !self.fetched.is_empty() {
                    let at = dice.below(self.fetched.len());
                    self.queue.push_back(self.fetched.swap_remove(at));
                }
            }
        }
    }

    fn follow_on(&mut self, world: &mut World, dice: &mut Dice) {
        if self.stage == Stage::Down {
            return;
        }
        let end = world.pts();
        self.tell_reactions(world);
        if self.pts == end {
            if self.stage == Stage::Catching {
                self.stage = Stage::Live;
                self.queue.push_back(Incoming::Link(LinkState::Live));
            }
            return;
        }
        let width = usize::try_from(end - self.pts).unwrap_or(0);
        let step = i32::try_from(1 + dice.below(width.min(5))).unwrap_or(1);
        match dice.below(24) {
            0 => {
                // Something newer than what is counted: the boxes hand it over while a difference is due.
                self.injected.early += 1;
                let from = self.pts + step - 1;
                let said = world.pushed(from, from + 1, dice.chance(50));
                let mut batch = world.batch(self.pts, self.pts, said);
                batch.to.clone_from(&batch.from);
                self.hand_over(batch);
                self.stage = Stage::Catching;
            }
            1 if dice.chance(30) => {
                // `channelDifferenceTooLong`: the newest few messages, and where the ids end.
                self.injected.too_long += 1;
                world.blur(self.pts, end);
                let top = world.top();
                let newest = world.range(MessageId(top.0 - 2), top);
                let mut said: Vec<Happening> = newest.into_iter().map(Happening::Message).collect();
                said.push(Happening::Gap { after: None, top });
                let batch = world.batch(self.pts, end, said);
                self.pts = end;
                self.hand_over(batch);
            }
            _ => self.go_on(world, self.pts + step, dice.chance(70)),
        }
    }

    fn send_one(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        let Some(send) = self.sends.pop_front() else { return };
        let outbox = send.outbox;
        let unknown = || Outcome::Unknown { why: "cut".to_owned() };
        let in_flight = self.late.iter().any(|late| late.random_id == send.random_id);
        let outcome = if self.stage == Stage::Down {
            unknown()
        } else if in_flight {
            // The server is busy with the first call.
            self.injected.duplicates += 1;
            Outcome::Taken
        } else {
            match dice.below(12) {
                0 => {
                    self.injected.requests_lost += 1;
                    unknown()
                }
                1 => {
                    self.injected.answers_lost += 1;
                    world.send(&send, now);
                    unknown()
                }
                2 => {
                    self.injected.answers_lost += 1;
                    self.late.push(send);
                    unknown()
                }
                3 if !world.used(send.random_id) => {
                    self.injected.flood_waits += 1;
                    Outcome::Later { not_before: now + Duration::from_secs(1 + dice.below(40) as u64) }
                }
                4 if dice.chance(40) && !world.used(send.random_id) => {
                    self.injected.refusals += 1;
                    Outcome::Refused { why: "the desk's account may not write".to_owned(), topic_gone: false }
                }
                _ => match world.send(&send, now) {
                    Answer::Done(message, at) => Outcome::Sent { message, at },
                    Answer::Again(message, at) => {
                        self.injected.duplicates += 1;
                        if dice.chance(50) { Outcome::Sent { message, at } } else { Outcome::Taken }
                    }
                    Answer::NoTopic => {
                        Outcome::Refused { why: "the topic no longer exists".to_owned(), topic_gone: true }
                    }
                },
            }
        };
        self.resends += u64::from(matches!(outcome, Outcome::Unknown { .. } | Outcome::Taken));
        self.queue.push_back(Incoming::Delivery { outbox, outcome });
    }

    /// Has a text changed, in every way that can end. Done twice is done once.
    fn change_one(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        let Some(change) = self.changes.pop_front() else { return };
        let unknown = || Outcome::Unknown { why: "cut".to_owned() };
        let outcome = match dice.below(6) {
            _ if self.stage == Stage::Down => unknown(),
            0 => unknown(),
            1 => {
                carry_out(&change, world, now);
                unknown()
            }
            2 => Outcome::Later { not_before: now + Duration::from_secs(1 + dice.below(40) as u64) },
            _ => carry_out(&change, world, now),
        };
        self.queue.push_back(Incoming::Changed { change: change.change, outcome });
    }

    fn fetch_one(&mut self, world: &World, dice: &mut Dice, now: Timestamp) {
        if self.stage == Stage::Down || self.fetches.is_empty() {
            return;
        }
        let at = dice.below(self.fetches.len());
        let Some(order) = self.fetches.remove(at) else { return };
        let answer = match dice.below(16) {
            0 => {
                self.injected.failed_fetches += 1;
                let why = match dice.below(2) {
                    0 => Failure::Later { not_before: now + Duration::from_secs(1 + dice.below(30) as u64) },
                    _ => Failure::Link { why: "cut".to_owned() },
                };
                Incoming::Failed { order, why }
            }
            1..4 => {
                // Looked up now, handed over later, past whatever happens meanwhile.
                self.injected.stale_fetches += 1;
                self.fetched.push(fetch(order, world));
                return;
            }
            _ => fetch(order, world),
        };
        self.queue.push_back(answer);
    }

    fn spoil_queue(&mut self, dice: &mut Dice) {
        // What has no pts of its own is told once or not at all, and nothing could notice more.
        let counted = |one: &Incoming| match one {
            Incoming::Batch(batch) => {
                !batch.happenings.iter().any(|(_, said)| matches!(said, Happening::Reactions { .. }))
            }
            _ => false,
        };
        let batches: Vec<usize> = (0..self.queue.len()).filter(|at| counted(&self.queue[*at])).collect();
        let Some(&at) = dice.pick(&batches) else { return };
        match dice.below(3) {
            0 => {
                self.injected.batches_lost += 1;
                self.queue.remove(at);
            }
            1 => {
                self.injected.batches_doubled += 1;
                let twin = self.queue[at].clone();
                self.queue.insert(at + 1 + dice.below(self.queue.len() - at), twin);
            }
            _ if batches.contains(&(at + 1)) => {
                self.injected.batches_swapped += 1;
                self.queue.swap(at, at + 1);
            }
            _ => {}
        }
    }

    /// The connection breaks; a new one begins where the last batch ended.
    fn reconnect(&mut self, world: &World, dice: &mut Dice, now: Timestamp) {
        if self.stage == Stage::Down {
            return;
        }
        self.injected.reconnects += 1;
        if dice.chance(50) {
            let offline = LinkState::Offline { since: now, why: "cut".to_owned() };
            self.queue.push_back(Incoming::Link(offline));
        }
        self.queue.push_back(Incoming::Link(LinkState::Connecting));
        self.queue.push_back(Incoming::Facts(world.facts()));
        self.miss_reactions(world);
        self.queue.push_back(Incoming::Link(LinkState::CatchingUp));
        self.stage = Stage::Catching;
    }
}

fn carry_out(change: &Change, world: &mut World, now: Timestamp) -> Outcome {
    if world.carry_out(change, now) {
        // The date of the edit, if it was one, is the message's own.
        let at = world.alive(change.message).and_then(|message| message.edited_at).unwrap_or(now);
        return Outcome::Sent { message: change.message, at };
    }
    Outcome::Refused { why: "the message no longer exists".to_owned(), topic_gone: false }
}

/// Answers a fetch with what the world says now.
fn fetch(order: Order, world: &World) -> Incoming {
    match order {
        Order::Facts { .. } => Incoming::Facts(world.facts()),
        Order::Scan { group, from, to } => {
            let messages = world.range(from, to);
            let people = world.people(messages.iter());
            let mut topics: Vec<TopicId> = messages.iter().map(|message| message.topic).collect();
            topics.sort_unstable();
            topics.dedup();
            topics.retain(|topic| *topic != TopicId::GENERAL);
            let topics = topics.into_iter().map(|topic| world.topic_facts(topic)).filter(|facts| !facts.gone).collect();
            Incoming::Scanned(Scanned { group, from, to, messages, people, topics })
        }
        Order::Reactions { group, messages, number } => {
            Incoming::Reactions { group, number, found: errands::reactions(&messages, world) }
        }
        Order::Icons { .. } => Incoming::Icons { icons: world.icons.clone() },
        Order::Unbutton { group, topic, message } => {
            Incoming::Unbuttoned { group, topic, message, outcome: Outcome::Sent { message, at: Timestamp::default() } }
        }
        Order::CheckTopics { group, topics } => {
            let topics = topics.into_iter().map(|topic| world.topic_facts(topic)).collect();
            Incoming::Topics { group, topics, people: Vec::new(), next: None, checked: true }
        }
        Order::Topics { group, page } => {
            let before = page.map_or(i32::MAX, |page| page.topic.0);
            let there = world.topics.iter().rev().filter(|(id, place)| !place.gone && **id < before);
            let ids: Vec<i32> = there.map(|(id, _)| *id).take(PAGE).collect();
            let next = ids.last().filter(|_| ids.len() == PAGE).map(|last| TopicPage {
                date: 0,
                message: MessageId(*last),
                topic: TopicId(*last),
            });
            let topics = ids.into_iter().map(|id| world.topic_facts(TopicId(id))).collect();
            Incoming::Topics { group, topics, people: Vec::new(), next, checked: false }
        }
        Order::History { group, topic, below } => {
            if topic != TopicId::GENERAL && world.topic_facts(topic).gone {
                let why = Failure::Refused { why: "TOPIC_DELETED".to_owned() };
                return Incoming::Failed { order: Order::History { group, topic, below }, why };
            }
            let end = below.map_or(world.top(), |below| MessageId(below.0 - 1));
            let mut messages = world.range(MessageId(1), end);
            messages.retain(|message| message.topic == topic);
            let messages = messages.split_off(messages.len().saturating_sub(PAGE));
            let people = world.people(messages.iter());
            Incoming::History { group, topic, below, messages, people }
        }
        order => Incoming::Failed { order, why: Failure::Refused { why: "that is no fetch".to_owned() } },
    }
}
