//! Reactions that changed while nobody told: a user account is told of them only while it is connected, so that after each
//! connection those to the newest messages, and to the last message of each ticket that is worked, are asked for once more.
//!
//! A bot gets its own updates, also later, and asks for nothing. What the stream says of a message while its reactions are asked for
//! is newer than the answer, or is followed by what is; only what it does not speak of is taken from the answer. Nothing but
//! reactions is: a pin that is looked up may be older than what the stream has said.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EngineError;
use super::transport::Order;
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId};
use crate::desk::thread::{Content, Message, Reaction};

/// How many of the newest messages are asked for again.
const NEWEST: usize = 200;

/// How many tickets have their last message asked for.
const TICKETS: usize = 200;

/// How many messages one call asks for.
const PAGE: usize = 100;

/// However often the connection breaks, all is asked for again at most once in this time.
const PAUSE: Duration = Duration::from_secs(60);

/// So many messages are remembered that were reacted to before they were known.
const STRAYS: usize = 2_000;

/// How far asking again is.
#[derive(Clone, Debug, Default)]
pub(super) struct Reactions {
    /// The connection was interrupted since all was last asked for.
    owed: bool,
    /// Not before, if something is owed.
    not_before: Option<Timestamp>,
    /// Messages still to be asked for, the next one last.
    left: Vec<MessageId>,
    /// What was asked for and not answered.
    asked: Option<u64>,
    /// Counts what was asked for.
    number: u64,
    /// Messages of whose reactions the stream has spoken since something was asked for.
    told: BTreeSet<MessageId>,
    /// Something was asked for that it may be newer than.
    listens: bool,
    /// Messages of whose reactions the stream has spoken before they were known.
    strays: BTreeSet<MessageId>,
}

impl Reactions {
    /// The connection is a new one: what changed between is not told, and an answer to the old one is not waited for.
    pub(super) fn interrupted(&mut self) {
        self.owed = true;
        self.asked = None;
    }

    /// The stream has spoken of the reactions to a message.
    pub(super) fn told(&mut self, message: MessageId) {
        if self.listens {
            self.told.insert(message);
        }
    }

    /// A message is known now. Looked up before it was reacted to, it does not have that.
    pub(super) fn known(&mut self, message: MessageId) {
        if self.strays.remove(&message) {
            self.left.push(message);
        }
    }

    /// The stream has spoken of the reactions to a message that is not known.
    pub(super) fn strayed(&mut self, message: MessageId) {
        self.strays.insert(message);
        while self.strays.len() > STRAYS {
            self.strays.pop_first();
        }
    }

    /// What was asked for could not be had. Refused, it is left as it is until the next connection.
    pub(super) fn failed(&mut self, number: u64, messages: &[MessageId], refused: bool) {
        if self.asked == Some(number) {
            self.asked = None;
            if !refused {
                self.left.extend(messages);
            }
        }
    }

    /// Tells when something is to be asked for that cannot be yet.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        self.not_before.filter(|_| self.owed)
    }

    /// What is asked for now is not answered with anything older than what the stream says from here on.
    pub(super) fn begin(&mut self) {
        self.told.clear();
        self.listens = true;
    }

    /// Everything was answered.
    fn end(&mut self) {
        self.told.clear();
        self.listens = false;
    }

    /// Lets what was to be waited for be over when it is.
    pub(super) fn pass(&mut self, now: Timestamp) {
        self.not_before = self.not_before.filter(|at| *at > now);
    }

    /// Tells whether an answer is waited for.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }
}

impl Turn<'_> {
    /// Asks again for what needs no hurry: first what somebody has asked for, then reactions.
    pub(super) fn pump_again(&mut self, group: GroupId) -> Result<(), EngineError> {
        if self.group(group).reactions.is_asked() || self.pump_recheck(group)? {
            return Ok(());
        }
        self.pump_reactions(group)
    }

    /// Tells whether the account is told of reactions only while it is connected.
    fn forgets_reactions(&self, group: GroupId) -> bool {
        self.group(group).facts.as_ref().is_some_and(|facts| !facts.bot)
    }

    fn pump_reactions(&mut self, group: GroupId) -> Result<(), EngineError> {
        if !self.forgets_reactions(group) {
            self.group_mut(group).reactions = Reactions::default();
            return Ok(());
        }
        let reactions = &self.group(group).reactions;
        if reactions.owed && reactions.not_before.is_none() {
            let mut left: BTreeSet<MessageId> = self.work.newest_posts(group, NEWEST)?.into_iter().collect();
            left.extend(self.work.last_posts(group, TICKETS)?);
            left.extend(&self.group(group).reactions.left);
            let again = Some(self.now + PAUSE);
            let reactions = &mut self.group_mut(group).reactions;
            (reactions.owed, reactions.not_before, reactions.left) = (false, again, left.into_iter().collect());
        }
        let reactions = &mut self.state.group_mut(group).reactions;
        let rest = reactions.left.len().saturating_sub(PAGE);
        let messages = reactions.left.split_off(rest);
        if messages.is_empty() {
            return Ok(());
        }
        reactions.begin();
        reactions.number += 1;
        reactions.asked = Some(reactions.number);
        self.orders.push(Order::Reactions { group, messages, number: reactions.number });
        Ok(())
    }

    /// Takes in the reactions to messages, but where the stream has spoken of them since they were asked for.
    pub(super) fn reactions_came(
        &mut self,
        group: GroupId,
        number: u64,
        found: Vec<(MessageId, Vec<Reaction>)>,
    ) -> Result<(), EngineError> {
        if self.group(group).reactions.asked != Some(number) {
            return Ok(());
        }
        self.group_mut(group).reactions.asked = None;
        for (message, reactions) in found {
            self.looked_up(group, message, reactions)?;
        }
        self.group_mut(group).reactions.end();
        Ok(())
    }

    /// Takes the reactions to messages from a page that was compared, which Telegram gives only to user accounts.
    pub(super) fn compare_reactions(&mut self, group: GroupId, messages: &[Message]) -> Result<(), EngineError> {
        if !self.forgets_reactions(group) {
            return Ok(());
        }
        for message in messages {
            if let Content::Post(post) = &message.content {
                self.looked_up(group, message.id, post.reactions.clone())?;
            }
        }
        self.group_mut(group).reactions.end();
        Ok(())
    }

    fn looked_up(&mut self, group: GroupId, id: MessageId, reactions: Vec<Reaction>) -> Result<(), EngineError> {
        if self.group(group).reactions.told.contains(&id) {
            return Ok(());
        }
        self.set_reactions(group, id, reactions)
    }
}
