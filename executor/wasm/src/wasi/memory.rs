//! Reading and writing the guest's memory. Every address and length is the guest's and hostile:
//! nothing is allocated or touched before its range is known to lie inside.

use super::{Errno, Fail};
use std::ops::Range;

/// The guest's whole memory during one host call.
pub struct Mem<'a>(pub &'a mut [u8]);

/// Most buffers in one scattered read or write (IOV_MAX elsewhere).
const BUFFERS_MAX: u32 = 1024;

impl Mem<'_> {
    pub fn range(&self, address: u32, length: u32) -> Result<Range<usize>, Fail> {
        let start = address as usize;
        let end = start + length as usize;
        if end <= self.0.len() { Ok(start..end) } else { Err(Errno::Fault.into()) }
    }

    pub fn bytes(&self, address: u32, length: u32) -> Result<&[u8], Fail> {
        Ok(&self.0[self.range(address, length)?])
    }

    pub fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Fail> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::Overflow)?;
        let range = self.range(address, length)?;
        self.0[range].copy_from_slice(bytes);
        Ok(())
    }

    pub fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Fail> {
        self.write(address, &value.to_le_bytes())
    }

    pub fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Fail> {
        self.write(address, &value.to_le_bytes())
    }

    /// The buffers of a scattered read or write, each checked, and their total length.
    pub fn buffers(&self, list: u32, count: u32) -> Result<(Vec<Range<usize>>, u64), Fail> {
        if count > BUFFERS_MAX {
            return Err(Errno::Inval.into());
        }
        let mut ranges = Vec::with_capacity(count as usize);
        let mut total = 0;
        for entry in self.bytes(list, count * 8)?.chunks_exact(8) {
            let range = self.range(u32_at(entry, 0), u32_at(entry, 4))?;
            total += range.len() as u64;
            ranges.push(range);
        }
        // The guest learns the length moved in 32 bits.
        if total > u64::from(u32::MAX) {
            return Err(Errno::Inval.into());
        }
        Ok((ranges, total))
    }
}

/// Little-endian numbers inside a record whose length the caller has checked.
pub fn u32_at(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"))
}

pub fn u64_at(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_at_the_edge() {
        let mut bytes = [0u8; 16];
        let mem = Mem(&mut bytes);
        assert_eq!(mem.range(0, 16).unwrap(), 0..16);
        assert_eq!(mem.range(16, 0).unwrap(), 16..16);
        assert!(mem.range(0, 17).is_err());
        assert!(mem.range(17, 0).is_err());
        assert!(mem.range(u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn one_bad_buffer_refuses_all() {
        let mut bytes = [0u8; 32];
        bytes[0..8].copy_from_slice(&[16, 0, 0, 0, 16, 0, 0, 0]);
        bytes[8..16].copy_from_slice(&[16, 0, 0, 0, 17, 0, 0, 0]);
        let mem = Mem(&mut bytes);
        let (ranges, total) = mem.buffers(0, 1).unwrap();
        assert_eq!((ranges[0].clone(), total), (16..32, 16));
        assert!(mem.buffers(0, 2).is_err());
        assert!(mem.buffers(24, 2).is_err());
        assert!(mem.buffers(0, u32::MAX).is_err());
    }
}
