//! Summons in the engine: who is told in Telegram, once, whatever becomes of the call; and who is not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::config;
use topicdesk::desk::command::Command;
use topicdesk::desk::escalation::{Account, Reach, StaffChat};
use topicdesk::desk::ids::{GroupId, MessageId};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Happening, Incoming, LinkState, Order, Outcome, Summons};
use topicdesk::engine::views::{Alert, View, ViewRequest, Window};

use super::support::bench::{
    ANNA, Bench, COLLEAGUE, LI, at_screen, created, facts, rules, screen_closed, text, ticket,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const AGENTS: &str = "[telegram]\nstaff_chat = -1000000000055\n[[agents]]\nname = \"anna\"\ntelegram = 901\n\
                      [[agents]]\nname = \"tom\"\ntelegram = \"@tom_d\"\n[[agents]]\nname = \"eva\"\n\
                      [[teams]]\nname = \"billing\"\nagents = [\"tom\", \"anna\"]\n";

const BOTH: &str = "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = [\"anna\", \"@assignee\"]\n\
                    tell = [\"telegram\", \"staff_chat\"]\nmessage = \"Please see to this\"\nnote = \"secret words\"\n";

fn with(escalations: &str) -> Rules {
    let config = config::from_text("desk.toml", &format!("{AGENTS}{escalations}"), None).expect("right").rules;
    Rules {
        sla: config.sla,
        escalations: config.escalations,
        routing: config.routing,
        staff: config.staff,
        pilot: config.pilot,
        ..rules()
    }
}

fn live(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[]);
    bench.orders.clear();
    bench
}

fn asks(bench: &mut Bench, id: i32) {
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(id, LI, now, "Refund")),
        Happening::Message(text(id + 1, id, LI, now, "Please")),
    ]);
}

/// Lets time pass as it does: the timer comes whenever the engine has asked for it.
fn pass(bench: &mut Bench, span: Duration) {
    let until = bench.now() + span;
    while let Some(wake) = bench.engine.next_wake().filter(|at| *at <= until) {
        let now = bench.now();
        bench.pass(wake.since(now));
    }
    let rest = until.since(bench.now());
    bench.pass(rest);
}

fn summonses(bench: &mut Bench) -> Vec<Summons> {
    bench
        .orders
        .extract_if(.., |order| matches!(order, Order::Summon(_)))
        .filter_map(|order| match order {
            Order::Summon(summons) => Some(summons),
            _ => None,
        })
        .collect()
}

fn answer(bench: &mut Bench, summons: &Summons, outcome: Outcome) {
    bench.incoming(Incoming::Summoned { summons: summons.summons, outcome });
}

fn sent(bench: &Bench) -> Outcome {
    Outcome::Sent { message: MessageId(7), at: bench.now() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "cut".to_owned() }
}

fn lines(bench: &Bench) -> Vec<String> {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(20), window: Window::Newest, limit: 500 }) {
        View::Thread(page) => {
            let reached = page.thread.into_iter().map(|entry| entry.text);
            reached.filter(|line| line.contains("could not reach")).collect()
        }
        other => panic!("no thread: {other:?}"),
    }
}

fn anna() -> Reach {
    Reach::Agent { name: "anna".into(), account: Account::Id(ANNA) }
}

fn tom() -> Reach {
    Reach::Agent { name: "tom".into(), account: Account::Username("tom_d".to_owned()) }
}

fn chat() -> Reach {
    Reach::StaffChat(StaffChat::Id(GroupId(55)))
}

fn to(all: &[Summons]) -> Vec<Reach> {
    all.iter().map(|one| one.to.clone()).collect()
}

#[test]
fn a_firing_is_told_once_to_each_and_the_note_stays_in_the_desk() {
    let mut bench = live(with(BOTH));
    asks(&mut bench, 20);
    pass(&mut bench, 29 * MINUTE);
    assert_eq!(summonses(&mut bench), []);
    pass(&mut bench, MINUTE);
    let all = summonses(&mut bench);
    assert_eq!(to(&all), [anna(), chat()]);
    let [first, second] = &all[..] else { panic!("{all:?}") };
    let words = "Please see to this\n#20 Refund\nno response, since Sun 22 Nov 12:00 UTC\nhttps://t.me/c/77/20";
    assert_eq!((first.text.as_str(), second.text.as_str()), (words, words));
    assert_ne!(first.random_id, second.random_id);
    assert_eq!(bench.take_sends(), [], "nothing of it goes to the customer");
    for one in &all {
        let outcome = sent(&bench);
        answer(&mut bench, one, outcome);
    }
    pass(&mut bench, 48 * HOUR);
    let mut bench = bench.restart();
    bench.connect();
    pass(&mut bench, HOUR);
    assert_eq!(summonses(&mut bench), []);
    assert_eq!(lines(&bench), Vec::<String>::new());
    let log = bench.thread(20);
    assert!(log.contains("; told anna, the staff chat"), "{log}");
}

#[test]
fn what_nobody_knows_is_asked_again_as_the_identical_call_also_by_the_next_process() {
    let mut bench = live(with(BOTH));
    asks(&mut bench, 20);
    pass(&mut bench, 30 * MINUTE);
    let first = summonses(&mut bench);
    answer(&mut bench, &first[0], unknown());
    pass(&mut bench, MINUTE);
    let again = summonses(&mut bench);
    assert_eq!(again, first[..1], "the other one is still on its way");
    let mut bench = bench.restart();
    assert_eq!(summonses(&mut bench), [], "not before the link is live");
    bench.connect();
    pass(&mut bench, MINUTE);
    let after = summonses(&mut bench);
    assert_eq!(after, first, "whatever the ticket is by now");
    // Telegram says that it has it, or is busy with it: asked often enough, it has it.
    let mut asked = after.into_iter().filter(|one| one.to == anna()).collect::<Vec<_>>();
    for _ in 0..20 {
        let Some(one) = asked.pop() else { break };
        answer(&mut bench, &one, Outcome::Taken);
        pass(&mut bench, HOUR);
        asked = summonses(&mut bench);
    }
    assert_eq!(asked, []);
    assert_eq!(lines(&bench), Vec::<String>::new());
    assert_eq!(bench.take_sends(), []);
}

#[test]
fn a_definite_refusal_stands_for_that_firing_and_the_log_says_whom_and_why() {
    let mut bench = live(with(BOTH));
    asks(&mut bench, 20);
    pass(&mut bench, 30 * MINUTE);
    let all = summonses(&mut bench);
    answer(
        &mut bench,
        &all[0],
        Outcome::Refused { why: "has blocked the desk's account".to_owned(), topic_gone: false },
    );
    let not_before = bench.now() + 10 * MINUTE;
    answer(&mut bench, &all[1], Outcome::Later { not_before });
    assert_eq!(lines(&bench), ["\"late\" could not reach anna in Telegram: has blocked the desk's account"]);
    pass(&mut bench, 9 * MINUTE);
    assert_eq!(summonses(&mut bench), []);
    pass(&mut bench, MINUTE);
    let later = summonses(&mut bench);
    assert_eq!(later, all[1..], "after a wait, and only what was told to wait");
    let outcome = sent(&bench);
    answer(&mut bench, &later[0], outcome);
    pass(&mut bench, 24 * HOUR);
    assert_eq!(summonses(&mut bench), []);
    // Another wait is another firing.
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 20, COLLEAGUE, now, "Here"))]);
    bench.push(vec![Happening::Message(text(31, 20, LI, now, "And now?"))]);
    pass(&mut bench, 30 * MINUTE);
    assert_eq!(to(&summonses(&mut bench)), [anna(), chat()]);
}

#[test]
fn a_wait_that_telegram_asks_for_keeps_no_reply_back_and_many_take_turns() {
    let mut bench = live(with(
        "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\ntell = \"staff_chat\"\nmax_per_hour = 100\n",
    ));
    for id in 0..30 {
        asks(&mut bench, 100 + id * 10);
    }
    pass(&mut bench, 30 * MINUTE);
    let mut told = summonses(&mut bench);
    assert_eq!(told.len(), 4, "so many at once");
    let not_before = bench.now() + HOUR;
    answer(&mut bench, &told[0], Outcome::Later { not_before });
    let reply = Command::Reply {
        ticket: ticket(100),
        text: "Here I am".to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Default::default(),
    };
    bench.command("anna", reply).expect("accepted");
    assert_eq!(bench.take_sends().len(), 1, "at once");
    let mut in_a_minute = told.len();
    for _ in 0..59 {
        for one in std::mem::take(&mut told).iter().skip(usize::from(in_a_minute == 4)) {
            let outcome = sent(&bench);
            answer(&mut bench, one, outcome);
        }
        pass(&mut bench, Duration::from_secs(1));
        told = summonses(&mut bench);
        in_a_minute += told.len();
    }
    assert!((10..=20).contains(&in_a_minute), "{in_a_minute}");
}

#[test]
fn on_trial_nothing_leaves_and_what_waited_for_that_is_dropped() {
    let mut bench = live(with(BOTH));
    asks(&mut bench, 20);
    pass(&mut bench, 30 * MINUTE);
    let all = summonses(&mut bench);
    answer(&mut bench, &all[0], unknown());
    let mut bench = bench.restart_with(Rules { pilot: true, ..with(BOTH) });
    bench.connect();
    asks(&mut bench, 40);
    pass(&mut bench, HOUR);
    assert_eq!(summonses(&mut bench), []);
    let heard = |alert: &Alert| matches!(alert, Alert::Escalated { ticket: key, .. } if *key == ticket(40));
    assert!(bench.alerts.iter().any(heard), "in the desk it is heard all the same: {:?}", bench.alerts);
    let mut bench = bench.restart_with(with(BOTH));
    bench.connect();
    pass(&mut bench, HOUR);
    assert_eq!(summonses(&mut bench), []);
}

#[test]
fn the_staff_chat_is_never_the_group_of_the_customers() {
    let rule = "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\ntell = \"staff_chat\"\n";
    for chat in [StaffChat::Id(GroupId(77)), StaffChat::Username("Acme_Support".to_owned())] {
        let mut rules = with(rule);
        rules.escalations.staff_chat = Some(chat);
        let mut bench = live(rules);
        let named = topicdesk::engine::transport::GroupFacts { username: Some("acme_support".to_owned()), ..facts() };
        bench.incoming(Incoming::Facts(named));
        asks(&mut bench, 20);
        pass(&mut bench, 24 * HOUR);
        assert_eq!(summonses(&mut bench), []);
        let told = lines(&bench);
        assert!(matches!(&told[..], [line] if line.contains("could not reach the staff chat")), "{told:?}");
    }
}

#[test]
fn of_a_team_whoever_is_there_is_told_and_who_has_no_account_is_named() {
    let rule = "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = [\"team:billing\", \"@assignee\"]\n\
                tell = \"telegram\"\n";
    let mut bench = live(with(rule));
    asks(&mut bench, 20);
    bench.command("eva", Command::Claim { ticket: ticket(20) }).expect("claimed");
    bench.command("tom", at_screen(1)).expect("there");
    pass(&mut bench, 30 * MINUTE);
    assert_eq!(to(&summonses(&mut bench)), [tom()], "anna is not there");
    assert_eq!(lines(&bench), ["\"late\" could not reach eva in Telegram: desk.toml names no Telegram account"]);
    bench.command("tom", screen_closed(1)).expect("gone");
    asks(&mut bench, 40);
    pass(&mut bench, 30 * MINUTE);
    assert_eq!(to(&summonses(&mut bench)), [tom(), anna()], "nobody is there: all of it");
}

#[test]
fn sums_are_told_in_telegram_too_and_what_waited_too_long_is_not_told_at_all() {
    let capped = format!("{BOTH}max_per_hour = 1\n");
    let mut bench = live(with(&capped));
    for id in [20, 30, 40] {
        asks(&mut bench, id);
    }
    pass(&mut bench, 31 * MINUTE);
    let all = summonses(&mut bench);
    assert_eq!(all.len(), 2, "one firing, two to tell: {all:?}");
    for one in &all {
        let outcome = sent(&bench);
        answer(&mut bench, one, outcome);
    }
    pass(&mut bench, HOUR);
    let sum = summonses(&mut bench);
    assert_eq!(
        sum.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["late\n2 escalations more in the last hour: see the desk"; 2]
    );
    for one in &sum {
        let outcome = sent(&bench);
        answer(&mut bench, one, outcome);
    }
    // Due while the desk was away: all together.
    for id in [50, 60] {
        asks(&mut bench, id);
    }
    let since = bench.now();
    bench.incoming(Incoming::Link(LinkState::Offline { since, why: "cable".to_owned() }));
    bench.pass(5 * HOUR);
    bench.connect();
    pass(&mut bench, MINUTE);
    let missed = summonses(&mut bench);
    assert!(
        missed.iter().any(|one| one.text == "1 escalation came due while the desk was not connected: see the desk"),
        "{missed:?}"
    );
    assert!(missed.iter().all(|one| !one.text.contains("t.me")), "{missed:?}");
}

#[test]
fn a_step_that_is_taken_back_tells_nobody_twice() {
    let mut bench = live(with(BOTH));
    asks(&mut bench, 20);
    bench.pass(29 * MINUTE);
    // The firing cannot be written down, so nobody is told yet.
    bench.refuse.store(true, Ordering::SeqCst);
    bench.clock.step(2 * MINUTE);
    bench.step(Input::Woken);
    assert_eq!(summonses(&mut bench), []);
    bench.refuse.store(false, Ordering::SeqCst);
    pass(&mut bench, MINUTE);
    let all = summonses(&mut bench);
    assert_eq!(to(&all), [anna(), chat()]);
    // The answer cannot be: the identical call is made again, which Telegram knows.
    bench.refuse.store(true, Ordering::SeqCst);
    let outcome = sent(&bench);
    answer(&mut bench, &all[0], outcome);
    bench.refuse.store(false, Ordering::SeqCst);
    pass(&mut bench, MINUTE);
    assert_eq!(summonses(&mut bench), all[..1], "the other one is still on its way");
    let outcome = sent(&bench);
    answer(&mut bench, &all[0], outcome);
    pass(&mut bench, HOUR);
    assert_eq!(summonses(&mut bench), []);
}
