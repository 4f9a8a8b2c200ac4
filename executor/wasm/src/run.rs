//! One run of a module: a fresh instance, one request, one outcome. What is billed and what is only
//! reported is the caller's rule; here stand the facts.

use crate::engine::{Command, Kinds, Module};
use crate::error::{Error, Result};
use crate::keyvalue::{KeyvalueCall, KeyvalueResult};
use crate::limits::MemoryLimiter;
use crate::outbound::{OutboundReply, OutboundRequest};
use crate::profile;
use crate::proxy::{self, HttpRequest};
use crate::wasi::{Guest, World};
use std::time::{Duration, Instant};
use wasmtime::{Extern, Memory, Store, Trap, UpdateDeadline, WasmBacktrace};

/// The outer world of one run. Calls come on the thread that called `run`.
pub trait Host: Send {
    /// Next bytes of the request body into `buffer`; 0 at its end. Err ends the run.
    fn read(&mut self, buffer: &mut [u8]) -> std::result::Result<usize, Refused>;
    /// The head of a component's answer, once, before its first byte. A command writes its own.
    fn head(&mut self, _status: u16, _fields: &[(String, Vec<u8>)]) -> std::result::Result<(), Refused> {
        Ok(())
    }
    /// Bytes of the answer: a command's standard output, a component's body.
    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused>;
    /// Bytes that the guest wrote to its standard error.
    fn log(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused>;
    /// Whether requests to other servers may go out at all.
    fn sends(&self) -> bool {
        false
    }
    /// Begins a request to another server; `number` is the run's own for it. Err ends the run.
    fn send(&mut self, _number: u32, _request: &OutboundRequest) -> std::result::Result<(), Refused> {
        Err(Refused)
    }
    /// Waits for what came of it, once for each. Err ends the run.
    fn receive(&mut self, _number: u32) -> std::result::Result<OutboundReply, Refused> {
        Err(Refused)
    }
    /// Whether there is a key-value store.
    fn keeps(&self) -> bool {
        false
    }
    /// Asks the store. Err ends the run.
    fn keyvalue(&mut self, _call: &KeyvalueCall) -> std::result::Result<KeyvalueResult, Refused> {
        Err(Refused)
    }
    /// Whether `trace` is wanted; asked once.
    fn wants_trace(&self) -> bool {
        false
    }
    /// After each host call.
    fn trace(&mut self, _call: &HostCall<'_>) {}
}

/// The host broke off.
#[derive(Debug)]
pub struct Refused;

/// One host call, after it: what an auditor digests.
pub struct HostCall<'a> {
    /// 0 for the first call of the run.
    pub index: u64,
    /// Place of the function in `wasi::FUNCTIONS`; u32::MAX for a component's, which `words` names.
    pub function: u32,
    /// The WASI errno that the guest gets; u32::MAX when the call ended the run.
    pub errno: u32,
    pub fuel_used: u64,
    /// Empty for a component, whose memories cannot be reached.
    pub memory: &'a [u8],
    /// For a component: function, arguments and result, with all that they carry.
    pub words: &'a str,
}

/// What one run may use.
#[derive(Clone, Debug)]
pub struct Limits {
    pub fuel_max: u64,
    pub memory_bytes_max: u64,
    pub wall_ms_max: u64,
    pub stdout_bytes_max: u64,
    pub stderr_bytes_max: u64,
}

/// What the guest is given. Everything it can see is here or comes through `Host::read`.
#[derive(Clone, Debug)]
pub struct Request {
    pub args: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub env: Vec<Vec<u8>>,
    pub limits: Limits,
    /// Nanoseconds since 1970 at which the guest's clock starts.
    pub wall_clock_ns: u64,
    pub seed: [u8; 32],
    /// For a component, and only for one.
    pub http: Option<HttpRequest>,
}

/// Bound on arguments and environment together, in bytes and in strings.
const STRINGS_BYTES_MAX: usize = 1 << 20;
const STRINGS_MAX: usize = 4096;

impl Request {
    fn check(&self) -> Result<()> {
        let strings = || self.args.iter().chain(&self.env);
        if strings().count() > STRINGS_MAX {
            return Err(Error::argument(format!("more than {STRINGS_MAX} arguments and variables")));
        }
        if strings().map(|s| s.len() + 1).sum::<usize>() > STRINGS_BYTES_MAX {
            return Err(Error::argument("arguments and environment above 1 MiB"));
        }
        if strings().any(|s| s.contains(&0)) {
            return Err(Error::argument("a zero byte in an argument or variable"));
        }
        if self.limits.fuel_max > i64::MAX as u64 {
            return Err(Error::argument("fuel_max above 2^63 - 1"));
        }
        if self.limits.wall_ms_max == 0 {
            return Err(Error::argument("wall_ms_max is 0"));
        }
        Ok(())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// The guest returned (code 0) or called exit; a component without a whole answer has code 1.
    Exited = 0,
    /// A WebAssembly trap: unreachable, out of bounds, division by zero, bad indirect call.
    Trap = 1,
    /// Ran out of fuel: all of it is used.
    OutOfFuel = 2,
    /// Starts with more memory than allowed; or trapped after a growth was denied by the cap.
    MemoryExceeded = 3,
    /// The safety stop: depends on this computer's speed, never reproducible.
    WallTime = 4,
    /// Wrote more to its standard output than allowed; the write that passed it is not delivered.
    OutputExceeded = 5,
    /// Native stack used up: depends on the compiler, "unverifiable".
    StackOverflow = 6,
    /// This computer failed (out of memory, no free slot): "unverifiable", not the guest's doing.
    HostError = 7,
    /// A callback broke off: the End User went away.
    Aborted = 8,
}

/// Facts about a finished run.
#[derive(Debug)]
pub struct Outcome {
    pub kind: Kind,
    pub exit_code: u32,
    pub message: String,
    /// Exact when the guest exited or ran out; after a trap exact only up to the last host call.
    pub fuel_used: u64,
    pub fuel_at_last_call: u64,
    pub memory_peak_bytes: u64,
    /// A growth was refused by the cap (the guest saw -1).
    pub memory_denied: bool,
    pub stdin_bytes: u64,
    pub stdout_bytes: u64,
    /// Delivered, that is at most `stderr_bytes_max`.
    pub stderr_bytes: u64,
    pub stderr_cut: bool,
    pub host_calls: u64,
}

/// Why a host function ended the run. Travels through Wasmtime as an error.
#[derive(Debug)]
pub enum Stop {
    Exit(u32),
    OutOfFuel,
    Output,
    Aborted,
    WallTime,
    Host(String),
    /// The guest broke a rule of its world: as a trap.
    Guest(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stop::Exit(code) => write!(out, "exited with {code}"),
            Stop::OutOfFuel => out.write_str("out of fuel"),
            Stop::Output => out.write_str("wrote more to its standard output than allowed"),
            Stop::Aborted => out.write_str("broken off by the caller"),
            Stop::WallTime => out.write_str("ran longer than allowed"),
            Stop::Host(text) | Stop::Guest(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for Stop {}

/// What a command's store holds during a run.
pub struct Run {
    pub(crate) guest: Guest,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) memory: Option<Memory>,
}

/// Fuel for instantiation, which a command does not pay: it only must not run out.
const INSTANTIATION_FUEL: u64 = i64::MAX as u64;

/// Runs the module once on this thread, which needs `STACK_BYTES_MAX` of stack and 512 KiB more.
/// Err only for a request that is wrong in itself; nothing has run then.
pub fn run(module: &Module, request: Request, host: Box<dyn Host>) -> Result<Outcome> {
    request.check()?;
    let deadline = Instant::now() + Duration::from_millis(request.limits.wall_ms_max.min(1 << 40));
    let world = World::new(&request, host, deadline);
    let limiter = MemoryLimiter::new(request.limits.memory_bytes_max);
    match (&module.kind, request.http) {
        (Kinds::Command(command), None) => {
            let guest = Guest::new(world, request.args, request.env);
            let run = Run { guest, limiter, memory: None };
            let mut store = Store::new(command.pre.module().engine(), run);
            store.limiter(|run| &mut run.limiter);
            let result = guarded(module, &mut store, deadline, |store| execute(command, store));
            let left = store.get_fuel().unwrap_or(0);
            let run = store.into_data();
            Ok(outcome(&run.guest.world, &run.limiter, left, result, Blame::Host))
        }
        (Kinds::Proxy(component), Some(http)) => {
            let data = proxy::Proxy::new(world, limiter, request.args, request.env);
            let mut store = Store::new(component.pre.engine(), data);
            store.limiter(|proxy| &mut proxy.limiter);
            let result =
                guarded(module, &mut store, deadline, |store| proxy::execute(component, http, store));
            let left = store.get_fuel().unwrap_or(0);
            let proxy = store.into_data();
            let blame = if proxy.began { Blame::Guest } else { Blame::Host };
            let mut out = outcome(&proxy.world, &proxy.limiter, left, result, blame);
            proxy.judge(&mut out);
            Ok(out)
        }
        (Kinds::Command(_), Some(_)) => Err(Error::argument("a command takes no HTTP request in parts")),
        (Kinds::Proxy(_), None) => Err(Error::argument("a component needs an HTTP request in parts")),
    }
}

/// Runs `act` under the safety stop.
fn guarded<T: 'static>(
    module: &Module,
    store: &mut Store<T>,
    deadline: Instant,
    act: impl FnOnce(&mut Store<T>) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if Instant::now() < deadline { Ok(UpdateDeadline::Continue(1)) } else { Err(Stop::WallTime.into()) }
    });
    match module.ticker.enter() {
        Ok(_running) => act(store),
        Err(e) => Err(Stop::Host(format!("cannot start the safety stop's thread: {e}")).into()),
    }
}

fn execute(command: &Command, store: &mut Store<Run>) -> wasmtime::Result<()> {
    store.set_fuel(INSTANTIATION_FUEL)?;
    let instance = command.pre.instantiate(&mut *store)?;
    store.data_mut().memory =
        instance.get_module_export(&mut *store, &command.memory).and_then(Extern::into_memory);
    let start = instance.get_module_export(&mut *store, &command.start).and_then(Extern::into_func);
    let Some(start) = start else {
        return Err(Stop::Host("_start is gone".into()).into());
    };
    let start = start.typed::<(), ()>(&*store)?;
    store.set_fuel(store.data().guest.world.limits.fuel_max)?;
    start.call(&mut *store, ())
}

/// Whose doing an error is that is neither a trap nor a stop.
#[derive(Clone, Copy)]
enum Blame {
    Guest,
    Host,
}

fn outcome(
    world: &World,
    limiter: &MemoryLimiter,
    left: u64,
    result: wasmtime::Result<()>,
    blame: Blame,
) -> Outcome {
    // Until a command's `_start` is called the store holds the fuel of instantiation.
    let fuel_max = world.limits.fuel_max;
    let fuel_used = fuel_max.saturating_sub(left);
    let (kind, exit_code, message) = match result {
        Ok(()) => (Kind::Exited, 0, String::new()),
        Err(error) => classify(&error, limiter, blame),
    };
    Outcome {
        kind,
        exit_code,
        message,
        fuel_used: if kind == Kind::OutOfFuel { fuel_max } else { fuel_used },
        fuel_at_last_call: world.fuel_at_last_call,
        memory_peak_bytes: limiter.peak_bytes,
        memory_denied: limiter.denied,
        stdin_bytes: world.stdin_bytes,
        stdout_bytes: world.stdout_bytes,
        stderr_bytes: world.stderr_bytes,
        stderr_cut: world.stderr_cut,
        host_calls: world.host_calls,
    }
}

fn classify(error: &wasmtime::Error, limiter: &MemoryLimiter, blame: Blame) -> (Kind, u32, String) {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        let kind = match stop {
            Stop::Exit(code) => return (Kind::Exited, *code, String::new()),
            Stop::OutOfFuel => Kind::OutOfFuel,
            Stop::Output => Kind::OutputExceeded,
            Stop::Aborted => Kind::Aborted,
            Stop::WallTime => Kind::WallTime,
            Stop::Host(_) => Kind::HostError,
            Stop::Guest(_) if limiter.denied => Kind::MemoryExceeded,
            Stop::Guest(_) => Kind::Trap,
        };
        return (kind, 0, stop.to_string());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let kind = match trap {
            Trap::OutOfFuel => Kind::OutOfFuel,
            Trap::StackOverflow => Kind::StackOverflow,
            _ if limiter.denied => Kind::MemoryExceeded,
            _ => Kind::Trap,
        };
        return (kind, 0, format!("{trap}{}", place(error)));
    }
    if limiter.denied {
        let text = format!("needs more than the {} bytes of memory allowed", limiter.bytes_max);
        return (Kind::MemoryExceeded, 0, text);
    }
    match blame {
        // What a component hands over is read by Wasmtime, whose refusals are words only.
        Blame::Guest => (Kind::Trap, 0, format!("{error:#}")),
        Blame::Host => (Kind::HostError, 0, format!("{error:#}")),
    }
}

/// Where it happened, innermost first: " in: abort < parse < main".
fn place(error: &wasmtime::Error) -> String {
    const FRAMES_MAX: usize = 8;
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let names = trace.frames().iter().take(FRAMES_MAX).map(|frame| match frame.func_name() {
        Some(name) => name.chars().take(48).collect(),
        None => format!("function {}", frame.func_index()),
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() { String::new() } else { format!(" in: {}", names.join(" < ")) }
}

const _: () = assert!(profile::STACK_BYTES_MAX <= 1 << 20);
