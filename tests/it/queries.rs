//! Queries: what the store finds is what the rules say, ticket by ticket.

use std::collections::BTreeSet;
use std::time::Duration;

use topicdesk::clock::Timestamp;
use topicdesk::desk::groups::Called;
use topicdesk::desk::ids::{AgentName, GroupId, MessageId, PersonId, TicketKey, TopicId};
use topicdesk::desk::lifecycle::unopened;
use topicdesk::desk::people::Person;
use topicdesk::desk::query::{Facts, Query};
use topicdesk::desk::queue::{Filter, Sort};
use topicdesk::desk::tags::Priority;
use topicdesk::desk::ticket::{Pending, PendingReason, Standing, Status, Ticket, Waiting};
use topicdesk::store::clocks::Clocks;
use topicdesk::store::tickets::Part;
use topicdesk::store::topics::TopicRow;
use topicdesk::store::{Reader, Store, Work};

use crate::support::process::SandboxProcess;

const FAST: &str = "backfill_calls_per_second = 0";
const QUIET: [&str; 3] = ["--quiet", "--flood-per-minute", "0"];

const GROUP: GroupId = GroupId(77);

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-27T12:00:00Z").expect("a date")
}

/// A made-up desk: every ticket differs from the next in many things.
struct Desk {
    tickets: Vec<(Ticket, Option<Timestamp>)>,
    people: Vec<Person>,
    texts: Vec<String>,
}

fn desk() -> Desk {
    let names = ["Anna Berg", "Олена Коваль", "Bob % Lee", "José", "anna_b"];
    let people = (0..).zip(names).map(|(id, name)| Person {
        id: PersonId(100 + id),
        name: name.to_owned(),
        username: (id % 2 == 0).then(|| format!("User{id}")),
        bot: false,
    });
    let people: Vec<Person> = people.collect();
    let mut dice = 7_u64;
    let mut roll = move |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut tickets = Vec::new();
    let mut texts = Vec::new();
    for number in 0..400 {
        let key = TicketKey { group: GROUP, topic: TopicId(1000 + number) };
        let ago = |hours: u64| now() - Duration::from_secs(hours * 3600);
        let mut ticket = unopened(
            key,
            ["Refund 50%", "ЗАМОВЛЕННЯ", "Login_fails", "App"][roll(4) as usize].to_owned(),
            ago(roll(400)),
        );
        let status = Status::ALL[roll(6) as usize];
        let assignee = [None, Some("mia"), Some("Tom")][roll(3) as usize].map(AgentName::from);
        let pending = (status == Status::Pending).then_some(Pending { reason: PendingReason::Customer, until: None });
        ticket.standing = Standing { status, assignee, pending };
        ticket.priority = Priority::ALL[roll(4) as usize];
        let tags = ["vip", "billing", "vip-2", "відмова"];
        ticket.tags = (0..roll(3)).map(|_| tags[roll(4) as usize].parse().expect("a tag")).collect::<BTreeSet<_>>();
        ticket.mentioned = (0..roll(3)).map(|_| AgentName::from(["mia", "Tom", "ann"][roll(3) as usize])).collect();
        ticket.customer = (roll(5) > 0).then(|| people[roll(5) as usize].id);
        ticket.language = [None, Some("uk"), Some("en"), Some("pt-BR")][roll(4) as usize].map(str::to_owned);
        ticket.episode = 1 + roll(2) as u32;
        ticket.flagged = roll(4) == 0;
        ticket.outside = roll(4) == 0;
        ticket.imported = roll(4) == 0;
        ticket.waiting = (roll(2) == 0).then(|| Waiting { since: ago(roll(9)), messages: vec![MessageId(1)], more: 0 });
        ticket.snoozed_until = [None, Some(ago(3)), Some(now() + Duration::from_secs(7200))][roll(3) as usize];
        ticket.staff_spoke_last = roll(2) == 0;
        ticket.staff_wrote_at = (roll(3) > 0).then(|| ago(roll(72)));
        let due = [None, Some(ago(1)), Some(now() + Duration::from_secs(60 * roll(100)))][roll(3) as usize];
        texts.push(["It still fails", "ДЯКУЮ, все добре", "100% sure", ""][roll(4) as usize].to_owned());
        tickets.push((ticket, due));
    }
    Desk { tickets, people, texts }
}

fn put(work: &Work<'_>, ticket: &Ticket, due: Option<Timestamp>) {
    let clocks = Clocks { due, ..Clocks::default() };
    work.put_ticket(ticket, ticket.opened_at, None, clocks).expect("a ticket");
}

#[test]
fn the_store_finds_what_the_rules_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk();
    let mut store = Store::open(folder.path()).expect("a store");
    let work = store.begin().expect("a transaction");
    for person in &desk.people {
        work.put_person(person).expect("a person");
    }
    work.put_facts(GROUP, r#"{"title":"Acme Support"}"#).expect("a group");
    for ((ticket, due), text) in desk.tickets.iter().zip(&desk.texts) {
        let topic = TopicRow { title: ticket.title.clone(), last_text: text.clone(), ..TopicRow::unknown(ticket.key) };
        work.put_topic(&topic).expect("a topic");
        put(&work, ticket, *due);
    }
    work.commit().expect("committed");
    let reader = Reader::open(folder.path()).expect("a reader");
    let me = AgentName::from("mia");
    for (text, least) in [
        ("", 400),
        ("status:open,pending", 50),
        ("-status:closed is:live", 100),
        ("assignee:me", 50),
        ("assignee:none,tom", 50),
        ("-assignee:me", 50),
        ("mentions:me", 50),
        ("mentions:tom", 50),
        ("mentions:none,@ann", 50),
        ("-mentions:me,tom is:live", 20),
        ("mentions:nobody assignee:me", 10),
        ("mentions:zoe", 0),
        ("tag:vip", 20),
        ("-tag:vip,billing", 50),
        ("tag:відмова", 10),
        ("priority:>=high", 50),
        ("priority:low,urgent -is:imported", 20),
        ("waiting:>2h", 20),
        ("waiting:<2h", 10),
        ("-waiting:0s", 50),
        ("due:<30m", 50),
        ("due:>30m", 10),
        ("-due:<100d", 50),
        ("is:overdue", 20),
        ("quiet:>24h", 20),
        ("-quiet:>24h", 100),
        ("age:>7d", 50),
        ("age:<1d", 5),
        ("before:2026-11-20 after:2026-11-15", 20),
        ("customer:@user0", 10),
        ("customer:102", 10),
        ("customer:олена", 10),
        ("customer:\"anna b\"", 10),
        ("customer:%", 10),
        ("-customer:anna", 50),
        ("group:acme", 400),
        ("group:77", 400),
        ("-group:other", 400),
        ("language:uk,en", 50),
        ("-language:uk", 50),
        ("language:pt", 20),
        ("language:PT-br", 20),
        ("-language:p", 50),
        ("is:snoozed", 20),
        ("-is:snoozed", 20),
        ("is:flagged is:outside", 5),
        ("is:reopened is:unassigned is:waiting", 5),
        ("замовлення", 20),
        ("дякую", 20),
        ("50%", 20),
        ("login_", 20),
        ("-app", 50),
        ("1042", 1),
        ("#1042", 1),
        ("anna", 20),
        ("user2", 10),
        ("\"still fails\" -tag:vip status:open", 1),
        ("nothing like that", 0),
    ] {
        let query = Query::parse(text, chrono_tz::UTC).expect(text);
        let facts = |at: usize| {
            let (ticket, due) = &desk.tickets[at];
            Facts {
                ticket,
                customer: desk.people.iter().find(|person| Some(person.id) == ticket.customer),
                group: Some(Called { id: ticket.key.group, given: None, title: "Acme Support", username: None }),
                last_text: &desk.texts[at],
                due: *due,
                reader: Some(&me),
                now: now(),
            }
        };
        let meant: BTreeSet<i32> = (0..desk.tickets.len())
            .filter(|at| query.takes(&facts(*at)))
            .map(|at| desk.tickets[at].0.key.topic.0)
            .collect();
        let filter = Filter::default();
        let part = Part { filter: &filter, query: &query, sort: Sort::Priority, offset: 0, limit: 1000 };
        let (rows, total) = reader.queue(&me, &part, now()).expect(text);
        let found: BTreeSet<i32> = rows.iter().map(|row| row.ticket.key.topic.0).collect();
        assert_eq!(found, meant, "{text}");
        assert_eq!(total, reader.count(&me, &filter, &query, now()).expect(text), "{text}");
        assert!(found.len() >= least && (least > 0 || found.is_empty()), "{text}: {} found", found.len());
        assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.ticket.priority)), "{text}");
    }
}

#[test]
fn what_is_remembered_is_as_fresh_as_what_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = desk();
    let mut store = Store::open(folder.path()).expect("a store");
    let work = store.begin().expect("a transaction");
    for (ticket, due) in &desk.tickets {
        work.put_topic(&TopicRow { title: ticket.title.clone(), ..TopicRow::unknown(ticket.key) }).expect("a topic");
        put(&work, ticket, *due);
    }
    work.commit().expect("committed");
    let kept = Reader::open(folder.path()).expect("a reader");
    let (me, none) = (AgentName::from("mia"), Query::default());
    let filters = [
        Filter::default(),
        Filter { snoozed: Some(false), ..Filter::live() },
        Filter { snoozed: Some(true), ..Filter::live() },
        Filter { overdue: true, ..Filter::live() },
        Filter { quiet: Some(Duration::from_secs(24 * 3600)), ..Filter::live() },
    ];
    let all = |reader: &Reader, at: Timestamp| {
        let pages = filters.iter().map(|filter| {
            let part = Part { filter, query: &none, sort: Sort::Natural, offset: 3, limit: 40 };
            let (rows, total) = reader.queue(&me, &part, at).expect("a page");
            let rows = rows.into_iter().map(|row| (row.ticket, row.unread, row.draft, row.mentioned));
            (rows.collect::<Vec<_>>(), total, reader.count(&me, filter, &none, at).expect("a count"))
        });
        (pages.collect::<Vec<_>>(), reader.kinds(at).expect("kinds").to_vec(), reader.waiting_since(at).expect("since"))
    };
    let fresh = |at: Timestamp| all(&Reader::open(folder.path()).expect("a reader"), at);
    let mut different = BTreeSet::new();
    for step in 0..60_u64 {
        // Time alone ends snoozes and passes deadlines; a commit changes anything.
        let at = now() + Duration::from_secs(180 * (step / 2));
        if step % 2 == 1 {
            let (ticket, due) = &mut desk.tickets[step as usize * 5];
            ticket.standing.status = if step % 4 == 1 { Status::Open } else { Status::Closed };
            ticket.snoozed_until = (step % 3 == 0).then(|| at + Duration::from_secs(200));
            *due = (step % 5 == 0).then(|| at + Duration::from_secs(100));
            let work = store.begin().expect("a transaction");
            put(&work, ticket, *due);
            work.commit().expect("committed");
        }
        let found = all(&kept, at);
        assert_eq!(found, all(&kept, at), "asked twice, step {step}");
        assert_eq!(found, fresh(at), "step {step}");
        different.insert(format!("{:?}", found.0.iter().map(|page| (page.1, page.2)).collect::<Vec<_>>()));
    }
    assert!(different.len() > 20, "nothing has changed: {}", different.len());
}

#[test]
fn saved_queues_filters_and_searches_speak_one_language() {
    let sandbox = SandboxProcess::start(&QUIET);
    let saved = "[[queues]]\nname = \"Important\"\nquery = \"is:live priority:>=high\"\nsort = \"priority\"\n";
    let desk = sandbox.bot_desk(&format!("{FAST}\n{saved}"));
    desk.run(&["sync"]).ok();
    let all = desk.queue("all");
    let ticket = desk.queue("unassigned").into_iter().next().expect("somebody waits");
    assert!(desk.queue("important").is_empty());
    desk.run(&["priority", &ticket, "urgent"]).ok();
    desk.run(&["tag", &ticket, "vip"]).ok();
    assert_eq!(desk.queue("Important"), std::slice::from_ref(&ticket));
    let filtered = |query: &str| {
        let rows = desk.json(&["queue", "all", "--filter", query]);
        rows.as_array().expect("a list").iter().map(|row| row["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(filtered("tag:vip"), std::slice::from_ref(&ticket));
    assert_eq!(filtered("-tag:vip").len(), all.len() - 1);
    let found = desk.json(&["search", "tag:vip"]);
    assert_eq!(found.as_array().expect("a list").len(), 1);
    assert_eq!(found[0]["id"].to_string(), ticket);
    desk.run(&["queue", "all", "--filter", "is:live asignee:me"]).fails(2, "^^^^^^^^^^ did you mean `assignee:`?");
    desk.run(&["search", "status:opn"]).fails(2, "unknown status `opn`");
    desk.run(&["queue", "nowhere"]).fails(2, "Important");
}
