//! Service messages -> what happened to the topic, or words.

use grammers_tl_types as tl;
use tl::enums::MessageAction as Action;

use super::people::People;
use super::safe;
use crate::desk::ids::PersonId;
use crate::desk::thread::ServiceMessage;

/// Converts what a service message says; `author` did it.
pub(crate) fn service_message(action: &Action, author: PersonId, people: &People) -> ServiceMessage {
    let text = safe::line(&words(action, author, people), 300);
    match action {
        Action::TopicCreate(create) => {
            ServiceMessage::TopicCreated { title: safe::name(&create.title), icon: create.icon_emoji_id }
        }
        Action::TopicEdit(edit) => ServiceMessage::TopicEdited {
            title: edit.title.as_deref().map(safe::name),
            icon: edit.icon_emoji_id,
            closed: edit.closed,
            hidden: edit.hidden,
        },
        Action::ChatAddUser(add) => {
            ServiceMessage::Joined { people: add.users.iter().map(|user| PersonId(*user)).collect(), text }
        }
        Action::ChatJoinedByLink(_) | Action::ChatJoinedByRequest | Action::ChatJoinedViaCommunity(_) => {
            ServiceMessage::Joined { people: vec![author], text }
        }
        Action::ChatDeleteUser(gone) => ServiceMessage::Left { person: PersonId(gone.user_id), text },
        _ => ServiceMessage::Other { text },
    }
}

fn listed(users: &[i64], people: &People) -> String {
    let mut names: Vec<&str> = users.iter().take(5).map(|&user| people.name(PersonId(user))).collect();
    if users.len() > names.len() {
        names.push("others");
    }
    names.join(", ")
}

fn words(action: &Action, author: PersonId, people: &People) -> String {
    let who = people.name(author);
    match action {
        Action::ChatAddUser(add) if add.users == [author.0] => format!("{who} joined the group"),
        Action::ChatAddUser(add) => format!("{who} added {}", listed(&add.users, people)),
        Action::ChatDeleteUser(gone) if gone.user_id == author.0 => format!("{who} left the group"),
        Action::ChatDeleteUser(gone) => format!("{who} removed {}", people.name(PersonId(gone.user_id))),
        Action::ChatJoinedByLink(_) => format!("{who} joined the group by an invite link"),
        Action::ChatJoinedByRequest => format!("{who} was let into the group"),
        Action::ChatJoinedViaCommunity(_) => format!("{who} joined the group from a community"),
        Action::ChatCreate(create) => format!("{who} created the group \"{}\"", create.title),
        Action::ChannelCreate(create) => format!("the group \"{}\" was created", create.title),
        Action::ChatEditTitle(edit) => format!("{who} renamed the group to \"{}\"", edit.title),
        Action::ChatEditPhoto(_) => format!("{who} changed the group's photo"),
        Action::ChatDeletePhoto => format!("{who} removed the group's photo"),
        Action::ChatMigrateTo(to) => format!(
            "the group became a supergroup: what comes is there, id -100{0}; write group = -100{0} into desk.toml",
            to.channel_id
        ),
        Action::ChannelMigrateFrom(from) => {
            format!("the group \"{}\" became this supergroup; what was before stays in the old group", from.title)
        }
        Action::PinMessage => format!("{who} pinned a message"),
        Action::HistoryClear => "the history was cleared".to_owned(),
        Action::ScreenshotTaken => format!("{who} took a screenshot"),
        Action::CustomAction(custom) => custom.message.clone(),
        Action::BotAllowed(_) => format!("{who} allowed this bot to write"),
        Action::ContactSignUp => format!("{who} joined Telegram"),
        Action::GroupCall(call) if call.duration.is_some() => "the video chat ended".to_owned(),
        Action::GroupCall(_) => format!("{who} started a video chat"),
        Action::GroupCallScheduled(_) => format!("{who} scheduled a video chat"),
        Action::InviteToGroupCall(invite) => {
            format!("{who} invited {} to the video chat", listed(&invite.users, people))
        }
        Action::SetMessagesTtl(ttl) if ttl.period == 0 => format!("{who} turned off auto-delete"),
        Action::SetMessagesTtl(ttl) => format!("{who} set messages to be deleted after {}", span(ttl.period)),
        Action::SetChatTheme(_) => format!("{who} changed the theme"),
        Action::SetChatWallPaper(_) => format!("{who} changed the wallpaper"),
        Action::BoostApply(boost) if boost.boosts == 1 => format!("{who} boosted the group"),
        Action::BoostApply(boost) => format!("{who} boosted the group {} times", boost.boosts),
        Action::GameScore(game) => format!("{who} scored {}", game.score),
        Action::GiveawayLaunch(_) => format!("{who} started a giveaway"),
        Action::GiveawayResults(_) => "a giveaway ended".to_owned(),
        Action::TodoCompletions(done) => {
            format!("{who} ticked {} and unticked {} tasks", done.completed.len(), done.incompleted.len())
        }
        Action::TodoAppendTasks(more) => format!("{who} added {} tasks to a checklist", more.list.len()),
        Action::PollAppendAnswer(_) => format!("{who} added an answer to a poll"),
        Action::PollDeleteAnswer(_) => format!("{who} took an answer out of a poll"),
        Action::GeoProximityReached(near) => format!(
            "{} is {} m from {}",
            people.name(super::people::peer(&near.from_id)),
            near.distance,
            people.name(super::people::peer(&near.to_id))
        ),
        Action::PaymentSent(paid) => format!("{who} paid an invoice ({})", paid.currency),
        Action::PaymentRefunded(_) => "a payment was refunded".to_owned(),
        Action::PaidMessagesPrice(price) if price.stars == 0 => "messages cost nothing any more".to_owned(),
        Action::PaidMessagesPrice(price) => format!("a message costs {} stars now", price.stars),
        Action::PaidMessagesRefunded(refund) => format!("{} paid messages were refunded", refund.count),
        Action::GiftCode(_) | Action::GiftPremium(_) | Action::GiftStars(_) | Action::PrizeStars(_) => {
            format!("{who} gave a gift")
        }
        Action::StarGift(_) | Action::StarGiftUnique(_) => format!("{who} gave a gift"),
        Action::NewCreatorPending(change) => {
            format!("{} is to own the group", people.name(PersonId(change.new_creator_id)))
        }
        Action::ChangeCommunity(_) => format!("{who} changed the community of the group"),
        Action::ChangeCreator(change) => format!("{} owns the group now", people.name(PersonId(change.new_creator_id))),
        Action::NoForwardsToggle(_) => format!("{who} changed who may forward messages"),
        other => plain_name(other),
    }
}

/// Writes seconds in the largest unit that fits.
fn span(seconds: i32) -> String {
    for (unit, one, many) in [(86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes")] {
        if seconds >= unit && seconds % unit == 0 {
            let count = seconds / unit;
            return format!("{count} {}", if count == 1 { one } else { many });
        }
    }
    format!("{seconds} seconds")
}

/// Names an action this version has no words for, by Telegram's own name.
fn plain_name(action: &Action) -> String {
    let debug = format!("{action:?}");
    let name: String = debug.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let mut words = String::from("service message:");
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}
