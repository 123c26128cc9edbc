//! What a customer says to what staff has said.

use crate::clock::Timestamp;

use super::{Line, Scenario, Talk};
use crate::sandbox::worldfile::{Answer, Media, Phrases};

/// No more than this many questions of one message are answered.
const MOST_ANSWERS: usize = 3;

type Lines = Vec<(String, Option<Media>)>;

impl Scenario {
    pub(super) fn phrases(&self, customer: i64) -> Option<&Phrases> {
        let language = self.customers.get(&customer)?;
        self.scripts.phrases.get(language).or_else(|| self.scripts.phrases.get("en"))
    }

    /// Answers what staff has said, if the time for it has come.
    pub(super) fn answer(&mut self, now: Timestamp, talk: &mut Talk) {
        if talk.answers_at.is_none_or(|at| at > now) {
            return;
        }
        talk.answers_at = None;
        self.correct(now, talk);
        let heard = std::mem::take(&mut talk.heard).to_lowercase();
        let Some(phrases) = self.phrases(talk.customer).cloned() else { return };
        let answers = self.asked(&heard, &phrases);
        let asks = heard.contains(['?', '？', '؟']);
        if !answers.is_empty() {
            let lines: Lines = answers.iter().filter_map(|answer| self.reply(answer, talk)).collect();
            self.plan(now, talk, lines.into_iter(), [0, 3]);
            talk.finished |= answers.iter().any(|answer| answer.ends);
            talk.waiting = (!talk.finished).then_some(now);
        } else if talk.finished {
            // Whoever has said thanks does not answer a good-bye.
        } else if self.ends(&heard) || (!asks && talk.fine >= 2) {
            self.say(now, talk, &phrases.thanks);
            talk.finished = true;
            talk.waiting = None;
            self.come_back(now, talk);
        } else if asks {
            self.say(now, talk, &phrases.unsure);
            talk.waiting = Some(now);
        } else if let Some(text) = self.next_told(talk) {
            talk.told += 1;
            self.plan(now, talk, std::iter::once((text, None)), [0, 0]);
            talk.waiting = Some(now);
        } else {
            talk.fine += 1;
            self.say(now, talk, &phrases.fine);
            talk.waiting = Some(now);
        }
    }

    /// Changes the first message now that it was answered, once, if the matter says so.
    fn correct(&mut self, now: Timestamp, talk: &mut Talk) {
        let matter = talk.matter.and_then(|matter| self.scripts.matters.get(matter));
        let Some((text, first)) = matter.and_then(|matter| Some((matter.corrects.clone()?, matter.opening.first()?)))
        else {
            return;
        };
        if !std::mem::replace(&mut talk.corrected, true) {
            talk.plan.push_back(Line { at: now, text, media: None, mends: Some(first.clone()) });
        }
    }

    /// Finds what staff asks about, in whatever language, as this customer's language answers it.
    fn asked(&self, heard: &str, phrases: &Phrases) -> Vec<Answer> {
        let asks = |answer: &Answer| answer.asked.iter().any(|asked| heard.contains(&asked.to_lowercase()));
        let everywhere = || self.scripts.phrases.values().flat_map(|phrases| &phrases.answers);
        let about = |answer: &&Answer| everywhere().any(|other| other.about == answer.about && asks(other));
        phrases.answers.iter().filter(about).take(MOST_ANSWERS).cloned().collect()
    }

    fn ends(&self, heard: &str) -> bool {
        self.scripts.phrases.values().flat_map(|phrases| &phrases.done).any(|done| heard.contains(&done.to_lowercase()))
    }

    /// Makes the answer out of what this customer knows.
    fn reply(&mut self, answer: &Answer, talk: &Talk) -> Option<(String, Option<Media>)> {
        let matter = talk.matter.and_then(|matter| self.scripts.matters.get(matter));
        let fact = matter.and_then(|matter| matter.facts.get(&answer.about)).cloned();
        let says = if fact.is_none() && answer.say.iter().all(|text| text.contains("{}")) {
            &answer.unknown
        } else {
            &answer.say
        };
        let text = self.dice.pick(says)?.replace("{}", fact.as_deref().unwrap_or_default());
        Some((text, answer.media.clone()))
    }

    fn next_told(&self, talk: &Talk) -> Option<String> {
        self.scripts.matters.get(talk.matter?)?.then.get(talk.told).cloned()
    }

    fn say(&mut self, now: Timestamp, talk: &mut Talk, list: &[String]) {
        if let Some(text) = self.dice.pick(list).cloned() {
            self.plan(now, talk, std::iter::once((text, None)), [0, 0]);
        }
    }

    /// Plans the return of a customer whose matter has one, once.
    fn come_back(&mut self, now: Timestamp, talk: &mut Talk) {
        let matter = talk.matter.and_then(|matter| self.scripts.matters.get(matter));
        let Some(text) = matter.and_then(|matter| matter.returns.clone()).filter(|_| !talk.returned) else { return };
        talk.returned = true;
        let at = now + self.pause(self.scripts.back, 1.0);
        talk.plan.push_back(Line { at, text, media: None, mends: None });
        talk.finished = false;
        talk.fine = 0;
        talk.waiting = Some(at);
    }
}
