//! The face for C and C++: `fog_wasm.h` says what each function does. Here is only translation:
//! pointers are checked, structs copied, panics and errors turned into statuses.

use crate::check::{Caps, World};
use crate::engine::{Engine, Module, Pool};
use crate::error::{Error, Result, Status};
use crate::proxy::HttpRequest;
use crate::run::{self, Host, HostCall, Kind, Limits, Outcome, Refused};
use crate::{profile, wasi};
use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

const WORLD_PREVIEW1_COMMAND: u32 = 1;
const WORLD_HTTP_PROXY: u32 = 2;

#[repr(C)]
pub struct FogError {
    status: i32,
    message: [c_char; 508],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    data: *const u8,
    size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pair {
    name: Slice,
    value: Slice,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EngineOptions {
    size: usize,
    runs_max: u32,
    compile_parallel: u32,
    components: u32,
    reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CompileOptions {
    size: usize,
    world: u32,
    reserved: u32,
    module_bytes_max: u64,
    memory_bytes_max: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ModuleInfo {
    size: usize,
    world: u32,
    reserved: u32,
    memory_bytes_min: u64,
}

#[repr(C)]
pub struct Call {
    index: u64,
    function: u32,
    wasi_errno: u32,
    fuel_used: u64,
    memory: *const u8,
    memory_size: usize,
    words: Slice,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Http {
    method: Slice,
    scheme: Slice,
    authority: Slice,
    path_with_query: Slice,
    fields: *const Pair,
    fields_count: usize,
}

type Read = extern "C" fn(*mut c_void, *mut u8, usize) -> i64;
type Write = extern "C" fn(*mut c_void, *const u8, usize) -> i32;
type Head = extern "C" fn(*mut c_void, u32, *const Pair, usize) -> i32;
type Trace = extern "C" fn(*mut c_void, *const Call);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    size: usize,
    args: *const Slice,
    args_count: usize,
    env: *const Pair,
    env_count: usize,
    fuel_max: u64,
    memory_bytes_max: u64,
    wall_ms_max: u64,
    stdout_bytes_max: u64,
    stderr_bytes_max: u64,
    wall_clock_ns: u64,
    seed: [u8; 32],
    ctx: *mut c_void,
    read: Option<Read>,
    write: Option<Write>,
    log: Option<Write>,
    trace: Option<Trace>,
    http: *const Http,
    head: Option<Head>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OutcomeOut {
    size: usize,
    kind: u32,
    exit_code: u32,
    memory_denied: u32,
    stderr_cut: u32,
    fuel_used: u64,
    fuel_at_last_call: u64,
    memory_peak_bytes: u64,
    stdin_bytes: u64,
    stdout_bytes: u64,
    stderr_bytes: u64,
    host_calls: u64,
    message: [c_char; 512],
}

/// Compiled code on its way to the caller.
pub struct Buffer(Vec<u8>);

// What the header promises about sizes; fog_wasm.h asserts the same numbers.
const _: () = {
    assert!(size_of::<FogError>() == 512);
    assert!(size_of::<Pair>() == 32);
    assert!(size_of::<EngineOptions>() == 24);
    assert!(size_of::<CompileOptions>() == 32);
    assert!(size_of::<ModuleInfo>() == 24);
    assert!(size_of::<Call>() == 56);
    assert!(size_of::<Http>() == 80);
    assert!(size_of::<Request>() == 176);
    assert!(size_of::<OutcomeOut>() == 592);
};

// ---- Helpers ----

/// Runs `act`; its refusal, or its panic, goes to `error`.
fn guarded(error: *mut FogError, act: impl FnOnce() -> Result<()>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|panic| Err(Error::new(Status::Internal, panic_text(&*panic))));
    let refusal = match result {
        Ok(()) => return 0,
        Err(refusal) => refusal,
    };
    // SAFETY: null, or the caller's struct.
    if let Some(error) = unsafe { error.as_mut() } {
        error.status = refusal.status as i32;
        put_text(&mut error.message, &refusal.message);
    }
    refusal.status as i32
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("internal fault: {}", text.unwrap_or("panic"))
}

/// Copies a text cut to fit, at a character's edge, with its closing zero.
fn put_text(out: &mut [c_char], text: &str) {
    let end = text.floor_char_boundary(out.len() - 1);
    out.fill(0);
    for (to, from) in out.iter_mut().zip(text[..end].bytes().filter(|b| *b != 0)) {
        *to = from as c_char;
    }
}

/// The size that a struct of the caller claims in its first field, if this library knows it: not
/// below `minimum`, which is the struct's first version, nor above the present one.
///
/// # Safety
/// `from` is null or points to as many bytes as its first field says.
unsafe fn known_size<T>(from: *const T, minimum: usize, name: &str) -> Result<usize> {
    if from.is_null() {
        return Err(Error::argument(format!("{name} is null")));
    }
    // SAFETY: the first field is the size.
    let size = unsafe { from.cast::<usize>().read() };
    if size < minimum || size > size_of::<T>() {
        return Err(Error::argument(format!("{name}: size {size} is not one this library knows")));
    }
    Ok(size)
}

/// A copy of the caller's struct, with zeros where an older caller's ends.
///
/// # Safety
/// As `known_size`; T is a plain struct of which all-zero is a value.
unsafe fn take<T: Copy>(from: *const T, minimum: usize, name: &str) -> Result<T> {
    // SAFETY: the caller's promise; `size` bytes are the caller's and fit in a T.
    unsafe {
        let size = known_size(from, minimum, name)?;
        let mut value: T = std::mem::zeroed();
        std::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut value).cast::<u8>(), size);
        Ok(value)
    }
}

/// Fills the caller's struct as far as it goes.
///
/// # Safety
/// `size` came from `known_size` of `out`, which is writable.
unsafe fn put<T>(out: *mut T, value: &T, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping((&raw const *value).cast::<u8>(), out.cast::<u8>(), size) };
}

/// # Safety
/// `data` points to `count` values, unless `count` is 0.
unsafe fn list<'a, T>(data: *const T, count: usize, name: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() || count > isize::MAX as usize / size_of::<T>() {
        return Err(Error::argument(format!("{name} is null or too long")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// # Safety
/// As `list`.
unsafe fn bytes<'a>(slice: Slice, name: &str) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { list(slice.data, slice.size, name) }
}

/// # Safety
/// `from` is null or a live handle.
unsafe fn handle<'a, T>(from: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { from.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is null")))
}

/// # Safety
/// `out` is null or writable.
unsafe fn give<T>(out: *mut *mut T, value: impl FnOnce() -> Result<T>) -> Result<()> {
    if out.is_null() {
        return Err(Error::argument("the place for the result is null"));
    }
    // SAFETY: the caller's promise.
    unsafe { *out = std::ptr::null_mut() };
    let value = Box::into_raw(Box::new(value()?));
    // SAFETY: the caller's promise.
    unsafe { *out = value };
    Ok(())
}

/// # Safety
/// `value` is null or came from `give`, once.
unsafe fn destroy<T>(value: *mut T) {
    if !value.is_null() {
        // SAFETY: the caller's promise. A panic in a destructor must not pass into C.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(value) })));
    }
}

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

// ---- Run ----

fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), size: bytes.len() }
}

/// The caller's callbacks as a `Host`.
struct Callbacks {
    ctx: *mut c_void,
    read: Option<Read>,
    write: Write,
    log: Option<Write>,
    trace: Option<Trace>,
    head: Option<Head>,
}

// SAFETY: never leaves the thread that called fog_wasm_run, which the store does not know.
unsafe impl Send for Callbacks {}

impl Host for Callbacks {
    fn read(&mut self, buffer: &mut [u8]) -> std::result::Result<usize, Refused> {
        let Some(read) = self.read else { return Ok(0) };
        usize::try_from(read(self.ctx, buffer.as_mut_ptr(), buffer.len())).map_err(|_| Refused)
    }

    fn head(&mut self, status: u16, fields: &[(String, Vec<u8>)]) -> std::result::Result<(), Refused> {
        let Some(head) = self.head else { return Err(Refused) };
        let pair =
            |(name, value): &(String, Vec<u8>)| Pair { name: slice(name.as_bytes()), value: slice(value) };
        let pairs: Vec<Pair> = fields.iter().map(pair).collect();
        if head(self.ctx, status.into(), pairs.as_ptr(), pairs.len()) == 0 { Ok(()) } else { Err(Refused) }
    }

    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused> {
        if (self.write)(self.ctx, bytes.as_ptr(), bytes.len()) == 0 { Ok(()) } else { Err(Refused) }
    }

    fn log(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused> {
        match self.log {
            Some(log) if log(self.ctx, bytes.as_ptr(), bytes.len()) != 0 => Err(Refused),
            _ => Ok(()),
        }
    }

    fn wants_trace(&self) -> bool {
        self.trace.is_some()
    }

    fn trace(&mut self, call: &HostCall<'_>) {
        let Some(trace) = self.trace else { return };
        let call = Call {
            index: call.index,
            function: call.function,
            wasi_errno: call.errno,
            fuel_used: call.fuel_used,
            memory: call.memory.as_ptr(),
            memory_size: call.memory.len(),
            words: slice(call.words.as_bytes()),
        };
        trace(self.ctx, &call);
    }
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_run(
    module: *const Module,
    request: *const Request,
    outcome: *mut OutcomeOut,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        let module = handle(module, "module")?;
        let request = take(request, 160, "request")?;
        let size = known_size(outcome, 592, "outcome")?;
        let write = request.write.ok_or_else(|| Error::argument("write is null"))?;
        if module.world() == World::HttpProxy && request.head.is_none() {
            return Err(Error::argument("head is null"));
        }
        let host = Callbacks {
            ctx: request.ctx,
            read: request.read,
            write,
            log: request.log,
            trace: request.trace,
            head: request.head,
        };
        let result = run::run(module, translate(&request)?, Box::new(host))?;
        put(outcome, &report(size, &result), size);
        Ok(())
    })
}

/// # Safety
/// The request's lists are the caller's.
unsafe fn translate(request: &Request) -> Result<run::Request> {
    // SAFETY: the caller's promise.
    let (args, env) = unsafe {
        (list(request.args, request.args_count, "args")?, list(request.env, request.env_count, "env")?)
    };
    // SAFETY: the caller's promise.
    let args = args.iter().map(|a| unsafe { bytes(*a, "an argument") }.map(<[u8]>::to_vec));
    // SAFETY: the caller's promise.
    let env = env.iter().map(|pair| unsafe {
        let (name, value) = (bytes(pair.name, "a name")?, bytes(pair.value, "a value")?);
        if name.is_empty() || name.contains(&b'=') {
            return Err(Error::argument("a variable's name is empty or holds '='"));
        }
        Ok([name, b"=", value].concat())
    });
    Ok(run::Request {
        args: args.collect::<Result<_>>()?,
        env: env.collect::<Result<_>>()?,
        limits: Limits {
            fuel_max: request.fuel_max,
            memory_bytes_max: request.memory_bytes_max,
            wall_ms_max: request.wall_ms_max,
            stdout_bytes_max: request.stdout_bytes_max,
            stderr_bytes_max: request.stderr_bytes_max,
        },
        wall_clock_ns: request.wall_clock_ns,
        seed: request.seed,
        // SAFETY: the caller's promise.
        http: unsafe { request.http.as_ref().map(|http| translate_http(http)).transpose()? },
    })
}

/// # Safety
/// The request's texts and lists are the caller's.
unsafe fn translate_http(http: &Http) -> Result<HttpRequest> {
    // SAFETY: the caller's promise.
    let text = |slice: Slice, name: &str| unsafe {
        // A stranger's bytes: what is no text must not fail the run.
        bytes(slice, name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let optional = |slice: Slice, name: &str| {
        if slice.data.is_null() { Ok(None) } else { text(slice, name).map(Some) }
    };
    // SAFETY: the caller's promise.
    let fields = unsafe { list(http.fields, http.fields_count, "fields")? };
    // SAFETY: the caller's promise.
    let fields = fields.iter().map(|pair| unsafe {
        Ok((text(pair.name, "a field's name")?, bytes(pair.value, "a field's value")?.to_vec()))
    });
    Ok(HttpRequest {
        method: text(http.method, "method")?,
        scheme: optional(http.scheme, "scheme")?,
        authority: optional(http.authority, "authority")?,
        path_with_query: optional(http.path_with_query, "path_with_query")?,
        fields: fields.collect::<Result<_>>()?,
    })
}

fn report(size: usize, outcome: &Outcome) -> OutcomeOut {
    let mut message = [0; 512];
    put_text(&mut message, &outcome.message);
    OutcomeOut {
        size,
        kind: outcome.kind as u32,
        exit_code: outcome.exit_code,
        memory_denied: outcome.memory_denied.into(),
        stderr_cut: outcome.stderr_cut.into(),
        fuel_used: outcome.fuel_used,
        fuel_at_last_call: outcome.fuel_at_last_call,
        memory_peak_bytes: outcome.memory_peak_bytes,
        stdin_bytes: outcome.stdin_bytes,
        stdout_bytes: outcome.stdout_bytes,
        stderr_bytes: outcome.stderr_bytes,
        host_calls: outcome.host_calls,
        message,
    }
}
