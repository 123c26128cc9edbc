//! The link: a task between two queues that keeps a connection to Telegram and throws it away whenever in doubt.
//!
//! Every way out of trouble is the same (DESIGN §3): the connection with all its tasks is dropped, a new one is made, the message
//! boxes are loaded from the cursor, which asks Telegram for the difference. The cursor is the engine's after `Order::Follow`, and
//! otherwise the end of the last batch that was handed over.
//!
//! After `Order::Follow` the first thing that comes is `Link(Connecting)`; a batch that is still in the queue before it belongs to the
//! link that was thrown away. Orders are carried out beside the following: sends one after the other and ahead of everything, fetches
//! at the pace of the backfill, several at once. Each gets exactly one answer, whatever happens to the connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::error::TelegramError;
use super::facts::facts;
use super::selector::GroupSelector;
use super::session::Vault;
use super::setup::Setup;
use super::station::{Deaf, Online, Shared, Station};
use super::updates::{Follower, Over, seed};
use super::wire::{Pool, Wire};
use super::{group, history, media, opening, press, send, summon, topics};
use crate::desk::ids::GroupId;
use crate::engine::transport::{Cursor, Failure, Incoming, LinkState, Missing, Order, Outcome, Send, TopicOutcome};

/// The first new connection is made after this; each further one after twice as long, up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After a connection that was live, the next one is tried at once; when live ones end young, later and later, but for a hot loop.
const BREATH: Duration = Duration::from_millis(20);
/// A connection that lives so long has not ended young.
const OF_AGE: Duration = Duration::from_secs(10);

/// Starts the link on the current tokio runtime. It ends on [`Order::Stop`], when the queue of orders is closed, when nobody listens
/// any more, or when the handle is aborted.
///
/// It does nothing before the first [`Order::Follow`].
pub fn spawn(setup: Setup, orders: mpsc::UnboundedReceiver<Order>, incoming: mpsc::Sender<Incoming>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Nobody listens any more: there is nobody to tell, either.
        let _ = supervise(setup, orders, incoming).await;
    })
}

/// A task that ends when its handle is dropped.
struct Owned<T>(JoinHandle<T>);

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn supervise(
    setup: Setup,
    mut orders: mpsc::UnboundedReceiver<Order>,
    incoming: mpsc::Sender<Incoming>,
) -> Result<(), Deaf> {
    let Some((shared, cursor)) = open(setup, &mut orders, incoming).await? else { return Ok(()) };
    let (send_queue, sends) = mpsc::unbounded_channel();
    let _sender = Owned(tokio::spawn(send_all(Arc::clone(&shared), sends)));
    let mut tasks = JoinSet::new();
    let mut lives = 0;
    let mut failures: u32 = 0;
    let mut born = Instant::now();
    shared.set_progress(cursor);
    shared.say(LinkState::Connecting).await?;
    let mut life = Some(begin(&shared, &mut lives));
    let mut retry: Option<Instant> = None;
    loop {
        while tasks.try_join_next().is_some() {}
        let ended = async {
            match &mut life {
                Some(life) => (&mut life.0).await,
                None => std::future::pending().await,
            }
        };
        let pause = async {
            match retry {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => match order {
                None | Some(Order::Stop) => break,
                Some(Order::Follow { cursor }) => {
                    // First the end of the old life, so that nothing of it comes after what is said next.
                    if let Some(old) = life.take() {
                        finish(old).await;
                    }
                    shared.station.send_replace(Station::Down);
                    shared.set_progress(cursor);
                    shared.unsay();
                    shared.say(LinkState::Connecting).await?;
                    failures = 0;
                    retry = None;
                    born = Instant::now();
                    life = Some(begin(&shared, &mut lives));
                }
                // What brings a file up goes beside: it takes long, and of a ticket only one row is on its way.
                Some(order @ (Order::Send(Send { file: None, .. }) | Order::Change(_) | Order::MakeTopic(_) | Order::Forward(_))) => {
                    // The queue is as long-lived as this function.
                    let _ = send_queue.send(order);
                }
                Some(order) => {
                    let shared = Arc::clone(&shared);
                    tasks.spawn(async move { carry_out(&shared, order).await });
                }
            },
            over = ended => {
                life = None;
                let was_live = shared.said() == Some(LinkState::Live);
                let error = match over {
                    Ok(Over::Deaf) => return Err(Deaf),
                    Ok(Over::Trouble(error)) => error,
                    Err(panic) => {
                        tracing::error!(%panic, "the link's task failed");
                        TelegramError::Link { target: "Telegram".to_owned(), why: "the connection's task failed".to_owned() }
                    }
                };
                let of_age = born.elapsed() >= OF_AGE;
                failures = if was_live && of_age { 0 } else { failures + 1 };
                retry = settle(&shared, error, was_live, failures).await?;
            },
            () = pause => {
                retry = None;
                born = Instant::now();
                life = Some(begin(&shared, &mut lives));
            },
        }
    }
    if let Some(life) = life.take() {
        finish(life).await;
    }
    if let Err(error) = shared.vault.flush() {
        tracing::warn!(%error, "peers not written");
    }
    Ok(())
}

/// Opens the session and waits for the first order to follow; again after each failure. `None`: the link was told to stop.
async fn open(
    setup: Setup,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    incoming: mpsc::Sender<Incoming>,
) -> Result<Option<(Arc<Shared>, Option<Cursor>)>, Deaf> {
    let mut stopped: Option<String> = None;
    let mut early = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Stop => return Ok(None),
            Order::Follow { cursor } => match Vault::open(&setup) {
                Ok(vault) => {
                    let shared = Arc::new(Shared::new(setup, Arc::new(vault), incoming));
                    for order in early {
                        let shared = Arc::clone(&shared);
                        tokio::spawn(async move { carry_out(&shared, order).await });
                    }
                    return Ok(Some((shared, cursor)));
                }
                Err(error) => {
                    let why = error.to_string();
                    incoming.send(Incoming::Link(LinkState::Stopped { why: why.clone() })).await.map_err(|_| Deaf)?;
                    for order in early.drain(..) {
                        refuse(&incoming, order, &why).await?;
                    }
                    stopped = Some(why);
                }
            },
            order => match &stopped {
                Some(why) => refuse(&incoming, order, why).await?,
                None => early.push(order),
            },
        }
    }
    Ok(None)
}

async fn refuse(incoming: &mpsc::Sender<Incoming>, order: Order, why: &str) -> Result<(), Deaf> {
    let why = why.to_owned();
    let answer = match order {
        Order::Send(send) => Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Unknown { why } },
        Order::Summon(to) => Incoming::Summoned { summons: to.summons, outcome: Outcome::Unknown { why } },
        Order::MakeTopic(new) => Incoming::TopicMade { outbox: new.outbox, outcome: Outcome::Unknown { why } },
        Order::Forward(forward) => {
            Incoming::Forwarded { outbox: forward.outbox, outcome: Outcome::Unknown { why }, copies: Vec::new() }
        }
        Order::Change(change) => Incoming::Changed { change: change.change, outcome: Outcome::Unknown { why } },
        Order::EditTopic(edit) => Incoming::TopicEdited { edit, outcome: TopicOutcome::Unknown { why } },
        Order::Unbutton { group, topic, message } => {
            Incoming::Unbuttoned { group, topic, message, outcome: Outcome::Unknown { why } }
        }
        Order::Typing { .. } | Order::AnswerPress { .. } => return Ok(()),
        order => Incoming::Failed { order, why: Failure::Link { why } },
    };
    incoming.send(answer).await.map_err(|_| Deaf)
}

async fn finish(life: Owned<Over>) {
    life.0.abort();
    let mut life = life;
    // Aborted or ended: either is fine.
    let _ = (&mut life.0).await;
}

/// Says how the link is after a life has ended, and when the next one is to begin.
async fn settle(shared: &Shared, error: TelegramError, was_live: bool, failures: u32) -> Result<Option<Instant>, Deaf> {
    let why = error.to_string();
    // A group that was followed before may be given back at any time; one that never was is a mistake in the settings.
    let patient = error.is_about_group() && shared.progress().is_some();
    if error.is_final() && !patient {
        shared.station.send_replace(Station::Stopped(why.clone()));
        shared.say(LinkState::Stopped { why }).await?;
        return Ok(None);
    }
    shared.station.send_replace(Station::Down);
    tracing::info!(why, failures, "the link is down");
    if was_live {
        shared.say(LinkState::Connecting).await?;
        let pause = BREATH.saturating_mul(1 << failures.min(12)).min(LONGEST_PAUSE);
        return Ok(Some(Instant::now() + pause));
    }
    let since = match shared.said() {
        Some(LinkState::Offline { since, .. }) => since,
        _ => shared.setup.clock.now(),
    };
    shared.say(LinkState::Offline { since, why }).await?;
    let pause = match error {
        TelegramError::Flood { seconds } => Duration::from_secs(seconds),
        _ => FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE),
    };
    Ok(Some(Instant::now() + pause))
}

/// Begins a life: one connection, from connecting to its end.
fn begin(shared: &Arc<Shared>, lives: &mut u64) -> Owned<Over> {
    *lives += 1;
    Owned(tokio::spawn(live(Arc::clone(shared), *lives)))
}

async fn live(shared: Arc<Shared>, number: u64) -> Over {
    if shared.vault.own().is_none()
        && let Err(error) = shared.vault.reread()
    {
        return Over::Trouble(error.into());
    }
    if shared.vault.own().is_none() {
        return Over::Trouble(TelegramError::NotLoggedIn);
    }
    if let Some(destroyed) = shared.vault.destroyed() {
        return Over::Trouble(destroyed);
    }
    let (wire, Pool { mut runner, pushes }) = Wire::new(&shared.setup, Arc::clone(&shared.vault));
    let doubt = wire.clone();
    let link = |why: &str| Over::Trouble(TelegramError::Link { target: doubt.target(), why: why.to_owned() });
    tokio::select! {
        over = follow(&shared, wire, pushes, number) => over,
        () = doubt.doubted() => link("no answer in time; it may be that this machine's clock is ahead of the real time, or that the login has ended"),
        _ = &mut runner.0 => link("the connection broke"),
    }
}

async fn follow(
    shared: &Arc<Shared>,
    wire: Wire,
    pushes: mpsc::Receiver<grammers_session::updates::UpdatesLike>,
    life: u64,
) -> Over {
    match prepare(shared, wire, life).await {
        Ok((online, cursor)) => Follower::new(Arc::clone(shared), online, &cursor).run(pushes).await,
        Err(over) => over,
    }
}

/// Connects, finds the groups, says the facts of each and which cannot be had, and knows from where to follow.
async fn prepare(shared: &Arc<Shared>, wire: Wire, life: u64) -> Result<(Arc<Online>, Cursor), Over> {
    let own = shared.vault.own().ok_or(TelegramError::NotLoggedIn)?;
    let wanted = &shared.setup.groups;
    let (found, mut missing) = group::resolve_all(&wire, &own, wanted).await?;
    let mut groups = Vec::with_capacity(found.len());
    let mut begins = Vec::with_capacity(found.len());
    let mut trouble = None;
    for group in found {
        match facts(&wire, &own, &group).await {
            Ok(facts) => {
                begins.push((group.id, facts.pts.max(1)));
                shared.tell(Incoming::Facts(facts)).await?;
                groups.push(group);
            }
            Err(error) if error.is_of_one_group() => {
                let name = group.name.clone().unwrap_or_else(|| group.title.clone());
                missing.push(Missing { group: Some(group.id), name, why: error.to_string() });
                trouble = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(error) = trouble.filter(|_| groups.is_empty()) {
        return Err(error.into());
    }
    let followed = groups.iter().map(|group| group.id).collect();
    let online = Arc::new(Online { wire, own, groups, missing, life });
    shared.tell(Incoming::Groups { followed, missing: online.missing.clone() }).await?;
    let mut cursor = match shared.progress() {
        Some(cursor) => cursor,
        None => seed(&online).await?,
    };
    let known: Vec<GroupId> = cursor.channels.iter().map(|(id, _)| *id).collect();
    begins.retain(|(id, _)| !known.contains(id));
    if !begins.is_empty() {
        // Nothing of these was ever followed: they are begun here.
        cursor.channels.extend(begins);
        cursor.channels.sort_unstable();
        shared.tell(Incoming::Seeded { cursor: cursor.clone() }).await?;
        shared.set_progress(Some(cursor.clone()));
    }
    shared.station.send_replace(Station::Up(Arc::clone(&online)));
    Ok((online, cursor))
}

/// Sends and changes one after the other, so that their order is the engine's.
async fn send_all(shared: Arc<Shared>, mut sends: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = sends.recv().await {
        carry_out(&shared, order).await;
    }
}

/// Carries out one order that is not about the link itself, and answers it.
async fn carry_out(shared: &Shared, order: Order) {
    let answer = match &order {
        Order::Facts { group } => ask_facts(shared, *group).await,
        Order::Scan { group, from, to } => history::scan(shared, *group, *from, *to).await,
        Order::Reactions { group, messages, number } => history::reactions(shared, *group, messages, *number).await,
        Order::Topics { group, page } => topics::page(shared, *group, *page).await,
        Order::CheckTopics { group, topics } => topics::check(shared, *group, topics).await,
        Order::History { group, topic, below } => history::history(shared, *group, *topic, *below).await,
        Order::Send(send) => {
            let outcome = send::deliver(shared, send).await;
            Ok(Incoming::Delivery { outbox: send.outbox, outcome })
        }
        Order::Summon(summons) => {
            let outcome = summon::deliver(shared, summons).await;
            Ok(Incoming::Summoned { summons: summons.summons, outcome })
        }
        Order::MakeTopic(new) => {
            let outcome = opening::make_topic(shared, new).await;
            Ok(Incoming::TopicMade { outbox: new.outbox, outcome })
        }
        Order::Forward(forward) => {
            let (outcome, copies) = opening::forward(shared, forward).await;
            Ok(Incoming::Forwarded { outbox: forward.outbox, outcome, copies })
        }
        Order::Change(change) => {
            let outcome = send::change(shared, change).await;
            Ok(Incoming::Changed { change: change.change, outcome })
        }
        Order::EditTopic(edit) => {
            let outcome = topics::edit(shared, edit).await;
            Ok(Incoming::TopicEdited { edit: *edit, outcome })
        }
        Order::Icons { group } => topics::icons(shared, *group).await,
        Order::AnswerPress { query, text } => return press::answer(shared, *query, text).await,
        Order::Unbutton { group, topic, message } => {
            let outcome = press::unbutton(shared, *group, *message).await;
            Ok(Incoming::Unbuttoned { group: *group, topic: *topic, message: *message, outcome })
        }
        Order::Download { group, message, to } => media::download(shared, *group, *message, to).await,
        Order::Typing { group, topic } => return send::typing(shared, *group, *topic).await,
        // The supervisor keeps these for itself.
        Order::Follow { .. } | Order::Stop => return,
    };
    let answer = answer.unwrap_or_else(|why| Incoming::Failed { order, why });
    // Nobody listens any more: the link is about to end.
    let _ = shared.tell(answer).await;
}

async fn ask_facts(shared: &Shared, group: GroupId) -> Result<Incoming, Failure> {
    let online = shared.online(0, Duration::from_secs(30)).await.map_err(|why| Failure::Link { why })?;
    let name = online.group(group).map_err(|why| Failure::NoAccess { why })?.name.clone();
    let found = async {
        // Asked for again, too: its title, its username, and whether it still has topics.
        let selector = GroupSelector::Id(group.0);
        let fresh = group::resolve(&online.wire, &online.own, Some(&selector)).await?;
        let fresh = group::Group { name, ..fresh };
        facts(&online.wire, &online.own, &fresh).await
    };
    match found.await {
        Ok(facts) => Ok(Incoming::Facts(facts)),
        Err(TelegramError::Flood { seconds }) => {
            Err(Failure::Later { not_before: shared.setup.clock.now() + Duration::from_secs(seconds) })
        }
        Err(error @ TelegramError::Link { .. }) => Err(Failure::Link { why: error.to_string() }),
        Err(error) if error.is_about_group() => Err(Failure::NoAccess { why: error.to_string() }),
        Err(error) => Err(Failure::Refused { why: error.to_string() }),
    }
}
