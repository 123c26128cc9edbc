//! What several tests need.

pub(crate) mod bench;
#[cfg(feature = "sandbox")]
pub(crate) mod client;
#[cfg(feature = "sandbox")]
pub(crate) mod link;
#[cfg(feature = "sandbox")]
pub(crate) mod process;
#[cfg(feature = "sandbox")]
pub(crate) mod screen;
