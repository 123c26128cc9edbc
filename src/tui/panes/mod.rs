//! The panes: queue, thread, composer, details, and the bars above and below.

mod automatic;
pub(super) mod bars;
pub(super) mod composer;
pub(super) mod details;
pub(super) mod due;
pub(super) mod entry;
pub(super) mod groups;
pub(super) mod here;
pub(super) mod queue;
pub(super) mod suggestions;
pub(super) mod thread;
