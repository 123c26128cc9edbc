//! Who acts: customers, staff and bots in the group; agents at the desk, who repeat what they got no answer to.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::run::Asked;
use super::world::{ANNA, BOT, COLLEAGUE, CUSTOMERS, GROUP, UNSEEN_BOT, World};
use crate::clock::Timestamp;
use crate::desk::along::Along;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::{AgentName, CommandId, EventId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::thread::{Content, Message};
use crate::desk::ticket::{Pending, PendingReason};
use crate::engine::handle::Receipt;
use crate::sandbox::dice::Dice;
use crate::selftest::CANARY;

/// A reply that the desk has accepted.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    /// Stands in every text it had.
    pub(super) mark: String,
    pub(super) agent: AgentName,
    pub(super) text: String,
    pub(super) discarded: bool,
    /// It was refused once, or changed: then it has lost its place.
    pub(super) out_of_turn: bool,
    pub(super) ticket: TicketKey,
    /// The highest message on the agent's screen when they last said that it may go.
    pub(super) seen: Option<MessageId>,
}

/// The agents' side: what they asked, what they were told.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// By outbox row.
    pub(super) replies: BTreeMap<OutboxId, Accepted>,
    /// How many internal notes were accepted.
    pub(super) notes: u64,
    commands: HashMap<CommandId, (AgentName, Command, Option<Receipt>)>,
    doubt: Option<CommandId>,
    undo: Option<(TicketKey, EventId, AgentName)>,
    count: u32,
}

fn key(topic: i32) -> TicketKey {
    TicketKey { group: GROUP, topic: TopicId(topic) }
}

impl Desk {
    /// Lets somebody do something in the group; tells what.
    pub(super) fn world_acts(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) -> String {
        self.count += 1;
        let count = self.count;
        let living: Vec<i32> = world.topics.iter().filter(|(_, place)| !place.gone).map(|(id, _)| *id).collect();
        let customer = *dice.pick(&CUSTOMERS).unwrap_or(&CUSTOMERS[0]);
        let Some(&topic) = dice.pick(&living) else {
            return format!("* topic {} opened", world.open(customer, &format!("Matter {count}"), now));
        };
        match dice.below(100) {
            0..14 => {
                let topic = world.open(customer, &format!("Matter {count}"), now);
                world.write(topic, customer, &format!("my question {count}"), now);
                format!("* topic {topic} opened by {customer}")
            }
            14..16 => format!("* topic {} opened by staff", world.open(COLLEAGUE, &format!("News {count}"), now)),
            16..62 => {
                let writer = self.writer(world, topic, dice);
                let text = if dice.chance(8) { "thanks".to_owned() } else { format!("words {count}") };
                let id = world.write(topic, writer, &text, now);
                format!("* {writer} wrote {id} in {topic}")
            }
            62..68 => {
                format!("* {customer} wrote {} in General", world.write(1, customer, &format!("hey {count}"), now))
            }
            68..70 => match self.some_message(world, topic, dice) {
                Some(id) => format!("* {id} pinned: {}", world.pin(id)),
                None => "* nothing to pin".to_owned(),
            },
            70..80 => match self.some_message(world, topic, dice) {
                Some(id) => {
                    // Our own messages are edited by their bot alone.
                    world.edit(id, &format!("corrected {count}"), now);
                    format!("* {id} edited")
                }
                None => "* nothing to edit".to_owned(),
            },
            80..90 => match self.some_message(world, topic, dice) {
                Some(id) => {
                    world.delete(&[id]);
                    format!("* {id} deleted")
                }
                None => "* nothing to delete".to_owned(),
            },
            90..93 => {
                world.change(topic, COLLEAGUE, Some(format!("Renamed {count}")), None, now);
                format!("* {topic} renamed")
            }
            93..97 => {
                let closed = world.topics.get(&topic).is_some_and(|place| place.closed);
                let creator = world.topics[&topic].creator;
                let by = if dice.chance(50) { COLLEAGUE } else { creator };
                world.change(topic, by, None, Some(!closed), now);
                format!("* {topic} closed: {}", !closed)
            }
            97 => {
                world.delete_topic(topic);
                format!("* {topic} deleted")
            }
            _ => {
                world.change_facts();
                "* rights changed".to_owned()
            }
        }
    }

    fn writer(&self, world: &World, topic: i32, dice: &mut Dice) -> PersonId {
        match dice.below(10) {
            0 => ANNA,
            1 => COLLEAGUE,
            2 => BOT,
            3 => UNSEEN_BOT,
            4 => *dice.pick(&CUSTOMERS).unwrap_or(&CUSTOMERS[0]),
            _ => world.topics[&topic].creator,
        }
    }

    /// Picks a text of a topic that is not the desk's own.
    fn some_message(&self, world: &World, topic: i32, dice: &mut Dice) -> Option<MessageId> {
        let texts: Vec<MessageId> = world
            .messages
            .values()
            .filter(|one| one.message.topic.0 == topic && !one.deleted && !one.unseen)
            .filter(|one| matches!(one.message.content, Content::Post(_)))
            .filter(|one| one.message.author != super::world::DESK)
            .map(|one| one.message.id)
            .collect();
        dice.pick(&texts).copied()
    }

    /// Picks one of the desk's own texts, with its row.
    fn some_reply(&self, world: &World, dice: &mut Dice) -> Option<(OutboxId, MessageId)> {
        let texts = world.own().filter(|one| !one.deleted);
        let pairs: Vec<(OutboxId, MessageId)> =
            texts.filter_map(|one| Some((self.row_of(&one.message)?, one.message.id))).collect();
        dice.pick(&pairs).copied()
    }

    /// Tells which reply a text of the desk is.
    fn row_of(&self, message: &Message) -> Option<OutboxId> {
        let Content::Post(post) = &message.content else { return None };
        self.replies.iter().find(|(_, reply)| post.text.contains(&reply.mark)).map(|(id, _)| *id)
    }

    /// Makes an agent want something.
    pub(super) fn command(&mut self, world: &World, dice: &mut Dice, now: Timestamp) -> Option<Asked> {
        let topics: Vec<i32> = world.topics.keys().copied().collect();
        let topic = *dice.pick(&topics)?;
        let ticket = key(topic);
        let agent = AgentName::from(if dice.chance(60) { "anna" } else { "tom" });
        self.count += 1;
        let count = self.count;
        let rows: Vec<OutboxId> = self.replies.keys().copied().collect();
        let command = match dice.below(100) {
            0..38 => {
                let quoted = self.some_message(world, topic, dice).filter(|_| dice.chance(30));
                let text = format!("reply r{count:06};");
                Command::Reply {
                    ticket,
                    text,
                    reply_to: quoted,
                    hold: dice.chance(50),
                    seen: None,
                    file: None,
                    along: Along::default(),
                }
            }
            38..42 => {
                let (row, message) = self.some_reply(world, dice)?;
                let reply = &self.replies[&row];
                let (ticket, agent) = (reply.ticket, reply.agent.clone());
                let text = format!("{} put right {count}", reply.mark);
                let delete = dice.chance(30);
                let command = match delete {
                    true => Command::DeleteMessage { ticket, message },
                    false => Command::EditMessage { ticket, message, text, confirmed: false },
                };
                return Some((CommandId(format!("c{count}")), agent, command));
            }
            42..54 => Command::Note { ticket, text: format!("{CANARY} note {count}") },
            54..60 => Command::SaveDraft { ticket, text: format!("{CANARY} draft {count}"), note: dice.chance(50) },
            60..66 => Command::Claim { ticket },
            66..68 => Command::TakeOver { ticket },
            68..70 => Command::Release { ticket },
            70..74 => {
                let reason = *dice.pick(&PendingReason::ALL)?;
                let until = dice.chance(50).then(|| now + Duration::from_secs(60 + dice.below(7200) as u64));
                Command::SetPending { ticket, pending: Pending { reason, until } }
            }
            74..79 => Command::Resolve { ticket },
            79..83 => Command::Reopen { ticket },
            83..86 => Command::Close { ticket, reason: String::new() },
            86 => Command::NoReplyNeeded { ticket },
            87 => Command::OpenTicket { ticket },
            88 => Command::Duplicate { ticket, of: key(*dice.pick(&topics)?) },
            89..92 => {
                let (ticket, event, agent) = self.undo.take()?;
                let id = CommandId(format!("c{count}"));
                return Some((id, agent, Command::Undo { ticket, event }));
            }
            92..95 => {
                let outbox = *dice.pick(&rows)?;
                let text = format!("{} once more", self.replies[&outbox].mark);
                Command::EditOutbox { outbox, text, seen: None, confirmed: false }
            }
            95 => Command::DiscardOutbox { outbox: *dice.pick(&rows)? },
            96 if dice.chance(50) => Command::TakeBack { outbox: *dice.pick(&rows)? },
            96 => Command::HoldOutbox { outbox: *dice.pick(&rows)? },
            97 | 98 => Command::RetryOutbox { outbox: *dice.pick(&rows)?, seen: None },
            _ => Command::MarkSeen { ticket, message: world.top() },
        };
        Some((CommandId(format!("c{count}")), agent, command))
    }

    /// Remembers what was asked; until there is an answer it is in doubt.
    pub(super) fn asked(&mut self, id: &CommandId, agent: &AgentName, command: &Command) {
        self.commands.insert(id.clone(), (agent.clone(), command.clone(), None));
        self.doubt = Some(id.clone());
    }

    /// Tells what an agent had on the screen when they let a reply go, also by the command that is being carried out.
    pub(super) fn seen_by(&self, outbox: OutboxId) -> Option<MessageId> {
        let known = self.replies.get(&outbox);
        let now = self.doubt.as_ref().and_then(|id| self.commands.get(id)).map(|(_, command, _)| command);
        match now {
            Some(Command::Reply { seen, .. }) if known.is_none() => *seen,
            Some(Command::EditOutbox { outbox: which, seen, .. } | Command::RetryOutbox { outbox: which, seen })
                if *which == outbox =>
            {
                *seen
            }
            _ => known.and_then(|reply| reply.seen),
        }
    }

    /// Tells the command to which no answer came.
    pub(super) fn in_doubt(&self) -> Option<Asked> {
        let id = self.doubt.clone()?;
        let (agent, command, _) = self.commands.get(&id)?.clone();
        Some((id, agent, command))
    }

    /// Tells a command that was answered, and its receipt.
    pub(super) fn earlier(&self, id: &CommandId) -> Option<(AgentName, Command, Option<Receipt>)> {
        self.commands.get(id).filter(|(_, _, receipt)| receipt.is_some()).cloned()
    }

    /// Takes the answer to a command.
    pub(super) fn answered(&mut self, id: &CommandId, answer: &Result<Receipt, Refusal>) {
        self.doubt.take_if(|doubt| doubt == id);
        let Ok(receipt) = answer else { return };
        let Some((agent, command, before)) = self.commands.get_mut(id) else { return };
        if before.replace(receipt.clone()).is_some() {
            return;
        }
        let agent = agent.clone();
        if let (Some(event), Some(ticket)) = (receipt.undo, command.ticket()) {
            self.undo = Some((ticket, event, agent.clone()));
        }
        match (command, receipt.outbox) {
            (Command::Reply { ticket, text, seen, .. }, Some(outbox)) => {
                let reply = Accepted {
                    mark: text.clone(),
                    agent,
                    text: text.clone(),
                    discarded: false,
                    out_of_turn: false,
                    ticket: *ticket,
                    seen: *seen,
                };
                self.replies.insert(outbox, reply);
            }
            (Command::EditOutbox { outbox, text, seen, .. }, _) => {
                if let Some(reply) = self.replies.get_mut(outbox) {
                    reply.text.clone_from(text);
                    reply.seen = *seen;
                    reply.out_of_turn = true;
                }
            }
            (Command::DiscardOutbox { outbox } | Command::TakeBack { outbox }, _) => {
                if let Some(reply) = self.replies.get_mut(outbox) {
                    reply.discarded = true;
                }
            }
            (Command::RetryOutbox { outbox, seen }, _) => {
                if let Some(reply) = self.replies.get_mut(outbox) {
                    reply.seen = *seen;
                    reply.out_of_turn = true;
                }
            }
            (Command::EditMessage { text, .. }, _) => {
                let mark = text.split(" put right").next().unwrap_or_default();
                if let Some(reply) = self.replies.values_mut().find(|reply| reply.mark == mark) {
                    reply.text.clone_from(text);
                }
            }
            (Command::Note { .. }, _) => self.notes += 1,
            _ => {}
        }
    }
}
