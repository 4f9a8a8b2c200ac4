//! What the guest's host functions do. Pure but for the host's callbacks: the answers depend on the
//! request alone, so a replay sees the same.

use super::memory::{Mem, u32_at, u64_at};
use super::world::{CLOCK_READ_NS, World};
use super::{Errno, Fail};
use crate::run::Stop;

type Done = Result<(), Fail>;

/// What a file descriptor stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Closed,
    Stdin,
    Stdout,
    Stderr,
}

/// A command between host calls.
pub struct Guest {
    pub(crate) world: World,
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    streams: [Stream; 3],
}

const SUBSCRIPTIONS_MAX: u32 = 4096;
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: usize = 32;

impl Guest {
    pub fn new(world: World, args: Vec<Vec<u8>>, env: Vec<Vec<u8>>) -> Self {
        Self { world, args, env, streams: [Stream::Stdin, Stream::Stdout, Stream::Stderr] }
    }

    fn stream(&self, fd: u32) -> Result<Stream, Fail> {
        match self.streams.get(fd as usize) {
            None | Some(Stream::Closed) => Err(Errno::Badf.into()),
            Some(stream) => Ok(*stream),
        }
    }

    /// For what no stream can do: the errno if `fd` is open, else BADF.
    pub fn refuse(&self, fd: u32, errno: Errno) -> Done {
        self.stream(fd)?;
        Err(errno.into())
    }

    /// For what a stream may be asked without effect.
    pub fn accept(&self, fd: u32) -> Done {
        self.stream(fd).map(|_| ())
    }

    // Arguments and environment

    pub fn strings_sizes(&mut self, mem: &mut Mem, which: Strings, count: u32, bytes: u32) -> Done {
        let strings = self.strings(which);
        let (n, size) = (strings.len() as u32, strings.iter().map(|s| s.len() as u32 + 1).sum());
        mem.write_u32(count, n)?;
        mem.write_u32(bytes, size)
    }

    pub fn strings_get(&mut self, mem: &mut Mem, which: Strings, list: u32, buffer: u32) -> Done {
        self.world.charge_bytes(self.strings(which).iter().map(|s| s.len() as u64 + 5).sum())?;
        let mut at = buffer;
        for (i, string) in self.strings(which).iter().enumerate() {
            let slot = list.checked_add(4 * i as u32).ok_or(Errno::Fault)?;
            mem.write_u32(slot, at)?;
            mem.write(at, string)?;
            let end = at.checked_add(string.len() as u32).ok_or(Errno::Fault)?;
            mem.write(end, &[0])?;
            at = end.checked_add(1).ok_or(Errno::Fault)?;
        }
        Ok(())
    }

    fn strings(&self, which: Strings) -> &[Vec<u8>] {
        match which {
            Strings::Args => &self.args,
            Strings::Env => &self.env,
        }
    }

    // Clocks and random

    pub fn clock_res_get(&mut self, mem: &mut Mem, clock: u32, out: u32) -> Done {
        if clock > 3 {
            return Err(Errno::Inval.into());
        }
        mem.write_u64(out, CLOCK_READ_NS)
    }

    /// 0 is the time of day; 1 monotonic, 2 and 3 processor time: all move together.
    pub fn clock_time_get(&mut self, mem: &mut Mem, clock: u32, out: u32) -> Done {
        match clock {
            0 => mem.write_u64(out, self.world.wall_ns()),
            1..=3 => mem.write_u64(out, self.world.monotonic_ns()),
            _ => Err(Errno::Inval.into()),
        }
    }

    pub fn random_get(&mut self, mem: &mut Mem, buffer: u32, length: u32) -> Done {
        let range = mem.range(buffer, length)?;
        Ok(self.world.random(&mut mem.0[range])?)
    }

    // Streams

    pub fn fd_read(&mut self, mem: &mut Mem, fd: u32, list: u32, count: u32, out: u32) -> Done {
        if self.stream(fd)? != Stream::Stdin {
            return Err(Errno::Badf.into());
        }
        mem.range(out, 4)?;
        let (ranges, _) = mem.buffers(list, count)?;
        let mut total = 0u32;
        for range in ranges {
            let length = range.len();
            let got = self.world.fill(&mut mem.0[range])?;
            total += got as u32;
            if got < length {
                break;
            }
        }
        self.world.stdin_bytes += u64::from(total);
        self.world.charge_bytes(u64::from(total))?;
        mem.write_u32(out, total)
    }

    pub fn fd_write(&mut self, mem: &mut Mem, fd: u32, list: u32, count: u32, out: u32) -> Done {
        let stream = self.stream(fd)?;
        if stream == Stream::Stdin {
            return Err(Errno::Badf.into());
        }
        mem.range(out, 4)?;
        let (ranges, total) = mem.buffers(list, count)?;
        self.world.charge_bytes(total)?;
        if stream == Stream::Stdout && !self.world.has_room(total) {
            return Err(Stop::Output.into());
        }
        for range in ranges.into_iter().filter(|r| !r.is_empty()) {
            let bytes = &mem.0[range];
            if stream == Stream::Stdout { self.world.write(bytes)? } else { self.world.log(bytes)? }
        }
        mem.write_u32(out, total as u32)
    }

    pub fn fd_close(&mut self, fd: u32) -> Done {
        self.stream(fd)?;
        self.streams[fd as usize] = Stream::Closed;
        Ok(())
    }

    pub fn fd_renumber(&mut self, from: u32, to: u32) -> Done {
        let stream = self.stream(from)?;
        self.stream(to)?;
        self.streams[from as usize] = Stream::Closed;
        self.streams[to as usize] = stream;
        Ok(())
    }

    /// Type unknown, as for a pipe: the guest then buffers its output in full.
    pub fn fd_fdstat_get(&mut self, mem: &mut Mem, fd: u32, out: u32) -> Done {
        const FD_READ: u64 = 1 << 1;
        const FD_WRITE: u64 = 1 << 6;
        const COMMON: u64 = 1 << 3 | 1 << 21 | 1 << 27;
        let stream = self.stream(fd)?;
        let mut stat = [0u8; 24];
        let right = if stream == Stream::Stdin { FD_READ } else { FD_WRITE };
        stat[8..16].copy_from_slice(&(COMMON | right).to_le_bytes());
        mem.write(out, &stat)
    }

    pub fn fd_filestat_get(&mut self, mem: &mut Mem, fd: u32, out: u32) -> Done {
        self.stream(fd)?;
        let mut stat = [0u8; 64];
        stat[24] = 1;
        mem.write(out, &stat)
    }

    // Waiting

    /// A wait for time alone is over at once: the virtual clock moves to the earliest deadline.
    /// Streams are always ready, since a read waits for its data itself.
    pub fn poll_oneoff(&mut self, mem: &mut Mem, list: u32, events: u32, count: u32, out: u32) -> Done {
        if count == 0 || count > SUBSCRIPTIONS_MAX {
            return Err(Errno::Inval.into());
        }
        self.world.charge_bytes(u64::from(count * SUBSCRIPTION_BYTES))?;
        mem.range(events, count * EVENT_BYTES as u32)?;
        mem.range(out, 4)?;
        let records = mem.bytes(list, count * SUBSCRIPTION_BYTES)?.chunks_exact(48);
        let subscriptions = records.map(|r| self.subscription(r)).collect::<Result<Vec<_>, _>>()?;
        let ready = |s: &Subscription| s.due_ns.is_none();
        if !subscriptions.iter().any(ready) {
            let first = subscriptions.iter().filter_map(|s| s.due_ns).min();
            self.world.sleep_until(first.unwrap_or(0));
        }
        let now = self.world.now_ns();
        let due = subscriptions.iter().filter(|s| s.due_ns.is_none_or(|due| due <= now));
        let mut n = 0;
        for subscription in due {
            mem.write(events + n * EVENT_BYTES as u32, &subscription.event)?;
            n += 1;
        }
        mem.write_u32(out, n)
    }

    fn subscription(&self, record: &[u8]) -> Result<Subscription, Fail> {
        let mut event = [0u8; EVENT_BYTES];
        event[..8].copy_from_slice(&record[..8]);
        event[10] = record[8];
        let fd = u32_at(record, 16);
        let (due_ns, errno) = match record[8] {
            0 => match self.due(fd, u64_at(record, 24), record[40] & 1 == 1) {
                Some(due_ns) => (Some(due_ns), None),
                None => (None, Some(Errno::Inval)),
            },
            tag @ 1..=2 => {
                event[16..24].copy_from_slice(&1u64.to_le_bytes());
                let fits = self.stream(fd).is_ok_and(|s| (s == Stream::Stdin) == (tag == 1));
                (None, if fits { None } else { Some(Errno::Badf) })
            }
            _ => return Err(Errno::Inval.into()),
        };
        event[8..10].copy_from_slice(&errno.map_or(0, |e| e as u16).to_le_bytes());
        Ok(Subscription { due_ns, event })
    }

    fn due(&self, clock: u32, timeout: u64, absolute: bool) -> Option<u64> {
        match (clock, absolute) {
            (0, true) => Some(self.world.since_start(timeout)),
            (1, true) => Some(timeout),
            (0 | 1, false) => Some(self.world.now_ns().saturating_add(timeout)),
            _ => None,
        }
    }
}

/// Which strings a call means.
#[derive(Clone, Copy)]
pub enum Strings {
    Args,
    Env,
}

struct Subscription {
    /// When it is due on the virtual clock; None for at once.
    due_ns: Option<u64>,
    event: [u8; EVENT_BYTES],
}
