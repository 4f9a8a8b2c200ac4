//! A story's props: a host that remembers, a request with ordinary limits, modules from text.
#![allow(dead_code)]

pub use fog_wasm::check::World;
pub use fog_wasm::engine::Pool;

use fog_wasm::check::Caps;
use fog_wasm::engine::{Engine, Module};
use fog_wasm::error::{Error, Status};
use fog_wasm::outbound::{OutboundReply, OutboundRequest};
use fog_wasm::run::{Host, HostCall, Limits, Outcome, Refused, Request, run};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

pub const CAPS: Caps = Caps { module_bytes_max: 8 << 20, memory_bytes_max: 64 << 20 };

pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(Pool::Components(16), true).unwrap())
}

pub fn load(compiled: &[u8]) -> Result<Module, Error> {
    // SAFETY: the tests only load what compile returned, or what load refuses.
    unsafe { engine().load(compiled) }
}

/// A module from its text.
pub fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap();
    load(&engine().compile(&wasm, World::Command, &CAPS).unwrap()).unwrap()
}

/// A command whose `_start` has the given body, with one page of memory and the usual imports.
pub fn command(body: &str) -> Module {
    module(&command_text(body))
}

pub fn command_text(body: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
          (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func $exit (param i32) (call $proc_exit (local.get 0)) unreachable)
        (func $start (export "_start") {body}))"#
    )
}

/// The status that compiling refuses the text with.
pub fn refusal(text: &str) -> Status {
    engine().compile(&wat::parse_str(text).unwrap(), World::Command, &CAPS).unwrap_err().status
}

/// A guest of `tests/guests`, compiled by clang.
pub fn guest(name: &str) -> Vec<u8> {
    compile(name, &[])
}

/// The component of `tests/guests/http/NAME.c`.
pub fn component(name: &str) -> Vec<u8> {
    let core = compile(
        &format!("http/{name}"),
        &["-nostartfiles", "-Wl,--no-entry,--strip-debug,-z,stack-size=8388608"],
    );
    let (module, out) = (temporary(name), temporary(name));
    std::fs::write(&module, core).unwrap();
    let tool = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/component");
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/http/proxy.wit");
    let made = Command::new(tool).arg(&module).arg(wit).arg(&out).status().unwrap();
    assert!(made.success());
    let wasm = std::fs::read(&out).unwrap();
    std::fs::remove_file(&module).unwrap();
    std::fs::remove_file(&out).unwrap();
    wasm
}

fn temporary(name: &str) -> PathBuf {
    // Tests run side by side and may want the same guest: each compiles its own.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = name.replace('/', "_");
    std::env::temp_dir().join(format!("fog_wasm_{name}_{}_{number}.wasm", std::process::id()))
}

fn compile(name: &str, flags: &[&str]) -> Vec<u8> {
    let source = format!("{}/tests/guests/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let out = temporary(name);
    let clang = ["clang", "clang-14"].into_iter().find_map(|clang| {
        let mut command = Command::new(clang);
        command.args(["--target=wasm32-wasi", "-O2"]).args(flags).arg("-o").arg(&out).arg(&source);
        command.status().ok()
    });
    assert!(clang.expect("clang is needed").success());
    let wasm = std::fs::read(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    wasm
}

#[derive(Default)]
pub struct Seen {
    pub out: Vec<u8>,
    pub log: Vec<u8>,
    pub head: Option<(u16, Vec<(String, Vec<u8>)>)>,
    /// Requests to other servers, as they went out, and which answers were waited for, in order.
    pub sent: Vec<(u32, OutboundRequest)>,
    pub received: Vec<u32>,
    /// A component's calls in words.
    pub words: Vec<String>,
    /// (function, errno, fuel, SHA-256 of memory) after each host call.
    pub calls: Vec<(u32, u32, u64, [u8; 32])>,
}

/// A host with a body that arrives in pieces.
pub struct Recorder {
    pub body: Vec<u8>,
    pub at: usize,
    pub piece: usize,
    pub traced: bool,
    /// What other servers answer; without, none can be asked.
    pub answer: Option<fn(&OutboundRequest) -> OutboundReply>,
    pub seen: Arc<Mutex<Seen>>,
}

impl Host for Recorder {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Refused> {
        let n = buffer.len().min(self.piece).min(self.body.len() - self.at);
        buffer[..n].copy_from_slice(&self.body[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }

    fn head(&mut self, status: u16, fields: &[(String, Vec<u8>)]) -> Result<(), Refused> {
        let mut seen = self.seen.lock().unwrap();
        assert!(seen.head.is_none() && seen.out.is_empty(), "the head comes once and first");
        seen.head = Some((status, fields.to_vec()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.seen.lock().unwrap().out.extend_from_slice(bytes);
        Ok(())
    }

    fn log(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.seen.lock().unwrap().log.extend_from_slice(bytes);
        Ok(())
    }

    fn sends(&self) -> bool {
        self.answer.is_some()
    }

    fn send(&mut self, number: u32, request: &OutboundRequest) -> Result<(), Refused> {
        let mut seen = self.seen.lock().unwrap();
        assert!(seen.sent.iter().all(|(each, _)| *each != number), "a number is used once");
        seen.sent.push((number, request.clone()));
        Ok(())
    }

    fn receive(&mut self, number: u32) -> Result<OutboundReply, Refused> {
        let mut seen = self.seen.lock().unwrap();
        assert!(!seen.received.contains(&number), "an answer is waited for once");
        seen.received.push(number);
        let sent = seen.sent.iter().find(|(each, _)| *each == number).expect("it was sent");
        Ok(self.answer.unwrap()(&sent.1))
    }

    fn wants_trace(&self) -> bool {
        self.traced
    }

    fn trace(&mut self, call: &HostCall<'_>) {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(call.memory).into();
        let mut seen = self.seen.lock().unwrap();
        seen.calls.push((call.function, call.errno, call.fuel_used, digest));
        seen.words.push(call.words.to_owned());
    }
}

pub fn request() -> Request {
    Request {
        args: vec![b"service".to_vec()],
        env: vec![],
        limits: Limits {
            fuel_max: 100_000_000,
            memory_bytes_max: 16 << 20,
            wall_ms_max: 60_000,
            stdout_bytes_max: 1 << 20,
            stderr_bytes_max: 1 << 10,
        },
        wall_clock_ns: 1_700_000_000_000_000_000,
        seed: [7; 32],
        http: None,
    }
}

pub fn run_with(module: &Module, request: Request, body: &[u8], piece: usize) -> (Outcome, Seen) {
    run_answered(module, request, body, piece, None)
}

/// As run_with; other servers answer.
pub fn run_answered(
    module: &Module,
    request: Request,
    body: &[u8],
    piece: usize,
    answer: Option<fn(&OutboundRequest) -> OutboundReply>,
) -> (Outcome, Seen) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let host = Recorder { body: body.to_vec(), at: 0, piece, traced: true, answer, seen: seen.clone() };
    let outcome = run(module, request, Box::new(host)).unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (outcome, seen)
}

pub fn run_plain(module: &Module) -> (Outcome, Seen) {
    run_with(module, request(), b"", 1 << 16)
}
