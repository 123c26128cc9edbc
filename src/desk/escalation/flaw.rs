//! What keeps a rule from ever firing, as far as that can be seen from it.

use std::time::Duration;

use super::Rule;
use crate::desk::query::Condition;
use crate::desk::span;
use crate::desk::ticket::Status;

/// Why a rule can never fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The key of `desk.toml` in which it stands.
    pub key: &'static str,
    /// Why, in words.
    pub why: String,
}

impl Rule {
    /// Finds what contradicts itself, or what comes too late: a resolved ticket is closed after `auto_close_after`.
    pub fn flaw(&self, auto_close_after: Option<Duration>) -> Option<Flaw> {
        let flaw = |key, why: String| Some(Flaw { key, why });
        let only = |status: Status| {
            self.when.terms.iter().any(|term| {
                !term.negated
                    && matches!(&term.condition, Condition::Status(all) if all.iter().all(|one| *one == status))
            })
        };
        if only(Status::Closed) {
            return flaw("when", "nothing escalates a closed ticket".to_owned());
        }
        let others = Rule { in_status_for: None, ..self.clone() };
        if only(Status::Resolved) && others.has_trigger() {
            return flaw("when", "in a resolved ticket nobody waits and no clock runs".to_owned());
        }
        if let (Some(span), Some(close)) = (self.in_status_for, auto_close_after)
            && only(Status::Resolved)
            && span >= close
        {
            let close = span::show(close);
            return flaw(
                "in_status_for",
                format!("a resolved ticket is closed after {close} (rules.auto_close_after)"),
            );
        }
        let most = self.when.terms.iter().find_map(|term| match &term.condition {
            Condition::Waiting(span) if !term.negated && span.less => Some(span.span),
            _ => None,
        })?;
        let least = self.no_response_for.filter(|least| *least >= most)?;
        let (least, most) = (span::show(least), span::exact(most));
        flaw("no_response_for", format!("when it has waited for {least}, `waiting:<{most}` holds no longer"))
    }
}
