//! Users and chats -> [`Person`], and the names a service message needs.

use std::collections::HashMap;

use grammers_tl_types as tl;

use super::safe;
use crate::desk::ids::PersonId;
use crate::desk::people::Person;

/// Everybody mentioned in an answer, each once.
#[derive(Debug, Default)]
pub(crate) struct People(HashMap<PersonId, Person>);

impl People {
    /// Collects users and chats.
    pub(crate) fn new(users: &[tl::enums::User], chats: &[tl::enums::Chat]) -> Self {
        let mut people = Self::default();
        people.add(users, chats);
        people
    }

    /// Adds users and chats; a full record beats a minimal one.
    pub(crate) fn add(&mut self, users: &[tl::enums::User], chats: &[tl::enums::Chat]) {
        for user in users {
            if let tl::enums::User::User(user) = user {
                let id = PersonId(user.id);
                if !user.min || !self.0.contains_key(&id) {
                    self.0.insert(id, self::user(user));
                }
            }
        }
        for chat in chats {
            if let Some(person) = self::chat(chat) {
                self.0.insert(person.id, person);
            }
        }
    }

    /// Tells a name, or `somebody`.
    pub(crate) fn name(&self, id: PersonId) -> &str {
        self.0.get(&id).map_or("somebody", |person| person.name.as_str())
    }

    /// Gives them by id.
    pub(crate) fn into_vec(self) -> Vec<Person> {
        let mut people: Vec<Person> = self.0.into_values().collect();
        people.sort_unstable_by_key(|person| person.id);
        people
    }
}

/// Converts a user or bot.
pub(crate) fn user(user: &tl::types::User) -> Person {
    let name = if user.deleted {
        "Deleted account".to_owned()
    } else {
        match (user.first_name.as_deref(), user.last_name.as_deref()) {
            (Some(first), Some(last)) => safe::name(&format!("{first} {last}")),
            (Some(one), None) | (None, Some(one)) => safe::name(one),
            (None, None) => safe::name(""),
        }
    };
    let username = public_name(user.username.as_deref(), user.usernames.as_deref());
    Person { id: PersonId(user.id), name, username, bot: user.bot }
}

/// Picks the public name: the plain one, else the first active one of several.
pub(crate) fn public_name(plain: Option<&str>, several: Option<&[tl::enums::Username]>) -> Option<String> {
    let active =
        || several?.iter().find_map(|tl::enums::Username::Username(one)| one.active.then_some(one.username.as_str()));
    plain.or_else(active).and_then(safe::username)
}

fn chat(chat: &tl::enums::Chat) -> Option<Person> {
    let (id, title, username) = match chat {
        tl::enums::Chat::Channel(channel) => {
            (channel.id, &channel.title, public_name(channel.username.as_deref(), channel.usernames.as_deref()))
        }
        tl::enums::Chat::ChannelForbidden(channel) => (channel.id, &channel.title, None),
        _ => return None,
    };
    Some(Person { id: PersonId::channel(id), name: safe::name(title), username, bot: false })
}

/// Converts the one who wrote.
pub(crate) fn peer(peer: &tl::enums::Peer) -> PersonId {
    match peer {
        tl::enums::Peer::User(user) => PersonId(user.user_id),
        tl::enums::Peer::Chat(chat) => PersonId(-chat.chat_id),
        tl::enums::Peer::Channel(channel) => PersonId::channel(channel.channel_id),
    }
}
