//! Screens as text, at the sizes that matter. Every snapshot was looked at.

use std::time::Duration;

use topicdesk::desk::ids::OutboxId;
use topicdesk::desk::thread::{Delivery, Doubt};
use topicdesk::desk::ticket::Status;
use topicdesk::engine::views::LinkState;
use topicdesk::engine::views::Side;

use crate::screens_desk::{Desk, entry, noon, open, open_with, shop, ticket};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (160, 50)];

fn snapshot(name: &str, size: (u16, u16), desk: &mut Desk) {
    let text = desk.text();
    for line in text.lines() {
        assert!(!line.chars().any(char::is_control), "a control character in {line:?}");
    }
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
}

#[tokio::test]
async fn queue() {
    for size in SIZES {
        let mut desk = open(shop(), size).await;
        desk.keys("8 j").await;
        desk.elapse(100).await;
        snapshot("queue", size, &mut desk);
    }
}

#[tokio::test]
async fn queue_marked_and_filtered() {
    let mut desk = open(shop(), (80, 24)).await;
    desk.keys("8 Space Space").await;
    desk.keys("/").await;
    desk.types("a").await;
    snapshot("queue_filter_prompt", (80, 24), &mut desk);
    desk.keys("Enter").await;
    snapshot("queue_marked", (80, 24), &mut desk);
}

#[tokio::test]
async fn thread() {
    for size in SIZES {
        let mut desk = open(shop(), size).await;
        desk.keys("Enter").await;
        snapshot("thread", size, &mut desk);
    }
}

#[tokio::test]
async fn composer_public_and_note() {
    for size in SIZES {
        let mut desk = open(shop(), size).await;
        desk.keys("r").await;
        desk.types("Hi Olena, please clear the app cache: Settings, Storage, Clear, then sign in again.").await;
        desk.elapse(600).await;
        snapshot("composer_public", size, &mut desk);
        desk.keys("Esc i").await;
        snapshot("composer_note", size, &mut desk);
    }
}

#[tokio::test]
async fn picker() {
    for size in [(80, 24), (120, 40)] {
        let mut desk = open(shop(), size).await;
        desk.keys("t").await;
        desk.types("re").await;
        snapshot("picker", size, &mut desk);
    }
}

#[tokio::test]
async fn help_palette_and_which_key() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = open(shop(), size).await;
        desk.keys("?").await;
        snapshot("help", size, &mut desk);
        desk.keys("Esc :").await;
        desk.types("pend").await;
        snapshot("palette", size, &mut desk);
    }
    let mut desk = open(shop(), (80, 24)).await;
    desk.keys("g").await;
    desk.elapse(350).await;
    snapshot("which_key", (80, 24), &mut desk);
}

#[tokio::test]
async fn forms_and_questions() {
    let size = (80, 24);
    let mut desk = open(shop(), size).await;
    desk.keys("8 j j p").await;
    snapshot("pending", size, &mut desk);
    desk.keys("Esc z").await;
    snapshot("snooze", size, &mut desk);
    desk.keys("Esc a").await;
    snapshot("assign", size, &mut desk);
    desk.keys("Esc r").await;
    snapshot("reply_to_anothers", size, &mut desk);
    desk.keys("Esc * x").await;
    snapshot("bulk", size, &mut desk);
}

#[tokio::test]
async fn an_empty_desk() {
    for size in SIZES {
        let mut desk = open(Vec::new(), size).await;
        snapshot("empty", size, &mut desk);
    }
}

#[tokio::test]
async fn a_first_screen_with_a_hint_while_syncing() {
    let hint = "Press c to claim the ticket under the cursor, r to reply, t for a template, p to wait, x to resolve. \
                ? lists all keys.";
    let mut desk = open_with(shop(), (80, 24), |setup| setup.hint = Some(hint.to_owned())).await;
    desk.change(|state| {
        state.backfill = Some(42);
        state.unsent = 2;
    });
    desk.changed(1042).await;
    snapshot("hint_syncing", (80, 24), &mut desk);
}

#[tokio::test]
async fn deliveries() {
    let mut tickets = shop();
    let marks = [
        Delivery::Sent { message: topicdesk::desk::ids::MessageId(1) },
        Delivery::Sending,
        Delivery::Queued,
        Delivery::Held { until: noon() + Duration::from_secs(5) },
        Delivery::Parked { why: "the topic was closed by an admin".to_owned() },
        Delivery::Confirm { why: Doubt::Newer { message: topicdesk::desk::ids::MessageId(9009) } },
    ];
    for (place, delivery) in marks.into_iter().enumerate() {
        let id = 30_000 + place as i64;
        let mut reply = entry(id, "ann", Side::Staff, 0, &format!("reply number {place}"));
        reply.message_id = None;
        reply.outbox = Some(OutboxId(id));
        reply.delivery = Some(delivery);
        tickets[0].thread.push(reply);
    }
    let mut desk = open(tickets, (80, 24)).await;
    desk.keys("Enter").await;
    snapshot("deliveries", (80, 24), &mut desk);
}

fn hostile() -> Vec<topicdesk::engine::views::ThreadPage> {
    let nasty = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31mRED\u{202e}txet desrever\u{2066}\u{0}\r\nnext\u{200b}line\ttab";
    let flood = format!("e{}", "\u{301}".repeat(3000));
    let zero = "\u{200b}".repeat(2000);
    let mut tickets = vec![ticket(7, Status::Open, None, nasty, nasty)];
    tickets[0].ticket.row.title = "\u{7}\u{8}\u{1b}".to_owned();
    tickets[0].thread = vec![
        entry(1, nasty, Side::Customer, 9, nasty),
        entry(2, "Flood", Side::Customer, 8, &flood),
        entry(3, "Zero", Side::Customer, 7, &format!("a{zero}b")),
        entry(4, "Emoji", Side::Customer, 6, &"🙏".repeat(200)),
        entry(5, "Long", Side::Customer, 5, &"x".repeat(300)),
    ];
    tickets
}

#[tokio::test]
async fn hostile_text_is_harmless() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = open(hostile(), size).await;
        desk.keys("Enter").await;
        snapshot("hostile", size, &mut desk);
        let written = String::from_utf8_lossy(desk.screen.written()).into_owned();
        assert!(!written.contains("owned\u{7}") && !written.contains("\u{9b}") && !written.contains('\u{202e}'));
        assert!(written.len() < 40_000, "a flood came through: {} bytes", written.len());
    }
}

#[tokio::test]
async fn scripts_of_the_world() {
    let mut tickets = vec![
        ticket(1042, Status::Open, None, "محمد علي", "لا أستطيع تسجيل الدخول إلى حسابي بعد التحديث"),
        ticket(1041, Status::Open, None, "山田太郎", "注文した商品がまだ届いていません。いつ届きますか?"),
        ticket(1040, Status::Open, None, "Олена Коваленко", "Не можу увійти після оновлення 🇺🇦"),
        ticket(1039, Status::Open, None, "דוד כהן", "אני לא מצליח להתחבר"),
        ticket(1038, Status::Open, None, "สมชาย", "ฉันเข้าสู่ระบบไม่ได้ ❤️ 👨‍👩‍👧‍👦 👍🏽"),
    ];
    for (place, page) in tickets.clone().iter().enumerate().skip(1) {
        let row = &page.ticket.row;
        let name = row.customer.as_ref().map_or("", |customer| &customer.name);
        tickets[0].thread.push(entry(100 + place as i64, name, Side::Participant, 5, &row.last_text.repeat(2)));
    }
    for size in [(80, 24), (120, 40)] {
        let mut desk = open(tickets.clone(), size).await;
        snapshot("scripts_queue", size, &mut desk);
        desk.keys("Enter").await;
        snapshot("scripts_thread", size, &mut desk);
    }
}

#[tokio::test]
async fn ascii_without_colour() {
    let mut desk = open_with(shop(), (80, 24), |setup| setup.ascii = true).await;
    desk.screen.without_colour();
    desk.keys("i").await;
    desk.types("only for us").await;
    snapshot("ascii_note", (80, 24), &mut desk);
    let written = String::from_utf8_lossy(desk.screen.written()).into_owned();
    for colour in ["\u{1b}[38;5", "\u{1b}[31m", "\u{1b}[48;5"] {
        assert!(!written.contains(colour), "{colour:?}");
    }
}

#[tokio::test]
async fn links_and_states() {
    let mut desk = open(shop(), (80, 24)).await;
    for (link, words) in [
        (LinkState::Connecting, "connecting"),
        (LinkState::CatchingUp, "catching up"),
        (LinkState::Live, "live"),
        (
            LinkState::Offline { since: noon() - Duration::from_secs(600), why: "no route".to_owned() },
            "offline since 13:22",
        ),
        (LinkState::Stopped { why: "logged out".to_owned() }, "stopped: logged out"),
    ] {
        desk.change(|state| state.link = Some(link.clone()));
        desk.changed(1042).await;
        desk.sees(words);
    }
}

#[tokio::test]
async fn a_terminal_too_small_says_so() {
    let mut desk = open(shop(), (80, 24)).await;
    for size in [(50, 12), (1, 1), (0, 0), (200, 5), (59, 60)] {
        desk.screen.resize(size);
        let text = desk.text();
        assert!(size.0 < 50 || text.contains("60x16"), "{size:?}: {text}");
    }
    for size in [(60, 16), (99, 20), (100, 20), (139, 41), (140, 19), (300, 100)] {
        desk.screen.resize(size);
        desk.keys("r").await;
        desk.sees("PUBLIC");
        desk.keys("Esc Esc").await;
    }
}
