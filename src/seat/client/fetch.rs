//! Files over the socket: those of replies go to the engine, those of messages come to where this user can read them.

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use super::super::files::{Coming, next_part};
use super::super::protocol::{Asked, FrameError};
use super::{Out, Seat, Waiting};
use crate::desk::command::Refusal;
use crate::desk::files::Attachment;
use crate::engine::handle::Receipt;
use crate::engine::views::{Alert, FileNews, FileView, Revision};

impl Seat {
    /// Sends a file for a reply.
    pub(super) fn put(
        &mut self,
        path: PathBuf,
        answer: oneshot::Sender<Result<Attachment, String>>,
        out: &Out,
    ) -> Result<(), FrameError> {
        let opened = std::fs::File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
        let shown = path.display().to_string().escape_debug().to_string();
        let (facts, file) = match opened {
            Ok((facts, file)) if facts.is_file() && facts.len() > 0 => (facts, file),
            Ok((facts, _)) => {
                let what = if facts.is_file() { "is empty" } else { "is no file" };
                let _gone = answer.send(Err(format!("{shown} {what}")));
                return Ok(());
            }
            Err(error) => {
                let _gone = answer.send(Err(format!("{shown} cannot be read: {error}")));
                return Ok(());
            }
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = self.next;
        self.next += 1;
        self.say(&Asked::Put { number, name, size: facts.len() }, out)?;
        let (mut file, parts) = (std::io::Read::take(file, facts.len()), out.parts.clone());
        tokio::task::spawn_blocking(move || {
            while let Ok(Some(part)) = next_part(&mut file) {
                // A line that is lost takes no more; the file is sent anew over the next one.
                if parts.blocking_send(part).is_err() {
                    return;
                }
            }
        });
        self.putting = Some(number);
        self.waiting.insert(number, Waiting::Keeps { path, answer });
        Ok(())
    }

    pub(super) fn part(&mut self, coming: &mut Option<Coming>, part: &[u8]) -> Result<(), FrameError> {
        let Some(mut file) = coming.take() else { return Err(FrameError::Kind(1)) };
        match file.take(part)? {
            Some(path) => self.file_here(file.number, Ok(path)),
            None => *coming = Some(file),
        }
        Ok(())
    }

    /// Where a file of the desk's cache is, or will be, for this user.
    pub(super) fn own_path(&self, theirs: &Path) -> (String, PathBuf) {
        let name = theirs.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = self.attach.files.join(&name);
        (name, path)
    }

    /// A file that this user cannot read where it lies is brought over first, if it is there.
    pub(super) fn fetched(
        &mut self,
        mut receipt: Receipt,
        answer: oneshot::Sender<Result<Receipt, Refusal>>,
        out: &Out,
    ) -> Result<(), FrameError> {
        let Some(file) = &mut receipt.file else { return Ok(()) };
        let (name, path) = self.own_path(&file.path);
        file.path = path;
        self.wanted.insert(name.clone());
        if file.ready && !file.path.is_file() {
            return self.ask(Waiting::Receipt { name, receipt: Box::new(receipt), answer }, out);
        }
        drop(answer.send(Ok(receipt)));
        Ok(())
    }

    /// News that a file is here wait until it is here, too; others' files are no news.
    pub(super) fn fetch_news(&mut self, revision: &mut Revision, out: &Out) -> Result<(), FrameError> {
        let mut kept = Vec::new();
        for alert in std::mem::take(&mut revision.alerts) {
            match alert {
                Alert::File(FileNews::Here { ticket, message, path }) => {
                    let (name, path) = self.own_path(&path);
                    if self.wanted.contains(&name) {
                        let news = FileNews::Here { ticket, message, path };
                        self.ask(Waiting::News { name, news }, out)?;
                    }
                }
                alert => kept.push(alert),
            }
        }
        revision.alerts = kept;
        Ok(())
    }

    pub(super) fn file_here(&mut self, number: u64, came: Result<PathBuf, String>) {
        match self.waiting.remove(&number) {
            Some(Waiting::Receipt { name, receipt, answer }) => {
                self.wanted.remove(&name);
                let file = receipt.file.clone().map(|file| FileView { ready: came.is_ok(), ..file });
                let result = came.map(|_| Receipt { file, ..*receipt }).map_err(Refusal::Senseless);
                drop(answer.send(result));
            }
            Some(Waiting::News { name, news }) => {
                self.wanted.remove(&name);
                let news = match (came, news) {
                    (Err(why), FileNews::Here { ticket, message, .. }) => FileNews::Missed { ticket, message, why },
                    (_, news) => news,
                };
                let revision = Revision { alerts: vec![Alert::File(news)], ..Revision::default() };
                let _unwatched = self.revisions.send(revision);
            }
            _ => {}
        }
    }
}
