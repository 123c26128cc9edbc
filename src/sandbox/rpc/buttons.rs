//! Inline buttons on the wire: reading and showing markup, `messages.setBotCallbackAnswer`, `getBotCallbackAnswer`.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Button, Refusal};

use super::{Call, Reply};

/// Reads the buttons of a markup; what is no button that tells the bot something is not served.
pub(super) fn read(call: &Call<'_>, markup: Option<enums::ReplyMarkup>) -> Result<Vec<Button>, Refusal> {
    // A user's markup is no error, and comes to nothing.
    let Some(enums::ReplyMarkup::ReplyInlineMarkup(markup)) = markup.filter(|_| call.is_bot) else {
        return Ok(Vec::new());
    };
    let mut buttons = Vec::new();
    for row in markup.rows {
        let enums::KeyboardInlineButtonRow::Row(row) = row;
        for button in row.buttons {
            let enums::KeyboardInlineButton::Button(button) = button;
            let enums::InlineButtonType::Callback(told) = button.r#type else {
                return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
            };
            buttons.push(Button { label: button.text, data: told.data });
        }
    }
    crate::sandbox::world::check_buttons(&buttons)?;
    Ok(buttons)
}

/// Shows buttons, all in one row.
pub(super) fn show(buttons: &[Button]) -> Option<enums::ReplyMarkup> {
    if buttons.is_empty() {
        return None;
    }
    let button = |button: &Button| {
        let told = types::InlineButtonTypeCallback { requires_password: false, data: button.data.clone() };
        types::KeyboardInlineButton { text: button.label.clone(), r#type: told.into(), style: None }.into()
    };
    let row = types::KeyboardInlineButtonRow { buttons: buttons.iter().map(button).collect() };
    Some(types::ReplyInlineMarkup { force_reply: false, rows: vec![row.into()] }.into())
}

/// Answers `messages.setBotCallbackAnswer`.
pub(super) fn answer(call: &mut Call<'_>, request: functions::messages::SetBotCallbackAnswer) -> Reply {
    if !call.is_bot {
        return Err(Refusal::bad("USER_BOT_REQUIRED"));
    }
    call.inner.world.answer_press(call.account, request.query_id, &request.message.unwrap_or_default())?;
    Ok(true.to_bytes())
}

/// Answers `messages.getBotCallbackAnswer`: the press is told to the bot, and nobody waits for what it says, as when a bot is slow.
pub(super) fn press(call: &mut Call<'_>, request: functions::messages::GetBotCallbackAnswer) -> Reply {
    let group = call.own_group(&request.peer)?;
    let data = request.data.ok_or_else(|| Refusal::bad("DATA_INVALID"))?;
    call.inner.world.press(group, call.account, request.msg_id, &data)?;
    call.inner.publish(Some(call.link));
    Err(Refusal::new(502, "BOT_RESPONSE_TIMEOUT"))
}
