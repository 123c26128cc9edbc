//! The runner: takes inquiries, looks at the folder, asks the webhook. Folder and webhook do not wait for each other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use super::folder::Folder;
use super::webhook::Webhook;
use crate::desk::question::Question;
use crate::engine::transport::{Inquiry, Told};

/// So many questions are asked at once.
const AT_ONCE: usize = 2;
/// So many questions wait; who looks at more tickets than that has left the first ones behind.
const WAITING: usize = 16;
/// A failure is good for so long: then the next who looks asks again.
const FAILED: Duration = Duration::from_secs(30);

/// What there is.
#[derive(Debug, Default)]
pub struct Setup {
    /// The folder of articles.
    pub folder: Option<PathBuf>,
    /// The webhook.
    pub webhook: Option<Webhook>,
}

/// Starts the runner; it ends when nobody can ask any more.
pub fn spawn(setup: Setup, inquiries: UnboundedReceiver<Inquiry>, told: UnboundedSender<Told>) -> JoinHandle<()> {
    tokio::spawn(run(setup, inquiries, told))
}

async fn run(setup: Setup, mut inquiries: UnboundedReceiver<Inquiry>, told: UnboundedSender<Told>) {
    let (look, looks) = unbounded_channel();
    if let Some(path) = setup.folder {
        tokio::spawn(watch(Folder::new(path), looks, told.clone()));
        // The first look: what is there is there before anybody asks.
        let _gone = look.send(false);
    }
    let webhook = setup.webhook.map(Arc::new);
    let mut waiting: Vec<Question> = Vec::new();
    let mut asking = JoinSet::new();
    loop {
        tokio::select! {
            inquiry = inquiries.recv() => match inquiry {
                None => break,
                // Without a folder nobody listens.
                Some(Inquiry::Look) => drop(look.send(false)),
                Some(Inquiry::Reread) => drop(look.send(true)),
                Some(Inquiry::Ask(question)) => {
                    waiting.retain(|other| other.ticket != question.ticket);
                    waiting.push(question);
                    if waiting.len() > WAITING {
                        let outcome = Err("too many questions at once: look at the ticket again".to_owned());
                        let _gone = told.send(Told::Answered { question: waiting.remove(0), outcome, keep: Duration::ZERO });
                    }
                }
            },
            Some(_) = asking.join_next(), if !asking.is_empty() => {}
        }
        // The newest first: that is the ticket somebody looks at.
        while let Some(webhook) = webhook.clone().filter(|_| asking.len() < AT_ONCE) {
            let Some(question) = waiting.pop() else { break };
            let told = told.clone();
            asking.spawn(async move {
                let outcome = webhook.ask(&question).await;
                if let Err(why) = &outcome {
                    tracing::warn!(why, "the webhook");
                }
                let keep = if outcome.is_ok() { webhook.cache() } else { FAILED.min(webhook.cache()) };
                let _gone = told.send(Told::Answered { question, outcome, keep });
            });
        }
    }
}

/// Looks at the folder whenever somebody asks; `true`: reads all of it again.
async fn watch(mut folder: Folder, mut looks: UnboundedReceiver<bool>, told: UnboundedSender<Told>) {
    let mut was_unreadable = None;
    while let Some(mut all) = looks.recv().await {
        // What has piled up meanwhile is one look.
        while let Ok(more) = looks.try_recv() {
            all |= more;
        }
        let looked = tokio::task::spawn_blocking(move || {
            let changed = folder.look(all);
            (folder, changed)
        });
        let changed;
        (folder, changed) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!(%error, "the folder of articles");
                return;
            }
        };
        let news = match changed {
            Ok(true) => Told::Articles { articles: folder.articles(), left_out: folder.mistakes().len() },
            Ok(false) if was_unreadable.take().is_some() => {
                Told::Articles { articles: folder.articles(), left_out: folder.mistakes().len() }
            }
            Ok(false) => continue,
            Err(error) => {
                let why = format!("{}: {error}", folder.path().display());
                if was_unreadable.as_ref() == Some(&why) {
                    continue;
                }
                was_unreadable = Some(why.clone());
                if told.send(Told::Unreadable { why }).is_err() {
                    return;
                }
                continue;
            }
        };
        was_unreadable = None;
        if told.send(news).is_err() {
            return;
        }
    }
}
