//! Presence in the engine: who looks and who writes, told to others, ended in time, and nowhere written down. And the signature.

use std::time::Duration;

use topicdesk::desk::along::{Along, TemplateUse};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::files::Attachment;
use topicdesk::desk::ids::{AgentName, CommandId, MessageId, ScreenId, TicketKey};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::split::{LONGEST, MOST_PARTS};
use topicdesk::desk::thread::Message;
use topicdesk::engine::input::{Input, Output};
use topicdesk::engine::transport::{Admin, GroupFacts, Incoming, Order};
use topicdesk::engine::views::{Revision, View, ViewRequest};

use crate::support::bench::{
    ANNA, Bench, LI, OLENA, at, at_screen, created, facts, person, rules, screen_closed, text, ticket,
};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        created(7, LI, at(10), "Refund"),
        text(8, 7, LI, at(11), "I want my money back"),
    ]
}

/// A desk that has read them, with rules of its own and a group that is so.
fn desk(rules: Rules, facts: GroupFacts) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&history());
    bench.incoming(Incoming::Facts(facts));
    bench.orders.clear();
    bench
}

/// A desk at which tom sits.
fn at_a_screen() -> Bench {
    let mut bench = Bench::followed(&history());
    bench.command("tom", at_screen(1)).expect("open");
    bench
}

/// Who is at a ticket as anna is told.
fn here(bench: &Bench, topic: i32) -> Vec<String> {
    let here = bench.engine.here(ticket(topic), &AgentName::from("anna")).into_iter();
    here.map(|here| format!("{}{}", here.agent, if here.writing { " writes" } else { "" })).collect()
}

/// Steps, and tells what was published.
fn published(bench: &mut Bench, input: Input) -> Vec<Revision> {
    let now = bench.now();
    let outputs = bench.engine.step(input, now).into_iter();
    outputs.filter_map(|output| if let Output::Published(revision) = output { Some(revision) } else { None }).collect()
}

fn said(id: &str, agent: &str, command: Command) -> Input {
    Input::Command { id: CommandId(id.to_owned()), agent: AgentName::from(agent), command }
}

fn look(topic: i32) -> Command {
    Command::Look { screen: ScreenId(1), ticket: Some(ticket(topic)) }
}

fn typing(topic: i32) -> Command {
    Command::Typing { screen: ScreenId(1), ticket: ticket(topic) }
}

fn reply(text: &str) -> Command {
    Command::Reply {
        ticket: ticket(5),
        text: text.to_owned(),
        reply_to: None,
        hold: true,
        seen: Some(MessageId(6)),
        file: None,
        along: Along::default(),
    }
}

fn changed(revisions: &[Revision]) -> Vec<TicketKey> {
    revisions.iter().flat_map(|revision| revision.changed.clone()).collect()
}

#[test]
fn a_look_is_told_to_others_and_leaves_nothing_behind() {
    let mut bench = at_a_screen();
    let kept = |bench: &mut Bench, id: &str| {
        let work = bench.engine.store_mut().begin().expect("reads");
        (work.receipt(&CommandId(id.to_owned())).expect("reads"), work.value("revision").expect("reads"))
    };
    let before = kept(&mut bench, "look").1;
    let told = published(&mut bench, said("look", "tom", look(5)));
    assert_eq!(changed(&told), [ticket(5)]);
    assert_eq!(here(&bench, 5), ["tom"]);
    assert_eq!(told[0].number.to_string(), before.clone().expect("a revision"), "nothing was written for it");
    assert_eq!(kept(&mut bench, "look"), (None, before));
    // The same under the same id says it again: there is no receipt that would answer for it.
    published(&mut bench, said("away", "tom", Command::Look { screen: ScreenId(1), ticket: None }));
    assert!(here(&bench, 5).is_empty());
    published(&mut bench, said("look", "tom", look(5)));
    assert_eq!(here(&bench, 5), ["tom"]);
    assert!(published(&mut bench, said("again", "tom", look(5))).is_empty(), "no news");
    assert_eq!(changed(&published(&mut bench, said("on", "tom", look(7)))), [ticket(5), ticket(7)]);
    // With a full disk it is said all the same.
    bench.refuse.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(changed(&published(&mut bench, said("full", "tom", look(5)))), [ticket(5), ticket(7)]);
    bench.command("anna", Command::Claim { ticket: ticket(5) }).expect_err("not saved");
    assert_eq!(here(&bench, 5), ["tom"], "a step that is taken back takes nobody away");
}

#[test]
fn writing_ends_by_itself_when_it_is_sent_and_when_one_goes() {
    let mut bench = at_a_screen();
    assert_eq!(bench.engine.next_wake().filter(|at| *at <= bench.now() + Duration::from_secs(10)), None);
    assert_eq!(changed(&published(&mut bench, said("1", "tom", typing(5)))), [ticket(5)]);
    bench.clock.step(Duration::from_secs(5));
    assert!(published(&mut bench, said("2", "tom", typing(5))).is_empty(), "they write still");
    assert_eq!(bench.engine.next_wake(), Some(bench.now() + Duration::from_secs(10)));
    bench.clock.step(Duration::from_secs(9));
    published(&mut bench, Input::Woken);
    assert_eq!(here(&bench, 5), ["tom writes"]);
    bench.clock.step(Duration::from_secs(1));
    assert_eq!(changed(&published(&mut bench, Input::Woken)), [ticket(5)], "screens hear of it");
    assert!(here(&bench, 5).is_empty());

    published(&mut bench, said("3", "tom", typing(5)));
    assert!(published(&mut bench, said("4", "tom", reply(""))).is_empty(), "refused");
    assert_eq!(here(&bench, 5), ["tom writes"], "what was refused was not said");
    let told = published(&mut bench, said("5", "tom", reply("Please try again.")));
    assert!(changed(&told).contains(&ticket(5)) && here(&bench, 5).is_empty());

    published(&mut bench, said("6", "tom", typing(7)));
    assert_eq!(changed(&published(&mut bench, said("7", "tom", look(5)))), [ticket(5), ticket(7)]);
    assert_eq!((here(&bench, 7), here(&bench, 5)), (Vec::new(), vec!["tom".to_owned()]));
}

#[test]
fn a_screen_that_closes_looks_at_nothing_any_more() {
    let mut bench = at_a_screen();
    bench.command("tom", look(5)).expect("told");
    bench.command("tom", typing(5)).expect("told");
    assert_eq!(here(&bench, 5), ["tom writes"]);
    let told = published(&mut bench, said("closed", "tom", screen_closed(1)));
    assert!(told.iter().any(|revision| revision.all || revision.changed.contains(&ticket(5))), "{told:?}");
    assert!(here(&bench, 5).is_empty());
}

#[test]
fn two_screens_of_one_agent_are_two_places_and_one_agent() {
    let mut bench = desk(Rules { typing: Some(true), ..rules() }, facts());
    let at = |screen: u64, topic: i32| Command::Look { screen: ScreenId(screen), ticket: Some(ticket(topic)) };
    let writes = |screen: u64, topic: i32| Command::Typing { screen: ScreenId(screen), ticket: ticket(topic) };
    for (id, command) in [("1", at_screen(1)), ("2", at_screen(2)), ("3", at(1, 5)), ("4", at(2, 7))] {
        published(&mut bench, said(id, "tom", command));
    }
    assert_eq!((here(&bench, 5), here(&bench, 7)), (vec!["tom".to_owned()], vec!["tom".to_owned()]));
    let row = |bench: &Bench, topic: i32| match bench.read(
        "anna",
        ViewRequest::Thread { ticket: ticket(topic), window: topicdesk::engine::views::Window::Newest, limit: 1 },
    ) {
        View::Thread(page) => page.ticket.row.here.iter().map(|here| here.agent.0.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (row(&bench, 5), row(&bench, 7)),
        (vec!["tom".to_owned()], vec!["tom".to_owned()]),
        "as screens read it"
    );

    // Both write to the same customer: colleagues are told once, and the customer at the pace of one.
    published(&mut bench, said("5", "tom", at(2, 5)));
    bench.orders.clear();
    for second in 0..6 {
        for screen in [1, 2] {
            bench.command("tom", writes(screen, 5)).expect("told");
        }
        assert_eq!(here(&bench, 5), ["tom writes"], "{second}");
        bench.pass(Duration::from_secs(1));
    }
    let shown = bench.orders.iter().filter(|order| matches!(order, Order::Typing { .. })).count();
    assert_eq!(shown, 2, "at once and after four seconds");
    // What one screen leaves the other goes on with; a reply ends it for both.
    published(&mut bench, said("6", "tom", at(2, 7)));
    assert_eq!((here(&bench, 5), here(&bench, 7)), (vec!["tom writes".to_owned()], vec!["tom".to_owned()]));
    published(&mut bench, said("7", "tom", reply("Please try again.")));
    assert_eq!(here(&bench, 5), ["tom"]);
    published(&mut bench, said("8", "tom", screen_closed(1)));
    assert_eq!((here(&bench, 5), here(&bench, 7)), (Vec::new(), vec!["tom".to_owned()]), "the other is open");
}

#[test]
fn customers_see_typing_as_the_desk_wants_it() {
    for (bot, wanted, sees) in [
        (true, None, false),
        (false, None, true),
        (true, Some(true), true),
        (true, Some(false), false),
        (false, Some(false), false),
    ] {
        let mut bench = desk(Rules { typing: wanted, ..rules() }, GroupFacts { bot, ..facts() });
        bench.command("tom", at_screen(1)).expect("open");
        bench.command("tom", typing(5)).expect("told");
        let said = bench.orders.iter().any(|order| matches!(order, Order::Typing { .. }));
        assert_eq!(said, sees, "bot: {bot}, wanted: {wanted:?}");
        assert_eq!(here(&bench, 5), ["tom writes"], "colleagues see it in any case");
    }
}

fn signing() -> Rules {
    let mut rules = rules();
    rules.signatures.desk = Some("— {{agent.name}}".to_owned());
    rules.signatures.own.insert(AgentName::from("tom"), String::new());
    rules
}

/// Anna's account is an admin's, so her name is known as customers read it.
fn with_anna(bot: bool) -> GroupFacts {
    let mut facts = GroupFacts { bot, ..facts() };
    facts.admins.push(Admin { person: person(ANNA), anonymous: false, owner: false });
    facts
}

fn sent(bench: &mut Bench) -> Vec<String> {
    bench.pass(Duration::from_secs(10));
    bench.take_sends().into_iter().map(|send| send.text).collect()
}

#[test]
fn a_bot_signs_for_its_agents_and_a_user_does_not() {
    for (bot, agent, goes) in [
        (true, "anna", "Please try again.\n— Anna Agent"),
        (true, "tom", "Please try again."),
        (true, "nobody", "Please try again.\n— nobody"),
        (false, "anna", "Please try again."),
    ] {
        let mut bench = desk(signing(), with_anna(bot));
        bench.command(agent, reply("Please try again.")).expect("accepted");
        let shown = bench.thread(5);
        assert!(shown.contains(&format!(": {goes} <")), "it is shown as it is sent: {shown}");
        assert_eq!(sent(&mut bench), [goes], "{bot} {agent}");
    }
    let mut unsigned = desk(rules(), with_anna(true));
    unsigned.command("anna", reply("Please try again.")).expect("accepted");
    assert_eq!(sent(&mut unsigned), ["Please try again."], "no signature is none");
}

#[test]
fn what_is_changed_or_taken_back_is_signed_once() {
    let mut bench = desk(signing(), with_anna(true));
    let outbox = bench.command("anna", reply("Try again.")).expect("accepted").outbox.expect("a row");
    let aside = bench.command("anna", Command::HoldOutbox { outbox }).expect("aside");
    assert_eq!(aside.text.as_deref(), Some("Try again."), "an agent changes their own words");
    for text in ["Try once more.", "Try once more.\n— Anna Agent"] {
        let edit = Command::EditOutbox { outbox, text: text.to_owned(), seen: Some(MessageId(6)), confirmed: false };
        bench.command("anna", edit).expect("changed");
    }
    let back = bench.command("anna", Command::TakeBack { outbox }).expect("taken back");
    assert_eq!(back.text.as_deref(), Some("Try once more."));
    bench.command("anna", reply(&back.text.expect("a text"))).expect("accepted");
    assert_eq!(sent(&mut bench), ["Try once more.\n— Anna Agent"]);
}

#[test]
fn a_signature_counts_and_stands_under_the_last_part() {
    let mut bench = desk(signing(), with_anna(true));
    let most = LONGEST * MOST_PARTS;
    match bench.command("anna", reply(&"a".repeat(most))) {
        Err(Refusal::TooLong(length, allowed)) => assert_eq!((length, allowed), (most + 13, most)),
        other => panic!("{other:?}"),
    }
    bench.command("anna", reply(&format!("{}\n\nbye", "a".repeat(LONGEST)))).expect("accepted");
    bench.pass(Duration::from_secs(10));
    let first = bench.take_sends().remove(0);
    assert_eq!(first.text.len(), LONGEST);
    bench.deliver(&first, 21);
    assert_eq!(sent(&mut bench), ["bye\n— Anna Agent"]);
}

#[test]
fn a_file_without_words_is_not_signed_and_a_template_is_used_as_it_was() {
    let mut bench = desk(signing(), with_anna(true));
    let folder = bench.folder.path().join("outgoing");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = bench.folder.path().join("plan.txt");
    std::fs::write(&path, "plan").expect("written");
    let file: Attachment = topicdesk::store::files::Files::of(bench.folder.path()).stage(&path).expect("kept");
    let Command::Reply { ticket, reply_to, hold, seen, along, .. } = reply("") else { unreachable!("a reply") };
    let alone = Command::Reply { ticket, text: String::new(), reply_to, hold, seen, file: Some(file), along };
    bench.command("anna", alone).expect("accepted");
    assert_eq!(sent(&mut bench), [""]);

    let used = TemplateUse { name: "Works".to_owned(), language: None, edited: false };
    let mut command = reply("It works again.");
    if let Command::Reply { along, ticket: key, seen, .. } = &mut command {
        (along.template, *key, *seen) = (Some(used), crate::support::bench::ticket(7), Some(MessageId(8)));
    }
    bench.command("anna", command).expect("accepted");
    assert_eq!(sent(&mut bench), ["It works again.\n— Anna Agent"]);
    match bench.read("anna", ViewRequest::Templates) {
        View::Templates { uses } => assert_eq!((uses[0].used, uses[0].unedited), (1, 1)),
        other => panic!("{other:?}"),
    }
}
