//! Templates, the guard and one reply to many, on the screen: keys in, commands and text out.

use topicdesk::desk::along::{Actions, Along, TemplateUse, Then};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::guard::Guard;
use topicdesk::desk::ids::EventId;
use topicdesk::desk::template::offer::Usage;
use topicdesk::desk::template::{Origin, Template};
use topicdesk::desk::ticket::PendingReason;
use topicdesk::engine::views::{Side, ViewRequest};

use crate::screens_desk::{Desk, entry, key, open, open_with, shop, templates};

const NARROW: (u16, u16) = (80, 24);

fn snapshot(name: &str, size: (u16, u16), desk: &mut Desk) {
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), desk.text());
}

/// Templates of which one is stale, one brings actions, one is an agent's own.
fn marked() -> Vec<Template> {
    let mut all = templates();
    all[0].review_by = "2026-11-01".parse().ok();
    all[0].origin = Origin::Desk;
    all[1].tags = vec!["login".to_owned(), "session".to_owned()];
    all[1].origin = Origin::Personal;
    all[1].actions = Actions {
        then: Some(Then::Pending(PendingReason::Customer)),
        add_tags: vec!["login".parse().expect("a tag")],
        priority: None,
    };
    all.push(Template {
        name: "Скидання пароля".to_owned(),
        text: "Натисніть «Забули пароль».".to_owned(),
        language: Some("uk".to_owned()),
        ..Template::default()
    });
    all
}

async fn desk(size: (u16, u16)) -> Desk {
    let desk = open_with(shop(), size, |setup| {
        setup.templates = marked();
        setup.after_pending = "stay".to_owned();
    })
    .await;
    desk.change(|state| {
        let usage = |name: &str, used, unedited, reopened| Usage {
            name: name.to_owned(),
            language: Some("en".to_owned()),
            used,
            unedited,
            reopened,
            last_at: None,
        };
        state.uses = vec![usage("Password reset", 12, 10, 1), usage("Greeting", 3, 3, 0)];
    });
    desk
}

fn replies(desk: &mut Desk) -> Vec<(i32, String, Along)> {
    desk.commands()
        .into_iter()
        .filter_map(|command| match command {
            Command::Reply { ticket, text, along, .. } => Some((ticket.topic.0, text, along)),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_picker_offers_marks_and_shows_what_use_has_shown() {
    for size in [NARROW, (120, 40), (160, 50)] {
        let mut desk = desk(size).await;
        desk.keys("Enter t").await;
        snapshot("templates_picker", size, &mut desk);
        desk.keys("Down").await;
        snapshot("templates_picker_stale", size, &mut desk);
    }
}

#[tokio::test]
async fn what_may_answer_is_suggested_in_the_picker_and_beside_the_thread() {
    let mut tickets = shop();
    let asked = "I forgot my password and the login says session expired";
    tickets[0].thread.push(entry(9010, "Olena Kovalenko", Side::Customer, 1, asked));
    let mut desk = open_with(tickets, (160, 50), |setup| setup.templates = marked()).await;
    desk.keys("Enter").await;
    desk.sees("SUGGESTED TEMPLATES");
    desk.sees("1 ;pw Password reset");
    desk.keys("t").await;
    let text = desk.text();
    let line = text.lines().find(|line| line.contains("1 ;pw")).expect("it is the first");
    assert!(line.contains("suggested"), "{text}");
    // Once it is answered there is nothing to suggest.
    desk.keys("1 Enter").await;
    desk.changed(1042).await;
    desk.misses("SUGGESTED TEMPLATES");
}

#[tokio::test]
async fn what_follows_is_shown_sent_and_can_be_left_out() {
    let mut desk = desk(NARROW).await;
    desk.keys("Enter t").await;
    desk.types("pw").await;
    desk.elapse(600).await;
    snapshot("templates_follow", NARROW, &mut desk);
    desk.keys("Enter").await;
    let sent = replies(&mut desk);
    let template = TemplateUse { name: "Password reset".to_owned(), language: Some("en".to_owned()), edited: false };
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0].2.template, &sent[0].2.actions), (&Some(template), &marked()[1].actions));
    assert!(desk.text().contains("then: pending customer, +login"), "{}", desk.text());

    let mut desk = desk_with_pw().await;
    desk.types(" Bye!").await;
    desk.keys("C-x C-a").await;
    assert!(desk.text().contains("does not follow any more"), "{}", desk.text());
    desk.keys("Enter").await;
    let sent = replies(&mut desk);
    assert!(sent[0].2.actions.is_empty() && sent[0].2.template.as_ref().is_some_and(|used| used.edited), "{sent:?}");
}

async fn desk_with_pw() -> Desk {
    let mut desk = desk(NARROW).await;
    desk.keys("Enter t").await;
    desk.types("pw").await;
    desk
}

#[tokio::test]
async fn what_came_along_stays_with_the_draft_and_goes_with_its_text() {
    let mut desk = desk_with_pw().await;
    desk.keys("Esc r").await;
    assert!(desk.text().contains("then: pending customer"), "it is the same draft: {}", desk.text());
    desk.keys("C-u C-h C-u").await;
    assert!(!desk.text().contains("then: pending customer"), "{}", desk.text());
    desk.types("just this").await;
    desk.keys("Enter").await;
    assert_eq!(replies(&mut desk)[0].2, Along::default());
    // Fields that are filled in are no edit.
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter t").await;
    desk.types("refund").await;
    desk.types("77").await;
    desk.keys("Tab").await;
    desk.types("3").await;
    desk.keys("Enter").await;
    let sent = replies(&mut desk);
    assert!(sent[0].2.template.as_ref().is_some_and(|used| !used.edited), "{sent:?}");
}

#[tokio::test]
async fn a_reply_that_comes_back_brings_its_actions_back() {
    for taken_back in [true, false] {
        let mut desk = desk_with_pw().await;
        if !taken_back {
            desk.change(|state| state.refusals = vec![Refusal::Overtaken(key(1042))]);
        }
        desk.keys("Enter").await;
        if taken_back {
            desk.keys("u").await;
        }
        let text = desk.text();
        assert!(text.contains("then: pending customer, +login") && text.contains("Forgot password"), "{text}");
        desk.commands();
        desk.keys("Enter").await;
        assert_eq!(replies(&mut desk)[0].2.actions, marked()[1].actions);
    }
}

#[tokio::test]
async fn the_guard_asks_and_enter_goes_back() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter r").await;
    desk.types("Your card 4111 1111 1111 1111 was charged").await;
    desk.elapse(600).await;
    desk.keys("Enter").await;
    snapshot("guard", NARROW, &mut desk);
    desk.keys("Enter").await;
    assert!(replies(&mut desk).is_empty());
    assert!(desk.text().contains("was charged"), "the text is still there: {}", desk.text());
    // Keys that are typed ahead answer nothing by accident.
    desk.keys("Enter x Esc").await;
    assert!(desk.commands().iter().all(|command| !matches!(command, Command::Reply { .. } | Command::Resolve { .. })));
    desk.keys("Enter s").await;
    let sent = replies(&mut desk);
    assert!(sent.len() == 1 && sent[0].2.confirmed, "{sent:?}");
}

#[tokio::test]
async fn what_only_the_engine_finds_is_asked_about_too() {
    let mut desk =
        open_with(shop(), NARROW, |setup| setup.guard = Guard { card_numbers: false, ..Guard::default() }).await;
    desk.keys("Enter r").await;
    desk.types("4111 1111 1111 1111").await;
    let found = Guard::default().check("4111 1111 1111 1111");
    desk.change(|state| state.refusals = vec![Refusal::Guarded(found)]);
    desk.keys("Enter").await;
    assert!(desk.text().contains("a card number (4111 … 1111)"), "{}", desk.text());
    desk.commands();
    desk.keys("s").await;
    assert!(replies(&mut desk)[0].2.confirmed);
}

#[tokio::test]
async fn a_template_goes_to_all_marked_after_one_question() {
    for size in [NARROW, (160, 50)] {
        let mut desk = desk(size).await;
        desk.keys("8 Space Space Space Space j Space t").await;
        assert!(desk.text().contains("Template for 5 tickets"), "{}", desk.text());
        desk.keys("Down Down").await;
        desk.change(|state| state.gone = vec![key(1041)]);
        desk.types("hi").await;
        snapshot("bulk_reply", size, &mut desk);
        desk.commands();
        desk.keys("Enter").await;
        let sent = replies(&mut desk);
        let to: Vec<i32> = sent.iter().map(|(topic, _, _)| *topic).collect();
        assert_eq!(to, [1042, 1037, 1036, 998]);
        assert!(sent.iter().all(|(_, _, along)| along.template.as_ref().is_some_and(|used| used.name == "Greeting")));
        assert!(sent[0].1.starts_with("Hi Olena, thanks for writing."), "{}", sent[0].1);
        assert!(sent[1].1.starts_with("Hi Jonas"), "{}", sent[1].1);
        assert!(desk.text().contains("all on their way"), "{}", desk.text());
    }
}

#[tokio::test]
async fn a_line_goes_to_all_marked_and_what_was_refused_is_told_once() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 Space Space r").await;
    desk.types("Fixed, {{customer.first_name}}").await;
    desk.keys("Enter").await;
    assert!(desk.text().contains("Reply to 2 tickets?"), "{}", desk.text());
    desk.change(|state| state.refusals = vec![Refusal::TopicGone(key(1042))]);
    desk.keys("y").await;
    let text = desk.text();
    assert!(text.contains("1 on their way, 1 refused: the topic of #1042 was deleted"), "{text}");
    // Nothing typed is nothing said; Esc is no.
    desk.commands();
    desk.keys("Space Space r Enter").await;
    desk.keys("Esc : b u l k - r e p l y Space h i Enter Esc").await;
    assert!(replies(&mut desk).is_empty());
}

#[tokio::test]
async fn bulk_actions_tell_how_many_were_done_and_refused() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 Space Space Space x").await;
    desk.change(|state| {
        state.refusals = vec![Refusal::NoTicket(key(1)), Refusal::NoTicket(key(2))];
    });
    desk.keys("y").await;
    let text = desk.text();
    assert!(text.contains("1 resolved, 2 refused: there is no ticket #1, and others"), "{text}");
}

#[tokio::test]
async fn a_ticket_and_its_duplicates_are_told_together() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter : r e p l y - l i n k e d Space d o n e Enter").await;
    let reads = desk.reads();
    let wanted = ViewRequest::Targets { tickets: Vec::new(), duplicates_of: Some(key(1042)) };
    assert!(reads.contains(&wanted), "{reads:?}");
    desk.keys("y").await;
    assert_eq!(replies(&mut desk)[0].2.duplicate_of, Some(key(1042)));
}

#[tokio::test]
async fn once_the_reply_has_left_undo_takes_the_move_back_alone() {
    let mut desk = desk_with_pw().await;
    desk.change(|state| state.reply_moves = Some(EventId(77)));
    desk.keys("Enter").await;
    desk.change(|state| state.deliver_all());
    desk.changed(1042).await;
    desk.commands();
    desk.keys("u u").await;
    let expected = Command::Undo { ticket: key(1042), event: EventId(77) };
    assert!(desk.commands().contains(&expected));
}
