//! The rules of TERMINAL §6, a test each: keys in, commands and words out.

use std::time::Duration;

use topicdesk::desk::along::{Along, TemplateUse};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, ChangeId, EventId, MessageId, OutboxId, ScreenId};
use topicdesk::desk::tags::Priority;
use topicdesk::desk::thread::{Delivery, Doubt};
use topicdesk::desk::ticket::{Pending, PendingReason, Status};
use topicdesk::engine::views::{Alert, ChangeView, Revision, Side, ViewRequest, Window};
use topicdesk::tui::{actions, check_keys};

use crate::screens_desk::{Desk, entry, key, minutes_ago, noon, open, open_with, shop, ticket};

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (160, 50);

pub(crate) fn reply(number: i32, text: &str) -> Command {
    Command::Reply {
        ticket: key(number),
        text: text.to_owned(),
        reply_to: None,
        hold: true,
        seen: Some(newest(number)),
        file: None,
        along: Along::default(),
    }
}

/// The same, made of a template.
fn made_of(number: i32, name: &str, text: &str) -> Command {
    let Command::Reply { ticket, text, reply_to, hold, seen, file, .. } = reply(number, text) else { unreachable!() };
    let template = TemplateUse { name: name.to_owned(), language: Some("en".to_owned()), edited: false };
    let along = Along { template: Some(template), ..Along::default() };
    Command::Reply { ticket, text, reply_to, hold, seen, file, along }
}

/// The last message of a ticket of the shop, all of which is on the screen.
fn newest(number: i32) -> MessageId {
    let shop = shop();
    let thread = &shop.iter().find(|page| page.ticket.row.key() == key(number)).expect("a ticket").thread;
    thread.iter().filter_map(|entry| entry.message_id).max().expect("has messages")
}

fn claim(number: i32) -> Command {
    Command::Claim { ticket: key(number) }
}

fn tags(add: &[&str], remove: &[&str]) -> Command {
    let tags = |words: &[&str]| words.iter().map(|word| word.parse().expect("a tag")).collect();
    Command::Tag { ticket: key(1042), add: tags(add), remove: tags(remove) }
}

#[tokio::test]
async fn keys_of_queue_and_thread_give_these_commands() {
    let until_two_hours = noon() + Duration::from_secs(2 * 3600);
    let pending = |reason, until| Pending { reason, until };
    for (keys, expected) in [
        ("c", vec![claim(1042)]),
        ("C", vec![Command::Release { ticket: key(1042) }]),
        ("x", vec![Command::Resolve { ticket: key(1042) }]),
        ("O", vec![Command::Reopen { ticket: key(1042) }]),
        (".", vec![Command::NoReplyNeeded { ticket: key(1042) }]),
        ("p Enter", vec![Command::SetPending { ticket: key(1042), pending: pending(PendingReason::ThirdParty, None) }]),
        ("z Esc", vec![]),
        ("a m i a Enter", vec![Command::Assign { ticket: key(1042), to: AgentName::from("mia"), note: None }]),
        (
            "a m i a Tab h i Enter",
            vec![Command::Assign { ticket: key(1042), to: AgentName::from("mia"), note: Some("hi".to_owned()) }],
        ),
        (": t a k e o v e r Enter", vec![Command::TakeOver { ticket: key(1042) }]),
        (": c l o s e Space s p a m Enter", vec![Command::Close { ticket: key(1042), reason: "spam".to_owned() }]),
        (": d u p l i c a t e Space # 1 0 4 1 Enter", vec![Command::Duplicate { ticket: key(1042), of: key(1041) }]),
        (": i g n o r e Enter y", vec![Command::Ignore { ticket: key(1042), ignored: true }]),
        ("P h Enter", vec![Command::SetPriority { ticket: key(1042), priority: Priority::High }]),
        ("P Esc", vec![]),
        ("P n o n e Enter", vec![]),
        ("T + v i p Space - s p a m Enter", vec![tags(&["vip"], &["spam"])]),
        ("T Enter", vec![]),
        (
            ": p r i o r i t y Space u r g e n t Enter",
            vec![Command::SetPriority { ticket: key(1042), priority: Priority::Urgent }],
        ),
        (": t a g s Space v i p Enter", vec![tags(&["vip"], &[])]),
        (": s n o o z e Space o f f Enter", vec![Command::Snooze { ticket: key(1042), until: None }]),
    ] {
        let mut desk = open(shop(), NARROW).await;
        desk.keys(keys).await;
        assert_eq!(desk.commands(), expected, "{keys} in the queue");
        let mut desk = open_with(shop(), NARROW, |setup| {
            setup.after_resolve = "stay".to_owned();
            setup.after_pending = "stay".to_owned();
        })
        .await;
        desk.keys("Enter").await;
        desk.keys(keys).await;
        assert_eq!(desk.commands(), expected, "{keys} in the thread");
    }
    for (preset, until) in [
        ("1", Some(until_two_hours)),
        ("2", Some(at("2026-11-23T09:00:00Z"))),
        ("3", Some(at("2026-11-23T09:00:00Z"))),
        ("f r i Enter", Some(at("2026-11-27T09:00:00Z"))),
        ("Space 1 6 : 3 0 Enter", Some(at("2026-11-22T16:30:00Z"))),
    ] {
        let mut desk = open(shop(), NARROW).await;
        desk.keys(&format!("z {preset}")).await;
        let [Command::Snooze { ticket, until: given }] = &desk.commands()[..] else { panic!("{preset}: no snooze") };
        assert_eq!(*ticket, key(1042));
        let (given, until) = (given.expect("an instant"), until.expect("an instant"));
        assert!(given.since(until) < Duration::from_secs(5), "{preset}: {given} for {until}");
    }
}

fn at(text: &str) -> topicdesk::clock::Timestamp {
    topicdesk::clock::Timestamp::parse_rfc3339(text).expect("a date")
}

#[tokio::test]
async fn esc_is_also_the_alt_prefix_and_never_sends_or_resolves() {
    let mut desk = open(shop(), NARROW).await;
    for bytes in [&b"\x1bx"[..], b"\x1bc", b"\x1bp", b"\x1b[x", b"\x1b\r"] {
        desk.screen.bytes(bytes);
        desk.screen.settle().await;
    }
    assert_eq!(desk.commands(), [], "nothing in the queue");
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.commands();
    desk.types("half a thought").await;
    for bytes in [&b"\x1bx"[..], b"\x1b\r", b"\x1b\x07"] {
        desk.screen.bytes(bytes);
        desk.screen.settle().await;
    }
    assert_eq!(desk.commands(), [], "nothing was sent, nothing resolved");
    desk.sees("half a thought");
    desk.sees("PUBLIC");
}

#[tokio::test]
async fn keyboards_are_not_latin() {
    for (layout, c, x) in [("Russian", "с", "ч"), ("Greek", "ψ", "χ"), ("Hebrew", "ב", "ס")] {
        let mut desk = open(shop(), NARROW).await;
        desk.keys(c).await;
        desk.keys(x).await;
        assert_eq!(desk.commands(), [claim(1042), Command::Resolve { ticket: key(1042) }], "{layout}");
    }
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("привет с ч").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [claim(1042), reply(1042, "привет с ч")], "text is never touched");
}

#[tokio::test]
async fn after_resolve_and_pending_the_next_ticket_that_needs_me_opens() {
    for (keys, policy, sees) in [
        ("x", "next", "#1036 ANON 5521"),
        ("p Enter", "next", "#1036 ANON 5521"),
        ("x", "stay", "#1042 Olena"),
        ("x", "queue", "TICKET   WAIT"),
    ] {
        let mut desk = open_with(shop(), NARROW, |setup| {
            setup.after_resolve = policy.to_owned();
            setup.after_pending = policy.to_owned();
        })
        .await;
        desk.keys("Enter").await;
        desk.keys(keys).await;
        desk.sees(sees);
    }
    // In the queue the selection goes on by itself: nothing opens.
    let mut desk = open(shop(), NARROW).await;
    desk.keys("x").await;
    desk.changed(1042).await;
    desk.sees("TICKET   WAIT");
    desk.misses("#1042  ");
}

#[tokio::test]
async fn keystrokes_to_beat() {
    // Next waiting: 1.
    let mut desk = open(shop(), NARROW).await;
    desk.keys("w").await;
    desk.sees("#1036 ANON 5521");
    // Template and send: `t pw Enter` is 4; a code that is the only one to begin so inserts at once.
    let mut desk = open(shop(), NARROW).await;
    desk.keys("t p w").await;
    desk.sees("Forgot password");
    desk.keys("Enter").await;
    let text = "Hi Olena,\nplease choose *Forgot password* and tell me when it worked.";
    assert_eq!(desk.commands(), [claim(1042), made_of(1042, "Password reset", text)]);
    // With a bound key: 2.
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter F5 Enter").await;
    assert_eq!(
        desk.commands(),
        [claim(1042), made_of(1042, "Greeting", "Hi Olena, thanks for writing. Ann Lee here.")]
    );
    // Send and pending: Enter p Enter. Send and resolve: Enter x.
    for (keys, last) in [
        (
            "Enter p Enter",
            Command::SetPending {
                ticket: key(1042),
                pending: Pending { reason: PendingReason::Customer, until: None },
            },
        ),
        ("Enter x", Command::Resolve { ticket: key(1042) }),
    ] {
        let mut desk = open(shop(), NARROW).await;
        desk.keys("r").await;
        desk.types("done").await;
        desk.screen.keys("Enter");
        desk.screen.settle().await;
        desk.changed(1042).await;
        desk.keys(keys.trim_start_matches("Enter ")).await;
        assert_eq!(desk.commands(), [claim(1042), reply(1042, "done"), last]);
    }
}

#[tokio::test]
async fn replying_to_anothers_ticket_asks_once() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 j j r").await;
    desk.sees("#1037 is mia's");
    desk.keys("s").await;
    desk.sees("REPLY to Jonas Berg · PUBLIC");
    desk.types("hello").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [reply(1037, "hello")], "asked once, not twice");
    desk.keys("r").await;
    desk.sees("REPLY to Jonas Berg · PUBLIC");

    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 j j r n").await;
    desk.sees("INTERNAL NOTE");
    desk.types("for mia").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [Command::Note { ticket: key(1037), text: "for mia".to_owned() }]);

    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 j j r t").await;
    desk.sees("PUBLIC");
    assert_eq!(desk.commands(), [Command::TakeOver { ticket: key(1037) }]);

    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 j j r Esc").await;
    desk.misses("PUBLIC");
    assert_eq!(desk.commands(), []);
}

#[tokio::test]
async fn a_reply_claims_first_and_leaving_it_empty_releases() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    assert_eq!(desk.commands(), [claim(1042)]);
    desk.keys("Esc").await;
    assert_eq!(desk.commands(), [Command::Release { ticket: key(1042) }]);

    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("x").await;
    desk.keys("Esc").await;
    assert_eq!(desk.commands(), [claim(1042)], "a draft keeps the ticket");

    let mut desk = open(shop(), NARROW).await;
    desk.keys("i Esc").await;
    assert_eq!(desk.commands(), [], "a note claims nothing");
}

#[tokio::test]
async fn a_claim_shows_at_once_and_rolls_back_visibly() {
    let mut desk = open(shop(), NARROW).await;
    desk.screen.keys("c");
    desk.sees("you …");
    desk.screen.settle().await;
    desk.sees("claimed #1042");
    desk.sees("you ");

    let mut desk = open(shop(), NARROW).await;
    desk.change(|state| {
        state.refusals.push(Refusal::Taken {
            ticket: key(1042),
            assignee: AgentName::from("mia"),
            since: noon() - Duration::from_secs(2),
        });
    });
    desk.screen.keys("c");
    desk.sees("you …");
    desk.screen.settle().await;
    desk.misses("you …");
    desk.sees("#1042 is mia's: claimed 2 s earlier");
}

#[tokio::test]
async fn enter_sends_and_the_thread_has_the_keys() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("first line").await;
    desk.keys("C-j").await;
    desk.types("second line").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [claim(1042), reply(1042, "first line\nsecond line")]);
    desk.changed(1042).await;
    desk.sees("sending in");
    desk.keys("x").await;
    assert_eq!(desk.commands(), [Command::Resolve { ticket: key(1042) }]);
}

#[tokio::test]
async fn a_held_reply_counts_down_and_comes_back_with_u() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("oops").await;
    desk.keys("Enter").await;
    desk.changed(1042).await;
    desk.sees("sending in 5 s, u takes it back");
    desk.elapse(2000).await;
    desk.sees("sending in 3 s, u takes it back");
    desk.keys("u").await;
    assert_eq!(desk.commands()[2..], [Command::TakeBack { outbox: OutboxId(1) }]);
    desk.sees("taken back: nothing was sent");
    desk.sees("PUBLIC");
    desk.sees("oops");
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [reply(1042, "oops")]);
}

#[tokio::test]
async fn a_reply_can_be_taken_back_from_the_next_ticket() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("too fast").await;
    desk.keys("Enter p Enter").await;
    desk.sees("#1036 ANON 5521");
    desk.commands();
    desk.keys("u u").await;
    let undo = Command::Undo { ticket: key(1042), event: EventId(43) };
    assert_eq!(desk.commands(), [undo, Command::TakeBack { outbox: OutboxId(1) }]);
    desk.sees("taken back: nothing was sent; it is your draft in #1042");
    desk.keys("g 1 0 4 2 Enter").await;
    desk.sees("Draft of a reply, r goes on: too fast");
    desk.keys("r").await;
    desk.sees("too fast");
}

#[tokio::test]
async fn what_has_left_is_not_taken_back() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("gone").await;
    desk.keys("Enter").await;
    desk.change(|state| {
        let sent = state.tickets[0].thread.last_mut().expect("the reply");
        sent.delivery = Some(Delivery::Sent { message: MessageId(99) });
        sent.message_id = Some(MessageId(99));
    });
    desk.changed(1042).await;
    desk.commands();
    desk.keys("u").await;
    assert_eq!(desk.commands(), []);
    desk.sees("cannot be taken back");
}

#[tokio::test]
async fn u_undoes_the_last_move() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("c").await;
    desk.keys("x").await;
    desk.sees("u undoes");
    desk.keys("u u").await;
    let undo = |event| Command::Undo { ticket: key(1042), event: EventId(event) };
    assert_eq!(desk.commands()[2..], [undo(42), undo(41)]);
    desk.keys("u").await;
    desk.sees("nothing to undo");
}

#[tokio::test]
async fn a_refused_reply_comes_back_into_the_composer() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("important words").await;
    desk.change(|state| state.refusals.push(Refusal::TopicGone(key(1042))));
    desk.keys("Enter").await;
    desk.sees("not sent: the topic of #1042 was deleted");
    desk.sees("important words");
    desk.sees("PUBLIC");
}

#[tokio::test]
async fn an_unfilled_reply_is_not_sent() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types(";refund").await;
    desk.keys("Tab").await;
    desk.sees("{{?order number}}");
    desk.types("A-17").await;
    desk.keys("Enter").await;
    desk.sees("fill in \"days\" first");
    assert_eq!(desk.commands(), [claim(1042)]);
    desk.types("3").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [made_of(1042, "Refund", "The refund for order A-17 leaves today; it takes 3 days.")]);
}

#[tokio::test]
async fn tab_jumps_between_fields() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types(";refund").await;
    desk.keys("Tab Tab").await;
    desk.types("5").await;
    desk.keys("Tab").await;
    desk.types("B").await;
    desk.sees("order B leaves today; it takes 5 days");
}

#[tokio::test]
async fn the_picker_inserts_at_the_cursor_and_never_sends() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("before after").await;
    desk.keys("A-b C-t").await;
    desk.types("gree").await;
    desk.keys("Enter").await;
    desk.sees("before Hi Olena, thanks for writing. Ann Lee here.after");
    assert_eq!(desk.commands(), [claim(1042)]);
    desk.keys("C-t 1").await;
    desk.sees("here.Hi Olena");
    desk.keys("C-t Esc").await;
    assert_eq!(desk.commands(), []);
}

#[tokio::test]
async fn drafts_are_saved_restored_and_kept() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.types("a dra").await;
    desk.all_commands();
    desk.elapse(300).await;
    assert_eq!(desk.all_commands(), [], "not yet");
    desk.types("ft").await;
    desk.elapse(600).await;
    let draft = |text: &str, note| Command::SaveDraft { ticket: key(1042), text: text.to_owned(), note };
    assert_eq!(desk.all_commands().last(), Some(&draft("a draft", false)));
    desk.sees("draft saved");
    desk.types("!").await;
    desk.keys("Esc").await;
    assert_eq!(desk.all_commands(), [draft("a draft!", false)], "leaving saves at once");
    desk.sees("Draft of a reply");
    desk.keys("r").await;
    desk.sees("a draft!");
    desk.keys("C-u Esc").await;
    assert!(desk.all_commands().contains(&draft("", false)), "an empty text forgets the draft");

    // Another run finds it.
    let mut tickets = shop();
    tickets[0].draft = Some(topicdesk::engine::views::Draft { text: "from yesterday".to_owned(), note: false });
    tickets[0].ticket.row.draft = true;
    let mut desk = open(tickets, NARROW).await;
    desk.sees("(draft)");
    desk.keys("r").await;
    desk.sees("from yesterday");
}

#[tokio::test]
async fn a_note_never_becomes_public_by_itself() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("i").await;
    desk.types("secret").await;
    desk.keys("Esc r").await;
    desk.sees("INTERNAL NOTE");
    desk.sees("secret");
    desk.keys("C-g").await;
    desk.sees("becomes a PUBLIC reply");
    desk.keys("Esc").await;
    desk.sees("INTERNAL NOTE");
    desk.keys("C-g y").await;
    desk.sees("PUBLIC");
    desk.keys("C-g n").await;
    desk.sees("PUBLIC");
    desk.keys("Esc i").await;
    desk.sees("INTERNAL NOTE on #1042");
    desk.keys("Enter").await;
    assert_eq!(
        desk.commands().last(),
        Some(&Command::Note { ticket: key(1042), text: "secret".to_owned() }),
        "a reply that was begun is a note when a note was asked for"
    );
}

#[tokio::test]
async fn resolving_with_a_draft_asks() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("i").await;
    desk.types("half").await;
    desk.keys("Esc x").await;
    desk.sees("has a draft that was not sent");
    desk.keys("Esc").await;
    assert_eq!(desk.commands(), []);
    desk.keys("x y").await;
    assert_eq!(desk.commands(), [Command::Resolve { ticket: key(1042) }]);
}

#[tokio::test]
async fn a_long_paste_asks_before_it_is_sent() {
    let mut desk = open(shop(), WIDE).await;
    desk.keys("r").await;
    let pasted = (0..20).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
    desk.screen.bytes(format!("\x1b[200~{pasted}\x1b[201~").as_bytes());
    desk.screen.settle().await;
    desk.commands();
    desk.keys("Enter").await;
    desk.sees("Send the 20 lines that were pasted?");
    assert_eq!(desk.commands(), []);
    desk.keys("y").await;
    assert_eq!(desk.commands(), [reply(1042, &pasted)]);
}

#[tokio::test]
async fn a_paste_that_comes_as_keys_does_not_send_line_by_line() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("r").await;
    desk.commands();
    // All in one read, as a multiplexer without bracketed paste does it.
    desk.screen.bytes(b"dear customer\ryou owe us\rnothing");
    desk.screen.settle().await;
    assert_eq!(desk.commands(), []);
    desk.elapse(200).await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [reply(1042, "dear customer\nyou owe us\nnothing")]);
    // In the queue a paste does nothing.
    desk.keys("Esc").await;
    desk.screen.bytes(b"\x1b[200~xcxc\x1b[201~");
    desk.screen.settle().await;
    assert_eq!(desk.commands(), []);
}

#[tokio::test]
async fn marking_and_bulk_with_confirmation_over_one() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 Space").await;
    desk.sees("1 marked");
    desk.keys("c").await;
    assert_eq!(desk.commands(), [claim(1042)], "one is not asked about");
    desk.keys("g g v j j x").await;
    desk.sees("Resolve 3 tickets? #1042 #1041 #1037");
    assert_eq!(desk.commands(), []);
    desk.keys("y").await;
    let resolve = |number| Command::Resolve { ticket: key(number) };
    assert_eq!(desk.commands(), [resolve(1042), resolve(1041), resolve(1037)]);
    desk.sees("all resolved");
    desk.keys("*").await;
    desk.sees("7 marked");
    desk.keys("Esc").await;
    desk.misses("marked");
}

#[tokio::test]
async fn a_bulk_with_refusals_says_so() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 v j c").await;
    desk.change(|state| state.refusals.push(Refusal::Done(key(1042), "resolved".to_owned())));
    desk.keys("y").await;
    assert_eq!(desk.commands(), [claim(1042), claim(1041)]);
    desk.sees("refused: #1042 is resolved: reopen it first");
}

#[tokio::test]
async fn repeat_does_the_last_action_to_the_next_ticket() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 c ;").await;
    assert_eq!(desk.commands(), [claim(1042), claim(1041)]);
    let mut desk = open_with(shop(), NARROW, |setup| setup.after_resolve = "stay".to_owned()).await;
    desk.keys("8 j j j Enter x").await;
    desk.keys(";").await;
    let resolve = |number| Command::Resolve { ticket: key(number) };
    assert_eq!(desk.commands(), [resolve(1036), resolve(1042)]);
}

#[tokio::test]
async fn queues_gotos_and_jumps() {
    let mut desk = open(shop(), NARROW).await;
    for (keys, tab) in [
        ("2", "[2 Mine"),
        ("g u", "[1 Unassigned"),
        ("g m", "[2 Mine"),
        ("4", "[4 Pending"),
        ("g a", "[8 All"),
        ("6", "[6 Intake"),
    ] {
        desk.keys(keys).await;
        desk.sees(tab);
    }
    desk.keys("g 1 0 3 7 Enter").await;
    desk.sees("#1037 Jonas Berg");
    desk.keys("g 9 9 9 9 Enter").await;
    desk.sees("there is no such ticket");
    desk.keys("C-o").await;
    desk.types("haddad").await;
    desk.elapse(200).await;
    desk.keys("Enter").await;
    desk.sees("#1041 R. Haddad");
    desk.keys("w").await;
    desk.sees("#1030/2 Li Wei");
    desk.keys("w").await;
    desk.sees("#1036 ANON");
    desk.keys("W").await;
    desk.sees("#1030/2 Li Wei");
}

#[tokio::test]
async fn enter_is_for_what_was_typed_and_not_for_what_is_still_listed() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("C-o").await;
    desk.sees("Jump to a ticket");
    // As fast as a terminal sends what was pasted or typed ahead.
    desk.types("1037").await;
    desk.keys("Enter").await;
    desk.sees("#1037 Jonas Berg");
    desk.keys("Esc g /").await;
    desk.types("payroll").await;
    desk.keys("Enter").await;
    desk.sees("#1042 Olena Kovalenko ·");
}

#[tokio::test]
async fn a_number_is_that_of_a_ticket_before_it_is_one_that_was_written() {
    let mut tickets = shop();
    for ticket in &mut tickets {
        ticket.ticket.row.last_text = "order 1037 please".to_owned();
    }
    let mut desk = open(tickets, NARROW).await;
    desk.keys("C-o").await;
    desk.types("1037").await;
    desk.keys("Enter").await;
    desk.sees("#1037 Jonas Berg ·");
}

#[tokio::test]
async fn search_lands_on_the_message() {
    let mut tickets = shop();
    for place in 0..200 {
        tickets[0]
            .thread
            .insert(0, entry(50_000 - place, "Olena Kovalenko", Side::Customer, 2000 + place as u64, "filler"));
    }
    tickets[0].thread[20].text = "the needle in it".to_owned();
    let id = tickets[0].thread[20].message_id.expect("a message");
    let mut desk = open(tickets, NARROW).await;
    desk.keys("g /").await;
    desk.types("needle").await;
    desk.elapse(200).await;
    desk.sees("the needle in it");
    desk.keys("Enter").await;
    desk.sees("the needle in it");
    desk.sees("#1042 Olena");
    let reads = std::mem::take(&mut desk.state.lock().expect("state").reads);
    assert!(
        reads
            .iter()
            .any(|read| matches!(read, ViewRequest::Thread { window: Window::Around(message), .. } if *message == id))
    );
}

#[tokio::test]
async fn scrolling_pages_in_and_find_goes_through_all_of_it() {
    let mut tickets = vec![ticket(5, Status::Open, None, "Long Story", "the end")];
    for place in 0..180 {
        let text = if place == 12 { "a word that is rare".to_owned() } else { format!("message {place}") };
        let mut message = entry(1000 + place, "Long Story", Side::Customer, 0, &text);
        message.at = minutes_ago(400 - place as u64);
        tickets[0].thread.push(message);
    }
    tickets[0].thread.sort_by_key(|entry| entry.at);
    let mut desk = open(tickets, NARROW).await;
    desk.keys("Enter").await;
    desk.sees("message 179");
    for _ in 0..60 {
        desk.keys("k").await;
    }
    desk.sees("message 120");
    let reads = |desk: &Desk| std::mem::take(&mut desk.state.lock().expect("state").reads);
    assert!(reads(&desk).iter().any(|read| matches!(read, ViewRequest::Thread { window: Window::Before(_), .. })));
    desk.keys("G /").await;
    desk.types("RARE").await;
    desk.keys("Enter").await;
    desk.sees("a word that is rare");
    desk.keys("n").await;
    desk.sees("is not found above");
    desk.keys("G").await;
    desk.sees("message 179");
}

#[tokio::test]
async fn bells_title_and_notices() {
    let mut desk = open(shop(), NARROW).await;
    assert_eq!(desk.screen.told(), ["title acme-support · 3 unassigned · 2 mine"]);
    for (alert, rings) in [
        (Alert::NewTicket { ticket: key(1042) }, true),
        (Alert::Reply { ticket: key(1036), assignee: AgentName::from("ann") }, true),
        (Alert::Reply { ticket: key(1037), assignee: AgentName::from("mia") }, false),
        (Alert::Parked { ticket: key(1036), agent: AgentName::from("ann"), why: "closed".to_owned() }, true),
    ] {
        desk.screen.revision(Revision { number: 3, alerts: vec![alert.clone()], ..Revision::default() });
        desk.screen.settle().await;
        assert_eq!(desk.screen.told().contains(&"bell".to_owned()), rings, "{alert:?}");
    }
    desk.sees("your reply to #1036 was not sent: closed");
    desk.elapse(11_000).await;
    desk.misses("was not sent");
    let mut quiet = open_with(shop(), NARROW, |setup| setup.bell = false).await;
    quiet.screen.revision(Revision { alerts: vec![Alert::NewTicket { ticket: key(1042) }], ..Revision::default() });
    assert!(!quiet.screen.told().contains(&"bell".to_owned()));
}

#[tokio::test]
async fn leaving_asks_if_the_outbox_is_not_empty() {
    let mut desk = open(shop(), NARROW).await;
    desk.screen.told();
    desk.keys("q").await;
    assert_eq!(desk.screen.told(), ["quit"]);
    let mut desk = open(shop(), NARROW).await;
    desk.change(|state| state.unsent = 2);
    desk.changed(1042).await;
    desk.screen.told();
    desk.keys("q").await;
    desk.sees("2 replies have not been sent yet");
    assert_eq!(desk.screen.told(), Vec::<String>::new());
    desk.keys("Esc q y").await;
    assert_eq!(desk.screen.told(), ["quit"]);
}

#[tokio::test]
async fn parked_replies_can_be_retried_edited_and_thrown_away() {
    let mut tickets = shop();
    let mut parked = entry(30_000, "ann", Side::Staff, 0, "too late");
    parked.message_id = None;
    parked.outbox = Some(OutboxId(5));
    parked.delivery = Some(Delivery::Parked { why: "the topic was closed".to_owned() });
    tickets[0].thread.push(parked);
    let mut desk = open(tickets, NARROW).await;
    desk.keys("Enter").await;
    desk.sees("NOT SENT: the topic was closed");
    desk.keys("s").await;
    desk.keys("e").await;
    desk.sees("UNSENT REPLY");
    desk.types(" but not too").await;
    desk.keys("Enter").await;
    desk.keys("d").await;
    desk.keys("y").await;
    let outbox = OutboxId(5);
    assert_eq!(
        desk.commands(),
        [
            Command::RetryOutbox { outbox, seen: Some(newest(1042)) },
            Command::HoldOutbox { outbox },
            Command::EditOutbox {
                outbox,
                text: "too late but not too".to_owned(),
                seen: Some(newest(1042)),
                confirmed: false
            },
            Command::DiscardOutbox { outbox }
        ]
    );
}

#[tokio::test]
async fn a_held_reply_that_asks_is_sent_by_a_second_key_wherever_the_cursor_is() {
    let mut tickets = shop();
    tickets[0].thread.extend((0..20).map(|line| entry(9_020 + line, "Petro", Side::Participant, 1, "me too")));
    let mut held = entry(30_000, "ann", Side::Staff, 0, "please reinstall");
    held.message_id = None;
    held.outbox = Some(OutboxId(5));
    held.delivery = Some(Delivery::Confirm { why: Doubt::Newer { message: MessageId(9100) } });
    tickets[0].thread.push(held);
    let mut new = entry(30_001, "Olena K.", Side::Customer, 0, "it works now\nthanks");
    new.message_id = Some(MessageId(9100));
    tickets[0].thread.push(new);
    let mut desk = open(tickets, NARROW).await;
    desk.keys("Enter").await;
    desk.sees("HELD: Olena K. has written since: it works now");
    desk.sees("s sends");
    // Enter and the keys beside it do nothing to it.
    desk.keys("Enter j Space").await;
    assert_eq!(desk.commands(), []);
    desk.keys("s").await;
    let again = Command::RetryOutbox { outbox: OutboxId(5), seen: Some(MessageId(9100)) };
    assert_eq!(desk.commands(), [again]);
    // That it is asked about is heard, and the end of the thread shown.
    desk.keys("g g").await;
    desk.misses("it works now");
    let alert = Alert::Parked { ticket: key(1042), agent: "ann".into(), why: "somebody has written since".into() };
    desk.screen.revision(Revision { alerts: vec![alert], ..Revision::default() });
    desk.sees("your reply to #1042 was not sent: somebody has written since");
    desk.sees("HELD: Olena K. has written since");
}

#[tokio::test]
async fn what_was_never_on_the_screen_is_not_answered() {
    let mut tickets = shop();
    for number in 0..40 {
        let mut more = entry(40_000 + number, "Olena K.", Side::Customer, 0, &format!("line {number}"));
        more.message_id = Some(MessageId(9200 + number as i32));
        tickets[0].thread.push(more);
    }
    let mut desk = open(tickets, NARROW).await;
    desk.keys("Enter").await;
    desk.sees("line 39");
    desk.keys("g g r").await;
    desk.change(|state| {
        let mut news = entry(41_000, "Olena K.", Side::Customer, 0, "news");
        news.message_id = Some(MessageId(9300));
        state.tickets[0].thread.push(news);
    });
    desk.changed(1042).await;
    desk.misses("news");
    desk.types("hello").await;
    desk.keys("Enter").await;
    let sent = desk.commands().pop().expect("a reply");
    assert!(matches!(sent, Command::Reply { seen: Some(MessageId(9239)), .. }), "{sent:?}");
}

#[tokio::test]
async fn ones_own_message_is_edited_and_deleted() {
    let mut tickets = shop();
    let mut own = entry(30_000, "ann", Side::Staff, 0, "Try 7.2");
    own.message_id = Some(MessageId(9100));
    own.agent = Some(AgentName::from("ann"));
    own.delivery = Some(Delivery::Sent { message: MessageId(9100) });
    own.change = Some(ChangeView { id: ChangeId(1), text: None, refused: Some("it is too old".to_owned()) });
    tickets[0].thread.push(own);
    let mut desk = open(tickets, NARROW).await;
    desk.keys("Enter").await;
    desk.sees("NOT CHANGED: it is too old");
    desk.keys("E").await;
    desk.sees("CHANGED MESSAGE");
    desk.types(" or 7.3").await;
    desk.keys("Enter D").await;
    desk.sees("Delete this message for everybody?");
    desk.keys("y").await;
    let (ticket, message) = (key(1042), MessageId(9100));
    let text = "Try 7.2 or 7.3".to_owned();
    assert_eq!(
        desk.commands(),
        [Command::EditMessage { ticket, message, text, confirmed: false }, Command::DeleteMessage { ticket, message }]
    );
    desk.keys("k E").await;
    desk.sees("select a message that you have sent first");
    assert_eq!(desk.commands(), []);
}

#[tokio::test]
async fn quote_copy_link_editor_and_suspend() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter y L").await;
    assert_eq!(desk.screen.told()[1..], ["copy it's urgent for payroll today 🙏", "copy https://t.me/c/77/1042"]);
    desk.keys("k k k R").await;
    desk.sees("quoting \"any update?\"");
    desk.types("yes").await;
    desk.keys("C-x C-e").await;
    // Replying has claimed the ticket, which the title tells at once.
    assert_eq!(desk.screen.told(), ["title acme-support · 2 unassigned · 3 mine", "editor yes"]);
    desk.screen.edited("yes, today\n");
    desk.keys("Enter").await;
    let expected = Command::Reply {
        ticket: key(1042),
        text: "yes, today".to_owned(),
        reply_to: Some(MessageId(9006)),
        hold: true,
        seen: Some(newest(1042)),
        file: None,
        along: Along::default(),
    };
    assert_eq!(desk.commands(), [claim(1042), expected]);
    desk.keys("C-z C-l").await;
    assert_eq!(desk.screen.told(), ["suspend", "repaint"]);
}

#[tokio::test]
async fn what_was_seen_is_remembered_only_when_it_was_on_the_screen() {
    let seen = Command::MarkSeen { ticket: key(1042), message: MessageId(9009) };
    let look = Command::Look { screen: ScreenId(1), ticket: Some(key(1042)) };
    let mut desk = open(shop(), WIDE).await;
    desk.elapse(2000).await;
    assert_eq!(desk.all_commands(), [], "beside the queue it is only looked at");
    desk.keys("Enter").await;
    desk.elapse(1000).await;
    assert_eq!(desk.all_commands(), [look.clone(), seen.clone()]);
    desk.sees("4 new");
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter Esc").await;
    assert_eq!(
        desk.all_commands(),
        [look, seen, Command::Look { screen: ScreenId(1), ticket: None }],
        "leaving tells it at once"
    );
}

#[tokio::test]
async fn stale_answers_are_dropped() {
    let mut desk = open(shop(), NARROW).await;
    // Three filters are typed before the first answer comes.
    desk.screen.keys("8 /");
    desk.screen.types("jon");
    desk.screen.settle().await;
    desk.sees("Jonas Berg");
    desk.misses("Olena");
    desk.keys("Esc").await;
    desk.sees("Olena");
}

#[tokio::test]
async fn a_new_revision_keeps_the_selection_on_its_ticket() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 j").await;
    desk.change(|state| state.tickets.insert(0, ticket(1043, Status::Open, None, "New One", "hello")));
    desk.changed(1043).await;
    desk.sees("3 of 8");
    let text = desk.text();
    let selected = text.lines().find(|line| line.starts_with('>')).expect("a selected row");
    assert!(selected.contains("#1041"), "{selected}");
}

#[tokio::test]
async fn storms_of_revisions_are_read_ten_times_a_second() {
    let mut desk = open(shop(), NARROW).await;
    desk.state.lock().expect("state").reads.clear();
    for number in 0..100 {
        desk.screen.revision(Revision { number, all: true, ..Revision::default() });
        desk.elapse(10).await;
    }
    let reads = std::mem::take(&mut desk.state.lock().expect("state").reads);
    let queues = reads.iter().filter(|read| matches!(read, ViewRequest::Queue { .. })).count();
    assert!((8..=12).contains(&queues), "{queues} reads in a second");
}

#[tokio::test]
async fn the_screen_is_found_again_as_it_was_left() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("8 /").await;
    desk.types("an").await;
    desk.keys("Enter j Enter").await;
    let state = desk.screen.state();
    let left = desk.text();
    let mut desk = open_with(shop(), NARROW, |setup| setup.restored = Some(state)).await;
    let heading = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    assert_eq!(heading(&desk.text()), heading(&left));
    desk.keys("Esc").await;
    desk.sees("filter: an");
    let mut desk = open_with(shop(), NARROW, |setup| setup.restored = Some("rubbish".to_owned())).await;
    desk.sees("[1 Unassigned");
}

#[tokio::test]
async fn help_palette_and_bottom_line_show_the_keys_in_force() {
    let mut desk = open_with(shop(), NARROW, |setup| {
        setup.keys = vec![
            ("ticket".to_owned(), "claim".to_owned(), "F9".to_owned()),
            ("ticket".to_owned(), "resolve".to_owned(), "none".to_owned()),
        ];
    })
    .await;
    desk.sees("F9 claim");
    desk.misses("x resolve");
    desk.keys("?").await;
    desk.types("take the ticket").await;
    desk.sees("F9");
    desk.keys("Esc c x").await;
    assert_eq!(desk.commands(), []);
    desk.keys("F9").await;
    assert_eq!(desk.commands(), [claim(1042)]);
    assert_eq!(check_keys(&[("ticket".to_owned(), "claim".to_owned(), "r".to_owned())]).len(), 1);
    assert!(actions().any(|row| row.name == "claim"));
}
