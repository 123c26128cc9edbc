//! Status in Telegram: a topic's icon shows where its ticket stands, and a topic may be closed with its ticket.
//!
//! What is to be shown is written down in the transaction that moves the ticket, and worked out when it is that topic's turn: so the
//! last move wins, and what Telegram shows already is not asked for. A ticket that has not moved since this was switched on has no row
//! and is never touched; nor is history, what was imported, General, or a topic that is kept out of the desk. The lane is the last of all: one change
//! at a time, an icon at most once a minute for a topic, and two places of the pace are left for replies.
//!
//! A topic is closed after its icon has changed, and only when the notice before it is *sent*; reopening the ticket withdraws both.
//! Everything may be asked for twice: a crash only repeats.

use std::time::Duration;

use super::EngineError;
use super::transport::{Failure, GroupFacts, IconSet, LinkState, Order, TopicEdit, TopicIcon, TopicOutcome, TopicPart};
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::mirror_status::Door;
use crate::desk::people::Role;
use crate::desk::thread::Delivery;
use crate::desk::ticket::Status;
use crate::store::StoreError;
use crate::store::mirror_status::MirrorRow;
use crate::store::outbox::OutboxRow;

/// When topics may be changed again: Telegram said so.
pub(super) const EDIT_AFTER: &str = "edit_after";

/// Set while Telegram refuses to change topics although the right seems to be there: until when nothing is tried.
pub(super) const EDIT_BARRED: &str = "edit_barred";

/// The icons that topics may have.
pub(super) const ICONS: &str = "topic_icons";

/// An icon is changed at most once in this time, and so is being closed.
const MINUTE: Duration = Duration::from_secs(60);

/// After a refusal for lack of a right that the account seems to have.
const BARRED: Duration = Duration::from_secs(600);

/// So long the icons are used before they are fetched again; and before they are fetched again because one was refused.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
const KEPT_LEAST: Duration = Duration::from_secs(3600);

/// So many topics are looked at together.
const PART: usize = 20;

/// What is to be done about a topic next.
enum Next {
    /// Ask for this.
    Ask(TopicPart),
    /// Nothing before then.
    Wait(Timestamp),
    /// Nothing.
    Rest,
    /// Nothing ever: it is no ticket's topic, or is gone.
    Forget,
}

impl Turn<'_> {
    /// Writes down that a topic is to show its ticket's status, if that has moved. `before`: the status before.
    pub(super) fn status_moved(
        &mut self,
        key: TicketKey,
        before: Option<Status>,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let rules = &self.rules.mirror_status;
        if !self.rules.mirrors_status() || key.topic == TopicId::GENERAL || !self.group(key.group).is_live(at) {
            return Ok(());
        }
        let Some(ticket) = self.ticket(key)?.cloned() else { return Ok(()) };
        // What the first synchronisation has put away is left alone, also when the clock closes it later, until it is worked again.
        if before == Some(ticket.standing.status) || ticket.imported || self.is_ignored(key)? {
            return Ok(());
        }
        let mut row = self.work.mirror_row(key)?.unwrap_or_else(|| MirrorRow::new(key));
        let under_way = row.echo.filter(|_| self.group(key.group).editing == Some(key.topic));
        let topic_closed = under_way.unwrap_or(self.topic(key)?.closed);
        match rules.door(before, &ticket) {
            Door::Stays => {}
            Door::Closes { notice } => {
                self.withdraw(&mut row)?;
                row.door = (!topic_closed).then_some(true);
                if let Some(text) = notice.filter(|_| !topic_closed) {
                    // An agent may take the closing back; the clock does not.
                    let by_agent = ticket.last_move.as_ref().is_some_and(|last| last.by.is_some());
                    row.notice = Some(self.put_notice(key, text, by_agent)?);
                }
            }
            Door::Opens => {
                self.withdraw(&mut row)?;
                row.door = (topic_closed && (rules.close_topics || row.ours)).then_some(false);
            }
        }
        row.due = row.due.or(Some(self.now));
        row.not_before = Timestamp::default();
        (row.attempts, row.why) = (0, None);
        self.work.put_mirror_row(&row)?;
        Ok(())
    }

    /// Puts a notice into thread and outbox, as what the desk says by itself.
    fn put_notice(&mut self, key: TicketKey, text: &str, hold: bool) -> Result<OutboxId, EngineError> {
        let until = self.now + self.rules.undo_window;
        self.put_automatic(key, text, if hold { Delivery::Held { until } } else { Delivery::Queued })
    }

    /// Takes back that a topic is to be closed, and its notice if that has not left.
    fn withdraw(&mut self, row: &mut MirrorRow) -> Result<(), EngineError> {
        row.door = None;
        let Some(id) = row.notice.take() else { return Ok(()) };
        match self.work.outbox(id)? {
            Some(notice) if !matches!(notice.delivery, Delivery::Sending | Delivery::Sent { .. }) => {
                self.throw_away(&notice)
            }
            _ => Ok(()),
        }
    }

    /// A notice has been sent: what waited for it goes on.
    pub(super) fn notice_sent(&mut self, notice: &OutboxRow) -> Result<(), EngineError> {
        match self.work.mirror_row(notice.key)? {
            Some(mut row) if row.notice == Some(notice.id) => {
                row.due = row.due.or(Some(self.now));
                Ok(self.work.put_mirror_row(&row)?)
            }
            _ => Ok(()),
        }
    }

    /// Tells whether a service message says what the desk has done to a topic itself. All that a bot does is the desk's; behind a user
    /// account there is a person too, who may close a topic by hand.
    pub(super) fn is_echo(
        &mut self,
        key: TicketKey,
        author: PersonId,
        role: &Role,
        closed: bool,
    ) -> Result<bool, EngineError> {
        if self.group(key.group).staff.own != Some(author) {
            return Ok(false);
        }
        let expected = match self.work.mirror_row(key)? {
            Some(mut row) if row.echo == Some(closed) => {
                row.echo = None;
                self.work.put_mirror_row(&row)?;
                true
            }
            // What was asked for before, and is told only now that the opposite was asked for.
            Some(row) => row.echo.is_some(),
            None => false,
        };
        Ok(expected || *role == Role::Automation)
    }

    /// The stream says what the desk has done to a topic. It may have come about late, after its ticket has moved on, so it is looked
    /// at once more; and nobody is kept out of a topic whose ticket was reopened meanwhile.
    pub(super) fn own_edit_told(&mut self, key: TicketKey, closed: bool) -> Result<(), EngineError> {
        let live = self.ticket(key)?.is_some_and(|ticket| ticket.standing.status.is_live());
        let Some(mut row) = self.work.mirror_row(key)? else { return Ok(()) };
        if closed && live {
            (row.door, row.ours) = (Some(false), true);
        }
        row.due = row.due.or(Some(self.now));
        Ok(self.work.put_mirror_row(&row)?)
    }

    /// Telegram tells an icon other than the one that was known. If the desk gives it to topics, it may be its own change, come about
    /// after nobody knew what became of it; then the topic is looked at once more. What people choose themselves is left alone.
    pub(super) fn icon_told(&mut self, key: TicketKey, icon: i64) -> Result<(), EngineError> {
        let rules = &self.rules.mirror_status;
        let Some(set) = self.state.icons.as_ref().filter(|_| rules.enabled) else { return Ok(()) };
        if rules.icons.values().any(|emoji| set.id_of(emoji) == Some(icon)) {
            self.own_edit_told(key, false)?;
        }
        Ok(())
    }

    /// Forgets what a topic was to show: it is kept out of the desk now.
    pub(super) fn forget_status(&mut self, key: TicketKey) -> Result<(), EngineError> {
        if let Some(mut row) = self.work.mirror_row(key)? {
            self.withdraw(&mut row)?;
            self.work.forget_mirror_row(key)?;
        }
        Ok(())
    }

    /// Takes back what was to be done and is switched off now.
    pub(super) fn follow_switches(&mut self) -> Result<(), EngineError> {
        let (rules, enabled) = (&self.rules.mirror_status, self.rules.mirrors_status());
        if enabled && rules.close_topics {
            return Ok(());
        }
        for mut row in self.work.open_mirror_rows()? {
            if !enabled {
                row.due = None;
                self.withdraw(&mut row)?;
            } else if row.door == Some(true) {
                self.withdraw(&mut row)?;
            }
            self.work.put_mirror_row(&row)?;
        }
        Ok(())
    }

    /// Asks for the next change of a topic in each group, if one may be asked for now.
    pub(super) fn pump_mirror_status(&mut self) -> Result<(), EngineError> {
        if !self.rules.mirrors_status() || !matches!(self.state.link, Some(LinkState::Live)) {
            return Ok(());
        }
        self.state.groups.ids().into_iter().try_for_each(|group| self.pump_topics(group))
    }

    fn pump_topics(&mut self, group: GroupId) -> Result<(), EngineError> {
        let own = self.group(group);
        let Some(facts) = own.facts.as_ref().filter(|_| own.ready && own.sync.is_done()) else { return Ok(()) };
        let (may, editing) = (facts.topics_barred().is_none(), own.editing.is_some());
        if !self.pump_icons(group) || !may || editing {
            return Ok(());
        }
        if let Some(at) = self.group(group).edit_after.filter(|at| *at > self.now) {
            self.wake_outbox(at);
            return Ok(());
        }
        loop {
            let rows = self.work.due_mirror_rows(group, self.now, PART)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if !self.look(group, row)? {
                    return Ok(());
                }
            }
        }
        if let Some(at) = self.work.next_mirror_row(group, self.now)? {
            self.wake_outbox(at);
        }
        Ok(())
    }

    /// Looks at a topic whose turn it is; tells whether another may have its turn after it.
    fn look(&mut self, group: GroupId, mut row: MirrorRow) -> Result<bool, EngineError> {
        match self.next_of(&mut row)? {
            Next::Forget => {
                self.work.forget_mirror_row(row.key)?;
                return Ok(true);
            }
            Next::Rest => row.due = None,
            Next::Wait(at) => row.not_before = at,
            Next::Ask(part) => {
                if !self.may_go_last(group)? {
                    return Ok(false);
                }
                match part {
                    TopicPart::Icon(_) => row.icon_at = self.now,
                    TopicPart::Closed(closed) => (row.door_at, row.echo) = (self.now, Some(closed)),
                }
                row.attempts += 1;
                self.group_mut(group).editing = Some(row.key.topic);
                self.orders.push(Order::EditTopic(TopicEdit { group, topic: row.key.topic, part }));
                self.work.put_mirror_row(&row)?;
                return Ok(false);
            }
        }
        self.touch(row.key);
        self.work.put_mirror_row(&row)?;
        Ok(true)
    }

    /// Tells what is to be done about a topic next: it is reopened first, because somebody may want to write, and closed last.
    fn next_of(&mut self, row: &mut MirrorRow) -> Result<Next, EngineError> {
        let key = row.key;
        let Some(status) = self.ticket(key)?.map(|ticket| ticket.standing.status) else { return Ok(Next::Forget) };
        let topic = self.topic(key)?;
        let (closed, icon, gone) = (topic.closed, topic.icon, topic.gone);
        if gone || key.topic == TopicId::GENERAL || self.is_ignored(key)? {
            return Ok(Next::Forget);
        }
        if row.door == Some(closed) {
            row.door = None;
        }
        let may_move = row.door_at + MINUTE;
        let mut wait = None;
        if row.door == Some(false) {
            if may_move <= self.now {
                return Ok(Next::Ask(TopicPart::Closed(false)));
            }
            wait = Some(may_move);
        }
        let emoji = self.rules.mirror_status.icon(status);
        let wanted = emoji.and_then(|emoji| self.state.icons.as_ref()?.id_of(emoji));
        if let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != icon) {
            let may_change = row.icon_at + MINUTE;
            return Ok(if may_change <= self.now {
                Next::Ask(TopicPart::Icon(wanted))
            } else {
                Next::Wait(wait.map_or(may_change, |wait| may_change.min(wait)))
            });
        }
        if row.door == Some(true) && self.may_close(row)? {
            if may_move <= self.now {
                return Ok(Next::Ask(TopicPart::Closed(true)));
            }
            wait = Some(may_move);
        }
        Ok(wait.map_or(Next::Rest, Next::Wait))
    }

    /// Tells whether what has to be said before a topic is closed was said. Thrown away, it is not closed.
    fn may_close(&mut self, row: &mut MirrorRow) -> Result<bool, EngineError> {
        let Some(id) = row.notice else { return Ok(true) };
        let Some(notice) = self.work.outbox(id)? else {
            (row.door, row.notice) = (None, None);
            return Ok(false);
        };
        Ok(matches!(notice.delivery, Delivery::Sent { .. }))
    }

    /// Takes in how a change of a topic ended.
    pub(super) fn topic_edited(&mut self, edit: TopicEdit, outcome: TopicOutcome) -> Result<(), EngineError> {
        let key = TicketKey { group: edit.group, topic: edit.topic };
        let own = self.group_mut(key.group);
        own.editing = own.editing.filter(|editing| *editing != key.topic);
        let Some(mut row) = self.work.mirror_row(key)? else { return Ok(()) };
        self.touch(key);
        match outcome {
            TopicOutcome::Done { changed } => self.is_edited(&mut row, edit.part, changed)?,
            TopicOutcome::Gone => {
                self.orders.push(Order::CheckTopics { group: key.group, topics: vec![key.topic] });
                row.due = None;
            }
            TopicOutcome::NoRight => {
                row.echo = None;
                // Whether a right was taken away, the facts tell; if not, it is tried again after a while.
                self.bar(key.group, Some(self.now + BARRED))?;
                self.group_mut(key.group).facts_owed = true;
            }
            TopicOutcome::BadIcon => {
                if let TopicPart::Icon(id) = edit.part {
                    self.drop_icon(id)?;
                }
            }
            TopicOutcome::Refused { why } => {
                tracing::warn!(%key, why, "a topic does not show its ticket's status");
                (row.due, row.echo, row.why) = (None, None, Some(why));
                self.withdraw(&mut row)?;
            }
            TopicOutcome::Later { not_before } => {
                row.echo = None;
                let own = self.group_mut(key.group);
                own.edit_after = own.edit_after.max(Some(not_before));
                self.work.set_group_value(key.group, EDIT_AFTER, &not_before.millis().to_string())?;
            }
            TopicOutcome::Unknown { why } => {
                tracing::info!(%key, why, "not known whether a topic was changed: it is asked for again");
            }
        }
        self.work.put_mirror_row(&row)?;
        Ok(())
    }

    /// Shows what Telegram has done. The stream says it too, earlier or later.
    fn is_edited(&mut self, row: &mut MirrorRow, part: TopicPart, changed: bool) -> Result<(), EngineError> {
        let topic = self.topic_mut(row.key)?;
        match part {
            TopicPart::Icon(id) => topic.icon = Some(id),
            TopicPart::Closed(closed) => {
                topic.closed = closed;
                row.ours = closed;
                row.echo = row.echo.filter(|_| changed);
                if row.door == Some(closed) {
                    (row.door, row.notice) = (None, None);
                }
            }
        }
        (row.attempts, row.why) = (0, None);
        if self.work.group_value(row.key.group, EDIT_BARRED)?.is_some() {
            self.bar(row.key.group, None)?;
        }
        Ok(())
    }

    /// Stops the lane of a group for a while, or lets it go on.
    fn bar(&mut self, group: GroupId, until: Option<Timestamp>) -> Result<(), EngineError> {
        match until {
            Some(until) => {
                let own = self.group_mut(group);
                own.edit_after = own.edit_after.max(Some(until));
                self.work.set_group_value(group, EDIT_BARRED, &until.millis().to_string())?;
            }
            None => {
                let flood = self.work.group_value(group, EDIT_AFTER)?.and_then(|text| text.parse().ok());
                self.group_mut(group).edit_after = flood.map(Timestamp::from_millis);
                self.work.forget_group_value(group, EDIT_BARRED)?;
            }
        }
        self.touch_all();
        Ok(())
    }

    /// Goes on when the right to change topics has come back.
    pub(super) fn rights_seen(&mut self, facts: &GroupFacts) -> Result<(), EngineError> {
        let group = facts.group;
        let had = self.group(group).facts.as_ref().is_some_and(|facts| facts.rights.manage_topics);
        if !had && facts.rights.manage_topics && self.work.group_value(group, EDIT_BARRED)?.is_some() {
            self.bar(group, None)?;
        }
        Ok(())
    }

    /// Tells whether there are icons, and asks for them if not, or if they are old.
    fn pump_icons(&mut self, group: GroupId) -> bool {
        let due = match &self.state.icons {
            Some(set) => set.fetched_at + KEPT,
            None => Timestamp::default(),
        };
        let due = self.state.icons_after.map_or(due, |at| if self.state.icons.is_some() { due.max(at) } else { at });
        if due <= self.now && !self.state.icons_asked {
            self.state.icons_asked = true;
            self.orders.push(Order::Icons { group });
        } else if self.state.icons.is_none() && due > self.now {
            self.wake_outbox(due);
        }
        self.state.icons.is_some()
    }

    /// Takes in the icons, and says which of those that were wished for are not among them.
    pub(super) fn icons_came(&mut self, icons: Vec<TopicIcon>) -> Result<(), EngineError> {
        if icons.is_empty() {
            self.icons_failed(&Failure::Refused { why: "it told none".to_owned() });
            return Ok(());
        }
        self.state.icons_asked = false;
        let set = IconSet { fetched_at: self.now, icons };
        for (status, emoji) in set.missing(&self.rules.mirror_status) {
            tracing::warn!(
                %status,
                emoji,
                "Telegram's topic icons have no such emoji: [telegram.mirror_status.icons] in desk.toml; the icon stays as it is"
            );
        }
        self.keep_icons(set)
    }

    fn keep_icons(&mut self, set: IconSet) -> Result<(), EngineError> {
        self.work.set_value(ICONS, &serde_json::to_string(&set).map_err(StoreError::from)?)?;
        self.state.icons = Some(set);
        self.touch_all();
        Ok(())
    }

    /// Telegram does not take an icon: it is left out, and the set is fetched again, but not for every such icon.
    fn drop_icon(&mut self, id: i64) -> Result<(), EngineError> {
        let Some(mut set) = self.state.icons.clone() else { return Ok(()) };
        tracing::warn!(id, "Telegram does not take a topic icon of its own set");
        set.icons.retain(|icon| icon.id != id);
        set.fetched_at = set.fetched_at.min(self.now + KEPT_LEAST - KEPT);
        self.keep_icons(set)
    }

    /// The icons could not be fetched: they are asked for again later.
    pub(super) fn icons_failed(&mut self, why: &Failure) {
        self.state.icons_asked = false;
        self.state.icons_after = Some(match why {
            Failure::Later { not_before } => *not_before,
            Failure::Link { .. } => self.now + Duration::from_secs(5),
            Failure::Refused { why } | Failure::NoAccess { why } => {
                tracing::warn!(%why, "Telegram does not tell the icons of topics");
                self.now + BARRED
            }
        });
    }
}
