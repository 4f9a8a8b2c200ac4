//! The runtime profile: every setting that can change what a module computes or what it is billed,
//! in one place. The Wasmtime configuration, the text and the hash are all made from these
//! constants, so they cannot disagree. Two Hosts with equal hashes give equal results and fuel.

use crate::engine::Pool;
use crate::error::{Error, Result, Status};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use wasmtime::{Config, Inlining, OperatorCost, OptLevel, PoolingAllocationConfig, Strategy, WasmFeatures};

/// The exact version that Cargo.toml pins; a test compares it with Cargo.lock.
pub const WASMTIME_VERSION: &str = "48.0.8";
pub const WORLD: &str = "wasi_snapshot_preview1";

/// Bytes of native stack for WebAssembly frames. Running out is a stack overflow.
pub const STACK_BYTES_MAX: usize = 1 << 20;
/// Address space per memory: all that a 32-bit index reaches, so that guard pages replace checks.
const MEMORY_RESERVATION: u64 = 1 << 32;
const MEMORY_GUARD: u64 = 32 << 20;
pub const MEMORY_BYTES_MAX: u64 = 1 << 32;
pub const TABLES_MAX: usize = 4;
/// Elements in all tables of a module together.
pub const TABLE_ELEMENTS_MAX: u64 = 1 << 18;

/// What a component may hold, all its parts together. Its pool reserves addresses for so many
/// memories a run.
pub const COMPONENT_MEMORIES_MAX: usize = 4;
pub const COMPONENT_TABLES_MAX: usize = 8;
pub const COMPONENT_INSTANCES_MAX: usize = 32;
/// Live handles, and resources behind them.
pub const RESOURCES_MAX: usize = 4096;
/// Header fields and the like that the host has kept for one run, ever.
pub const COMPONENT_HELD_BYTES_MAX: u64 = 16 << 20;
/// Bytes that one call may hand over.
pub const COMPONENT_CALL_BYTES_MAX: usize = 4 << 20;

/// Requests to other servers that one run may send, and of them at once.
pub const OUTBOUND_MAX: u32 = 32;
pub const OUTBOUND_PARALLEL_MAX: usize = 4;
/// The body of one, or of its answer.
pub const OUTBOUND_BODY_BYTES_MAX: u64 = 4 << 20;
/// Bodies being written and answers not yet let go of: beyond, no request is sent.
pub const OUTBOUND_HELD_BYTES_MAX: u64 = 16 << 20;

/// Calls of one run to its key-value store, and what one may take and bring back.
pub const KEYVALUE_CALLS_MAX: u32 = 4096;
pub const KEYVALUE_KEY_BYTES_MAX: usize = 256;
pub const KEYVALUE_VALUE_BYTES_MAX: usize = 512 << 10;
pub const KEYVALUE_CALL_BYTES_MAX: usize = 768 << 10;
/// Keys of a batch, or of a page of a list.
pub const KEYVALUE_BATCH_MAX: usize = 128;
/// It goes to another process, and perhaps to a disk, which writes a byte more than once.
pub const KEYVALUE_CALL_FUEL: u64 = 20_000;
pub const KEYVALUE_WRITTEN_BYTE_FUEL: u64 = 8;

/// Fuel of one host call, and of each byte that it moves.
pub const HOST_CALL_FUEL: u64 = 200;
pub const HOST_BYTE_FUEL: u64 = 1;
/// Fuel of `memory.grow`, which is a system call. Not by the page: a refused growth would cost too.
const GROW_FUEL: u8 = 255;

#[cfg(target_arch = "x86_64")]
const TARGET: &str = "x86_64-unknown-linux-gnu";
#[cfg(target_arch = "aarch64")]
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// x86-64-v2, which every 64-bit x86 made since 2009 has. Nothing newer is used even where it is
/// there, so that all compile the same code; without these, rounding and SIMD are calls.
#[cfg(target_arch = "x86_64")]
const TARGET_FEATURES: &[&str] = &["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];
#[cfg(target_arch = "aarch64")]
const TARGET_FEATURES: &[&str] = &[];

/// What a module may use; every other proposal is off: threads, relaxed SIMD, 64-bit and multiple
/// memories, garbage collection, exceptions.
const PROPOSALS: &[(WasmFeatures, &str)] = &[
    (WasmFeatures::MUTABLE_GLOBAL, "mutable-global"),
    (WasmFeatures::SATURATING_FLOAT_TO_INT, "saturating-float-to-int"),
    (WasmFeatures::SIGN_EXTENSION, "sign-extension"),
    (WasmFeatures::REFERENCE_TYPES, "reference-types"),
    (WasmFeatures::CALL_INDIRECT_OVERLONG, "call-indirect-overlong"),
    (WasmFeatures::MULTI_VALUE, "multi-value"),
    (WasmFeatures::BULK_MEMORY, "bulk-memory"),
    (WasmFeatures::BULK_MEMORY_OPT, "bulk-memory-opt"),
    (WasmFeatures::SIMD, "simd"),
    (WasmFeatures::TAIL_CALL, "tail-call"),
    (WasmFeatures::FLOATS, "floats"),
    (WasmFeatures::EXTENDED_CONST, "extended-const"),
    (WasmFeatures::COMPONENT_MODEL, "component-model"),
];

/// The proposals as the parser knows them.
pub fn parser_features() -> WasmFeatures {
    PROPOSALS.iter().fold(WasmFeatures::empty(), |all, (feature, _)| all | *feature)
}

/// The profile in words: one `name=value` a line, sorted as written here, for ever in this order.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let proposals: Vec<&str> = PROPOSALS.iter().map(|(_, name)| *name).collect();
        [
            format!("wasmtime={WASMTIME_VERSION}"),
            format!("fog_wasm={}", env!("CARGO_PKG_VERSION")),
            format!("world={WORLD} wasi:http/proxy@0.2"),
            format!("target={TARGET} {}", TARGET_FEATURES.join(" ")),
            "compiler=cranelift opt=speed nan=canonical inlining=no".to_owned(),
            format!("proposals={}", proposals.join(" ")),
            format!("stack={STACK_BYTES_MAX}"),
            format!("memory=reserve {MEMORY_RESERVATION} guard {MEMORY_GUARD} max {MEMORY_BYTES_MAX}"),
            format!("tables=count {TABLES_MAX} elements {TABLE_ELEMENTS_MAX}"),
            format!(
                "fuel=operator 1 bulk-byte 1 grow {GROW_FUEL} grow-page 0 \
                 host-call {HOST_CALL_FUEL} host-byte {HOST_BYTE_FUEL}"
            ),
            format!(
                "component=memories {COMPONENT_MEMORIES_MAX} tables {COMPONENT_TABLES_MAX} instances \
                 {COMPONENT_INSTANCES_MAX} resources {RESOURCES_MAX} held {COMPONENT_HELD_BYTES_MAX} \
                 call {COMPONENT_CALL_BYTES_MAX} fuel-from instantiation"
            ),
            format!(
                "outbound=requests {OUTBOUND_MAX} parallel {OUTBOUND_PARALLEL_MAX} body \
                 {OUTBOUND_BODY_BYTES_MAX} held {OUTBOUND_HELD_BYTES_MAX}"
            ),
            format!(
                "keyvalue=calls {KEYVALUE_CALLS_MAX} key {KEYVALUE_KEY_BYTES_MAX} value \
                 {KEYVALUE_VALUE_BYTES_MAX} call {KEYVALUE_CALL_BYTES_MAX} keys {KEYVALUE_BATCH_MAX} fuel \
                 {KEYVALUE_CALL_FUEL} written-byte {KEYVALUE_WRITTEN_BYTE_FUEL}"
            ),
            "guest=clock virtual, 1000 ns a read; random chacha20; stdin read in full".to_owned(),
        ]
        .join("\n")
    })
}

/// SHA-256 of the text.
pub fn hash() -> &'static [u8; 32] {
    static HASH: OnceLock<[u8; 32]> = OnceLock::new();
    HASH.get_or_init(|| Sha256::digest(text().as_bytes()).into())
}

/// The Wasmtime engine of this profile. `pool` and `parallel` change speed only.
pub fn engine(pool: Pool, parallel: bool) -> Result<wasmtime::Engine> {
    let mut config = Config::new();
    set_compiler(&mut config, parallel)?;
    set_language(&mut config);
    set_memory(&mut config, pool);
    wasmtime::Engine::new(&config)
        .map_err(|e| Error::new(Status::UnfitHost, format!("cannot start the WebAssembly engine: {e:#}")))
}

fn set_compiler(config: &mut Config, parallel: bool) -> Result<()> {
    config.target(TARGET).map_err(|e| Error::new(Status::UnfitHost, format!("target {TARGET}: {e:#}")))?;
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_nan_canonicalization(true);
    config.compiler_inlining(Inlining::No);
    config.parallel_compilation(parallel);
    config.generate_address_map(false);
    config.native_unwind_info(false);
    for feature in TARGET_FEATURES {
        // SAFETY: each only allows instructions that Engine::new and loading check this CPU for.
        unsafe { config.cranelift_flag_enable(feature) };
    }
    let mut cost = OperatorCost::new();
    cost.MemoryGrow = GROW_FUEL;
    cost.variable.memory_grow_per_page = 0;
    config.consume_fuel(true).operator_cost(cost).epoch_interruption(true);
    Ok(())
}

fn set_language(config: &mut Config) {
    config.wasm_features(WasmFeatures::all(), false);
    for (feature, _) in PROPOSALS {
        config.wasm_features(*feature, true);
    }
    config.max_wasm_stack(STACK_BYTES_MAX);
}

fn set_memory(config: &mut Config, pool: Pool) {
    config.memory_reservation(MEMORY_RESERVATION);
    config.memory_guard_size(MEMORY_GUARD);
    config.guard_before_linear_memory(true);
    config.memory_may_move(false);
    config.memory_init_cow(true);
    config.signals_based_traps(true);
    match pool {
        Pool::None => {}
        Pool::Commands(runs) => {
            config.allocation_strategy(slots(runs, 1, 1, TABLES_MAX as u32));
        }
        Pool::Components(runs) => {
            let (memories, tables) = (COMPONENT_MEMORIES_MAX as u32, COMPONENT_TABLES_MAX as u32);
            let instances = COMPONENT_INSTANCES_MAX as u32;
            let mut slots = slots(runs, instances, memories, tables);
            slots
                .total_component_instances(runs)
                .max_core_instances_per_component(instances)
                .max_memories_per_component(memories)
                .max_tables_per_component(tables)
                .max_component_instance_size(1 << 20);
            config.allocation_strategy(slots);
        }
    }
}

fn slots(runs: u32, instances: u32, memories: u32, tables: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(runs * instances)
        .total_memories(runs * memories)
        .total_tables(runs * tables)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_MAX as u32)
        .max_core_instance_size(16 << 20)
        .max_memory_size(MEMORY_BYTES_MAX as usize)
        .table_elements(TABLE_ELEMENTS_MAX as usize)
        .linear_memory_keep_resident(POOL_KEEP_BYTES)
        .table_keep_resident(POOL_KEEP_BYTES);
    pool
}

/// Bytes of a used memory that are cleared by hand rather than given back to the system: a small
/// service then restarts in 7 us instead of 22. Asking the kernel which pages are dirty (pagemap_scan)
/// would save one more, but holds /proc/self/pagemap open, which after a fork is the parent's.
const POOL_KEEP_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_the_one_that_is_locked() {
        let lock = include_str!("../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME_VERSION}\"")));
    }

    #[test]
    fn the_hash_is_of_the_text() {
        assert_eq!(hash()[..], Sha256::digest(text())[..]);
        assert!(text().contains("wasi_snapshot_preview1"));
    }

    #[test]
    fn allocation_and_threads_do_not_change_the_code() {
        let code = |pool, parallel| {
            let wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
            engine(pool, parallel).unwrap().precompile_module(wasm).unwrap()
        };
        assert_eq!(code(Pool::None, false), code(Pool::Commands(3), true));
        assert_eq!(code(Pool::None, false), code(Pool::Components(3), true));
    }
}
