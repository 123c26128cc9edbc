//! The shelf: what is known of the knowledge base in this process. Readers look at it, and ask through it; nobody waits.
//!
//! The index stands in memory and is made anew, by a thread of its own, whenever the folder has changed. Webhook answers are kept by
//! ticket for as long as the one who asked says. None of it is in the store: a desk that starts asks again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};

use super::EngineError;
use super::transport::{Inquiry, Told};
use super::views::{Alert, FolderState, Revision, Source, Suggestion, Suggestions, WebhookState};
use crate::clock::{Clock, Timestamp};
use crate::desk::article::Offer;
use crate::desk::ids::TicketKey;
use crate::desk::question::{Question, terms};
use crate::store::articles::Articles;

/// The folder is looked at no more often.
const LOOK: Duration = Duration::from_secs(2);
/// An answer that never came is asked for again after this.
const LOST: Duration = Duration::from_secs(120);
/// So many webhook answers are kept.
const KEPT: usize = 200;
/// So many articles of each source are suggested.
const SUGGESTED: usize = 6;
/// So many are found for words that somebody typed.
const FOUND: usize = 30;
/// No more characters of an article leave with a suggestion: two messages.
const TEXT: usize = 8_000;

/// What there is to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consulted {
    /// There is a folder.
    pub folder: bool,
    /// There is a webhook.
    pub webhook: bool,
    /// The languages in which articles are shown when there is none in the customer's, best first.
    pub languages: Vec<String>,
}

/// The ends of the two queues between desk and knowledge base that belong to the knowledge base.
#[derive(Debug)]
pub struct KnowledgeEnds {
    /// What the desk asks.
    pub inquiries: mpsc::UnboundedReceiver<Inquiry>,
    /// Where the answers go.
    pub told: mpsc::UnboundedSender<Told>,
}

#[derive(Debug, Default)]
struct Inner {
    consulted: Consulted,
    inquiries: Option<mpsc::UnboundedSender<Inquiry>>,
    folder: FolderState,
    articles: Option<Articles>,
    looked: Option<Timestamp>,
    answers: HashMap<TicketKey, Held>,
}

/// What is known of the webhook's answer to a question.
#[derive(Debug)]
struct Held {
    question: Question,
    /// `None`: it has not come yet.
    outcome: Option<Result<Vec<Offer>, String>>,
    until: Timestamp,
}

/// What readers share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(Arc<Mutex<Inner>>);

impl Shelf {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what there is to ask, and starts the thread that takes what is told.
    pub(super) fn open(
        &self,
        consulted: Consulted,
        clock: Clock,
        revisions: broadcast::Sender<Revision>,
    ) -> Result<KnowledgeEnds, EngineError> {
        let (ask, inquiries) = mpsc::unbounded_channel();
        let (told, mut heard) = mpsc::unbounded_channel();
        {
            let mut inner = self.inner();
            inner.folder = if consulted.folder { FolderState::Reading } else { FolderState::Off };
            inner.consulted = consulted;
            inner.inquiries = Some(ask);
        }
        // What is asked goes through the shelf: held by its own thread, it would never end.
        let shelf = Arc::downgrade(&self.0);
        std::thread::Builder::new().name("shelf".to_owned()).spawn(move || {
            while let Some(news) = heard.blocking_recv() {
                let Some(shelf) = shelf.upgrade().map(Shelf) else { break };
                let ticket = shelf.take(news, clock.now());
                let alerts = vec![Alert::Suggestions { ticket }];
                // Nobody may be watching.
                let _unwatched = revisions.send(Revision { alerts, ..Revision::default() });
            }
        })?;
        Ok(KnowledgeEnds { inquiries, told })
    }

    /// Takes what was told; tells the ticket it is about, `None` for all.
    fn take(&self, news: Told, now: Timestamp) -> Option<TicketKey> {
        match news {
            Told::Articles { articles, left_out } => {
                // Made before anybody has to wait for it.
                let (count, made) = (articles.len(), Articles::of(articles));
                let mut inner = self.inner();
                match made {
                    Ok(made) => {
                        inner.folder = FolderState::Ready { articles: count, left_out };
                        inner.articles = Some(made);
                    }
                    Err(error) => inner.folder = FolderState::Unreadable { why: error.to_string() },
                }
                None
            }
            Told::Unreadable { why } => {
                self.inner().folder = FolderState::Unreadable { why };
                None
            }
            Told::Answered { question, outcome, keep } => {
                let ticket = question.ticket?;
                let mut inner = self.inner();
                // The customer may have gone on writing: then another answer is on its way.
                if let Some(held) = inner.answers.get_mut(&ticket).filter(|held| held.question == question) {
                    held.outcome = Some(outcome);
                    held.until = now + keep;
                }
                Some(ticket)
            }
        }
    }

    /// Reads the folder again.
    pub(super) fn reread(&self) {
        if let Some(inquiries) = &self.inner().inquiries {
            // The knowledge base may have stopped.
            let _gone = inquiries.send(Inquiry::Reread);
        }
    }

    /// Tells what may answer a question, as far as that is known now, and asks for the rest. Typed `words` are looked for instead of the
    /// question's; the webhook is not asked for every letter of them.
    pub(super) fn suggest(&self, question: &Question, words: &str, now: Timestamp) -> Result<Suggestions, EngineError> {
        let mut inner = self.inner();
        let Some(inquiries) = inner.inquiries.clone() else { return Ok(Suggestions::default()) };
        if inner.consulted.folder && inner.looked.is_none_or(|at| now.since(at) >= LOOK || at > now) {
            inner.looked = Some(now);
            let _gone = inquiries.send(Inquiry::Look);
        }
        let typed = !words.trim().is_empty();
        let text = if typed { words.to_owned() } else { format!("{}\n{}", question.title, question.text) };
        let mut list = Vec::new();
        if let Some(articles) = &inner.articles {
            let own = question.language.as_deref().into_iter();
            let languages: Vec<&str> = own.chain(inner.consulted.languages.iter().map(String::as_str)).collect();
            let limit = if typed { FOUND } else { SUGGESTED };
            let found = articles.find(&terms(&text), if typed { &[] } else { &languages }, limit)?;
            list.extend(found.into_iter().map(|found| Suggestion {
                title: found.article.title.clone(),
                url: found.article.url.clone(),
                snippet: found.snippet,
                score: found.score,
                source: Source::Folder,
                language: found.article.language.clone(),
                file: Some(found.article.file.clone()),
                text: found.article.text.chars().take(TEXT).collect(),
            }));
        }
        let mut webhook = WebhookState::Off;
        if let Some(ticket) = question.ticket.filter(|_| inner.consulted.webhook) {
            webhook = inner.webhook(ticket, question, &inquiries, now);
            if let Some(Ok(offers)) = inner.answers.get(&ticket).and_then(|held| held.outcome.as_ref()) {
                let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
                let fits = |offer: &&Offer| {
                    let all = format!("{} {}", offer.title, offer.snippet).to_lowercase();
                    wanted.iter().all(|word| all.contains(word))
                };
                list.extend(offers.iter().filter(fits).take(SUGGESTED).map(of_webhook));
            }
        }
        Ok(Suggestions {
            ticket: question.ticket,
            words: words.to_owned(),
            folder: inner.folder.clone(),
            webhook,
            list,
        })
    }
}

fn of_webhook(offer: &Offer) -> Suggestion {
    Suggestion {
        title: offer.title.clone(),
        url: offer.url.clone(),
        snippet: offer.snippet.clone(),
        score: offer.score,
        source: Source::Webhook,
        language: None,
        file: None,
        text: offer.snippet.clone(),
    }
}

impl Inner {
    /// Tells how the webhook stands with a question, and asks it if nothing is known.
    fn webhook(
        &mut self,
        ticket: TicketKey,
        question: &Question,
        inquiries: &mpsc::UnboundedSender<Inquiry>,
        now: Timestamp,
    ) -> WebhookState {
        if question.title.is_empty() && question.text.is_empty() {
            return WebhookState::Off;
        }
        if let Some(held) = self.answers.get(&ticket).filter(|held| held.question == *question && now < held.until) {
            return match &held.outcome {
                None => WebhookState::Searching,
                Some(Ok(_)) => WebhookState::Ready,
                Some(Err(why)) => WebhookState::Failed { why: why.clone() },
            };
        }
        if self.answers.len() >= KEPT {
            let oldest = self.answers.iter().min_by_key(|(_, held)| held.until).map(|(ticket, _)| *ticket);
            oldest.map(|ticket| self.answers.remove(&ticket));
        }
        self.answers.insert(ticket, Held { question: question.clone(), outcome: None, until: now + LOST });
        if inquiries.send(Inquiry::Ask(question.clone())).is_err() {
            return WebhookState::Failed {
                why: "the knowledge base has stopped: leave the desk and open it again".to_owned(),
            };
        }
        WebhookState::Searching
    }
}
