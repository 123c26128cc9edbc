//! Category and team by hand, and whom notes name: what an agent has said stays, and what follows from it follows at once.

use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, TeamName};
use topicdesk::desk::intake::IntakeRule;
use topicdesk::desk::routing::{Assign, Team};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Receipt;
use topicdesk::engine::transport::{Happening, Incoming};
use topicdesk::engine::views::{QueueName, Sort, TicketRow, View, ViewRequest, Window};

use crate::support::bench::{Bench, COLLEAGUE, OLENA, at, at_screen, created, rules, text, ticket};

fn team(name: &str, agent: &str, assign: Assign) -> Team {
    Team { name: name.into(), agents: vec![agent.into()], assign, fallback: None }
}

fn with_teams() -> Rules {
    let mut rules = rules();
    rules.routing.teams = vec![team("Money", "tom", Assign::RoundRobin), team("hand", "anna", Assign::Manual)];
    rules.routing.intake = vec![IntakeRule {
        name: "all".to_owned(),
        category: "question".parse().ok(),
        team: Some("hand".into()),
        ..IntakeRule::default()
    }];
    rules
}

fn bench() -> Bench {
    let mut bench = Bench::with(with_teams());
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[created(5, OLENA, at(0), "Old"), text(6, 5, OLENA, at(1), "It is old")]);
    // Somebody has to be there for routing.
    bench.command("tom", at_screen(1)).expect("opened");
    bench
}

fn says(bench: &mut Bench, id: i32, topic: i32, words: &str) {
    let message = text(id, topic, OLENA, bench.now(), words);
    bench.push(vec![Happening::Message(message)]);
}

fn row(bench: &Bench, topic: i32) -> TicketRow {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 50 }) {
        View::Thread(page) => page.ticket.row,
        other => panic!("no thread: {other:?}"),
    }
}

fn sorted(bench: &Bench, topic: i32) -> (Option<String>, Option<String>, Option<String>) {
    let row = row(bench, topic);
    (row.category.map(|one| one.to_string()), row.team.map(|one| one.0), row.assignee.map(|one| one.0))
}

fn some(category: &str, team: &str) -> (Option<String>, Option<String>, Option<String>) {
    (Some(category.to_owned()), Some(team.to_owned()), None)
}

fn set_category(topic: i32, category: Option<&str>) -> Command {
    Command::SetCategory { ticket: ticket(topic), category: category.map(|word| word.parse().expect("a word")) }
}

fn set_team(topic: i32, team: Option<&str>) -> Command {
    Command::SetTeam { ticket: ticket(topic), team: team.map(TeamName::from) }
}

fn filtered(bench: &Bench, agent: &str, filter: &str) -> Vec<i32> {
    let request = ViewRequest::Queue {
        queue: QueueName::All,
        filter: filter.to_owned(),
        sort: Sort::Natural,
        offset: 0,
        limit: 50,
    };
    match bench.read(agent, request) {
        View::Queue(page) => page.rows.iter().map(|row| row.id.0).collect(),
        other => panic!("no queue: {other:?}"),
    }
}

#[test]
fn category_and_team_are_set_by_hand_and_the_log_says_old_and_new() {
    let mut bench = bench();
    bench.push(vec![Happening::Message(created(20, OLENA, bench.now(), "New"))]);
    says(&mut bench, 21, 20, "a question");
    assert_eq!(sorted(&bench, 20), some("question", "hand"));
    bench.command("anna", set_category(20, Some("refund"))).expect("set");
    let again = bench.command("anna", set_category(20, Some("refund"))).expect("nothing to do");
    assert_eq!(again.notice.as_deref(), Some("#20 is of the category refund already"));
    assert!(again.unchanged, "{again:?}");
    let typo = bench.command("anna", set_team(20, Some("mony"))).expect_err("a typing error");
    assert_eq!(typo, Refusal::Senseless("there is no team `mony`: did you mean `Money`?".to_owned()));
    let unknown = bench.command("anna", set_team(20, Some("warehouse"))).expect_err("no such team");
    assert!(unknown.to_string().contains("there are Money, hand"), "{unknown}");
    // One who can take it does so at once, as with a new ticket.
    bench.command("anna", set_team(20, Some("money"))).expect("set, however it is written");
    assert_eq!(row(&bench, 20).assignee, Some(AgentName::from("tom")));
    // One that is somebody's stays theirs.
    bench.command("anna", set_team(20, Some("hand"))).expect("set");
    bench.command("anna", set_team(20, None)).expect("set");
    bench.command("anna", set_category(20, None)).expect("set");
    assert_eq!(sorted(&bench, 20), (None, None, Some("tom".to_owned())));
    let thread = bench.thread(20);
    for line in [
        "anna set category question → refund",
        "anna set team hand → Money",
        "anna set team Money → hand",
        "anna set team hand → none",
        "anna set category refund → none",
    ] {
        assert!(thread.contains(line), "{line}\n{thread}");
    }
}

#[test]
fn a_note_for_whoever_has_the_ticket_already_is_added() {
    let mut bench = bench();
    let assign =
        |note: Option<&str>| Command::Assign { ticket: ticket(5), to: "tom".into(), note: note.map(ToOwned::to_owned) };
    let given = bench.command("anna", assign(None)).expect("given");
    assert_eq!((given.notice, given.unchanged), (None, false));
    let said = |receipt: Receipt| (receipt.unchanged, receipt.notice.expect("a word"));
    let again = bench.command("anna", assign(None)).expect("nothing to do");
    assert_eq!(said(again), (true, "#5 is tom's already".to_owned()));
    let noted = bench.command("anna", assign(Some("the second cable"))).expect("noted");
    assert_eq!(said(noted), (true, "#5 is tom's already: only the note was added".to_owned()));
    assert!(bench.thread(5).contains("the second cable"));
}

#[test]
fn an_old_ticket_whose_team_is_named_is_given_away_and_no_other_one() {
    let mut bench = bench();
    assert_eq!(sorted(&bench, 5), (None, None, None), "the history goes through no rules");
    bench.command("anna", set_category(5, Some("refund"))).expect("set");
    assert_eq!(row(&bench, 5).assignee, None);
    bench.command("anna", set_team(5, Some("Money"))).expect("set");
    assert_eq!(row(&bench, 5).assignee, Some(AgentName::from("tom")));
}

#[test]
fn rules_leave_alone_what_an_agent_has_said_in_this_episode() {
    let mut bench = bench();
    // Opened by staff: the rules are asked when its customer writes.
    bench.push(vec![Happening::Message(created(20, COLLEAGUE, bench.now(), "Moved from mail"))]);
    bench.command("anna", Command::OpenTicket { ticket: ticket(20) }).expect("opened");
    bench.command("anna", set_category(20, Some("refund"))).expect("set");
    says(&mut bench, 21, 20, "hello");
    assert_eq!(sorted(&bench, 20), some("refund", "hand"));
    // The next episode is another matter.
    bench.command("anna", Command::Close { ticket: ticket(20), reason: String::new() }).expect("closed");
    says(&mut bench, 22, 20, "and now something else");
    assert_eq!(sorted(&bench, 20), some("question", "hand"));
}

#[test]
fn notes_of_the_episode_are_found_by_whom_they_name() {
    let mut bench = bench();
    let note = |text: &str| Command::Note { ticket: ticket(5), text: text.to_owned() };
    bench.command("anna", note("@tom please look")).expect("noted");
    assert_eq!(filtered(&bench, "tom", "mentions:me"), [5]);
    assert_eq!(filtered(&bench, "anna", "mentions:me"), Vec::<i32>::new());
    assert_eq!(
        (filtered(&bench, "anna", "mentions:@Tom"), filtered(&bench, "anna", "-mentions:tom")),
        (vec![5], vec![])
    );
    // Having looked does not change what the notes say; a new episode does.
    bench
        .command("tom", Command::MarkSeen { ticket: ticket(5), message: topicdesk::desk::ids::MessageId(6) })
        .expect("seen");
    assert_eq!(filtered(&bench, "tom", "mentions:me"), [5]);
    let mut bench = bench.restart();
    assert_eq!(filtered(&bench, "tom", "mentions:me"), [5]);
    bench.command("anna", Command::Close { ticket: ticket(5), reason: String::new() }).expect("closed");
    bench.command("anna", Command::Reopen { ticket: ticket(5) }).expect("reopened");
    assert_eq!(filtered(&bench, "tom", "mentions:me"), Vec::<i32>::new());
    assert_eq!(filtered(&bench, "tom", "mentions:none"), [5]);
}

#[test]
fn a_desk_of_before_knows_whom_the_notes_of_its_episodes_name() {
    let mut bench = bench();
    let note = |text: &str| Command::Note { ticket: ticket(5), text: text.to_owned() };
    bench.command("tom", note("@anna please look")).expect("noted");
    bench.command("anna", Command::Close { ticket: ticket(5), reason: String::new() }).expect("closed");
    bench.command("anna", Command::Reopen { ticket: ticket(5) }).expect("reopened");
    bench.command("anna", note("@tom please look")).expect("noted");
    bench.command("anna", note("@tom please look again")).expect("noted");
    // As the version before has left it.
    let before = "DROP TABLE openings; DROP TABLE opened; UPDATE tickets SET fold = json_remove(fold, '$.mentioned')";
    let connection = rusqlite::Connection::open(bench.folder.path().join("tickets.db")).expect("opens");
    connection.execute_batch(before).expect("takes it away");
    assert_eq!(filtered(&bench, "tom", "mentions:none"), [5]);
    connection.execute_batch(include_str!("../../src/store/migrations/0015_openings.sql")).expect("migrates");
    assert_eq!(filtered(&bench, "tom", "mentions:me"), [5]);
    assert_eq!(filtered(&bench, "anna", "mentions:me"), Vec::<i32>::new());
}
