//! The state of a screen that is found again the next time.

use serde::{Deserialize, Serialize};

use super::model::{Focus, Model, OpenTicket};
use crate::desk::ids::TicketKey;
use crate::engine::views::{QueueName, Sort};

#[derive(Debug, Serialize, Deserialize)]
struct Screen {
    queue: QueueName,
    #[serde(default)]
    filter: String,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    selected: Option<TicketKey>,
    #[serde(default)]
    place: usize,
    #[serde(default)]
    open: Option<TicketKey>,
    #[serde(default)]
    details: Option<bool>,
}

/// Writes down what is to be found again.
pub(crate) fn save(model: &Model) -> String {
    let entered = model.open.as_ref().filter(|_| model.focus != Focus::Queue);
    let screen = Screen {
        queue: model.queue.name,
        filter: model.queue.filter.clone(),
        sort: model.queue.sort,
        selected: model.queue.selected_key,
        place: model.queue.selected,
        open: entered.map(|open| open.key),
        details: model.details,
    };
    serde_json::to_string(&screen).unwrap_or_default()
}

/// Puts back what was written down; what cannot be read is as if nothing had been.
pub(crate) fn restore(model: &mut Model) {
    let Some(screen) = model.setup.restored.as_deref().and_then(|text| serde_json::from_str::<Screen>(text).ok())
    else {
        return;
    };
    model.queue.name = screen.queue;
    model.queue.filter = screen.filter;
    model.queue.sort = screen.sort;
    model.queue.selected = screen.place;
    model.queue.selected_key = screen.selected;
    model.details = screen.details;
    if let Some(key) = screen.open {
        let mut open = OpenTicket::new(key);
        open.entered = true;
        model.open = Some(open);
        model.focus = Focus::Thread;
    }
}
