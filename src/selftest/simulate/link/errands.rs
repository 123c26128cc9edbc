//! What the link does besides following, sending and fetching pages: topics that are changed, words to staff, files that come, reactions.

use std::time::Duration;

use super::{Link, Stage};
use crate::clock::Timestamp;
use crate::desk::ids::MessageId;
use crate::desk::thread::{Content, Reaction};
use crate::engine::transport::{Failure, Incoming, Order, Outcome, Summons, TopicOutcome};
use crate::sandbox::dice::Dice;

use super::super::world::World;

impl Link {
    /// Tells what was pushed of reactions since, as far as the stream has got. Who is not connected misses it.
    pub(super) fn tell_reactions(&mut self, world: &World) {
        let said: Vec<_> = world.liked(self.liked, self.pts).iter().map(|(_, said)| said.clone()).collect();
        if self.stage == Stage::Down || said.is_empty() {
            return;
        }
        self.liked += said.len();
        let batch = world.batch(self.pts, self.pts, said);
        self.queue.push_back(Incoming::Batch(batch));
    }

    /// The connection is a new one: what was pushed to the old one and has not come is never told.
    pub(super) fn miss_reactions(&mut self, world: &World) {
        self.injected.reactions_missed += (world.likes() - self.liked) as u64;
        self.liked = world.likes();
    }

    /// Does one thing without any fault; tells whether there was something to do.
    pub(super) fn run_errand(&mut self, world: &mut World, now: Timestamp) -> bool {
        if let Some(edit) = self.edits.pop_front() {
            self.injected.edits += 1;
            let outcome = world.edit_topic(&edit, now);
            self.queue.push_back(Incoming::TopicEdited { edit, outcome });
        } else if let Some(Summons { summons, random_id, text, .. }) = self.summonses.pop_front() {
            world.told.insert(random_id, text);
            self.queue.push_back(Incoming::Summoned { summons, outcome: told(now) });
        } else if let Some(order) = self.downloads.pop_front() {
            let answer = self.download(order, world);
            self.queue.push_back(answer);
        } else if !world.liked(self.liked, self.pts).is_empty() {
            self.tell_reactions(world);
        } else {
            return false;
        }
        true
    }

    /// Does one thing, in every way that can end.
    pub(super) fn try_errand(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        if !self.late_edits.is_empty() && dice.chance(30) {
            let edit = self.late_edits.swap_remove(dice.below(self.late_edits.len()));
            world.edit_topic(&edit, now);
        } else if !self.late_summonses.is_empty() && dice.chance(30) {
            let late = self.late_summonses.swap_remove(dice.below(self.late_summonses.len()));
            world.told.insert(late.random_id, late.text);
        } else if !self.summonses.is_empty() && dice.chance(60) {
            self.try_summons(world, dice, now);
        } else if let Some(order) = self.downloads.pop_front() {
            let answer = match dice.below(5) {
                _ if self.stage == Stage::Down => {
                    Incoming::Failed { order, why: Failure::Link { why: "cut".to_owned() } }
                }
                0 => Incoming::Failed { order, why: Failure::Refused { why: "FILE_REFERENCE_EXPIRED".to_owned() } },
                _ => self.download(order, world),
            };
            self.queue.push_back(answer);
        } else {
            self.try_edit(world, dice, now);
        }
    }

    fn try_edit(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        let Some(edit) = self.edits.pop_front() else { return };
        let unknown = || TopicOutcome::Unknown { why: "cut".to_owned() };
        let die = if self.stage == Stage::Down { 0 } else { dice.below(10) };
        self.injected.edits += 1;
        self.injected.edits_in_doubt += u64::from(die < 3);
        let outcome = match die {
            0 => unknown(),
            1 => {
                world.edit_topic(&edit, now);
                unknown()
            }
            2 => {
                self.late_edits.push(edit);
                unknown()
            }
            3 => {
                self.injected.flood_waits += 1;
                TopicOutcome::Later { not_before: now + Duration::from_secs(1 + dice.below(40) as u64) }
            }
            4 if dice.chance(30) => {
                self.injected.rights_refused += 1;
                TopicOutcome::NoRight
            }
            _ => world.edit_topic(&edit, now),
        };
        self.queue.push_back(Incoming::TopicEdited { edit, outcome });
    }

    /// Says something to one of the staff, in every way that can end. Under one key it is said once.
    fn try_summons(&mut self, world: &mut World, dice: &mut Dice, now: Timestamp) {
        let Some(one) = self.summonses.pop_front() else { return };
        let (summons, random_id) = (one.summons, one.random_id);
        let unknown = || Outcome::Unknown { why: "cut".to_owned() };
        let known = world.told.contains_key(&random_id);
        let outcome = if self.stage == Stage::Down {
            unknown()
        } else if self.late_summonses.iter().any(|late| late.random_id == random_id) {
            Outcome::Taken
        } else {
            match dice.below(8) {
                0 => unknown(),
                1 => {
                    world.told.insert(random_id, one.text);
                    unknown()
                }
                2 => {
                    self.late_summonses.push(one);
                    unknown()
                }
                3 if !known => Outcome::Later { not_before: now + Duration::from_secs(1 + dice.below(40) as u64) },
                4 if !known => Outcome::Refused { why: "has blocked the desk's account".to_owned(), topic_gone: false },
                _ if known && dice.chance(50) => Outcome::Taken,
                _ => {
                    world.told.insert(random_id, one.text);
                    told(now)
                }
            }
        };
        self.injected.words_in_doubt += u64::from(matches!(outcome, Outcome::Unknown { .. } | Outcome::Taken));
        self.queue.push_back(Incoming::Summoned { summons, outcome });
    }

    fn download(&mut self, order: Order, world: &World) -> Incoming {
        let Order::Download { group, message, ref to } = order else {
            return Incoming::Failed { order, why: Failure::Refused { why: "that is no file".to_owned() } };
        };
        let written = world.file(message).map(|content| std::fs::write(to, content));
        match written {
            Some(Ok(())) => {
                self.injected.files_fetched += 1;
                Incoming::Downloaded { group, message }
            }
            _ => Incoming::Failed { order, why: Failure::Refused { why: "there is no such file".to_owned() } },
        }
    }
}

/// Says that staff has been told.
fn told(at: Timestamp) -> Outcome {
    Outcome::Sent { message: MessageId(1), at }
}

/// Tells the reactions to messages as they are now.
pub(super) fn reactions(messages: &[MessageId], world: &World) -> Vec<(MessageId, Vec<Reaction>)> {
    let there = messages.iter().filter_map(|id| world.alive(*id));
    there
        .filter_map(|message| match &message.content {
            Content::Post(post) => Some((message.id, post.reactions.clone())),
            Content::Service(_) => None,
        })
        .collect()
}
