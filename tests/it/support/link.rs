//! The product's link against a sandbox: a log-in, the two queues, and a mirror that believes only what batches say.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use topicdesk::clock::Clock;
use topicdesk::desk::ids::{GroupId, MessageId, TopicId};
use topicdesk::desk::thread::{Content, Message};
use topicdesk::engine::transport::{Batch, Cursor, GroupFacts, Happening, Incoming, LinkState, Order};
use topicdesk::sandbox::{AnnouncedAccount, Sandbox};
use topicdesk::telegram::login::{self, Ask};
use topicdesk::telegram::{GroupSelector, SandboxTarget, Secret, Setup, link};

use super::client::PATIENCE;

/// Points a setup at a sandbox, with one of its free keys.
pub(crate) fn setup(server: &Sandbox, folder: &Path, key: usize) -> Setup {
    let announcement = server.announcement();
    Setup {
        api_id: 12_345,
        api_hash: Secret::from("hash"),
        session: folder.join("session.db"),
        groups: vec![GroupSelector::Id(announcement.group.id).into()],
        sandbox: Some(SandboxTarget {
            address: server.address(),
            dc_id: announcement.dc_id,
            auth_key: Secret::from(announcement.free_keys[key].as_str()),
        }),
        calls_per_second: 0.0,
        clock: Clock::System,
    }
}

/// Answers what a login asks from lists; the last answer is given again and again.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) phones: Vec<String>,
    pub(crate) codes: Vec<String>,
    pub(crate) passwords: Vec<String>,
    pub(crate) wrong: Vec<String>,
}

fn next(answers: &mut Vec<String>) -> Result<String, String> {
    match answers.len() {
        0 => Err("nobody answers".to_owned()),
        1 => Ok(answers[0].clone()),
        _ => Ok(answers.remove(0)),
    }
}

impl Answers {
    /// Knows all the right answers of an account.
    pub(crate) fn of(account: &AnnouncedAccount) -> Self {
        Self {
            phones: account.phone.iter().cloned().collect(),
            codes: account.code.iter().cloned().collect(),
            passwords: account.password.iter().cloned().collect(),
            wrong: Vec::new(),
        }
    }
}

impl Ask for Answers {
    fn phone(&mut self) -> Result<String, String> {
        next(&mut self.phones)
    }

    fn code(&mut self, _: &str) -> Result<Secret, String> {
        next(&mut self.codes).map(Secret::from)
    }

    fn password(&mut self, _: Option<&str>) -> Result<Secret, String> {
        next(&mut self.passwords).map(Secret::from)
    }

    fn wrong(&mut self, sentence: &str) {
        self.wrong.push(sentence.to_owned());
    }
}

/// Logs the desk's bot in.
pub(crate) async fn bot(server: &Sandbox, setup: &Setup) {
    let token = server.announcement().first("bot").and_then(|bot| bot.token.clone()).expect("the desk's bot has one");
    login::as_bot(setup, &Secret::from(token)).await.expect("logs in");
}

/// Logs the first agent in.
pub(crate) async fn agent(server: &Sandbox, setup: &Setup) {
    let mut answers = Answers::of(server.announcement().first("agent").expect("the shop has one"));
    login::as_user(setup, &mut answers).await.expect("logs in");
}

/// A running link, and what it said.
pub(crate) struct Desk {
    pub(crate) group: GroupId,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    incoming: mpsc::Receiver<Incoming>,
    task: JoinHandle<()>,
    /// The end of the last batch.
    pub(crate) cursor: Option<Cursor>,
    /// All messages as the batches leave them.
    pub(crate) messages: BTreeMap<MessageId, Message>,
    /// All batches.
    pub(crate) batches: Vec<Batch>,
    /// The last facts.
    pub(crate) facts: Option<GroupFacts>,
}

impl Desk {
    /// Starts a link that follows from a cursor, or from now.
    pub(crate) fn start(server: &Sandbox, setup: &Setup, cursor: Option<Cursor>) -> Self {
        let (orders, ordered) = mpsc::unbounded_channel();
        let (said, incoming) = mpsc::channel(256);
        let task = link::spawn(setup.clone(), ordered, said);
        let desk = Self {
            group: GroupId(server.announcement().group.id),
            orders,
            incoming,
            task,
            cursor: cursor.clone(),
            messages: BTreeMap::new(),
            batches: Vec::new(),
            facts: None,
        };
        desk.order(Order::Follow { cursor });
        desk
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.send(order).expect("the link listens");
    }

    /// Waits for something the link says, applying all batches on the way, each of which must begin where the one before ended.
    pub(crate) async fn until<T>(&mut self, what: &str, mut wanted: impl FnMut(&Incoming) -> Option<T>) -> T {
        loop {
            let incoming = match timeout(PATIENCE, self.incoming.recv()).await {
                Ok(Some(incoming)) => incoming,
                Ok(None) => panic!("the link ended before: {what}"),
                Err(_) => panic!("waited in vain: {what}"),
            };
            let found = wanted(&incoming);
            self.apply(incoming);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Waits until the link says that it is live.
    pub(crate) async fn live(&mut self) {
        self.until("live", |incoming| (*incoming == Incoming::Link(LinkState::Live)).then_some(())).await;
    }

    /// Waits until the link says that it has stopped; tells why.
    pub(crate) async fn stopped(&mut self) -> String {
        let stopped = |incoming: &Incoming| match incoming {
            Incoming::Link(LinkState::Stopped { why }) => Some(why.clone()),
            _ => None,
        };
        self.until("stopped", stopped).await
    }

    /// Waits until the mirror is as it should be.
    pub(crate) async fn mirrored(&mut self, what: &str, mut test: impl FnMut(&Self) -> bool) {
        while !test(self) {
            self.until(what, |incoming| matches!(incoming, Incoming::Batch(_)).then_some(())).await;
        }
    }

    /// Ends the link and tells up to where it had come.
    pub(crate) async fn stop(mut self) -> Cursor {
        self.order(Order::Stop);
        while let Some(incoming) = timeout(PATIENCE, self.incoming.recv()).await.expect("the link ends") {
            self.apply(incoming);
        }
        timeout(PATIENCE, &mut self.task).await.expect("the link ends").expect("without a panic");
        self.cursor.clone().expect("it had begun to follow")
    }

    fn apply(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Seeded { cursor } => self.cursor = Some(cursor),
            Incoming::Facts(facts) => self.facts = Some(facts),
            Incoming::Batch(batch) => {
                assert_eq!(Some(&batch.from), self.cursor.as_ref(), "a batch begins where the one before it ended");
                self.cursor = Some(batch.to.clone());
                // Of several groups, the messages of the first are kept.
                for (_, happening) in batch.happenings.iter().filter(|(group, _)| *group == self.group) {
                    match happening {
                        Happening::Message(message) | Happening::Edited(message) => {
                            self.messages.insert(message.id, message.clone());
                        }
                        Happening::Deleted(ids) => {
                            for id in ids {
                                self.messages.remove(id);
                            }
                        }
                        _ => {}
                    }
                }
                self.batches.push(batch);
            }
            _ => {}
        }
    }

    /// Goes through everything the batches said.
    pub(crate) fn happenings(&self) -> impl Iterator<Item = &Happening> {
        self.batches.iter().flat_map(|batch| batch.happenings.iter().map(|(_, happening)| happening))
    }

    /// Tells a message's text, as the mirror has it.
    pub(crate) fn text(&self, id: i32) -> Option<String> {
        self.messages.get(&MessageId(id)).map(|message| message.content.snippet())
    }

    /// Tells a message's topic, as the mirror has it.
    pub(crate) fn topic(&self, id: i32) -> Option<TopicId> {
        self.messages.get(&MessageId(id)).map(|message| message.topic)
    }
}

/// The text of a new message.
pub(crate) fn text_of(happening: &Happening) -> Option<&str> {
    match happening {
        Happening::Message(Message { content: Content::Post(post), .. }) => Some(post.text.as_str()),
        _ => None,
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.task.abort();
    }
}
