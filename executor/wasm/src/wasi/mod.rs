//! WASI preview 1 for a command that sees one request: arguments, environment, three streams, a
//! virtual clock, seeded random. No files, no sockets, nothing of this computer. All 46 functions
//! exist, so that any module links; what is not granted answers with the errno it would have.

mod guest;
mod link;
mod memory;
pub mod world;

pub use guest::Guest;
pub use link::{FUNCTIONS, define, is_function};
pub use world::World;

use crate::run::Stop;

/// The errno values in use, as the WASI specification numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    Badf = 8,
    Fault = 21,
    Inval = 28,
    Notdir = 54,
    Notsock = 57,
    Notsup = 58,
    Overflow = 61,
    Spipe = 70,
}

/// Why a host function did not succeed: an errno for the guest, or the end of the run.
#[derive(Debug)]
pub enum Fail {
    Errno(Errno),
    Stop(Stop),
}

impl From<Errno> for Fail {
    fn from(errno: Errno) -> Self {
        Fail::Errno(errno)
    }
}

impl From<Stop> for Fail {
    fn from(stop: Stop) -> Self {
        Fail::Stop(stop)
    }
}
