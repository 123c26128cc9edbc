//! What the desk's account may do in the group, and what follows from it: one judgement for `doctor`, the screen and the outbox.

use serde::{Deserialize, Serialize};

use super::GroupFacts;
use crate::desk::groups::Called;
use crate::desk::people::{Agent, Person};

/// What the desk's account may do in the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Is a member at all.
    pub member: bool,
    /// Is an admin: for a bot, sees all messages whatever its privacy mode.
    pub admin: bool,
    /// May send messages.
    pub send: bool,
    /// May create, edit, close topics.
    pub manage_topics: bool,
    /// May create topics, as a member or as admin.
    #[serde(default)]
    pub create_topics: bool,
    /// May delete messages of others.
    pub delete_messages: bool,
    /// May pin messages.
    pub pin_messages: bool,
    /// A bot whose privacy mode is off: sees all messages without being admin. `true` for users.
    pub reads_all: bool,
    /// Rights that it holds and that the desk never uses, as the group's settings call them.
    #[serde(default)]
    pub unneeded: Vec<String>,
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// All is well.
    Fine,
    /// A risk; nothing is broken.
    Risk,
    /// Something does not work.
    Broken,
}

/// One thing about login, group or rights, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How it is to be taken.
    pub weight: Weight,
    /// What was looked at, how it is, and what does not work because of it.
    pub what: String,
    /// What to do.
    pub how: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn fine(what: impl Into<String>) -> Finding {
        Finding { weight: Weight::Fine, what: what.into(), how: None }
    }

    /// Nothing is broken, but something could be.
    pub fn risk(what: impl Into<String>, how: impl Into<String>) -> Finding {
        Finding { weight: Weight::Risk, what: what.into(), how: Some(how.into()) }
    }

    /// Something does not work.
    pub fn broken(what: impl Into<String>, how: impl Into<String>) -> Finding {
        Finding { weight: Weight::Broken, what: what.into(), how: Some(how.into()) }
    }
}

/// A clock that is further off than this makes deadlines, pauses and alerts come at a wrong time.
const SKEW: i64 = 30;

impl Finding {
    /// Judges how far this machine's clock is ahead of Telegram's, in seconds.
    pub fn clock(ahead: i64) -> Finding {
        match clock_words(ahead) {
            None => Finding::fine("the clock agrees with Telegram's"),
            Some(words) => Finding::broken(
                format!("this machine's {words}: SLA clocks run on Telegram's dates"),
                "fix NTP: turn on time synchronisation (timedatectl set-ntp true)",
            ),
        }
    }
}

/// Says how far a clock is off, if it is.
fn clock_words(ahead: i64) -> Option<String> {
    let which = if ahead < 0 { "behind" } else { "ahead of" };
    (ahead.abs() > SKEW).then(|| format!("clock is {} s {which} Telegram's", ahead.unsigned_abs()))
}

impl GroupFacts {
    /// Tells how the group is called.
    pub fn called(&self) -> Called<'_> {
        let (given, title) = (self.name.as_deref(), self.title.as_str());
        Called { id: self.group, given, title, username: self.username.as_deref() }
    }

    /// Finds an agent's own account among the admins: its name is theirs as customers read it.
    pub fn account_of(&self, agent: &Agent) -> Option<&Person> {
        let own = |account: &&Person| {
            let username = account.username.as_ref().map(|name| name.to_lowercase());
            agent.telegram == Some(account.id) || (username.is_some() && username == agent.username)
        };
        self.admins.iter().map(|admin| &admin.person).find(own)
    }

    /// Says how far this machine's clock is off, if it is.
    pub fn clock_skew(&self) -> Option<String> {
        self.clock_ahead.and_then(clock_words)
    }

    /// Says why nothing can be sent to the group at present, and who can change that; `None`: the desk can send.
    pub fn read_only(&self) -> Option<String> {
        let who = &self.own_name;
        match &self.rights {
            _ if self.lost.is_some() => self.lost.clone(),
            rights if !rights.member => {
                Some(format!("{who} is no member of the group any more: an admin has to add it again"))
            }
            _ if !self.forum => {
                Some("the group has no topics any more: its owner has to turn Topics on again".to_owned())
            }
            rights if !rights.send => {
                Some(format!("{who} may not send messages: an admin has to allow it in the group's settings"))
            }
            // Whoever answers would not see what has been written since.
            _ if !self.sees_all() => {
                Some(format!("{who} is shown only commands and replies: an admin has to make it an admin again"))
            }
            _ => None,
        }
    }

    /// Tells whether an id that shows nothing is known to hold nothing, other bots' messages apart.
    pub fn sees_all(&self) -> bool {
        self.lost.is_none() && self.rights.member && (!self.bot || self.rights.admin || self.rights.reads_all)
    }

    /// Says why no topic can be changed at present, and who can change that; `None`: the desk can show status in Telegram.
    pub fn topics_barred(&self) -> Option<String> {
        let why =
            || format!("{} may not manage topics: an admin has to allow it in the group's settings", self.own_name);
        self.read_only().or_else(|| (!self.rights.manage_topics).then(why))
    }

    /// Says why no ticket can be opened from General at present, and who can change that; `None`: it can.
    pub fn opening_barred(&self) -> Option<String> {
        let who = &self.own_name;
        let why = if !self.rights.manage_topics && !self.rights.create_topics {
            format!("{who} may not create topics: an admin has to turn on \"Manage topics\" in the group's settings")
        } else if self.noforwards {
            "the group's content is protected, so its messages cannot be forwarded: its owner has to allow that in the \
             group's settings"
                .to_owned()
        } else {
            return self.read_only();
        };
        self.read_only().or(Some(why))
    }

    /// Judges the account's rights and the group's settings, in the order in which they are to be read. `shows_status`: status is to be
    /// shown in Telegram, which needs a right of its own.
    pub fn findings(&self, shows_status: bool) -> Vec<Finding> {
        let (who, rights) = (&self.own_name, &self.rights);
        let mut found: Vec<Finding> = self.clock_ahead.map(Finding::clock).into_iter().collect();
        if let Some(why) = &self.lost {
            found.push(Finding { weight: Weight::Broken, what: why.clone(), how: None });
            return found;
        }
        if !rights.member {
            let what = format!("{who} is not a member of the group: nothing is seen, nothing can be sent");
            found.push(Finding::broken(what, "an admin of the group must add it"));
            return found;
        }
        let grant = |right: &str| format!("group settings, Administrators, {who}: turn on \"{right}\"");
        if !self.forum {
            found.push(Finding::broken(
                "the group has no topics: there are no tickets to answer in",
                "its owner must turn on Topics in the group's settings",
            ));
        }
        found.push(match (self.bot, rights.admin, rights.reads_all) {
            (false, _, _) => Finding::fine("a user account sees all messages"),
            (true, true, _) => Finding::fine(format!("{who} is an admin and sees all messages but other bots'")),
            (true, false, true) => {
                Finding::fine(format!("{who} sees all messages but other bots' (its privacy mode is off)"))
            }
            (true, false, false) => Finding::broken(
                format!("{who} sees only commands and replies: most messages would be missing"),
                format!(
                    "make {who} an admin of the group, or turn its privacy mode off in @BotFather and add it to the \
                     group again"
                ),
            ),
        });
        found.push(match rights.send {
            true => Finding::fine("may send messages"),
            false => Finding::broken("may not send messages: no reply would reach anybody", grant("Send messages")),
        });
        let no_topics = if rights.create_topics { "" } else { ", and no ticket can be opened from General" };
        found.push(match (rights.manage_topics, shows_status) {
            (true, true) => Finding::fine("may manage topics"),
            (false, true) => Finding::broken(
                format!(
                    "may not manage topics: no status is shown in Telegram, closed topics cannot be answered{no_topics}"
                ),
                grant("Manage topics"),
            ),
            (true, false) => Finding::risk(
                "may manage topics, and uses that only to open tickets from General and to answer in closed topics: no \
                 status is shown in Telegram",
                format!(
                    "group settings, Administrators, {who}: turn \"Manage topics\" off, unless that is wanted; or show \
                     status: enabled = true in [telegram.mirror_status]"
                ),
            ),
            (false, false) => Finding::risk(
                format!("may not manage topics: closed topics cannot be answered{no_topics}"),
                format!("{}, if that is wanted", grant("Manage topics")),
            ),
        });
        if self.noforwards {
            found.push(Finding::risk(
                "the group's content is protected: no ticket can be opened from General, where messages would be forwarded",
                "its owner can allow it in the group's settings, if that is wanted",
            ));
        }
        if !rights.unneeded.is_empty() {
            found.push(Finding::risk(
                format!("may do more than the desk needs: {}", rights.unneeded.join(", ")),
                format!(
                    "group settings, Administrators, {who}: turn these off, so that a stolen login can do less harm"
                ),
            ));
        }
        if let Some(name) = &self.username {
            found.push(Finding::risk(
                format!("the group is public (@{name}): anybody can read every ticket without joining"),
                "its owner can make it private in the group's settings",
            ));
        }
        if self.admins.is_empty() {
            found.push(Finding::broken(
                "the list of admins is not to be had: staff is only who desk.toml names",
                "make the account an admin, or name everybody in [[agents]]",
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut GroupFacts);

    fn facts(change: impl FnOnce(&mut GroupFacts)) -> GroupFacts {
        let rights = Rights { member: true, admin: true, send: true, manage_topics: true, ..Rights::default() };
        let mut facts =
            GroupFacts { own_name: "Desk".to_owned(), bot: true, forum: true, rights, ..GroupFacts::default() };
        change(&mut facts);
        facts
    }

    #[test]
    fn what_keeps_the_desk_from_sending_is_one_sentence() {
        let cases: [(&str, Change); 4] = [
            ("shown only commands", |facts| facts.rights.admin = false),
            ("no member of the group", |facts| facts.rights.member = false),
            ("no topics any more", |facts| facts.forum = false),
            ("may not send messages", |facts| facts.rights.send = false),
        ];
        for (words, change) in cases {
            let why = facts(change).read_only().expect(words);
            assert!(why.contains(words) && why.contains(" has to "), "{why}");
        }
        assert_eq!(facts(|_| {}).read_only(), None);
        assert_eq!(facts(|facts| facts.clock_ahead = Some(-30)).clock_skew(), None);
    }

    #[test]
    fn every_lack_and_every_excess_is_named_with_what_to_do() {
        let cases: [(Weight, &str, Change); 10] = [
            (Weight::Broken, "clock is 31 s ahead of Telegram's: SLA clocks", |facts| facts.clock_ahead = Some(31)),
            (Weight::Broken, "clock is 900 s behind Telegram's: SLA clocks", |facts| facts.clock_ahead = Some(-900)),
            (Weight::Broken, "clock is 60 s ahead", |facts| {
                (facts.clock_ahead, facts.rights.member) = (Some(60), false);
            }),
            (Weight::Broken, "not a member", |facts| facts.rights.member = false),
            (Weight::Broken, "no topics", |facts| facts.forum = false),
            (Weight::Broken, "sees only commands", |facts| facts.rights.admin = false),
            (Weight::Broken, "may not send", |facts| facts.rights.send = false),
            (Weight::Broken, "may not manage topics", |facts| facts.rights.manage_topics = false),
            (Weight::Risk, "Ban users", |facts| facts.rights.unneeded = vec!["Ban users".to_owned()]),
            (Weight::Risk, "public (@shop)", |facts| facts.username = Some("shop".to_owned())),
        ];
        for (weight, words, change) in cases {
            let found = facts(change).findings(true);
            let one = found.iter().find(|one| one.what.contains(words)).unwrap_or_else(|| panic!("{words}: {found:?}"));
            assert_eq!((one.weight, one.how.is_some()), (weight, true), "{words}");
        }
    }

    #[test]
    fn managing_topics_is_needed_while_status_is_shown_and_too_much_while_it_is_not() {
        for (may, shows, weight, words) in [
            (true, true, Weight::Fine, "may manage topics"),
            (false, true, Weight::Broken, "no status is shown in Telegram"),
            (true, false, Weight::Risk, "uses that only to open tickets from General"),
            (false, false, Weight::Risk, "closed topics cannot be answered"),
        ] {
            let found = facts(|facts| facts.rights.manage_topics = may).findings(shows);
            let one = found.iter().find(|one| one.what.contains("manage topics")).expect("a finding");
            assert!(one.weight == weight && one.what.contains(words), "{one:?}");
        }
        assert_eq!(facts(|_| {}).topics_barred(), None);
        let why = facts(|facts| facts.rights.manage_topics = false).topics_barred().expect("barred");
        assert!(why.contains(" has to "), "{why}");
    }

    #[test]
    fn what_keeps_a_ticket_from_being_opened_names_who_can_change_it() {
        let cases: [(&str, Change); 3] = [
            ("may not create topics", |facts| facts.rights.manage_topics = false),
            ("content is protected", |facts| facts.noforwards = true),
            ("may not send messages", |facts| facts.rights.send = false),
        ];
        for (words, change) in cases {
            let why = facts(change).opening_barred().expect(words);
            assert!(why.contains(words) && why.contains(" has to "), "{why}");
        }
        assert_eq!(facts(|_| {}).opening_barred(), None);
        let member = |facts: &mut GroupFacts| (facts.rights.manage_topics, facts.rights.create_topics) = (false, true);
        assert_eq!(facts(member).opening_barred(), None);
    }

    #[test]
    fn a_bot_with_privacy_mode_does_not_see_all() {
        assert!(facts(|_| {}).sees_all());
        assert!(!facts(|facts| facts.rights.admin = false).sees_all());
        assert!(facts(|facts| (facts.bot, facts.rights.admin) = (false, false)).sees_all());
    }
}
