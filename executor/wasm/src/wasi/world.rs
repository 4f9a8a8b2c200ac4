//! What every guest lives in, whatever its world is called: the account of a host call, the virtual
//! clock, seeded random, the request's body, what it writes. Pure but for the host's callbacks: the
//! answers depend on the request alone, so a replay sees the same.

use crate::profile::{HOST_BYTE_FUEL, HOST_CALL_FUEL};
use crate::run::{Host, HostCall, Limits, Request, Stop};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use std::time::Instant;

/// What reading a clock takes, so that no guest waits for ever for time to pass, or divides by 0.
pub const CLOCK_READ_NS: u64 = 1000;
/// Random is made in pieces, with a look at the clock on the wall between them.
const RANDOM_PIECE_BYTES: usize = 1 << 20;

pub struct World {
    pub(crate) host: Box<dyn Host>,
    pub(crate) traced: bool,
    deadline: Instant,
    pub(crate) limits: Limits,
    body_ended: bool,
    wall_clock_ns: u64,
    /// Time that has passed for the guest: clock reads and sleeps.
    virtual_ns: u64,
    random: ChaCha20,
    fuel_max: u64,
    fuel_left: u64,
    cost: u64,
    pub(crate) fuel_at_last_call: u64,
    pub(crate) host_calls: u64,
    pub(crate) stdin_bytes: u64,
    pub(crate) stdout_bytes: u64,
    pub(crate) stderr_bytes: u64,
    pub(crate) stderr_cut: bool,
}

impl World {
    pub fn new(request: &Request, host: Box<dyn Host>, deadline: Instant) -> Self {
        let limits = request.limits.clone();
        Self {
            traced: host.wants_trace(),
            host,
            deadline,
            body_ended: false,
            wall_clock_ns: request.wall_clock_ns,
            virtual_ns: 0,
            random: ChaCha20::new(&request.seed.into(), &[0; 12].into()),
            fuel_max: limits.fuel_max,
            limits,
            fuel_left: 0,
            cost: 0,
            fuel_at_last_call: 0,
            host_calls: 0,
            stdin_bytes: 0,
            stdout_bytes: 0,
            stderr_bytes: 0,
            stderr_cut: false,
        }
    }

    // The account

    /// Opens the account of one host call.
    pub fn begin(&mut self, fuel_left: u64) {
        self.fuel_left = fuel_left;
        self.cost = 0;
    }

    /// Closes the account of a host call: the fuel that is left to the guest.
    pub fn close(&mut self) -> u64 {
        let left = self.fuel_left.saturating_sub(self.cost);
        self.fuel_at_last_call = self.fuel_max - left;
        self.host_calls += 1;
        left
    }

    /// Shows the call that was closed last to who replays.
    pub fn show(&mut self, function: u32, errno: u32, memory: &[u8], words: &str) {
        let (index, fuel_used) = (self.host_calls - 1, self.fuel_at_last_call);
        self.host.trace(&HostCall { index, function, errno, fuel_used, memory, words });
    }

    pub fn charge_call(&mut self) -> Result<(), Stop> {
        self.charge(HOST_CALL_FUEL)
    }

    // Before the work where its size is known, so that work without fuel is never begun.
    pub fn charge(&mut self, fuel: u64) -> Result<(), Stop> {
        self.cost = self.cost.saturating_add(fuel);
        if self.cost <= self.fuel_left { Ok(()) } else { Err(Stop::OutOfFuel) }
    }

    pub fn charge_bytes(&mut self, bytes: u64) -> Result<(), Stop> {
        self.charge(bytes.saturating_mul(HOST_BYTE_FUEL))
    }

    pub fn check_wall(&self) -> Result<(), Stop> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(Stop::WallTime) }
    }

    // Clocks and random

    /// Reads the clock that starts at 0 with the run.
    pub fn monotonic_ns(&mut self) -> u64 {
        self.virtual_ns = self.virtual_ns.saturating_add(CLOCK_READ_NS);
        self.virtual_ns
    }

    /// Reads the time of day.
    pub fn wall_ns(&mut self) -> u64 {
        self.wall_clock_ns.saturating_add(self.monotonic_ns())
    }

    /// Looks at the clock, which takes no time.
    pub fn now_ns(&self) -> u64 {
        self.virtual_ns
    }

    /// Sleeps, which takes the guest's time only.
    pub fn sleep_until(&mut self, due_ns: u64) {
        self.virtual_ns = self.virtual_ns.max(due_ns);
    }

    /// A time of day on the clock that starts at 0.
    pub fn since_start(&self, wall_ns: u64) -> u64 {
        wall_ns.saturating_sub(self.wall_clock_ns)
    }

    /// The ChaCha20 keystream (RFC 8439) of the seed, nonce 0, from block 0 on, byte after byte.
    pub fn random(&mut self, out: &mut [u8]) -> Result<(), Stop> {
        self.charge_bytes(out.len() as u64)?;
        for piece in out.chunks_mut(RANDOM_PIECE_BYTES) {
            piece.fill(0);
            if self.random.try_apply_keystream(piece).is_err() {
                return Err(Stop::Host("the random stream of 256 GiB is used up".into()));
            }
            self.check_wall()?;
        }
        Ok(())
    }

    // The request's body, the answer, the log

    /// Fills the buffer unless the body ends first, however it arrives: so its pieces on the wire
    /// cannot change what the guest sees.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Stop> {
        let mut got = 0;
        while got < buffer.len() && !self.body_ended {
            let rest = &mut buffer[got..];
            let n = self.host.read(rest).map_err(|_| Stop::Aborted)?;
            if n > rest.len() {
                return Err(Stop::Host("the body's callback returned more than asked".into()));
            }
            self.body_ended = n == 0;
            got += n;
            self.check_wall()?;
        }
        Ok(got)
    }

    /// Whether so many more bytes of output are within the cap.
    pub fn has_room(&self, bytes: u64) -> bool {
        bytes <= self.limits.stdout_bytes_max - self.stdout_bytes
    }

    /// Output that `has_room` has allowed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.host.write(bytes).map_err(|_| Stop::Aborted)?;
        self.stdout_bytes += bytes.len() as u64;
        self.check_wall()
    }

    /// The log is cut, not the run: a service must not fail because it talks much.
    pub fn log(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let room = self.limits.stderr_bytes_max - self.stderr_bytes;
        let kept = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        self.stderr_cut |= kept < bytes.len();
        self.stderr_bytes += kept as u64;
        if kept > 0 {
            self.host.log(&bytes[..kept]).map_err(|_| Stop::Aborted)?;
        }
        self.check_wall()
    }
}
