//! The envelope of compiled code: what profile it is of, and a checksum against a bad disk. It is
//! no protection against malice: loading runs the code, so the caller authenticates it first.
//!
//! magic 8 | profile hash 32 | SHA-256 of the code 32 | code

use crate::error::{Error, Result, Status};
use crate::profile;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"FOGWASM\x01";
const HEADER_BYTES: usize = 8 + 32 + 32;

pub fn wrap(code: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + code.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(profile::hash());
    out.extend_from_slice(&Sha256::digest(code));
    out.extend_from_slice(code);
    out
}

pub fn unwrap(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.len() < HEADER_BYTES || &bytes[..8] != MAGIC {
        return Err(Error::new(Status::DamagedCode, "not compiled code of this library"));
    }
    if &bytes[8..40] != profile::hash() {
        let text = "compiled under another runtime profile; compile the module again";
        return Err(Error::new(Status::OtherProfile, text));
    }
    let code = &bytes[HEADER_BYTES..];
    if bytes[40..72] != Sha256::digest(code)[..] {
        return Err(Error::new(Status::DamagedCode, "compiled code is damaged (checksum differs)"));
    }
    Ok(code)
}
