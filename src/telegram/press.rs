//! Buttons under a bot's messages: how they are sent, answering a press, and taking them off.

use std::time::Duration;

use grammers_tl_types as tl;

use super::send::{PATIENCE, TRIES, judge_error};
use super::station::Shared;
use crate::desk::ids::{GroupId, MessageId};
use crate::engine::transport::{Button, Outcome};

/// A press is answered at once or not at all: after a while Telegram calls it too old.
const SOON: Duration = Duration::from_secs(5);

/// Writes buttons, all in one row; no buttons are no markup.
pub(super) fn markup(buttons: &[Button]) -> Option<tl::enums::ReplyMarkup> {
    if buttons.is_empty() {
        return None;
    }
    let button = |button: &Button| {
        let told = tl::types::InlineButtonTypeCallback { requires_password: false, data: button.data.clone() };
        tl::types::KeyboardInlineButton { text: button.label.clone(), r#type: told.into(), style: None }.into()
    };
    let row = tl::types::KeyboardInlineButtonRow { buttons: buttons.iter().map(button).collect() };
    Some(tl::types::ReplyInlineMarkup { force_reply: false, rows: vec![row.into()] }.into())
}

/// Answers a press, so that the button stops waiting. Nobody waits for it, and nothing is done when it fails.
pub(super) async fn answer(shared: &Shared, query: i64, text: &str) {
    let Ok(online) = shared.online(0, SOON).await else { return };
    let request = tl::functions::messages::SetBotCallbackAnswer {
        alert: false,
        query_id: query,
        message: (!text.is_empty()).then(|| text.to_owned()),
        url: None,
        cache_time: 0,
    };
    if let Err(error) = online.wire.call(&request).await {
        tracing::debug!(why = error.words(), "a press was not answered");
    }
}

/// Takes the buttons off a message, and tells how that ended. Doing it twice is doing it once.
pub(super) async fn unbutton(shared: &Shared, group: GroupId, message: MessageId) -> Outcome {
    let mut after = 0;
    let mut why = String::new();
    for attempt in 1..=TRIES {
        let online = match shared.online(after, PATIENCE).await {
            Ok(online) => online,
            Err(no_link) => return Outcome::Unknown { why: if attempt == 1 { no_link } else { why } },
        };
        let found = match online.group(group) {
            Ok(found) => found,
            Err(why) => return Outcome::Unknown { why },
        };
        // Neither text nor markup: the text stays, the markup goes.
        let request = tl::functions::messages::EditMessage {
            no_webpage: false,
            invert_media: false,
            peer: found.peer(),
            id: message.0,
            message: None,
            media: None,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        let now = shared.setup.clock.now();
        match online.wire.call(&request).await {
            Ok(_) => return Outcome::Sent { message, at: now },
            Err(error) if error.is("MESSAGE_NOT_MODIFIED") => return Outcome::Sent { message, at: now },
            Err(error) if error.is_link() => {
                why = error.words();
                after = online.life;
            }
            Err(error) => return judge_error(shared, &error),
        }
    }
    Outcome::Unknown { why }
}
