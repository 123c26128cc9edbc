//! Statistics against SQL that knows nothing of them: a seeded desk is worked, its events are exported by the real binary, loaded into
//! a fresh SQLite, and counted there in another way. And the commands that count, print and write files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{EventId, PersonId, TicketKey};
use topicdesk::desk::ticket::{Pending, PendingReason};
use topicdesk::engine::transport::Happening;
use topicdesk::engine::views::{Brief, Report, Row, View, ViewRequest};

use crate::support::bench::{ANNA, BOT, Bench, COLLEAGUE, LI, OLENA, created, rules, text, ticket};
use crate::support::process::Desk;

/// Numbers that look like chance, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A desk that is worked by dice.
struct Life {
    bench: Bench,
    dice: Dice,
    next: i32,
    topics: Vec<i32>,
    moves: Vec<(TicketKey, &'static str, EventId)>,
}

impl Life {
    fn new(seed: u64) -> Life {
        let mut rules = rules();
        rules.timezone = Some("Europe/Kyiv".to_owned());
        let mut bench = Bench::with(rules);
        bench.connect();
        let cursor = bench.cursor.clone();
        bench.incoming(topicdesk::engine::transport::Incoming::Seeded { cursor });
        bench.backfill(&[]);
        bench.orders.clear();
        Life { bench, dice: Dice(seed), next: 10, topics: Vec::new(), moves: Vec::new() }
    }

    fn id(&mut self) -> i32 {
        self.next += 1;
        self.next
    }

    fn writes(&mut self, topic: i32, author: PersonId, words: &str) {
        let (id, now) = (self.id(), self.bench.now());
        self.bench.push(vec![Happening::Message(text(id, topic, author, now, words))]);
    }

    fn opens(&mut self) {
        let (id, now) = (self.id(), self.bench.now());
        self.bench.push(vec![Happening::Message(created(id, OLENA, now, "=A matter"))]);
        self.topics.push(id);
        self.writes(id, OLENA, "my question");
    }

    fn asks(&mut self, agent: &'static str, key: TicketKey, command: Command) {
        if let Ok(receipt) = self.bench.command(agent, command) {
            self.moves.extend(receipt.undo.map(|event| (key, agent, event)));
        }
        for send in self.bench.take_sends() {
            let id = self.id();
            self.bench.deliver(&send, id);
            // The stream's own copy is what the lifecycle consumes.
            let now = self.bench.now();
            self.bench.push(vec![Happening::Message(text(id, send.topic.0, BOT, now, &send.text))]);
        }
    }

    fn live(&mut self, topic: i32) -> bool {
        let View::Thread(page) = self.bench.read(
            "anna",
            ViewRequest::Thread { ticket: ticket(topic), window: topicdesk::engine::views::Window::Newest, limit: 1 },
        ) else {
            panic!("no ticket {topic}")
        };
        page.ticket.row.status.is_live()
    }

    fn step(&mut self) {
        let wait = match self.dice.below(10) {
            0 => self.dice.below(2 * 86_400),
            1..4 => self.dice.below(7_200),
            _ => self.dice.below(600),
        };
        self.bench.pass(Duration::from_secs(wait));
        let topic = self.topics[self.dice.below(self.topics.len() as u64) as usize];
        let (key, agent) = (ticket(topic), if self.dice.below(3) == 0 { "tom" } else { "anna" });
        match self.dice.below(100) {
            0..10 => self.opens(),
            10..30 => self.writes(topic, OLENA, "and another thing"),
            // Whoever is not the customer opens nothing, but what they ask of a closed ticket goes into its next episode.
            30..35 if self.live(topic) => self.writes(topic, LI, "same here"),
            30..38 => self.writes(topic, OLENA, "thanks"),
            38..44 => self.writes(topic, if wait % 2 == 0 { ANNA } else { COLLEAGUE }, "typed in Telegram"),
            44..62 => {
                let text = "an answer".to_owned();
                let reply = Command::Reply {
                    ticket: key,
                    text,
                    reply_to: None,
                    hold: false,
                    seen: None,
                    file: None,
                    along: Along::default(),
                };
                self.asks(agent, key, reply);
            }
            62..67 => self.asks(agent, key, Command::Claim { ticket: key }),
            67..69 => self.asks(agent, key, Command::Release { ticket: key }),
            69..72 => self.asks(agent, key, Command::Assign { ticket: key, to: "tom".into(), note: None }),
            72..77 => {
                let pending = Pending { reason: PendingReason::ThirdParty, until: None };
                self.asks(agent, key, Command::SetPending { ticket: key, pending });
            }
            77..87 => self.asks(agent, key, Command::Resolve { ticket: key }),
            87..90 => self.asks(agent, key, Command::Close { ticket: key, reason: "=done".to_owned() }),
            90..92 => self.asks(agent, key, Command::Reopen { ticket: key }),
            92..94 => self.asks(agent, key, Command::NoReplyNeeded { ticket: key }),
            94..95 => {
                let (add, remove) = (vec!["bug".parse().expect("a tag")], Vec::new());
                let (add, remove) = if wait % 3 == 0 { (remove, add) } else { (add, remove) };
                self.asks(agent, key, Command::Tag { ticket: key, add, remove });
            }
            95..96 => self.asks(agent, key, Command::Note { ticket: key, text: "between us".to_owned() }),
            _ => {
                if let Some((key, agent, event)) = self.moves.pop() {
                    self.asks(agent, key, Command::Undo { ticket: key, event });
                }
            }
        }
    }
}

fn lived(seed: u64, steps: usize) -> Life {
    let mut life = Life::new(seed);
    life.opens();
    for _ in 0..steps {
        life.step();
        // Undo is for what was done a moment ago.
        if life.dice.below(12) == 0
            && let Some((key, agent, event)) = life.moves.pop()
        {
            life.asks(agent, key, Command::Undo { ticket: key, event });
        }
    }
    life
}

/// Puts the database where the binary looks for it.
fn as_process(bench: &Bench) -> Desk {
    let desk = Desk::empty();
    desk.configure("[desk]\ntimezone = \"Europe/Kyiv\"\n[[agents]]\nname = \"anna\"\n");
    let folder = desk.tickets().parent().expect("a folder").to_owned();
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["tickets.db", "tickets.db-wal"] {
        let from = bench.folder.path().join(name);
        if from.exists() {
            fs::copy(from, folder.join(name)).expect("copies");
        }
    }
    desk
}

const TABLE: &str = "CREATE TABLE ev (id INTEGER PRIMARY KEY, ticket INTEGER, at INTEGER, by_kind TEXT, by TEXT, type TEXT,
    episode INTEGER, writer TEXT, writer_agent TEXT, thanks INTEGER, status TEXT, assignee TEXT, why TEXT, undone INTEGER, added TEXT, removed TEXT)";

/// Loads exported events. Seconds of Unix time; Kyiv is two hours ahead of UTC from November to March.
fn load(lines: &str) -> Connection {
    let db = Connection::open_in_memory().expect("a database");
    db.execute_batch(TABLE).expect("a table");
    let mut insert = db
        .prepare(
            "INSERT INTO ev SELECT j->>'id', j->>'ticket', unixepoch(j->>'at'), j->>'by_kind', j->>'by', j->>'type', j->>'episode',
             j->>'writer', j->>'writer_agent', coalesce(j->>'thanks', 0), j->>'status', j->>'assignee', j->>'why', j->>'undone_event', j->>'tags_added', j->>'tags_removed'
             FROM (SELECT ?1 AS j)",
        )
        .expect("a statement");
    for line in lines.lines() {
        insert.execute([line]).expect("a row");
    }
    drop(insert);
    db.execute_batch(
        "-- Without what was undone; each event with the episode it belongs to, named by the event that opened it.
         CREATE TABLE e AS SELECT * FROM ev WHERE type <> 'undone' AND id NOT IN (SELECT undone FROM ev WHERE undone IS NOT NULL);
         CREATE TABLE x AS SELECT e.*, (SELECT max(o.id) FROM e o WHERE o.type = 'opened' AND o.ticket = e.ticket AND o.id <= e.id) AS ep,
             type = 'wrote' AND writer IN ('customer', 'participant') AND NOT thanks AS asks,
             type = 'wrote' AND writer IN ('desk', 'native', 'colleague') AS answers,
             coalesce(writer_agent, '(colleagues)') AS answerer FROM e;
         -- First responses: the first message of staff after the first question.
         CREATE TABLE first AS SELECT q.ep, q.at AS asked, s.id, s.at, s.answerer AS who, s.at - q.at AS took
             FROM (SELECT ep, min(id) AS id, at FROM x WHERE asks GROUP BY ep) q
             JOIN x s ON s.id = (SELECT min(id) FROM x WHERE answers AND ep = q.ep AND id > q.id);
         -- Next responses: questions and what ended them, in groups.
         CREATE TABLE next AS SELECT ep, max(at) FILTER (WHERE NOT asks) AS at, max(answerer) FILTER (WHERE NOT asks) AS who,
             max(at) FILTER (WHERE NOT asks) - min(at) FILTER (WHERE asks) AS took FROM (
                 SELECT *, coalesce(sum(NOT asks) OVER (PARTITION BY ep ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                 AS part FROM x WHERE asks OR answers OR type = 'no_reply_needed') y
             GROUP BY ep, part HAVING sum(asks) > 0 AND sum(answers) > 0
             AND max(id) FILTER (WHERE answers) > (SELECT f.id FROM first f WHERE f.ep = y.ep);",
    )
    .expect("first and next responses");
    db.execute_batch(
        "-- Where each ticket stood, step by step.
         CREATE TABLE stood AS SELECT *, status NOT IN ('resolved', 'closed') AS live,
             lead(at) OVER (PARTITION BY ep ORDER BY id) - at AS lasted,
             lag(status) OVER (PARTITION BY ticket ORDER BY id) AS before FROM x WHERE status IS NOT NULL;
         -- Ended: after the last time that it was live.
         CREATE TABLE done AS SELECT d.ep, d.at, iif(d.by_kind = 'agent', d.by, coalesce(d.assignee, '(nobody)')) AS who,
             d.at - (SELECT at FROM ev WHERE id = d.ep)
                 - coalesce((SELECT sum(lasted) FROM stood p WHERE p.ep = d.ep AND p.status = 'pending'), 0) AS took,
             EXISTS (SELECT 1 FROM x WHERE x.ep = d.ep AND asks) AND NOT EXISTS (SELECT 1 FROM first WHERE first.ep = d.ep) AS silent
             FROM stood d WHERE d.id = (SELECT min(id) FROM stood s WHERE s.ep = d.ep
                 AND s.id > (SELECT max(id) FROM stood l WHERE l.ep = d.ep AND l.live));
         -- Those that were tagged at their end: the last that was said of the tag before the next episode.
         CREATE TABLE bug AS SELECT o.id AS ep, o.at FROM e o WHERE o.type = 'opened' AND (SELECT t.added = 'bug' FROM e t
             WHERE t.ticket = o.ticket AND 'bug' IN (t.added, t.removed) AND t.id < coalesce((SELECT min(n.id) FROM e n
                 WHERE n.type = 'opened' AND n.ticket = o.ticket AND n.id > o.id), 1 << 60) ORDER BY t.id DESC LIMIT 1);
         CREATE TABLE back AS SELECT * FROM stood WHERE live AND before IN ('resolved', 'closed');
         CREATE TABLE open AS SELECT ticket, coalesce(assignee, '(nobody)') AS who FROM stood s
             WHERE live AND id = (SELECT max(id) FROM stood m WHERE m.ticket = s.ticket);
         CREATE TABLE outside AS SELECT at, answerer AS who FROM x WHERE writer IN ('native', 'colleague');",
    )
    .expect("the rest");
    db
}

/// Counts a table by an expression.
fn count(db: &Connection, table: &str, by: &str) -> BTreeMap<String, usize> {
    let sql = format!("SELECT {by}, count(*) FROM {table} GROUP BY 1");
    let mut statement = db.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))).expect(&sql);
    rows.collect::<Result<_, _>>().expect(&sql)
}

/// Median and ninth decile as SQL has them: by row number, the middle two averaged.
fn spread(db: &Connection, table: &str) -> (Option<u64>, Option<u64>) {
    let sql = format!(
        "WITH s AS (SELECT took, row_number() OVER (ORDER BY took) AS n, count(*) OVER () AS c FROM {table} WHERE took IS NOT NULL)
         SELECT (SELECT CAST(avg(took) AS INTEGER) FROM s WHERE n IN ((c + 1) / 2, (c + 2) / 2)),
                (SELECT took FROM s WHERE n = (c * 9 + 9) / 10)"
    );
    let get = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let (p50, p90) = db.query_row(&sql, [], get).expect(&sql);
    (p50.map(|seconds| seconds as u64), p90.map(|seconds| seconds as u64))
}

fn by(rows: &[Row], what: impl Fn(&Row) -> usize) -> BTreeMap<String, usize> {
    rows.iter().map(|row| (row.key.clone(), what(row))).filter(|(_, count)| *count > 0).collect()
}

fn stats(bench: &Bench) -> Report {
    match bench.read("anna", ViewRequest::Stats { since: None, until: None }) {
        View::Stats(report) => *report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn statistics_agree_with_sql_over_the_exported_events() {
    for seed in [1, 2] {
        let life = lived(seed, 700);
        let report = stats(&life.bench);
        let desk = as_process(&life.bench);
        let db = load(&desk.run(&["export", "events"]).ok());

        let day = "date(at, 'unixepoch', '+2 hours')";
        let hour = "strftime('%H', at, 'unixepoch', '+2 hours')";
        let opened = "(SELECT * FROM e WHERE type = 'opened')";
        let total = &report.total;
        let by_desk: i64 =
            db.query_row("SELECT count(*) FROM e WHERE writer = 'desk'", [], |row| row.get(0)).expect("count");
        assert!(by_desk > 30, "few replies from the desk: {by_desk}");
        assert!(total.opened > Some(50) && total.resolved > 30 && total.reopened > 5, "a poor life: {total:?}");
        assert!(
            db.query_row("SELECT count(*) FROM ev WHERE undone", [], |row| row.get::<_, i64>(0)).expect("count") > 2
        );
        for (table, of) in [
            (opened, (|row: &Row| row.figures.opened.unwrap_or(0)) as fn(&Row) -> usize),
            ("done", |row| row.figures.resolved),
            ("back", |row| row.figures.reopened),
            ("outside", |row| row.figures.outside),
            ("first", |row| row.figures.first_response.count),
            ("next", |row| row.figures.next_response.count),
            ("(SELECT * FROM done WHERE silent)", |row| row.figures.without_response),
        ] {
            assert_eq!(by(&report.days, of), count(&db, table, day), "{table} by day, seed {seed}");
            assert_eq!(by(&report.hours, of), count(&db, table, hour), "{table} by hour, seed {seed}");
        }
        for (table, of) in [
            ("done", (|row: &Row| row.figures.resolved) as fn(&Row) -> usize),
            ("outside", |row| row.figures.outside),
            ("first", |row| row.figures.first_response.count),
            ("next", |row| row.figures.next_response.count),
            ("open", |row| row.figures.open.unwrap_or(0)),
        ] {
            assert_eq!(by(&report.agents, of), count(&db, table, "who"), "{table} by agent, seed {seed}");
        }
        for (table, of) in [("first", total.first_response), ("next", total.next_response), ("done", total.resolution)]
        {
            assert_eq!((of.p50_seconds, of.p90_seconds), spread(&db, table), "{table}, seed {seed}");
        }
        let tagged = report.tags.iter().find(|row| row.key == "bug").expect("some are tagged");
        for (table, of) in [
            ("bug", tagged.figures.opened.unwrap_or(0)),
            ("(SELECT * FROM done WHERE ep IN (SELECT ep FROM bug))", tagged.figures.resolved),
            ("(SELECT * FROM next WHERE ep IN (SELECT ep FROM bug))", tagged.figures.next_response.count),
        ] {
            assert_eq!(count(&db, table, "'bug'").values().sum::<usize>(), of, "{table}, seed {seed}");
        }
        // The backlog: at the end of each day, opened and back less gone.
        for row in &report.days {
            let sql = format!(
                "SELECT count(*) FROM stood s WHERE live AND id = (SELECT max(id) FROM stood m WHERE m.ticket = s.ticket
                 AND date(m.at, 'unixepoch', '+2 hours') <= '{}')",
                row.key
            );
            let open: i64 = db.query_row(&sql, [], |row| row.get(0)).expect("backlog");
            assert_eq!(row.figures.open, Some(open as usize), "open at the end of {}, seed {seed}", row.key);
        }
    }
}

#[test]
fn what_is_kept_and_counted_on_is_what_is_counted_anew() {
    // A desk that stays open keeps what it has counted; a command counts everything.
    let mut life = lived(3, 60);
    let clock = life.bench.clock.clone();
    for _ in 0..4 {
        let fresh = stats(&life.bench);
        assert_eq!(fresh, stats(&life.bench));
        for _ in 0..15 {
            life.step();
        }
    }
    let topic = life.topics[0];
    life.bench.command("anna", Command::Ignore { ticket: ticket(topic), ignored: true }).expect("is ignored");
    let (folder, rules) = (life.bench.folder.clone(), life.bench.rules.clone());
    let fresh = stats(&life.bench);
    drop(life);
    let setup = topicdesk::engine::runner::EngineSetup { data: folder.path().to_owned(), rules, clock };
    let (desk, _ends) = topicdesk::engine::runner::start(setup).expect("starts");
    let handle = desk.handle("anna".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let read = || runtime.block_on(handle.read(ViewRequest::Stats { since: None, until: None }));
    let View::Stats(first) = read() else { panic!("counts") };
    assert_eq!(*first, fresh);
    let again = Command::Ignore { ticket: ticket(topic), ignored: false };
    runtime.block_on(handle.submit(topicdesk::engine::handle::new_command_id(), again)).expect("is a ticket again");
    let View::Stats(second) = read() else { panic!("counts") };
    assert!(second.total.opened > first.total.opened, "an ignored topic is none of the desk's, until it is again");
    desk.stop();
}

#[test]
fn the_commands_print_and_write_what_they_should() {
    let mut life = Life::new(9);
    life.opens();
    let topic = life.topics[0];
    let key = ticket(topic);
    life.asks("anna", key, Command::Claim { ticket: key });
    life.bench.pass(Duration::from_secs(600));
    let text = "On it.".to_owned();
    life.asks(
        "anna",
        key,
        Command::Reply {
            ticket: key,
            text,
            reply_to: None,
            hold: false,
            seen: None,
            file: None,
            along: Along::default(),
        },
    );
    life.asks("anna", key, Command::Note { ticket: key, text: "=secret, between us".to_owned() });
    life.asks("anna", key, Command::Resolve { ticket: key });
    life.bench.push(vec![Happening::Edited(crate::support::bench::text(
        topic + 1,
        topic,
        OLENA,
        life.bench.now(),
        "my corrected question",
    ))]);
    life.opens();
    let brief = life.bench.read("anna", ViewRequest::Brief { since: life.bench.now() - Duration::from_secs(3600) });
    let View::Brief(brief) = brief else { panic!("{brief:?}") };
    let Brief { opened, resolved, reopened, open, waiting, notes, parked, outside, .. } = &*brief;
    assert_eq!((opened.len(), resolved.len(), reopened.len()), (2, 1, 0));
    assert_eq!(resolved[0].by.as_deref(), Some("anna"));
    assert_eq!((open.len(), open[0].assignee.as_ref(), open[0].waiting, waiting.len()), (1, None, 1, 1));
    assert_eq!((notes[0].text.as_str(), notes[0].last_text.as_str()), ("=secret, between us", "On it."));
    assert!(parked.is_empty() && outside.is_empty());
    let Life { bench, .. } = life;
    let desk = as_process(&bench);

    let report: Value = desk.json(&["stats", "--since", "all"]);
    assert_eq!((&report["total"]["opened"], &report["total"]["resolved"]), (&2.into(), &1.into()));
    assert_eq!(report["total"]["first_response"]["p50_seconds"], 600);
    assert_eq!((&report["clock"], &report["timezone"]), (&"plain".into(), &"Europe/Kyiv".into()));
    let said = desk.run(&["stats", "--since", "all"]).ok();
    assert!(said.contains("plain time") && said.contains("New 2, resolved 1"), "{said}");
    assert!(said.contains("Deadlines missed since live: 0."), "{said}");
    let said = desk.run(&["stats", "--since", "all", "--by", "agent"]).ok();
    assert!(said.contains("anna") && !said.contains("NEW"), "{said}");
    let csv = desk.run(&["stats", "--since", "all", "--by", "hour", "--csv"]).ok();
    assert_eq!(
        (csv.lines().count(), csv.lines().nth(1).map(|line| line.starts_with("00,"))),
        (25, Some(true)),
        "{csv}"
    );
    desk.run(&["stats", "--csv", "--json"]).fails(2, "say one");
    desk.run(&["stats", "--since", "soon"]).fails(2, "30d");
    desk.run(&["stats", "--since", "1d", "--until", "2d"]).fails(2, "empty");

    let said = desk.run(&["brief", "--since", "2026-11-22"]).ok();
    for words in [
        "New: 2",
        "Resolved: 1",
        "by anna",
        "Still open: 1",
        "=secret, between us",
        "(staff) On it.",
        "Waiting longest: 1",
    ] {
        assert!(said.contains(words), "{words} is not in {said}");
    }

    let log = desk.run(&["show", &topic.to_string(), "--activity"]).ok();
    for words in
        ["anna claimed, status Open → Assigned", "anna replied: message", "anna wrote a note: =secret", "was edited"]
    {
        assert!(log.contains(words), "{words} is not in {log}");
    }
    let found = desk.run(&["show", &topic.to_string(), "--activity", "--find", "resolved anna"]).ok();
    assert_eq!(found.lines().count(), 1, "{found}");
    let lines = desk.json(&["show", &topic.to_string(), "--activity"]);
    assert_eq!(lines[0]["by"], "Olena K.");

    // Notes stay at the desk unless they are asked for; what looks like a formula is text.
    let events = desk.run(&["export", "events"]).ok();
    assert!(!events.contains("secret") && events.contains("\"type\":\"noted\""), "{events}");
    let csv = desk.run(&["export", "events", "--notes", "--format", "csv"]).ok();
    assert!(csv.contains("\"'=secret, between us\"") && csv.contains(",'=A matter,"), "{csv}");
    let tickets = desk.run(&["export", "tickets"]).ok();
    let first: Value = serde_json::from_str(tickets.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["status"], &first["customer_name"]), (&"resolved".into(), &"Olena K.".into()));
    desk.run(&["export", "tickets", "--since", "2099-01-01"]).ok();

    let file = desk.path().join("out.csv");
    let out = file.display().to_string();
    desk.run(&["export", "tickets", "--format", "csv", "--out", &out]).ok();
    assert_eq!(fs::metadata(&file).expect("written").permissions().mode() & 0o777, 0o600);
    let written = fs::read_to_string(&file).expect("readable");
    assert!(written.starts_with("id,group,episode,status,title,"), "{written}");
    desk.run(&["export", "events", "--out", &out]).fails(1, "--force");
    assert_eq!(fs::read_to_string(&file).expect("readable"), written);
    desk.run(&["export", "events", "--out", &out, "--force"]).ok();
    assert_ne!(fs::read_to_string(&file).expect("readable"), written);
    desk.run(&["export", "events", "--out", "/no/such/folder/x"]).fails(1, "No such file");
}
