//! What a desk that is listened for knows of itself: who sits there, and since when.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::door::Spoken;
use super::screens::Screens;
use super::server::Desk;
use super::turns;
use crate::clock::Timestamp;
use crate::engine::handle::{Answer, Request, SeatView, StatusView};
use crate::engine::views::{View, ViewRequest};

/// The number of the seat in whose process the desk runs.
pub(super) const HOST: u64 = 0;

pub(super) struct House {
    pub(super) desk: Desk,
    /// When this engine began.
    pub(super) begun: Timestamp,
    pub(super) seats: Mutex<BTreeMap<u64, SeatView>>,
    pub(super) screens: Screens,
    pub(super) next: AtomicU64,
    pub(super) turned_away: Spoken,
}

impl House {
    /// Tells how long a seat waits until it hears of news.
    pub(super) fn turn_of(&self, seat: u64, told: Option<std::time::Instant>) -> Duration {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        turns::wait(seats.range(..seat).count(), seats.len(), told.map(|told| told.elapsed()))
    }

    /// Answers what is known here; `None`: that is for whoever runs the desk.
    pub(super) async fn answer(&self, request: &Request) -> Option<Answer> {
        match request {
            Request::Seats => Some(Answer::Seats { seats: self.seats().await }),
            Request::Status => {
                let link = match self.desk.handle.read(ViewRequest::Desk).await {
                    View::Desk(desk) => desk.link,
                    _ => None,
                };
                Some(Answer::Status(StatusView {
                    desk: self.desk.name.clone(),
                    pid: std::process::id(),
                    program: env!("CARGO_PKG_VERSION").to_owned(),
                    since: self.desk.since,
                    begun: self.begun,
                    // A command that asks is not somebody who sits there; the host's own screen has no line.
                    seats: self.screens.by_seat().await.len() + usize::from(self.desk.host.is_some()),
                    link,
                }))
            }
            _ => None,
        }
    }

    async fn seats(&self) -> Vec<SeatView> {
        let open = self.screens.by_seat().await;
        let roster = match self.desk.handle.read(ViewRequest::Desk).await {
            View::Desk(desk) => desk.roster,
            _ => Vec::new(),
        };
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (number, seat) in &mut seats {
            if let Some((screens, used)) = open.get(number) {
                (seat.screens, seat.used) = (*screens, Some(*used));
            } else if let Some((_, _, own)) = self.desk.host.as_ref().filter(|_| *number == HOST) {
                seat.used = own.used();
            }
            if seat.screens > 0 {
                seat.presence = roster.iter().find(|view| view.agent == seat.agent).map(|view| view.presence);
            }
        }
        seats.into_values().collect()
    }
}
