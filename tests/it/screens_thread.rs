//! What a thread shows of messages that were edited, deleted, pinned, quoted, liked, put in albums; and the keys that follow them.

use topicdesk::desk::ids::MessageId;
use topicdesk::desk::thread::{Content, Delivery, Post, Reaction};
use topicdesk::desk::ticket::Status;
use topicdesk::engine::views::{EarlierText, Entry, EntryKind, Part, PinnedMessage, Side, ThreadPage};

use crate::screens_desk::{entry, minutes_ago, open, ticket};

const OLENA: &str = "Olena Kovalenko";

fn customer(id: i64, minutes: u64, text: &str) -> Entry {
    entry(id, OLENA, Side::Customer, minutes, text)
}

fn staff(id: i64, minutes: u64, text: &str) -> Entry {
    let delivery = Some(Delivery::Sent { message: MessageId(id as i32) });
    Entry { delivery, ..entry(id, "ann", Side::Staff, minutes, text) }
}

fn eventful() -> ThreadPage {
    let mut page = ticket(1042, Status::InProgress, Some("ann"), OLENA, "Which size is it?");
    let part = |id| Part { message_id: MessageId(id), text: "[photo]".to_owned(), deleted: false, content: None };
    let caption = Content::Post(Post { text: "The zip is broken".to_owned(), ..Post::default() });
    let heart = Reaction { emoji: "❤".to_owned(), count: 1, by: Vec::new() };
    let up = Reaction { emoji: "👍".to_owned(), count: 2, by: Vec::new() };
    page.thread = vec![
        Entry {
            parts: vec![part(101), part(102), part(103)],
            content: Some(caption),
            reactions: vec![up, heart],
            ..customer(101, 50, "[album: 2 photos, 1 video]\nThe zip is broken")
        },
        Entry { pinned: true, ..staff(104, 48, "Repairs take five days. Please send it to the workshop.") },
        Entry {
            edited_at: Some(minutes_ago(30)),
            edited_after_answer: true,
            edits: vec![
                EarlierText { text: "I bought it in March".to_owned(), at: minutes_ago(47) },
                EarlierText { text: "I bought it in April".to_owned(), at: minutes_ago(40) },
            ],
            ..customer(105, 47, "I bought it in May")
        },
        staff(106, 38, "Then the warranty covers it."),
        Entry { deleted: true, deleted_at: Some(minutes_ago(20)), ..customer(107, 35, "") },
        customer(108, 30, "[poll Which day suits you? · Monday · Tuesday]"),
        Entry {
            reply_to: Some(MessageId(104)),
            quote: Some("Repairs take five days".to_owned()),
            quote_author: Some("ann".to_owned()),
            ..customer(109, 20, "Working days?")
        },
        Entry {
            kind: EntryKind::Activity,
            reply_to: Some(MessageId(104)),
            quote: Some("Repairs take five days. Please send it".to_owned()),
            quote_author: Some("ann".to_owned()),
            ..entry(110, "Ingrid", Side::Staff, 18, "Ingrid pinned a message")
        },
        Entry { agent: None, ..entry(111, "Acme customers (Head of care)", Side::Staff, 10, "We pay the postage.") },
        customer(112, 5, "[contact Taras +380 44 000 00 00]"),
    ];
    page.ticket.pinned =
        vec![PinnedMessage { message_id: MessageId(104), text: "Repairs take five days. Please send".to_owned() }];
    page.ticket.customer_left_at = Some(minutes_ago(3));
    page
}

#[tokio::test]
async fn an_eventful_thread() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = open(vec![eventful()], size).await;
        desk.keys("2 Enter").await;
        let text = desk.text();
        insta::assert_snapshot!(format!("eventful_{}x{}", size.0, size.1), text);
    }
}

#[tokio::test]
async fn a_key_goes_to_the_quoted_message_and_another_back() {
    let mut desk = open(vec![eventful()], (80, 24)).await;
    desk.keys("2 Enter k k k").await;
    desk.sees(">13:12");
    desk.keys("f").await;
    desk.sees(">12:44");
    desk.keys("f").await;
    desk.sees("the selected message replies to none here");
    desk.keys("F").await;
    desk.sees(">13:12");
    desk.keys("F").await;
    desk.sees("nothing to go back to");
}

#[tokio::test]
async fn a_quoted_message_that_is_not_loaded_is_read() {
    let mut page = eventful();
    let filler = (0..300).map(|at| customer(200 + at, 4, &format!("line {at}")));
    let quoting = Entry {
        reply_to: Some(MessageId(101)),
        quote: Some("[album]".to_owned()),
        quote_author: Some(OLENA.to_owned()),
        ..customer(900, 1, "see the photos")
    };
    page.thread = page.thread.clone().into_iter().chain(filler).chain([quoting]).collect();
    let mut desk = open(vec![page], (80, 24)).await;
    desk.keys("2 Enter f").await;
    desk.sees("The zip is broken");
    desk.sees(">12:42");
    desk.keys("F").await;
    desk.sees("see the photos");
}

#[tokio::test]
async fn earlier_texts_are_shown_and_hidden() {
    let mut desk = open(vec![eventful()], (80, 24)).await;
    desk.keys("2 Enter g g j j").await;
    desk.misses("I bought it in March");
    desk.keys("V").await;
    desk.sees("12:45 it said: I bought it in March");
    desk.sees("12:52 it said: I bought it in April");
    desk.keys("V").await;
    desk.misses("I bought it in March");
    desk.keys("j V").await;
    desk.sees("nothing else is known");
}
