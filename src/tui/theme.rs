//! Colours by role. The default uses the sixteen colours of the terminal; no state is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::desk::ticket::Tone;

/// Colours by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Its name.
    pub(crate) name: &'static str,
    /// The ordinary text.
    pub(crate) text: Style,
    /// What matters less.
    pub(crate) dim: Style,
    /// What matters more.
    pub(crate) strong: Style,
    /// The row or entry with the cursor.
    pub(crate) selected: Style,
    /// The same in a pane without the focus.
    pub(crate) selected_elsewhere: Style,
    /// The line at the top.
    pub(crate) bar: Style,
    /// The tab that is open.
    pub(crate) tab: Style,
    /// Keys.
    pub(crate) key: Style,
    /// Borders.
    pub(crate) border: Style,
    /// The border of the pane with the focus.
    pub(crate) border_focus: Style,
    /// The border of a public reply.
    pub(crate) public: Style,
    /// Internal notes and their composer.
    pub(crate) note: Style,
    /// Names of customers and participants.
    pub(crate) customer: Style,
    /// Names of staff.
    pub(crate) staff: Style,
    /// Something was done.
    pub(crate) done: Style,
    /// Something was not done, or needs somebody.
    pub(crate) warning: Style,
    /// What was found.
    pub(crate) found: Style,
    /// Dividers.
    pub(crate) divider: Style,
    urgent: Style,
    active: Style,
    calm: Style,
    finished: Style,
}

/// The themes that can be chosen.
pub(crate) const NAMES: [&str; 4] = ["default", "dark", "light", "high-contrast"];

impl Default for Theme {
    fn default() -> Theme {
        let new = Style::new;
        Theme {
            name: "default",
            text: new(),
            dim: new().fg(Color::DarkGray),
            strong: new().add_modifier(Modifier::BOLD),
            selected: new().add_modifier(Modifier::REVERSED),
            selected_elsewhere: new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            bar: new(),
            tab: new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            key: new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            border: new().fg(Color::DarkGray),
            border_focus: new().fg(Color::Cyan),
            public: new().fg(Color::Green),
            note: new().fg(Color::Yellow),
            customer: new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            staff: new().fg(Color::Green).add_modifier(Modifier::BOLD),
            done: new().fg(Color::Green),
            warning: new().fg(Color::Red).add_modifier(Modifier::BOLD),
            found: new().add_modifier(Modifier::REVERSED | Modifier::UNDERLINED),
            divider: new().fg(Color::DarkGray),
            urgent: new().fg(Color::Red).add_modifier(Modifier::BOLD),
            active: new().fg(Color::Green),
            calm: new().fg(Color::Yellow),
            finished: new().fg(Color::DarkGray),
        }
    }
}

impl Theme {
    /// Makes the theme of a name; `auto` is the default, which takes the terminal's own colours. `NO_COLOR` is the caller's.
    pub(crate) fn named(name: &str) -> Option<Theme> {
        match name {
            "" | "auto" | "default" => Some(Theme::default()),
            "dark" => Some(Theme::shades("dark", [250, 244, 110, 114, 179, 203, 238])),
            "light" => Some(Theme::shades("light", [235, 243, 25, 28, 130, 160, 252])),
            "high-contrast" => Some(Theme::high_contrast()),
            "none" => Some(Theme::default().without_colour()),
            _ => None,
        }
    }

    /// Makes a theme of the 256 colours: text, dim, accent, good, note, bad, selection.
    fn shades(name: &'static str, [text, dim, accent, good, note, bad, selection]: [u8; 7]) -> Theme {
        let fg = |index: u8| Style::new().fg(Color::Indexed(index));
        let bold = |index: u8| fg(index).add_modifier(Modifier::BOLD);
        let chosen = Style::new().bg(Color::Indexed(selection)).add_modifier(Modifier::BOLD);
        Theme {
            name,
            text: fg(text),
            dim: fg(dim),
            strong: bold(text),
            selected: chosen,
            selected_elsewhere: Style::new().bg(Color::Indexed(selection)),
            bar: fg(text),
            tab: bold(accent).add_modifier(Modifier::REVERSED),
            key: bold(accent),
            border: fg(dim),
            border_focus: fg(accent),
            public: fg(good),
            note: fg(note),
            customer: bold(accent),
            staff: bold(good),
            done: fg(good),
            warning: bold(bad),
            found: fg(note).add_modifier(Modifier::REVERSED),
            divider: fg(dim),
            urgent: bold(bad),
            active: fg(good),
            calm: fg(note),
            finished: fg(dim),
        }
    }

    fn high_contrast() -> Theme {
        let white = Style::new().fg(Color::White);
        let bold = white.add_modifier(Modifier::BOLD);
        let alarm = Style::new().fg(Color::Black).bg(Color::Yellow).add_modifier(Modifier::BOLD);
        Theme {
            name: "high-contrast",
            text: white,
            dim: white,
            strong: bold,
            bar: white,
            key: bold.add_modifier(Modifier::UNDERLINED),
            border: white,
            border_focus: bold,
            public: bold,
            note: Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
            customer: bold,
            staff: bold,
            done: bold,
            warning: alarm,
            divider: white,
            urgent: alarm,
            active: bold,
            calm: white,
            finished: white,
            ..Theme::default()
        }
    }

    /// Takes all colours away and keeps bold, underline and reverse (`NO_COLOR`).
    pub(crate) fn without_colour(self) -> Theme {
        let plain = |style: Style| Style { fg: None, bg: None, ..style };
        let reversed_if_filled = |style: Style| {
            if style.bg.is_some() { plain(style).add_modifier(Modifier::REVERSED) } else { plain(style) }
        };
        Theme {
            name: self.name,
            text: plain(self.text),
            dim: plain(self.dim),
            strong: plain(self.strong),
            selected: reversed_if_filled(self.selected),
            selected_elsewhere: plain(self.selected_elsewhere).add_modifier(Modifier::UNDERLINED),
            bar: plain(self.bar),
            tab: plain(self.tab),
            key: plain(self.key).add_modifier(Modifier::BOLD),
            border: plain(self.border),
            border_focus: plain(self.border_focus).add_modifier(Modifier::BOLD),
            public: plain(self.public),
            note: plain(self.note),
            customer: plain(self.customer),
            staff: plain(self.staff),
            done: plain(self.done),
            warning: reversed_if_filled(self.warning),
            found: plain(self.found),
            divider: plain(self.divider),
            urgent: plain(self.urgent).add_modifier(Modifier::BOLD),
            active: plain(self.active),
            calm: plain(self.calm),
            finished: plain(self.finished),
        }
    }

    /// Tells the style of a status.
    pub(crate) fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Urgent => self.urgent,
            Tone::Active => self.active,
            Tone::Calm => self.calm,
            Tone::Done => self.finished,
        }
    }
}
