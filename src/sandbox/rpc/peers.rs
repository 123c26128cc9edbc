//! Who an input peer is: ids with the right access hashes, oneself, or somebody seen in a message.

use grammers_tl_types::{enums, types};

use crate::sandbox::world::Refusal;

use super::Call;

impl Call<'_> {
    fn check_group(&self, id: i64, access_hash: i64) -> Result<i64, Refusal> {
        let group = self.inner.world.group(id).ok_or_else(|| Refusal::bad("CHANNEL_INVALID"))?;
        // Bots may leave the hash out for groups they are in.
        if access_hash == group.access_hash || (self.is_bot && access_hash == 0 && group.is_present(self.account)) {
            Ok(id)
        } else {
            Err(Refusal::bad("CHANNEL_INVALID"))
        }
    }

    fn check_user(&self, id: i64, access_hash: i64) -> Result<i64, Refusal> {
        let account = self.inner.world.account(id).ok_or_else(|| Refusal::bad("USER_ID_INVALID"))?;
        if access_hash == account.access_hash || (self.is_bot && access_hash == 0) || id == self.account {
            Ok(id)
        } else {
            Err(Refusal::bad("USER_ID_INVALID"))
        }
    }

    fn seen_in_message(&self) -> Result<(), Refusal> {
        if self.is_bot { Err(Refusal::bad("FROM_MESSAGE_BOT_DISABLED")) } else { Ok(()) }
    }

    /// Resolves a channel to a group's id, whether or not the caller is in it.
    pub(super) fn channel(&self, channel: &enums::InputChannel) -> Result<i64, Refusal> {
        match channel {
            enums::InputChannel::Empty => Err(Refusal::bad("CHANNEL_INVALID")),
            enums::InputChannel::Channel(c) => self.check_group(c.channel_id, c.access_hash),
            enums::InputChannel::FromMessage(c) => {
                self.seen_in_message()?;
                self.inner.world.group_or(c.channel_id).map(|group| group.id)
            }
        }
    }

    /// Resolves a channel to the id of a group the caller is in.
    pub(super) fn own_channel(&self, channel: &enums::InputChannel) -> Result<i64, Refusal> {
        let id = self.channel(channel)?;
        self.inner.world.group_or(id)?.require_present(self.account)?;
        Ok(id)
    }

    /// Resolves a peer to the id of a group the caller is in; everything else is refused.
    pub(super) fn own_group(&self, peer: &enums::InputPeer) -> Result<i64, Refusal> {
        let channel: enums::InputChannel = match peer {
            enums::InputPeer::Channel(c) => {
                types::InputChannel { channel_id: c.channel_id, access_hash: c.access_hash }.into()
            }
            enums::InputPeer::ChannelFromMessage(c) => {
                types::InputChannelFromMessage { peer: c.peer.clone(), msg_id: c.msg_id, channel_id: c.channel_id }
                    .into()
            }
            enums::InputPeer::Empty
            | enums::InputPeer::PeerSelf
            | enums::InputPeer::Chat(_)
            | enums::InputPeer::User(_)
            | enums::InputPeer::UserFromMessage(_) => return Err(Refusal::bad("PEER_ID_INVALID")),
        };
        self.own_channel(&channel)
    }

    /// Resolves a user to an account's id.
    pub(super) fn user(&self, user: &enums::InputUser) -> Result<i64, Refusal> {
        match user {
            enums::InputUser::Empty => Err(Refusal::bad("USER_ID_INVALID")),
            enums::InputUser::UserSelf => Ok(self.account),
            enums::InputUser::User(u) => self.check_user(u.user_id, u.access_hash),
            enums::InputUser::FromMessage(u) => {
                self.seen_in_message()?;
                self.inner
                    .world
                    .account(u.user_id)
                    .map(|account| account.id)
                    .ok_or_else(|| Refusal::bad("USER_ID_INVALID"))
            }
        }
    }

    /// Resolves a peer that must be a user.
    pub(super) fn peer_user(&self, peer: &enums::InputPeer) -> Result<i64, Refusal> {
        match peer {
            enums::InputPeer::PeerSelf => Ok(self.account),
            enums::InputPeer::User(u) => self.check_user(u.user_id, u.access_hash),
            enums::InputPeer::UserFromMessage(u) => {
                self.seen_in_message()?;
                Ok(u.user_id)
            }
            enums::InputPeer::Empty
            | enums::InputPeer::Chat(_)
            | enums::InputPeer::Channel(_)
            | enums::InputPeer::ChannelFromMessage(_) => Err(Refusal::bad("PARTICIPANT_ID_INVALID")),
        }
    }
}
