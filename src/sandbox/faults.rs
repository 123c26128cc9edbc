//! What a test has ordered to go wrong.

use super::world::Refusal;

/// Tells what goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before the call is worked on.
    CutBefore,
    /// The call is worked on, and the connection is cut instead of answering.
    CutAfter,
    /// The call is neither worked on nor answered.
    Silence,
    /// The call is refused.
    Refuse(Refusal),
    /// `updates.getChannelDifference` answers that the gap is too long.
    DifferenceTooLong,
}

impl Fault {
    /// Makes a FLOOD_WAIT of so many seconds.
    pub fn flood_wait(seconds: u32) -> Self {
        Fault::Refuse(Refusal::new(420, &format!("FLOOD_WAIT_{seconds}")))
    }
}

/// Holds the faults that wait for their call.
#[derive(Debug, Default)]
pub(super) struct Faults {
    armed: Vec<(String, Option<i64>, Fault)>,
}

impl Faults {
    /// Lets the next call of a method (`messages.sendMessage`, or `*` for any) by an account, or by anyone, go wrong.
    pub(super) fn arm(&mut self, method: &str, account: Option<i64>, fault: Fault) {
        self.armed.push((method.to_owned(), account, fault));
    }

    /// Takes the fault that waits for this call.
    pub(super) fn take(&mut self, method: &str, account: Option<i64>) -> Option<Fault> {
        let fits = |(wanted, by, _): &(String, Option<i64>, Fault)| {
            (wanted == "*" || wanted == method) && (by.is_none() || *by == account)
        };
        let at = self.armed.iter().position(fits)?;
        Some(self.armed.remove(at).2)
    }

    /// Forgets what has not happened yet.
    pub(super) fn clear(&mut self) {
        self.armed.clear();
    }
}
