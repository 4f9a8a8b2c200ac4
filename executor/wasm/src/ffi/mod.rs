//! The face for C and C++: `fog_wasm.h` says what each function does. Here is only translation.

pub mod layout;
mod memory;
mod run;

use crate::check::{Caps, World};
use crate::engine::{Engine, Module, Pool};
use crate::error::Error;
use crate::run::Kind;
use crate::{profile, wasi};
use layout::{Buffer, CompileOptions, EngineOptions, FogError, ModuleInfo};
use memory::{destroy, give, guarded, handle, known_size, list, put, take};
pub use run::fog_wasm_run;
use std::ffi::{CString, c_char};
use std::sync::OnceLock;

const WORLD_PREVIEW1_COMMAND: u32 = 1;
const WORLD_HTTP_PROXY: u32 = 2;

// ---- Profile and names ----

#[unsafe(no_mangle)]
pub extern "C" fn fog_wasm_profile_text() -> *const c_char {
    static TEXT: OnceLock<CString> = OnceLock::new();
    TEXT.get_or_init(|| CString::new(profile::text()).unwrap_or_default()).as_ptr()
}

/// # Safety
/// `hash` has 32 writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_profile_hash(hash: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(profile::hash().as_ptr(), hash, 32) };
}

#[unsafe(no_mangle)]
pub extern "C" fn fog_wasm_kind_name(kind: u32) -> *const c_char {
    let name = match kind {
        k if k == Kind::Exited as u32 => c"exited",
        k if k == Kind::Trap as u32 => c"trap",
        k if k == Kind::OutOfFuel as u32 => c"out_of_fuel",
        k if k == Kind::MemoryExceeded as u32 => c"memory_exceeded",
        k if k == Kind::WallTime as u32 => c"wall_time",
        k if k == Kind::OutputExceeded as u32 => c"output_exceeded",
        k if k == Kind::StackOverflow as u32 => c"stack_overflow",
        k if k == Kind::HostError as u32 => c"host_error",
        k if k == Kind::Aborted as u32 => c"aborted",
        _ => c"unknown",
    };
    name.as_ptr()
}

#[unsafe(no_mangle)]
pub extern "C" fn fog_wasm_function_name(function: u32) -> *const c_char {
    static NAMES: OnceLock<Vec<CString>> = OnceLock::new();
    let names = NAMES
        .get_or_init(|| wasi::FUNCTIONS.iter().map(|name| CString::new(*name).unwrap_or_default()).collect());
    names.get(function as usize).map_or(c"unknown".as_ptr(), |name| name.as_ptr())
}

// ---- Engine, compile, load ----

/// # Safety
/// As fog_wasm.h says; likewise for all that follow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_engine_create(
    options: *const EngineOptions,
    engine: *mut *mut Engine,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        give(engine, || {
            let options = take(options, 16, "options")?;
            if options.compile_parallel > 1 || options.components > 1 || options.reserved != 0 {
                return Err(Error::argument("compile_parallel and components are 0 or 1"));
            }
            if options.runs_max > 1 << 12 {
                return Err(Error::argument("runs_max above 4096"));
            }
            let pool = match (options.runs_max, options.components) {
                (0, _) => Pool::None,
                (runs, 0) => Pool::Commands(runs),
                (runs, _) => Pool::Components(runs),
            };
            Engine::new(pool, options.compile_parallel == 1)
        })
    })
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_engine_destroy(engine: *mut Engine) {
    // SAFETY: the caller's promise.
    unsafe { destroy(engine) };
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_compile(
    engine: *const Engine,
    module: *const u8,
    module_size: usize,
    options: *const CompileOptions,
    code: *mut *mut Buffer,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        give(code, || {
            let options = take(options, 32, "options")?;
            let world = match (options.world, options.reserved) {
                (WORLD_PREVIEW1_COMMAND, 0) => World::Command,
                (WORLD_HTTP_PROXY, 0) => World::HttpProxy,
                _ => return Err(Error::argument(format!("world {} is not known", options.world))),
            };
            let caps = Caps {
                module_bytes_max: options.module_bytes_max,
                memory_bytes_max: options.memory_bytes_max,
            };
            let module = list(module, module_size, "module")?;
            handle(engine, "engine")?.compile(module, world, &caps).map(Buffer)
        })
    })
}

/// # Safety
/// `buffer` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_buffer_data(buffer: *const Buffer) -> *const u8 {
    // SAFETY: the caller's promise.
    unsafe { buffer.as_ref() }.map_or(std::ptr::null(), |b| b.0.as_ptr())
}

/// # Safety
/// `buffer` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_buffer_size(buffer: *const Buffer) -> usize {
    // SAFETY: the caller's promise.
    unsafe { buffer.as_ref() }.map_or(0, |b| b.0.len())
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_buffer_destroy(buffer: *mut Buffer) {
    // SAFETY: the caller's promise.
    unsafe { destroy(buffer) };
}

/// # Safety
/// The code was made by `fog_wasm_compile`: see fog_wasm.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_load(
    engine: *const Engine,
    code: *const u8,
    code_size: usize,
    module: *mut *mut Module,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        give(module, || handle(engine, "engine")?.load(list(code, code_size, "code")?))
    })
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_module_destroy(module: *mut Module) {
    // SAFETY: the caller's promise.
    unsafe { destroy(module) };
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_module_describe(
    module: *const Module,
    info: *mut ModuleInfo,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        let size = known_size(info, 24, "info")?;
        let module = handle(module, "module")?;
        let world = match module.world() {
            World::Command => WORLD_PREVIEW1_COMMAND,
            World::HttpProxy => WORLD_HTTP_PROXY,
        };
        let value = ModuleInfo { size, world, reserved: 0, memory_bytes_min: module.memory_bytes_min() };
        put(info, &value, size);
        Ok(())
    })
}
