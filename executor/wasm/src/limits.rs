//! Caps the guest's memory and remembers its peak.

use crate::profile;
use crate::run::Stop;
use wasmtime::ResourceLimiter;

pub struct MemoryLimiter {
    pub bytes_max: u64,
    /// What all memories hold now.
    bytes: u64,
    /// The most that they have held together, their start included.
    pub peak_bytes: u64,
    /// The cap has refused a growth, or the memory to start with.
    pub denied: bool,
}

impl MemoryLimiter {
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max: bytes_max.min(profile::MEMORY_BYTES_MAX), bytes: 0, peak_bytes: 0, denied: false }
    }
}

/// How Wasmtime words the one failure that no cap of ours forestalls and that is the guest's own.
const BEYOND_TYPE: &str = "memory growth exceeds memory type's limits";

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, now: usize, desired: usize, max: Option<usize>) -> wasmtime::Result<bool> {
        // What the module's own maximum forbids is no fault of the cap.
        if max.is_some_and(|max| desired > max) {
            return Ok(false);
        }
        let more = (desired - now) as u64;
        if self.bytes.saturating_add(more) > self.bytes_max {
            self.denied = true;
            return Ok(false);
        }
        self.bytes += more;
        self.peak_bytes = self.peak_bytes.max(self.bytes);
        Ok(true)
    }

    // Granted, and yet this computer could not: the guest must not see that, or its result would
    // differ from the auditor's.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        if error.to_string() == BEYOND_TYPE {
            return Ok(());
        }
        Err(Stop::Host(format!("out of host memory: {error:#}")).into())
    }

    fn table_growing(&mut self, _: usize, desired: usize, max: Option<usize>) -> wasmtime::Result<bool> {
        Ok(max.is_none_or(|max| desired <= max) && desired as u64 <= profile::TABLE_ELEMENTS_MAX)
    }

    // Of a component; a command's check allows one memory and four tables.
    fn memories(&self) -> usize {
        profile::COMPONENT_MEMORIES_MAX
    }

    fn tables(&self) -> usize {
        profile::COMPONENT_TABLES_MAX
    }

    fn instances(&self) -> usize {
        profile::COMPONENT_INSTANCES_MAX
    }
}
