//! Topic Desk: the help desk for teams whose customers write in a Telegram topic group.
//!
//! # Architecture
//!
//! One package, library and binary. Every folder under `src/` is a room with one job; which room may name which is a test
//! (`tests/it/tidy.rs`).
//!
//! | room | job |
//! |---|---|
//! | [`desk`] | the rules: people, tickets, events, commands, lifecycle, queues, templates. Pure |
//! | [`store`] | SQLite: tickets, threads, the activity log, outbox, coverage, cursor, index; `session.db`. The only room that names `rusqlite` |
//! | [`engine`] | what the program does: one synchronous, deterministic engine, its handle, its views, its runner |
//! | [`telegram`] | the MTProto client: login, the link, conversion of what comes in, sending. Names `grammers` |
//! | [`knowledge`] | articles that may answer: a local folder and a webhook. The only room that names an HTTP client |
//! | [`seat`] | the desk's local socket: many terminals, one engine |
//! | [`config`] | `desk.toml` and templates to values; paths; errors with file, line and column |
//! | [`tui`] | the terminal: model, update, view. The only room that names `ratatui` |
//! | [`cli`] | the command line, one command a file; the composition root. The only room that names `clap` |
//! | `sandbox` | a loopback Telegram: a real MTProto server for demo, tests and benchmarks. Shares nothing with `telegram` |
//! | `selftest` | the proof: the engine simulated, soaked and killed, against worlds that misbehave |
//! | [`clock`] | instants, and the one place that asks what time it is |
//!
//! # How something comes in
//!
//! ```text
//! Telegram -> telegram::updates -> Incoming -> queue -> Engine::step(input, now)
//!          -> ONE transaction: messages by (group, id), events, fold, cursor, revision
//!          -> commit -> revision published -> each screen re-reads the page it shows
//! ```
//!
//! [`telegram::link`] keeps a connection that it throws away whenever in doubt; a new one begins at the cursor that was committed.
//! Content and cursor are committed together, and the cursor moves only if a batch begins where the last one ended; otherwise
//! the content is kept and the difference asked for. Anything may arrive twice. Reactions have no place in that stream for a user
//! account: those to what people are likely to look at are asked for after each connection (`engine::reactions`).
//!
//! A desk may work several groups (`engine::groups`): one login, one stream of updates and one cursor, which counts each group for itself. Facts,
//! rights, staff, history, pace and what Telegram asks to wait for are each group's own; every key of the store begins with the group. A group that
//! cannot be had is left out by the link and is read-only; its count stays in the cursor for when it comes back.
//!
//! # How something goes out
//!
//! ```text
//! key -> Action -> update(model, signal) -> Command -> handle -> engine -> lifecycle::decide (events or a Refusal)
//!     -> ONE transaction: ticket, entry, outbox row with its random_id -> commit -> shown
//!     -> Order::Send -> telegram::send -> Delivery -> row settled -> shown
//! ```
//!
//! A row of the outbox is held, queued, sending, then sent or parked. `random_id`, text and target are fixed when it leaves *held*;
//! when it is not known whether Telegram has it, the identical call is repeated, and only that. What was never *sending* is held
//! again if the thread has moved on since its agent looked. All that is asked of a group keeps one pace, tickets taking turns: first
//! what people wrote, then what the desk says by itself, then the icons of topics (`engine::mirror_status`).
//!
//! A ticket that is opened from General (`engine::opening`) is a row of the outbox too: its reply there is the last step, after a topic
//! was created and the messages were forwarded, each under a `random_id` of its own. The ticket begins with the topic, for the customer
//! who asked first and under the date of that; the copies are kept as what they are copies of.
//!
//! What the desk says by itself is told from a ticket alone ([`desk::automatic`]): an occasion, the instant it counts from, when it is due.
//! `engine::automatic` puts it into the outbox when it is due, with the link live, and takes it back as soon as the ticket has another
//! occasion or none; the ticket's log says that something was said when it was sent. Answers to surveys ([`desk::survey`]) come by
//! buttons, which may be lost, or by a message, and move no ticket. With `pilot` nothing of it leaves.
//!
//! What should not leave by mistake is found by [`desk::guard`], which the engine asks before any command that sends; the command says
//! that its agent has seen what was found. What a template does to a ticket ([`desk::along`]) is part of the reply's own command, so both
//! happen or neither does. One text to many is planned by [`desk::template::bulk`] for screen and command line alike, and leaves as so
//! many ordinary replies.
//!
//! # What is due
//!
//! A ticket carries instants only: when it was asked and answered, when its resolution stood still, what was said of its clocks
//! ([`desk::sla`]). Deadlines are reckoned from them by policies and business hours ([`desk::hours`]) and never stored as facts; the
//! columns `due_at` and `alarm_at` are copies for queues and the timer, and all are reckoned anew, in parts, when the rules are
//! others than at the last start. Warnings and breaches become events, once per cause, and only while the link is live: before
//! that an answer may have been given that the desk does not know of.
//!
//! Rules that escalate ([`desk::escalation`]) go by the same means: from a ticket alone it follows what fires next and for which instant, the
//! column `escalate_at` is the timer's copy, and a firing is an event, once for each cause. Because nothing else decides, the backtest
//! (`engine::backtest`) feeds the recorded events to the same function and tells what other rules would have done. What a rule says to staff
//! in Telegram (`engine::summons`) is sent as replies are, one call under one `random_id`, but to a `Reach`, which can name no topic.
//!
//! # Whose work it is
//!
//! ```text
//! first message of an episode -> intake rules -> events (tags, category, priority, team) by the desk
//!     -> desk::routing::decide (ticket, teams, who is there, what they have in hand) -> Moved, with the reason; or the line
//! ```
//!
//! All of it happens in the transaction in which the message comes. What nobody can take stands in a line, an index of the store, and is
//! tried again only when something has changed for it or for the agents: somebody is back, has a slot free, comes on duty
//! (`engine::routing`). Whose turn it was, and who has said that they are away, stand in the store, so that a restart changes no order. A
//! reader decides with the same function why a ticket is nobody's; nothing of that is stored.
//!
//! # What may answer
//!
//! ```text
//! ticket on the screen -> ViewRequest::Suggestions -> reader -> engine::shelf: what is known, at once
//!     -> Inquiry -> knowledge (folder, webhook) -> Told -> shelf -> Alert::Suggestions -> the screen reads again
//! ```
//!
//! The question is what the customer has asked in public and nobody has answered. The shelf stands in memory; the engine's thread and
//! the store have no part in it.
//!
//! # Who runs where
//!
//! The engine has a thread of its own and is the only writer; reads are answered by another thread on a read-only connection, so a
//! screen never waits for a write; what goes through the logs of all tickets (statistics, the brief) is counted by a third thread that is begun
//! when it is first asked for. The link and the screen are tasks on the main runtime. Between them are queues of values
//! ([`engine::transport`], [`engine::handle`]); no room holds a reference into another. Only [`engine::runner`] waits: clock,
//! randomness and rules are inputs of the engine, so a test steps through a week in a millisecond.
//!
//! One process has the engine; all others attach to it. A seat's client is the other ends of an ordinary [`engine::handle::Handle`], so
//! neither screen nor command knows the difference:
//!
//! ```text
//! screen -> Handle -> seat::client -> frames over a Unix socket -> seat::server -> Handle -> engine
//! ```
//!
//! Many screens ask the same: what depends on the state of the database alone is found once for it (`store::memo`), seats hear of news
//! one after the other, and what somebody has pressed a key for goes before what nobody waits for.
//!
//! Who is at the other end the kernel says, and what they may do [`desk::authority`] says, in the engine. A line that breaks is knocked for
//! again, and what was not answered is asked again under the same ids; if nobody listens any more, a seat that may open the files takes
//! the lock and is the host. The lock is kept until the link has ended, so that nobody uses the login twice; whoever finds the lock taken and
//! nobody listening waits a little for one or the other (`cli::seat::reach`). A host's own screen goes through the same client, so that it
//! outlives its engine: with other settings, or another login, an engine is not changed but begun again, under the same lock.
//!
//! What is asked about the desk as a whole (`engine::operation`: who sits there, read `desk.toml` again, log in, a page of an export) takes
//! the handle too, and is answered by whoever runs the desk (`cli::attend`), beside the engine.
//!
//! Each screen has an id of its own and says that it is open, when a key was pressed, which ticket it shows and that somebody writes in
//! it. The engine keeps that in memory (`engine::presence`): nothing of it is written down, readers share it as they do the state of the
//! link, and seats say it anew to another engine. Whoever has pressed no key for long is idle; that the engine finds by its own clock.
//!
//! # Invariants
//!
//! 1. Status is moved by [`desk::lifecycle`] only: `decide` and `happen` say what follows, `apply` folds it.
//! 2. Every ticket is the fold of its events; the log is append-only. Messages are consumed in id order, each once; one that
//!    comes late is shown as late and moves nothing. The first backfill is consumed oldest first and is heard by nobody.
//! 3. Content and cursor are committed together, or not at all.
//! 4. A reply is sent once, in order per ticket, whatever dies when.
//! 5. One desk has one engine: a file lock says so and names the process.
//! 6. Text from Telegram is made safe once, where it enters (`telegram::convert`).
//! 7. An internal note has no path to `telegram::send`: notes and replies are different commands, and only replies make outbox rows. What a
//!    rule tells staff has none into a group of the desk, and is made of the rule's `message` and the ticket's title.
//! 8. Secrets are in files of mode 0600 and in no log, error or `Debug`.
//! 9. What is known to be deleted in Telegram leaves the files too, index and write-ahead log included, unless `keep_deleted_text`;
//!    the entry stays as a tombstone.

pub mod cli;
pub mod clock;
pub mod config;
pub mod desk;
pub mod engine;
pub mod knowledge;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod seat;
#[cfg(feature = "sandbox")]
pub mod selftest;
pub mod store;
pub mod telegram;
pub mod tui;
