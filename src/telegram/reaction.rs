//! What is done about each of Telegram's errors, in one table (TELEGRAM §5). Everything else in the room asks it.

use grammers_mtsender::RpcError;

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Wait as long as it says, and never less.
    Wait,
    /// Trouble of Telegram's own that passes: the identical call again, later and later.
    Repeat,
    /// It was done before, or is being done: take its result, or make the identical call again.
    Taken,
    /// It is as it should be: a success.
    Done,
    /// The stored count of updates is bad: begin a new one, and look at what lies between.
    CountAnew,
    /// The group cannot be got at: keep everything, look it up again.
    NoAccess(&'static str),
    /// The topic is gone: look at it; the sentence is for whoever wrote.
    TopicGone(&'static str),
    /// A refusal that stands until somebody acts; the sentence says how.
    Park(&'static str),
    /// The login has ended: stop, and ask for another.
    LoggedOut,
    /// Telegram has destroyed the key: write that down, and never use it again.
    Destroyed,
    /// The two-step password is asked for.
    Password,
    /// The settings are wrong: a person must mend them.
    Settings,
    /// Another data centre.
    Migrate,
    /// What leads to a file has grown old: ask for its message again.
    Refetch,
    /// Telegram does not have all parts of a file: bring it up again.
    BringAgain,
    /// It makes no photo of the file: send it as it is.
    AsFile,
    /// A refusal that the table does not know.
    Refuse,
}

use Reaction::{
    AsFile, BringAgain, CountAnew, Destroyed, Done, LoggedOut, Migrate, NoAccess, Park, Password, Refetch, Refuse,
    Repeat, Settings, Taken, TopicGone, Wait,
};

const GONE: &str = "the topic no longer exists in Telegram";
const MUTE: &str = "the desk's account may not write in the group: an admin can allow it";
const OUT: &str = "the desk's account is not in the group any more: an admin must add it";
const QUOTED: &str = "the message it replies to was deleted: send it without the quote";
const NOBODY: &str =
    "this person cannot be written to: they have blocked the account, left Telegram, or never wrote to it";

/// By name; a `*` at the end stands for anything. The first that fits counts.
const TABLE: &[(&str, Reaction)] = &[
    ("FLOOD_WAIT", Wait),
    ("FLOOD_PREMIUM_WAIT", Wait),
    ("SLOWMODE_WAIT", Wait),
    ("FLOOD_SKIP_FAILED_WAIT", Repeat),
    ("WORKER_BUSY_TOO_LONG_RETRY", Repeat),
    ("MSG_WAIT_FAILED", Repeat),
    ("MSG_WAIT_TIMEOUT", Repeat),
    ("PERSISTENT_TIMESTAMP_OUTDATED", Repeat),
    ("HISTORY_GET_FAILED", Repeat),
    ("Timeout", Repeat),
    ("RANDOM_ID_DUPLICATE", Taken),
    ("TOPIC_NOT_MODIFIED", Done),
    ("MESSAGE_NOT_MODIFIED", Done),
    ("PINNED_TOPIC_NOT_MODIFIED", Done),
    ("FILE_REFERENCE_*", Refetch),
    ("FILE_PART*", BringAgain),
    ("FILE_ID_INVALID", BringAgain),
    ("MEDIA_EMPTY", BringAgain),
    ("PHOTO_*", AsFile),
    ("IMAGE_PROCESS_FAILED", AsFile),
    ("PERSISTENT_TIMESTAMP_INVALID", CountAnew),
    ("PERSISTENT_TIMESTAMP_EMPTY", CountAnew),
    ("CHANNEL_PRIVATE", NoAccess(OUT)),
    ("CHANNEL_INVALID", NoAccess(OUT)),
    ("CHANNEL_PUBLIC_GROUP_NA", NoAccess(OUT)),
    ("CHANNEL_BANNED", NoAccess(OUT)),
    ("CHAT_ID_INVALID", NoAccess(OUT)),
    ("FROZEN_PARTICIPANT_MISSING", NoAccess(OUT)),
    ("PEER_ID_INVALID", NoAccess(NOBODY)),
    ("USER_IS_BLOCKED", Park(NOBODY)),
    ("INPUT_USER_DEACTIVATED", Park(NOBODY)),
    ("TOPIC_DELETED", TopicGone(GONE)),
    ("TOPIC_ID_INVALID", TopicGone(GONE)),
    (
        "TOPIC_CLOSED",
        Park("the topic is closed in Telegram: reopen it there, or give the desk's account the right to manage topics"),
    ),
    ("CHANNEL_FORUM_MISSING", Park("topics are turned off in the group")),
    ("CHAT_ADMIN_REQUIRED", Park("only admins may write here: make the desk's account an admin")),
    ("CHAT_WRITE_FORBIDDEN", Park(MUTE)),
    ("CHAT_RESTRICTED", Park(MUTE)),
    ("CHAT_GUEST_SEND_FORBIDDEN", Park(MUTE)),
    ("CHAT_SEND_*", Park(MUTE)),
    ("USER_BANNED_IN_CHANNEL", Park("Telegram limits this account in groups for now: ask @SpamBot")),
    ("PEER_FLOOD", Park("Telegram limits this account for spam: ask @SpamBot before anything else is sent")),
    ("MESSAGE_TOO_LONG", Park("the text is too long for one message (4096 characters): shorten or split it")),
    ("MESSAGE_EMPTY", Park("the text is empty")),
    ("MSG_ID_INVALID", Park(QUOTED)),
    ("MESSAGE_ID_INVALID", Park("the message, or the one it replies to, no longer exists")),
    ("MESSAGE_AUTHOR_REQUIRED", Park("only its author may change a message")),
    ("MESSAGE_EDIT_TIME_EXPIRED", Park("it is too old: Telegram lets users change a message for 48 hours")),
    ("EDIT_MESSAGE_TEMP_RESTRICTED", Park("Telegram does not let this message be changed any more")),
    ("MESSAGE_DELETE_FORBIDDEN", Park("the desk's account may not delete this message")),
    ("REPLY_MESSAGE_ID_INVALID", Park(QUOTED)),
    ("REPLY_TO_INVALID", Park(QUOTED)),
    ("BOT_METHOD_INVALID", Park("bots may not do this")),
    ("FROM_MESSAGE_BOT_DISABLED", Park("bots may not do this")),
    ("CHAT_FORWARDS_RESTRICTED", Park("the group does not allow to forward its messages")),
    ("ALLOW_PAYMENT_REQUIRED*", Park("this group asks for a payment for every message, which the desk never makes")),
    ("SESSION_PASSWORD_NEEDED", Password),
    // Two processes have used one key: every further try with it is one too many.
    ("AUTH_KEY_DUPLICATED", Destroyed),
    ("AUTH_KEY_UNREGISTERED", LoggedOut),
    ("SESSION_REVOKED", LoggedOut),
    ("SESSION_EXPIRED", LoggedOut),
    ("USER_DEACTIVATED*", LoggedOut),
    ("ACCESS_TOKEN_*", Settings),
    ("API_ID_*", Settings),
    ("UPDATE_APP_TO_LOGIN", Settings),
];

/// Tells what is done about an error: by its name, else by its code.
pub(crate) fn reaction(rpc: &RpcError) -> Reaction {
    let fits = |name: &str| match name.strip_suffix('*') {
        Some(start) => rpc.name.starts_with(start),
        None => rpc.name == name,
    };
    if let Some((_, reaction)) = TABLE.iter().find(|(name, _)| fits(name)) {
        return *reaction;
    }
    match rpc.code {
        420 => Wait,
        401 => LoggedOut,
        303 => Migrate,
        code if code.abs() >= 500 => Repeat,
        _ => Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors of TELEGRAM §5 with their codes, and what has to be done.
    #[test]
    fn every_error_has_its_reaction() {
        let kind = |reaction: Reaction| format!("{reaction:?}").split('(').next().unwrap_or_default().to_owned();
        for (codes, names, wanted) in [
            (&[420][..], "FLOOD_WAIT_17 SLOWMODE_WAIT_3 FLOOD_PREMIUM_WAIT_5 SOMETHING_NEW_WAIT_9", "Wait"),
            (&[420, 500], "FLOOD_SKIP_FAILED_WAIT WORKER_BUSY_TOO_LONG_RETRY MSG_WAIT_FAILED", "Repeat"),
            (&[500, -503], "Timeout PERSISTENT_TIMESTAMP_OUTDATED HISTORY_GET_FAILED ANYTHING_ELSE", "Repeat"),
            (&[400, 500], "RANDOM_ID_DUPLICATE", "Taken"),
            (&[400], "TOPIC_NOT_MODIFIED MESSAGE_NOT_MODIFIED PINNED_TOPIC_NOT_MODIFIED", "Done"),
            (&[400], "PERSISTENT_TIMESTAMP_INVALID PERSISTENT_TIMESTAMP_EMPTY", "CountAnew"),
            (&[400, 403, 406], "CHANNEL_PRIVATE CHANNEL_INVALID CHANNEL_PUBLIC_GROUP_NA", "NoAccess"),
            (&[400], "FROZEN_PARTICIPANT_MISSING PEER_ID_INVALID", "NoAccess"),
            (&[400, 403], "USER_IS_BLOCKED INPUT_USER_DEACTIVATED", "Park"),
            (&[400, 406], "TOPIC_DELETED TOPIC_ID_INVALID", "TopicGone"),
            (&[400, 406], "TOPIC_CLOSED CHANNEL_FORUM_MISSING", "Park"),
            (&[400, 403], "CHAT_ADMIN_REQUIRED CHAT_WRITE_FORBIDDEN CHAT_RESTRICTED USER_BANNED_IN_CHANNEL", "Park"),
            (&[403], "CHAT_SEND_PLAIN_FORBIDDEN CHAT_SEND_PHOTOS_FORBIDDEN ALLOW_PAYMENT_REQUIRED_50", "Park"),
            (&[400], "MSG_ID_INVALID REPLY_MESSAGE_ID_INVALID BOT_METHOD_INVALID FROM_MESSAGE_BOT_DISABLED", "Park"),
            (&[400], "PEER_FLOOD MESSAGE_TOO_LONG", "Park"),
            (&[401], "AUTH_KEY_UNREGISTERED SESSION_REVOKED SESSION_EXPIRED USER_DEACTIVATED_BAN", "LoggedOut"),
            (&[406], "AUTH_KEY_DUPLICATED", "Destroyed"),
            (&[401], "SESSION_PASSWORD_NEEDED", "Password"),
            (&[400], "ACCESS_TOKEN_EXPIRED ACCESS_TOKEN_INVALID API_ID_INVALID API_ID_PUBLISHED_FLOOD", "Settings"),
            (&[406], "UPDATE_APP_TO_LOGIN", "Settings"),
            (&[303], "USER_MIGRATE_4 FILE_MIGRATE_4", "Migrate"),
            (&[400], "FILE_REFERENCE_EXPIRED FILE_REFERENCE_0_EXPIRED FILE_REFERENCE_INVALID", "Refetch"),
            (&[400], "FILE_PARTS_INVALID FILE_PART_3_MISSING MEDIA_EMPTY", "BringAgain"),
            (&[400], "PHOTO_INVALID_DIMENSIONS PHOTO_EXT_INVALID IMAGE_PROCESS_FAILED", "AsFile"),
            (&[400], "SOMETHING_NEW", "Refuse"),
        ] {
            for (code, name) in codes.iter().flat_map(|code| names.split(' ').map(move |name| (*code, name))) {
                let raw = grammers_tl_types::types::RpcError { error_code: code, error_message: name.to_owned() };
                let rpc = RpcError::from(raw);
                assert_eq!(kind(reaction(&rpc)), wanted, "{code} {name} read as {rpc:?}");
            }
        }
    }

    #[test]
    fn no_line_of_the_table_hides_another() {
        for (at, (name, reaction_of)) in TABLE.iter().enumerate() {
            let plain = name.trim_end_matches('*');
            let rpc = RpcError { code: 400, name: plain.to_owned(), value: None, caused_by: None };
            assert_eq!(reaction(&rpc), *reaction_of, "line {at}: {name}");
        }
    }
}
