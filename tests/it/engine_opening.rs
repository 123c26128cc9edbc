//! A ticket opened from General, step by step: once whatever dies when, with the right customer and the right clocks, or refused in words.

use std::collections::BTreeMap;
use std::time::Duration;

use topicdesk::clock::Timestamp;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{MessageId, OutboxId, PersonId, TopicId};
use topicdesk::desk::intake::IntakeRule;
use topicdesk::desk::rules::Rules;
use topicdesk::desk::thread::{Content, Delivery, Message, Post, ServiceMessage};
use topicdesk::engine::handle::Receipt;
use topicdesk::engine::transport::{GroupFacts, Happening, Incoming, LinkState, Order, Outcome};
use topicdesk::engine::views::{OutboxRow, QueueName, Sort, TicketRow, View, ViewRequest, Window};

use crate::support::bench::{ANNA, BOT, Bench, COLLEAGUE, GROUP, LI, OLENA, at, created, facts, rules, text, ticket};

fn history() -> Vec<Message> {
    vec![
        text(3, 1, OLENA, at(0), "Hello, my parcel is lost"),
        text(4, 1, LI, at(60), "Mine too"),
        text(5, 1, OLENA, at(90), "It is number 77"),
        text(6, 1, COLLEAGUE, at(95), "by the way"),
        created(7, LI, at(100), "Refund"),
        text(8, 7, LI, at(101), "I want my money back"),
    ]
}

fn may(own: PersonId) -> GroupFacts {
    let mut facts = GroupFacts { own, bot: own == BOT, ..facts() };
    facts.rights.manage_topics = true;
    facts
}

fn bench_with(rules: Rules, own: PersonId) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    // Colleagues have answered nobody by what they said in between.
    let mut history = history();
    history[3].reply_to = Some(MessageId(2));
    bench.backfill(&history);
    bench.incoming(Incoming::Facts(may(own)));
    bench.orders.clear();
    bench
}

fn bench() -> Bench {
    bench_with(rules(), BOT)
}

fn open(messages: &[i32], title: &str) -> Command {
    Command::OpenFrom {
        ticket: ticket(1),
        messages: messages.iter().copied().map(MessageId).collect(),
        title: title.to_owned(),
        confirmed: false,
    }
}

fn intake(bench: &Bench) -> Vec<i32> {
    let request = ViewRequest::Queue {
        queue: QueueName::Intake,
        filter: String::new(),
        sort: Sort::Natural,
        offset: 0,
        limit: 50,
    };
    match bench.read("anna", request) {
        View::Queue(page) => page.rows.iter().filter_map(|row| row.message).map(|id| id.0).collect(),
        other => panic!("no queue: {other:?}"),
    }
}

fn outbox(bench: &Bench) -> Vec<OutboxRow> {
    match bench.read("anna", ViewRequest::Outbox) {
        View::Outbox { rows } => rows,
        other => panic!("no outbox: {other:?}"),
    }
}

fn row_of(bench: &Bench, topic: i32) -> (TicketRow, Option<Timestamp>) {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 50 }) {
        View::Thread(page) => (page.ticket.row, page.ticket.first_asked_at),
        other => panic!("no thread: {other:?}"),
    }
}

fn opened_by(bench: &Bench, receipt: &Receipt) -> Option<i32> {
    match bench.read("anna", ViewRequest::OpenedBy { outbox: receipt.outbox.expect("a row") }) {
        View::Ticket { ticket } => ticket.map(|key| key.topic.0),
        other => panic!("no ticket: {other:?}"),
    }
}

/// Telegram, as far as one account's sends go: it remembers every `random_id` for ever.
struct Telegram {
    own: PersonId,
    used: BTreeMap<i64, i32>,
    messages: Vec<(i64, Message)>,
    told: usize,
}

impl Telegram {
    fn new(own: PersonId) -> Telegram {
        Telegram { own, used: BTreeMap::new(), messages: Vec::new(), told: 0 }
    }

    fn put(
        &mut self,
        random_id: i64,
        topic: Option<i32>,
        now: Timestamp,
        content: Content,
        to: Option<MessageId>,
    ) -> i32 {
        if let Some(id) = self.used.get(&random_id) {
            return *id;
        }
        let id = 20 + i32::try_from(self.messages.len()).expect("few");
        let (at, topic) = (Timestamp::from_unix(now.unix()), TopicId(topic.unwrap_or(id)));
        let message =
            Message { id: MessageId(id), topic, author: self.own, at, edited_at: None, reply_to: to, content };
        self.used.insert(random_id, id);
        self.messages.push((random_id, message));
        id
    }

    /// Carries an order out, and gives the answer.
    fn obey(&mut self, order: &Order, now: Timestamp) -> Incoming {
        let sent = |id: i32| Outcome::Sent { message: MessageId(id), at: now };
        match order {
            Order::MakeTopic(new) => {
                let content = Content::Service(ServiceMessage::TopicCreated { title: new.title.clone(), icon: None });
                let id = self.put(new.random_id, None, now, content, None);
                Incoming::TopicMade { outbox: new.outbox, outcome: sent(id) }
            }
            Order::Forward(forward) => {
                let mut copies = Vec::new();
                for (source, random_id) in &forward.messages {
                    let source = history().into_iter().find(|one| one.id == *source).expect("it is there");
                    let Content::Post(post) = source.content else { panic!("a post") };
                    // The name is that of whoever wrote it, or what they let be seen of it.
                    let content = Content::Post(Post { forwarded_from: Some("somebody".to_owned()), ..post });
                    let id = self.put(*random_id, Some(forward.topic.0), now, content, None);
                    copies.push((*random_id, MessageId(id)));
                }
                let outcome = sent(copies.last().expect("some").1.0);
                Incoming::Forwarded { outbox: forward.outbox, outcome, copies }
            }
            Order::Send(send) => {
                let content = Content::Post(Post { text: send.text.clone(), ..Post::default() });
                let id = self.put(send.random_id, Some(send.topic.0), now, content, send.reply_to);
                Incoming::Delivery { outbox: send.outbox, outcome: sent(id) }
            }
            other => panic!("nothing that sends: {other:?}"),
        }
    }

    /// What the stream says of what has not been told; `settles`: also under which ids.
    fn tells(&mut self, settles: bool) -> Vec<Happening> {
        let news = &self.messages[self.told..];
        self.told = self.messages.len();
        let ids = news.iter().filter(|_| settles);
        let settled = ids.map(|(random_id, message)| Happening::Settled { random_id: *random_id, message: message.id });
        settled.chain(news.iter().map(|(_, message)| Happening::Message(message.clone()))).collect()
    }

    fn in_topic(&self, topic: i32) -> Vec<String> {
        let there = self.messages.iter().filter(|(_, message)| message.topic.0 == topic);
        there.map(|(_, message)| message.content.snippet()).collect()
    }
}

fn take(bench: &mut Bench) -> Option<Order> {
    let sends = |order: &mut Order| matches!(order, Order::MakeTopic(_) | Order::Forward(_) | Order::Send(_));
    let mut taken: Vec<Order> = bench.orders.extract_if(.., sends).collect();
    assert!(taken.len() <= 1, "one step at a time: {taken:?}");
    taken.pop()
}

/// A new process, and a link that tells it what it has missed.
fn restart(bench: Bench, telegram: &mut Telegram, settles: bool) -> Bench {
    let mut bench = bench.restart();
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.incoming(Incoming::Facts(may(telegram.own)));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    assert_eq!(take(&mut bench), None, "nothing is repeated before it is known what has worked");
    let news = telegram.tells(settles);
    if !news.is_empty() {
        bench.push(news);
    }
    bench.incoming(Incoming::Link(LinkState::Live));
    bench
}

/// How one of the steps goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// The process dies before the order has left it.
    DiesBefore,
    /// The process dies, and Telegram has carried the order out.
    DiesAfter,
    /// No answer, and nothing was carried out.
    LostCall,
    /// No answer, and it was carried out.
    LostAnswer,
    /// Telegram says that it is busy with it, or has it.
    Taken,
}

fn unanswered(order: &Order, outcome: Outcome) -> Incoming {
    match order {
        Order::MakeTopic(new) => Incoming::TopicMade { outbox: new.outbox, outcome },
        Order::Forward(forward) => Incoming::Forwarded { outbox: forward.outbox, outcome, copies: Vec::new() },
        Order::Send(send) => Incoming::Delivery { outbox: send.outbox, outcome },
        other => panic!("nothing that sends: {other:?}"),
    }
}

/// Opens a ticket with trouble at one step; gives what is there in the end.
fn play(own: PersonId, at_step: usize, trouble: Trouble, settles: bool, stream_first: bool) -> (Bench, Telegram) {
    let mut bench = bench_with(rules(), own);
    let mut telegram = Telegram::new(own);
    bench.command("anna", open(&[3, 5, 4], "Lost parcels")).expect("accepted");
    let mut step = 0;
    for _ in 0..60 {
        let Some(order) = take(&mut bench) else {
            let Some(at) = bench.engine.next_wake().filter(|at| at.since(bench.now()) < Duration::from_secs(120))
            else {
                break;
            };
            bench.pass(at.since(bench.now()));
            continue;
        };
        step += 1;
        let now = bench.now();
        if step == at_step {
            if matches!(trouble, Trouble::DiesAfter | Trouble::LostAnswer | Trouble::Taken) {
                telegram.obey(&order, now);
            }
            let dies = matches!(trouble, Trouble::DiesBefore | Trouble::DiesAfter);
            let told = (stream_first && !dies).then(|| telegram.tells(settles)).filter(|news| !news.is_empty());
            match trouble {
                Trouble::DiesBefore | Trouble::DiesAfter => bench = restart(bench, &mut telegram, settles),
                Trouble::LostCall | Trouble::LostAnswer => {
                    told.into_iter().for_each(|news| bench.push(news));
                    bench.incoming(unanswered(&order, Outcome::Unknown { why: "cut".to_owned() }));
                }
                Trouble::Taken => {
                    told.into_iter().for_each(|news| bench.push(news));
                    bench.incoming(unanswered(&order, Outcome::Taken));
                }
            }
            continue;
        }
        let answer = telegram.obey(&order, now);
        if stream_first {
            let news = telegram.tells(settles);
            bench.push(news);
            bench.incoming(answer);
        } else {
            bench.incoming(answer);
            let news = telegram.tells(settles);
            bench.push(news);
        }
    }
    let rest = telegram.tells(settles);
    bench.push(rest);
    (bench, telegram)
}

#[test]
fn a_ticket_is_opened_once_whatever_dies_when() {
    let troubles = [Trouble::DiesBefore, Trouble::DiesAfter, Trouble::LostCall, Trouble::LostAnswer, Trouble::Taken];
    // As an agent's own account, whose copies are an agent's messages in Telegram, only what is hardest.
    for (own, all) in [(BOT, true), (ANNA, false)] {
        let steps = (1..=3)
            .flat_map(|step| [(true, true), (true, false), (false, true), (false, false)].map(|how| (step, how)));
        for (at_step, (settles, stream_first)) in steps.filter(|(_, (settles, _))| all || !settles) {
            for trouble in troubles {
                let (bench, telegram) = play(own, at_step, trouble, settles, stream_first);
                let what = format!("{own:?} {trouble:?} at {at_step}, settles {settles}, first {stream_first}");
                let topics: Vec<i32> = telegram
                    .messages
                    .iter()
                    .filter(|(_, one)| one.id.0 == one.topic.0)
                    .map(|(_, one)| one.id.0)
                    .collect();
                assert_eq!(topics.len(), 1, "{what}");
                let topic = topics[0];
                let copies = ["topic created: Lost parcels", "Hello, my parcel is lost", "Mine too", "It is number 77"];
                assert_eq!(telegram.in_topic(topic), copies, "{what}");
                let said = telegram.in_topic(1);
                assert_eq!(said.len(), 1, "{what}: {said:?}");
                assert!(said[0].ends_with(&format!("there: https://t.me/c/{GROUP}/{topic}")), "{what}: {said:?}");
                let last = &telegram.messages.last().expect("the reply").1;
                assert_eq!((last.topic.0, last.reply_to), (1, Some(MessageId(5))), "{what}");
                let (row, asked) = row_of(&bench, topic);
                let customer = row.customer.as_ref().map(|person| person.id);
                assert_eq!((customer, row.status.label()), (Some(OLENA), "open"), "{what}");
                assert_eq!((row.opened_at, asked, row.waiting_since), (at(0), Some(at(0)), Some(at(0))), "{what}");
                assert!(!row.staff_spoke_last && row.assignee.is_none(), "{what}: {row:?}");
                let thread = bench.thread(topic);
                for line in ["Olena K.: Hello, my parcel is lost", "Li Wei: Mine too", "Olena K.: It is number 77"] {
                    assert_eq!(thread.matches(line).count(), 1, "{what}\n{thread}");
                }
                assert_eq!(thread.matches("anna opened it from 3 messages of General").count(), 1, "{what}\n{thread}");
                assert_eq!((intake(&bench), outbox(&bench)), (vec![], vec![]), "{what}");
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words_and_leaves_nothing() {
    let mut bench = bench();
    bench.push(vec![Happening::Deleted(vec![MessageId(4)])]);
    for (command, words) in [
        (open(&[], "Lost"), "no message is named"),
        (open(&[99], "Lost"), "message 99 is not known here"),
        (open(&[8], "Lost"), "message 8 does not stand in General"),
        (open(&[3, 4], "Lost"), "message 4 was deleted in Telegram"),
        (open(&[6], "Lost"), "message 6 was not written by a customer"),
        (open(&[3], " \n"), "a topic needs a title"),
        (open(&[3], &"x".repeat(129)), "at most 128"),
        (open(&[3], "card 4111 1111 1111 1111"), "looks like"),
    ] {
        let refusal = bench.command("anna", command).expect_err(words);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    let of_topic =
        Command::OpenFrom { ticket: ticket(7), messages: vec![MessageId(8)], title: "x".into(), confirmed: false };
    assert!(bench.command("anna", of_topic).is_err_and(|why| why.to_string().contains("not General")));
    type Change = fn(&mut GroupFacts);
    let cases: [(Change, &str); 3] = [
        (
            |facts| facts.rights.manage_topics = false,
            "may not create topics: an admin has to turn on \"Manage topics\"",
        ),
        (|facts| facts.noforwards = true, "content is protected"),
        (|facts| facts.rights.send = false, "may not send messages"),
    ];
    for (change, words) in cases {
        let mut facts = may(BOT);
        change(&mut facts);
        bench.incoming(Incoming::Facts(facts));
        let refusal = bench.command("anna", open(&[3], "Lost")).expect_err(words);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    assert_eq!((take(&mut bench), outbox(&bench), intake(&bench)), (None, vec![], vec![3, 5]));
    // A member who may create topics needs no more than that.
    let mut facts = may(BOT);
    (facts.rights.manage_topics, facts.rights.create_topics) = (false, true);
    bench.incoming(Incoming::Facts(facts));
    bench.command("anna", open(&[3], "Lost")).expect("accepted");
    assert_eq!(intake(&bench), [5]);
    let twice = bench.command("tom", open(&[5, 3], "Lost")).expect_err("it is on its way");
    assert_eq!(twice, Refusal::Senseless("a ticket is being opened from message 3 already".to_owned()));
}

fn refuse(bench: &mut Bench, why: &str) -> Order {
    let order = take(bench).expect("a step");
    bench.incoming(unanswered(&order, Outcome::Refused { why: why.to_owned(), topic_gone: false }));
    order
}

fn parked(bench: &Bench) -> OutboxRow {
    let mut rows = outbox(bench);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = rows.remove(0);
    assert!(matches!(row.delivery, Delivery::Parked { .. }), "{row:?}");
    row
}

fn retry(outbox: OutboxId) -> Command {
    Command::RetryOutbox { outbox, seen: None }
}

#[test]
fn what_is_refused_parks_with_why_and_can_be_tried_again_at_every_step() {
    let mut rules = rules();
    rules.pace.per_minute = 0;
    let mut bench = bench_with(rules, BOT);
    let mut telegram = Telegram::new(BOT);
    let receipt = bench.command("anna", open(&[3, 4], "Lost parcels")).expect("accepted");
    assert_eq!(receipt.notice.as_deref(), Some("Olena K. wrote first and is the customer"));
    refuse(&mut bench, "no right");
    let row = parked(&bench);
    assert_eq!(row.why(), "the topic was not created: no right");
    let words = row.words();
    assert!(words.starts_with("open \"Lost parcels\" from 2 messages, then say: We have opened"), "{words}");
    assert_eq!((intake(&bench), opened_by(&bench, &receipt)), (vec![5], None), "it is not forgotten");

    bench.command("anna", retry(row.outbox)).expect("accepted");
    let order = take(&mut bench).expect("the same step");
    let answer = telegram.obey(&order, bench.now());
    bench.incoming(answer);
    refuse(&mut bench, "protected");
    let row = parked(&bench);
    assert_eq!(row.why(), "the messages were not forwarded: protected");
    assert_eq!(opened_by(&bench, &receipt), Some(20), "the ticket is there");
    assert!(row.words().contains("(#20 is there)"), "{}", row.words());

    bench.command("anna", retry(row.outbox)).expect("accepted");
    let order = take(&mut bench).expect("the same step");
    let answer = telegram.obey(&order, bench.now());
    bench.incoming(answer);
    let news = telegram.tells(true);
    bench.push(news);
    refuse(&mut bench, "muted");
    let row = parked(&bench);
    assert!(row.words().contains("(they are in #20 now), then say: We have opened"), "{}", row.words());
    // Another text goes instead, with the link where it says so.
    let text = "See {{link}} please".to_owned();
    bench
        .command("anna", Command::EditOutbox { outbox: row.outbox, text, seen: None, confirmed: false })
        .expect("changed");
    bench.pass(Duration::from_secs(6));
    let Some(Order::Send(send)) = take(&mut bench) else { panic!("the reply") };
    assert_eq!(send.text, format!("See https://t.me/c/{GROUP}/20 please"));
    bench.deliver(&send, 40);
    assert_eq!((outbox(&bench), intake(&bench)), (vec![], vec![5]));
}

#[test]
fn what_is_thrown_away_gives_the_messages_back_unless_they_are_in_the_ticket() {
    let mut bench = bench();
    let first = bench.command("anna", open(&[3], "Lost")).expect("accepted");
    refuse(&mut bench, "no right");
    let discard = |bench: &Bench| Command::DiscardOutbox { outbox: parked(bench).outbox };
    let command = discard(&bench);
    bench.command("anna", command).expect("thrown away");
    assert_eq!((intake(&bench), outbox(&bench)), (vec![3, 4, 5], vec![]));
    assert_eq!(opened_by(&bench, &first), None);

    let mut telegram = Telegram::new(BOT);
    bench.command("anna", open(&[3], "Lost")).expect("accepted anew");
    for _ in 0..2 {
        let order = take(&mut bench).expect("a step");
        let answer = telegram.obey(&order, bench.now());
        bench.incoming(answer);
    }
    let news = telegram.tells(true);
    bench.push(news);
    refuse(&mut bench, "muted");
    let command = discard(&bench);
    bench.command("anna", command).expect("thrown away");
    assert_eq!((intake(&bench), outbox(&bench)), (vec![4, 5], vec![]));
    assert_eq!(row_of(&bench, 20).0.customer.map(|person| person.id), Some(OLENA));
}

#[test]
fn what_is_deleted_meanwhile_is_left_out_and_if_nothing_is_left_it_parks() {
    let mut bench = bench();
    let mut telegram = Telegram::new(BOT);
    bench.command("anna", open(&[3, 5], "Lost")).expect("accepted");
    let order = take(&mut bench).expect("the topic");
    bench.push(vec![Happening::Deleted(vec![MessageId(3)])]);
    let answer = telegram.obey(&order, bench.now());
    bench.incoming(answer);
    let Some(Order::Forward(forward)) = take(&mut bench) else { panic!("the messages") };
    assert_eq!(forward.messages.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [5]);
    bench.push(vec![Happening::Deleted(vec![MessageId(5)])]);
    let gone = Outcome::Refused { why: "the message no longer exists".to_owned(), topic_gone: false };
    bench.incoming(unanswered(&Order::Forward(forward), gone));
    let outbox = parked(&bench).outbox;
    bench.command("anna", retry(outbox)).expect("accepted");
    assert_eq!(take(&mut bench), None);
    assert_eq!(parked(&bench).why(), "nothing is left to forward into #20: the messages were deleted");
}

#[test]
fn on_trial_or_switched_off_nothing_is_said_in_general() {
    for (pilot, reply) in [(true, true), (false, false)] {
        let mut rules = rules();
        rules.pilot = pilot;
        rules.opening.reply = reply;
        let mut bench = bench_with(rules, BOT);
        let mut telegram = Telegram::new(BOT);
        let receipt = bench.command("anna", open(&[3], "Lost")).expect("accepted");
        assert_eq!(parked_or_not(&bench), ["open \"Lost\" from 1 message"]);
        for _ in 0..2 {
            let order = take(&mut bench).expect("a step");
            let answer = telegram.obey(&order, bench.now());
            bench.incoming(answer);
        }
        assert_eq!(take(&mut bench), None);
        assert_eq!((outbox(&bench), intake(&bench)), (vec![], vec![4, 5]));
        assert_eq!(opened_by(&bench, &receipt), Some(20));
        assert!(!bench.thread(1).contains("opens the ticket"), "{}", bench.thread(1));
    }
}

fn parked_or_not(bench: &Bench) -> Vec<String> {
    outbox(bench).iter().map(OutboxRow::words).collect()
}

#[test]
fn the_first_copy_goes_through_intake_and_an_answer_counts_from_the_question() {
    let mut rules = rules();
    rules.routing.intake = vec![IntakeRule {
        name: "parcels".to_owned(),
        pattern: Some("parcel".to_owned().into()),
        add_tags: vec!["lost".parse().expect("a tag")],
        ..IntakeRule::default()
    }];
    // Whatever the title is kept out of the desk otherwise.
    rules.ignore_titles = vec!["*lost*".to_owned()];
    let mut bench = bench_with(rules, BOT);
    let mut telegram = Telegram::new(BOT);
    bench.command("anna", open(&[3], "Lost")).expect("accepted");
    while let Some(order) = take(&mut bench) {
        let answer = telegram.obey(&order, bench.now());
        bench.incoming(answer);
    }
    let news = telegram.tells(false);
    bench.push(news);
    let (row, _) = row_of(&bench, 20);
    assert_eq!(row.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["lost"]);
    // What the customer writes there goes on, and an answer ends the waiting.
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 20, OLENA, now, "are you there?"))]);
    assert_eq!(row_of(&bench, 20).0.waiting_since, Some(at(0)));
    bench.push(vec![Happening::Message(text(31, 20, COLLEAGUE, now, "yes"))]);
    let (row, _) = row_of(&bench, 20);
    assert_eq!((row.waiting_since, row.staff_spoke_last), (None, true));
    // A copy that is deleted is no question any more.
    assert!(bench.thread(20).contains("Olena K.: Hello, my parcel is lost"), "{}", bench.thread(20));
}

#[test]
fn each_copy_counts_for_the_pace() {
    let mut rules = rules();
    rules.pace.burst = 4;
    let mut bench = bench_with(rules, BOT);
    let mut telegram = Telegram::new(BOT);
    bench.command("anna", open(&[3, 4, 5], "Lost")).expect("accepted");
    for _ in 0..2 {
        let order = take(&mut bench).expect("a step");
        let answer = telegram.obey(&order, bench.now());
        bench.incoming(answer);
    }
    assert_eq!(take(&mut bench), None, "a topic and three copies were the burst");
    bench.pass(Duration::from_secs(4));
    assert!(matches!(take(&mut bench), Some(Order::Send(_))));
}
