//! What a screen knows of templates: what their use has shown, which of them may answer what was asked, and what one that was inserted
//! brings along.

use std::collections::{BTreeMap, HashMap};

use crate::desk::along::{Along, TemplateUse};
use crate::desk::ids::TicketKey;
use crate::desk::template::offer::Usage;
use crate::desk::template::suggest::Words;
use crate::desk::template::{Template, is_as_filled};

/// What a screen knows of templates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Templates {
    /// What their use has shown.
    pub(crate) uses: Vec<Usage>,
    /// Their words.
    pub(crate) words: Words,
    /// The ticket whose unanswered messages were compared last, and the places of the templates that may answer them.
    pub(crate) suggested: Option<(TicketKey, Vec<usize>)>,
    /// What goes along with drafts that are not in the composer.
    pub(crate) kept: HashMap<TicketKey, Used>,
    /// To whom the template goes that is being picked; `None`: into the composer.
    pub(crate) recipients: Option<Recipients>,
    /// A text for many that waits for what is known of them.
    pub(crate) planning: Option<(Recipients, Template)>,
    /// How many commands a bulk action has, by its number.
    pub(crate) batches: BTreeMap<u64, usize>,
    /// Why some of many were refused, by the number of the bulk action.
    pub(crate) refused: BTreeMap<u64, Vec<String>>,
}

/// To whom one text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipients {
    /// These tickets.
    pub(crate) tickets: Vec<TicketKey>,
    /// Or a ticket and those that were closed as its duplicates.
    pub(crate) duplicates_of: Option<TicketKey>,
}

impl Templates {
    /// Knows these templates, and nothing about their use.
    pub(crate) fn new(templates: &[Template]) -> Templates {
        Templates { words: Words::of(templates), ..Templates::default() }
    }

    /// Tells the places of the templates that may answer what was asked in a ticket.
    pub(crate) fn suggested_for(&self, ticket: TicketKey) -> &[usize] {
        match &self.suggested {
            Some((own, places)) if *own == ticket => places,
            _ => &[],
        }
    }

    /// Tells what the use of a template has shown.
    pub(crate) fn usage(&self, template: &Template) -> Option<&Usage> {
        self.uses.iter().find(|usage| usage.is_of(template))
    }
}

/// What goes along with what is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    along: Along,
    /// The text as the template gave it; `None`: there was more from the beginning.
    filled: Option<String>,
}

impl Used {
    /// Takes what goes along with a text that was given back as it was sent.
    pub(crate) fn again(along: Along, text: &str) -> Used {
        let as_it_was = along.template.as_ref().is_some_and(|template| !template.edited);
        Used { along: Along { confirmed: false, ..along }, filled: as_it_was.then(|| text.to_owned()) }
    }

    /// A template was inserted; `filled` is the whole text, if it stands alone.
    pub(crate) fn insert(&mut self, template: &Template, filled: Option<String>) {
        self.along.actions.take(&template.actions);
        self.along.template =
            Some(TemplateUse { name: template.name.clone(), language: template.language.clone(), edited: false });
        self.filled = filled;
    }

    /// Tells what follows the reply, in a line; empty if nothing does.
    pub(crate) fn follows(&self) -> String {
        self.along.actions.to_string()
    }

    /// Nothing follows any more.
    pub(crate) fn drop_actions(&mut self) {
        self.along.actions = Default::default();
    }

    /// Tells what goes along with a text.
    pub(crate) fn along(&self, text: &str, confirmed: bool) -> Along {
        let mut along = Along { confirmed, ..self.along.clone() };
        if let Some(template) = &mut along.template {
            template.edited = !self.filled.as_ref().is_some_and(|filled| is_as_filled(filled, text));
        }
        along
    }
}
