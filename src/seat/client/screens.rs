//! The screens of a seat, remembered: each engine begins with none, so that they are said anew to every other one.

use std::collections::BTreeMap;

use crate::clock::{Clock, Timestamp};
use crate::desk::command::Command;
use crate::desk::ids::{ScreenId, TicketKey};

/// The screens that are open.
#[derive(Debug, Default)]
pub(super) struct Screens(BTreeMap<ScreenId, OpenScreen>);

#[derive(Debug)]
struct OpenScreen {
    /// When the last key was pressed there.
    used: Timestamp,
    looks: Option<TicketKey>,
}

impl Screens {
    /// Remembers what a command says of a screen.
    pub(super) fn follow(&mut self, command: &Command) {
        match *command {
            Command::Screen { screen, used: Some(ago) } => {
                let used = Clock::System.now() - ago;
                self.0.entry(screen).or_insert(OpenScreen { used, looks: None }).used = used;
            }
            Command::Screen { screen, used: None } => drop(self.0.remove(&screen)),
            Command::Look { screen, ticket } => {
                if let Some(open) = self.0.get_mut(&screen) {
                    open.looks = ticket;
                }
            }
            _ => {}
        }
    }

    /// Tells when the last key was pressed at any of them.
    pub(super) fn used(&self) -> Option<Timestamp> {
        self.0.values().map(|screen| screen.used).max()
    }

    /// Gives the commands that tell another engine of them. A key is as old as it is.
    pub(super) fn anew(&self) -> Vec<Command> {
        let now = Clock::System.now();
        let mut commands = Vec::new();
        for (screen, open) in &self.0 {
            let screen = *screen;
            commands.push(Command::Screen { screen, used: Some(now.since(open.used)) });
            commands.extend(open.looks.map(|ticket| Command::Look { screen, ticket: Some(ticket) }));
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::desk::ids::{GroupId, TopicId};

    #[test]
    fn another_engine_is_told_of_what_is_open_and_how_old_its_keys_are() {
        let (one, two, hour) = (ScreenId(1), ScreenId(2), Duration::from_secs(3600));
        let ticket = Some(TicketKey { group: GroupId(1), topic: TopicId(5) });
        let mut screens = Screens::default();
        for command in [
            Command::Look { screen: one, ticket },
            Command::Screen { screen: one, used: Some(hour) },
            Command::Screen { screen: two, used: Some(hour) },
            Command::Look { screen: one, ticket },
            Command::Screen { screen: two, used: None },
            Command::Look { screen: two, ticket },
        ] {
            screens.follow(&command);
        }
        let anew = screens.anew();
        assert!(
            matches!(&anew[..], [Command::Screen { screen, used: Some(ago) }, look]
                if *screen == one && *ago >= hour && *look == Command::Look { screen: one, ticket }),
            "{anew:?}"
        );
        screens.follow(&Command::Screen { screen: one, used: None });
        assert_eq!(screens.anew(), []);
    }
}
