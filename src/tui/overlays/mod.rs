//! What lies over everything: pickers, forms and questions. Each file has what it shows and how it is drawn.

pub(super) mod confirm;
pub(super) mod explain;
pub(super) mod lists;
mod seats;
pub(super) mod stats;
pub(super) mod status;
pub(super) mod suggestions;
pub(super) mod until_form;
pub(super) mod which_key;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear};

pub(super) use confirm::{Choice, Confirm, Then};
pub(super) use until_form::{UntilFor, UntilForm};

use super::model::Model;
use super::widgets::line_edit::LineEdit;
use super::widgets::picker::Picker;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::template::Template;
use crate::engine::views::{ActivityLine, FiringView, Hit, OutboxRow, QueueName, TicketRow};

/// What lies over everything.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    /// The keys, to be searched.
    Help(Picker),
    /// All actions by name.
    Palette(Picker),
    /// Templates, in the order of the picker's items.
    Templates(Picker, Vec<Template>),
    /// To whom; then, after Tab, with which note.
    Assign {
        /// The agents.
        picker: Picker,
        /// Their names.
        agents: Vec<AgentName>,
        /// The note, while it is being written.
        note: Option<LineEdit>,
        /// Which tickets.
        tickets: Vec<TicketKey>,
    },
    /// Until when.
    Until(UntilForm),
    /// A question.
    Confirm(Confirm),
    /// What was found.
    Search(Picker, Vec<Hit>),
    /// Tickets to jump to.
    Jump(Picker, Vec<TicketRow>),
    /// All queues.
    Queues(Picker, Vec<QueueName>),
    /// What has not been sent.
    Outbox(Picker, Vec<OutboxRow>),
    /// What rules have escalated.
    Escalations(Picker, Vec<FiringView>),
    /// Why tickets are closed.
    Close(Picker, Vec<TicketKey>),
    /// Articles that may answer.
    Suggestions(suggestions::Listed),
    /// Why a ticket is whose it is.
    Explain(explain::ExplainPage),
    /// How the desk stands.
    Status(status::StatusPage),
    /// What was counted.
    Stats(stats::StatsPage),
    /// The activity log of a ticket, newest first; `None` until it was read.
    Activity(Picker, TicketKey, Option<Vec<ActivityLine>>),
}

impl Overlay {
    /// Tells its picker, if it has one.
    pub(crate) fn picker(&mut self) -> Option<&mut Picker> {
        match self {
            Overlay::Help(picker)
            | Overlay::Palette(picker)
            | Overlay::Templates(picker, _)
            | Overlay::Assign { picker, .. }
            | Overlay::Search(picker, _)
            | Overlay::Jump(picker, _)
            | Overlay::Queues(picker, _)
            | Overlay::Outbox(picker, _)
            | Overlay::Activity(picker, ..)
            | Overlay::Escalations(picker, _)
            | Overlay::Close(picker, _)
            | Overlay::Suggestions(suggestions::Listed { picker, .. }) => Some(picker),
            Overlay::Until(_) | Overlay::Confirm(_) | Overlay::Status(_) | Overlay::Stats(_) | Overlay::Explain(_) => {
                None
            }
        }
    }
}

/// Draws the overlay, and puts the cursor where something is typed.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    match &model.overlay {
        None => {}
        Some(Overlay::Until(form)) => until_form::draw(form, model, frame, screen),
        Some(Overlay::Status(page)) => status::draw(page, model, frame, screen),
        Some(Overlay::Stats(page)) => stats::draw(page, model, frame, screen),
        Some(Overlay::Explain(page)) => explain::draw(page, model, frame, screen),
        Some(Overlay::Confirm(confirm)) => confirm::draw(confirm, model, frame, screen),
        Some(list) => lists::draw(list, model, frame, screen),
    }
}

/// Clears a rectangle in the middle of the screen and draws a border with a title around it; gives its inside.
fn boxed(model: &Model, frame: &mut Frame<'_>, screen: Rect, size: (u16, u16), title: &str) -> Rect {
    let width = size.0.min(screen.width.saturating_sub(2)).max(10);
    let height = size.1.min(screen.height.saturating_sub(2)).max(3);
    let area = Rect {
        x: screen.x + screen.width.saturating_sub(width) / 2,
        y: screen.y + screen.height.saturating_sub(height) / 3,
        width,
        height,
    };
    frame.render_widget(Clear, area);
    let block = border(model).title(format!(" {title} ")).border_style(model.theme.border_focus);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Makes a border in the characters of the terminal.
pub(super) fn border(model: &Model) -> Block<'static> {
    let block = Block::bordered();
    if model.setup.ascii { block.border_set(ASCII_BORDER) } else { block.border_type(BorderType::Plain) }
}

/// A border for terminals that are not UTF-8.
pub(super) const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A double border for terminals that are not UTF-8.
pub(super) const ASCII_DOUBLE: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "#",
    top_right: "#",
    bottom_left: "#",
    bottom_right: "#",
    vertical_left: "#",
    vertical_right: "#",
    horizontal_top: "=",
    horizontal_bottom: "=",
};
