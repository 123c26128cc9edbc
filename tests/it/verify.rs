//! Comparing with Telegram once more, and what the desk does when its rights are taken away.

use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::MessageId;
use topicdesk::desk::thread::Message;
use topicdesk::engine::transport::{Failure, GroupFacts, Happening, Incoming, LinkState, Order, Rights};
use topicdesk::engine::views::{Completeness, DeskView, How, Rechecked, TicketCheck, View, ViewRequest};

use crate::support::bench::{ANNA, Bench, OLENA, at, created, facts, text, ticket};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
        text(9, 5, OLENA, at(120), "7.2"),
    ]
}

fn reply(text: &str) -> Command {
    Command::Reply {
        ticket: ticket(5),
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    }
}

fn desk(bench: &Bench) -> DeskView {
    match bench.read("anna", ViewRequest::Desk) {
        View::Desk(desk) => *desk,
        other => panic!("not the desk: {other:?}"),
    }
}

fn scans(bench: &mut Bench) -> Vec<Order> {
    bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect()
}

#[test]
fn what_was_missed_is_found_and_mended() {
    let mut bench = Bench::followed(&history());
    bench.command("", Command::Recheck { ticket: Some(ticket(5)) }).expect("begins");
    // Nothing of this was ever told: a message that was missed, an edit, a deletion.
    let mut now = history();
    now.retain(|message| message.id.0 != 7);
    now[2] = Message { edited_at: Some(at(130)), ..text(9, 5, OLENA, at(120), "7.2.1") };
    now.insert(2, text(8, 5, OLENA, at(70), "Are you there?"));
    for scan in scans(&mut bench) {
        bench.answer_scan(&scan, &now);
    }
    let recheck = bench.engine.recheck().expect("there was one");
    assert_eq!((recheck.done, recheck.total), (1, 1));
    assert_eq!(recheck.found, [(ticket(5), Rechecked { missed: 1, edited: 1, deleted: 1 })]);
    let thread = bench.thread(5);
    for words in ["Are you there? late", "7.2.1"] {
        assert!(thread.contains(words), "{words}\n{thread}");
    }
    // Compared again there is nothing left to find.
    bench.command("", Command::Recheck { ticket: None }).expect("begins");
    for scan in scans(&mut bench) {
        bench.answer_scan(&scan, &now);
    }
    assert_eq!(bench.engine.recheck().expect("there was one").found, []);
    match bench.read("anna", ViewRequest::Completeness { ticket: Some(ticket(5)) }) {
        View::Completeness { checks } => {
            assert_eq!(checks[0].verdict, Completeness::Complete, "{checks:?}");
            assert_eq!((checks[0].messages, checks[0].deleted, checks[0].late), (3, 1, 1), "{checks:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_that_is_shown_less_proves_no_deletion() {
    let mut bench = Bench::followed(&history());
    let blind = Rights { member: true, send: true, ..Rights::default() };
    bench.incoming(Incoming::Facts(GroupFacts { rights: blind, ..facts() }));
    bench.command("", Command::Recheck { ticket: Some(ticket(5)) }).expect("begins");
    for scan in scans(&mut bench) {
        bench.answer_scan(&scan, &[]);
    }
    assert_eq!(bench.engine.recheck().expect("there was one").found, []);
}

fn check(bench: &Bench) -> TicketCheck {
    match bench.read("anna", ViewRequest::Completeness { ticket: Some(ticket(5)) }) {
        View::Completeness { checks } => checks.into_iter().next().expect("the ticket"),
        other => panic!("{other:?}"),
    }
}

/// `from to how`, of each range.
fn seen(bench: &Bench) -> Vec<(i32, i32, How)> {
    check(bench).seen.into_iter().map(|range| (range.from.0, range.to.0, range.how)).collect()
}

#[test]
fn each_id_is_known_by_how_it_was_seen_and_what_was_not_shown_is_asked_for_again() {
    let mut now = history();
    let mut bench = Bench::followed(&now);
    bench.push(vec![Happening::Deleted(vec![MessageId(7)])]);
    let message = [(5, 5, How::Service), (6, 6, How::Message), (7, 7, How::Deleted), (8, 8, How::Unseen)];
    assert_eq!(seen(&bench), [&message[..], &[(9, 9, How::Message)]].concat());
    // While the account is shown only commands, ids that show nothing prove nothing.
    let blind = Rights { member: true, send: true, ..Rights::default() };
    bench.incoming(Incoming::Facts(GroupFacts { rights: blind, ..facts() }));
    bench.push(vec![Happening::Message(text(20, 5, OLENA, at(200), "/help"))]);
    for scan in scans(&mut bench) {
        bench.answer_scan(&scan, &[]);
    }
    assert_eq!(scans(&mut bench), [], "and they are not asked for again and again");
    assert_eq!(check(&bench).verdict, Completeness::Unknown);
    let tail = [(9, 9, How::Message), (10, 19, How::NotShown), (20, 20, How::Message)];
    assert_eq!(seen(&bench), [&message[..], &tail].concat());
    // Shown everything again, the desk asks for them by itself, and then knows.
    bench.incoming(Incoming::Facts(facts()));
    assert_eq!(check(&bench).verdict, Completeness::Holes);
    now.push(text(12, 5, OLENA, at(150), "can anybody hear me?"));
    now.push(text(15, 6, OLENA, at(160), "another matter"));
    for scan in scans(&mut bench) {
        bench.answer_scan(&scan, &now);
    }
    assert!(bench.thread(5).contains("can anybody hear me? late"), "{}", bench.thread(5));
    assert_eq!(check(&bench).verdict, Completeness::Complete);
    let tail = [
        (9, 9, How::Message),
        (10, 11, How::Unseen),
        (12, 12, How::Message),
        (13, 14, How::Unseen),
        (15, 15, How::Elsewhere),
        (16, 19, How::Unseen),
        (20, 20, How::Message),
    ];
    assert_eq!(seen(&bench), [&message[..], &tail].concat());
}

#[test]
fn a_first_synchronisation_that_was_shown_little_is_done_again_when_it_is_shown_all() {
    let mut bench = Bench::new();
    bench.connect();
    let blind = Rights { member: true, send: true, ..Rights::default() };
    // Above what is known to exist there is no hole to close.
    let top_message = Some(MessageId(9));
    bench.incoming(Incoming::Facts(GroupFacts { rights: blind, top_message, ..facts() }));
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor });
    bench.backfill(&history()[..1]);
    bench.incoming(Incoming::Link(LinkState::Live));
    assert_eq!(scans(&mut bench), []);
    bench.incoming(Incoming::Facts(facts()));
    let mut asked = 0;
    loop {
        let open = scans(&mut bench);
        if open.is_empty() {
            break;
        }
        asked += open.len();
        open.iter().for_each(|scan| bench.answer_scan(scan, &history()));
    }
    assert!(asked > 0);
    assert!(bench.thread(5).contains("7.2"), "{}", bench.thread(5));
    assert_eq!(check(&bench).verdict, Completeness::Complete);
}

#[test]
fn without_rights_nothing_is_sent_and_it_goes_on_by_itself_when_they_return() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("queued while all was well")).expect("accepted");
    bench.take_sends();
    for lost in [
        GroupFacts { rights: Rights::default(), ..facts() },
        GroupFacts { rights: Rights { send: false, ..facts().rights }, ..facts() },
        GroupFacts { forum: false, ..facts() },
    ] {
        bench.incoming(Incoming::Facts(lost));
        let why = desk(&bench).read_only.expect("it says so");
        assert_eq!(bench.command("anna", reply("never")), Err(Refusal::ReadOnly(why)));
        bench.command("anna", Command::Note { ticket: ticket(5), text: "noted".to_owned() }).expect("stays possible");
        assert_eq!(bench.take_sends(), []);
        bench.incoming(Incoming::Facts(facts()));
        assert_eq!(desk(&bench).read_only, None);
    }
    bench.command("anna", reply("again")).expect("accepted");
}

#[test]
fn a_group_that_cannot_be_got_at_is_said_and_asked_about_again() {
    let mut bench = Bench::followed(&history());
    bench.orders.clear();
    bench.pass(Duration::from_secs(600));
    let asked: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Facts { .. })).collect();
    assert_eq!(asked.len(), 1, "rights are looked at now and then");
    let why = Failure::NoAccess { why: "Desk is not a member".to_owned() };
    bench.incoming(Incoming::Failed { order: asked[0].clone(), why });
    assert_eq!(desk(&bench).read_only.as_deref(), Some("Desk is not a member"));
    bench.pass(Duration::from_secs(60));
    assert!(bench.orders.iter().any(|order| matches!(order, Order::Facts { .. })), "and asked about again");
    bench.incoming(Incoming::Facts(facts()));
    assert_eq!(desk(&bench).read_only, None);
}

#[test]
fn a_wait_for_fetches_is_remembered() {
    let mut bench = Bench::new();
    bench.connect();
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor });
    let scan = scans(&mut bench).remove(0);
    let not_before = bench.now() + Duration::from_secs(300);
    bench.incoming(Incoming::Failed { order: scan, why: Failure::Later { not_before } });
    let mut bench = bench.restart();
    bench.connect();
    bench.incoming(Incoming::Link(LinkState::Live));
    assert_eq!(scans(&mut bench), [], "not before Telegram said");
    bench.pass(Duration::from_secs(301));
    assert!(!scans(&mut bench).is_empty(), "and then at once");
}
