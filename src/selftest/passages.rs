//! A desk and its link with the passage between them, in which a defect may sit.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::SelftestError;
use super::sabotage::{Passage, Sabotage};
use super::stage::{Address, rules};
use crate::clock::Clock;
use crate::engine::runner::{self, Desk, EngineSetup};
use crate::engine::transport::Incoming;
use crate::telegram::link;

/// How many batches may wait on their way from the link.
const WAITING: usize = 64;

/// A desk that works.
pub(super) struct Working {
    pub(super) desk: Desk,
    tasks: Vec<JoinHandle<()>>,
}

impl Working {
    /// Opens a desk with its link.
    pub(super) fn open(address: &Address, sabotage: Option<Sabotage>) -> Result<Working, SelftestError> {
        let setup = EngineSetup { data: address.data.clone(), rules: rules(), clock: Clock::System };
        let (desk, mut ends) = runner::start(setup)?;
        let (orders, ordered) = mpsc::unbounded_channel();
        let (said, mut incoming) = mpsc::channel(WAITING);
        let mut outward = Passage::new(sabotage);
        let mut inward = outward.clone();
        let mut tasks = vec![link::spawn(address.setup(), ordered, said)];
        tasks.push(tokio::spawn(async move {
            while let Some(order) = ends.orders.recv().await {
                if orders.send(outward.order(order)).is_err() {
                    return;
                }
            }
        }));
        tasks.push(tokio::spawn(async move {
            while let Some(one) = incoming.recv().await {
                let parts = match one {
                    Incoming::Batch(batch) => inward.batch(batch),
                    other => vec![other],
                };
                for part in parts {
                    if ends.incoming.send(part).await.is_err() {
                        return;
                    }
                }
            }
        }));
        Ok(Working { desk, tasks })
    }

    /// Stops both.
    pub(super) fn stop(self) {
        self.desk.stop();
        for task in self.tasks {
            task.abort();
        }
    }
}
