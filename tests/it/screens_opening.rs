//! Opening a ticket from Intake on the screen: marks by message, the title, the question, what is refused; and category and team by hand.

use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, MessageId, OutboxId, TeamName};
use topicdesk::desk::thread::Delivery;
use topicdesk::engine::views::{Alert, OpeningView, OutboxRow, Revision};

use crate::screens_desk::{Desk, key, noon, open, person, shop};

async fn intake(size: (u16, u16)) -> Desk {
    let mut desk = open(shop(), size).await;
    desk.change(|state| {
        let (olena, li) = (person(1, "Olena K."), person(2, "Li Wei"));
        state.general = vec![
            (301, olena.clone(), "Hello, my parcel with the tent is lost since Monday, where can it be?"),
            (302, li, "Mine too"),
            (305, olena, "It is number 77"),
        ];
    });
    desk.keys("6").await;
    desk
}

fn from(messages: &[i32], title: &str) -> Command {
    Command::OpenFrom {
        ticket: key(1),
        messages: messages.iter().copied().map(MessageId).collect(),
        title: title.to_owned(),
        confirmed: false,
    }
}

#[tokio::test]
async fn the_marked_messages_become_a_ticket_after_title_and_question() {
    for size in [(80, 24), (120, 40)] {
        let mut desk = intake(size).await;
        // Each row is a message of its own: marked from the bottom, named in their order.
        desk.keys("j j Space k k Space").await;
        desk.sees("2 marked");
        desk.keys("n").await;
        desk.sees("title of the new topic: ");
        desk.sees("lost since Monday, where ");
        desk.keys("C-u").await;
        desk.types("Lost tent").await;
        desk.keys("Enter").await;
        insta::assert_snapshot!(format!("opening_question_{}x{}", size.0, size.1), desk.text());
        desk.keys("y").await;
        assert_eq!(desk.commands(), [from(&[301, 305], "Lost tent")]);
        desk.sees("the ticket \"Lost tent\" is being opened");
        desk.misses("marked");
        let alert = |agent: &str| Alert::Opened { ticket: key(1050), agent: agent.into() };
        for (agent, said) in [("mia", false), ("ann", true)] {
            desk.screen.revision(Revision { number: 51, alerts: vec![alert(agent)], ..Revision::default() });
            desk.screen.settle().await;
            assert_eq!(desk.text().contains("#1050 is open now"), said, "{agent}");
        }
    }
}

#[tokio::test]
async fn several_authors_and_the_trial_are_said_before() {
    let mut desk = intake((120, 40)).await;
    desk.change(|state| state.pilot = true);
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk.keys("* n Enter").await;
    desk.sees("Olena K. wrote first and is the customer; Li Wei also");
    desk.sees("forwarded there; nothing is said");
    // Without marks it is the message under the cursor; Esc opens nothing.
    desk.keys("Esc Esc j n Enter").await;
    desk.sees("Li Wei is the customer. The message is forwarded there");
    desk.keys("Esc").await;
    desk.keys("n Esc").await;
    assert_eq!(desk.commands(), []);
}

#[tokio::test]
async fn what_cannot_be_is_said_at_once_and_what_the_desk_refuses_is_said_too() {
    let mut desk = intake((80, 24)).await;
    desk.keys("n C-u Enter").await;
    desk.sees("a topic needs a title");
    desk.change(|state| state.refusals.push(Refusal::Senseless("message 301 was deleted in Telegram".to_owned())));
    desk.keys("n Enter y").await;
    desk.sees("message 301 was deleted in Telegram");
    desk.change(|state| state.opening_barred = Some("Desk may not create topics".to_owned()));
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk.keys("n").await;
    desk.sees("no ticket can be opened: Desk may not create topics");
    desk.misses("title of the new topic");
    // Elsewhere the key finds, as before.
    desk.keys("1 n").await;
    desk.misses("title of the new topic");
}

#[tokio::test]
async fn what_is_not_open_yet_stands_in_the_outbox_with_what_can_be_done() {
    let mut desk = intake((120, 40)).await;
    desk.change(|state| {
        state.outbox = vec![OutboxRow {
            outbox: OutboxId(4),
            ticket: key(1),
            agent: AgentName::from("ann"),
            text: "We go on there: {{link}}".to_owned(),
            at: noon(),
            delivery: Delivery::Parked { why: "the topic was not created: no right".to_owned() },
            part_of: None,
            seen: None,
            opens: Some(OpeningView { title: "Lost tent".to_owned(), messages: 2, ticket: None, forwarded: false }),
        }];
    });
    desk.keys("g o").await;
    insta::assert_snapshot!("opening_outbox_120x40", desk.text());
}

async fn palette(desk: &mut Desk, words: &str) {
    desk.keys(":").await;
    desk.types(words).await;
    desk.keys("Enter").await;
}

#[tokio::test]
async fn category_and_team_are_set_by_name_and_taken_back() {
    let ticket = key(1042);
    let category =
        |word: Option<&str>| Command::SetCategory { ticket, category: word.and_then(|word| word.parse().ok()) };
    let team = |name: Option<&str>| Command::SetTeam { ticket, team: name.map(TeamName::from) };
    for (words, done, commands) in [
        ("category refund", "category refund #1042", [category(Some("refund")), category(None)]),
        ("team Money", "team Money #1042", [team(Some("Money")), team(None)]),
        ("category -", "category none #1042", [category(None), category(None)]),
        ("team -", "team none #1042", [team(None), team(None)]),
    ] {
        let mut desk = open(shop(), (80, 24)).await;
        palette(&mut desk, words).await;
        desk.sees(done);
        desk.keys("u").await;
        assert_eq!(desk.commands(), commands, "{words}");
    }
    let mut desk = open(shop(), (80, 24)).await;
    palette(&mut desk, "category two words").await;
    assert_eq!(desk.commands(), []);
    palette(&mut desk, "team").await;
    desk.sees("team (- for none): ");
    desk.types("Money").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands(), [team(Some("Money"))]);
}
