//! What becomes of messages: edited, deleted, put together in albums, reacted to, pinned; who is gone; who answered outside.

use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{MessageId, PersonId};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::thread::{Content, Media, Message, Post, Reaction, ServiceMessage};
use topicdesk::engine::Engine;
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::Happening;
use topicdesk::engine::views::{Alert, Entry, OutsideReport, QueueName, Sort, ThreadPage, View, ViewRequest, Window};
use topicdesk::store::Store;

use crate::support::bench::{ANNA, BOT, Bench, COLLEAGUE, LI, OLENA, at, created, rules, text, ticket};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
        text(9, 5, OLENA, at(120), "seven point two"),
    ]
}

fn edited(message: Message, text: &str, seconds: i64) -> Happening {
    let Content::Post(post) = message.content.clone() else { panic!("a post") };
    let content = Content::Post(Post { text: text.to_owned(), ..post });
    Happening::Edited(Message { content, edited_at: Some(at(seconds)), ..message })
}

fn page(bench: &Bench, window: Window, limit: usize) -> ThreadPage {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(5), window, limit }) {
        View::Thread(page) => *page,
        other => panic!("not a thread: {other:?}"),
    }
}

fn entry(bench: &Bench, message: i32) -> Entry {
    let page = page(bench, Window::Newest, 500);
    let found = page.thread.iter().find(|entry| entry.is_message(MessageId(message)));
    found.unwrap_or_else(|| panic!("no message {message}")).clone()
}

fn last_text(bench: &Bench) -> String {
    let request =
        ViewRequest::Queue { queue: QueueName::All, filter: String::new(), sort: Sort::Natural, offset: 0, limit: 9 };
    match bench.read("anna", request) {
        View::Queue(page) => page.rows[0].last_text.clone(),
        other => panic!("not a queue: {other:?}"),
    }
}

fn hits(bench: &Bench, words: &str) -> usize {
    match bench.read("anna", ViewRequest::Search { text: words.to_owned(), limit: 9 }) {
        View::Search { hits } => hits.len(),
        other => panic!("no hits: {other:?}"),
    }
}

/// Tells whether the desk's files contain a word anywhere, as bytes.
fn on_disk(bench: &Bench, word: &str) -> bool {
    let files = std::fs::read_dir(bench.folder.path()).expect("folder");
    files
        .map(|file| std::fs::read(file.expect("file").path()).expect("readable"))
        .any(|bytes| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes())))
}

#[test]
fn every_text_of_an_edited_message_is_kept_and_shown() {
    let mut bench = Bench::followed(&history());
    let original = text(9, 5, OLENA, at(120), "seven point two");
    // Two edits within a second: Telegram's dates do not tell them apart.
    bench.push(vec![edited(original.clone(), "7.2", 200), edited(original.clone(), "7.3", 200)]);
    bench.push(vec![edited(original.clone(), "7.4", 300), edited(original, "7.1", 250)]);
    let entry = entry(&bench, 9);
    assert_eq!(
        (entry.text.as_str(), entry.edited_at),
        ("7.4", Some(at(300))),
        "what is older than the latest is not news"
    );
    let edits: Vec<(&str, _)> = entry.edits.iter().map(|edit| (edit.text.as_str(), edit.at.unix())).collect();
    let second = at(200).unix();
    assert_eq!(edits, [("seven point two", at(120).unix()), ("7.2", second), ("7.3", second)]);
    assert!(!entry.edited_after_answer);
    assert_eq!(last_text(&bench), "7.4");
    assert_eq!((hits(&bench, "seven"), hits(&bench, "7.4")), (0, 1), "found by what it says now");
    let json = serde_json::to_value(&entry).expect("json");
    assert_eq!(json["edits"][0]["text"], "seven point two");
}

#[test]
fn an_edit_after_the_answer_is_marked_and_flags_the_ticket() {
    let mut bench = Bench::followed(&history());
    let question = history()[1].clone();
    bench.push(vec![edited(question, "After the update I cannot PAY", 200)]);
    assert!(entry(&bench, 6).edited_after_answer, "the answer is of second 60");
    let page = page(&bench, Window::Newest, 500);
    assert!(page.ticket.row.flagged);
    assert!(page.thread.iter().any(|entry| entry.text == "flagged: Olena K. changed a message after it was answered"));
    // Staff who mend their own words change no question.
    let mut bench = Bench::followed(&history());
    bench.push(vec![edited(history()[2].clone(), "Which version, please?", 200)]);
    assert!(!entry(&bench, 7).edited_after_answer);
}

#[test]
fn what_changes_nothing_that_is_said_is_no_edit() {
    let mut bench = Bench::followed(&history());
    let before = history()[1].clone();
    let Content::Post(post) = before.content.clone() else { panic!("a post") };
    let heart = Reaction { emoji: "❤".to_owned(), count: 3, by: Vec::new() };
    let liked = Content::Post(Post { pinned: true, reactions: vec![heart.clone()], ..post });
    bench.push(vec![Happening::Edited(Message { content: liked, edited_at: None, ..before.clone() })]);
    let entry_now = entry(&bench, 6);
    assert_eq!((entry_now.edited_at, entry_now.edits.len()), (None, 0));
    assert!(entry_now.pinned);
    assert_eq!(entry_now.reactions, [heart]);
    let pinned = page(&bench, Window::Newest, 9).ticket.pinned;
    assert_eq!(pinned.iter().map(|one| one.message_id.0).collect::<Vec<_>>(), [6]);
    // The desk's own reply comes back with the links that Telegram found in it.
    let command = Command::Reply {
        ticket: ticket(5),
        text: "see example.org".into(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", command).expect("sent");
    let send = bench.take_sends().remove(0);
    bench.deliver(&send, 20);
    let link =
        topicdesk::desk::thread::Entity { offset: 4, length: 11, kind: topicdesk::desk::thread::EntityKind::Url };
    let content = Content::Post(Post { text: "see example.org".into(), entities: vec![link], ..Post::default() });
    let echo = Message { content, ..text(20, 5, BOT, bench.now(), "") };
    bench.push(vec![Happening::Edited(echo)]);
    assert_eq!(entry(&bench, 20).edits.len(), 0);
    assert_eq!(entry(&bench, 20).edited_at, None);
}

#[test]
fn a_deleted_text_leaves_the_database() {
    let mut bench = Bench::followed(&history());
    let secret = text(20, 5, OLENA, bench.now(), "my password is xyzzy-one");
    bench.push(vec![Happening::Message(secret.clone())]);
    bench.push(vec![edited(secret, "my password is plugh-two", 9000)]);
    assert!(on_disk(&bench, "xyzzy") && on_disk(&bench, "plugh"), "there to begin with");
    assert_eq!(last_text(&bench), "my password is plugh-two");
    bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
    let tombstone = entry(&bench, 20);
    assert!(tombstone.deleted && tombstone.text.is_empty() && tombstone.edits.is_empty(), "{tombstone:?}");
    assert_eq!(tombstone.deleted_at, Some(bench.now()));
    assert_eq!(last_text(&bench), "seven point two", "the last message that is there");
    assert_eq!(hits(&bench, "password"), 0);
    for word in ["xyzzy", "plugh", "password"] {
        assert!(!on_disk(&bench, word), "{word} is still in the files");
    }
    // Told again, and edited by somebody who does not know it yet.
    bench.push(vec![
        edited(text(20, 5, OLENA, bench.now(), ""), "plugh again", 9999),
        Happening::Message(text(20, 5, OLENA, bench.now(), "plugh again")),
        Happening::Deleted(vec![MessageId(20)]),
    ]);
    assert!(entry(&bench, 20).text.is_empty(), "a deletion is final");
}

#[test]
fn a_deleted_reply_of_the_desk_leaves_the_outbox_too_but_no_draft() {
    let mut bench = Bench::followed(&history());
    let command = Command::Reply {
        ticket: ticket(5),
        text: "grue-reply".into(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", command).expect("sent");
    let send = bench.take_sends().remove(0);
    bench.deliver(&send, 20);
    let draft = Command::SaveDraft { ticket: ticket(5), text: "grue-draft".into(), note: false };
    bench.command("anna", draft).expect("saved");
    bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
    assert!(!on_disk(&bench, "grue-reply"));
    assert!(on_disk(&bench, "grue-draft"));
    assert_eq!(page(&bench, Window::Newest, 9).draft.map(|draft| draft.text).as_deref(), Some("grue-draft"));
}

#[test]
fn a_desk_that_keeps_deleted_texts_forgets_them_when_told_to() {
    let mut bench = Bench::followed(&history());
    let keeping = Rules { keep_deleted_text: true, ..rules() };
    let store = Store::open(bench.folder.path()).expect("store");
    bench.engine = Engine::new(store, keeping, || 1).expect("engine");
    bench.push(vec![Happening::Deleted(vec![MessageId(6)])]);
    let kept = entry(&bench, 6);
    assert!(kept.deleted);
    assert_eq!(kept.text, "After the update I cannot log in");
    let bench = bench.restart();
    assert_eq!(entry(&bench, 6).text, "");
    assert_eq!(hits(&bench, "update"), 0);
}

fn photo(id: i32, album: i64, caption: &str) -> Message {
    let media = Some(Media::Photo { width: 10, height: 10, size: 1000 });
    let post = Post { media, album: Some(album), text: caption.to_owned(), ..Post::default() };
    Message { content: Content::Post(post), ..text(id, 5, OLENA, at(5000), "") }
}

#[test]
fn an_album_is_one_entry_however_its_parts_come() {
    let mut bench = Bench::followed(&history());
    bench.alerts.clear();
    bench.push(vec![Happening::Message(photo(20, 77, "the broken zip")), Happening::Message(photo(21, 77, ""))]);
    assert_eq!(bench.alerts, [Alert::Reply { ticket: ticket(5), assignee: "anna".into() }], "heard once");
    assert_eq!(last_text(&bench), "[album: 2 photos] the broken zip");
    bench.push(vec![Happening::Message(text(22, 5, LI, at(5000), "same here"))]);
    bench.push(vec![Happening::Message(photo(23, 77, ""))]);
    let all = page(&bench, Window::Newest, 500);
    let texts: Vec<&str> = all.thread.iter().rev().take(2).map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["same here", "[album: 3 photos]\nthe broken zip"]);
    let album = entry(&bench, 23);
    assert_eq!(album.parts.iter().map(|part| part.message_id.0).collect::<Vec<_>>(), [20, 21, 23]);
    assert_eq!((album.message_id, album.last_message()), (Some(MessageId(20)), Some(MessageId(23))));

    bench.push(vec![Happening::Deleted(vec![MessageId(21)])]);
    let album = entry(&bench, 20);
    assert_eq!((album.text.as_str(), album.deleted), ("[album: 2 photos, 1 deleted]\nthe broken zip", false));
    assert!(album.parts[1].deleted);
    bench.push(vec![Happening::Deleted(vec![MessageId(20), MessageId(23)])]);
    assert!(entry(&bench, 20).deleted);
}

#[test]
fn pages_neither_cut_nor_repeat_an_album() {
    let mut bench = Bench::followed(&history());
    let mut said: Vec<Happening> = (20..26).map(|id| Happening::Message(photo(id, 78, ""))).collect();
    said.push(Happening::Message(text(26, 5, OLENA, at(5001), "look")));
    bench.push(said);
    let whole: Vec<_> = page(&bench, Window::Newest, 500).thread.into_iter().map(|entry| entry.id).collect();
    for size in 1..9 {
        let mut up = Vec::new();
        let mut part = page(&bench, Window::Newest, size);
        loop {
            up.splice(0..0, part.thread.iter().map(|entry| entry.id));
            if !part.more_before {
                break;
            }
            part = page(&bench, Window::Before(up[0]), size);
        }
        assert_eq!(up, whole, "upwards by {size}");
        let mut down = vec![whole[0]];
        loop {
            let part = page(&bench, Window::After(*down.last().expect("one")), size);
            let more = part.more_after;
            assert!(!more || !part.thread.is_empty(), "nothing, and yet more");
            down.extend(part.thread.iter().map(|entry| entry.id));
            if !more {
                break;
            }
        }
        assert_eq!(down, whole, "downwards by {size}");
    }
    let around = page(&bench, Window::Around(MessageId(23)), 4);
    assert_eq!(around.thread.iter().filter(|entry| entry.is_message(MessageId(23))).count(), 1);
}

#[test]
fn reactions_and_pins_move_no_status_and_no_clock() {
    let mut bench = Bench::followed(&history());
    let before = bench.thread(5).lines().next().map(str::to_owned);
    let reacted = |by: PersonId, emoji: &[&str]| Happening::Reacted {
        message: MessageId(9),
        by,
        emoji: emoji.iter().map(|one| (*one).to_owned()).collect(),
    };
    bench.push(vec![reacted(LI, &["👍"]), reacted(ANNA, &["👍"]), reacted(LI, &["👍"])]);
    let shown = |bench: &Bench| {
        let reactions = entry(bench, 9).reactions;
        reactions.iter().map(|one| format!("{} {}", one.emoji, one.count)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&bench), ["👍 2"], "told twice counts once");
    bench.push(vec![reacted(LI, &["🔥"])]);
    assert_eq!(shown(&bench), ["👍 1", "🔥 1"]);
    let all = Reaction { emoji: "❤".to_owned(), count: 7, by: Vec::new() };
    bench.push(vec![Happening::Reactions { message: MessageId(9), reactions: vec![all] }]);
    assert_eq!(shown(&bench), ["❤ 7"]);
    bench.push(vec![Happening::Pinned { messages: vec![MessageId(9), MessageId(4000)], pinned: true }]);
    assert!(entry(&bench, 9).pinned);
    bench.push(vec![Happening::Pinned { messages: vec![MessageId(9)], pinned: false }]);
    assert!(!entry(&bench, 9).pinned);
    assert_eq!(page(&bench, Window::Newest, 9).ticket.pinned, []);
    assert_eq!(bench.thread(5).lines().next().map(str::to_owned), before);
}

#[test]
fn a_customer_who_left_is_marked_until_they_are_back() {
    let mut bench = Bench::followed(&history());
    let gone = |present| Happening::Member { person: OLENA, present, at: at(9000) };
    let left_at = |bench: &Bench| page(bench, Window::Newest, 500).ticket.customer_left_at;
    bench.push(vec![gone(false), gone(false), Happening::Member { person: LI, present: false, at: at(9000) }]);
    assert_eq!(left_at(&bench), Some(at(9000)));
    let thread = bench.thread(5);
    assert_eq!(thread.matches("the customer is no longer in the group").count(), 1, "{thread}");
    bench.push(vec![gone(true)]);
    assert_eq!(left_at(&bench), None);
    // Without admin's updates the group's service message says it.
    let left = ServiceMessage::Left { person: OLENA, text: "Olena K. left the group".to_owned() };
    let said = Message { content: Content::Service(left), ..text(30, 1, OLENA, at(9100), "") };
    bench.push(vec![Happening::Message(said)]);
    assert_eq!(left_at(&bench), Some(at(9100)));
    bench.push(vec![Happening::Message(text(31, 5, OLENA, at(9200), "I am back"))]);
    assert_eq!(left_at(&bench), None, "whoever writes is there");
}

#[test]
fn a_history_in_which_somebody_left_and_wrote_again_shows_them_there() {
    let left = |id, seconds| {
        let left = ServiceMessage::Left { person: OLENA, text: "Olena K. left the group".to_owned() };
        Message { content: Content::Service(left), ..text(id, 1, OLENA, at(seconds), "") }
    };
    let mut all = history();
    all.insert(3, left(8, 90));
    let bench = Bench::followed(&all);
    assert_eq!(page(&bench, Window::Newest, 9).ticket.customer_left_at, None);
    all.push(left(10, 130));
    let bench = Bench::followed(&all);
    assert_eq!(page(&bench, Window::Newest, 9).ticket.customer_left_at, Some(at(130)));
}

fn outside(bench: &Bench, since: Option<i64>) -> OutsideReport {
    match bench.read("anna", ViewRequest::Outside { since: since.map(at) }) {
        View::Outside(report) => report,
        other => panic!("no report: {other:?}"),
    }
}

#[test]
fn answers_typed_in_telegram_are_listed_and_counted() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![
        Happening::Message(created(20, LI, at(200), "Refund")),
        Happening::Message(text(21, 20, LI, at(201), "I want my money back")),
        Happening::Message(text(22, 20, BOT, at(202), "I am a bot")),
    ]);
    let command = Command::Reply {
        ticket: ticket(20),
        text: "From the desk".into(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", command).expect("sent");
    let send = bench.take_sends().remove(0);
    bench.deliver(&send, 23);
    bench.push(vec![
        Happening::Message(text(23, 20, BOT, at(300), "From the desk")),
        Happening::Message(text(24, 20, COLLEAGUE, at(5000), "I have refunded you")),
        Happening::Message(text(25, 5, ANNA, at(5001), "Done")),
        Happening::Message(text(26, 1, ANNA, at(5002), "General is no ticket")),
    ]);
    assert!(entry(&bench, 25).outside && !entry(&bench, 9).outside);
    let report = outside(&bench, None);
    let lines: Vec<_> = report
        .answers
        .iter()
        .map(|one| {
            (
                one.id.0,
                one.agent.as_ref().map_or(one.author.as_str(), |name| &name.0),
                one.snippet.as_str(),
                one.first_response,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (5, "anna", "Which version?", true),
            (5, "anna", "Done", false),
            (20, "Carl Colleague", "I have refunded you", false)
        ]
    );
    let totals: Vec<_> =
        report.totals.iter().map(|one| (one.author.as_str(), one.answers, one.first_responses)).collect();
    assert_eq!(totals, [("Anna Agent", 2, 1), ("Carl Colleague", 1, 0)]);
    assert!(report.unseen.iter().any(|line| line.contains("direct messages")));
    assert!(report.unseen.iter().any(|line| line.contains("other bots")));
    assert_eq!(outside(&bench, Some(5001)).answers.len(), 1);
    bench.step(Input::Idle);
}
