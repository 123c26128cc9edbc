//! SELFTEST: the proof that nothing is lost, sent twice or said to the wrong people.
//!
//! [`simulate`] runs the engine against a small model of Telegram that is made of values: seeded, replayable, thousands of times a
//! minute. Each run ends in three counts that have to be zero: *lost* (something of the world that the desk does not show, or a reply
//! that is not in the world), *repeated* (twice in either) and *leaked* (an internal note, a draft or a secret where it must not be).
//!
//! A count that is never anything but zero proves nothing, so [`sabotage`] breaks the program in four known ways between the engine and
//! its world, and the matching count has to find it. Nothing outside of this room can reach that.

pub mod sabotage;
pub mod simulate;

/// Stands in every internal note and draft of the selftests, and must never leave the desk.
const CANARY: &str = "canary-7f3a";
