//! Showing reactions, and what only bots are told: with `qts`, in a box of its own.

use std::collections::BTreeMap;

use grammers_tl_types::{enums, types};

use crate::sandbox::world::{Group, Member, Message, Peer, Told, ToldBots};

use super::render::{Named, View, date, peer};

/// Shows all reactions to a message; none if it has none.
pub(super) fn reactions(message: &Message) -> Option<enums::MessageReactions> {
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for emoji in message.marks.reactions.iter().flat_map(|(_, emoji)| emoji) {
        *counts.entry(emoji).or_default() += 1;
    }
    let shown = |(emoji, count): (&str, i32)| {
        types::ReactionCount { chosen_order: None, reaction: reaction(emoji), count }.into()
    };
    (!counts.is_empty()).then(|| collected(counts.into_iter().map(shown).collect()))
}

/// Shows that there are no reactions any more.
pub(super) fn no_reactions() -> enums::MessageReactions {
    collected(Vec::new())
}

fn collected(results: Vec<enums::ReactionCount>) -> enums::MessageReactions {
    types::MessageReactions {
        min: false,
        can_see_list: true,
        reactions_as_tags: false,
        results,
        recent_reactions: None,
        top_reactors: None,
    }
    .into()
}

fn reaction(emoji: &str) -> enums::Reaction {
    types::ReactionEmoji { emoticon: emoji.to_owned() }.into()
}

impl View<'_> {
    /// Shows something of the viewer's own box, by its place among all that bots were told.
    pub(super) fn told(&self, group: &Group, place: usize, named: &mut Named) -> Option<enums::Update> {
        let (qts, _, told) = self.world.told_after(self.viewer.id, 0).find(|(_, own, _)| *own == place)?;
        Some(self.told_update(group, told, qts, named))
    }

    /// Shows something that bots were told, under the viewer's qts.
    pub(super) fn told_update(&self, group: &Group, told: &ToldBots, qts: i32, named: &mut Named) -> enums::Update {
        named.groups.insert(group.id);
        match &told.what {
            Told::Reaction { id, by, old, new } => {
                named.users.insert(*by);
                types::UpdateBotMessageReaction {
                    peer: peer(Peer::Group(group.id)),
                    msg_id: *id,
                    date: date(told.date),
                    actor: peer(Peer::User(*by)),
                    old_reactions: old.iter().map(|emoji| reaction(emoji)).collect(),
                    new_reactions: new.iter().map(|emoji| reaction(emoji)).collect(),
                    qts,
                }
                .into()
            }
            Told::Member { account, old, new } => {
                named.users.insert(*account);
                let mut shown = |member: &Member| self.participant_as(group, member, named);
                types::UpdateChannelParticipant {
                    via_chatlist: false,
                    channel_id: group.id,
                    date: date(told.date),
                    actor_id: if new.by == 0 { *account } else { new.by },
                    user_id: *account,
                    prev_participant: old.as_ref().map(&mut shown),
                    new_participant: Some(shown(new)),
                    invite: None,
                    qts,
                }
                .into()
            }
        }
    }
}
