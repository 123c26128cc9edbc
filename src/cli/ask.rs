//! Asks a person for what a login needs: at a terminal with secrets unseen, otherwise a line each from standard input.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use super::site::say;
use crate::telegram::Secret;
use crate::telegram::login::Ask;

/// Asks whoever runs the command.
pub(super) struct Person;

impl Person {
    /// Asks for a line that may be seen.
    pub(super) fn line(&mut self, question: &str) -> Result<String, String> {
        if stdin().is_terminal() {
            let _gone = write!(stderr(), "{question}: ").and_then(|()| stderr().flush());
        }
        let mut line = String::new();
        match stdin().lock().read_line(&mut line) {
            Ok(0) => Err(format!("{question}: standard input has ended")),
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(format!("{question}: {error}")),
        }
    }

    /// Asks for a line that must not be seen.
    pub(super) fn secret(&mut self, question: &str) -> Result<Secret, String> {
        if !stdin().is_terminal() {
            return self.line(question).map(Secret::new);
        }
        rpassword::prompt_password(format!("{question}: "))
            .map(Secret::new)
            .map_err(|error| format!("{question}: {error}"))
    }
}

impl Ask for Person {
    fn phone(&mut self) -> Result<String, String> {
        self.line("Phone number with country code")
    }

    fn code(&mut self, to: &str) -> Result<Secret, String> {
        self.line(&format!("Login code (sent to {to})")).map(Secret::new)
    }

    fn password(&mut self, hint: Option<&str>) -> Result<Secret, String> {
        let hint = hint.map(|hint| format!(" (hint: {})", super::table::safe(hint))).unwrap_or_default();
        self.secret(&format!("Two-step password{hint}"))
    }

    fn wrong(&mut self, sentence: &str) {
        say(sentence);
    }
}
