//! The structs of `fog_wasm.h`, field by field.

use std::ffi::{c_char, c_void};

#[repr(C)]
pub struct FogError {
    pub status: i32,
    pub message: [c_char; 508],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const u8,
    pub size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pair {
    pub name: Slice,
    pub value: Slice,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EngineOptions {
    pub size: usize,
    pub runs_max: u32,
    pub compile_parallel: u32,
    pub components: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CompileOptions {
    pub size: usize,
    pub world: u32,
    pub reserved: u32,
    pub module_bytes_max: u64,
    pub memory_bytes_max: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ModuleInfo {
    pub size: usize,
    pub world: u32,
    pub reserved: u32,
    pub memory_bytes_min: u64,
}

#[repr(C)]
pub struct Call {
    pub index: u64,
    pub function: u32,
    pub wasi_errno: u32,
    pub fuel_used: u64,
    pub memory: *const u8,
    pub memory_size: usize,
    pub words: Slice,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Http {
    pub method: Slice,
    pub scheme: Slice,
    pub authority: Slice,
    pub path_with_query: Slice,
    pub fields: *const Pair,
    pub fields_count: usize,
}

/// A request to another server; see `OutboundRequest`.
#[repr(C)]
pub struct Outbound {
    pub method: Slice,
    pub authority: Slice,
    pub path_with_query: Slice,
    pub fields: *const Pair,
    pub fields_count: usize,
    pub body: Slice,
    pub tls: u32,
    pub reserved: u32,
    /// u64::MAX for what the guest has not said.
    pub connect_ms: u64,
    pub first_byte_ms: u64,
    pub between_bytes_ms: u64,
}

#[repr(C)]
pub struct Reply {
    pub fault: u32,
    pub status: u32,
    pub fields: *const Pair,
    pub fields_count: usize,
    pub body: Slice,
}

/// A call of a component's to its store; see `KeyvalueCall`.
#[repr(C)]
pub struct Keyvalue {
    pub op: u32,
    pub reserved: u32,
    pub entries: *const Pair,
    pub entries_count: usize,
    /// Null, or 32 bytes.
    pub expected: *const u8,
    pub delta: i64,
}

#[repr(C)]
pub struct Kept {
    pub fault: u32,
    pub reserved: u32,
    /// Null data: none.
    pub values: *const Slice,
    pub values_count: usize,
    pub number: i64,
}

pub type Read = extern "C" fn(*mut c_void, *mut u8, usize) -> i64;
pub type Write = extern "C" fn(*mut c_void, *const u8, usize) -> i32;
pub type Head = extern "C" fn(*mut c_void, u32, *const Pair, usize) -> i32;
pub type Trace = extern "C" fn(*mut c_void, *const Call);
pub type SendCall = extern "C" fn(*mut c_void, u32, *const Outbound) -> i32;
pub type ReceiveCall = extern "C" fn(*mut c_void, u32, *mut Reply) -> i32;
pub type KeepCall = extern "C" fn(*mut c_void, *const Keyvalue, *mut Kept) -> i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    pub size: usize,
    pub args: *const Slice,
    pub args_count: usize,
    pub env: *const Pair,
    pub env_count: usize,
    pub fuel_max: u64,
    pub memory_bytes_max: u64,
    pub wall_ms_max: u64,
    pub stdout_bytes_max: u64,
    pub stderr_bytes_max: u64,
    pub wall_clock_ns: u64,
    pub seed: [u8; 32],
    pub ctx: *mut c_void,
    pub read: Option<Read>,
    pub write: Option<Write>,
    pub log: Option<Write>,
    pub trace: Option<Trace>,
    pub http: *const Http,
    pub head: Option<Head>,
    pub send: Option<SendCall>,
    pub receive: Option<ReceiveCall>,
    pub keyvalue: Option<KeepCall>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OutcomeOut {
    pub size: usize,
    pub kind: u32,
    pub exit_code: u32,
    pub memory_denied: u32,
    pub stderr_cut: u32,
    pub fuel_used: u64,
    pub fuel_at_last_call: u64,
    pub memory_peak_bytes: u64,
    pub stdin_bytes: u64,
    pub stdout_bytes: u64,
    pub stderr_bytes: u64,
    pub host_calls: u64,
    pub message: [c_char; 512],
}

/// Compiled code on its way to the caller.
pub struct Buffer(pub Vec<u8>);

// What the header promises about sizes; fog_wasm.h asserts the same numbers.
const _: () = {
    assert!(size_of::<FogError>() == 512);
    assert!(size_of::<Pair>() == 32);
    assert!(size_of::<EngineOptions>() == 24);
    assert!(size_of::<CompileOptions>() == 32);
    assert!(size_of::<ModuleInfo>() == 24);
    assert!(size_of::<Call>() == 56);
    assert!(size_of::<Http>() == 80);
    assert!(size_of::<Outbound>() == 112);
    assert!(size_of::<Reply>() == 40);
    assert!(size_of::<Keyvalue>() == 40);
    assert!(size_of::<Kept>() == 32);
    assert!(size_of::<Request>() == 200);
    assert!(size_of::<OutcomeOut>() == 592);
};
