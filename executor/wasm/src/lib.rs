//! Runs WebAssembly for the executor, core command modules and `wasi:http` components: one fresh
//! instance a request, metered, bounded, and with the same result on every computer that has the
//! same runtime profile.
//!
//! Start with `run.rs` for what a run is, `wasi/link.rs` and `proxy/` for what a guest can ask for,
//! `profile.rs` for what is fixed. `ffi` and `fog_wasm.h` are the face for C++.

pub mod check;
pub mod code;
pub mod engine;
pub mod error;
pub mod ffi;
pub mod keyvalue;
mod limits;
pub mod outbound;
pub mod profile;
pub mod proxy;
pub mod run;
mod ticker;
pub mod wasi;
